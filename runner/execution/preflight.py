"""Checks what the caller provides before the first request: inputs, environment variables, secrets, base URLs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..model.environment import Environment
from ..model.errors import Place, Problem, StepError, WorkflowError
from ..model.wording import did_you_mean, listed
from ..plan.plan import IncludePlan, Plan, RequestPlan
from ..redaction import SHORTEST_SECRET, too_short
from .options import Inputs


def check_before(plans: Iterable[Plan], inputs: Inputs, *, remote: bool = False) -> None:
    """Check what only the caller can get wrong: missing inputs, unset environment variables, secrets that are too short.

    Args:
        plans: The workflows.
        inputs: What the caller provides.
        remote: The runs are performed on other machines, whose environment is not known here.

    Raises:
        WorkflowError: every problem.
    """
    every = list(plans)
    problems: list[Problem] = []
    for plan in every:
        problems += _missing_inputs(plan, inputs)
        problems += () if remote else (*_unset_variables(plan, inputs), *_short_secrets(plan, inputs))
        problems += _relative_urls(plan) if plan.base_url is None else ()
    accepted = frozenset().union(*(plan.accepts for plan in every)) if every else frozenset()
    for name in inputs.variables:
        if every and name not in accepted:
            hint = did_you_mean(name, accepted) or (
                f"their `inputs` and `vars`: {listed(accepted)}" if accepted else "none of them has `inputs` or `vars`"
            )
            problems.append(
                Problem(f"the variable `{name}` is set, but no workflow has it under `inputs` or `vars`", None, hint)
            )
    if problems:
        raise WorkflowError(list(dict.fromkeys(problems)))


def _missing_inputs(plan: Plan, inputs: Inputs) -> Iterable[Problem]:
    columns = frozenset(plan.rows[0].values) if plan.rows else frozenset()
    for name in sorted(plan.inputs - inputs.variables.keys() - plan.environment_names.keys() - columns):
        place = Place(plan.file, ("inputs",))
        yield Problem(f"the input `{name}` has no value", place, f"set it: --var {name}=…")


def _unset_variables(plan: Plan, inputs: Inputs) -> Iterable[Problem]:
    computed = {named.path for named in plan.variables if named.name in inputs.variables}
    for name, file, path in plan.env:
        if path[:2] in computed:
            continue
        try:
            value = inputs.environment.get(name)
        except StepError as error:
            yield Problem(error.message, Place(file, path), error.hint)
            continue
        if value is None:
            near = did_you_mean(name, inputs.environment, 0.8)
            hint = f"export {name}=…, or add it to a file for --env-file" + (f"; {near}" if near else "")
            yield Problem(f"the environment variable {name} is not set", Place(file, path), hint)


def _relative_urls(plan: Plan) -> Iterable[Problem]:
    """Relative URLs without a `base_url`, in the file, its sessions and the files that it includes."""
    own = (step for session in plan.sessions for step in session.steps)
    for step in (*own, *plan.steps, *plan.cleanup):
        match step.action:
            case RequestPlan(url=url, url_path=path) if url.literal and str(url.render({})).startswith(("/", "?")):
                hint = "set `base_url` at the top, or write the whole URL"
                yield Problem(f"the URL is relative and {plan.file} has no base_url", Place(plan.file, path), hint)
            case IncludePlan(plan=included) if included.base_url is None:
                yield from _relative_urls(included)


def _short_secrets(plan: Plan, inputs: Inputs) -> Iterable[Problem]:
    known: dict[str, Any] = {**inputs.environment, **plan.environment_names, **inputs.variables}
    places = {name: Place(plan.file, ("secrets", index)) for index, name in enumerate(plan.secrets)}
    if isinstance(inputs.environment, Environment):
        places |= {name: Place(file, path) for name, file, path in plan.env if name in inputs.environment.found}
    for name, place in places.items():
        if name in known and too_short(known[name]):
            message = f"the secret {name} has fewer than {SHORTEST_SECRET} characters, too few to be masked safely"
            yield Problem(message, place, "use a longer secret, or do not declare it as one")
