"""Collects the findings of files: mistakes, and what the rules find, without what comments ignore."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..language.yaml import load_yaml
from ..model.errors import Place, Problem
from ..model.finding import Finding, Severity
from ..plan.plan import IncludePlan, Plan
from .rule import Rule
from .subject import Subject
from .table import CHANGES, IDLE, INVALID_FILE, RULES, UNREASONED

_IGNORE = re.compile(r"#\s*runflow:\s*ignore\[([\w ,]*)\]\s*(.*)")


def findings_of(plans: Iterable[Plan], problems: Sequence[Problem], *, changes: bool = False) -> list[Finding]:
    """Every finding, in order of file and line; with `changes`, also what a new version changes."""
    rules = RULES | CHANGES if changes else RULES
    found = [
        Finding(INVALID_FILE, "error", each.message, each.place, each.hint, instead=each.instead) for each in problems
    ]
    for plan in _with_included(plans):
        found += _of_file(plan, rules)
    return found


def _with_included(plans: Iterable[Plan]) -> Iterator[Plan]:
    """Each file once; included files follow those that include them."""
    seen: set[Path] = set()
    waiting = list(plans)
    while waiting:
        plan = waiting.pop(0)
        if plan.path in seen:
            continue
        seen.add(plan.path)
        yield plan
        waiting[:0] = [
            step.action.plan for step in (*plan.steps, *plan.cleanup) if isinstance(step.action, IncludePlan)
        ]


class _Ignored(NamedTuple):
    """A comment that ignores findings: its own line, and the line that it is about, both from 1."""

    line: int
    about: int
    codes: frozenset[str]
    reason: str


def _of_file(plan: Plan, rules: Mapping[str, Rule]) -> list[Finding]:
    data, source = load_yaml(plan.source.text.encode(), plan.file, [])  # with the marks, which the plan has dropped
    subject = Subject(plan, data, source)
    found: list[tuple[int, int, Finding]] = []
    for code, rule in rules.items():
        for remark in rule.find(subject):
            place = Place(plan.file, remark.path, remark.on_key)
            where = source.where(place, around=0)
            found.append(
                (
                    where.line,
                    where.column,
                    Finding(code, rule.severity, remark.message, place, remark.hint, remark.edit),
                )
            )
    remaining, used = [], set()
    ignored = list(_ignored(source.lines))
    for line, column, finding in sorted(found, key=lambda each: each[:2]):
        covering = [each for each in ignored if each.about == line and finding.code in each.codes]
        used |= {(each.line, finding.code) for each in covering}
        if not covering:
            remaining.append((line, column, finding))
    remaining += [(each.line, 0, finding) for each in ignored for finding in _about(each, used, plan.file)]
    return [finding for _, _, finding in sorted(remaining, key=lambda each: each[:2])]


def _ignored(lines: Sequence[str]) -> Iterator[_Ignored]:
    for number, line in enumerate(lines, 1):
        match = _IGNORE.search(line) if "runflow:" in line else None
        if match is not None:
            alone = line.lstrip().startswith("#")
            codes = frozenset(code for code in re.split(r"[ ,]+", match[1]) if code)
            yield _Ignored(number, number + 1 if alone else number, codes, match[2].strip())


def _about(comment: _Ignored, used: set[tuple[int, str]], file: str) -> Iterator[Finding]:
    warning: Severity = "warning"
    place = Place(file, line=comment.line, column=1)
    if not comment.reason:
        yield Finding(
            UNREASONED,
            warning,
            "the comment has no reason for ignoring the finding",
            place,
            "write the reason after the bracket",
        )
    for code in sorted(comment.codes - {code for line, code in used if line == comment.line}) or (
        [] if comment.codes else [""]
    ):
        message = (
            f"the comment ignores {code}, which is not found here" if code else "the comment names no code to ignore"
        )
        yield Finding(IDLE, warning, message, place, "remove the comment")
