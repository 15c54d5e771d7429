"""Judges a response: the status first, then the extracts, then everything else. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

from ..matchers.equality import same
from ..model.answer import Answer
from ..model.errors import DocumentPath, StepError
from ..model.events import SecretLearned
from ..model.exchange import Exchange, Response
from ..model.json_types import JSON
from ..model.kinds import MISSING, Names
from ..model.results import Check, Failure, Snapshot
from ..model.wording import did_you_mean, key_text, plural, shown
from ..openapi.contract import Contract
from ..plan.conditions import Condition, Expectation, Inside, Stored
from ..plan.fragments import AssertPlan, ExtractPlan
from ..plan.plan import StepPlan
from ..templating.values import boolean, expression_parts
from .auth.secret_capture import secrets_of_response
from .frame import Frame


class Judgement(msgspec.Struct, frozen=True):
    """The outcome of judging a response.

    Attributes:
        checks: The expectations that failed; those that passed too where a report wants them.
        errors: Why something could not be judged or extracted.
        extracted: Names and values.
        passed: How many expectations passed.
        snapshots: Values to store.
    """

    checks: tuple[Check, ...] = ()
    errors: tuple[Failure, ...] = ()
    extracted: dict[str, JSON] = {}
    passed: int = 0
    snapshots: tuple[Snapshot, ...] = ()

    @property
    def failed(self) -> bool:
        """At least one expectation failed."""
        return any(not check.passed for check in self.checks)

    @property
    def status_failed(self) -> bool:
        """The expectation on the status failed."""
        return any(check.subject == "status" and not check.passed for check in self.checks)

    def with_error(self, failure: Failure) -> Judgement:
        """The judgement with one more error; an error whose message is already there is left out."""
        if any(known.message == failure.message for known in self.errors):
            return self
        return msgspec.structs.replace(self, errors=(*self.errors, failure))

    def followed_by(self, other: Judgement) -> Judgement:
        """This judgement and a later one of the same attempt; the names are those of the later one."""
        known = {failure.message for failure in self.errors}
        return Judgement(
            self.checks + other.checks,
            self.errors + tuple(failure for failure in other.errors if failure.message not in known),
            other.extracted,
            self.passed + other.passed,
            self.snapshots + other.snapshots,
        )


class _Recorder:
    """Collects the parts of a `Judgement`. Only the functions of this module use it."""

    __slots__ = ("checks", "errors", "extracted", "frame", "passed", "snapshots")

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.checks: list[Check] = []
        self.errors: list[Failure] = []
        self.extracted: dict[str, JSON] = {}
        self.passed = 0
        self.snapshots: list[Snapshot] = []

    @property
    def stopped(self) -> bool:
        """An expectation failed, or something could not be judged."""
        return bool(self.errors) or any(not check.passed for check in self.checks)

    def judgement(self) -> Judgement:
        return Judgement(tuple(self.checks), tuple(self.errors), self.extracted, self.passed, tuple(self.snapshots))

    def passes(self, check: Check | None) -> None:
        """Count an expectation that passed, and record it where a report wants it."""
        self.passed += 1
        if check is not None:
            self.checks.append(check)

    def error(self, error: StepError, path: DocumentPath) -> None:
        """Record an error once: several expectations on one unreadable body have the same error."""
        failure = self.frame.failure(error, path)
        if all(known.message != failure.message for known in self.errors):
            self.errors.append(failure)


class TemplateResponse:
    """`response` in `assert` and `abort_if`."""

    __slots__ = ("_answer",)

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    @property
    def status(self) -> int:
        """The status code."""
        return self._answer.require_response().status

    @property
    def headers(self) -> dict[str, str]:
        """Headers by name, in any case."""
        found = _AnyCase()
        for name, _ in self._answer.require_response().headers:
            found[name.lower()] = self._answer.require_response().header(name) or ""
        return found

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return self._answer.json

    @property
    def body(self) -> str:
        """The body as text."""
        return self._answer.text

    @property
    def url(self) -> str:
        """The final URL."""
        return self._answer.require_response().url

    @property
    def duration(self) -> float:
        """Seconds."""
        return self._answer.duration


class _AnyCase(dict[str, str]):
    """Header names in lower case, looked up in any."""

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, default: Any = None) -> Any:
        """The value, or the default."""
        return super().get(name.lower(), default)


def judge(step: StepPlan, answer: Answer, frame: Frame, names: Names) -> Judgement:
    """Judge the status; if it is as expected, extract, then judge everything else that reads the response."""
    recorder = _Recorder(frame)
    _judge(step, answer, frame, names, recorder)
    secret = [each.name for each in step.extracts if each.secret or each.name in frame.secrets]
    if answer.response is not None and not set(secret) <= recorder.extracted.keys():
        # the secret is somewhere in the response, and it is unknown where
        frame.ports.emit(SecretLearned(secret[0], secrets_of_response(answer.response, answer.response.url)))
    return recorder.judgement()


def _judge(step: StepPlan, answer: Answer, frame: Frame, names: Names, recorder: _Recorder) -> None:
    if answer.failure is not None and not step.expects_failure:
        return
    if answer.failure is None:
        _expect(step.status, answer, names, recorder)
        if recorder.stopped:
            return
        if answer.response is not None:
            try:
                answer.check_json()
            except StepError as error:
                recorder.error(error, step.path)
                return
    for extract in step.extracts:
        _extract(extract, answer, frame, names, recorder)
    _expect(step.expectations, answer, names, recorder, iteration=f" [{names['index']}]" if step.for_each else "")


def status_passes(step: StepPlan, answer: Answer, frame: Frame, names: Names) -> bool:
    """Whether the response has the status that the step expects."""
    recorder = _Recorder(frame)
    _expect(step.status, answer, names, recorder)
    return not recorder.stopped


def _extract(plan: ExtractPlan, answer: Answer, frame: Frame, names: Names, recorder: _Recorder) -> None:
    try:
        text, selector = plan.pick.resolve(names)
        found = selector.select(answer)
        if found is MISSING or (selector.indefinite and found == []):
            found = _default(plan, text, names, answer)
        elif plan.filter is not None:
            found = plan.filter.render({**names, "value": found})
        frame.mask_if_secret(plan.name, found, secret=plan.secret)
        recorder.extracted[plan.name] = found
    except StepError as error:
        recorder.error(error, plan.path)


def _default(plan: ExtractPlan, text: str, names: Names, answer: Answer) -> Any:
    if plan.default is not MISSING:
        return plan.default.render(names)
    keys, near = _keys_there(text, answer)
    hint = near or "if the value may be missing, add a `default`"
    raise StepError(f"`{text}` finds nothing{keys}", "extract", hint=hint)


def _keys_there(text: str, answer: Answer) -> tuple[str, str]:
    """What is at the top of a JSON response instead, and the key that was probably meant."""
    if not text.startswith(("$", "ng")):
        return "", ""
    try:
        data = answer.json
    except StepError:
        return "", ""
    if isinstance(data, list):
        return f"; the response is a list of {plural(len(data), 'element')}", ""
    if not isinstance(data, dict):
        return f"; the response is {shown(data, 60)}", ""
    near = did_you_mean(text, [f"$.{key}" for key in data])
    return (
        f"; the response has the keys {', '.join(map(key_text, list(data)[:12]))}"
        if data
        else "; the response is an empty object"
    ), near


class _Found(NamedTuple):
    """What a selector found, or the error if it could not search."""

    text: str
    value: Any
    trouble: str
    indefinite: bool


def _expect(
    expectations: Iterable[Expectation], answer: Answer, names: Names, recorder: _Recorder, iteration: str = ""
) -> None:
    for expectation in expectations:
        try:
            text, selector = expectation.pick.resolve(names)
        except StepError as error:
            recorder.error(error, expectation.pick.path)
            continue
        try:
            found = _Found(text, selector.select(answer), "", selector.indefinite)
        except StepError as error:
            if error.kind == "limit":  # it is unknown what would have been found
                recorder.error(error, expectation.pick.path)
                continue
            found = _Found(text, MISSING, error.message, selector.indefinite)
        for entry in expectation.conditions.entries:
            try:
                _entry(entry, found, names, recorder, counts=not expectation.implied)
            except StepError as error:
                recorder.error(error, entry.path)
        if expectation.snapshot is not None:
            try:
                _snapshot(expectation.snapshot, found, iteration, recorder)
            except StepError as error:
                recorder.error(error, expectation.snapshot.path)


def _snapshot(stored: Stored, found: _Found, iteration: str, recorder: _Recorder) -> None:
    """Compare the found value with the stored one, or store it."""
    frame, world = recorder.frame, recorder.frame.world
    case = world.options.case if frame.session is None else ""  # any case may be the first that needs a token
    expected = stored.value(iteration, case)
    if expected is MISSING and world.ports.snapshots is None:
        hint = f"check the response, then store the value: runflow run {frame.plan.file} --update-snapshots"
        raise StepError(f"no snapshot of `{found.text}` is stored for this step", "input", hint=hint)
    if found.value is MISSING or found.trouble:
        wanted = "a value to store" if expected is MISSING else expected
        detail = found.trouble or "nothing was found there"
        where = frame.where(stored.path)
        recorder.checks.append(Check(found.text, "snapshot", wanted, found=False, detail=detail, where=where))
        return
    value = stored.compared(found.value)
    if world.ports.snapshots is not None:
        if world.ports.mask(value) != value:
            raise StepError(
                f"a snapshot of `{found.text}` would hold a secret", "policy", hint="add its path to `ignore`"
            )
        recorder.snapshots.append(Snapshot(stored.file, stored.step + iteration, stored.selector, case, value))
        expected = value
    if same(value, expected):
        recorder.passes(
            Check(found.text, "snapshot", expected, value, passed=True) if world.options.record_details else None
        )
    else:
        recorder.checks.append(Check(found.text, "snapshot", expected, value, where=frame.where(stored.path)))


def _entry(entry: Condition | Inside, found: _Found, names: Names, recorder: _Recorder, *, counts: bool = True) -> None:
    frame = recorder.frame
    miss = entry.judge(found.value, names, indefinite=found.indefinite)
    if miss is None and not found.trouble:
        if not counts:  # the file does not have it
            return
        record_details = frame.options.record_details
        recorder.passes(
            Check(found.text, entry.operator, entry.expected(names), found.value, passed=True)
            if record_details
            else None
        )
        return
    recorder.checks.append(
        Check(
            subject=found.text,
            operator=entry.operator,
            expected=entry.expected(names),
            actual=None if found.value is MISSING else found.value,
            found=found.value is not MISSING,
            detail=found.trouble or (miss.detail if miss else ""),
            where=frame.where(entry.path),
        )
    )


def judge_contract(
    contract: Contract, step: StepPlan, answer: Answer, exchanges: Sequence[Exchange], frame: Frame
) -> Judgement:
    """Check every exchange that led to a response against the OpenAPI document, redirected ones too."""
    last = exchanges[-1]
    redirected = [
        (each.request, Answer(each.outcome))
        for each, following in pairwise(exchanges)
        if isinstance(each.outcome, Response) and following.request.url != each.request.url  # not a repetition
    ]
    try:
        breaches = [
            breach
            for request, received in (*redirected, (last.request, answer))
            if received.response is not None and contract.covers(request.url, frame.base_url)
            for breach in contract.breaches(request, received, frame.base_url)
        ]
    except StepError as error:
        return Judgement(errors=(frame.failure(error, step.path),))
    if not breaches:
        passed = Check("openapi", "openapi", contract.name, contract.name, passed=True)
        return Judgement((passed,) if frame.options.record_details else (), passed=1)
    where = frame.where(step.path)
    return Judgement(
        tuple(
            Check(f"openapi {each.operation}", "openapi", each.expected, each.actual, detail=each.detail, where=where)
            for each in breaches
        )
    )


def judge_asserts(asserts: Iterable[AssertPlan], frame: Frame, names: Names) -> Judgement:
    """Evaluate expressions that must be true; a failed one shows the value of each part."""
    recorder = _Recorder(frame)
    for plan in asserts:
        try:
            if boolean(plan.value.render(names), "the assertion"):
                recorder.passes(
                    Check(plan.text, "assert", expected=True, actual=True, passed=True)
                    if frame.options.record_details
                    else None
                )
                continue
            parts = tuple(_parts(plan, names))
            recorder.checks.append(
                Check(plan.text, "assert", expected=True, actual=False, parts=parts, where=frame.where(plan.path))
            )
        except StepError as error:
            recorder.error(error, plan.path)
    return recorder.judgement()


def _parts(plan: AssertPlan, names: Names) -> Iterable[tuple[str, Any]]:
    if plan.value.literal:
        return
    for text, value in expression_parts(plan.text):
        try:
            yield text, value.render(names)
        except StepError as error:
            yield text, error.message
