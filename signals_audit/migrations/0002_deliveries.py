"""Deliveries, preferences, and notifications that stand for several."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("signals_audit", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False, verbose_name="id")),
                (
                    "key",
                    models.CharField(
                        editable=False, max_length=64, unique=True, verbose_name="idempotency key"
                    ),
                ),
                ("kind", models.CharField(max_length=16, verbose_name="kind")),
                ("name", models.CharField(max_length=255, verbose_name="name")),
                ("body", models.JSONField(verbose_name="body")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("running", "running"),
                            ("done", "done"),
                            ("failed", "failed"),
                        ],
                        default="pending",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("claim", models.UUIDField(blank=True, null=True, verbose_name="claim")),
                ("error", models.TextField(blank=True, verbose_name="error")),
                ("created_at", models.DateTimeField(verbose_name="time")),
                ("due_at", models.DateTimeField(verbose_name="due")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
            ],
            options={
                "verbose_name": "delivery",
                "verbose_name_plural": "deliveries",
                "default_permissions": ("view", "change"),
            },
        ),
        migrations.CreateModel(
            name="Preference",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False, verbose_name="id")),
                ("kind", models.CharField(max_length=255, verbose_name="kind")),
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
            ],
            options={
                "verbose_name": "preference",
                "verbose_name_plural": "preferences",
                "default_permissions": ("view",),
            },
        ),
        migrations.AddField(
            model_name="notification",
            name="collapse_key",
            field=models.CharField(blank=True, max_length=64, verbose_name="what is told in one line"),
        ),
        migrations.AddField(
            model_name="notification",
            name="count",
            field=models.PositiveIntegerField(default=1, verbose_name="how often"),
        ),
        migrations.AddField(
            model_name="notification",
            name="kind",
            field=models.CharField(blank=True, max_length=255, verbose_name="kind"),
        ),
        migrations.AddField(
            model_name="notification",
            name="updated_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="last time"),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(fields=["recipient", "collapse_key", "id"], name="signals_audit_collapse"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["state", "due_at"], name="signals_audit_due"),
        ),
        migrations.AddField(
            model_name="preference",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="audit_preferences",
                to=settings.AUTH_USER_MODEL,
                verbose_name="user",
            ),
        ),
        migrations.AddConstraint(
            model_name="preference",
            constraint=models.UniqueConstraint(fields=("user", "kind", "channel"), name="signals_audit_pace"),
        ),
    ]
