from __future__ import annotations

from typing import Any

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies: list[Any] = [("signals_audit", "0001_initial")]
    operations = [
        migrations.CreateModel(
            "Gadget",
            [
                ("id", models.AutoField(primary_key=True)),
                ("name", models.CharField(max_length=20)),
                ("size", models.IntegerField(default=1)),
                ("motto", models.CharField(max_length=20, default="")),
                ("serial", models.CharField(max_length=20, default="")),
            ],
        ),
        migrations.CreateModel(
            "Part",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("gadget", models.ForeignKey("gadgets.gadget", on_delete=models.CASCADE)),
                ("uses", models.ManyToManyField("gadgets.gadget", related_name="+")),
            ],
        ),
    ]
