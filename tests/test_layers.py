"""The layers of the package: a module imports from its own layer and from those below, never from above.

Imports that only type checkers see are left out. Those inside functions are not allowed at all,
but for `apps`, where everything is wired together.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import pytest

Statement = ast.Import | ast.ImportFrom

PACKAGE = "signals_audit"
ROOT = Path(__file__).resolve().parent.parent / PACKAGE

# The first part of a module's name inside the package; `migrations` are a record and stay out of this.
LAYERS = tuple(
    frozenset(rooms.split())
    for rooms in (
        "exceptions types shapes conf signals tracing",
        "values masking diff events texts fields",
        "registry hooks conditions declaring context",
        "capture",
        "models querysets expansion recorder bulk spool recovery failures history spelling triggers "
        "deliveries reactions retention receiver_statistics",
        "display pictures differences lines sentences timeline chains channels rehearsals",
        "middleware admin inbox views urls checks tasks testing pytest_plugin management templatetags",
        "apps",
    )
)
LAYER_OF = {room: number for number, rooms in enumerate(LAYERS) for room in rooms}
FACADE = 5  # the package itself, which offers what the layers below the edges make


@dataclass(frozen=True)
class Import:
    """One import of one of the package's own modules."""

    source: str
    line: int
    target: str
    in_function: bool

    def __str__(self) -> str:
        return f"{self.source}:{self.line} imports {self.target}"


def modules() -> dict[str, Path]:
    """Return the package's modules by their full names."""
    paths = (path for path in sorted(ROOT.rglob("*.py")) if "migrations" not in path.parts)
    return {module_name(path): path for path in paths}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def statements(node: ast.AST, *, in_function: bool = False) -> Iterator[tuple[Statement, bool]]:
    """Walk through the imports that happen at run time, and say which of them stand in a function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, Statement):
            yield child, in_function
        inner = in_function or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from statements(child, in_function=inner)


def targets(node: Statement, package: str, known: frozenset[str]) -> set[str]:
    """Return the modules among the known ones that a statement imports."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names} & known
    base = resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module or ""
    return {full if (full := f"{base}.{alias.name}") in known else base for alias in node.names} & known


def imports_of(name: str, text: str, *, is_package: bool, known: frozenset[str]) -> list[Import]:
    package = name if is_package else name.rpartition(".")[0]
    return [
        Import(name, node.lineno, target, in_function)
        for node, in_function in statements(ast.parse(text))
        for target in sorted(targets(node, package, known) - {name})
    ]


def all_imports() -> list[Import]:
    found = modules()
    known = frozenset(found)
    return [
        one
        for name, path in found.items()
        for one in imports_of(name, path.read_text("utf-8"), is_package=path.stem == "__init__", known=known)
    ]


def room(module: str) -> str:
    return module.removeprefix(PACKAGE).strip(".").partition(".")[0]


def layer(module: str) -> int:
    return LAYER_OF.get(room(module), FACADE)


def goes_up(one: Import) -> bool:
    return room(one.source) != room(one.target) and layer(one.target) > layer(one.source)


def test_every_module_has_a_layer() -> None:
    assert {room(name) for name in modules()} - {"", *LAYER_OF} == set()


def test_a_module_imports_only_from_its_own_layer_and_below() -> None:
    assert [str(one) for one in all_imports() if goes_up(one)] == []


def test_no_module_imports_from_the_face_of_the_package() -> None:
    assert [str(one) for one in all_imports() if one.target == PACKAGE] == []


def test_modules_import_each_other_without_cycles() -> None:
    graph: dict[str, set[str]] = {name: set() for name in modules()}
    for one in all_imports():
        if not one.in_function:
            graph[one.source].add(one.target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_only_apps_imports_the_package_inside_functions() -> None:
    inside = [one for one in all_imports() if one.in_function and room(one.source) != "apps"]
    assert [str(one) for one in inside] == []


def test_what_is_forbidden_is_found() -> None:
    known = frozenset(
        {PACKAGE, *(f"{PACKAGE}.{name}" for name in ("types", "models", "capture", "capture.rows"))}
    )
    text = "if TYPE_CHECKING:\n    from ..models import Entry\nfrom .. import models\nfrom . import rows\n"
    text += "def late():\n    import signals_audit.types\n"
    found = imports_of("signals_audit.capture.seams", text, is_package=False, known=known)
    assert [(one.target, one.in_function, goes_up(one)) for one in found] == [
        ("signals_audit.models", False, True),
        ("signals_audit.capture.rows", False, False),
        ("signals_audit.types", True, False),
    ]
