"""Performs one run on a worker and returns its events. Keeps tokens from run to run, and logs out at the end of the suite."""

from __future__ import annotations

import os
import pickle
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from ..app import executor_for
from ..drivers.table import driver_named, features
from ..engine.auth.session import Session
from ..execution.cancellation import Cancellation
from ..execution.options import Inputs, Options
from ..execution.schedule import Run
from ..execution.session_closing import close_sessions
from ..execution.suite import Suite
from ..model.environment import Environment
from ..model.errors import DocumentPath, ErrorKind, Interrupted, Problem, RunflowError, WorkflowError
from ..model.events import Event, SessionFinished, StepFinished, WorkflowFinished, WorkflowStarted
from ..model.results import Failure
from ..model.wording import raised
from ..plan.compile import compile_file
from ..plan.plan import Plan, Row
from ..plan.settings import Settings
from ..version import __version__

IDEMPOTENT_HINT = (
    "write `idempotent: true` in a workflow that may do its work twice: it is then run again on another worker"
)

MAX_PLANS = 64
"""How many compiled workflows a worker keeps."""


class Package(msgspec.Struct, frozen=True):
    """A workflow that is sent to a worker.

    Attributes:
        path: The file of the workflow.
        settings: How it is compiled; its files are those of the bundle.
    """

    path: Path
    settings: Settings


class RunRequest(msgspec.Struct, frozen=True):
    """One run of a workflow, as it is sent to a worker.

    Attributes:
        suite: The suite that the run belongs to; a worker may serve several.
        given: The variables of the command line that the workflow takes.
        variables: Environment variables; they replace the worker's own.
        found: Values from secret sources; they replace the worker's own environment variables.
        left_out: The places of steps that are not run, each with the reason.
        outputs: The names of the outputs that the steps that are run can provide.
        idempotent: The run may be performed again where another worker began it.
        keeps_tokens: The worker's thread keeps tokens for the next runs of the suite, until `log_out`.
    """

    suite: str
    row: Row
    given: dict[str, Any]
    variables: dict[str, str]
    found: dict[str, str]
    left_out: dict[DocumentPath, str]
    outputs: frozenset[str]
    idempotent: bool
    keeps_tokens: bool
    seed: int
    record_details: bool
    places: bool


class WorkerReply(msgspec.Struct, frozen=True):
    """The result of a run on a worker.

    Attributes:
        events: The events of the run, with secrets masked.
        failure: Why the run did not begin; None where it did.
        begun_on: The worker that began it before; None for the first attempt.
    """

    events: tuple[Event, ...] = ()
    failure: Failure | None = None
    begun_on: str | None = None


class _SuiteState:
    """What a worker keeps of a suite between its runs.

    Attributes:
        tokens: The sessions of each thread and driver, with the inputs and options of the run that fetched them.
        running: The cancellations of the runs in progress.
        stop: Why the suite must end; None while it goes on.
    """

    def __init__(self) -> None:
        self.tokens: dict[tuple[int, str], tuple[dict[str, Session], Inputs, Options]] = {}
        self.running: set[Cancellation] = set()
        self.stop: Interrupted | None = None


_SUITES: defaultdict[str, _SuiteState] = defaultdict(_SuiteState)
_LOCK = threading.Lock()


def version() -> str:
    """The version of runflow on this worker."""
    return __version__


def perform(client_version: str, request: bytes, package: bytes) -> bytes:
    """Perform one run.

    Args:
        client_version: The version of runflow that packed the run: another one may read the bytes differently.
        request: A pickled RunRequest.
        package: A pickled Package.

    Returns:
        A pickled WorkerReply; nothing is raised.
    """
    return pickled_reply(lambda: reply_to(client_version, request, package))


def pickled_reply(make: Callable[[], WorkerReply]) -> bytes:
    """Make a reply and pickle it. Nothing is raised: an executor may log the arguments of a function that raises, and they hold secrets."""
    try:
        return pickle.dumps(make())
    except Exception as error:  # noqa: BLE001  # as above
        message = f"it could not be run on {socket.gethostname()}: {raised(error)}"
        return pickle.dumps(WorkerReply(failure=Failure("lost", message)))


def reply_to(client_version: str, request: bytes, package: bytes, begun_on: str | None = None) -> WorkerReply:
    """Perform one run.

    Args:
        client_version: As for `perform`.
        request: A pickled RunRequest.
        package: A pickled Package.
        begun_on: The worker that began the run and was lost: only an idempotent run is performed again.
    """
    if client_version != __version__:
        message = (
            f"the worker on {socket.gethostname()} has runflow {__version__}, but the run was sent by {client_version}"
        )
        return WorkerReply(
            failure=Failure("lost", message, f"on the worker: pip install runflow-http=={client_version}")
        )
    return _reply(pickle.loads(request), package, begun_on)  # noqa: S301  # the sender may run any code on this worker


