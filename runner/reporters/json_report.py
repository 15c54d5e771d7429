"""JSON: one document, written as the run goes. Keeps the steps of one run in memory, as bytes."""

from __future__ import annotations

from typing import IO, ClassVar

from ..model.events import (
    Event,
    SessionFinished,
    StepFinished,
    SuiteFinished,
    SuiteStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from ..model.kinds import Wants
from .format.writer import encoded, encoded_step, end, first_line, session_record, workflow_record


class JsonReport:
    """Writes the document `Report` of the report format.

    Args:
        stream: Where to.
    """

    name: ClassVar[str] = "json"
    streams: ClassVar[bool] = False
    wants: ClassVar[Wants] = "places"

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self._number = -1
        self._steps: list[bytes] = []
        self._logins: list[bytes] = []
        self._sessions: list[bytes] = []
        self._comma = b""

    def handle(self, event: Event, /) -> None:
        """Take one event. Raises OSError where it cannot be written."""
        match event:
            case SuiteStarted():
                head = encoded(first_line(event)).removeprefix(b'{"event":"run_started",')[:-1]
                self.stream.write(b'{%b,"workflows":[' % head)
            case WorkflowStarted():
                self._number = event.number
            case StepFinished(step=step, depth=depth) if self._number >= 0:
                if step.purpose:
                    self._logins.append(encoded_step(step))
                elif not depth:
                    self._steps.append(encoded_step(step))
            case WorkflowFinished(result):
                self._workflow(encoded(workflow_record(result, self._number)))
            case SessionFinished(result):
                self._sessions.append(encoded(session_record(result)))
            case SuiteFinished(result):
                sessions = b",".join(self._sessions)
                self.stream.write(b'\n],"sessions":[%b],"end":%b}\n' % (sessions, encoded(end(result))))
            case _:
                pass

    def _workflow(self, head: bytes) -> None:
        parts = [
            b',"%b":[%b]' % (name, b",".join(records))
            for name, records in ((b"steps", self._steps), (b"logins", self._logins))
            if records
        ]
        self.stream.write(b"%b\n%b%b}" % (self._comma, head[:-1], b"".join(parts)))
        self._comma = b","
        self._number, self._steps, self._logins = -1, [], []
