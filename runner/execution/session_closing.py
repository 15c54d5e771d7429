"""Logs out of every session that fetched a token, when a suite ends or when its caller says so."""

from __future__ import annotations

from ..engine.auth.session import Session
from ..engine.auth.tokens import closed
from ..engine.workflow import NESTED
from ..model.effects import Flow
from ..model.events import Emit, Event, SessionFinished
from ..model.results import SessionResult, Verdict
from ..plan.plan import Row
from ..redaction import Redactor
from .cancellation import FlowCancellation
from .context import SuiteContext
from .executor import NewExecutor, Task
from .options import Inputs, Options
from .task_loop import TaskLoop


class SessionClosing:
    """Logs out of the sessions of a suite, whatever happened before; they are reported in order of their names.

    Args:
        context: What the parts of the suite share, its sessions among it.
        first: The number of the first logout in the order of events: how many runs came before.

    Attributes:
        results: How each session ended, by the number of its logout.
    """

    def __init__(self, context: SuiteContext, first: int = 0) -> None:
        self._context = context
        self._first = first
        begun = [session for session in context.sessions.values() if session.begun]
        self._sessions = sorted(begun, key=lambda session: (session.name, sorted(session.users)))
        self._next = 0
        self.results: dict[int, SessionResult] = {}

    def run(self, loop: TaskLoop) -> None:
        """Log out of every session."""
        loop.work(self._next_task, self._ended)

    def _next_task(self) -> Task | None:
        if self._next == len(self._sessions):
            return None
        session, number = self._sessions[self._next], self._first + self._next
        self._next += 1
        return Task(number, self._flow(number, session), FlowCancellation(self._context.cancellation, closing=True))

    def _flow(self, number: int, session: Session) -> Flow[SessionResult]:
        emit = self._context.order.sink(number)

        def write(event: Event) -> None:
            if isinstance(event, SessionFinished):
                self.results[number] = event.result
            emit(event)

        redactor = Redactor(self._context.redactor)
        redactor.learn(session.secrets, f"auth.{session.name}")
        return closed(session, self._context.new_world(session.owner, Row(), redactor, write), NESTED.steps)

    def _ended(self, number: int, error: BaseException | None) -> None:
        order = self._context.order
        if error is not None:
            session, failure = self._sessions[number - self._first], self._context.bug(error)
            result = SessionResult(session.name, session.plan.kind, Verdict.ERROR, warnings=(failure.message,))
            self.results[number] = result
            order.emit(number, SessionFinished(result))
        order.close(number)


def close_sessions(
    sessions: dict[str, Session],
    inputs: Inputs,
    options: Options,
    new_executor: NewExecutor,
    write: Emit = lambda _: None,
) -> tuple[SessionResult, ...]:
    """Log out of the sessions that several suites shared.

    Args:
        sessions: The sessions.
        inputs: What the caller provided to those suites.
        options: How they ran.
        new_executor: Makes what sends the requests.
        write: Takes a masked event for each session.
    """
    context = SuiteContext(inputs, options, write, sessions=sessions)
    closing = SessionClosing(context)
    with context.cancellation:
        executor = new_executor(context.cancellation)
        closing.run(TaskLoop(context, executor))
        for event in executor.close():
            write(event)
    return tuple(closing.results[number] for number in sorted(closing.results))
