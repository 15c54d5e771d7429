"""What compiling leaves: frozen structs, shared by all runs and threads. Knows no engine and no driver."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from runner.language.source import Source
from runner.model.errors import DocumentPath, StepError
from runner.model.exchange import DEFAULT_TRANSPORT, Transport
from runner.model.kinds import MISSING, Body, Credential, Matcher, Miss, Names, ReadFile, Selector, Value
from runner.model.pairs import scalar_text
from runner.model.units import parse_duration
from runner.model.wording import json_text, shown

DEFAULT_TIMEOUT = 30.0
"""Seconds for one try of a step that says nothing else."""

NOT_THERE = Miss("nothing was found there", undecided=True)


class Pick(msgspec.Struct, frozen=True):
    """A selector, compiled; or its template where its text is known only when it runs."""

    text: str
    path: DocumentPath
    selector: Selector | None = None
    template: Value | None = None
    dynamic: Any = None

    def resolve(self, names: Names) -> tuple[str, Selector]:
        """The selector's text and the selector. Raises StepError."""
        if self.selector is not None:
            return self.text, self.selector
        assert self.template is not None
        text = str(self.template.render(names))
        try:
            return text, self.dynamic(text)
        except ValueError as error:
            message, _, hint = str(error).partition("\n")
            raise StepError(message, "template", hint=hint) from None


class Condition(msgspec.Struct, frozen=True):
    """One operator with its argument: a value, or conditions."""

    matcher: Matcher
    argument: Value | Conditions | tuple[Conditions, ...]
    path: DocumentPath

    @property
    def operator(self) -> str:
        """The operator's name."""
        return self.matcher.name

    def expected(self, names: Names) -> Any:
        """What is expected, to be shown."""
        match self.argument:
            case Conditions():
                return self.argument.written
            case tuple():
                return [part.written for part in self.argument]
            case _:
                return self.argument.render(names)

    def judge(self, actual: Any, names: Names, *, indefinite: bool = False) -> Miss | None:
        """None when it holds. What is not there fails everything but `exists: false`."""
        argument = self.argument
        if isinstance(argument, Conditions):
            keep = indefinite and self.matcher.name == "not"
            rendered: Any = lambda value: argument.judge(value, names, indefinite=keep)  # noqa: E731  # one line, used once below
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
            return NOT_THERE if miss and actual is MISSING else miss
        if actual is MISSING and not combines:
            return NOT_THERE
        return self.matcher.judge(actual, rendered)


def _judge_of(conditions: Conditions, names: Names, *, indefinite: bool) -> Any:
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

    def expected(self, _: Names) -> Any:
        """What is expected there, to be shown."""
        return self.conditions.written

    def judge(self, actual: Any, names: Names, *, indefinite: bool = False) -> Miss | None:
        """None when the conditions hold of what the path finds in the value."""
        del indefinite  # of the outer path; the inner one says for itself
        if actual is MISSING:
            return NOT_THERE
        text, selector = self.pick.resolve(names)
        found = selector.find(actual)  # type: ignore[attr-defined]  # only JSONPath selectors stand here, and they find
        miss = self.conditions.judge(found, names, indefinite=selector.indefinite)
        if miss is None:
            return None
        return Miss(f"{text}: {self.conditions.words(found, miss)}", undecided=miss.undecided)


class Conditions(msgspec.Struct, frozen=True):
    """What must hold of one value: all of it.

    Attributes:
        written: As the file says it, to be shown.
    """

    entries: tuple[Condition | Inside, ...]
    written: Any

    def judge(self, actual: Any, names: Names, *, indefinite: bool = False) -> Miss | None:
        """The first entry that does not hold, or None."""
        for entry in self.entries:
            miss = entry.judge(actual, names, indefinite=indefinite)
            if miss is not None:
                return miss
        return None

    def words(self, actual: Any, miss: Miss) -> str:
        """What was expected and what came, in one line."""
        came = "nothing" if actual is MISSING else shown(actual, 60)
        return f"expected {json_text(self.written)}, got {came}" + (f" ({miss.detail})" if miss.detail else "")


class Expectation(msgspec.Struct, frozen=True):
    """A selector and what must hold of what it finds."""

    pick: Pick
    conditions: Conditions


class ExtractPlan(msgspec.Struct, frozen=True):
    """A name and where its value comes from.

    Attributes:
        filter: An expression over `value`, or None.
        default: MISSING where there is none.
    """

    name: str
    pick: Pick
    path: DocumentPath
    filter: Value | None = None
    default: Any = MISSING
    secret: bool = False


class Named(msgspec.Struct, frozen=True):
    """A name and its value, with a place: an entry of `vars`, `set`, `outputs`, `with`."""

    name: str
    value: Value
    path: DocumentPath


class AssertPlan(msgspec.Struct, frozen=True):
    """An expression that must be true."""

    text: str
    value: Value
    path: DocumentPath


class Field(msgspec.Struct, frozen=True):
    """An entry of `headers`, `params` or `cookies`.

    Attributes:
        removes: The value is a literal null: the name is taken away.
    """

    name: Value
    value: Value
    path: DocumentPath
    removes: bool = False


class Fields(msgspec.Struct, frozen=True):
    """The entries of `headers`, `params` or `cookies`, defaults already merged in."""

    entries: tuple[Field, ...] = ()

    def render(self, names: Names, file: str) -> tuple[list[tuple[str, str]], list[str]]:
        """Names and texts to send, and names to take away. Raises StepError with its place."""
        pairs: list[tuple[str, str]] = []
        removed: list[str] = []
        for entry in self.entries:
            try:
                name = str(entry.name.render(names))
                if entry.removes:
                    removed.append(name)
                    continue
                value = entry.value.render(names)
                if isinstance(value, list):
                    pairs += [(name, scalar_text(member, name)) for member in value]
                else:
                    pairs.append((name, scalar_text(value, name)))
            except StepError as error:
                error.below = ()
                raise error.at(file, entry.path) from None
        return pairs, removed


