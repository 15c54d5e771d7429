"""Logs steps with `logging`, under the logger `runflow`: for programs that embed runflow, and for `--log-…`."""

from __future__ import annotations

import json
import logging
from typing import Any

from ..model.events import Event, SessionFinished, StepFinished, WorkflowFinished, WorkflowStarted
from ..model.results import StepResult, Verdict
from .text import check_lines, one_line

LOGGER = logging.getLogger("runflow")
LOGGER.addHandler(logging.NullHandler())

_LEVELS = {
    Verdict.PASSED: logging.INFO,
    Verdict.SKIPPED: logging.INFO,
    Verdict.FAILED: logging.ERROR,
    Verdict.ERROR: logging.ERROR,
}


class Log:
    """Writes a log record for each step and each workflow. The field `runflow` of the record has the details."""

    def handle(self, event: Event, /) -> None:
        """Take one event."""
        match event:
            case WorkflowStarted():
                self._log(logging.DEBUG, f"{event.name}: started", workflow=event.name, file=event.file)
            case StepFinished(step=step):
                self._step(event, step)
            case SessionFinished(result):
                for warning in result.warnings:
                    self._log(logging.WARNING, f"auth {result.name}: {warning}", credential=result.name)
            case WorkflowFinished(result):
                message = f"{result.full_name}: {result.verdict.value}"
                self._log(
                    _LEVELS[result.verdict],
                    message,
                    workflow=result.full_name,
                    file=result.file,
                    verdict=result.verdict.value,
                    seconds=result.duration,
                )
            case _:
                pass

    def _step(self, event: StepFinished, step: StepResult) -> None:
        level = _LEVELS[step.verdict]
        if not LOGGER.isEnabledFor(level):
            return
        facts: dict[str, Any] = {
            "workflow": event.workflow,
            "file": event.file,
            "step": step.name,
            "verdict": step.verdict.value,
        }
        facts |= {"purpose": step.purpose} if step.purpose else {}
        facts |= {
            "method": step.method,
            "url": step.url,
            "status": step.status,
            "seconds": round(step.duration, 6),
            "tries": len(step.attempts),
        }
        why = [" ".join(" ".join(check_lines(check)).split()) for check in step.last.checks if not check.passed]
        why += [error.message for error in step.last.errors] + ([step.reason] if step.reason else [])
        request = f" {step.method} {step.url} {step.status or ''}".rstrip() if step.method else ""
        reason = f": {'; '.join(why)}" if why else ""
        name = f"{step.purpose}: {step.name}" if step.purpose else step.name
        self._log(level, f"{event.workflow}: {name}: {step.verdict.value}{request}{reason}", **facts, why=why)
        for warning in step.warnings:
            self._log(logging.WARNING, f"{event.workflow}: {step.name}: {warning}", **facts)

    @staticmethod
    def _log(level: int, message: str, **facts: Any) -> None:
        LOGGER.log(level, "%s", one_line(message, 1000), extra={"runflow": facts})


def strict(handler: logging.Handler) -> logging.Handler:
    """Make a handler raise where it cannot write, so that the run reports it; else logging prints a traceback."""

    def raise_again(record: logging.LogRecord) -> None:  # noqa: ARG001  # the name that logging uses
        raise  # noqa: PLE0704  # logging calls this while it handles the exception

    handler.handleError = raise_again  # type: ignore[method-assign]  # the hook that logging documents
    return handler


class JsonFormatter(logging.Formatter):
    """Formats each record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        facts = getattr(record, "runflow", {})
        head = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "message": record.getMessage(),
        }
        return json.dumps({**head, **facts}, ensure_ascii=True, default=str)
