"""What waits for a digest; notifications that stand for several, and that the inbox does not show."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("signals_audit", "0002_deliveries"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="notification",
            name="first_data",
            field=models.JSONField(blank=True, null=True, verbose_name="data of the first time"),
        ),
        migrations.AddField(
            model_name="notification",
            name="hidden",
            field=models.BooleanField(default=False, verbose_name="not in the inbox"),
        ),
        migrations.AlterField(
            model_name="notification",
            name="recipient",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="audit_notifications",
                to=settings.AUTH_USER_MODEL,
                verbose_name="recipient",
            ),
        ),
        migrations.AlterField(
            model_name="preference",
            name="user",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="audit_preferences",
                to=settings.AUTH_USER_MODEL,
                verbose_name="user",
            ),
        ),
        migrations.CreateModel(
            name="DigestLine",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False, verbose_name="id")),
                ("channel", models.CharField(max_length=32, verbose_name="channel")),
                (
                    "pace",
                    models.CharField(
                        choices=[
                            ("now", "at once"),
                            ("daily", "once a day"),
                            ("weekly", "once a week"),
                            ("off", "not at all"),
                        ],
                        max_length=8,
                        verbose_name="pace",
                    ),
                ),
                (
                    "notification",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="signals_audit.notification",
                        verbose_name="notification",
                    ),
                ),
                (
                    "recipient",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="recipient",
                    ),
                ),
            ],
            options={
                "verbose_name": "line of a digest",
                "verbose_name_plural": "lines of digests",
                "default_permissions": (),
            },
        ),
        migrations.AddIndex(
            model_name="digestline",
            index=models.Index(fields=["pace", "recipient", "id"], name="signals_audit_digest"),
        ),
    ]
