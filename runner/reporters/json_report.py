"""The JSON report: one document, written while the suite runs. Keeps the steps of one run in memory, as bytes."""

from __future__ import annotations

from typing import IO, ClassVar

from ..model.events import Event, SessionFinished, SuiteFinished, SuiteStarted
from ..model.kinds import ReporterWants
from .format.run_fold import FinishedRun, RunFold
from .format.writer import encoded, end_record, session_record, suite_started_line, workflow_record


class JsonReport:
    """Writes the document `Report` of the report format.

    Args:
        stream: Where to write.
    """

    name: ClassVar[str] = "json"
    streams: ClassVar[bool] = False
    wants: ClassVar[ReporterWants] = "places"

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self._fold = RunFold(record_steps=True)
        self._sessions: list[bytes] = []
        self._comma = b""

    def handle(self, event: Event, /) -> None:
        """Take one event. Raises OSError where it cannot be written."""
        match self._fold.add(event):
            case SuiteStarted() as started:
                fields = encoded(suite_started_line(started)).removeprefix(b'{"event":"run_started",')[:-1]
                self.stream.write(b'{%b,"workflows":[' % fields)
            case FinishedRun() as run:
                self._write_run(run)
            case SessionFinished(result):
                self._sessions.append(encoded(session_record(result)))
            case SuiteFinished(result):
                sessions = b",".join(self._sessions)
                self.stream.write(b'\n],"sessions":[%b],"end":%b}\n' % (sessions, encoded(end_record(result))))
            case _:
                pass

    def _write_run(self, run: FinishedRun) -> None:
        record = encoded(workflow_record(run.result, run.number))
        parts = [
            b',"%b":[%b]' % (name, b",".join(records))
            for name, records in ((b"steps", run.steps), (b"logins", run.logins))
            if records
        ]
        self.stream.write(b"%b\n%b%b}" % (self._comma, record[:-1], b"".join(parts)))
        self._comma = b","
