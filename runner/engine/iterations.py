"""The name of a step, the values of its `for_each`, and the interrupt of a step with its result. Sends nothing."""

from __future__ import annotations

from ..model.errors import Interrupted, StepError
from ..model.json_types import JSON
from ..model.kinds import Variables
from ..model.results import StepResult
from ..model.wording import cut, json_text, json_type
from ..plan.plan import StepPlan
from .frame import Frame


class StepInterrupted(BaseException):
    """An interrupt came while a step ran: carries the step's result and the names that it provided before."""

    def __init__(self, result: StepResult, provided: dict[str, JSON], cause: Interrupted) -> None:
        super().__init__(cause.reason)
        self.result = result
        self.provided = provided
        self.cause = cause


def step_name(step: StepPlan, names: Variables) -> str:
    """The step's name; the text as written if its template has no value yet."""
    try:
        return str(step.name.render(names))
    except StepError:
        return step.written_name


def iterations_of(step: StepPlan, frame: Frame, names: Variables) -> list[JSON]:
    """The values of a `for_each`.

    Raises:
        StepError: it is not a list, or it is empty and `allow_empty` is not set.
    """
    assert step.for_each is not None
    path = (*step.path, "for_each")
    try:
        values = step.for_each.render(names)
    except StepError as error:
        raise error.at(frame.plan.file, path) from None
    if not isinstance(values, list):
        hint = "`{{ map | dictsort }}` makes a list of a map" if isinstance(values, dict) else ""
        shown = cut(json_text(values), 80)
        raise StepError(f"`for_each` needs a list, not {shown} ({json_type(values)})", "template", hint=hint).at(
            frame.plan.file, path
        )
    if not values and not step.allow_empty:
        hint = "nothing would be checked; if this is intended, write `allow_empty: true`"
        raise StepError("`for_each` was given an empty list", "template", hint=hint).at(frame.plan.file, path)
    return values
