"""The public names: complete, documented, and safe to import before Django's apps are loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import signals_audit

ROOT = Path(__file__).resolve().parent.parent


def test_all_names_what_the_package_offers_and_nothing_else() -> None:
    offered = {
        name
        for name, value in vars(signals_audit).items()
        if not name.startswith("_") and not hasattr(value, "__path__") and not hasattr(value, "__loader__")
    }
    assert offered - {"annotations"} == set(signals_audit.__all__)
    assert sorted(signals_audit.__all__) == sorted(set(signals_audit.__all__))
    assert len(signals_audit.__all__) <= 25


def test_every_public_class_and_function_says_what_it_is() -> None:
    silent = [
        name
        for name in signals_audit.__all__
        if callable(getattr(signals_audit, name)) and not (getattr(signals_audit, name).__doc__ or "").strip()
    ]
    assert silent == []


def test_the_package_can_be_imported_without_settings_or_apps() -> None:
    code = "import signals_audit; print(len(signals_audit.__all__))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={}, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, str(len(signals_audit.__all__))), done.stderr
