"""A plan is data: it can be pickled, and nothing of what compiled it is kept alive in it."""

from __future__ import annotations

import pickle
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fakes import answer, compile_text, settings_for

from runflow.bodies.table import BODIES
from runflow.language.files import Files
from runflow.language.source import Source
from runflow.model.answer import Answer
from runflow.model.errors import StepError
from runflow.model.kinds import MISSING
from runflow.plan.compile import compile_file
from runflow.plan.http import HttpTemplate
from runflow.plan.plan import Plan, RequestPlan

WORKFLOWS = Path(__file__).parents[2] / "workflows"
FILES = [*sorted(WORKFLOWS.glob("*.yaml")), *sorted(WORKFLOWS.glob("_needs_*/*.yaml"))]
CURL = frozenset({"certificate", "timing", "resolve", "unix_socket", "version 2", "version 3", "encoding gzip"})


def plan_of(path: Path) -> Plan:
    return compile_file(path, settings_for(Files(WORKFLOWS), WORKFLOWS, driver="curl", features=CURL))


def members(value: Any) -> Iterator[Any]:
    """What an object holds: the members of containers, attributes, and the variables of a closure."""
    if isinstance(value, dict):
        yield from (*value.keys(), *value.values())
    elif isinstance(value, (list, tuple, set, frozenset)):
        yield from value
    elif isinstance(value, types.MethodType):
        yield from (value.__self__, value.__func__)
    elif isinstance(value, types.FunctionType):
        yield from (cell.cell_contents for cell in value.__closure__ or ())
    elif not isinstance(value, (type, types.ModuleType, types.BuiltinFunctionType)):
        yield from getattr(value, "__dict__", {}).values()
        for kind in type(value).__mro__:
            slots = getattr(kind, "__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                if hasattr(value, name):
                    yield getattr(value, name)
        if isinstance(value, msgspec.Struct):
            yield from (getattr(value, name) for name in value.__struct_fields__)


def everything_in(root: Any) -> Iterator[Any]:
    seen: dict[int, Any] = {}
    pending = [root]
    while pending:
        value = pending.pop()
        if id(value) not in seen:
            seen[id(value)] = value
            yield value
            pending += members(value)


def fields_of(value: Any) -> Iterator[Any]:
    """The plan's own structs and their fields, without what selectors, matchers and templates are made of."""
    yield value
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from fields_of(getattr(value, name))
    elif isinstance(value, dict):
        for member in value.values():
            yield from fields_of(member)
    elif isinstance(value, (list, tuple)):
        for member in value:
            yield from fields_of(member)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_plan_of_the_cookbook_holds_no_function_and_no_compiler(path: Path) -> None:
    plan = plan_of(path)
    assert not [each for each in fields_of(plan) if isinstance(each, (types.FunctionType, types.MethodType))]
    kept = {type(each).__qualname__ for each in everything_in(plan) if not isinstance(each, Source)}
    assert not {name for name in kept if name.endswith("Compiler") or name in {"Context", "ReadResult", "Document"}}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_plan_of_the_cookbook_can_be_pickled(path: Path) -> None:
    plan = plan_of(path)
    again = pickle.loads(pickle.dumps(plan))
    assert [step.written_name for step in again.steps] == [step.written_name for step in plan.steps]


def test_a_pickled_plan_behaves_as_the_plan() -> None:
    text = """
steps:
  - get: "/{{ path | upper }}"
    http: {proxy: "{{ proxy }}"}
    expect:
      $.items[*].id: {length: 1}
      header {{ name }}: text/plain
    extract:
      ids: $.items[*].id
      missing: {from: $.none, default: null}
    assert: ["ids | length == 1"]
vars: {path: x, proxy: "http://p:1", name: Content-Type}
"""
    plan = pickle.loads(pickle.dumps(compile_text(text)))
    step = plan.steps[0]
    request = step.action
    assert isinstance(request, RequestPlan)
    assert request.url.render({"path": "x"}) == "/X"
    assert isinstance(request.http, HttpTemplate)
    assert request.http.render({"proxy": "http://p:1"}, plan.file).transport.proxy == "http://p:1"
    found = Answer(answer(200, {"items": [{"id": 7}]}))
    assert step.extracts[0].pick.resolve({})[1].select(found) == [7]
    assert step.extracts[0].default is MISSING
    assert step.extracts[1].default is not MISSING
    assert step.expectations[1].pick.resolve({"name": "Content-Type"})[0] == "header Content-Type"
    assert step.asserts[0].value.render({"ids": [7]}) is True


def test_a_pickled_plan_reads_its_files_and_keeps_its_kinds() -> None:
    text = "steps:\n  - {post: /x, body: {file: a.txt}}\n  - {post: /x, json: {a: 1}}\n"
    plan = pickle.loads(pickle.dumps(compile_text(text, files={"a.txt": "hello"})))
    assert plan.read("a.txt") == b"hello"
    assert [type(step.action.body.kind) for step in plan.steps] == [type(BODIES["body"]), type(BODIES["json"])]
    with pytest.raises(StepError, match="outside the file root"):
        plan.read("../b.txt")
