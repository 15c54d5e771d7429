"""What a worker does for a suite that runs elsewhere: runs one run as it comes, tells its events, gives tokens back at the end."""

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
from ..plan.context import Settings
from ..plan.plan import Plan, Row
from ..version import __version__

MAY_RUN_AGAIN = "`idempotent: true` in a workflow that may do its work twice: it is run again on another worker"

PLANS_KEPT = 64
"""Workflows that a worker keeps compiled."""


class Package(msgspec.Struct, frozen=True):
    """A workflow on its way to a worker.

    Attributes:
        path: Its file.
        settings: How it is compiled; its files are those of the bundle.
    """

    path: Path
    settings: Settings


class RunRequest(msgspec.Struct, frozen=True):
    """One run of it.

    Attributes:
        suite: Which suite it is of, among all that a worker may serve.
        given: Names from the command line that it takes.
        variables: Environment variables, over the worker's own.
        found: What secret sources gave, likewise.
        left_out: Places of steps that are not run, each with the reason.
        outputs: Names of the outputs that the others can give.
        idempotent: It may be run again where another worker began it.
        keeps_tokens: They stay with the thread for the suite's next runs, until `give_back`.
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
    """What a worker says of a run.

    Attributes:
        events: All that happened, masked.
        failure: Why nothing did.
        begun: The worker that began it before, or "".
    """

    events: tuple[Event, ...] = ()
    failure: Failure | None = None
    begun: str = ""


class _SuiteState:
    """What is kept of a suite between its runs.

    Attributes:
        tokens: Of each thread, with the inputs and options of the run that fetched them.
        running: How its runs are told to end.
        stop: That they were.
    """

    def __init__(self) -> None:
        self.tokens: dict[tuple[int, str], tuple[dict[str, Session], Inputs, Options]] = {}
        self.running: set[Cancellation] = set()
        self.stop: Interrupted | None = None


_SUITES: defaultdict[str, _SuiteState] = defaultdict(_SuiteState)
_LOCK = threading.Lock()


def version() -> str:
    """Of runflow, here."""
    return __version__


def perform(of: str, job: bytes, package: bytes) -> bytes:
    """Run one run.

    Args:
        of: The version of runflow where the job was made: another one may mean something else by the same bytes.
        job: A pickled Job.
        package: A pickled Parcel.

    Returns:
        A pickled Answer, whatever happens.
    """
    return pickled(lambda: answer(of, job, package))


def pickled(run: Callable[[], WorkerReply]) -> bytes:
    """What a run says, pickled. Nothing is raised: an executor may log the arguments of what raises, and secrets are among them."""
    try:
        return pickle.dumps(run())
    except Exception as error:  # noqa: BLE001  # as above
        message = f"it could not be run on {socket.gethostname()}: {raised(error)}"
        return pickle.dumps(WorkerReply(failure=Failure("lost", message)))


def answer(of: str, job: bytes, package: bytes, begun: str = "") -> WorkerReply:
    """What `perform` says, before it is pickled; of a run that another worker began and lost, unless it may be begun again, only that."""
    if of != __version__:
        message = f"the worker on {socket.gethostname()} has runflow {__version__}, and here is {of}"
        return WorkerReply(failure=Failure("lost", message, f"pip install runflow-http=={of}, there"))
    return _answer(pickle.loads(job), package, begun)  # noqa: S301  # whoever sends it may run any code here


def stop(suite: str, reason: str, kind: ErrorKind) -> None:
    """Every run of a suite must end: those under way clean up, and those that come are not begun."""
    with _LOCK:
        state = _SUITES[suite]
        state.stop = Interrupted(reason, kind)
        for cancellation in state.running:
            cancellation.request(state.stop)


def give_back(suite: str) -> bytes:
    """A suite is over: its tokens are given back, and nothing is kept of it.

    Returns:
        Pickled: the events that tell of it.
    """
    with _LOCK:
        state = _SUITES.pop(suite, _SuiteState())
    told: list[Event] = []
    for (_, driver), (sessions, inputs, options) in state.tokens.items():
        close_sessions(sessions, inputs, options, executor_for(driver, jobs=1), told.append)
    return pickle.dumps(_of_runs(told))


def _answer(job: RunRequest, package: bytes, begun: str) -> WorkerReply:
    if begun and not job.idempotent:
        message = f"the worker that ran it ({begun}) was lost; what it had sent until then is not known"
        return WorkerReply(failure=Failure("lost", message, MAY_RUN_AGAIN))
    plan: Plan | None = None
    own = {name: value for name, value in os.environ.items() if name not in job.found}
    environment = Environment({**own, **job.variables})
    environment.found |= job.found
    try:
        plan = _plan(package)
        return WorkerReply(_events(plan, job, environment), begun=begun)
    except RunflowError as error:
        return WorkerReply(failure=_failure(error, plan))


@lru_cache(maxsize=PLANS_KEPT)
def _plan(package: bytes) -> Plan:
    """The workflow, compiled. Raises RunflowError: its driver is not installed, or a package's kind is unknown here."""
    sent: Package = pickle.loads(package)  # noqa: S301  # as above
    settings = sent.settings
    settings.can = features(driver_named(settings.driver))
    settings.environment = os.environ
    return compile_file(sent.path, settings)


def _events(plan: Plan, job: RunRequest, environment: Environment) -> tuple[Event, ...]:
    """All that happens in the run. Raises WorkflowError: something is missing here; nothing was sent."""
    outputs = tuple(each for each in plan.outputs if each.name in job.outputs)
    plan = msgspec.structs.replace(plan, left_out=job.left_out, outputs=outputs, needs=(), lock="")
    inputs = Inputs(job.given, environment)
    options = Options(
        record_details=job.record_details,
        places=job.places,
        keep_results=True,
        seed=job.seed,
        jobs=1,
    )
    told: list[Event] = []
    with _LOCK:
        state = _SUITES[job.suite] if job.keeps_tokens else _SuiteState()
        thread = (threading.get_ident(), plan.driver)
        sessions = state.tokens.setdefault(thread, ({}, inputs, options))[0] if job.keeps_tokens else None
        suite = Suite(
            [Run(plan, job.row, "")], inputs, options, told.append, executor_for(plan.driver, jobs=1), sessions=sessions
        )
        state.running.add(suite.cancellation)
        if state.stop is not None:
            suite.cancellation.request(state.stop)
    try:
        suite.run()
    finally:
        with _LOCK:
            state.running.discard(suite.cancellation)
    return _of_runs(told)


def _of_runs(told: Iterable[Event]) -> tuple[Event, ...]:
    """What was told of runs and tokens; the suite as a whole is somebody else's."""
    kinds = (WorkflowStarted, StepFinished, WorkflowFinished, SessionFinished)
    return tuple(event for event in told if isinstance(event, kinds))


def _failure(error: RunflowError, plan: Plan | None) -> Failure:
    """Why a run did not begin on this worker, in its words."""
    problems = (
        error.problems if isinstance(error, WorkflowError) else (Problem(error.message, error.place, error.hint),)
    )
    first = problems[0]
    here = plan is not None and first.place is not None and first.place.file == plan.file
    where = plan.source.where(first.place) if plan is not None and first.place is not None and here else None
    hint = "the worker reads its own environment; --send-secrets sends what the workflow needs of yours"
    return Failure(
        "input",
        f"on the worker {socket.gethostname()}: {'; '.join(problem.message for problem in problems)}",
        first.hint if plan is None else hint,
        where,
    )
