from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gadgets", "0001_initial")]
    operations = [
        migrations.AddField("gadget", "colour", models.CharField(max_length=20, default="red")),
    ]
