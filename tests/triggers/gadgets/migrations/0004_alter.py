from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gadgets", "0003_remove")]
    operations = [
        migrations.AlterField("gadget", "size", models.CharField(max_length=20)),
        migrations.AlterField("gadget", "name", models.TextField()),
    ]
