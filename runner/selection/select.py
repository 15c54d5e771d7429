"""Selects the runs to perform: by tag, name, step, shard, earlier failure, change. Reads no file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from random import Random

import msgspec

from ..execution.schedule import Run, runs_of
from ..model.errors import DocumentPath, Place, RunflowError
from ..model.wording import did_you_mean, listed
from ..plan.plan import Plan, Row
from .dependencies import in_order
from .expression import ExpressionError, SelectionExpression, parse_expression
from .shards import shard


class Target(msgspec.Struct, frozen=True):
    """What a path of the command line means: a file or folder, or a file up to a step.

    Attributes:
        path: The file or folder.
        step: The name of the step, or None.
        line: The line of the step, counted from 1, or None.
    """

    path: Path
    step: str | None = None
    line: int | None = None

    @property
    def is_entire(self) -> bool:
        """Whether it names no step and no line."""
        return self.step is None and self.line is None


def parse_path(text: str) -> Target:
    """Read `flow.yaml`, `flow.yaml::log in` or `flow.yaml:12`. Where a file has the entire text as its name, it is meant.

    Raises:
        RunflowError: the text is empty.
    """
    if not text:
        raise RunflowError(
            "a path is empty", hint="check that the shell variable is set; `.` means the working directory"
        )
    if Path(text).exists():
        return Target(Path(text))
    file, colons, step = text.partition("::")
    if file and colons and step:
        return Target(Path(file), step=step)
    found = re.fullmatch(r"(.+):([0-9]+)", text)
    return Target(Path(found[1]), line=int(found[2])) if found else Target(Path(text))


class Selection(msgspec.Struct, frozen=True):
    """Which runs to select.

    Attributes:
        tag: Matches the tags of workflows to run.
        skip_tag: Matches the tags of workflows and steps to leave out.
        name: Matches names with their cases, and files.
        failed: Keys of the runs that failed the last time, to select only these; or None.
        changed: Files that changed, to select only workflows that use one of them; or None.
        shard: The number of the shard, from 1, and how many there are; or None.
        durations: How many seconds runs took, by their keys.
        repeat: How many times to perform each run.
        shuffle: Seed of a random order, or None for the order in which workflows were found.
    """

    tag: SelectionExpression | None = None
    skip_tag: SelectionExpression | None = None
    name: SelectionExpression | None = None
    failed: frozenset[str] | None = None
    changed: frozenset[Path] | None = None
    shard: tuple[int, int] | None = None
    durations: Mapping[str, float] = {}
    repeat: int = 1
    shuffle: int | None = None


def parse_selection_option(option: str, text: str | None) -> SelectionExpression | None:
    """Parse the expression of an option.

    Raises:
        RunflowError: the text is not a valid expression.
    """
    if text is None:
        return None
    try:
        return parse_expression(text)
    except ExpressionError as error:
        hint = "write tags or words, joined by and, or, not, brackets and commas (a comma means or)"
        raise RunflowError(f"{option} {text!r}: {error}", hint=hint) from None


def selected(
    plans: Sequence[Plan], selection: Selection, needed: Callable[[Sequence[Plan]], Sequence[Plan]]
) -> list[Run]:
    """Select runs, and put those that they need before them.

    Args:
        plans: The workflows that the paths name.
        selection: Which of their runs to select.
        needed: Returns the workflows that some need, directly or not: all their runs are selected.

    Raises:
        WorkflowError: workflows need each other in a circle.
    """
    chosen = [run for run in runs_of(_tagged(plan, selection.skip_tag) for plan in plans) if _wanted(run, selection)]
    kept = {(run.plan.path, run.row.label) for run in chosen}
    found = {run.plan.path: run.plan for run in chosen}
    entire = {plan.path: plan for plan in needed(list(found.values()))}
    every = list((found | entire).values())
    if selection.shuffle is not None:
        Random(selection.shuffle).shuffle(every)  # noqa: S311  # an order, no key
    runs = [
        run for run in runs_of(in_order(every)) if run.plan.path in entire or (run.plan.path, run.row.label) in kept
    ]
    runs = [msgspec.structs.replace(run, number=number) for number, run in enumerate(runs)]
    if selection.shard is not None:
        runs = shard(runs, *selection.shard, selection.durations)
    return [each for run in runs for each in _repeated(run, selection.repeat)]


def _wanted(run: Run, selection: Selection) -> bool:
    plan = run.plan
    tags = frozenset(plan.tags)
    if selection.tag is not None and not selection.tag(tags.__contains__):
        return False
    if selection.skip_tag is not None and selection.skip_tag(tags.__contains__):
        return False
    if selection.name is not None:
        text = f"{plan.name} {run.row.label} {plan.file}".lower()
        if not selection.name(lambda word: word.lower() in text):
            return False
    if selection.changed is not None and not plan.files & selection.changed:
        return False
    return selection.failed is None or run.key in selection.failed


def _tagged(plan: Plan, skip_tag: SelectionExpression | None) -> Plan:
    """The workflow without the steps that `--skip-tag` leaves out."""
    if skip_tag is None:
        return plan
    unwanted = [step.path for step in (*plan.steps, *plan.cleanup) if step.tags and skip_tag(step.tags.__contains__)]
    if not unwanted:
        return plan
    return _without(plan, dict.fromkeys(unwanted, "its tags are left out (--skip-tag)"))


def _without(plan: Plan, left_out: dict[DocumentPath, str]) -> Plan:
    """The workflow without some steps, and without the outputs that only they define."""
    left = plan.left_out | left_out
    every = (*plan.steps, *plan.cleanup)
    undefined = {name for step in every if step.path in left for name in step.provides}
    undefined -= {name for step in every if step.path not in left for name in step.provides}
    outputs = tuple(each for each in plan.outputs if not each.value.names & undefined)
    return msgspec.structs.replace(plan, left_out=left, outputs=outputs)


def _repeated(run: Run, times: int) -> Iterable[Run]:
    if times == 1:
        yield run
        return
    for number in range(1, times + 1):
        label = f"{run.row.label} #{number}".strip()
        yield Run(run.plan, Row(run.row.values, label, run.row.case), run.key, run.number * times + number - 1)


def up_to_step(plan: Plan, targets: Sequence[Target]) -> Plan:
    """The workflow up to the last of some steps; a line outside its steps means the entire workflow.

    Raises:
        RunflowError: the file has no such step or line.
    """
    ends: list[int] = []
    for each in targets:
        index = _named(plan, each.step or "") if each.line is None else _at_line(plan, each.line)
        if index is None:
            return plan
        ends.append(index + 1)
    after = dict.fromkeys((step.path for step in plan.steps[max(ends) :]), "it comes after the step that was selected")
    return _without(plan, after)


def _named(plan: Plan, name: str) -> int | None:
    names = [step.written_name for step in plan.steps]
    if name in names:
        return len(names) - 1 - names[::-1].index(name)
    if name in [step.written_name for step in plan.cleanup]:
        return None  # the cleanup runs after everything else
    near = did_you_mean(name, names) or f"its steps: {listed(names)}"
    raise RunflowError(f"{plan.file} has no step {name!r}", hint=near)


def _at_line(plan: Plan, line: int) -> int | None:
    count = len(plan.source.text.splitlines())
    if not 1 <= line <= count:
        raise RunflowError(f"{plan.file} has no line {line}", hint=f"its last line is {count}")

    def begins(path: tuple[str | int, ...]) -> int:
        return plan.source.where(Place(plan.file, path)).line

    starts = [begins(step.path) for step in plan.steps]
    first_cleanup = begins(plan.cleanup[0].path) if plan.cleanup else count + 1
    if line < starts[0] or (first_cleanup > starts[0] and line >= first_cleanup - 1):
        return None
    return max(index for index, start in enumerate(starts) if start <= line)
