"""Workflows as users of Locust: each request goes through Locust's client, under the name of its step. Only Locust imports this module."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from typing import Unpack

from locust import HttpUser, constant, task
from locust.clients import HttpSession, ResponseContextManager
from locust.env import Environment

from ..drivers.requests.driver import HttpResponse, RequestOptions, RequestsDriver
from ..engine.auth.session import Session
from ..engine.workflow import run_workflow
from ..execution.drive import drive
from ..execution.options import Inputs, Options
from ..execution.run_setup import learn_secrets, new_world, variables_of
from ..execution.single_flight import SingleFlight
from ..model.effects import Effect, Once, Reply, Send, Sleep
from ..model.events import Event, StepFinished
from ..model.exchange import Request, Response, TransportFailure
from ..model.results import Verdict
from ..plan.plan import Plan, Row
from ..redaction import Redactor
from ..reporters.failures import FailureReason, reason_of, reason_of_run
from ..reporters.text import check_lines
from .thresholds import EXPECTATION, FLOW


class StepFailed(AssertionError):
    """Why a step or a workflow did not pass; Locust groups failures by this text."""


class Process:
    """What all users of one process share: sessions, known secrets, and the order of the rows.

    Args:
        plans: The workflows.
        inputs: The variables and the environment of every run.
        first_row: The index of the row that the first user of a workflow gets; each worker starts at a different row.
    """

    def __init__(self, plans: list[Plan], inputs: Inputs, first_row: Callable[[], int]) -> None:
        self.plans = plans
        self.inputs = inputs
        self.single_flight = SingleFlight()
        self.sessions: dict[str, Session] = {}
        self.redactor = Redactor()
        self.random = random.Random()  # noqa: S311  # test data, not keys
        self._first_row = first_row
        self._users: dict[str, int] = {}
        learn_secrets(self.redactor, plans, inputs)

    def title(self, plan: Plan, step: str) -> str:
        """The name of a step in the statistics."""
        return step if len(self.plans) == 1 else f"{plan.name}: {step}"

    def next_row(self, plan: Plan) -> Row:
        """The row of the next user of a workflow, round robin."""
        number = self._users.get(plan.name, 0)
        self._users[plan.name] = number + 1
        return plan.rows[(number + self._first_row()) % len(plan.rows)]


class Recorder:
    """Locust's client as the session of the driver. A request is reported when its step is judged: only then is it known whether it failed.

    Args:
        client: The client of the user.
    """

    def __init__(self, client: HttpSession) -> None:
        self._client = client
        client.trust_env = False  # no .netrc, no proxy variables
        client.headers.clear()
        self.name = ""
        self._open: list[ResponseContextManager] = []

    def request(self, method: str, url: str, /, **options: Unpack[RequestOptions]) -> HttpResponse:
        """Send one request."""
        self._client.cookies.clear()  # the engine has its own cookies
        response = self._client.request(method, url, name=self.name, catch_response=True, **options)
        response.__enter__()
        self._open.append(response)
        if response.error is not None:
            raise response.error
        return response

    def close(self) -> None:
        """Close kept connections."""
        self._client.close()

    def completed(self, outcome: Response | TransportFailure) -> None:
        """The exchange has ended: note how long it took, and how large the response is."""
        if not self._open:
            return  # nothing was sent
        meta = self._open[-1].request_meta
        meta["response_time"] = outcome.elapsed * 1000  # type: ignore[index]  # Locust changes it too
        if isinstance(outcome, Response):
            meta["response_length"] = len(outcome.body)  # type: ignore[index]  # as above
        else:
            self.report(outcome.message)

    def report(self, failure: str | None = None) -> None:
        """Report the requests that were sent since the last call; with a failure, the last of them failed."""
        for number, response in enumerate(self._open, 1):
            if failure is not None and number == len(self._open):
                response.failure(StepFailed(failure))
            else:
                response.success()
            response.__exit__(None, None, None)
        self._open.clear()


class WorkflowUser(HttpUser):
    """A user that runs one workflow, with one row of its cases, again and again."""

    abstract = True
    host = "http://the.workflow.says"
    plan: Plan
    process: Process

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)  # type: ignore[no-untyped-call]  # Locust does not say what it takes
        self.recorder = Recorder(self.client)
        self.driver = RequestsDriver(self.recorder)
        self.row = self.process.next_row(self.plan)
        self.sessions: dict[str, Session] = {} if self.plan.load.per_user else self.process.sessions

    @task
    def run_workflow(self) -> None:
        """Run the workflow once."""
        process, plan = self.process, self.plan
        options = Options(seed=process.random.getrandbits(64))
        redactor = Redactor(process.redactor)
        world = new_world(
            plan, self.row, process.inputs, options, redactor=redactor, write=self._handle, sessions=self.sessions
        )
        given = variables_of(plan, process.inputs)
        started = time.perf_counter()
        result = drive(run_workflow(plan, self.row, world, given), self._perform)
        self.recorder.report()
        failure = StepFailed(_summary(reason_of_run(result))) if result.verdict.is_bad else None
        name = "whole workflow" if len(process.plans) == 1 else plan.name
        self._fire(FLOW, name, (time.perf_counter() - started) * 1000, failure)

    def _perform(self, effect: Effect) -> Reply:
        match effect:
            case Send(request, step):
                return self._send(request, step)
            case Sleep(seconds):
                time.sleep(seconds)
                return None
            case Once():
                return self.process.single_flight.perform(effect, lambda flow: drive(flow, self._perform))

    def _send(self, request: Request, step: str) -> Response | TransportFailure:
        self.recorder.name = self.process.title(self.plan, step)
        outcome = self.driver.send(request)
        self.recorder.completed(outcome)
        return outcome

    def _handle(self, event: Event) -> None:
        """Report a step that ended, and each of its expectations that failed."""
        if not isinstance(event, StepFinished):
            return
        step = event.step
        self.recorder.report(_summary(reason_of(step)) if step.verdict.is_bad else None)
        title = self.process.title(self.plan, step.name)
        for check in step.last.checks if step.verdict is Verdict.FAILED else ():
            if not check.passed:
                text = " ".join(" ".join(check_lines(check)).split())
                self._fire(EXPECTATION, f"{title}: {check.subject}", 0.0, StepFailed(text))

    def _fire(self, kind: str, name: str, milliseconds: float, failure: Exception | None) -> None:
        self.environment.events.request.fire(
            request_type=kind, name=name, response_time=milliseconds, response_length=0, exception=failure, context={}
        )


def _summary(reason: FailureReason) -> str:
    return f"{reason.title}: {reason.text}"


def users_of(process: Process) -> dict[str, type[WorkflowUser]]:
    """A class of users for each workflow, by a name that can be written on Locust's command line."""
    classes: dict[str, type[WorkflowUser]] = {}
    for number, plan in enumerate(process.plans, 1):
        words = "".join(word.capitalize() for word in re.findall(r"[^\W_]+", plan.name))
        name = f"{words or 'Workflow'}{number}" if words in {"", *classes} or words[0].isdigit() else words
        attributes = {
            "plan": plan,
            "process": process,
            "weight": plan.load.weight,
            "wait_time": constant(plan.load.think_time),
        }
        classes[name] = type(name, (WorkflowUser,), attributes)
    return classes
