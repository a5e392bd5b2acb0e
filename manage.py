#!/usr/bin/env python3
"""Run a command of the example project, or its tests; whatever is missing for that is set up first.

This file stays readable for any old Python, which can then find a newer one or say what is needed.
"""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
NEEDED = (3, 11)


def is_new_enough(python):
    probe = "import sys; sys.exit(sys.version_info < %r)" % (NEEDED,)
    with open(os.devnull, "w") as nowhere:
        return subprocess.call([python, "-c", probe], stdout=nowhere, stderr=nowhere) == 0


def newer_python():
    names = ["python3.%d" % minor for minor in range(30, NEEDED[1] - 1, -1)] + ["python3"]
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    for name in names:
        for path in [os.path.join(folder, name) for folder in folders]:
            if os.access(path, os.X_OK) and os.path.isfile(path) and is_new_enough(path):
                return path
    sys.exit(
        "manage.py needs Python %d.%d or newer, and this is %s: install one, and run manage.py with it."
        % (NEEDED + (sys.version.split()[0],))
    )


def run_tests(arguments):
    # From any current directory; a process of its own, so that the tests do not find themselves in a command.
    os.chdir(ROOT)
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.execv(sys.executable, [sys.executable, "-m", "pytest", "-c", "pyproject.toml"] + arguments)


def main():
    if sys.version_info < NEEDED:
        python = newer_python()
        os.execv(python, [python] + sys.argv)
    if ROOT not in sys.path:
        sys.path.insert(0, ROOT)
    from example_project._bootstrap import bootstrap

    bootstrap()
    if sys.argv[1:2] == ["test"]:
        run_tests(sys.argv[2:])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
