"""Files that need others: those others put before them, circles refused. Reads no file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..model.errors import Place, Problem, WorkflowError
from ..plan.plan import Need, Plan


def in_order(plans: Sequence[Plan]) -> list[Plan]:
    """The plans in their order, but each after those that it needs.

    Raises:
        WorkflowError: they need each other in a circle.
    """
    known = {plan.path: plan for plan in plans}
    placed: dict[Path, Plan] = {}
    for plan in plans:
        _place(plan, known, placed)
    return list(placed.values())


def _place(plan: Plan, known: Mapping[Path, Plan], placed: dict[Path, Plan]) -> None:
    """A walk with a stack of its own: a chain of needs may be longer than Python nests calls."""
    way: dict[Path, tuple[Plan, list[Need]]] = {}
    if plan.path not in placed:
        way[plan.path] = (plan, _left(plan, known, placed))
    while way:
        current, left = way[next(reversed(way))]
        if not left:
            placed[current.path] = current
            del way[current.path]
            continue
        need = left.pop()
        if need.path in way:
            files = [each.file for each, _ in list(way.values())[list(way).index(need.path) :]]
            circle = " → ".join([*files, need.file])
            place = Place(current.file, need.place)
            raise WorkflowError(
                [Problem(f"files need each other in a circle: {circle}", place, "take one of them out")]
            )
        if need.path not in placed:
            way[need.path] = (known[need.path], _left(known[need.path], known, placed))


def _left(plan: Plan, known: Mapping[Path, Plan], placed: Mapping[Path, Plan]) -> list[Need]:
    return [need for need in reversed(plan.needs) if need.path in known and need.path not in placed]


def families(plans: Iterable[Plan]) -> dict[Path, Path]:
    """For each file one file that stands for all that are tied to it by needs: they belong on one machine."""
    parents: dict[Path, Path] = {}

    def root(path: Path) -> Path:
        while parents.setdefault(path, path) != path:
            parents[path] = parents[parents[path]]
            path = parents[path]
        return path

    for plan in plans:
        for need in plan.needs:
            one, other = root(plan.path), root(need.path)
            parents[max(one, other)] = min(one, other)
    return {path: root(path) for path in list(parents)}
