"""The replaying driver: answers from HAR files that `--record` or a browser wrote, and never asks a network.

An answer is found by method, URL and body, and given once: a request that was sent three times has three answers, in
their order. Where the recording has a mask in place of a secret, anything fits; a mask in an answer becomes a text of
its own, so that what is made of it can be sent on.
"""

from __future__ import annotations

import base64
import itertools
import re
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ..model.errors import RunflowError, StepError
from ..model.exchange import FAILURE_KINDS, FailureKind, Headers, Phase, Request, Response, TransportFailure
from ..model.wording import cut, os_error_text, plural
from ..redaction import MASK

_MASKED = re.compile(r"(?<!\*)\*\*\*(?!\*)")
_BARE = re.compile(r"([:\[,]\s*)\*\*\*(?=\s*[,}\]])")
"""A mask where JSON has a number."""


class _Pair(msgspec.Struct):
    name: str
    value: str


class _Posted(msgspec.Struct):
    text: str = ""
    encoding: str = msgspec.field(name="_encoding", default="")


class _Request(msgspec.Struct):
    method: str
    url: str
    post: _Posted | None = msgspec.field(name="postData", default=None)


class _Content(msgspec.Struct, frozen=True):
    text: str = ""
    encoding: str = ""


class _Response(msgspec.Struct):
    status: int = 0
    reason: str = msgspec.field(name="statusText", default="")
    version: str = msgspec.field(name="httpVersion", default="")
    headers: list[_Pair] = []
    content: _Content = _Content()
    error: str = msgspec.field(name="_error", default="")
    failure: str = msgspec.field(name="_failure", default="")
    phase: Phase = msgspec.field(name="_phase", default="first byte")
    hint: str = msgspec.field(name="_hint", default="")


class _Entry(msgspec.Struct):
    request: _Request
    response: _Response
    time: float = 0.0
    ip: str = msgspec.field(name="serverIPAddress", default="")


class _Log(msgspec.Struct):
    entries: list[_Entry]
    seed: int | None = msgspec.field(name="_seed", default=None)


class _Har(msgspec.Struct):
    log: _Log


_Key = tuple[str, str, bytes]


