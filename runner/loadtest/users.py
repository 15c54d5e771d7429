"""Workflows as users of Locust: every request goes through its client, under the name of its step. Imported inside Locust only."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from typing import Any

from locust import HttpUser, constant, task
from locust.env import Environment

from ..drivers.requests.driver import RequestsDriver
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
from ..reporters.failures import reason_of, reason_of_run
from ..reporters.text import check_lines
from .thresholds import EXPECTATION, FLOW


class StepFailed(AssertionError):
    """Why a step or a workflow did not pass; Locust groups failures by this text."""


class Process:
    """What all users of a process share: the tokens, what is secret, whose turn a row is.

    Args:
        plans: The workflows.
        inputs: What the caller provides.
        first: Which row of a workflow the first user gets; workers begin at different ones.
    """

    def __init__(self, plans: list[Plan], inputs: Inputs, first: Callable[[], int]) -> None:
        self.plans = plans
        self.inputs = inputs
        self.single_flight = SingleFlight()
        self.sessions: dict[str, Session] = {}
        self.redactor = Redactor()
        self.random = random.Random()  # noqa: S311  # test data, not keys
        self._first = first
        self._dealt: dict[str, int] = {}
        learn_secrets(self.redactor, plans, inputs)

    def title(self, plan: Plan, step: str) -> str:
        """What a step is called in the statistics."""
        return step if len(self.plans) == 1 else f"{plan.name}: {step}"

    def row(self, plan: Plan) -> Row:
        """The next user's row, round robin."""
        number = self._dealt.get(plan.name, 0)
        self._dealt[plan.name] = number + 1
        return plan.rows[(number + self._first()) % len(plan.rows)]


class Recorder:
    """Locust's client as the driver's session. A request is told to Locust when its step is judged: then it is known whether it failed.

    Args:
        client: Of the user.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        client.trust_env = False  # no .netrc, no proxy variables
        client.headers.clear()
        self.name = ""
        self._open: list[Any] = []

    def request(self, method: str, url: str, **options: Any) -> Any:
        """One request."""
        self._client.cookies.clear()  # the engine's jar is the one that is used
        response = self._client.request(method, url, name=self.name, catch_response=True, **options)
        response.__enter__()
        self._open.append(response)
        if response.error is not None:
            raise response.error
        return response

    def close(self) -> None:
        """Close kept connections."""
        self._client.close()

    def came(self, outcome: Response | TransportFailure) -> None:
        """The whole answer is here, or there is none."""
        if not self._open:
            return  # nothing was sent
        meta = self._open[-1].request_meta
        meta["response_time"] = outcome.elapsed * 1000
        if isinstance(outcome, Response):
            meta["response_length"] = len(outcome.body)
        else:
            self.tell(outcome.message)

    def tell(self, failure: str = "") -> None:
        """What was sent since the last time is judged; the last of it failed where there is a reason."""
        for number, response in enumerate(self._open, 1):
            if failure and number == len(self._open):
                response.failure(StepFailed(failure))
            else:
                response.success()
            response.__exit__(None, None, None)
        self._open.clear()


class WorkflowUser(HttpUser):
    """A user who runs one workflow, one row of it, again and again."""

    abstract = True
    host = "http://the.workflow.says"
    plan: Plan
    process: Process

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)  # type: ignore[no-untyped-call]  # Locust does not say what it takes
        self.recorder = Recorder(self.client)
        self.driver = RequestsDriver(self.recorder)
        self.row = self.process.row(self.plan)
        self.sessions: dict[str, Session] = {} if self.plan.load.per_user else self.process.sessions

    @task
    def run_workflow(self) -> None:
        """Run it once."""
        process, plan = self.process, self.plan
        options = Options(seed=process.random.getrandbits(64))
        redactor = Redactor(process.redactor)
        world = new_world(
            plan, self.row, process.inputs, options, redactor=redactor, write=self._heard, sessions=self.sessions
        )
        given = variables_of(plan, process.inputs)
        began = time.perf_counter()
        result = drive(run_workflow(plan, self.row, world, given), self._perform)
        self.recorder.tell()
        failed = StepFailed(_words(reason_of_run(result))) if result.verdict.is_bad else None
        name = "whole workflow" if len(process.plans) == 1 else plan.name
        self._fire(FLOW, name, (time.perf_counter() - began) * 1000, failed)

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
        self.recorder.came(outcome)
        return outcome

    def _heard(self, event: Event) -> None:
        if not isinstance(event, StepFinished):
            return
        step = event.step
        bad = step.verdict.is_bad
        self.recorder.tell(_words(reason_of(step)) if bad else "")
        title = self.process.title(self.plan, step.name)
        for check in step.last.checks if step.verdict is Verdict.FAILED else ():
            if not check.passed:
                words = " ".join(" ".join(check_lines(check)).split())
                self._fire(EXPECTATION, f"{title}: {check.subject}", 0.0, StepFailed(words))

    def _fire(self, kind: str, name: str, milliseconds: float, failure: Exception | None) -> None:
        self.environment.events.request.fire(
            request_type=kind, name=name, response_time=milliseconds, response_length=0, exception=failure, context={}
        )


def _words(reason: Any) -> str:
    return f"{reason.title}: {reason.text}"


def users_of(process: Process) -> dict[str, type[WorkflowUser]]:
    """A class of users for each workflow, by its name, which is one that a command line can hold."""
    found: dict[str, type[WorkflowUser]] = {}
    for number, plan in enumerate(process.plans, 1):
        words = "".join(word.capitalize() for word in re.findall(r"[^\W_]+", plan.name))
        name = f"{words or 'Workflow'}{number}" if words in {"", *found} or words[0].isdigit() else words
        facts = {
            "plan": plan,
            "process": process,
            "weight": plan.load.weight,
            "wait_time": constant(plan.load.think_time),
        }
        found[name] = type(name, (WorkflowUser,), facts)
    return found
