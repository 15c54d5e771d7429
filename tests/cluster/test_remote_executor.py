"""The executor that performs runs on a cluster, tested with a fake cluster: whatever that does, each run has a verdict."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path

import pytest

from runflow.app import run_suite
from runflow.cluster import remote_executor as elsewhere
from runflow.cluster.packing import Packing
from runflow.cluster.remote_executor import RemoteExecutor
from runflow.cluster.worker import WorkerReply
from runflow.execution.options import Inputs, Options
from runflow.execution.schedule import runs_of
from runflow.loading import Loader, LoaderOptions
from runflow.model.errors import Interrupted
from runflow.model.events import Event, SessionFinished, StepFinished, WorkflowFinished, WorkflowStarted
from runflow.model.results import Failure, Result, SessionResult, StepResult, Verdict, WorkflowResult
from runflow.selection.select import Target

Write = Callable[[str, str], Path]


def passed(name: str = "a") -> tuple[Event, ...]:
    step = StepResult("s", Verdict.PASSED)
    result = WorkflowResult(name, f"{name}.yaml", Verdict.PASSED, steps=(step,))
    return WorkflowStarted(name, f"{name}.yaml"), StepFinished(name, f"{name}.yaml", step), WorkflowFinished(result)


class Fake:
    """Replies to each run with the next of its replies: a WorkerReply, an exception, or None for no reply."""

    default_jobs = 1
    keeps_tokens = True

    def __init__(
        self,
        *replies: WorkerReply | BaseException | None,
        failure: str | None = None,
        told: Iterable[bytes | None] = (),
    ) -> None:
        self._replies = list(replies)
        self._failure = failure
        self._told = list(told)
        self.stopped: list[str] = []

    def versions(self, seconds: float) -> dict[str, str]:
        return {}

    def submit(self, request: bytes, package: bytes) -> Future[bytes]:
        answer = self._replies.pop(0)
        if isinstance(answer, OSError):
            raise answer
        future: Future[bytes] = Future()
        if isinstance(answer, WorkerReply):
            future.set_result(pickle.dumps(answer))
        elif isinstance(answer, KeyboardInterrupt):
            future.cancel()
        elif answer is not None:
            future.set_exception(answer)
        return future

    def failure(self) -> str | None:
        return self._failure

    def stop(self, suite: str, stop: Interrupted, futures: Iterable[Future[bytes]]) -> None:
        self.stopped.append(stop.reason)

    def log_out(self, suite: str, seconds: float) -> list[bytes | None]:
        return self._told

    def close(self) -> None: ...


@pytest.fixture
def run(write: Write, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Result, list[Event]]]:
    monkeypatch.setattr(elsewhere, "SILENCE_LIMIT", 0.05)
    monkeypatch.setattr(elsewhere, "CLEANUP_LIMIT", 0.1)
    monkeypatch.setattr(elsewhere, "TRANSFER_LIMIT", 0.1)

    def call(cluster: Fake, *, idempotent: bool = False, **options: float) -> tuple[Result, list[Event]]:
        path = write("a.yaml", f"idempotent: {str(idempotent).lower()}\nsteps: [{{get: http://h/}}]\n")
        loader = Loader(LoaderOptions())
        runs = runs_of(loader.plans([Target(path)]))
        suite = Options(remote=True, keep_results=True, **options)  # type: ignore[arg-type]  # of one kind
        packing = Packing(loader, Inputs(), suite, secrets=False, keeps_tokens=True)
        events: list[Event] = []

        class Seen:
            def handle(self, event: Event, /) -> None:
                events.append(event)

        result = run_suite(
            runs, Inputs(), suite, [Seen()], lambda cancellation: RemoteExecutor(cluster, packing, cancellation)
        )
        return result, events

    return call


Call = Callable[..., tuple[Result, list[Event]]]
NOTHING: dict[str, tuple[Fake, dict[str, float], str]] = {
    "the submission fails": (Fake(OSError("no route")), {}, "it could not be run on the cluster: OSError: no route"),
    "the run raises": (
        Fake(ZeroDivisionError("oops")),
        {},
        "it could not be run on the cluster: ZeroDivisionError: oops",
    ),
    "the run is dropped": (
        Fake(KeyboardInterrupt()),
        {},
        "the executor cancelled it; whether it had begun is not known",
    ),
    "its worker is lost": (Fake(BrokenExecutor("bang")), {}, "the worker that ran it was lost: BrokenExecutor: bang"),
    "nobody is left": (Fake(None, failure="all have gone"), {}, "all have gone"),
    "the time is over": (
        Fake(None),
        {"timeout": 0.1},
        "it did not end within 0 s, and may still be running on its worker",
    ),
    "it did not begin": (Fake(WorkerReply(failure=Failure("input", "no X"))), {}, "no X"),
}


@pytest.mark.parametrize("name", NOTHING)
def test_a_run_without_a_reply_is_an_error_that_says_why(name: str, run: Call) -> None:
    cluster, options, message = NOTHING[name]
    result, events = run(cluster, **options)
    (workflow,) = result.workflows
    assert workflow.error is not None
    assert message in workflow.error.message
    assert result.exit_code == 3
    assert [type(event).__name__ for event in events[1:-1]] == ["WorkflowStarted", "WorkflowFinished"]
    assert bool(cluster.stopped) == bool(options)


def test_an_idempotent_run_is_sent_again_three_times_and_then_it_is_lost(run: Call) -> None:
    lost = BrokenExecutor("bang")
    result, events = run(Fake(lost, lost, lost, WorkerReply(passed())), idempotent=True)
    assert result.passed
    (step,) = result.workflows[0].steps
    assert step.warnings == (
        "the run was begun before on a worker, which was lost with any token that it had (`idempotent: true`)",
    )
    assert [event.step for event in events if isinstance(event, StepFinished)] == [step]
    result, _ = run(Fake(lost, lost, lost, lost), idempotent=True)
    assert result.exit_code == 3


def test_a_reply_after_its_run_was_counted_as_lost_is_ignored(run: Call) -> None:
    class Late(Fake):
        def submit(self, request: bytes, package: bytes) -> Future[bytes]:
            self.late = super().submit(request, package)
            return self.late

        def log_out(self, suite: str, seconds: float) -> list[bytes | None]:
            self.late.set_result(pickle.dumps(WorkerReply(passed())))
            return []

    result, _ = run(Late(None, failure="all have gone"))
    assert result.exit_code == 3


def test_a_bug_on_a_worker_is_a_bug_here(run: Call) -> None:
    broken = WorkflowResult("a", "a.yaml", Verdict.ERROR, error=Failure("bug", "oops"))
    result, _ = run(Fake(WorkerReply((WorkflowStarted("a", "a.yaml"), WorkflowFinished(broken)))))
    assert result.exit_code == 70


def test_sessions_are_reported_at_the_end_by_name_and_a_silent_worker_is_an_error(run: Call) -> None:
    def token(name: str) -> tuple[Event, ...]:
        return (
            StepFinished(name, "a.yaml", StepResult(f"logout of {name}", Verdict.PASSED)),
            SessionFinished(SessionResult(name, "login", Verdict.PASSED, users=(("a", 1),))),
        )

    told = [pickle.dumps(token("zoe") + token("eve")), None]
    result, events = run(Fake(WorkerReply(passed() + token("own")), told=told))
    names = [event.step.name for event in events if isinstance(event, StepFinished)]
    assert names == ["s", "logout of eve", "logout of own", "logout of zoe"]
    assert [session.name for session in result.sessions] == ["eve", "on the workers", "own", "zoe"]
    assert result.sessions[1].warnings == (
        "1 of 2 workers did not respond within 0 s: whether every session was logged out is not known",
    )
    assert result.exit_code == 3
