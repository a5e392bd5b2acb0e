"""One package in a process of its own: it measures what it is asked for, line by line.

A request is a JSON object: case, variant, count, rows, autocommit. The answer has the seconds that an
operation took and the entries that it left, or an error.
"""

from __future__ import annotations

import json
import os
import sys
from typing import IO, Any

import django

from .known import OURS


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what packages print is no answer
    name = sys.argv[1]
    os.environ["SIGNALS_AUDIT_NEIGHBOUR"] = name
    settings = "tests.benchmarks.settings" if name == OURS else f"{__package__}.settings"
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    django.setup()
    from ..database import database

    with database():
        serve(name, answers)


def serve(name: str, answers: IO[str]) -> None:
    from .measuring import Neighbour, Ours

    subject = Ours() if name == OURS else Neighbour()
    print(json.dumps({"cases": subject.cases()}), file=answers)
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        try:
            answer: dict[str, Any] = subject.measured(**request)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    main()