class Seconds(msgspec.Struct, frozen=True):
    """A duration whose text holds a template."""

    value: Value

    def render(self, names: Names, /) -> float:
        """Seconds. Raises StepError."""
        text = self.value.render(names)
        try:
            return parse_duration(text if isinstance(text, str) else repr(text))
        except ValueError as error:
            raise StepError(str(error), "template") from None


class RetryPlan(msgspec.Struct, frozen=True):
    """How a step is tried again; times in seconds.

    Attributes:
        times: Further tries, or None for as many as `within` allows.
    """

    times: int | None
    every: float
    within: float | None = None
    backoff: float = 1.0
    max_every: float | None = None
    jitter: bool = False
    abort_if: AssertPlan | None = None


class HttpPlan(msgspec.Struct, frozen=True):
    """How requests are carried, and what the engine does about redirects."""

    transport: Transport = DEFAULT_TRANSPORT
    follow_redirects: bool = True
    max_redirects: int = 10
    trust_redirects: frozenset[str] = frozenset()
    charset: str = ""


class BodyPlan(msgspec.Struct, frozen=True):
    """A body's kind and its value."""

    kind: Body
    value: Value
    path: DocumentPath


class CredentialPlan(msgspec.Struct, frozen=True):
    """A credential's kind and its value."""

    kind: Credential
    value: Value
    path: DocumentPath


class AuthUse(msgspec.Struct, frozen=True):
    """What a step says about `auth`.

    Attributes:
        name: A named credential of this file or of one that includes it, or "".
        inline: A credential written on the spot.
        inherited: It comes from `defaults`, so it stays with the origin of `base_url`.
    """

    path: DocumentPath
    name: str = ""
    inline: CredentialPlan | None = None
    inherited: bool = False


class PagePlan(msgspec.Struct, frozen=True):
    """How the next page is found.

    Attributes:
        param: The query parameter that takes what `pick` finds, or "" where it finds a URL.
    """

    pick: Pick
    most: int
    path: DocumentPath
    param: str = ""


class RequestPlan(msgspec.Struct, frozen=True):
    """A request to be rendered. `method` and `url` share one value where the file writes `request: METHOD URL`."""

    method: Value
    url: Value
    url_path: DocumentPath
    params: Fields = Fields()
    headers: Fields = Fields()
    cookies: Fields = Fields()
    jar: str = ""
    no_cookies: bool = False
    body: BodyPlan | None = None
    auth: AuthUse | None = None
    http: HttpPlan = HttpPlan()
    http_value: Value | None = None
    http_builder: Any = None
    paginate: PagePlan | None = None


class IncludePlan(msgspec.Struct, frozen=True):
    """Another workflow to run in a step's place."""

    plan: Plan
    given: tuple[Named, ...]


class SetPlan(msgspec.Struct, frozen=True):
    """Variables to compute, in order."""

    values: tuple[Named, ...]


class StepPlan(msgspec.Struct, frozen=True):
    """One step, compiled.

    Attributes:
        written_name: The name as the file has it, for where its template has no value.
        gives: Names that it extracts or sets.
        needs: Names that must have a value when it runs.
        status: Expectations on the status, judged first.
        expectations: All others.
    """

    name: Value
    path: DocumentPath
    action: RequestPlan | IncludePlan | SetPlan | None
    written_name: str
    tags: tuple[str, ...] = ()
    condition: AssertPlan | None = None
    for_each: Value | None = None
    as_name: str = "item"
    allow_empty: bool = False
    literal_list: bool = False
    delay: Value | Seconds | None = None
    retry: RetryPlan | None = None
    timeout: Value | Seconds | None = None
    continue_on_failure: bool = False
    status: tuple[Expectation, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    extracts: tuple[ExtractPlan, ...] = ()
    asserts: tuple[AssertPlan, ...] = ()
    expects_failure: bool = False
    gives: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()


class Plan(msgspec.Struct, frozen=True):
    """A workflow, ready to run.

    Attributes:
        file: As shown to people.
        path: The real path.
        env: Environment variables that must be set, each with the file and place that needs it.
        rows: The runs: names and values of each matrix entry and case, with its label.
        accepts: Names that a caller may give.
    """

    name: str
    file: str
    path: Path
    source: Source
    steps: tuple[StepPlan, ...]
    cleanup: tuple[StepPlan, ...] = ()
    tags: tuple[str, ...] = ()
    description: str = ""
    condition: AssertPlan | None = None
    base_url: Value | None = None
    base_url_path: DocumentPath = ("base_url",)
    inputs: frozenset[str] = frozenset()
    variables: tuple[Named, ...] = ()
    secrets: tuple[str, ...] = ()
    credentials: dict[str, CredentialPlan] = {}
    timeout: float | None = None
    outputs: tuple[Named, ...] = ()
    rows: tuple[Row, ...] = ()
    env: tuple[tuple[str, str, DocumentPath], ...] = ()
    accepts: frozenset[str] = frozenset()
    read: ReadFile | None = None


class Row(msgspec.Struct, frozen=True):
    """One run of a workflow: a case, a matrix entry, or the one and only."""

    values: dict[str, Any] = {}
    label: str = ""
