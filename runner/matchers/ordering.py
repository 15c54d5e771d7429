"""`gt`, `gte`, `lt`, `lte`, `between`: numbers, durations, sizes and dates in order."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

from ..model.json_types import JSON
from ..model.kinds import Miss
from ..model.units import parse_duration, parse_size
from ..model.wording import shown
from .base import MISS, ValueMatcher, undecided
from .equality import is_number

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}.*)?", re.ASCII)


def moment(text: str) -> datetime | None:
    """A date-time in RFC 3339 or HTTP form (RFC 9110 §5.6.7), in UTC where it says no zone; else None."""
    try:
        found = datetime.fromisoformat(text) if _DATE.fullmatch(text) else parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _quantity(text: str) -> float | None:
    """Seconds of a duration or bytes of a size."""
    for parse in (parse_duration, parse_size):
        try:
            return parse(text)
        except ValueError:
            continue
    return None


def _operands(actual: JSON, bound: Any) -> tuple[Any, Any] | None:
    """Both sides as things that can be put in order, or None."""
    if is_number(bound):
        if is_number(actual):
            return actual, bound
        if isinstance(actual, str) and _NUMBER.fullmatch(actual.strip()):
            return float(actual), bound
        return None
    quantity = _quantity(bound)
    if quantity is not None:
        if is_number(actual):
            return actual, quantity
        other = _quantity(actual) if isinstance(actual, str) else None
        return None if other is None else (other, quantity)
    left = moment(actual) if isinstance(actual, str) else None
    right = moment(bound)
    return None if left is None or right is None else (left, right)


def _check_bound(name: str, bound: Any) -> str:
    if is_number(bound):
        return ""
    if isinstance(bound, str) and (_quantity(bound) is not None or moment(bound) is not None):
        return ""
    return f"`{name}` takes a number, a duration (500ms), a size (10kB) or a date, not {shown(bound, 60)}"


def _kind(bound: Any) -> str:
    if is_number(bound):
        return "a number"
    return "a number or a quantity" if _quantity(bound) is not None else "a date"


class _Order(ValueMatcher):
    compare: ClassVar[Callable[[Any, Any], bool]]

    def check(self, argument: Any, /) -> str:
        """Something that has an order."""
        return _check_bound(self.name, argument)

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """In that order."""
        pair = _operands(actual, argument)
        if pair is None:
            return undecided(actual, _kind(argument))
        return None if type(self).compare(*pair) else MISS


class Gt(_Order):
    """More than."""

    name = "gt"
    compare = operator.gt
    summary = "greater than a number, duration, size or date"


class Gte(_Order):
    """At least."""

    name = "gte"
    compare = operator.ge
    summary = "greater than or equal to"


class Lt(_Order):
    """Less than."""

    name = "lt"
    compare = operator.lt
    summary = "less than"


class Lte(_Order):
    """At most."""

    name = "lte"
    compare = operator.le
    summary = "less than or equal to"


class Between(ValueMatcher):
    """From one bound to another."""

    name = "between"
    summary = "`[a, b]`: from a to b, inclusive"

    def check(self, argument: Any, /) -> str:
        """Two bounds in order."""
        if not isinstance(argument, list) or len(argument) != 2:
            return f"`between` takes a list of two bounds, not {shown(argument, 60)}"
        wrong = next(filter(None, (_check_bound(self.name, bound) for bound in argument)), "")
        if wrong:
            return wrong
        pair = _operands(*argument)
        if pair is None:
            return f"the bounds of `between` must be of the same kind, not: {shown(argument, 60)}"
        return "" if pair[0] <= pair[1] else "the first bound of `between` must not be greater than the second"

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """Within the bounds."""
        low, high = _operands(actual, argument[0]), _operands(actual, argument[1])
        if low is None or high is None:
            return undecided(actual, _kind(argument[0]))
        return None if low[0] >= low[1] and high[0] <= high[1] else MISS
