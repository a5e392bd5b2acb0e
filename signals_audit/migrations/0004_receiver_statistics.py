"""How receivers of signals do: calls, times, errors and loops, by the hour."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

import signals_audit.fields


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("signals_audit", "0003_digests"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="ReceiverStatistics",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False, verbose_name="id")),
                ("hour", models.DateTimeField(verbose_name="hour")),
                ("signal", signals_audit.fields.ExactCharField(max_length=255, verbose_name="signal")),
                ("receiver", signals_audit.fields.ExactCharField(max_length=255, verbose_name="receiver")),
                ("calls", models.PositiveBigIntegerField(default=0, verbose_name="measured calls")),
                ("sent", models.FloatField(default=0.0, verbose_name="all calls")),
                ("total", models.FloatField(default=0.0, verbose_name="time together")),
                ("maximum", models.FloatField(default=0.0, verbose_name="longest time")),
                ("durations", models.JSONField(blank=True, default=dict, verbose_name="times")),
                ("errors", models.PositiveBigIntegerField(default=0, verbose_name="errors")),
                ("last_error", models.TextField(blank=True, verbose_name="last error")),
                (
                    "last_traceback",
                    models.TextField(blank=True, verbose_name="traceback of the last error"),
                ),
                (
                    "last_error_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="time of the last error"),
                ),
                ("queries", models.PositiveBigIntegerField(default=0, verbose_name="queries")),
                ("slow", models.PositiveBigIntegerField(default=0, verbose_name="slow calls")),
                ("loops", models.PositiveBigIntegerField(default=0, verbose_name="loops")),
                ("last_loop", models.TextField(blank=True, verbose_name="last loop")),
            ],
            options={
                "verbose_name": "receiver",
                "verbose_name_plural": "signal map",
                "default_permissions": ("view",),
            },
        ),
        migrations.AddConstraint(
            model_name="receiverstatistics",
            constraint=models.UniqueConstraint(
                fields=("hour", "signal", "receiver"), name="signals_audit_measured"
            ),
        ),
    ]