class Recording:
    """The answers of HAR files. Shared by all threads.

    Args:
        path: A HAR file, or a folder of such files.

    Attributes:
        seed: What fixed the random values when it was recorded, or None.

    Raises:
        RunflowError: there is no HAR there, or it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        files = sorted(path.glob("*.har")) if path.is_dir() else [path]
        if not files:
            raise RunflowError(f"there is no recording in {path}", hint=f"make one: --record {path}")
        logs = [_read(file) for file in files]
        self.seed = next((log.seed for log in logs if log.seed is not None), None)
        self._exact: defaultdict[_Key, deque[_Entry]] = defaultdict(deque)
        self._masked: dict[_Key, tuple[re.Pattern[str], re.Pattern[bytes], deque[_Entry]]] = {}
        self._given: defaultdict[_Key, int] = defaultdict(int)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        for entry in (entry for log in logs for entry in log.entries):
            self._add(entry)

    def _add(self, entry: _Entry) -> None:
        key = entry.request.method, entry.request.url, _posted(entry.request.post)
        mask = MASK.encode()
        if MASK not in key[1] and mask not in key[2]:
            self._exact[key].append(entry)
            return
        if key not in self._masked:
            url = re.compile(".*?".join(map(re.escape, key[1].split(MASK))), re.DOTALL)
            body = re.compile(b".*?".join(map(re.escape, key[2].split(mask))), re.DOTALL)
            self._masked[key] = url, body, deque()
        self._masked[key][2].append(entry)

    def answer(self, request: Request) -> Response | TransportFailure:
        """The next answer to a request.

        Raises:
            StepError: none was recorded, or all were given.
        """
        with self._lock:
            for key, waiting in self._fitting(request):
                if waiting:
                    self._given[key] += 1
                    return self._outcome(waiting.popleft(), request)
            raise self._miss(request)

    def _fitting(self, request: Request) -> Iterator[tuple[_Key, deque[_Entry]]]:
        body = request.body or b""
        key = request.method, request.url, body
        if key in self._exact:
            yield key, self._exact[key]
        for masked, (url, pattern, waiting) in self._masked.items():
            if masked[0] == request.method and url.fullmatch(request.url) and pattern.fullmatch(body):
                yield masked, waiting

    def _miss(self, request: Request) -> StepError:
        asked = f"{request.method} {request.url}"
        times = sum(self._given[key] for key, _ in self._fitting(request))
        if times:
            what = f"{asked} was recorded {plural(times, 'time')}, and is sent once more"
            return StepError(what, "replay", hint="record it again: --record")
        every = [*self._exact, *self._masked]
        same = [key for key in every if key[:2] == (request.method, request.url)]
        if same:
            what = (
                f"{asked} was recorded with another body: {_shown(same[0][2])}; sent was {_shown(request.body or b'')}"
            )
            hint = "what changes from run to run, now() say, never fits: give it as a variable (--var), or record again"
            return StepError(what, "replay", hint=hint)
        path = request.url.partition("?")[0]
        near = next((key[1] for key in every if key[0] == request.method and key[1].partition("?")[0] == path), "")
        hint = f"recorded was {near}" if near else "record it again: --record"
        return StepError(f"{asked} is not in the recording, and nothing is sent with --replay", "replay", hint=hint)

    def _outcome(self, entry: _Entry, request: Request) -> Response | TransportFailure:
        found, seconds = entry.response, entry.time / 1000
        if not found.status:
            known = found.failure in FAILURE_KINDS
            kind: FailureKind = found.failure if known else "reset"  # type: ignore[assignment]  # it is one of them
            return TransportFailure(
                kind, found.phase, found.error or "no answer was recorded", found.hint, seconds, sent=request.headers
            )
        number = next(self._numbers)
        headers: Headers = tuple(
            (line.name, _filled(line.value, number)) for line in found.headers if not line.name.startswith(":")
        )
        return Response(
            found.status,
            request.url,
            found.reason,
            headers,
            self._body(found.content, number),
            found.version.rpartition("/")[2].removesuffix(".0") or "1.1",
            seconds,
            request.headers,
            entry.ip,
        )

    @staticmethod
    def _body(content: _Content, number: int) -> bytes:
        if content.encoding == "base64":
            return base64.b64decode(content.text)
        return _filled(content.text, number).encode("utf-8", "surrogatepass")


def _filled(text: str, number: int) -> str:
    if MASK not in text:
        return text
    bare = _BARE.sub(rf"\g<1>{900000 + number}", text) if text.lstrip()[:1] in {"{", "["} else text
    return _MASKED.sub(f"replayed-{number}", bare)


def _posted(posted: _Posted | None) -> bytes:
    if posted is None:
        return b""
    return (
        base64.b64decode(posted.text) if posted.encoding == "base64" else posted.text.encode("utf-8", "surrogatepass")
    )


def _shown(body: bytes) -> str:
    text = cut(body[:1000].decode("utf-8", "replace"), 200)
    return repr(text) if text else "none"


def _read(file: Path) -> _Log:
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Har).log
    except OSError as error:
        raise RunflowError(f"{file} cannot be read: {os_error_text(error)}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RunflowError(f"{file} is no HAR: {error}", hint="make one: --record DIR") from None


class ReplayDriver:
    """Answers from a recording.

    Args:
        recording: Shared by all threads.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def send(self, request: Request) -> Response | TransportFailure:
        """The recorded answer. Raises StepError where there is none."""
        return self._recording.answer(request)

    def close(self) -> None:
        """Nothing is open."""

    def cancel(self) -> None:
        """Nothing waits."""

    def resume(self) -> None:
        """Nothing was broken off."""
