"""Orders workflows so that each comes after those that it needs, and refuses circular needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..model.errors import Place, Problem, WorkflowError
from ..plan.plan import Need, Plan


def in_order(plans: Sequence[Plan]) -> list[Plan]:
    """Order plans: as given, but each after those that it needs.

    Raises:
        WorkflowError: workflows need each other in a circle.
    """
    known = {plan.path: plan for plan in plans}
    placed: dict[Path, Plan] = {}
    for plan in plans:
        _place(plan, known, placed)
    return list(placed.values())


def _place(plan: Plan, known: Mapping[Path, Plan], placed: dict[Path, Plan]) -> None:
    """Place a plan after those that it needs. This uses its own stack: a chain of needs may be longer than Python's call stack."""
    chain: dict[Path, tuple[Plan, list[Need]]] = {}
    if plan.path not in placed:
        chain[plan.path] = (plan, _unplaced(plan, known, placed))
    while chain:
        current, open_needs = chain[next(reversed(chain))]
        if not open_needs:
            placed[current.path] = current
            del chain[current.path]
            continue
        need = open_needs.pop()
        if need.path in chain:
            files = [each.file for each, _ in list(chain.values())[list(chain).index(need.path) :]]
            circle = " → ".join([*files, need.file])
            place = Place(current.file, need.place)
            raise WorkflowError([Problem(f"circular needs: {circle}", place, "delete one of these `needs`")])
        if need.path not in placed:
            chain[need.path] = (known[need.path], _unplaced(known[need.path], known, placed))


def _unplaced(plan: Plan, known: Mapping[Path, Plan], placed: Mapping[Path, Plan]) -> list[Need]:
    return [need for need in reversed(plan.needs) if need.path in known and need.path not in placed]


def families(plans: Iterable[Plan]) -> dict[Path, Path]:
    """Group files that need each other, directly or not: maps each file to one file of its group, the same for all of them."""
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
