"""Settings of the benchmarks: those of the tests, with a database and an app of their own."""

from __future__ import annotations

import os

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, VENDOR, database

DATABASES = {"default": database(VENDOR, f"signals_audit_benchmark_{os.getpid()}")}
if "SIGNALS_AUDIT_BENCHMARK_FILE" in os.environ and VENDOR == "sqlite":
    DATABASES["default"]["TEST"] = {"NAME": os.environ["SIGNALS_AUDIT_BENCHMARK_FILE"]}
INSTALLED_APPS = [*INSTALLED_APPS, "tests.benchmarks"]
TRIGGERS, IN_DATABASE = {"capture": "triggers"}, {"bulk": "database"}
SIGNALS_AUDIT = {
    "MODELS": {
        "benchmarks.Exact": {},
        "benchmarks.ExactOwner": {},
        "benchmarks.ExactPiece": {},
        "benchmarks.Memory": {"before": "memory"},
        "benchmarks.InDatabase": IN_DATABASE,
        "benchmarks.InDatabaseOwner": IN_DATABASE,
        "benchmarks.InDatabasePiece": IN_DATABASE,
        "benchmarks.Tagged": {},
        "benchmarks.TaggedTriggered": TRIGGERS,
        "benchmarks.Triggered": TRIGGERS,
        "benchmarks.TriggeredOwner": TRIGGERS,
        "benchmarks.TriggeredPiece": TRIGGERS,
    }
}
