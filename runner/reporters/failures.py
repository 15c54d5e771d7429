"""Explains why a step did not pass, as lines of text with their styles. All reports show the same text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from ..model.codes import code_of
from ..model.exchange import Exchange, Response
from ..model.results import AttemptResult, Check, Failure, StepResult, Where, WorkflowResult
from .text import check_lines, excerpt, flat, one_line, request_lines, response_lines, safe, step_title

Style = Literal["", "place", "dim"]
StyledLine = tuple[Style, str]


def failure_lines(attempt: AttemptResult, *, full: bool = False) -> Iterator[StyledLine]:
    """The problems of an attempt, then its requests and responses. Long bodies are cut unless `full`."""
    for number, part in enumerate(_parts(attempt, full=full)):
        if number:
            yield "", ""
        yield from part


def _parts(attempt: AttemptResult, *, full: bool) -> Iterator[Iterator[StyledLine]]:
    for check in attempt.checks:
        if not check.passed:
            yield _check(check)
    for error in attempt.errors:
        yield error_lines(error)
    if attempt.notes:
        yield (("", one_line(note, 1000)) for note in attempt.notes)
    if attempt.exchanges and not attempt.steps:
        yield (line for exchange in attempt.exchanges for line in exchange_lines(exchange, body=True, full=full))


def _check(check: Check) -> Iterator[StyledLine]:
    yield from _place(check.where, code_of(check))
    yield from (("", flat(line)) for line in check_lines(check))


def _place(where: Where | None, code: str) -> Iterator[StyledLine]:
    yield "place", f"{one_line(str(where), 1000)}  {code}" if where else code
    if where is not None:
        yield from (("dim", line) for line in excerpt(where))


def error_lines(error: Failure) -> Iterator[StyledLine]:
    """An error with its place and its hint."""
    yield from _place(error.where, code_of(error))
    # only our own texts may have several lines: a line that a server sent could be a command to a CI log
    lines = map(safe, error.message.splitlines()) if error.kind == "bug" else [flat(error.message)]
    yield from (("", line) for line in lines)
    if error.hint:
        yield "", f"→ {one_line(error.hint, 400)}"


def exchange_lines(exchange: Exchange, *, body: bool, full: bool = False) -> Iterator[StyledLine]:
    """A request and its response, or why there is none."""
    outcome = exchange.outcome
    yield from (("dim", f"> {safe(line)}") for line in request_lines(exchange.request, outcome.sent, body=body))
    if isinstance(outcome, Response):
        yield from (("dim", f"< {safe(line)}") for line in response_lines(outcome, body=body, full=full))
    else:
        yield "dim", f"< {outcome.kind} ({outcome.phase}): {flat(outcome.message)}"
    if exchange.note:
        yield "dim", f"  {flat(exchange.note)}"


def failing(steps: tuple[StepResult, ...]) -> StepResult | None:
    """The first step that is bad, and inside an include the innermost one. Steps of the cleanup come last."""
    for step in sorted(steps, key=lambda step: step.cleanup):
        if step.verdict.is_bad:
            return failing(step.last.steps) or step
    return None


def problems(attempt: AttemptResult) -> list[Check | Failure]:
    """The problems of an attempt: failed checks, then errors."""
    return [*(check for check in attempt.checks if not check.passed), *attempt.errors]


def first_problem(attempt: AttemptResult) -> str:
    """The first problem of an attempt on one line; "" where it has none."""
    for problem in problems(attempt):
        text = problem.message if isinstance(problem, Failure) else " ".join(check_lines(problem))
        return one_line(" ".join(text.split()), 300)
    return ""


def place_of(attempt: AttemptResult) -> Where | None:
    """The place of the first problem that has one."""
    return next((problem.where for problem in problems(attempt) if problem.where), None)


class FailureReason(NamedTuple):
    """Why a run or a step did not pass.

    Attributes:
        title: The title of the step, or `the workflow`.
        text: The first problem, on one line.
        code: The code of the first problem.
        where: The place to look at first.
        lines: The full text.
    """

    title: str
    text: str
    code: str
    where: Where | None
    lines: tuple[str, ...]


def reason_of(step: StepResult) -> FailureReason:
    """Why a step did not pass. For an include, the step inside it."""
    inside = failing((step,)) or step
    found = problems(inside.last)
    code = code_of(found[0]) if found else ""
    where = place_of(inside.last) or inside.where
    return FailureReason(
        step_title(inside),
        first_problem(inside.last),
        code,
        where,
        tuple(line for _, line in failure_lines(inside.last)),
    )


def reason_of_run(result: WorkflowResult) -> FailureReason:
    """Why a run did not pass: one of its steps, else the error that stopped it outside its steps."""
    step = failing(result.steps)
    if step is not None:
        return reason_of(step)
    error = result.error or Failure("bug", f"it is {result.verdict.value}, but has no reason")
    lines = tuple(line for _, line in error_lines(error))
    return FailureReason("the workflow", one_line(error.message, 300), code_of(error), error.where, lines)


def is_shown_by_a_step(result: WorkflowResult) -> bool:
    """Whether a report shows the error of the workflow already, with one of its steps."""
    shown = {error.message for step in result.steps for error in step.last.errors}
    return result.error is None or result.error.message in shown
