"""Judging an answer: the status first, then what is extracted, then everything else. Pure; sends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from ..matchers.equality import same
from ..model.answer import Answer
from ..model.errors import StepError
from ..model.events import SecretLearned
from ..model.exchange import Exchange, Response
from ..model.kinds import MISSING, Names
from ..model.results import Check, Failure, Snapshot
from ..model.wording import did_you_mean, key_text, shown
from ..openapi.contract import Contract
from ..plan.conditions import Condition, Expectation, Inside, Stored
from ..plan.fragments import AssertPlan, ExtractPlan
from ..plan.plan import StepPlan
from ..templating.values import boolean, expression_parts
from .auth.secret_capture import learnt
from .frame import Frame


class Judgement:
    """What came of judging one answer. Filled here, read by the step."""

    __slots__ = ("checks", "errors", "extracted", "frame", "passed", "taken")

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.checks: list[Check] = []
        self.errors: list[Failure] = []
        self.extracted: dict[str, Any] = {}
        self.passed = 0
        self.taken: list[Snapshot] = []

    @property
    def failed(self) -> bool:
        """An expectation did not hold."""
        return any(not check.passed for check in self.checks)

    def hold(self, check: Check | None) -> None:
        """Count an expectation that held; keep it where a report wants it."""
        self.passed += 1
        if check is not None:
            self.checks.append(check)

    def error(self, error: StepError, path: tuple[str | int, ...]) -> None:
        """Note an error, once: several questions about one broken body have one answer."""
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
        return self._answer.whole().status

    @property
    def headers(self) -> dict[str, str]:
        """Headers by name, in any case."""
        found = _AnyCase()
        for name, _ in self._answer.whole().headers:
            found[name.lower()] = self._answer.whole().header(name) or ""
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
        return self._answer.whole().url

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


def judge(step: StepPlan, answer: Answer, frame: Frame, names: Names, judgement: Judgement) -> None:
    """Judge the status; where it holds, extract, then everything else that looks at the answer."""
    _judge(step, answer, frame, names, judgement)
    lost = [each.name for each in step.extracts if each.secret or each.name in frame.secrets]
    if answer.response is not None and not set(lost) <= judgement.extracted.keys():
        # the secret is somewhere in the answer, and nobody knows where
        frame.world.emit(SecretLearned(lost[0], learnt(answer.response, answer.response.url)))


def _judge(step: StepPlan, answer: Answer, frame: Frame, names: Names, judgement: Judgement) -> None:
    if answer.failure is not None and not step.expects_failure:
        return
    if answer.failure is None:
        judge_status(step, answer, names, judgement)
        if judgement.failed or judgement.errors:
            return
        if answer.response is not None:
            try:
                answer.check_json()
            except StepError as error:
                judgement.error(error, step.path)
                return
    for extract in step.extracts:
        _extract(extract, answer, frame, names, judgement)
    _expect(step.expectations, answer, names, judgement, iteration=f" [{names['index']}]" if step.for_each else "")


def judge_status(step: StepPlan, answer: Answer, names: Names, judgement: Judgement) -> None:
    """What the step expects of the status alone."""
    _expect(step.status, answer, names, judgement)


def _extract(plan: ExtractPlan, answer: Answer, frame: Frame, names: Names, judgement: Judgement) -> None:
    try:
        text, selector = plan.pick.resolve(names)
        found = selector.select(answer)
        if found is MISSING or (selector.indefinite and found == []):
            found = _default(plan, text, names, answer)
        elif plan.filter is not None:
            found = plan.filter.render({**names, "value": found})
        frame.given(plan.name, found, secret=plan.secret)
        judgement.extracted[plan.name] = found
    except StepError as error:
        judgement.error(error, plan.path)


def _default(plan: ExtractPlan, text: str, names: Names, answer: Answer) -> Any:
    if plan.default is not MISSING:
        return plan.default.render(names)
    keys, near = _keys_there(text, answer)
    hint = f"{near} else give it a `default`" if near else "give it a `default` if it may be missing"
    raise StepError(f"`{text}` finds nothing{keys}", "extract", hint=hint)


def _keys_there(text: str, answer: Answer) -> tuple[str, str]:
    """What is at the top of a JSON answer instead, and the key that may have been meant."""
    if not text.startswith(("$", "ng")):
        return "", ""
    try:
        data = answer.json
    except StepError:
        return "", ""
    if isinstance(data, list):
        return f"; the answer is a list of {len(data)}", ""
    if not isinstance(data, dict):
        return f"; the answer is {shown(data, 60)}", ""
    near = did_you_mean(text, [f"$.{key}" for key in data])
    return (
        f"; the answer has the keys {', '.join(map(key_text, list(data)[:12]))}"
        if data
        else "; the answer is an empty object"
    ), near


class _Found(NamedTuple):
    """What a selector found, or why it could not look."""

    text: str
    value: Any
    trouble: str
    indefinite: bool


def _expect(
    expectations: Iterable[Expectation], answer: Answer, names: Names, judgement: Judgement, iteration: str = ""
) -> None:
    for expectation in expectations:
        try:
            text, selector = expectation.pick.resolve(names)
        except StepError as error:
            judgement.error(error, expectation.pick.path)
            continue
        try:
            found = _Found(text, selector.select(answer), "", selector.indefinite)
        except StepError as error:
            if error.kind == "limit":  # nobody knows what would have been found
                judgement.error(error, expectation.pick.path)
                continue
            found = _Found(text, MISSING, error.message, selector.indefinite)
        for entry in expectation.conditions.entries:
            try:
                _entry(entry, found, names, judgement)
            except StepError as error:
                judgement.error(error, entry.path)
        if expectation.snapshot is not None:
            try:
                _snapshot(expectation.snapshot, found, iteration, judgement)
            except StepError as error:
                judgement.error(error, expectation.snapshot.path)


def _snapshot(stored: Stored, found: _Found, iteration: str, judgement: Judgement) -> None:
    """Hold what was found against what is stored, or take it to be stored."""
    frame, world = judgement.frame, judgement.frame.world
    case = world.case if frame.session is None else ""  # whichever case is the first to need a token
    expected = stored.value(iteration, case)
    if expected is MISSING and world.snapshots is None:
        hint = f"look at the answer, then store it: runflow run {frame.plan.file} --update-snapshots"
        raise StepError(f"no snapshot of `{found.text}` is stored for this step", "input", hint=hint)
    if found.value is MISSING or found.trouble:
        wanted = "a value to be stored" if expected is MISSING else expected
        detail = found.trouble or "nothing was found there"
        where = frame.where(stored.path)
        judgement.checks.append(Check(found.text, "snapshot", wanted, found=False, detail=detail, where=where))
        return
    value = stored.counts(found.value)
    if world.snapshots is not None:
        if world.mask(value) != value:
            raise StepError(f"a snapshot of `{found.text}` would hold a secret", "policy", hint="`ignore` its path")
        judgement.taken.append(Snapshot(stored.file, stored.step + iteration, stored.selector, case, value))
        expected = value
    if same(value, expected):
        judgement.hold(Check(found.text, "snapshot", expected, value, passed=True) if world.record_details else None)
    else:
        judgement.checks.append(Check(found.text, "snapshot", expected, value, where=frame.where(stored.path)))


def _entry(entry: Condition | Inside, found: _Found, names: Names, judgement: Judgement) -> None:
    frame = judgement.frame
    miss = entry.judge(found.value, names, indefinite=found.indefinite)
    if miss is None and not found.trouble:
        record_details = frame.world.record_details
        judgement.hold(
            Check(found.text, entry.operator, entry.expected(names), found.value, passed=True)
            if record_details
            else None
        )
        return
    judgement.checks.append(
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
    contract: Contract, step: StepPlan, answer: Answer, exchanges: Sequence[Exchange], judgement: Judgement
) -> None:
    """Every exchange with the API is as its OpenAPI document says, those that redirected too."""
    frame = judgement.frame
    last = exchanges[-1]
    held = [
        (each.request, Answer(each.outcome))
        for each, following in pairwise(exchanges)
        if isinstance(each.outcome, Response) and following.request.url != each.request.url  # not what was sent again
    ]
    try:
        breaches = [
            breach
            for request, came in (*held, (last.request, answer))
            if came.response is not None and contract.covers(request.url, frame.base_url)
            for breach in contract.breaches(request, came, frame.base_url)
        ]
    except StepError as error:
        judgement.error(error, step.path)
        return
    for each in breaches:
        where = frame.where(step.path)
        subject = f"openapi {each.operation}"
        judgement.checks.append(Check(subject, "openapi", each.expected, each.actual, detail=each.detail, where=where))
    if not breaches:
        passed = Check("openapi", "openapi", contract.name, contract.name, passed=True)
        judgement.hold(passed if frame.world.record_details else None)


def judge_asserts(asserts: Iterable[AssertPlan], frame: Frame, names: Names, judgement: Judgement) -> None:
    """Expressions that must be true; a failure shows the value of every part."""
    for plan in asserts:
        try:
            if boolean(plan.value.render(names), "the assertion"):
                judgement.hold(
                    Check(plan.text, "assert", expected=True, actual=True, passed=True)
                    if frame.world.record_details
                    else None
                )
                continue
            parts = tuple(_parts(plan, names))
            judgement.checks.append(
                Check(plan.text, "assert", expected=True, actual=False, parts=parts, where=frame.where(plan.path))
            )
        except StepError as error:
            judgement.error(error, plan.path)


def _parts(plan: AssertPlan, names: Names) -> Iterable[tuple[str, Any]]:
    if plan.value.literal:
        return
    for text, value in expression_parts(plan.text):
        try:
            yield text, value.render(names)
        except StepError as error:
            yield text, error.message
