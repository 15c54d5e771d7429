"""The console: a line for each step as it ends, failures with all that is needed to mend them, a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import IO

import click

from runner.model.events import (
    Event,
    RunFinished,
    RunStarted,
    SessionFinished,
    StepFinished,
    WorkflowFinished,
    WorkflowStarted,
)
from runner.model.exchange import Exchange, Response
from runner.model.results import Failure, Result, SessionResult, StepResult, Try, Verdict, WorkflowResult
from runner.model.wording import plural, seconds_text
from runner.reporters.text import can_write, check_lines, excerpt, one_line, request_lines, response_lines, safe

_MARKS = {
    Verdict.PASSED: ("✓", "ok"),
    Verdict.FAILED: ("✗", "FAIL"),
    Verdict.ERROR: ("!", "ERR"),
    Verdict.SKIPPED: ("-", "-"),
}
_COLOURS = {Verdict.PASSED: "green", Verdict.FAILED: "red", Verdict.ERROR: "red", Verdict.SKIPPED: "yellow"}
_BAD = (Verdict.FAILED, Verdict.ERROR)


class Console:
    """Writes to a terminal or a log.

    Args:
        stream: Where to.
        colour: Use colours.
        verbosity: -1 failures and the summary only, 0 a line a step, 1 heads too, 2 bodies too.
    """

    def __init__(self, stream: IO[str], *, colour: bool = False, verbosity: int = 0) -> None:
        self.stream = stream
        self.colour = colour
        self.verbosity = verbosity
        self._pending: WorkflowStarted | None = None
        self._ascii = not can_write(stream, "✓│…")
        self._blank = False
        self._steps = 0
        self._checks = 0

    def handle(self, event: Event, /) -> None:
        """Take one event. Raises OSError where the stream is closed."""
        match event:
            case RunStarted(shuffled=seed) if seed is not None:
                self._write(f"in a random order (--shuffle --seed {seed})", dim=True)
            case WorkflowStarted():
                self._pending = event
            case StepFinished():
                self._step(event)
            case WorkflowFinished(result):
                self._workflow(result)
            case SessionFinished(result):
                self._session(result)
            case RunFinished(result):
                self._summary(result)
            case _:
                pass

    def _write(self, text: str = "", *, colour: str = "", bold: bool = False, dim: bool = False) -> None:
        if not text and self._blank:
            return
        self._blank = not text
        if self._ascii:
            text = text.encode("ascii", "backslashreplace").decode()
        if self.colour:
            text = click.style(text, fg=colour or None, bold=bold or None, dim=dim or None)
        self.stream.write(f"{text}\n")

    def _lines(self, lines: Iterable[str], indent: str, *, colour: str = "", dim: bool = False) -> None:
        for line in lines:
            self._write(f"{indent}{safe(line)}".rstrip(), colour=colour, dim=dim)

    def _title(self) -> None:
        """The workflow's name, once, before the first thing that is said of it."""
        if self._pending is not None:
            label = f" {self._pending.label}" if self._pending.label else ""
            self._write(f"{one_line(self._pending.name + label)}  ({one_line(self._pending.file, 300)})", bold=True)
            self._pending = None

    def _step(self, event: StepFinished) -> None:
        step = event.step
        self._steps += not event.depth
        self._checks += step.passed_checks
        if self.verbosity < 0 and step.verdict not in _BAD:
            return
        self._title()
        indent = "  " * (event.depth + 1)
        self._write(
            f"{indent}{self._mark(step.verdict)} {_step_line(step)}",
            colour="" if step.verdict is Verdict.PASSED else _COLOURS[step.verdict],
        )
        for warning in step.warnings:
            self._write(f"{indent}  warning: {warning}", colour="yellow")
        self._retries(step, f"{indent}  ")
        if step.verdict in _BAD:
            self._failure(step, f"{indent}    ")
        elif self.verbosity > 0:
            for one in step.tries:
                self._exchanges(one, f"{indent}    ")
        self.stream.flush()

    def _mark(self, verdict: Verdict) -> str:
        return _MARKS[verdict][1 if self._ascii else 0]

    def _retries(self, step: StepResult, indent: str) -> None:
        """Earlier tries, a line each."""
        for number, one in enumerate(step.tries[:-1], 1):
            why = (
                one.errors[0].message
                if one.errors
                else next((_short(check) for check in one.checks if not check.passed), "; ".join(one.notes))
            )
            self._write(f"{indent}try {number} of {len(step.tries)}: {one_line(why, 160)}", dim=True)

    def _failure(self, step: StepResult, indent: str) -> None:
        last = step.last
        failed = [check for check in last.checks if not check.passed]
        for check in failed:
            self._write()
            if check.where:
                self._write(f"{indent}{safe(str(check.where))}", colour="cyan")
                self._lines(excerpt(check.where), indent, dim=True)
            self._lines(check_lines(check), indent)
        for error in last.errors:
            self._write()
            self.show_error(error, indent)
        if last.notes:
            self._write()
            self._lines((one_line(note, 1000) for note in last.notes), indent)
        if last.exchanges and not last.steps:
            self._write()
            self._exchanges(last, indent, body=True)
        self._write()

    def show_error(self, error: Failure, indent: str) -> None:
        """Why something could not be done, with its place and what to do."""
        if error.where:
            self._write(f"{indent}{safe(str(error.where))}", colour="cyan")
            self._lines(excerpt(error.where), indent, dim=True)
        self._lines(error.message.splitlines(), indent)
        if error.hint:
            self._write(
                f"{indent}→ {one_line(error.hint, 400)}"
                if not self._ascii
                else f"{indent}-> {one_line(error.hint, 400)}"
            )

    def _exchanges(self, one: Try, indent: str, *, body: bool = False) -> None:
        for exchange in one.exchanges:
            self._exchange(exchange, indent, body=body or self.verbosity > 1)

    def _exchange(self, exchange: Exchange, indent: str, *, body: bool) -> None:
        outcome = exchange.outcome
        whole = self.verbosity > 1
        self._lines(request_lines(exchange.request, outcome.sent, body=body), f"{indent}> ", dim=True)
        if isinstance(outcome, Response):
            self._lines(response_lines(outcome, body=body, whole=whole), f"{indent}< ", dim=True)
        else:
            self._lines([f"{outcome.kind} ({outcome.phase}): {outcome.message}"], f"{indent}< ", dim=True)
        if exchange.note:
            self._lines([exchange.note], f"{indent}  ", dim=True)

    def _workflow(self, result: WorkflowResult) -> None:
        told = {error.message for step in result.steps for error in step.last.errors}
        if result.error is not None and result.error.message not in told:
            self._title()
            self._write(f"  {self._mark(Verdict.ERROR)} the workflow", colour="red")
            self.show_error(result.error, "      ")
            self._write()
        if result.verdict is Verdict.SKIPPED and self.verbosity >= 0:
            self._title()
            self._write(f"  {self._mark(Verdict.SKIPPED)} skipped: {one_line(result.reason, 300)}", colour="yellow")
        self._pending = None
        self.stream.flush()

    def _session(self, result: SessionResult) -> None:
        """One line for each token that was fetched: how often, and who used it."""
        for warning in result.warnings:
            self._write(f"  warning: auth {result.name}: {one_line(warning, 300)}", colour="yellow")
        if self.verbosity < 0:
            return
        counts = Counter(step.purpose for step in result.steps if step.step.verdict is not Verdict.SKIPPED)
        seconds = sum(step.step.duration for step in result.steps)
        parts = [plural(count, purpose) for purpose, count in counts.items()]
        facts = [*parts, seconds_text(seconds)]
        if result.users:
            used = plural(sum(count for _, count in result.users), "request")
            facts.append(f"sent with {used} of {plural(len(result.users), 'workflow')}")
        self._write(f"auth {one_line(result.name)} ({result.kind}): {', '.join(facts)}", dim=True)
        for user, count in result.users if self.verbosity > 0 else ():
            self._write(f"  {one_line(user)}: {plural(count, 'request')}", dim=True)

    def _summary(self, result: Result) -> None:
        bad = [workflow for workflow in result.workflows if workflow.verdict in _BAD]
        if len(result.workflows) > 1 and bad:
            self._write()
            for workflow in bad:
                self._write(
                    f"{self._mark(workflow.verdict)} {one_line(workflow.full_name)}  {_first_place(workflow)}",
                    colour="red",
                )
        counts = [f"{plural(count, 'workflow')} {word}" for word, verdict in _WORDS if (count := result.count(verdict))]
        open_ended = sum(
            session.verdict in _BAD and session.steps[-1].purpose == "logout" for session in result.sessions
        )
        ok = not bad and not result.interrupted_by and not open_ended
        dot = " - " if self._ascii else " · "
        facts = [
            ", ".join(counts) or "nothing was run",
            plural(self._steps, "step"),
            f"{plural(self._checks, 'check')} passed",
            seconds_text(result.duration),
        ]
        if open_ended:
            facts.insert(0, f"{plural(open_ended, 'logout')} failed")
        if result.interrupted_by:
            facts.insert(0, f"interrupted by signal {result.interrupted_by}")
        self._write()
        self._write(dot.join(facts), colour="green" if ok else "red", bold=True)
        self.stream.flush()


