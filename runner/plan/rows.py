"""Expands `matrix` and `cases` into the runs of a workflow, each with its values and a label."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import PurePath
from typing import Any

from msgspec import UNSET

from ..language.document import Document
from ..language.structs import CasesFile
from ..language.yaml import load_yaml
from ..model.answer import read_json
from ..model.errors import DocumentPath, Problem, WorkflowError
from ..model.json_types import JSON
from ..model.wording import json_text, shown
from ..redaction import MASK
from .context import Context
from .plan import Row

MAX_RUNS = 100_000


def rows(document: Document, context: Context) -> tuple[Row, ...]:
    """Every case in every combination of the matrix; one row without values if the file has neither."""
    axes = {} if document.matrix is UNSET else document.matrix
    for name, values in axes.items():
        context.check_name(name, ("matrix", name))
        if not values:
            context.problem(("matrix", name), f"the axis `{name}` is empty", "add values", on_key=True)
    if document.matrix == {}:
        context.problem(("matrix",), "`matrix` has no axis", "write `{axis: [values]}`", on_key=True)
    cases = [{}] if document.cases is UNSET else _cases(document.cases, context)
    columns = set().union(*cases) if cases else set()
    for name in sorted(columns & set(axes)):
        context.problem(
            ("matrix", name),
            f"the axis `{name}` has the name of a column of `cases`",
            "rename one of them",
            on_key=True,
        )
    count = len(cases) * math.prod(len(values) for values in axes.values())
    if count > MAX_RUNS:
        context.problem((), f"the file has {count} runs; the limit is {MAX_RUNS}", "split the file")
        return ()
    combinations = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    secrets = frozenset(document.secrets) if isinstance(document.secrets, list) else frozenset()
    labelled = len(cases) > 1 or document.cases is not UNSET
    found = []
    for index, case in enumerate(cases, 1):
        for combination in combinations:
            label = _label({**combination, **case}, index if labelled else None, secrets)
            found.append(Row({**case, **combination}, label, label))
    return tuple(found)


def _label(values: dict[str, JSON], index: int | None, secrets: frozenset[str]) -> str:
    """`[2: user=ada, role=admin]`; long values are cut, secret ones are masked, and the number makes the label unique."""
    if not values:
        return ""
    words = [f"{name}={MASK if name in secrets else _short(value)}" for name, value in list(values.items())[:4]]
    text = ", ".join(words) + (", …" if len(values) > 4 else "")
    return f"[{text}]" if index is None else f"[{index}: {text}]"


def _short(value: JSON) -> str:
    text = value if isinstance(value, str) else json_text(value)
    return text if len(text) <= 24 else f"{text[:23]}…"


def _cases(cases: list[dict[str, Any]] | CasesFile, context: Context) -> list[dict[str, Any]]:
    path: DocumentPath = ("cases",)
    found: Any = cases
    if isinstance(cases, CasesFile):
        path = ("cases", "file")
        found = _from_file(cases.file, context, path)
        if found is None:
            return []
    if not isinstance(found, list) or not found:
        context.problem(
            path,
            "there are no cases" if found == [] else f"`cases` must be a list of maps, not {shown(found, 60)}",
            "write at least one row",
        )
        return []
    names: dict[str, int] = {}
    for index, row in enumerate(found):
        place = ("cases", index) if isinstance(cases, list) else path
        if not isinstance(row, dict):
            context.problem(place, f"case {index + 1} is {shown(row, 60)}, not a map of names and values")
            return []
        for name in row:
            if names.setdefault(name, index) == index:
                context.check_name(str(name), (*place, name) if isinstance(cases, list) else place)
    return found


def _from_file(name: str, context: Context, path: DocumentPath) -> Any:
    content = context.read(name, path)
    if content is None:
        return None
    suffix = PurePath(name).suffix.lower()
    try:
        match suffix:
            case ".csv":
                return _csv(content.decode("utf-8-sig"))
            case ".json":
                return read_json(content.decode("utf-8"))
            case ".yaml" | ".yml":
                problems: list[Problem] = []
                data, _ = load_yaml(content, name, problems)
                if problems:
                    raise WorkflowError(problems)
                return data
            case _:
                context.problem(
                    path, f"cases are read from .csv, .json or .yaml files, not {suffix or 'a file without a suffix'}"
                )
    except WorkflowError as error:
        place = error.place
        context.problem(path, f"{name}:{(place and place.line) or 0}: {error.message}", error.hint)
    except ValueError as error:
        context.problem(path, f"{name} cannot be read: {error}")
    return None


def _csv(text: str) -> list[dict[str, str]]:
    """Rows with the names of the first line as keys; the fields are text (RFC 4180)."""
    # only for files that name a CSV
    import csv  # noqa: PLC0415  # see above

    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        lines = [line for line in reader if line]
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from None
    if not lines:
        raise ValueError("the file is empty; its first line names the columns")
    columns, *rest = lines
    if len(set(columns)) != len(columns):
        raise ValueError(f"two columns have the same name: {json.dumps(columns)}")
    for number, line in enumerate(rest, 2):
        if len(line) != len(columns):
            raise ValueError(f"row {number} has {len(line)} fields, the first line names {len(columns)}")
    return [dict(zip(columns, line, strict=True)) for line in rest]
