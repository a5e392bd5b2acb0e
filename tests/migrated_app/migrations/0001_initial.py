from __future__ import annotations

from typing import Any

from django.db import migrations, models


def write(apps: Any, _editor: Any) -> None:
    widget = apps.get_model("migrated_app", "Widget").objects.create(name="early", motto="m")
    widget.parts.add(apps.get_model("migrated_app", "Part").objects.create(name="early"))


class Migration(migrations.Migration):
    initial = True
    dependencies: list[Any] = []
    run_before = [("signals_audit", "0001_initial")]
    operations = [
        migrations.CreateModel(
            "Part", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=20))]
        ),
        migrations.CreateModel(
            "Widget",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("name", models.CharField(max_length=20)),
                ("password", models.CharField(max_length=20, default="")),
                ("motto", models.CharField(max_length=20, default="")),
                ("parts", models.ManyToManyField("migrated_app.part")),
            ],
        ),
        migrations.RunPython(write, migrations.RunPython.noop),
    ]
