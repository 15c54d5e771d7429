"""The report for GitHub Actions: an annotation on the line of each failure, and the summary of the job."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, ClassVar

from ..model.events import Event, SuiteFinished, WorkflowFinished
from ..model.kinds import ReporterWants
from ..model.results import Where, WorkflowResult
from .failures import reason_of_run
from .markdown import Markdown
from .text import safe

SUMMARY = "GITHUB_STEP_SUMMARY"
WORKSPACE = "GITHUB_WORKSPACE"


class GitHub:
    """Writes workflow commands as runs end, and the summary to the file that `GITHUB_STEP_SUMMARY` names.

    Args:
        stream: Standard output, from which GitHub reads workflow commands.
    """

    name: ClassVar[str] = "github"
    streams: ClassVar[bool] = True
    wants: ClassVar[ReporterWants] = ""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        summary = os.environ.get(SUMMARY)
        self._summary = Path(summary).open("ab") if summary else None  # noqa: SIM115  # it stays open for the whole run
        self._markdown = Markdown(self._summary) if self._summary else None

    def handle(self, event: Event, /) -> None:
        """Take one event. Raises OSError where it cannot be written."""
        if self._markdown is not None:
            self._markdown.handle(event)
        match event:
            case WorkflowFinished(result) if result.verdict.is_bad:
                self.stream.write(f"{_annotation(result)}\n".encode("utf-8", "replace"))
                self.stream.flush()
            case SuiteFinished() if self._summary is not None:
                self._summary.close()
            case _:
                pass


def _annotation(result: WorkflowResult) -> str:
    why = reason_of_run(result)
    title = f"{result.full_name}: {why.title} ({why.code})"
    return annotation("error", why.where, result.file, title, "\n".join(why.lines))


def annotation(level: str, where: Where | None, file: str, title: str, text: str) -> str:
    """A workflow command that annotates a line of a file. `level` is `error`, `warning` or `notice`."""
    facts = {**_place(where, file), "title": title}
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in facts.items())
    return f"::{level} {properties}::{_data(text)}"


def _place(where: Where | None, file: str) -> dict[str, str | int]:
    """A place in the repository. Its path is relative to the workspace, which may not be the current folder."""
    path = Path(where.file if where else file).absolute()
    root = Path(os.environ.get(WORKSPACE) or Path.cwd())
    shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
    return {"file": shown, "line": where.line, "col": where.column} if where else {"file": shown}


def _data(text: str) -> str:
    """A text escaped as GitHub decodes it: it cannot end the line or begin another command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(safe(text)).replace(":", "%3A").replace(",", "%2C")
