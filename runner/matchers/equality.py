"""`equals`, `not_equals`, `in`, `not_in`, `approx`: equality of JSON values."""

from __future__ import annotations

import json
import math
from typing import Any, TypeGuard

from ..model.json_types import JSON
from ..model.kinds import Miss
from ..model.wording import json_type, member_path, shown
from .base import MISS, ListMatcher, ValueMatcher, undecided


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether it is a JSON number; true and false are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def same(left: Any, right: Any) -> bool:
    """Equal by JSON: `1` is `1.0`, and never `"1"` or `true`."""
    if isinstance(left, dict):
        return (
            isinstance(right, dict) and left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
        )
    if isinstance(left, list):
        return isinstance(right, list) and len(left) == len(right) and all(map(same, left, right))
    if is_number(left):
        return is_number(right) and bool(left == right)
    return type(left) is type(right) and bool(left == right)


def canonical(value: Any) -> str:
    """A text that two values share exactly when they are the same."""

    def normal(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: normal(member) for key, member in part.items()}
        if isinstance(part, list):
            return [normal(member) for member in part]
        return int(part) if isinstance(part, float) and part.is_integer() else part

    return json.dumps(normal(value), sort_keys=True)


def _first_difference(actual: JSON, expected: Any, path: str = "$") -> str:
    """Where two large values first differ, in words; "" for scalars, where the values say it."""
    if isinstance(actual, dict) and isinstance(expected, dict):
        for key in expected:
            if key not in actual:
                return f"{member_path(path, key)} is missing"
            if not same(actual[key], expected[key]):
                return _first_difference(actual[key], expected[key], member_path(path, key)) or _at(
                    member_path(path, key), actual[key], expected[key]
                )
        extra = next(key for key in actual if key not in expected)
        return f"{member_path(path, extra)} is not expected"
    if isinstance(actual, list) and isinstance(expected, list):
        for index, (left, right) in enumerate(zip(actual, expected, strict=False)):
            if not same(left, right):
                return _first_difference(left, right, f"{path}[{index}]") or _at(f"{path}[{index}]", left, right)
        return f"{path} has {len(actual)} members, expected {len(expected)}"
    return ""


def _at(path: str, actual: JSON, expected: Any) -> str:
    return f"{path} is {shown(actual, 60)}, expected {shown(expected, 60)}"


_CONVERSIONS = {"integer": "`| int`", "number": "`| float`"}


def _only_of_another_type(actual: JSON, expected: Any) -> str:
    """What to do where a value and a text look the same: quotes of YAML and fields of a CSV make texts of numbers."""
    if isinstance(expected, str) and not isinstance(actual, (str, dict, list)) and json.dumps(actual) == expected:
        kind = json_type(actual)
        filtered = f", or add {_CONVERSIONS[kind]} to a variable that is a text" if kind in _CONVERSIONS else ""
        return f"the types differ: remove the quotes{filtered}"
    if isinstance(actual, str) and not isinstance(expected, (str, dict, list)) and json.dumps(expected) == actual:
        return "the types differ: the response has a text, so write the expected value in quotes"
    return ""


class Equals(ValueMatcher):
    """The same value."""

    name = "equals"
    summary = 'the same JSON value: `1` equals `1.0`, but not `"1"` or `true`'

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """Deep equality by JSON."""
        if same(actual, argument):
            return None
        return Miss(_first_difference(actual, argument) or _only_of_another_type(actual, argument))


class NotEquals(ValueMatcher):
    """Another value."""

    name = "not_equals"
    summary = "a different value"

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """Not deeply equal."""
        return MISS if same(actual, argument) else None


class In(ListMatcher):
    """One of several values."""

    name = "in"
    summary = "one of a list of values"

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """Equal to a member."""
        return None if any(same(actual, member) for member in argument) else MISS


class NotIn(ListMatcher):
    """None of several values."""

    name = "not_in"
    summary = "none of a list of values"

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """Equal to no member."""
        return MISS if any(same(actual, member) for member in argument) else None


class Approx(ValueMatcher):
    """Nearly a number."""

    name = "approx"
    summary = "a number with a relative tolerance of 1e-6, or `{value, within}` with an absolute tolerance"

    def check(self, argument: Any, /) -> str:
        """A number, or value and within."""
        if is_number(argument):
            return ""
        if isinstance(argument, dict) and set(argument) == {"value", "within"}:
            if all(is_number(member) for member in argument.values()) and argument["within"] >= 0:
                return ""
            return "`value` and `within` must be numbers, and `within` at least 0"
        return f"`approx` takes a number or {{value, within}}, not {shown(argument, 60)}"

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """Within the distance."""
        if not is_number(actual):
            return undecided(actual, "a number")
        if isinstance(argument, dict):
            return None if abs(actual - argument["value"]) <= argument["within"] else MISS
        return None if math.isclose(actual, argument, rel_tol=1e-6) else MISS
