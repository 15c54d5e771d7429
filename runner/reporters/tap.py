"""The TAP 14 report (testanything.org): a test point for each run, a subtest for its steps, diagnostics in YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO, ClassVar

from ..model.codes import code_of
from ..model.events import Event, SuiteFinished, SuiteStarted, WorkflowFinished
from ..model.kinds import ReporterWants
from ..model.results import StepResult, Verdict, WorkflowResult
from ..model.wording import json_text
from .failures import is_shown_by_a_step, reason_of
from .text import one_line, safe, step_title


class Tap:
    """Writes TAP while the suite runs.

    Args:
        stream: Where to write.
    """

    name: ClassVar[str] = "tap"
    streams: ClassVar[bool] = False
    wants: ClassVar[ReporterWants] = ""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self._count = 0

    def handle(self, event: Event, /) -> None:
        """Take one event. Raises OSError where it cannot be written."""
        match event:
            case SuiteStarted():
                self._write(["TAP version 14"])
            case WorkflowFinished(result):
                self._count += 1
                self._write(self._workflow(result))
            case SuiteFinished(result):
                stop = f"interrupted by signal {result.interrupted_by}" if result.interrupted_by else ""
                stop = stop or (
                    "cut short: a time limit was reached, or a report that this one is made from is incomplete"
                    if result.cut_short
                    else ""
                )
                self._write([f"1..{self._count}", *([f"Bail out! {stop}"] if stop else [])])
            case _:
                pass

    def _workflow(self, result: WorkflowResult) -> Iterator[str]:
        name = f"{result.full_name} ({result.file})"
        if result.steps:
            yield f"# Subtest: {_description(name)}"
            for number, step in enumerate(result.steps, 1):
                point = _point(number, step.verdict, step_title(step), step.reason)
                warnings = [f"# warning: {one_line(each, 300)}" for each in step.warnings]
                yield from (f"    {line}" for line in [point, *_diagnostics(step), *warnings])
            yield f"    1..{len(result.steps)}"
        yield _point(self._count, result.verdict, name, result.reason)
        if result.error is not None and not is_shown_by_a_step(result):
            error = result.error
            yield from _block({"message": error.message, "severity": code_of(error), "at": str(error.where or "")})

    def _write(self, lines: Iterator[str] | list[str]) -> None:
        self.stream.write("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
        self.stream.flush()


def _description(text: str) -> str:
    return one_line(text, 300).replace("\\", "\\\\").replace("#", "\\#")


def _point(number: int, verdict: Verdict, text: str, reason: str) -> str:
    ok = "not ok" if verdict.is_bad else "ok"
    skip = f" # SKIP {one_line(reason, 300)}" if verdict is Verdict.SKIPPED else ""
    return f"{ok} {number} - {_description(text)}{skip}"


def _diagnostics(step: StepResult) -> Iterator[str]:
    if step.verdict.is_bad:
        why = reason_of(step)
        yield from _block(
            {
                "message": why.text,
                "severity": why.code,
                "at": str(why.where or ""),
                "request": f"{step.method} {step.url}".strip(),
                "status": step.status,
                "duration_ms": round(step.duration * 1000, 3),
            }
        )


def _block(values: Mapping[str, str | float | None]) -> Iterator[str]:
    """A YAML block; its scalars are JSON, which is valid YAML."""
    yield "  ---"
    yield from (f"  {name}: {safe(json_text(value))}" for name, value in values.items() if value)
    yield "  ..."
