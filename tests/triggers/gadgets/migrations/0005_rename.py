from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gadgets", "0004_alter")]
    operations = [
        migrations.RenameField("gadget", "name", "title"),
        migrations.AlterField(
            "gadget", "serial", models.CharField(max_length=20, default="", db_column="serial_number")
        ),
        migrations.RenameField("part", "uses", "fits"),
    ]
