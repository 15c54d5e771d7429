"""Rules about the flow of values: who gives a name, who takes it, and when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..model.wording import listed
from ..plan.plan import IncludePlan, SetPlan, StepPlan
from ..selectors.json_path import Definite
from .rule import Remark
from .subject import Subject


def _written(subject: Subject) -> set[str]:
    """Names to which the file itself gives a value before the first step."""
    plan = subject.plan
    return (
        set(plan.inputs) | {each.name for each in plan.variables} | {name for row in plan.rows for name in row.values}
    )


def _from_outside(subject: Subject) -> set[str]:
    return _written(subject) | set(subject.plan.environment_names) | set(subject.plan.accepts)


def used_too_early(subject: Subject) -> Iterator[Remark]:
    """A step needs a name that only a later one gives."""
    known = _from_outside(subject)
    for index, step in enumerate(subject.plan.steps):
        later = {name: each for each in reversed(subject.plan.steps[index:]) for name in each.provides}
        for name in sorted(step.needs - known):
            if name in later:
                giver = later[name]
                which = "this step itself" if giver is step else f"only the later step '{giver.written_name}'"
                path = subject.use_of(name, step.path)
                yield Remark(path, f"`{name}` is used before it has a value: {which} gives it", "change their order")
        known |= step.provides


def given_by_a_branch(subject: Subject) -> Iterator[Remark]:
    """A step needs a name that only a step with an `if` gives."""
    always = _from_outside(subject)
    sometimes: dict[str, StepPlan] = {}
    for step in subject.plan.steps:
        for name in sorted(step.needs - always):
            giver = sometimes.get(name)
            if giver is not None and not _same_condition(giver, step):
                message = f"`{name}` has a value only where the `if` of '{giver.written_name}' holds"
                hint = "give this step the same `if`, or the name a value under `vars`"
                yield Remark(subject.use_of(name, step.path), message, hint)
        if step.condition is None:
            always |= step.provides
        else:
            sometimes |= dict.fromkeys(step.provides - always, step)


def _same_condition(one: StepPlan, other: StepPlan) -> bool:
    return one.condition is not None and other.condition is not None and one.condition.text == other.condition.text


def never_used(subject: Subject) -> Iterator[Remark]:
    """A name is extracted or set, and nothing takes it."""
    used = {name for names, _ in subject.plan.uses for name in names} | set(subject.plan.secrets)
    for step in subject.steps:
        for name, path in _givers(step):
            if name not in used and not name.startswith("_"):
                hint = "remove it, or check it under `expect`; a name that begins with _ is not reported"
                yield Remark(path, f"`{name}` is never used", hint, on_key=True)


def _givers(step: StepPlan) -> Iterator[tuple[str, Any]]:
    for extract in step.extracts:
        yield extract.name, extract.path
    if isinstance(step.action, SetPlan):
        for named in step.action.values:
            yield named.name, named.path


def shadowed(subject: Subject) -> Iterator[Remark]:
    """A step gives a name another value than the file did, or overwrites one that nobody has used yet."""
    outside = _written(subject)
    waiting: dict[str, StepPlan] = {}
    for step in subject.plan.steps:
        own = {name for names, path in subject.plan.uses if path[:2] == step.path[:2] for name in names}
        for name in own:
            waiting.pop(name, None)
        for name, path in _givers(step):
            if name in own:
                continue  # it counts on
            if name in outside:
                hint = "choose another name, or whoever reads on must know which of the two is meant"
                yield Remark(path, f"`{name}` hides the value that the file gives it", hint, on_key=True)
            elif name in waiting and waiting[name].condition is None and step.condition is None:
                message = f"`{name}` overwrites the value of '{waiting[name].written_name}', which nothing used"
                yield Remark(path, message, "remove one of them, or choose another name", on_key=True)
            waiting[name] = step
        if step.for_each is not None and step.as_name in outside:
            message = f"the loop's `{step.as_name}` hides the value that the file gives it"
            yield Remark((*step.path, "for_each"), message, "choose another name with `as`", on_key=True)


def loop_over_one(subject: Subject) -> Iterator[Remark]:
    """`for_each` has one value where a list belongs."""
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
                (*step.path, "for_each"), "`for_each` goes over a list, and this is one value", "write a list: [a, b]"
            )


def unknown_output(subject: Subject) -> Iterator[Remark]:
    """A step asks an included file for what that does not give."""
    for step in subject.steps:
        if not isinstance(step.action, IncludePlan):
            continue
        given = {each.name for each in step.action.plan.outputs}
        for pick in (*(each.pick for each in step.extracts), *(each.pick for each in step.expectations)):
            path = pick.selector.path if isinstance(pick.selector, Definite) else ()
            if path and path[0] not in given:
                hint = f"its `outputs`: {listed(given)}" if given else "it has no `outputs`"
                yield Remark(pick.path, f"{step.action.plan.file} gives no `{path[0]}`", hint)
