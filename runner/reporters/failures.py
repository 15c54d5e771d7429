"""Why a step did not pass, as lines for people, each with its style. The same text wherever somebody reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from ..model.codes import code_of
from ..model.exchange import Exchange, Response
from ..model.results import AttemptResult, Check, Failure, StepResult, Where, WorkflowResult
from .text import check_lines, excerpt, flat, one_line, request_lines, response_lines, safe, step_title

Style = Literal["", "place", "dim"]
StyledLine = tuple[Style, str]


def failure_lines(one: AttemptResult, *, whole: bool = False) -> Iterator[StyledLine]:
    """What went wrong in a try, and with it what was sent and what came (bodies `whole`, or as much as says why)."""
    for number, part in enumerate(_parts(one, whole=whole)):
        if number:
            yield "", ""
        yield from part


def _parts(one: AttemptResult, *, whole: bool) -> Iterator[Iterator[StyledLine]]:
    for check in one.checks:
        if not check.passed:
            yield _check(check)
    for error in one.errors:
        yield error_lines(error)
    if one.notes:
        yield (("", one_line(note, 1000)) for note in one.notes)
    if one.exchanges and not one.steps:
        yield (line for exchange in one.exchanges for line in exchange_lines(exchange, body=True, whole=whole))


def _check(check: Check) -> Iterator[StyledLine]:
    yield from _place(check.where, code_of(check))
    yield from (("", flat(line)) for line in check_lines(check))


def _place(where: Where | None, code: str) -> Iterator[StyledLine]:
    yield "place", f"{one_line(str(where), 1000)}  {code}" if where else code
    if where is not None:
        yield from (("dim", line) for line in excerpt(where))


def error_lines(error: Failure) -> Iterator[StyledLine]:
    """Why something could not be done, with its place and what to do."""
    yield from _place(error.where, code_of(error))
    # only our own words have lines; what a server sent must not begin one, for a CI log would obey it
    lines = map(safe, error.message.splitlines()) if error.kind == "bug" else [flat(error.message)]
    yield from (("", line) for line in lines)
    if error.hint:
        yield "", f"→ {one_line(error.hint, 400)}"


def exchange_lines(exchange: Exchange, *, body: bool, whole: bool = False) -> Iterator[StyledLine]:
    """What was sent and what came."""
    outcome = exchange.outcome
    yield from (("dim", f"> {safe(line)}") for line in request_lines(exchange.request, outcome.sent, body=body))
    if isinstance(outcome, Response):
        yield from (("dim", f"< {safe(line)}") for line in response_lines(outcome, body=body, whole=whole))
    else:
        yield "dim", f"< {outcome.kind} ({outcome.phase}): {flat(outcome.message)}"
    if exchange.note:
        yield "dim", f"  {flat(exchange.note)}"


def failing(steps: tuple[StepResult, ...]) -> StepResult | None:
    """The step that decided, the innermost where it is an included one; of the steps before those of the cleanup."""
    for step in sorted(steps, key=lambda step: step.cleanup):
        if step.verdict.is_bad:
            return failing(step.last.steps) or step
    return None


def problems(one: AttemptResult) -> list[Check | Failure]:
    """What went wrong in a try: expectations that did not hold, then errors."""
    return [*(check for check in one.checks if not check.passed), *one.errors]


def why(one: AttemptResult) -> str:
    """What went wrong first, on one line; "" where nothing did."""
    for problem in problems(one):
        text = problem.message if isinstance(problem, Failure) else " ".join(check_lines(problem))
        return one_line(" ".join(text.split()), 300)
    return ""


def place_of(one: AttemptResult) -> Where | None:
    """Where the reader should look first."""
    return next((problem.where for problem in problems(one) if problem.where), None)


class FailureReason(NamedTuple):
    """Why a run or a step did not pass.

    Attributes:
        title: What went wrong: a step's title, or `the workflow`.
        text: Why, on one line.
        code: Of what went wrong first.
        where: Where to look first.
        lines: All of it.
    """

    title: str
    text: str
    code: str
    where: Where | None
    lines: tuple[str, ...]


def reason_of(step: StepResult) -> FailureReason:
    """Why a step did not pass; of an include, the step inside it."""
    inside = failing((step,)) or step
    found = problems(inside.last)
    code = code_of(found[0]) if found else ""
    where = place_of(inside.last) or inside.where
    return FailureReason(
        step_title(inside), why(inside.last), code, where, tuple(line for _, line in failure_lines(inside.last))
    )


def reason_of_run(result: WorkflowResult) -> FailureReason:
    """Why a run did not pass: a step of it, else what stopped it outside its steps."""
    step = failing(result.steps)
    if step is not None:
        return reason_of(step)
    error = result.error or Failure("bug", f"it is {result.verdict.value}, and nothing says why")
    lines = tuple(line for _, line in error_lines(error))
    return FailureReason("the workflow", one_line(error.message, 300), code_of(error), error.where, lines)


def is_shown_by_a_step(result: WorkflowResult) -> bool:
    """The error of the workflow itself was told by one of its steps already."""
    told = {error.message for step in result.steps for error in step.last.errors}
    return result.error is None or result.error.message in told
