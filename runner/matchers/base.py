"""Base classes of matchers: by the kind of argument that they take."""

from __future__ import annotations

from typing import Any, ClassVar

from ..model.json_types import JSON
from ..model.kinds import MatcherArgument, Miss
from ..model.wording import shown

MISS = Miss()


def undecided(actual: JSON, wanted: str) -> Miss:
    """The miss of a value whose type the operator cannot check."""
    return Miss(f"the operator needs {wanted}, but the value is {shown(actual, 60)}", undecided=True)


class ValueMatcher:
    """A matcher whose argument is a value."""

    name: ClassVar[str]
    argument: ClassVar[MatcherArgument] = "value"
    summary: ClassVar[str]

    def check(self, _: Any, /) -> str:
        """Every argument is valid."""
        return ""

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """Each matcher implements it."""
        raise AssertionError(actual, argument)


class ListMatcher(ValueMatcher):
    """A matcher whose argument is a list that is not empty."""

    def check(self, argument: Any, /) -> str:
        """Only a list that is not empty is valid."""
        if not isinstance(argument, list):
            return f"`{self.name}` takes a list, not {shown(argument, 60)}"
        return "" if argument else f"`{self.name}` takes a list that is not empty"


class FlagMatcher(ValueMatcher):
    """A matcher whose argument is true or false."""

    def check(self, argument: Any, /) -> str:
        """Only true or false is valid."""
        return "" if isinstance(argument, bool) else f"`{self.name}` takes true or false, not {shown(argument, 60)}"
