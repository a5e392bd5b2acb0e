"""Settings of the fault tests of deliveries: a hook that leaves traces, in the database and outside of it."""

from __future__ import annotations

import os
from typing import Any

from tests.faults.settings import *  # noqa: F403
from tests.faults.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.deliveries.faults"]
SIGNALS_AUDIT: dict[str, Any] = {
    "MODELS": {"testapp.Tag": {}},
    "DELIVERY": {"LEASE": float(os.environ.get("SIGNALS_AUDIT_FAULTS_LEASE", "60")), "GRACE": 0.01},
}
