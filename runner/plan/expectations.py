"""Compiles `expect` and `extract`: selectors, operators, and the values of `status`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from msgspec import UNSET

from ..language.structs import Extract
from ..matchers.base import ValueMatcher
from ..matchers.equality import is_number
from ..matchers.schema import Schema
from ..matchers.snapshot import SnapshotMatcher
from ..matchers.table import MATCHERS, OTHER_NAMES, matcher_named
from ..model.errors import DocumentPath
from ..model.exchange import FAILURE_KINDS
from ..model.json_types import JSON
from ..model.kinds import MISSING, Matcher, MatcherArgument, Miss
from ..model.units import bare_number_hint
from ..model.wording import did_you_mean, listed, shown
from ..selectors.failure import FailureSelector
from ..selectors.table import kind_of
from ..templating.values import Literal
from .conditions import Condition, Conditions, Expectation, Inside, Pick
from .context import Context
from .fragments import ExtractPlan
from .schemas import SchemaCompiler
from .snapshots import SnapshotCompiler

_CLASS = re.compile(r"[1-5]xx")


class StatusMatcher(ValueMatcher):
    """The operator of `status`: a code, a class such as `2xx`, or a list of these, one of which must match."""

    name: ClassVar[str] = "status"
    argument: ClassVar[MatcherArgument] = "value"
    summary: ClassVar[str] = "a number, `2xx`, or a list of these"

    def check(self, argument: JSON, /) -> str:
        """Codes from 100 to 599, classes, or a list of them."""
        members = argument if isinstance(argument, list) else [argument]
        if not members:
            return "`status` needs at least one code"
        for member in members:
            if _code(member) is None and not (isinstance(member, str) and _CLASS.fullmatch(member)):
                return f"{shown(member, 40)} is not a valid status: write a code from 100 to 599, a class such as 2xx, a list of these, or any"
        return ""

    def judge(self, actual: Any, argument: Any, /) -> Miss | None:
        """One of them."""
        for member in argument if isinstance(argument, list) else (argument,):
            code = _code(member)
            if actual == code or (code is None and actual // 100 == int(member[0])):
                return None
        return Miss()


def _code(value: JSON) -> int | None:
    """A status code as a number, or None; a template may have made it a text."""
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599 else None


_STATUS = StatusMatcher()


class NoErrorStatus(ValueMatcher):
    """What a step expects of the status if it says nothing of it: a status below 400."""

    name: ClassVar[str] = "status"
    argument: ClassVar[MatcherArgument] = "value"
    summary: ClassVar[str] = "a status below 400"

    def judge(self, actual: Any, argument: Any, /) -> Miss | None:
        """A status of 400 or more is an error."""
        del argument
        return None if actual < 400 else Miss(f"if this step expects it, write `status: {actual}` under `expect`")


_NO_ERROR_STATUS = NoErrorStatus()

_NO_GRAPHQL_ERRORS: JSON = {"any_of": [{"exists": False}, {"equals": None}, {"empty": True}]}
"""What a `graphql` step expects of `$.errors` if it says nothing of it (GraphQL over HTTP)."""


class ExpectCompiler:
    """Compiles the expectations of one step."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.schemas = SchemaCompiler(context)
        self.snapshots = SnapshotCompiler(context)

    def expectations(
        self, entries: dict[str, tuple[JSON, DocumentPath]], step: str
    ) -> tuple[list[Expectation], list[Expectation]]:
        """Compile expectations: those on the status, and all others.

        Args:
            entries: The expectations with their places, by selector; defaults merged in.
            step: The step as it is written.
        """
        status: list[Expectation] = []
        others: list[Expectation] = []
        for text, (data, path) in entries.items():
            if text == "status":
                if data != "any":
                    pick = self.context.pick(text, path, on_key=True)
                    status.append(Expectation(pick, self._status(data, path)))
                continue
            pick = self.context.pick(text, path, on_key=True)
            if pick.selector is not None:
                self._check_kind(text, data, path)
            others.append(self._expectation(pick, data, path, step))
        return status, others

    def implied(
        self, written: Iterable[str], path: DocumentPath, *, graphql: bool
    ) -> tuple[list[Expectation], list[Expectation]]:
        """Compile what a request must meet although its step does not say it: a status below 400, no errors of GraphQL.

        Args:
            written: The selectors of the step's own expectations, defaults merged in.
            path: Where the step names its request.
            graphql: The request has a `graphql` body.
        """
        kinds = {text.partition(" ")[0] for text in written}
        status, others = [], []
        if not kinds & {"status", FailureSelector.name}:
            condition = Condition(_NO_ERROR_STATUS, Literal("below 400"), path)
            pick = self.context.pick("status", path, on_key=True)
            status.append(Expectation(pick, Conditions((condition,), "below 400"), implied=True))
        if graphql and not kinds & {"$.errors", FailureSelector.name}:
            pick = self.context.pick("$.errors", path, on_key=True)
            others.append(Expectation(pick, self.conditions(_NO_GRAPHQL_ERRORS, path), implied=True))
        return status, others

    def _expectation(self, pick: Pick, data: JSON, path: DocumentPath, step: str) -> Expectation:
        if not isinstance(data, dict) or "snapshot" not in data:
            return Expectation(pick, self.conditions(data, path))
        place = (*path, "snapshot")
        if pick.selector is None:
            self.context.problem(place, "`snapshot` needs a selector without a template", on_key=True)
        rest = {key: value for key, value in data.items() if key != "snapshot"}
        conditions = self.conditions(rest, path) if rest else Conditions((), data)
        return Expectation(pick, conditions, self.snapshots.compile(step, pick.text, data["snapshot"], place))

    def _status(self, data: JSON, path: DocumentPath) -> Conditions:
        if isinstance(data, dict):
            return self.conditions(data, path)
        value = self.context.value(data, path)
        if value.literal:
            wrong = _STATUS.check(data)
            if wrong:
                self.context.problem(path, wrong)
        return Conditions((Condition(_STATUS, value, path),), data)

    def _check_kind(self, text: str, data: JSON, path: DocumentPath) -> None:
        """Report a comparison that can never be true, such as a text with a number."""
        kind, argument = kind_of(text)
        wanted = data.get("equals") if isinstance(data, dict) else data
        if kind.name == "failure" and isinstance(data, str) and "{{" not in data and data not in FAILURE_KINDS:
            near = did_you_mean(data, FAILURE_KINDS) or f"failures: {', '.join(FAILURE_KINDS)}"
            self.context.problem(path, f"unknown failure {data!r}", near)
        if kind.name in {"duration", "timing"}:
            self._check_units(data, path)
        flag = kind.name == "cookie" and " " in argument
        if kind.text and not flag and (is_number(wanted) or isinstance(wanted, bool)):
            written = str(wanted).lower() if isinstance(wanted, bool) else wanted
            message = f"`{text}` is always a text and never equal to {shown(wanted, 40)}"
            self.context.problem(
                path, message, f'quote it: "{written}", or compare it as a number: {{ gte: {wanted} }}'
            )

    def _check_units(self, data: JSON, path: DocumentPath) -> None:
        """Report a bare number where a duration is expected: it could be seconds or milliseconds."""
        members = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
        for key, member in members:
            self._check_units(member, (*path, key))
        if isinstance(data, (int, float)) and is_number(data):
            self.context.problem(path, f"{data} has no unit", bare_number_hint(data))

    def conditions(self, data: JSON, path: DocumentPath) -> Conditions:
        """Compile conditions: a scalar or a list means `equals`; a map has operators and `$` selectors, which must all match."""
        if not isinstance(data, dict):
            return Conditions((self._condition(MATCHERS["equals"], data, path),), data)
        if not data:
            hint = "write what is expected; for an empty object write `equals: {}`"
            self.context.problem(path, "the map is empty, so nothing is expected", hint)
        entries: list[Condition | Inside] = []
        for key, argument in data.items():
            below = (*path, key)
            if key.startswith("$"):
                pick = self.context.pick(key, below, on_key=True)
                entries.append(Inside(pick, self.conditions(argument, below), below))
            elif (matcher := matcher_named(key)) is not None:
                entries.append(self._condition(matcher, argument, below))
            else:
                self._unknown(key, below)
        return Conditions(tuple(entries), data)

    def _unknown(self, key: str, path: DocumentPath) -> None:
        near = OTHER_NAMES.get(key.lower())
        hint = f"did you mean '{near}'?" if near else did_you_mean(key, MATCHERS)
        hint = hint or f"to compare with an object, write it under `equals`; operators: {listed(MATCHERS, 40)}"
        self.context.problem(path, f"unknown operator '{key}'", hint, on_key=True)

    def _condition(self, matcher: Matcher, data: JSON, path: DocumentPath) -> Condition:
        kind = matcher.argument
        if kind == "conditions" or (kind == "value or conditions" and isinstance(data, dict)):
            return Condition(matcher, self.conditions(data, path), path)
        if kind == "conditions list":
            return Condition(matcher, self._list(matcher, data, path), path)
        if isinstance(matcher, SnapshotMatcher):
            hint = "write `$.name: {snapshot: true}`"
            self.context.problem(path, "`snapshot` must be directly under a selector", hint, on_key=True)
        if isinstance(matcher, Schema):
            data = self.schemas.compile(data, path)
            wrong = "" if data is None else matcher.check(data)
            if wrong:
                self.context.problem(path, wrong)
            return Condition(matcher, Literal(data), path)
        value = self.context.value(data, path)
        if value.literal:
            wrong = matcher.check(data)
            if wrong:
                message, _, hint = wrong.partition("; ")
                self.context.problem(path, message, hint)
        return Condition(matcher, value, path)

    def _list(self, matcher: Matcher, data: JSON, path: DocumentPath) -> tuple[Conditions, ...]:
        if not isinstance(data, list) or not data:
            self.context.problem(path, f"`{matcher.name}` needs a list with at least one condition")
            return ()
        return tuple(self.conditions(part, (*path, index)) for index, part in enumerate(data))

    def extracts(self, entries: dict[str, str | Extract], path: DocumentPath) -> list[ExtractPlan]:
        """Compile the entries of `extract`."""
        found = []
        for name, entry in entries.items():
            below = (*path, name)
            self.context.check_name(name, below)
            if isinstance(entry, str):
                found.append(ExtractPlan(name, self.context.pick(entry, below, on_key=False), below))
                continue
            chain = None if entry.filter is UNSET else self.context.filter_chain(entry.filter, (*below, "filter"))
            default = MISSING if entry.default is UNSET else self.context.value(entry.default, (*below, "default"))
            pick = self.context.pick(entry.from_, (*below, "from"), on_key=False)
            found.append(ExtractPlan(name, pick, below, chain, default, entry.secret is True))
        return found


def merged_expect(
    default: Any, default_path: DocumentPath, own: Any, path: DocumentPath
) -> dict[str, tuple[JSON, DocumentPath]]:
    """Merge a step's expectations over the default ones, by selector; `any` removes a default one."""
    merged = _placed(default, default_path)
    for text, (data, place) in _placed(own, path).items():
        if text != "status" and data == "any" and text in merged:
            del merged[text]
        else:
            merged[text] = (data, place)
    return merged


def _placed(expect: Any, path: DocumentPath) -> dict[str, tuple[JSON, DocumentPath]]:
    if expect is UNSET:
        return {}
    if isinstance(expect, dict):
        return {text: (data, (*path, text)) for text, data in expect.items()}
    return {"status": (expect, path)}
