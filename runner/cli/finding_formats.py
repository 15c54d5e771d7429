"""Writes the findings of `runflow check`: as text, JSON, SARIF or GitHub annotations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import click

from ..language.source import Source
from ..lint.table import INVALID_FILE, RULES
from ..model.codes import CODES
from ..model.finding import Finding
from ..model.json_types import JSON
from ..reporters.github import annotation
from ..reporters.problems import where_of
from ..version import __version__
from .problems import Shown, show_each


def text(findings: Sequence[Finding], _: str) -> None:
    """Write text to standard error, in the same form as other problems."""
    labels = {id(each): "" if each.code == INVALID_FILE else f"{each.severity} {each.code}" for each in findings}
    show_each(Shown(each.message, each.place, each.hint, labels[id(each)]) for each in findings)


class _Located(NamedTuple):
    """A finding with its place in the file, counted from 1. The names are those of the JSON format."""

    code: str
    severity: str
    message: str
    hint: str
    file: str | None
    line: int | None
    column: int | None
    end_column: int | None
    fixable: bool


def _located(findings: Sequence[Finding]) -> Iterator[_Located]:
    sources: dict[str, Source | None] = {}
    for each in findings:
        where = where_of(each.place, sources)
        yield _Located(
            code=each.code,
            severity=each.severity,
            message=each.message,
            hint=each.hint,
            file=where.file if where else each.place.file if each.place else None,
            line=where.line if where else None,
            column=where.column if where else None,
            end_column=where.column + where.width if where else None,
            fixable=each.edit is not None or bool(each.instead),
        )


def as_json(findings: Sequence[Finding], summary: str) -> None:
    """Write a JSON object whose `findings` each have a place."""
    click.echo(
        json.dumps(
            {
                "format": 1,
                "runflow": __version__,
                "summary": summary,
                "findings": [each._asdict() for each in _located(findings)],
            },
            indent=2,
        )
    )


def sarif(findings: Sequence[Finding], _: str) -> None:
    """Write SARIF 2.1.0, which code scanning reads."""
    codes = [INVALID_FILE, *RULES, *sorted({each.code for each in findings} - RULES.keys() - {INVALID_FILE})]
    rules = [
        {"id": code, "shortDescription": {"text": CODES[code].title}, "fullDescription": {"text": CODES[code].means},
         "help": {"text": "\n".join(CODES[code].next)}}
        for code in codes
    ]  # fmt: skip
    results = [_sarif_result(each, codes.index(each.code)) for each in _located(findings)]
    driver = {"name": "runflow", "version": __version__, "rules": rules}
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    click.echo(
        json.dumps(
            {"$schema": schema, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]},
            indent=2,
        )
    )


def _sarif_result(finding: _Located, rule: int) -> dict[str, JSON]:
    result: dict[str, JSON] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": finding.severity,
        "message": {"text": f"{finding.message}\n{finding.hint}".strip()},
    }
    if finding.file is None:
        return result
    path = Path(finding.file)
    physical: dict[str, JSON] = {
        "artifactLocation": {"uri": path.as_uri() if path.is_absolute() else quote(path.as_posix())}
    }
    if finding.line is not None:
        physical["region"] = {
            "startLine": finding.line,
            "startColumn": finding.column,
            "endColumn": finding.end_column,
        }
    result["locations"] = [{"physicalLocation": physical}]
    return result


def github(findings: Sequence[Finding], _: str) -> None:
    """Write GitHub workflow commands, which GitHub shows at the lines of the files."""
    sources: dict[str, Source | None] = {}
    for each in findings:
        where = where_of(each.place, sources)
        file = each.place.file if each.place else ""
        title = f"{each.code}: {CODES[each.code].title}"
        click.echo(annotation(each.severity, where, file, title, f"{each.message}\n{each.hint}".strip()))


FINDING_FORMATS: dict[str, Callable[[Sequence[Finding], str], None]] = {
    "text": text,
    "json": as_json,
    "sarif": sarif,
    "github": github,
}
