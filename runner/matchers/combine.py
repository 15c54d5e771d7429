"""`not`, `any_of`, `all_of`: combined conditions. A value that cannot be checked fails, also under `not`."""

from __future__ import annotations

from typing import Any, ClassVar

from ..model.json_types import JSON
from ..model.kinds import MatcherArgument, Miss
from .base import MISS, ValueMatcher


class Not(ValueMatcher):
    """The conditions do not hold."""

    name = "not"
    argument: ClassVar[MatcherArgument] = "conditions"
    summary = "conditions that are not met"

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """Inverts the result, but undecided stays undecided."""
        miss = argument(actual)
        if miss is None:
            return MISS
        return miss if miss.undecided else None


class AnyOf(ValueMatcher):
    """One of several conditions holds."""

    name = "any_of"
    argument: ClassVar[MatcherArgument] = "conditions list"
    summary = "a list of conditions of which at least one is met"

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """At least one."""
        misses = [judge(actual) for judge in argument]
        if None in misses:
            return None
        every = all(miss.undecided for miss in misses if miss)
        reasons = [f"{index}: {miss.detail}" for index, miss in enumerate(misses) if miss and miss.detail]
        return Miss("; ".join(reasons), undecided=every)


class AllOf(ValueMatcher):
    """Several conditions hold."""

    name = "all_of"
    argument: ClassVar[MatcherArgument] = "conditions list"
    summary = "a list of conditions that are all met"

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """All."""
        misses = [(index, miss) for index, judge in enumerate(argument) if (miss := judge(actual))]
        if not misses:
            return None
        index, first = next(((index, miss) for index, miss in misses if miss.undecided), misses[0])
        return Miss(
            f"{index}: {first.detail}" if first.detail else f"condition {index} is not met",
            undecided=first.undecided,
        )
