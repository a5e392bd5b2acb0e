from __future__ import annotations

from typing import Any

from django.db import migrations, models


def write(apps: Any, _editor: Any) -> None:
    apps.get_model("migrated_app", "Widget").objects.create(name="x")


class Migration(migrations.Migration):
    dependencies = [("migrated_app", "0002_after_the_log")]
    operations = [
        migrations.AddField("widget", "colour", models.CharField(max_length=20, default="red")),
        migrations.RemoveField("widget", "password"),
        migrations.RemoveField("widget", "motto"),
        migrations.RunPython(write, migrations.RunPython.noop),
    ]
