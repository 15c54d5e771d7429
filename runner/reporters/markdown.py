"""The Markdown report, for a pull request comment or a job summary: totals, then each failure, folded."""

from __future__ import annotations

import re
from typing import IO, ClassVar

from ..model.events import Event, SuiteFinished, WorkflowFinished
from ..model.kinds import ReporterWants
from ..model.results import Result, Verdict, WorkflowResult
from ..model.wording import plural, seconds_text
from .failures import reason_of_run
from .text import one_line

MAX_FAILURE_CHARACTERS = 50_000
"""The most characters of failures: a comment on GitHub may have 65,536."""

_SIGNS = {Verdict.PASSED: "✅", Verdict.FAILED: "❌", Verdict.ERROR: "⚠️", Verdict.SKIPPED: "⏭️"}


class Markdown:
    """Writes Markdown at the end of the suite.

    Args:
        stream: Where to write.
    """

    name: ClassVar[str] = "markdown"
    streams: ClassVar[bool] = False
    wants: ClassVar[ReporterWants] = ""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self._failures: list[str] = []
        self._size = 0
        self._left_out = 0

    def handle(self, event: Event, /) -> None:
        """Take one event. Raises OSError where it cannot be written."""
        match event:
            case WorkflowFinished(result) if result.verdict.is_bad:
                self._failure(result)
            case SuiteFinished(result):
                self.stream.write(self._page(result).encode("utf-8", "replace"))
            case _:
                pass

    def _failure(self, result: WorkflowResult) -> None:
        text = _failure(result) if self._size < MAX_FAILURE_CHARACTERS else ""
        self._size += len(text)
        if text and self._size <= MAX_FAILURE_CHARACTERS:
            self._failures.append(text)
        else:
            self._left_out += 1

    def _page(self, result: Result) -> str:
        sign = "✅" if result.exit_code == 0 else "❌"
        counts = " · ".join(
            f"{_SIGNS[verdict]} {result.count(verdict)} {word}"
            for verdict, word in (
                (Verdict.PASSED, "passed"), (Verdict.FAILED, "failed"), (Verdict.ERROR, "with errors"), (Verdict.SKIPPED, "skipped"),
            )
            if result.count(verdict)
        )  # fmt: skip
        stop = f"Interrupted by signal {result.interrupted_by}." if result.interrupted_by else ""
        stop = stop or (
            "Cut short: a time limit was reached, or a report that this one is made from is incomplete."
            if result.cut_short
            else ""
        )
        parts = [
            f"### {sign} runflow: {plural(len(result.workflows), 'workflow')}, {seconds_text(result.duration)}",
            counts or "Nothing was run.",
            *([stop] if stop else []),
            *self._failures,
            *([f"… and {plural(self._left_out, 'more failure')}."] if self._left_out else []),
        ]
        return "\n\n".join(parts) + "\n"


def _failure(result: WorkflowResult) -> str:
    why = reason_of_run(result)
    body = "\n".join(why.lines)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", body)), default=0))
    title = f"{_SIGNS[result.verdict]} <b>{_html(result.full_name)}</b> — {_html(f'{why.title}: {why.text}')}"
    where = f"`{one_line(str(why.where), 1000).replace('`', '')}` " if why.where else ""
    return f"<details><summary>{title}</summary>\n\n{where}{why.code}\n\n{fence}text\n{body}\n{fence}\n\n</details>"


def _html(text: str) -> str:
    return one_line(text, 300).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "&#64;")
