"""Compiles `load`: how often a workflow is chosen, how long its users wait, and the thresholds."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

import msgspec
from msgspec import UNSET

from ..language.structs import Load
from ..model.errors import DocumentPath
from ..model.units import bare_number_hint, parse_duration
from ..model.wording import did_you_mean, shown
from .context import Context

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,2})?)")
_WRITTEN = re.compile(r"(<=|>=|<|>)?\s*(.+)")
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_RATES = ("error_rate",)
_COUNTS = ("rps", "requests")
_TIMES = ("mean", "max")


class Threshold(msgspec.Struct, frozen=True):
    """A limit on a measured value.

    Attributes:
        measure: `p95`, `mean`, `max` (seconds), `error_rate` (a share of 1), `rps` (requests a second), `requests`.
        sign: `<=`, `<`, `>=` or `>`.
        limit: In the unit of the measure.
        text: As it is written.
    """

    measure: str
    sign: str
    limit: float
    text: str
    path: DocumentPath

    def holds(self, value: float) -> bool:
        """Whether the value is within the limit."""
        return _OPERATORS[self.sign](value, self.limit)


class LoadPlan(msgspec.Struct, frozen=True):
    """What a load test needs to know of a workflow.

    Attributes:
        think_time: Seconds between two runs of a user.
        thresholds: If none is on `error_rate`, no request may fail.
        per_user: Each user logs in; otherwise all users of a process share one login.
    """

    weight: float = 1.0
    think_time: float = 0.0
    thresholds: tuple[Threshold, ...] = ()
    per_user: bool = False


def compile_load(load: Load, context: Context) -> LoadPlan:
    """Compile the key `load`, and report what is wrong in it."""
    written = {} if load.thresholds is UNSET else load.thresholds
    found = [_threshold(name, value, context) for name, value in written.items()]
    return LoadPlan(
        weight=1.0 if load.weight is UNSET else load.weight,
        think_time=0.0 if load.think_time is UNSET else context.seconds(load.think_time, ("load", "think_time")),
        thresholds=tuple(each for each in found if each is not None),
        per_user=load.per == "user",
    )


def _threshold(name: str, value: object, context: Context) -> Threshold | None:
    path = ("load", "thresholds", name)
    percentile = _PERCENTILE.fullmatch(name)
    known = ("p50", "p90", "p95", "p99", *_TIMES, *_RATES, *_COUNTS)
    if percentile is None and name not in known:
        hint = did_you_mean(name, known) or f"measures: {', '.join(known)}, and other percentiles"
        context.problem(path, f"unknown measure `{name}`", hint, on_key=True)
        return None
    wanted = (
        _WRITTEN.fullmatch(str(value).strip())
        if isinstance(value, (str, int, float)) and not isinstance(value, bool)
        else None
    )
    if wanted is None:
        context.problem(
            path,
            f"a threshold needs a limit, not {shown(value, 60)}",
            'write `p95: 300ms`, `error_rate: 1%` or `rps: ">= 100"`',
        )
        return None
    sign = wanted[1] or (">=" if name in _COUNTS else "<=")
    try:
        limit = _limit(name, wanted[2])
    except ValueError as error:
        number = wanted[2].replace(".", "", 1)
        hint = ""
        if number.isdigit():
            hint = f"write {wanted[2]}%" if name in _RATES else bare_number_hint(float(wanted[2]))
        context.problem(path, str(error), hint)
        return None
    return Threshold(name, sign, limit, f"{sign} {wanted[2]}", path)


def _limit(name: str, text: str) -> float:
    if name in _RATES:
        share = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text, re.ASCII)
        if share is None or float(share[1]) > 100:
            raise ValueError(f"{text!r} is not a valid percentage: write `1%`")
        return float(share[1]) / 100
    if name in _COUNTS:
        if not re.fullmatch(r"\d+(?:\.\d+)?", text, re.ASCII):
            raise ValueError(f"{text!r} is not a number")
        return float(text)
    return parse_duration(text)