_WORDS = (
    ("passed", Verdict.PASSED),
    ("failed", Verdict.FAILED),
    ("with errors", Verdict.ERROR),
    ("skipped", Verdict.SKIPPED),
)


def _short(check: object) -> str:
    lines = list(check_lines(check))  # type: ignore[arg-type]  # a Check
    return " ".join(" ".join(lines).split())


def _step_line(step: StepResult) -> str:
    turn = f" [{step.turn}]" if step.turn >= 0 else ""
    request = f"{step.method} {one_line(step.url, 100)}"
    unnamed = bool(step.method) and step.name.startswith(f"{step.method} ")
    purpose = f"{one_line(step.purpose)}: " if step.purpose else ""
    parts = [f"{purpose}{request if unnamed else one_line(step.name)}{turn}"]
    if step.method and not unnamed:
        parts.append(request)
    if step.status:
        parts.append(str(step.status))
    if step.verdict is Verdict.SKIPPED:
        parts.append(f"skipped: {one_line(step.reason, 200)}")
    else:
        parts.append(seconds_text(step.duration))
    if len(step.tries) > 1:
        parts.append(plural(len(step.tries), "try"))
    if step.method and not step.judged and not step.purpose and step.verdict is Verdict.PASSED:
        parts.append("nothing expected")
    return "  ".join(parts)


def _first_place(workflow: WorkflowResult) -> str:
    if workflow.error and workflow.error.where:
        return str(workflow.error.where)
    for step in workflow.steps:
        if step.verdict in _BAD:
            places = [check.where for check in step.last.checks if check.where and not check.passed] + [
                error.where for error in step.last.errors
            ]
            where = next((place for place in places if place), step.where)
            return f"{one_line(step.name)}  {where}" if where else one_line(step.name)
    return workflow.file
