"""Rules about variables: where they are defined and used, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..model.wording import listed
from ..plan.plan import IncludePlan, SetPlan, StepPlan
from ..selectors.json_path import Definite
from .rule import Remark
from .subject import Subject


def _written(subject: Subject) -> set[str]:
    """The variables that the file itself defines before the first step."""
    plan = subject.plan
    return (
        set(plan.inputs) | {each.name for each in plan.variables} | {name for row in plan.rows for name in row.values}
    )


def _from_outside(subject: Subject) -> set[str]:
    return _written(subject) | set(subject.plan.environment_names) | set(subject.plan.accepts)


def used_too_early(subject: Subject) -> Iterator[Remark]:
    """A step uses a variable that only a later step defines."""
    known = _from_outside(subject)
    for index, step in enumerate(subject.plan.steps):
        later = {name: each for each in reversed(subject.plan.steps[index:]) for name in each.provides}
        for name in sorted(step.needs - known):
            if name in later:
                definer = later[name]
                which = "this step" if definer is step else f"only the later step '{definer.written_name}'"
                path = subject.use_of(name, step.path)
                yield Remark(
                    path,
                    f"`{name}` is used before it has a value: {which} defines it",
                    "move that step before this one",
                )
        known |= step.provides


def defined_in_a_branch(subject: Subject) -> Iterator[Remark]:
    """A step uses a variable that only a step with an `if` defines."""
    always = _from_outside(subject)
    sometimes: dict[str, StepPlan] = {}
    for step in subject.plan.steps:
        for name in sorted(step.needs - always):
            definer = sometimes.get(name)
            if definer is not None and not _same_condition(definer, step):
                message = f"`{name}` has a value only if the `if` of '{definer.written_name}' is true"
                hint = "add the same `if` to this step, or define a default under `vars`"
                yield Remark(subject.use_of(name, step.path), message, hint)
        if step.condition is None:
            always |= step.provides
        else:
            sometimes |= dict.fromkeys(step.provides - always, step)


def _same_condition(one: StepPlan, other: StepPlan) -> bool:
    return one.condition is not None and other.condition is not None and one.condition.text == other.condition.text


def never_used(subject: Subject) -> Iterator[Remark]:
    """A variable is extracted or set, and never used."""
    used = {name for names, _ in subject.plan.uses for name in names} | set(subject.plan.secrets)
    for step in subject.steps:
        for name, path in _definitions(step):
            if name not in used and not name.startswith("_"):
                hint = "remove it, check the value under `expect`, or begin the name with _"
                yield Remark(path, f"`{name}` is never used", hint, on_key=True)


def _definitions(step: StepPlan) -> Iterator[tuple[str, Any]]:
    for extract in step.extracts:
        yield extract.name, extract.path
    if isinstance(step.action, SetPlan):
        for named in step.action.values:
            yield named.name, named.path


def shadowed(subject: Subject) -> Iterator[Remark]:
    """A step hides a variable of the file, or overwrites one that was not used yet."""
    outside = _written(subject)
    waiting: dict[str, StepPlan] = {}
    for step in subject.plan.steps:
        own = {name for names, path in subject.plan.uses if path[:2] == step.path[:2] for name in names}
        for name in own:
            waiting.pop(name, None)
        for name, path in _definitions(step):
            if name in own:
                continue  # a new value made from the old one
            if name in outside:
                hint = "choose another name"
                yield Remark(
                    path, f"`{name}` hides the variable of the same name that the file defines", hint, on_key=True
                )
            elif name in waiting and waiting[name].condition is None and step.condition is None:
                message = f"`{name}` overwrites the value of '{waiting[name].written_name}', which was never used"
                yield Remark(path, message, "remove one of them, or choose another name", on_key=True)
            waiting[name] = step
        if step.for_each is not None and step.as_name in outside:
            message = f"the loop variable `{step.as_name}` hides the variable of the same name that the file defines"
            yield Remark((*step.path, "for_each"), message, "choose another name with `as`", on_key=True)


def loop_over_one(subject: Subject) -> Iterator[Remark]:
    """`for_each` has one value instead of a list."""
    given = {name for step in subject.steps for name in step.provides}
    literal = {
        each.name: each.value for each in subject.plan.variables if each.value.literal and each.name not in given
    }
    for step in subject.steps:
        value = step.for_each
        if value is None:
            continue
        names = sorted(value.names)
        direct = (
            str(subject.data[step.path[0]][step.path[1]].get("for_each", "")).strip() if len(step.path) == 2 else ""
        )
        if len(names) == 1 and names[0] in literal and direct.strip("{} ") == names[0]:
            value = literal[names[0]]
        if value.literal and not isinstance(value.render({}), (list, dict)):
            yield Remark(
                (*step.path, "for_each"), "`for_each` needs a list, but this is a single value", "write a list: [a, b]"
            )


def unknown_output(subject: Subject) -> Iterator[Remark]:
    """A step extracts a variable that the included file does not provide."""
    for step in subject.steps:
        if not isinstance(step.action, IncludePlan):
            continue
        given = {each.name for each in step.action.plan.outputs}
        for pick in (*(each.pick for each in step.extracts), *(each.pick for each in step.expectations)):
            path = pick.selector.path if isinstance(pick.selector, Definite) else ()
            if path and path[0] not in given:
                hint = f"its outputs: {listed(given)}" if given else f"add it there: outputs: {{{path[0]}: …}}"
                yield Remark(pick.path, f"{step.action.plan.file} has no output `{path[0]}`", hint)
