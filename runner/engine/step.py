"""Runs one step: its condition, its iterations, its attempts. Yields effects; returns results and the names provided."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, assert_never

import msgspec

from ..model.answer import Answer
from ..model.effects import Flow, Sleep
from ..model.errors import ErrorKind, Interrupted, StepError
from ..model.exchange import Exchange, FailureKind, Response, TransportFailure
from ..model.json_types import JSON
from ..model.kinds import Value, Variables
from ..model.results import AttemptResult, Failure, StepResult, Verdict, WorkflowResult
from ..model.wording import seconds_text
from ..plan.fragments import AssertPlan, Seconds
from ..plan.plan import DEFAULT_TIMEOUT, IncludePlan, Plan, RequestPlan, RetryPlan, SetPlan, StepPlan
from ..templating.values import boolean
from .attempt import Attempt, AttemptInterrupted, Attempts, AttemptsInterrupted
from .auth.diagnosis import DIAGNOSED, notes_on
from .auth.renewal import RequestStopped, answered
from .auth.tokens import RunSteps
from .frame import Frame
from .iterations import StepInterrupted, step_name
from .judge import Judgement, TemplateResponse, judge, judge_asserts, judge_contract
from .pagination import Pages, next_page
from .request import build
from .retry import next_wait, retry_after

RunIncluded = Callable[[Plan, Frame, dict[str, JSON]], Flow[WorkflowResult]]


class Nested(NamedTuple):
    """Runs what is nested in a step; passed down because it runs steps itself."""

    included: RunIncluded
    steps: RunSteps


RETRIED_KINDS = frozenset({"transport", "timeout", "extract", "decode"})
"""Errors after which another attempt may pass. A mistake in the file stays a mistake."""

_ERROR_KINDS: Mapping[FailureKind, ErrorKind] = {"timeout": "timeout", "decode": "decode", "too_large": "limit"}
"""The kind of the step's error for a failed request; "transport" for all other failures."""


