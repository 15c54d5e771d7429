"""What most matchers have in common: they take a value, any value."""

from __future__ import annotations

from typing import Any, ClassVar

from ..model.kinds import MatcherArgument, Miss
from ..model.wording import shown

MISS = Miss()


def undecided(actual: Any, wanted: str) -> Miss:
    """The value is of a type that the operator cannot judge."""
    return Miss(f"the operator needs {wanted}, and what came is {shown(actual, 60)}", undecided=True)


class ValueMatcher:
    """A matcher whose argument is a value."""

    name: ClassVar[str]
    argument: ClassVar[MatcherArgument] = "value"
    summary: ClassVar[str]

    def check(self, _: Any, /) -> str:
        """Any argument will do."""
        return ""

    def judge(self, actual: Any, argument: Any, /) -> Miss | None:
        """Each matcher's own."""
        raise AssertionError(actual, argument)


class ListMatcher(ValueMatcher):
    """A matcher whose argument is a list that is not empty."""

    def check(self, argument: Any, /) -> str:
        """A list with an entry."""
        if not isinstance(argument, list):
            return f"`{self.name}` takes a list, not {shown(argument, 60)}"
        return "" if argument else f"`{self.name}` takes a list that is not empty"


class FlagMatcher(ValueMatcher):
    """A matcher whose argument is true or false."""

    def check(self, argument: Any, /) -> str:
        """True or false."""
        return "" if isinstance(argument, bool) else f"`{self.name}` takes true or false, not {shown(argument, 60)}"
