"""`audit_deliver --watch` on the database of a fault test."""

from __future__ import annotations

import os

import django


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.deliveries.faults.settings"
    django.setup()
    from django.core.management import call_command
    from django.db import connections

    connections["default"].settings_dict["NAME"] = os.environ["SIGNALS_AUDIT_FAULTS_DATABASE"]
    call_command("audit_deliver", watch=True, interval=0.02, database="default")


if __name__ == "__main__":
    main()
