"""The JSON Lines report: one line for each event, written when it happens. Keeps nothing in memory."""

from __future__ import annotations

from typing import IO, ClassVar

import msgspec

from ..model.events import Event, SessionFinished, SuiteFinished, SuiteStarted, WorkflowStarted
from ..model.kinds import ReporterWants
from .format.run_fold import FinishedRun, RunFold, RunStep
from .format.schema import SessionFinishedLine, SuiteFinishedLine, WorkflowFinishedLine
from .format.writer import (
    encoded,
    encoded_step,
    end_record,
    session_record,
    suite_started_line,
    workflow_record,
    workflow_started_line,
)


class JsonLines:
    """Writes a line for each event. Steps of an included workflow are inside the step that includes it.

    Args:
        stream: Where to write.
    """

    name: ClassVar[str] = "jsonl"
    streams: ClassVar[bool] = True
    wants: ClassVar[ReporterWants] = "places"  # every other report can be made from it

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self._fold = RunFold(record_steps=False)

    def handle(self, event: Event, /) -> None:
        """Take one event. Raises OSError where it cannot be written."""
        match self._fold.add(event):
            case RunStep(step=step):
                self.stream.write(b'{"event":"step_finished","step":%b}\n' % encoded_step(step))
                self.stream.flush()
            case SuiteStarted() as started:
                self._write(suite_started_line(started))
            case WorkflowStarted() as started:
                self._write(workflow_started_line(started))
            case FinishedRun(number=number, result=ended):
                self._write(WorkflowFinishedLine(workflow_record(ended, number)))
            case SessionFinished(result):
                self._write(SessionFinishedLine(session_record(result)))
            case SuiteFinished(result):
                self._write(SuiteFinishedLine(end_record(result)))
            case _:
                pass

    def _write(self, line: msgspec.Struct) -> None:
        self.stream.write(encoded(line) + b"\n")
        self.stream.flush()
