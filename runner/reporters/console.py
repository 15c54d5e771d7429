"""The console report: a line for each step, the details of each failure, and a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import IO

from ..model.events import (
    Event,
    SessionFinished,
    StepFinished,
    SuiteFinished,
    SuiteStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from ..model.results import AttemptResult, Failure, Result, SessionResult, StepResult, Verdict, WorkflowResult
from ..model.wording import plural, seconds_text
from .curl import curl_command
from .failures import (
    StyledLine,
    error_lines,
    exchange_lines,
    failing,
    failure_lines,
    first_problem,
    is_shown_by_a_step,
    place_of,
)
from .latency import Latency
from .text import can_write, one_line, safe, step_words

_MARKS = {
    Verdict.PASSED: ("✓", "ok"),
    Verdict.FAILED: ("✗", "FAIL"),
    Verdict.ERROR: ("!", "ERR"),
    Verdict.SKIPPED: ("-", "-"),
}
_ANSI = {"red": 31, "green": 32, "yellow": 33, "cyan": 36}
_COLOURS = {Verdict.PASSED: "green", Verdict.FAILED: "red", Verdict.ERROR: "red", Verdict.SKIPPED: "yellow"}


class Console:
    """Writes to a terminal or a log.

    Args:
        stream: Where to write.
        colour: Use colours.
        verbosity: -1 failures and the summary, 0 a line for each step, 1 headers too, 2 bodies too.
        curl: With each failed step, print the curl commands that send its requests.
        slowest: How many step names the summary shows with their durations, the slowest first.
    """

    def __init__(
        self, stream: IO[str], *, colour: bool = False, verbosity: int = 0, curl: bool = False, slowest: int = 0
    ) -> None:
        self.stream = stream
        self.colour = colour
        self.verbosity = verbosity
        self.curl = curl
        self.slowest = slowest
        self._latency = Latency()
        self._pending: WorkflowStarted | None = None
        self._ascii = not can_write(stream, "✓│…")
        self._blank = False
        self._steps = 0
        self._checks = 0

    def handle(self, event: Event, /) -> None:
        """Take one event. Raises OSError where the stream is closed."""
        match event:
            case SuiteStarted(seed=seed, shuffled=True):
                self._write(f"in a random order (--shuffle --seed {seed})", dim=True)
            case WorkflowStarted():
                self._pending = event
            case StepFinished():
                self._step(event)
            case WorkflowFinished(result):
                self._workflow(result)
            case SessionFinished(result):
                self._session(result)
            case SuiteFinished(result):
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
            text = _styled(text, colour, bold=bold, dim=dim)
        self.stream.write(f"{text}\n")

    def _title(self) -> None:
        """Write the name of the workflow, once, before its first line."""
        if self._pending is not None:
            label = f" {self._pending.label}" if self._pending.label else ""
            self._write(f"{one_line(self._pending.name + label)}  ({one_line(self._pending.file, 300)})", bold=True)
            self._pending = None

    def _step(self, event: StepFinished) -> None:
        step = event.step
        self._steps += not event.depth
        self._checks += step.passed_checks
        if self.slowest and not event.depth:
            self._latency.add(step)
        if self.verbosity < 0 and not step.verdict.is_bad:
            return
        self._title()
        indent = "  " * (event.depth + 1)
        self._write(
            f"{indent}{self._mark(step.verdict)} {step_words(step)}",
            colour="" if step.verdict is Verdict.PASSED else _COLOURS[step.verdict],
        )
        for warning in step.warnings:
            self._write(f"{indent}  warning: {warning}", colour="yellow")
        self._retries(step, f"{indent}  ")
        if step.verdict.is_bad:
            self._failure(step, f"{indent}    ")
        elif self.verbosity > 0:
            for attempt in step.attempts:
                self._exchanges(attempt, f"{indent}    ")
        self.stream.flush()

    def _mark(self, verdict: Verdict) -> str:
        return _MARKS[verdict][1 if self._ascii else 0]

    def _retries(self, step: StepResult, indent: str) -> None:
        """Write a line for each earlier attempt."""
        for number, attempt in enumerate(step.attempts[:-1], 1):
            reason = first_problem(attempt) or "; ".join(attempt.notes)
            self._write(f"{indent}attempt {number} of {len(step.attempts)}: {one_line(reason, 160)}", dim=True)

    def _failure(self, step: StepResult, indent: str) -> None:
        self._write()
        self._styled(failure_lines(step.last), indent)
        self._write()
        if self.curl and not step.last.steps:
            for exchange in step.last.exchanges:
                self._styled((("", safe(line)) for line in curl_command(exchange).splitlines()), indent)
                self._write()

    def show_error(self, error: Failure, indent: str) -> None:
        """Write an error with its place and its hint."""
        self._styled(error_lines(error), indent)

    def _styled(self, lines: Iterable[StyledLine], indent: str) -> None:
        for style, line in lines:
            if self._ascii and line.startswith("→"):
                line = f"->{line[1:]}"  # noqa: PLW2901  # the only sign with an ASCII form of its own
            self._write(f"{indent}{line}".rstrip(), colour="cyan" if style == "place" else "", dim=style == "dim")

    def _exchanges(self, attempt: AttemptResult, indent: str) -> None:
        for exchange in attempt.exchanges:
            full = self.verbosity > 1
            self._styled(exchange_lines(exchange, body=full, full=full), indent)

    def _workflow(self, result: WorkflowResult) -> None:
        if result.error is not None and not is_shown_by_a_step(result):
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
        """Write a line for each session: how often its token was fetched, and how many runs used it."""
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

    def _slowest(self) -> None:
        rows = self._latency.rows(self.slowest)
        if not rows:
            return
        self._write()
        self._write(f"{'count':>7} {'p50':>10} {'p95':>10} {'p99':>10} {'slowest':>10}  step", dim=True)
        for row in rows:
            times = " ".join(f"{seconds_text(value):>10}" for value in (row.p50, row.p95, row.p99, row.slowest))
            self._write(f"{row.count:>7} {times}  {one_line(row.name)}")

    def _summary(self, result: Result) -> None:
        bad = [workflow for workflow in result.workflows if workflow.verdict.is_bad]
        if len(result.workflows) > 1 and bad:
            self._write()
            for workflow in bad:
                self._write(
                    f"{self._mark(workflow.verdict)} {one_line(workflow.full_name)}  {_first_place(workflow)}",
                    colour="red",
                )
        self._slowest()
        counts = [f"{plural(count, 'workflow')} {word}" for word, verdict in _WORDS if (count := result.count(verdict))]
        open_ended = sum(
            session.verdict.is_bad and (not session.steps or session.steps[-1].purpose == "logout")
            for session in result.sessions
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


def _first_place(workflow: WorkflowResult) -> str:
    if workflow.error and workflow.error.where:
        return str(workflow.error.where)
    step = failing(workflow.steps)
    if step is None:
        return workflow.file
    where = place_of(step.last) or step.where
    return f"{one_line(step.name)}  {where}" if where else one_line(step.name)


def _styled(text: str, colour: str, *, bold: bool, dim: bool) -> str:
    """A text in a colour, with the escape sequences of ECMA-48 (§8.3.117)."""
    codes = [*([_ANSI[colour]] if colour else []), *([1] if bold else []), *([2] if dim else [])]
    return "".join(f"\x1b[{code}m" for code in codes) + f"{text}\x1b[0m"
