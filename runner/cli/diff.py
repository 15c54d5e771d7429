"""`runflow diff`: compare two stored runs: fixed, newly failing, still failing, slower."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import click

from ..model.exit_code import ExitCode
from ..model.results import Verdict, WorkflowResult
from ..model.wording import plural, seconds_text
from .styling import say

SLOWER_FACTOR = 1.5
SLOWER_SECONDS = 0.1
"""A run is slower when it took this many times as long, and this much longer: smaller differences are noise."""

_Key = tuple[str, str, str, int]


class _Change(NamedTuple):
    sign: str
    title: str
    colour: str | None
    lines: list[str]


@click.command(
    "diff",
    short_help="Compare the last run with the one before.",
    context_settings={"ignore_unknown_options": True},  # -2 is a run
)
@click.argument("before", required=False)
@click.argument("after", required=False)
def command(before: str | None, after: str | None) -> int:
    """Compare the run BEFORE with the run AFTER: the last two, or names and numbers (-2) that `runflow show --list` shows.

    \b
    exit code 0   no run is newly failing
    exit code 1   at least one run is newly failing
    """  # noqa: D301  # click reads the backspace as "do not wrap"
    from .run_store import stored_runs

    stored = stored_runs()
    paths = [stored.find(before or "-2"), stored.find(after or "-1")]
    old, new = (_results(path) for path in paths)
    say(f"{paths[0].stem} → {paths[1].stem}", dim=True)
    changes = _changes(old, new)
    for change in changes:
        if change.lines:
            say()
            say(f"{change.title} ({len(change.lines)})", fg=change.colour, bold=True)
            for line in change.lines:
                say(f"  {change.sign} {line}")
    if not any(change.lines for change in changes):
        say(f"no difference: {plural(len(new), 'workflow')}")
    return ExitCode.FAILED if changes[0].lines else 0


def _results(path: Path) -> dict[_Key, WorkflowResult]:
    """The results of a stored run, by file, name, label and, where these are equal, position."""
    from ..model.events import WorkflowFinished
    from ..reporters.format.reader import ReportReader

    reader = ReportReader([path])
    for problem in reader.problems:
        click.echo(problem, err=True)
    found: dict[_Key, WorkflowResult] = {}
    for event in reader.events():
        if isinstance(event, WorkflowFinished):
            result, again = event.result, 0
            while (key := (result.file, result.name, result.label, again)) in found:
                again += 1
            found[key] = result
    return found


def _changes(old: dict[_Key, WorkflowResult], new: dict[_Key, WorkflowResult]) -> list[_Change]:
    broken: list[str] = []
    fixed: list[str] = []
    still: list[str] = []
    slower: list[str] = []
    new_runs: list[str] = []
    for key, result in new.items():
        before = old.get(key)
        was_bad = before is not None and before.verdict.is_bad
        if result.verdict.is_bad:
            (still if was_bad else broken).append(_failing(result, before))
        elif was_bad and result.verdict is Verdict.PASSED:
            fixed.append(_named(result))
        elif before is None:
            new_runs.append(f"{_named(result)}: {result.verdict.value}")
        if before is not None and before.verdict is result.verdict is Verdict.PASSED:
            slower += _slower(before, result)
    removed = [_named(result) for key, result in old.items() if key not in new]
    return [
        _Change("✗", "newly failing", "red", broken),
        _Change("✗", "still failing", "red", still),
        _Change("✓", "fixed", "green", fixed),
        _Change("⧗", "slower", "yellow", slower),
        _Change("+", "new", None, new_runs),
        _Change("-", "not run this time", None, removed),
    ]


def _named(result: WorkflowResult) -> str:
    from ..reporters.text import one_line

    return f"{one_line(result.full_name)}  ({one_line(result.file, 300)})"


def _failing(result: WorkflowResult, before: WorkflowResult | None) -> str:
    from ..reporters.failures import reason_of_run

    why = reason_of_run(result)
    text = f"{_named(result)}\n      {why.title}: {why.text}  {why.code}"
    if before is not None and before.verdict.is_bad and (then := reason_of_run(before)).text != why.text:
        text += f"\n      before: {then.title}: {then.text}  {then.code}"
    return text


def _slower(earlier: WorkflowResult, result: WorkflowResult) -> list[str]:
    """The run, if it is slower, with the step that explains most of it."""
    if result.duration < earlier.duration * SLOWER_FACTOR or result.duration - earlier.duration < SLOWER_SECONDS:
        return []
    from ..reporters.text import step_title

    pairs = [
        (after.duration - before.duration, before, after)
        for before, after in zip(earlier.steps, result.steps, strict=False)
    ]
    _, before, after = max(pairs, key=lambda pair: pair[0])
    spent = f"{step_title(after)} {seconds_text(before.duration)} → {seconds_text(after.duration)}"
    return [
        f"{_named(result)}: {seconds_text(earlier.duration)} → {seconds_text(result.duration)}, most of it in {spent}"
    ]
