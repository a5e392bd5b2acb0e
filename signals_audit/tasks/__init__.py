"""Having another process try a delivery: what `SIGNALS_AUDIT["DELIVERY"]["TASKS"]` names does that.

`signals_audit.tasks.enqueue`, the default, uses Django's tasks: `django.tasks` where Django has it, else the
package django-tasks. `signals_audit.tasks.celery.enqueue` uses Celery. What cannot be handed over is done by
`audit_deliver`, and so is what a worker that died has left.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Final

from django.utils.module_loading import import_string

from ..deliveries.policy import policy
from ..exceptions import ConfigurationError

DEFAULT: Final = f"{__name__}.enqueue"
BACKGROUND: Final = f"{__name__}.background"
FRAMEWORKS: Final = ("django.tasks", "django_tasks")
MISSING: Final = "This Django has no tasks, and django-tasks is not installed."
REMEDY: Final = (
    "Install django-signals-audit[tasks], or use Celery: SIGNALS_AUDIT"
    '["DELIVERY"]["TASKS"] = "signals_audit.tasks.celery.enqueue".'
)


def framework() -> str | None:
    """Return the module that has Django's tasks, None where there is none."""
    return next((name for name in FRAMEWORKS if find_spec(name)), None)


def enqueue(key: str, using: str) -> None:
    """Have a worker of Django's tasks try a delivery; raise ConfigurationError where there are no tasks."""
    if framework() is None:
        raise ConfigurationError(f"{MISSING} {REMEDY}")
    import_string(f"{BACKGROUND}.enqueue")(key, using)


# Celery's workers look for tasks in the package `tasks` of each app.
if policy().TASKS.startswith(f"{__name__}.celery."):
    import_module(f"{__name__}.celery")
