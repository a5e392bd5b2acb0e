from __future__ import annotations

from typing import Any

from django.db import migrations, models


def write(apps: Any, _editor: Any) -> None:
    apps.get_model("gadgets", "Gadget").objects.update(colour="blue")


class Migration(migrations.Migration):
    dependencies = [("gadgets", "0005_rename")]
    operations = [
        migrations.AlterField("gadget", "id", models.BigAutoField(primary_key=True)),
        migrations.RunPython(write, migrations.RunPython.noop),
    ]