class StepRun:
    """Runs one step, once or for each iteration of its `for_each`."""

    def __init__(self, step: StepPlan, frame: Frame, nested: Nested) -> None:
        self.step = step
        self.frame = frame
        self.nested = nested

    def iteration(self, names: Variables, index: int | None = None) -> Flow[tuple[StepResult, dict[str, JSON]]]:
        """Run one iteration: its result and the names that it provides.

        Args:
            names: What the step's templates see.
            index: Which iteration of a `for_each`, from 0; None without one.

        Raises:
            StepInterrupted: with the result of what the step did before the interrupt.
        """
        frame, started = self.frame, self.frame.ports.clock()
        attempts, interrupted = Attempts(), None
        try:
            reason = self.skips(names)
            if reason:
                return self._result(names, Verdict.SKIPPED, index, reason=reason), {}
            yield from self._delay(names)
            attempts = yield from self._attempts(names)
            if attempts.last.verdict is Verdict.SKIPPED:
                reason = f"the included workflow was skipped: {attempts.last.skipped}"
                return self._result(names, Verdict.SKIPPED, index, reason=reason), {}
        except StepError as error:
            attempts = self._ended(attempts, frame.failure(error, self.step.path))
        except Interrupted as stop:
            interrupted = stop
            attempts = self._ended(attempts, self._interruption(stop))
        except AttemptsInterrupted as stop:
            interrupted = stop.cause
            attempts = self._ended(stop.attempts, self._interruption(stop.cause))
        last = attempts.last
        if frame.ports.snapshots is not None and last.verdict is Verdict.PASSED:
            for snapshot in last.judgement.snapshots:
                frame.ports.snapshots(snapshot)
        result = self._finished(names, index, attempts, frame.ports.clock() - started)
        if interrupted is not None:
            raise StepInterrupted(result, last.provided, interrupted)
        return result, last.provided

    def _interruption(self, stop: Interrupted) -> Failure:
        return Failure(stop.kind, stop.reason, where=self.frame.where(self.step.path))

    def _ended(self, attempts: Attempts, failure: Failure) -> Attempts:
        """The attempts, the last of which ended with a failure outside its action."""
        judgement = attempts.last.judgement
        judgement = msgspec.structs.replace(judgement, errors=(*judgement.errors, failure))
        last = msgspec.structs.replace(attempts.last, judgement=judgement)
        return Attempts(last, (*attempts.results, *last.rejected, self._recorded(last, 0.0, 0.0)))

    def skips(self, names: Variables) -> str:
        """Why the step is skipped, or ""."""
        plan = self.step.condition
        return "" if plan is None or self._is_true(plan, names, "`if`") else f"`if` is false: {plan.text}"

    def _is_true(self, plan: AssertPlan, names: Variables, what: str) -> bool:
        try:
            return boolean(plan.value.render(names), what)
        except StepError as error:
            raise error.at(self.frame.plan.file, plan.path) from None

    def _delay(self, names: Variables) -> Flow[None]:
        if self.step.delay is None:
            return
        seconds = self._seconds(self.step.delay, names, "delay")
        left = self.frame.remaining()
        if seconds > 0:
            yield Sleep(seconds if left is None else min(seconds, left))
        self.frame.remaining()

    def _seconds(self, value: Value | Seconds, names: Variables, key: str) -> float:
        try:
            return float(value.render(names))
        except StepError as error:
            raise error.at(self.frame.plan.file, (*self.step.path, key)) from None

    def _attempts(self, names: Variables) -> Flow[Attempts]:
        """Make attempts until one passes or no further one is allowed; the last one counts."""
        clock, retry = self.frame.ports.clock, self.step.retry
        started, waited = clock(), 0.0
        attempts = Attempts()
        try:
            while True:
                attempt_started = clock()
                last = yield from self._attempt(names)
                passed = last.verdict in {Verdict.PASSED, Verdict.SKIPPED}
                wait = None
                if not passed and retry is not None:
                    last, wait = self._wait(retry, last, names, len(attempts.results), clock() - started)
                results = attempts.results + last.rejected
                if not passed or results or self.frame.options.record_details:
                    results += (self._recorded(last, clock() - attempt_started, waited),)
                attempts = Attempts(last, results)
                if wait is None:
                    return attempts
                waited = wait
                yield Sleep(wait)
        except AttemptInterrupted as stop:
            raise AttemptsInterrupted(Attempts(stop.attempt, attempts.results), stop.cause) from None
        except Interrupted as stop:  # while it waited
            last = msgspec.structs.replace(attempts.last, rejected=())
            raise AttemptsInterrupted(Attempts(last, attempts.results), stop) from None

    def _wait(
        self, retry: RetryPlan, attempt: Attempt, names: Variables, retries: int, elapsed: float
    ) -> tuple[Attempt, float | None]:
        """Seconds until the next attempt, or None; the reason for None is added to the attempt's errors."""
        if self._is_final(attempt):
            return attempt, None
        try:
            if self._aborts(retry, attempt, names):
                return attempt, None
            left = self.frame.remaining()
        except StepError as error:
            return attempt.with_error(self.frame.failure(error, self.step.path)), None
        world, errors = self.frame.world, attempt.judgement.errors
        wait, reason = next_wait(
            retry,
            retries,
            asked=retry_after(attempt.response, world.ports.wall()),
            elapsed=elapsed,
            left=left,
            random=world.ports.random,
        )
        if reason and not attempt.judgement.failed and errors:
            last = msgspec.structs.replace(errors[-1], hint=f"no further attempt is made: {reason}")
            judgement = msgspec.structs.replace(attempt.judgement, errors=(*errors[:-1], last))
            attempt = msgspec.structs.replace(attempt, judgement=judgement)
        return attempt, wait

    @staticmethod
    def _is_final(attempt: Attempt) -> bool:
        """Another attempt cannot do better."""
        failure = attempt.outcome.failure if attempt.outcome else None
        permanent = any(error.kind not in RETRIED_KINDS for error in attempt.judgement.errors) or (
            failure is not None and failure.kind == "tls"
        )
        return attempt.out_of_time or (permanent and not attempt.steps)

    def _aborts(self, retry: RetryPlan, attempt: Attempt, names: Variables) -> bool:
        """Whether `abort_if` is true. Raises StepError."""
        if retry.abort_if is None:
            return False
        if attempt.response is None and "response" in retry.abort_if.value.names:
            return False
        return self._is_true(retry.abort_if, self._seen(attempt, names), "`abort_if`")

    @staticmethod
    def _seen(attempt: Attempt, names: Variables) -> dict[str, JSON]:
        """What an expression sees after the attempt: its names, and `response` where there is one."""
        seen = names | attempt.provided
        if attempt.outcome is not None and attempt.outcome.response is not None:
            seen["response"] = TemplateResponse(attempt.outcome)
        return seen

    def _attempt(self, names: Variables) -> Flow[Attempt]:
        """Perform the step's action and judge it. Raises AttemptInterrupted."""
        step = self.step
        self.frame.step = step.written_name
        match step.action:
            case RequestPlan() as request:
                attempt = yield from self._request(request, names)
            case IncludePlan() as include:
                attempt = yield from self._include(include, names)
            case SetPlan() as assignments:
                attempt = self._set(assignments, names)
            case None:
                attempt = Attempt()
            case _:
                assert_never(step.action)
        judgement = attempt.judgement
        if step.asserts and not judgement.errors and not judgement.status_failed:
            judged = judge_asserts(step.asserts, self.frame, self._seen(attempt, names))
            judged = msgspec.structs.replace(judged, extracted=judgement.extracted)
            attempt = msgspec.structs.replace(attempt, judgement=judgement.followed_by(judged))
        return attempt

    def _set(self, plan: SetPlan, names: Variables) -> Attempt:
        try:
            return Attempt(provided=assign(plan, self.frame, names))
        except StepError as error:
            return Attempt().with_error(self.frame.failure(error, self.step.path))

    def _request(self, plan: RequestPlan, names: Variables) -> Flow[Attempt]:
        """Send, judge and extract; with `paginate`, each page."""
        frame, step, attempt = self.frame, self.step, Attempt()
        try:
            timeout = DEFAULT_TIMEOUT if step.timeout is None else self._seconds(step.timeout, names, "timeout")
            outgoing = build(plan, frame, names, timeout)
            pages = None if plan.paginate is None else Pages(plan.paginate, [each.name for each in step.extracts])
            while True:
                reply = yield from answered(outgoing, plan.auth, step, frame, names, run_steps=self.nested.steps)
                attempt = attempt.with_answered(reply)
                answer = reply.outcome
                assert answer is not None  # the request was not stopped
                if answer.failure is not None and not step.expects_failure:
                    return self._transport_failed(attempt, answer.failure)
                judgement = self._judged(answer, reply.exchanges, names)
                attempt = attempt.with_judgement(judgement)
                if pages is not None:
                    pages.add(judgement.extracted)
                    attempt = msgspec.structs.replace(attempt, provided=pages.collected)
                if pages is None or judgement.failed or judgement.errors:
                    return attempt
                url = next_page(pages, answer, outgoing, frame, names)
                if url is None:
                    return attempt
                outgoing = build(plan, frame, names, timeout, url)
        except StepError as error:
            return attempt.with_error(frame.failure(error, step.path))
        except RequestStopped as stop:
            so_far = stop.so_far
            if isinstance(stop.cause, StepError):
                return attempt.with_answered(so_far).with_error(frame.failure(stop.cause, step.path))
            if not so_far.renewed:  # the attempt itself shows what the server rejected
                so_far = msgspec.structs.replace(so_far, rejected=None)
            raise AttemptInterrupted(attempt.with_answered(so_far), stop.cause) from None

    def _judged(self, answer: Answer, exchanges: tuple[Exchange, ...], names: Variables) -> Judgement:
        """Judge one response. Raises StepError where a token request brought no token."""
        frame, step = self.frame, self.step
        judgement = judge(step, answer, frame, names)
        # a token endpoint is not part of the document
        if frame.plan.contract is not None and step.token_reader is None:
            judged = judge_contract(frame.plan.contract, step, answer, exchanges, frame)
            judged = msgspec.structs.replace(judged, extracted=judgement.extracted)
            judgement = judgement.followed_by(judged)
        if step.token_reader is not None and not judgement.failed and not judgement.errors:
            judgement = msgspec.structs.replace(judgement, extracted=step.token_reader.read(answer))
        return judgement

    def _transport_failed(self, attempt: Attempt, failure: TransportFailure) -> Attempt:
        frame, path = self.frame, self.step.path
        if failure.kind == "timeout" and attempt.shortened:
            attempt = msgspec.structs.replace(attempt, out_of_time=True)
            return attempt.with_error(frame.failure(frame.over(), path))
        error = StepError(
            failure.message, _ERROR_KINDS.get(failure.kind, "transport"), hint=failure.hint, cause=failure.kind
        )
        if isinstance(self.step.action, RequestPlan):
            path = self.step.action.url_path
        return attempt.with_error(frame.failure(error, path))

    def _include(self, plan: IncludePlan, names: Variables) -> Flow[Attempt]:
        frame, step, attempt = self.frame, self.step, Attempt()
        child: Frame | None = None
        try:
            given = {}
            for named in plan.given:
                try:
                    given[named.name] = named.value.render(names)
                except StepError as error:
                    raise error.at(frame.plan.file, named.path) from None
            frame.names = names  # the included workflow may use this one's credentials, which are rendered over these
            child = Frame(plan.plan, frame.world, frame)
            if step.timeout is not None:
                seconds = self._seconds(step.timeout, names, "timeout")
                child.limited(seconds, f"the include took longer than its timeout of {seconds_text(seconds)}")
            result = yield from self.nested.included(plan.plan, child, given)
            attempt = Attempt(
                Judgement(errors=() if result.error is None else (result.error,)),
                included=result.verdict,
                skipped=result.reason,
                steps=result.steps,
            )
            if attempt.verdict is Verdict.PASSED:
                attempt = attempt.with_judgement(judge(step, Answer(None, outputs=result.outputs), frame, names))
        except StepError as error:
            attempt = attempt.with_error(frame.failure(error, step.path))
        except Interrupted as stop:
            variables = child.variables if child is not None else {}
            raise AttemptInterrupted(Attempt(variables=variables), stop) from None
        return msgspec.structs.replace(attempt, variables=child.variables if child is not None else {})

    def _recorded(self, attempt: Attempt, duration: float, waited: float) -> AttemptResult:
        """The attempt as data; one that passed keeps its exchanges only where a report wants them."""
        world, response = self.frame.world, attempt.response
        passed = attempt.verdict is Verdict.PASSED
        notes: Iterable[str] = ()
        if not passed and response is not None and response.status in DIAGNOSED and attempt.authenticated:
            notes = notes_on(attempt.authenticated, response, clock=world.ports.clock(), wall=world.ports.wall())
        return AttemptResult(
            exchanges=attempt.exchanges if world.options.record_details or not passed else (),
            checks=attempt.judgement.checks,
            errors=attempt.judgement.errors,
            duration=duration,
            waited=waited,
            steps=attempt.steps,
            notes=tuple(notes),
            variables=attempt.variables,
            started=world.ports.wall() - duration,
        )

    def _finished(self, names: Variables, index: int | None, attempts: Attempts, duration: float) -> StepResult:
        step, attempt, record_details = self.step, attempts.last, self.frame.options.record_details
        exchanges = attempt.exchanges
        if not exchanges and attempts.results:
            exchanges = attempts.results[-1].exchanges
        last = exchanges[-1].request if exchanges else None
        interrupted = attempt.authenticated.outgoing.request if attempt.authenticated else None
        first = exchanges[0].request if exchanges else interrupted
        insecure = last is not None and last.transport.verify is False and last.url.startswith("https:")
        outcome = exchanges[-1].outcome if exchanges else None
        return msgspec.structs.replace(
            self._result(names, attempt.verdict, index),
            method=first.method if first else "",
            url=first.url if first else "",
            status=outcome.status if isinstance(outcome, Response) else 0,
            duration=duration,
            passed_checks=attempt.judgement.passed,
            judged=step.is_judged or bool(exchanges and self.frame.plan.contract),
            started=self.frame.ports.wall() - duration,
            provided=attempt.provided if record_details else {},
            local=self._local(names) if index is not None and record_details else {},
            attempts=attempts.results,
            warnings=("the server's certificate was not verified (`verify: false`)",) if insecure else (),
        )

    def _local(self, names: Variables) -> dict[str, JSON]:
        return {name: names[name] for name in (self.step.as_name, "index")}

    def _result(self, names: Variables, verdict: Verdict, index: int | None, reason: str = "") -> StepResult:
        return StepResult(
            step_name(self.step, names),
            verdict,
            iteration=index,
            reason=reason,
            cleanup=self.step.is_cleanup,
        )


def assign(plan: SetPlan, frame: Frame, names: Variables) -> dict[str, JSON]:
    """Compute the values of a `set` in order, and mask those that are secret. Raises StepError with its place."""
    seen = dict(names)
    given = {}
    for named in plan.values:
        try:
            given[named.name] = seen[named.name] = named.value.render(seen)
            frame.mask_if_secret(named.name, given[named.name])
        except StepError as error:
            raise error.at(frame.plan.file, named.path) from None
    return given
