"""What imports what: no circle, and every library has a line in the contract that names its importers."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PROJECT = Path(__file__).parents[1]
PACKAGE = PROJECT / "runner"


def name_of(path: Path) -> str:
    """The module of a file: `runflow.engine.step`."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(("runflow", *(parts[:-1] if parts[-1] == "__init__" else parts)))


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported_names(module: str) -> Iterator[tuple[str, str]]:
    """The module of each import of a file and the name imported from it, or ""; those in functions and under TYPE_CHECKING too."""
    path = MODULES[module]
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield from ((base, alias.name) for alias in node.names)


def graph() -> dict[str, set[str]]:
    """The modules of the package that each of its modules imports."""
    found: dict[str, set[str]] = {}
    for module in MODULES:
        targets = {f"{base}.{name}" if f"{base}.{name}" in MODULES else base for base, name in imported_names(module)}
        found[module] = targets & MODULES.keys()
    return found


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """One circle after the other; each is cut before the next is looked for."""
    edges = {module: set(targets) for module, targets in edges.items()}
    found = []
    while True:
        try:
            list(TopologicalSorter(edges).static_order())
        except CycleError as error:
            circle = error.args[1]  # each is imported by the next
            found.append(circle)
            edges[circle[1]].discard(circle[0])
        else:
            return found


def test_a_circle_is_found() -> None:
    edges = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a", "d"}}
    assert sorted(sorted(set(circle)) for circle in circles(edges)) == [["a", "b", "c"], ["d"]]


def test_no_module_imports_itself_through_others() -> None:
    assert circles(graph()) == []


def test_the_contract_names_every_library_that_the_package_imports() -> None:
    configuration = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (each for each in configuration["tool"]["importlinter"]["contracts"] if each["type"] == "forbidden")
    libraries = {base.partition(".")[0] for module in MODULES for base, _ in imported_names(module)}
    libraries -= {*sys.stdlib_module_names, "_typeshed", "runflow", "msgspec"}  # only types; structs everywhere
    assert contract["source_modules"] == ["runflow"]
    assert sorted(contract["forbidden_modules"]) == sorted(libraries)
