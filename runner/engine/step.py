"""One step: its condition, its turns, its tries. Yields effects; gives back results and the names that it gave."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from ..model.answer import Answer
from ..model.effects import Flow, Sleep
from ..model.errors import Interrupted, StepError
from ..model.exchange import Response
from ..model.results import AttemptResult, Failure, StepResult, Verdict, WorkflowResult
from ..model.wording import seconds_text
from ..plan.fragments import AssertPlan
from ..plan.plan import DEFAULT_TIMEOUT, IncludePlan, Plan, RequestPlan, RetryPlan, SetPlan, StepPlan
from ..templating.values import boolean
from .attempt import Attempt
from .auth.diagnosis import DIAGNOSED, notes_on
from .auth.renewal import answered
from .auth.tokens import RunSteps
from .frame import Frame
from .iterations import StoppedStep, step_name
from .judge import Judgement, TemplateResponse, judge, judge_asserts, judge_contract
from .pagination import first_page, next_page
from .request import build
from .retry import next_wait, retry_after

RunIncluded = Callable[[Plan, Frame, dict[str, Any]], Flow[WorkflowResult]]


class Nested(NamedTuple):
    """What runs below a step, handed down because it runs steps itself."""

    included: RunIncluded
    steps: RunSteps


RETRIED_KINDS = frozenset({"transport", "timeout", "extract", "decode"})
"""Errors after which another try may do better. What is wrong in the file stays wrong."""


class StepRun:
    """A step (one turn of it) being run."""

    def __init__(self, step: StepPlan, frame: Frame, nested: Nested) -> None:
        self.step = step
        self.frame = frame
        self.nested = nested
        self.attempt = Attempt(Judgement(frame))

    def iteration(self, names: dict[str, Any], index: int = -1) -> Flow[tuple[StepResult, dict[str, Any]]]:
        """One turn: its result and the names that it gave. An interrupt is noted on the result and raised again."""
        step, frame = self.step, self.frame
        started = frame.world.clock()
        attempts: list[AttemptResult] = []
        self.attempt = Attempt(Judgement(frame))
        interrupted: Interrupted | None = None
        try:
            skip = self.skips(names)
            if skip:
                return self._result(names, Verdict.SKIPPED, index, reason=skip), {}
            yield from self._delay(names)
            yield from self._attempts(names, attempts)
            if self.attempt.verdict is Verdict.SKIPPED:
                reason = f"the included workflow was skipped: {self.attempt.skipped}"
                return self._result(names, Verdict.SKIPPED, index, reason=reason), {}
        except StepError as error:
            self.attempt.judgement.error(error, step.path)
            attempts.append(self._record(self.attempt, 0.0, 0.0))
        except Interrupted as stop:
            interrupted = stop
            why = Failure(stop.kind, stop.reason, where=frame.where(step.path))
            self.attempt.judgement.errors.append(why)
            attempts.append(self._record(self.attempt, 0.0, 0.0))
        if frame.world.snapshots is not None and self.attempt.verdict is Verdict.PASSED:
            for taken in self.attempt.judgement.taken:
                frame.world.snapshots(taken)
        result = self._finished(names, index, self.attempt, attempts, frame.world.clock() - started)
        if interrupted is not None:
            raise StoppedStep(result, self.attempt.given, interrupted)
        return result, self.attempt.given

    def skips(self, names: dict[str, Any]) -> str:
        """Why the step is skipped, or ""."""
        plan = self.step.condition
        return "" if plan is None or self._true(plan, names, "`if`") else f"`if` is false: {plan.text}"

    def _true(self, plan: AssertPlan, names: dict[str, Any], what: str) -> bool:
        try:
            return boolean(plan.value.render(names), what)
        except StepError as error:
            raise error.at(self.frame.plan.file, plan.path) from None

    def _delay(self, names: dict[str, Any]) -> Flow[None]:
        if self.step.delay is None:
            return
        seconds = self._rendered(self.step.delay, names, "delay")
        left = self.frame.remaining()
        if seconds > 0:
            yield Sleep(seconds if left is None else min(seconds, left))
        self.frame.remaining()

    def _rendered(self, value: Any, names: dict[str, Any], key: str) -> float:
        try:
            return float(value.render(names))
        except StepError as error:
            raise error.at(self.frame.plan.file, (*self.step.path, key)) from None

    def _attempts(self, names: dict[str, Any], attempts: list[AttemptResult]) -> Flow[None]:
        """Try until it passes, or until there is no further try; the last one counts."""
        clock = self.frame.world.clock
        begun, waited = clock(), 0.0
        retry = self.step.retry
        while True:
            started, attempt = clock(), self.attempt
            yield from self._run_attempt(names, attempt)
            passed = attempt.verdict in {Verdict.PASSED, Verdict.SKIPPED}
            wait = (
                -1.0 if passed or retry is None else self._wait(retry, attempt, names, len(attempts), clock() - begun)
            )
            attempts += attempt.refused
            if wait >= 0 or not passed or attempts or self.frame.world.record_details:
                attempts.append(self._record(attempt, clock() - started, waited))
            if wait < 0:
                return
            waited = wait
            yield Sleep(wait)
            self.attempt = Attempt(Judgement(self.frame))

    def _wait(self, retry: RetryPlan, attempt: Attempt, names: dict[str, Any], done: int, elapsed: float) -> float:
        """Seconds until the next try, or -1; why there is none is added to the errors."""
        errors = attempt.judgement.errors
        failure = attempt.answer.failure if attempt.answer else None
        hopeless = any(error.kind not in RETRIED_KINDS for error in errors) or (
            failure is not None and failure.kind == "tls"
        )
        if attempt.final or (hopeless and not attempt.steps):
            return -1.0
        try:
            if retry.abort_if is not None:
                seen = names | attempt.given
                if attempt.response is not None:
                    seen["response"] = TemplateResponse(attempt.answer)  # type: ignore[arg-type]  # there is a response, so an answer
                if (attempt.response is not None or "response" not in retry.abort_if.value.names) and self._true(
                    retry.abort_if, seen, "`abort_if`"
                ):
                    return -1.0
            left = self.frame.remaining()
        except StepError as error:
            attempt.judgement.error(error, self.step.path)
            return -1.0
        world = self.frame.world
        wait, why = next_wait(
            retry,
            done,
            asked=retry_after(attempt.response, world.wall()),
            elapsed=elapsed,
            left=left,
            random=world.random,
        )
        if why and not attempt.judgement.failed and errors:
            errors[-1] = msgspec.structs.replace(errors[-1], hint=f"no further try: {why}")
        return wait

    def _run_attempt(self, names: dict[str, Any], attempt: Attempt) -> Flow[None]:
        step, judgement = self.step, attempt.judgement
        self.frame.step = step.written_name
        try:
            match step.action:
                case RequestPlan() as request:
                    yield from self._request(request, names, attempt)
                case IncludePlan() as include:
                    yield from self._include(include, names, attempt)
                case SetPlan() as assignments:
                    attempt.given = assign(assignments, self.frame, names)
                case None:
                    pass
        except StepError as error:
            judgement.error(error, step.path)
        if (
            step.asserts
            and not judgement.errors
            and (attempt.verdict is Verdict.PASSED or not self._status_failed(judgement))
        ):
            seen = names | attempt.given
            if attempt.response is not None:
                seen["response"] = TemplateResponse(attempt.answer)  # type: ignore[arg-type]  # as above
            judge_asserts(step.asserts, self.frame, seen, judgement)

    def _status_failed(self, judgement: Judgement) -> bool:
        return any(check.subject == "status" for check in judgement.checks if not check.passed)

    def _request(self, plan: RequestPlan, names: dict[str, Any], attempt: Attempt) -> Flow[None]:
        """Send, judge and extract; with `paginate`, each page."""
        frame, step = self.frame, self.step
        limit = DEFAULT_TIMEOUT if step.timeout is None else self._rendered(step.timeout, names, "timeout")
        outgoing = build(plan, frame, names, limit)
        pages = first_page(plan.paginate, step)
        while True:
            before = tuple(attempt.trail)
            attempt.answer = yield from answered(
                outgoing, plan.auth, step, frame, names, run_steps=self.nested.steps, attempt=attempt
            )
            if attempt.answer.failure is not None and not step.expects_failure:
                self._transport_failed(attempt)
                return
            page = Judgement(frame)
            judge(step, attempt.answer, frame, names, page)
            if frame.plan.contract is not None and step.reads is None:  # what a credential asks is not the file's
                known = set(map(id, before))  # by itself, not by number: a renewal begins the trail anew
                exchanges = [each for each in attempt.trail if id(each) not in known]
                judge_contract(frame.plan.contract, step, attempt.answer, exchanges, page)
            if step.reads is not None and not page.failed and not page.errors:
                page.extracted = step.reads(attempt.answer)
            attempt.judgement.checks += page.checks
            attempt.judgement.errors += page.errors
            attempt.judgement.passed += page.passed
            attempt.judgement.taken += page.taken
            if pages is None:
                attempt.given = page.extracted
                return
            pages.add(page.extracted)
            attempt.given = pages.collected
            if page.failed or page.errors:
                return
            following = next_page(pages, attempt.answer, outgoing, frame, names)
            if following is None:
                return
            outgoing = build(plan, frame, names, limit, following)

    def _transport_failed(self, attempt: Attempt) -> None:
        failure = attempt.answer.failure  # type: ignore[union-attr]  # just received
        assert failure is not None
        if failure.kind == "timeout" and attempt.cut:
            attempt.final = True
            attempt.judgement.error(self.frame.over(), self.step.path)
            return
        kind = {"timeout": "timeout", "decode": "decode", "too_large": "limit"}.get(failure.kind, "transport")
        error = StepError(failure.message, kind, hint=failure.hint, cause=failure.kind)  # type: ignore[arg-type]  # the four words are of ErrorKind
        attempt.judgement.error(error, self._url_path())

    def _url_path(self) -> tuple[str | int, ...]:
        return self.step.action.url_path if isinstance(self.step.action, RequestPlan) else self.step.path

    def _include(self, plan: IncludePlan, names: dict[str, Any], attempt: Attempt) -> Flow[None]:
        frame, step = self.frame, self.step
        given = {}
        for named in plan.given:
            try:
                given[named.name] = named.value.render(names)
            except StepError as error:
                raise error.at(frame.plan.file, named.path) from None
        frame.names = names  # the included workflow may use this one's credentials, which are rendered over these
        child = attempt.inside = Frame(plan.plan, frame.world, frame)
        if step.timeout is not None:
            seconds = self._rendered(step.timeout, names, "timeout")
            child.limited(seconds, f"the include took longer than its timeout of {seconds_text(seconds)}")
        result = yield from self.nested.included(plan.plan, child, given)
        attempt.steps, attempt.included, attempt.skipped = result.steps, result.verdict, result.reason
        if result.error is not None:
            attempt.judgement.errors.append(result.error)
        if attempt.verdict is Verdict.PASSED:
            answer = Answer(None, outputs=result.outputs)
            judge(step, answer, frame, names, attempt.judgement)
            attempt.given = attempt.judgement.extracted

    def _record(self, attempt: Attempt, duration: float, waited: float) -> AttemptResult:
        """The try as data; a passing one keeps its exchanges only where a report wants them."""
        record_details = self.frame.world.record_details or attempt.verdict is not Verdict.PASSED
        response, world = attempt.response, self.frame.world
        notes: Iterable[str] = ()
        if (
            response is not None
            and response.status in DIAGNOSED
            and attempt.held
            and attempt.verdict is not Verdict.PASSED
        ):
            notes = notes_on(attempt.held, response, clock=world.clock(), wall=world.wall())
        return AttemptResult(
            exchanges=tuple(attempt.trail) if record_details else (),
            checks=tuple(attempt.judgement.checks),
            errors=tuple(attempt.judgement.errors),
            duration=duration,
            waited=waited,
            steps=attempt.steps,
            notes=tuple(notes),
            variables=attempt.inside.variables if attempt.inside else {},
            started=world.wall() - duration,
        )

    def _finished(
        self, names: dict[str, Any], index: int, attempt: Attempt, attempts: list[AttemptResult], duration: float
    ) -> StepResult:
        step, trail = self.step, attempt.trail
        if not trail and attempts and attempts[-1].exchanges:
            trail = list(attempts[-1].exchanges)
        request = trail[-1].request if trail else None
        under_way = attempt.held.outgoing.request if attempt.held else None  # of one that was broken off
        first = trail[0].request if trail else under_way
        insecure = request is not None and request.transport.verify is False and request.url.startswith("https:")
        outcome = trail[-1].outcome if trail else None
        return msgspec.structs.replace(
            self._result(names, attempt.verdict, index),
            method=first.method if first else "",
            url=first.url if first else "",
            status=outcome.status if isinstance(outcome, Response) else 0,
            duration=duration,
            passed_checks=attempt.judgement.passed,
            judged=bool(step.status or step.expectations or step.asserts or (trail and self.frame.plan.contract)),
            started=self.frame.world.wall() - duration,
            provided=attempt.given if self.frame.world.record_details else {},
            local=self._local(names) if index >= 0 and self.frame.world.record_details else {},
            attempts=tuple(attempts),
            warnings=("the server's certificate was not verified (`verify: false`)",) if insecure else (),
        )

    def _local(self, names: dict[str, Any]) -> dict[str, Any]:
        return {name: names[name] for name in (self.step.as_name, "index")}

    def _result(self, names: dict[str, Any], verdict: Verdict, index: int, reason: str = "") -> StepResult:
        step = self.step
        return StepResult(step_name(step, names), verdict, iteration=index, reason=reason, cleanup=step.is_cleanup)


def assign(plan: SetPlan, frame: Frame, names: dict[str, Any]) -> dict[str, Any]:
    """The values of a `set`, in order; what is secret among them is masked. Raises StepError with its place."""
    seen = dict(names)
    given = {}
    for named in plan.values:
        try:
            given[named.name] = seen[named.name] = named.value.render(seen)
            frame.given(named.name, given[named.name])
        except StepError as error:
            raise error.at(frame.plan.file, named.path) from None
    return given
