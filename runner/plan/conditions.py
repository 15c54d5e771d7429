"""Compiled expectations on a value: operators, combinations of them, and places inside the value."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from ..model.errors import DocumentPath, InvalidArgument, StepError
from ..model.json_types import JSON
from ..model.kinds import MISSING, Judge, Matcher, Miss, Names, Selector, Value
from ..model.wording import json_text, shown
from ..selectors.json_path import compile_path, remove_paths
from .settings import Dialect

NOT_FOUND = Miss("nothing was found there", undecided=True)


class Pick(msgspec.Struct, frozen=True):
    """A selector, compiled; or a template of its text, which is compiled when the step runs."""

    text: str
    path: DocumentPath
    selector: Selector | None = None
    template: Value | None = None
    dialect: Dialect = Dialect()

    def __reduce__(self) -> tuple[Callable[..., Pick], tuple[str, DocumentPath, Value | None, Dialect]]:
        """A compiled selector cannot be pickled: it is compiled again from its text."""
        return _pick, (self.text, self.path, self.template, self.dialect)

    def resolve(self, names: Names) -> tuple[str, Selector]:
        """The selector's text and the selector. Raises StepError."""
        if self.selector is not None:
            return self.text, self.selector
        assert self.template is not None
        text = str(self.template.render(names))
        try:
            return text, self.dialect.selector(text)
        except ValueError as error:
            wrong = InvalidArgument.of(error)
            raise StepError(wrong.message, "template", hint=wrong.hint) from None


def _pick(text: str, path: DocumentPath, template: Value | None, dialect: Dialect) -> Pick:
    return Pick(text, path, dialect.selector(text) if template is None else None, template, dialect)


class Condition(msgspec.Struct, frozen=True):
    """One operator with its argument: a value, or conditions."""

    matcher: Matcher
    argument: Value | Conditions | tuple[Conditions, ...]
    path: DocumentPath

    @property
    def operator(self) -> str:
        """The operator's name."""
        return self.matcher.name

    def expected(self, names: Names) -> JSON:
        """The expected value, for messages."""
        match self.argument:
            case Conditions():
                return self.argument.written
            case tuple():
                return [part.written for part in self.argument]
            case _:
                expected: JSON = self.argument.render(names)
                return expected

    def judge(self, actual: Any, names: Names, *, indefinite: bool = False) -> Miss | None:
        """None if the value matches. A missing value matches only `exists: false`."""
        argument = self.argument
        if isinstance(argument, Conditions):
            as_list = indefinite and self.matcher.name == "not"
            rendered: Any = _judge_of(argument, names, indefinite=as_list)
            combines = self.matcher.name == "not"
        elif isinstance(argument, tuple):
            rendered = [_judge_of(part, names, indefinite=indefinite) for part in argument]
            combines = True
        else:
            rendered = argument.render(names)
            combines = False
            if not argument.literal:
                wrong = self.matcher.check(rendered)
                if wrong:
                    raise StepError(wrong, "template")
        if self.matcher.name == "exists":
            if indefinite and actual == []:
                actual = MISSING
            miss = self.matcher.judge(actual, rendered)
            return NOT_FOUND if miss and actual is MISSING else miss
        if actual is MISSING and not combines:
            return NOT_FOUND
        return self.matcher.judge(actual, rendered)


def _judge_of(conditions: Conditions, names: Names, *, indefinite: bool) -> Judge:
    return lambda value: conditions.judge(value, names, indefinite=indefinite)


class Inside(msgspec.Struct, frozen=True):
    """Conditions on a place inside the value: `$.age: { gte: 18 }`."""

    pick: Pick
    conditions: Conditions
    path: DocumentPath

    @property
    def operator(self) -> str:
        """The path, as written."""
        return self.pick.text

    def expected(self, _: Names) -> JSON:
        """The expected value, for messages."""
        return self.conditions.written

    def judge(self, actual: Any, names: Names, *, indefinite: bool = False) -> Miss | None:
        """None if what the path finds in the value meets the conditions."""
        del indefinite  # it is about the outer path
        if actual is MISSING:
            return NOT_FOUND
        text, selector = self.pick.resolve(names)
        found = selector.find(actual)  # type: ignore[attr-defined]  # only JSONPath selectors are compiled here
        miss = self.conditions.judge(found, names, indefinite=selector.indefinite)
        if miss is None:
            return None
        return Miss(f"{text}: {self.conditions.words(found, miss)}", undecided=miss.undecided)


class Conditions(msgspec.Struct, frozen=True):
    """The conditions on one value, all of which must be met.

    Attributes:
        written: As the file has them, for messages.
    """

    entries: tuple[Condition | Inside, ...]
    written: JSON

    def judge(self, actual: Any, names: Names, *, indefinite: bool = False) -> Miss | None:
        """Why the first entry that does not match does not, or None."""
        for entry in self.entries:
            miss = entry.judge(actual, names, indefinite=indefinite)
            if miss is not None:
                return miss
        return None

    def words(self, actual: Any, miss: Miss) -> str:
        """The expected and the actual value, in one line."""
        received = "nothing" if actual is MISSING else shown(actual, 60)
        return f"expected {json_text(self.written)}, got {received}" + (f" ({miss.detail})" if miss.detail else "")


class Stored(msgspec.Struct, frozen=True):
    """A stored value with which a selector of a step is compared.

    Attributes:
        file: Where it is stored: its real path.
        step: The step as it is written in its file.
        selector: As written.
        ignore: JSONPaths of the parts that are not compared.
        values: The stored values of this step and selector, by iteration and by case.
        path: The place of `snapshot`.
    """

    file: Path
    step: str
    selector: str
    ignore: tuple[str, ...]
    values: dict[str, dict[str, JSON]]
    path: DocumentPath

    def compared(self, value: JSON) -> JSON:
        """The value without the ignored parts. Raises StepError."""
        return remove_paths(value, [compile_path(path) for path in self.ignore]) if self.ignore else value

    def value(self, iteration: str, case: str) -> Any:
        """The stored value, or MISSING."""
        return self.values.get(iteration, {}).get(case, MISSING)


class Expectation(msgspec.Struct, frozen=True):
    """A selector and the conditions on what it finds.

    Attributes:
        snapshot: A stored value with which it is also compared.
        implied: The language adds it: the step does not say it.
    """

    pick: Pick
    conditions: Conditions
    snapshot: Stored | None = None
    implied: bool = False
