"""The exception tree: one root, and one page that names every exception that leaves its module."""

from __future__ import annotations

import ast
import builtins
import importlib
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

import runflow
from runflow.drivers.decoding import TooLarge
from runflow.model import errors
from runflow.model.errors import Place, Problem, RunflowError, StepError, WorkflowError

ROOT = Path(runflow.__file__).parent
BUILT_IN = {
    name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)
}


def classes() -> Iterator[tuple[str, str, list[str]]]:
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                yield module, node.name, [ast.unparse(base) for base in node.bases]


def exceptions() -> dict[str, str]:
    """Each public exception class of the package, with its module."""
    found: dict[str, str] = {}
    every = list(classes())
    while True:
        known = BUILT_IN | found.keys()
        new = {name: module for module, name, bases in every if name not in found and known.intersection(bases)}
        if not new:
            return {name: module for name, module in found.items() if not name.startswith("_")}
        found |= new


@pytest.mark.parametrize(("name", "module"), sorted(exceptions().items()))
def test_every_exception_stands_on_the_page(name: str, module: str) -> None:
    page = errors.__doc__ or ""
    assert name in page
    drawn = next((line for line in page.splitlines() if line.split("──")[-1].split()[:1] == [name]), None)
    if drawn is not None:
        assert drawn.split("──")[-1].split()[1] == module
        assert issubclass(getattr(importlib.import_module(f"runflow.{module}"), name), RunflowError)


def test_the_page_names_no_exception_that_does_not_exist() -> None:
    tree = (errors.__doc__ or "").split("```")[1]
    assert {line.split("──")[-1].split()[0] for line in tree.splitlines() if line.strip()} <= exceptions().keys()


def test_an_error_has_a_message_a_place_and_a_hint() -> None:
    place = Place("a.yaml", ("steps", 0))
    wrong = WorkflowError([Problem("one", place, "do this"), Problem("two")])
    assert (wrong.message, wrong.place, wrong.hint, len(wrong.problems)) == ("one", place, "do this", 2)
    failed = StepError("no", "template").under("b").under("a")
    assert failed.at("a.yaml", ("steps",)).place == Place("a.yaml", ("steps", "a", "b"))
    assert str(TooLarge()) == "the decoded body is larger than the limit"
    assert str(pickle.loads(pickle.dumps(RunflowError("text")))) == "text"  # our own bytes
