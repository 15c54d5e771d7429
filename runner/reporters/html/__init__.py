"""The HTML report: one file that needs no network. Failures are text in the page; all else is compressed data."""

from __future__ import annotations

import base64
import hashlib
import zlib
from datetime import UTC, datetime
from importlib.resources import files
from typing import IO, Any, ClassVar

from jinja2 import Environment, PackageLoader, StrictUndefined

from ...model.events import Event, SessionFinished, SuiteFinished, SuiteStarted
from ...model.kinds import ReporterWants
from ...model.results import Result, SessionResult, Verdict
from ...model.wording import plural, seconds_text
from ...version import __version__
from ..failure_groups import FailureGroups
from ..failures import reason_of_run
from ..format.run_fold import FinishedRun, RunFold, RunStep
from ..format.writer import encoded, workflow_record
from ..latency import Latency
from ..text import one_line

HTML_CHUNK = 512 * 1024
"""Bytes of JSON that are compressed together."""

MAX_NAMES = 200
"""The most step names in the table of durations."""


class Html:
    """Writes the page at the end of the suite; until then it keeps the runs in memory, compressed.

    Args:
        stream: Where to write.
    """

    name: ClassVar[str] = "html"
    streams: ClassVar[bool] = False
    wants: ClassVar[ReporterWants] = "places"

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self._started = SuiteStarted(0)
        self._fold = RunFold(record_steps=True)
        self._runs: list[bytes] = []
        self._size = 0
        self._chunks: list[str] = []
        self._index: list[dict[str, Any]] = []
        self._groups = FailureGroups()
        self._latency = Latency()
        self._sessions: list[SessionResult] = []

    def handle(self, event: Event, /) -> None:
        """Take one event. Raises OSError where it cannot be written."""
        match self._fold.add(event):
            case SuiteStarted() as started:
                self._started = started
            case RunStep(step=step) if not step.purpose:
                self._latency.add(step)
            case FinishedRun() as run:
                self._add_run(run)
            case SessionFinished(result):
                self._sessions.append(result)
            case SuiteFinished(result):
                self._pack()
                for part in self._page(result):
                    self.stream.write(part.encode("utf-8", "replace"))
            case _:
                pass

    def _add_run(self, run: FinishedRun) -> None:
        result = run.result
        place = len(self._index)
        self._groups.add(result, place)
        names = "\n".join(dict.fromkeys(step.name for step in result.steps))
        self._index.append({
            "chunk": len(self._chunks), "at": len(self._runs), "name": result.name, "label": result.label,
            "file": result.file, "verdict": result.verdict.value, "seconds": round(result.duration, 4), "tags": result.tags,
            "steps": len(result.steps), "names": names[:2000], "started": result.started,
            "why": reason_of_run(result).text if result.verdict.is_bad else one_line(result.reason, 300),
        })  # fmt: skip
        record = encoded(workflow_record(result, run.number))
        data = b'%b,"steps":[%b],"logins":[%b]}' % (record[:-1], b",".join(run.steps), b",".join(run.logins))
        self._runs.append(data)
        self._size += len(data)
        if self._size >= HTML_CHUNK:
            self._pack()

    def _pack(self) -> None:
        if self._runs:
            self._chunks.append(_packed(b"[%b]" % b",".join(self._runs)))
            self._runs, self._size = [], 0

    def _page(self, result: Result) -> Any:
        style, script = (_own(name) for name in ("page.css", "page.js"))
        environment = Environment(
            loader=PackageLoader(__name__, ""),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals |= {"seconds": seconds_text, "plural": plural, "line": one_line}
        return environment.get_template("page.html.j2").generate(
            style=style,
            script=script,
            style_hash=_hash(style),
            script_hash=_hash(script),
            version=__version__,
            result=result,
            counts=[(verdict.value, result.count(verdict)) for verdict in Verdict],
            started=datetime.fromtimestamp(self._started.started, UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
            seed=self._started.seed,
            causes=self._groups.ranked(),
            latency=self._latency.rows(MAX_NAMES),
            sessions=self._sessions,
            index=_packed(encoded({"runs": self._index})),
            chunks=self._chunks,
        )


def _own(name: str) -> str:
    return (files(__name__) / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The hash of an inline script or style, for the content security policy (CSP level 3 §2.3.1)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _packed(data: bytes) -> str:
    """The data compressed for the DecompressionStream of browsers, and in Base64, which is plain text in HTML."""
    return base64.b64encode(zlib.compress(data, 3)).decode()
