"""`contains`, `includes`, `unordered`, `empty`, `length`, `each`, `any`, `none`: the content of lists, maps and texts."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

from ..model.json_types import JSON
from ..model.kinds import Judge, MatcherArgument, Miss
from ..model.wording import member_path, shown
from .base import MISS, FlagMatcher, ValueMatcher, undecided
from .equality import canonical, is_number, same


def _holds(actual: JSON, piece: Any) -> bool | Miss:
    """Whether a piece is in a text, a member in a list, a key in an object; a Miss where that makes no sense."""
    match actual:
        case str():
            return piece in actual if isinstance(piece, str) else undecided(piece, "a text to look for in a text")
        case list():
            return any(same(member, piece) for member in actual)
        case dict():
            return piece in actual if isinstance(piece, str) else undecided(piece, "a text to look for among keys")
        case _:
            return undecided(actual, "a text, a list or an object")


class Contains(ValueMatcher):
    """Holds a piece."""

    name = "contains"
    summary = "a text with this piece, a list with this member, an object with this key"

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """One piece."""
        found = _holds(actual, argument)
        if isinstance(found, Miss):
            return found
        return None if found else MISS


class NotContains(ValueMatcher):
    """Holds no such piece."""

    name = "not_contains"
    summary = "a text, list or object without it"

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """No such piece."""
        found = _holds(actual, argument)
        if isinstance(found, Miss):
            return found
        return MISS if found else None


def _included(actual: JSON, expected: Any, path: str) -> str:
    """Where an object lacks what is expected of it, in words; "" where it lacks nothing. Lists inside are equal."""
    if not isinstance(expected, dict):
        return "" if same(actual, expected) else f"{path} is {shown(actual, 60)}, expected {shown(expected, 60)}"
    if not isinstance(actual, dict):
        return f"{path} is {shown(actual, 60)}, expected an object"
    for key, value in expected.items():
        if key not in actual:
            return f"{member_path(path, key)} is missing"
        lack = _included(actual[key], value, member_path(path, key))
        if lack:
            return lack
    return ""


def _unmatched(members: list[Any], entries: list[Any]) -> int | None:
    """The index of an entry for which no member is left, or None (bipartite matching by augmenting paths)."""
    choices = [[at for at, member in enumerate(members) if not _included(member, entry, "$")] for entry in entries]
    owner: dict[int, int] = {}

    def place(entry: int, visited: set[int]) -> bool:
        for at in choices[entry]:
            if at not in visited:
                visited.add(at)
                if at not in owner or place(owner[at], visited):
                    owner[at] = entry
                    return True
        return False

    return next((entry for entry in range(len(entries)) if not place(entry, set())), None)


class Includes(ValueMatcher):
    """Holds at least this."""

    name = "includes"
    summary = (
        "an object with at least these keys and values, at every level; a list with a different member for each entry"
    )

    def check(self, argument: Any, /) -> str:
        """A map or a list that is not empty."""
        if isinstance(argument, (dict, list)):
            return "" if argument else "`includes` of nothing would match everything; name what must be there"
        return f"`includes` takes a map or a list, not {shown(argument, 60)}"

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """At least these."""
        if isinstance(argument, dict):
            if not isinstance(actual, dict):
                return undecided(actual, "an object")
            lack = _included(actual, argument, "$")
            return Miss(lack) if lack else None
        if not isinstance(actual, list):
            return undecided(actual, "a list")
        missing = _unmatched(actual, argument)
        return None if missing is None else Miss(f"no member matches entry {missing}: {shown(argument[missing], 80)}")


class Unordered(ValueMatcher):
    """The same members."""

    name = "unordered"
    summary = "a list with the same members in any order, each as often"

    def check(self, argument: Any, /) -> str:
        """A list."""
        return "" if isinstance(argument, list) else f"`unordered` takes a list, not {shown(argument, 60)}"

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """As a multiset."""
        if not isinstance(actual, list):
            return undecided(actual, "a list")
        have, want = Counter(map(canonical, actual)), Counter(map(canonical, argument))
        if have == want:
            return None
        lacks, extra = list((want - have).elements()), list((have - want).elements())
        words = [f"missing: {', '.join(lacks[:5])}"] * bool(lacks) + [f"not expected: {', '.join(extra[:5])}"] * bool(
            extra
        )
        return Miss("; ".join(words))


class Empty(FlagMatcher):
    """Nothing in it."""

    name = "empty"
    summary = "true or false: whether a text, list or object is empty"

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """Of texts, lists and objects only."""
        if not isinstance(actual, (str, list, dict)):
            return undecided(actual, "a text, a list or an object")
        return None if (len(actual) == 0) is argument else MISS


class Length(ValueMatcher):
    """How many."""

    name = "length"
    argument: ClassVar[MatcherArgument] = "value or conditions"
    summary = "the number of characters, members or keys: a number, or operators"

    def check(self, argument: Any, /) -> str:
        """A count."""
        if isinstance(argument, bool) or not is_number(argument) or argument < 0 or argument != int(argument):
            return f"`length` takes a whole number or operators, not {shown(argument, 60)}"
        return ""

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """The count is it, or satisfies it."""
        if not isinstance(actual, (str, list, dict)):
            return undecided(actual, "a text, a list or an object")
        count = len(actual)
        if callable(argument):
            miss = argument(count)
            return Miss(f"the length is {count}", undecided=miss.undecided) if miss else None
        return None if count == argument else Miss(f"the length is {count}")


def _members(actual: list[JSON], judge: Judge) -> list[Miss | None]:
    return [judge(member) for member in actual]


class _Quantifier(ValueMatcher):
    argument: ClassVar[MatcherArgument] = "conditions"


class Each(_Quantifier):
    """All members."""

    name = "each"
    summary = "conditions that every member of a list meets; fails on an empty list"

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """All, and at least one."""
        if not isinstance(actual, list):
            return undecided(actual, "a list")
        misses = _members(actual, argument)
        if not misses:
            return Miss("the list is empty")
        for index, miss in enumerate(misses):
            if miss:
                why = f": {miss.detail}" if miss.detail else ""
                return Miss(f"member {index} is {shown(actual[index], 80)}{why}", undecided=miss.undecided)
        return None


class AnyMember(_Quantifier):
    """One member."""

    name = "any"
    summary = "conditions that at least one member of a list meets; fails on an empty list"

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """At least one."""
        if not isinstance(actual, list):
            return undecided(actual, "a list")
        misses = _members(actual, argument)
        if None in misses:
            return None
        every = bool(misses) and all(miss.undecided for miss in misses if miss)
        return Miss(f"none of {len(misses)} members matches", undecided=every)


class NoMember(_Quantifier):
    """No member."""

    name = "none"
    summary = "conditions that no member of a list meets; passes on an empty list"

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """Not one; a member that cannot be judged fails it."""
        if not isinstance(actual, list):
            return undecided(actual, "a list")
        misses = _members(actual, argument)
        for index, miss in enumerate(misses):
            if miss is None:
                return Miss(f"member {index} matches: {shown(actual[index], 80)}")
            if miss.undecided:
                return Miss(f"member {index}: {miss.detail}", undecided=True)
        return None
