"""The JUnit XML report, as Jenkins and GitLab read it: a suite for each file, a case for each run or each step."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import IO, Any, ClassVar
from xml.sax.saxutils import escape, quoteattr

from ..model.events import Event, SessionFinished, StepFinished, SuiteFinished, WorkflowFinished, WorkflowStarted
from ..model.kinds import ReporterWants
from ..model.results import SessionResult, StepResult, Verdict, WorkflowResult
from ..model.wording import json_text
from .failures import is_shown_by_a_step, reason_of, reason_of_run
from .text import one_line, step_title, step_words

_COUNTED = (Verdict.FAILED, Verdict.ERROR, Verdict.SKIPPED)
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _plain(text: str) -> str:
    """The text with characters that XML 1.0 does not allow (§2.2) shown by their numbers."""
    return _NOT_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _text(text: str) -> str:
    return escape(_plain(text))


def _attributes(**values: object) -> str:
    return "".join(f" {name}={quoteattr(_plain(str(value)))}" for name, value in values.items())


JUNIT_CHUNK = 64 * 1024
"""Bytes of XML that are compressed together: cases wait in memory, because the file begins with their counts."""


class _Suite:
    """A file's cases, as XML."""

    def __init__(self) -> None:
        self.number = 0
        self._packed: list[bytes] = []
        self._open = bytearray()
        self.properties: dict[tuple[str, str], None] = {}
        self.counts = dict.fromkeys(_COUNTED, 0)
        self.seconds = 0.0
        self.started = 0.0

    def add(self, verdict: Verdict, xml: str) -> None:
        self.number += 1
        self._open += xml.encode()
        if len(self._open) >= JUNIT_CHUNK:
            self._packed.append(zlib.compress(self._open, 1))
            self._open.clear()
        if verdict in self.counts:
            self.counts[verdict] += 1

    def cases(self) -> Iterator[bytes]:
        """All cases as XML, in pieces."""
        yield from map(zlib.decompress, self._packed)
        yield bytes(self._open)


class JUnit:
    """Writes JUnit XML. A failed expectation is a `failure`, all else that went wrong an `error`.

    Args:
        stream: Where to write.
        steps: Make a case of each step; else of each run, with its steps in `system-out`.
    """

    name: ClassVar[str] = "junit"
    streams: ClassVar[bool] = False
    wants: ClassVar[ReporterWants] = "exchanges"

    def __init__(self, stream: IO[bytes], *, steps: bool = False) -> None:
        self.stream = stream
        self.steps = steps
        self._suites: dict[str, _Suite] = {}
        self._lines: list[str] = []

    def handle(self, event: Event, /) -> None:
        """Take one event. Raises OSError where it cannot be written."""
        match event:
            case WorkflowStarted():
                self._lines = []
            case StepFinished(step=step, depth=depth) if not self.steps:
                self._lines.append(f"{'  ' * depth}{step.verdict.value:8}{step_words(step)}")
                self._lines += [f"{'  ' * depth}{'':8}warning: {one_line(each, 300)}" for each in step.warnings]
            case WorkflowFinished(result):
                self._workflow(result)
            case SessionFinished(result):
                self._session(result)
            case SuiteFinished(result):
                self._write(result.duration)
            case _:
                pass

    def _workflow(self, result: WorkflowResult) -> None:
        suite = self._suites.setdefault(result.file, _Suite())
        suite.seconds += result.duration
        suite.started = min(filter(None, (suite.started, result.started)), default=0.0)
        suite.properties |= {("tag", tag): None for tag in result.tags}
        at = f" {result.label}" if result.label else ""
        suite.properties |= {(f"{name}{at}", _value(value)): None for name, value in result.variables.items()}
        if self.steps:
            for number, step in enumerate(result.steps, 1):
                suite.add(step.verdict, _case(step, f"{number}. {step_title(step)}", result.full_name))
            if is_shown_by_a_step(result) and result.steps:
                return
        lines = _text("\n".join(self._lines))
        output = f"<system-out>{lines}</system-out>" if lines else ""
        suite.add(result.verdict, _case(result, result.full_name, result.file, output))

    def _session(self, result: SessionResult) -> None:
        """A logout that failed belongs to no run, so it is a case of its own."""
        last = result.steps[-1] if result.steps else None
        if result.verdict.is_bad and last is not None and last.purpose == "logout":
            suite = self._suites.setdefault(f"auth {result.name}", _Suite())
            suite.add(result.verdict, _case(last.step, "logout", result.name))

    def _write(self, seconds: float) -> None:
        every = self._suites.values()
        self._put(f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites{_totals("runflow", every, seconds)}>\n')
        for file, suite in self._suites.items():
            stamp = datetime.fromtimestamp(suite.started, UTC).strftime("%Y-%m-%dT%H:%M:%S")
            self._put(
                f" <testsuite{_totals(file, [suite], suite.seconds, skipped=True)}{_attributes(timestamp=stamp, file=file)}>\n"
            )
            if suite.properties:
                rows = "".join(f"<property{_attributes(name=name, value=value)}/>" for name, value in suite.properties)
                self._put(f"  <properties>{rows}</properties>\n")
            for piece in suite.cases():
                self.stream.write(piece)
            self._put(" </testsuite>\n")
        self._put("</testsuites>\n")

    def _put(self, text: str) -> None:
        self.stream.write(text.encode())


def _totals(name: str, suites: Iterable[_Suite], seconds: float, *, skipped: bool = False) -> str:
    every = list(suites)
    counts = {verdict: sum(suite.counts[verdict] for suite in every) for verdict in _COUNTED}
    more = {"skipped": counts[Verdict.SKIPPED]} if skipped else {}  # the schema has it only for a suite
    return _attributes(
        name=name, tests=sum(suite.number for suite in every), failures=counts[Verdict.FAILED],
        errors=counts[Verdict.ERROR], time=f"{seconds:.3f}", **more,
    )  # fmt: skip


def _value(value: Any) -> str:
    return one_line(value if isinstance(value, str) else json_text(value), 300)


def _case(of: WorkflowResult | StepResult, name: str, classname: str, output: str = "") -> str:
    inside = ""
    if of.verdict is Verdict.SKIPPED:
        inside = f"<skipped{_attributes(message=one_line(of.reason, 300))}/>"
    elif of.verdict.is_bad:
        tag = "failure" if of.verdict is Verdict.FAILED else "error"
        why = reason_of_run(of) if isinstance(of, WorkflowResult) else reason_of(of)
        lines = _text("\n".join(why.lines))
        inside = f"<{tag}{_attributes(message=f'{why.title}: {why.text}', type=why.code)}>{lines}</{tag}>"
    head = _attributes(name=name, classname=classname, time=f"{of.duration:.3f}")
    return f"  <testcase{head}>{inside}{output}</testcase>\n"
