from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gadgets", "0006_key_and_write")]
    operations = [
        migrations.AddConstraint(
            "gadget", models.UniqueConstraint(fields=["size", "colour"], name="gadgets_unique")
        ),
    ]
