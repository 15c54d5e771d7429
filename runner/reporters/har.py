"""The HAR 1.2 report (HTTP archive): every exchange, with a page for each run. `--replay` reads it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import IO, Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import msgspec

from ..model.events import Event, SessionFinished, SuiteFinished, SuiteStarted
from ..model.exchange import Exchange, Headers, Request, Response, Timings
from ..model.kinds import ReporterWants
from ..model.results import StepResult
from ..version import __version__
from .format.run_fold import FinishedRun, RunFold, RunStep
from .format.writer import encoded
from .text import step_title

_VERSIONS = {"1.0": "HTTP/1.0", "1.1": "HTTP/1.1", "2": "HTTP/2", "3": "HTTP/3"}


class Har:
    """Writes a HAR while the suite runs, with complete, decoded bodies.

    Args:
        stream: Where to write.
    """

    name: ClassVar[str] = "har"
    streams: ClassVar[bool] = False
    wants: ClassVar[ReporterWants] = "exchanges"

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self._pages: list[dict[str, Any]] = []
        self._fold = RunFold(record_steps=False)
        self._comma = b""
        self._seed = 0

    def handle(self, event: Event, /) -> None:
        """Take one event. Raises OSError where it cannot be written."""
        match self._fold.add(event):
            case SuiteStarted(seed=seed):
                self._seed = seed
                self.stream.write(b'{"log":{"version":"1.2","creator":%b,"entries":[' % encoded(_creator()))
            case RunStep(run=number, step=step):
                self._step(step, _page_id(number))
            case FinishedRun(number=number, result=ended):
                title = f"{ended.full_name} ({ended.file})"
                self._pages.append(
                    {
                        "startedDateTime": _moment(ended.started),
                        "id": _page_id(number),
                        "title": title,
                        "pageTimings": {},
                    }
                )
            case SessionFinished(result):
                for each in result.steps:
                    if not each.caused_by:  # the others are in the run that waited for them
                        self._step(each.step)
            case SuiteFinished():
                tail = encoded({"pages": self._pages, "_seed": self._seed})
                self.stream.write(b"\n],%b}\n" % tail[1:])
            case _:
                pass

    def _step(self, step: StepResult, page: str | None = None) -> None:
        for exchange, name in _exchanges(step):
            entry = self._entry(exchange)
            if page is not None:
                entry["pageref"] = page
            entry["comment"] = name
            self.stream.write(self._comma + b"\n" + encoded(entry))
            self._comma = b","

    def _entry(self, exchange: Exchange) -> dict[str, Any]:
        outcome = exchange.outcome
        timings, total = _timings(outcome.timings, outcome.elapsed)
        response = _response(outcome) if isinstance(outcome, Response) else _no_response(exchange)
        entry = {
            "startedDateTime": _moment(exchange.started),
            "time": total,
            "request": _request(exchange.request, outcome.sent, response["httpVersion"]),
            "response": response,
            "cache": {},
            "timings": timings,
        }
        ip = outcome.ip if isinstance(outcome, Response) else ""
        return entry | ({"serverIPAddress": ip} if ip else {})


def _page_id(run: int) -> str:
    return f"run_{run}"


def _creator() -> dict[str, str]:
    return {"name": "runflow", "version": __version__}


def _exchanges(step: StepResult) -> Iterator[tuple[Exchange, str]]:
    for one in step.attempts:
        for inside in one.steps:
            yield from _exchanges(inside)
        for exchange in one.exchanges:
            yield exchange, step_title(step)


def _moment(seconds: float) -> str:
    thousandths = round(seconds * 1000)
    return f"{_second(thousandths // 1000)}.{thousandths % 1000:03}Z"


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    """Most exchanges share their second with many."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().removesuffix("+00:00")


@lru_cache(maxsize=64)
def _pairs(headers: Headers) -> msgspec.Raw:
    """Cached: most requests send the same headers, and many responses have the same ones."""
    return msgspec.Raw(encoded([{"name": name, "value": value} for name, value in headers]))


def _request(request: Request, sent: Headers, version: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "method": request.method,
        "url": request.url,
        "httpVersion": version or "HTTP/1.1",
        "cookies": _cookies(request.headers),
        "headers": _pairs(sent or request.headers),
        "queryString": [
            {"name": name, "value": value}
            for name, value in parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
        ]
        if "?" in request.url
        else [],
        "headersSize": -1,
        "bodySize": len(request.body or b""),
    }
    if request.body is not None:
        kind = next((value for name, value in request.headers if name.lower() == "content-type"), "")
        text, coding = _text(request.body)
        more = {"_encoding": coding} if coding else {}  # HAR has this field only for responses
        found["postData"] = {"mimeType": kind, "text": text, **more}
    return found


def _cookies(headers: Headers) -> list[dict[str, str]]:
    lines = [value for name, value in headers if name.lower() == "cookie"]
    pairs = [pair.partition("=") for line in lines for pair in line.split("; ")]
    return [{"name": name, "value": value} for name, _, value in pairs]


def _response(response: Response) -> dict[str, Any]:
    text, coding = _text(response.body)
    content = {"size": len(response.body), "mimeType": response.header("content-type") or "", "text": text}
    return {
        "status": response.status,
        "statusText": response.reason,
        "httpVersion": _VERSIONS.get(response.http_version, response.http_version),
        "cookies": [],
        "headers": _pairs(response.headers),
        "content": content | ({"encoding": coding} if coding else {}),
        "redirectURL": response.header("location") or "",
        "headersSize": -1,
        "bodySize": -1,
    }


def _no_response(exchange: Exchange) -> dict[str, Any]:
    """A request without a response, as browsers write it: status 0, and the reason."""
    why = exchange.outcome
    assert not isinstance(why, Response)
    return {
        "status": 0, "statusText": "", "httpVersion": "", "cookies": [], "headers": [], "redirectURL": "",
        "content": {"size": 0, "mimeType": ""}, "headersSize": -1, "bodySize": -1,
        "_error": why.message, "_failure": why.kind, "_phase": why.phase, "_hint": why.hint,
    }  # fmt: skip


def _text(body: bytes) -> tuple[str, str]:
    try:
        return body.decode(), ""
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), "base64"


def _timings(timings: Timings | None, elapsed: float) -> tuple[dict[str, float], float]:
    """The timings in milliseconds, and their sum; -1 where a phase did not happen or was not measured. `connect` includes `ssl`."""
    if timings is None:
        total = round(elapsed * 1000, 3)
        return {"blocked": -1, "dns": -1, "connect": -1, "ssl": -1, "send": 0, "wait": total, "receive": 0}, total
    connect = timings.connect + timings.tls
    wait, receive = timings.first_byte, max(timings.total - timings.dns - connect - timings.first_byte, 0.0)
    parts = {
        "blocked": -1,
        "dns": round(timings.dns * 1000, 3) or -1,
        "connect": round(connect * 1000, 3) or -1,
        "ssl": round(timings.tls * 1000, 3) or -1,
        "send": 0,
        "wait": round(wait * 1000, 3),
        "receive": round(receive * 1000, 3),
    }
    return parts, round((timings.dns + connect + wait + receive) * 1000, 3)