def stop(suite: str, reason: str, kind: ErrorKind) -> None:
    """Interrupt every run of a suite: those in progress clean up, later ones do not begin."""
    with _LOCK:
        state = _SUITES[suite]
        state.stop = Interrupted(reason, kind)
        for cancellation in state.running:
            cancellation.request(state.stop)


def log_out(suite: str) -> bytes:
    """Log out of the sessions of a suite that has ended, and forget the suite.

    Returns:
        The events of the logouts, pickled.
    """
    with _LOCK:
        state = _SUITES.pop(suite, _SuiteState())
    events: list[Event] = []
    for (_, driver), (sessions, inputs, options) in state.tokens.items():
        close_sessions(sessions, inputs, options, executor_for(driver, jobs=1), events.append)
    return pickle.dumps(_of_runs(events))


def _reply(request: RunRequest, package: bytes, begun_on: str | None) -> WorkerReply:
    if begun_on and not request.idempotent:
        message = f"the worker that ran it ({begun_on}) was lost; what it had sent until then is not known"
        return WorkerReply(failure=Failure("lost", message, IDEMPOTENT_HINT))
    plan: Plan | None = None
    own = {name: value for name, value in os.environ.items() if name not in request.found}
    environment = Environment({**own, **request.variables})
    environment.found |= request.found
    try:
        plan = _plan(package)
        return WorkerReply(_events(plan, request, environment), begun_on=begun_on)
    except RunflowError as error:
        return WorkerReply(failure=_failure(error, plan))


@lru_cache(maxsize=MAX_PLANS)
def _plan(package: bytes) -> Plan:
    """Compile a workflow. Raises RunflowError: its driver is not installed, or one of its plugins is missing on this worker."""
    received: Package = pickle.loads(package)  # noqa: S301  # as above
    settings = received.settings
    dialect = msgspec.structs.replace(settings.dialect, features=features(driver_named(settings.dialect.driver)))
    settings = msgspec.structs.replace(settings, dialect=dialect, environment=os.environ)
    return compile_file(received.path, settings)


def _events(plan: Plan, request: RunRequest, environment: Environment) -> tuple[Event, ...]:
    """Perform a run: its events. Raises WorkflowError: an input is missing on this worker; nothing was sent."""
    outputs = tuple(each for each in plan.outputs if each.name in request.outputs)
    plan = msgspec.structs.replace(plan, left_out=request.left_out, outputs=outputs, needs=(), lock="")
    inputs = Inputs(request.given, environment)
    options = Options(
        record_details=request.record_details,
        places=request.places,
        keep_results=True,
        seed=request.seed,
        jobs=1,
    )
    events: list[Event] = []
    with _LOCK:
        state = _SUITES[request.suite] if request.keeps_tokens else _SuiteState()
        thread = (threading.get_ident(), plan.driver)
        sessions = state.tokens.setdefault(thread, ({}, inputs, options))[0] if request.keeps_tokens else None
        suite = Suite(
            [Run(plan, request.row, "")],
            inputs,
            options,
            events.append,
            executor_for(plan.driver, jobs=1),
            sessions=sessions,
        )
        state.running.add(suite.cancellation)
        if state.stop is not None:
            suite.cancellation.request(state.stop)
    try:
        suite.run()
    finally:
        with _LOCK:
            state.running.discard(suite.cancellation)
    return _of_runs(events)


def _of_runs(events: Iterable[Event]) -> tuple[Event, ...]:
    """The events of runs and sessions, without those of the suite: the client has its own."""
    kinds = (WorkflowStarted, StepFinished, WorkflowFinished, SessionFinished)
    return tuple(event for event in events if isinstance(event, kinds))


def _failure(error: RunflowError, plan: Plan | None) -> Failure:
    """Why a run did not begin on this worker."""
    problems = (
        error.problems if isinstance(error, WorkflowError) else (Problem(error.message, error.place, error.hint),)
    )
    first = problems[0]
    here = plan is not None and first.place is not None and first.place.file == plan.file
    where = plan.source.where(first.place) if plan is not None and first.place is not None and here else None
    hint = "the worker reads its own environment; --send-secrets sends the values that the workflow needs from yours"
    return Failure(
        "input",
        f"on the worker {socket.gethostname()}: {'; '.join(problem.message for problem in problems)}",
        first.hint if plan is None else hint,
        where,
    )
