"""The replay driver: returns responses from HAR files that `--record` or a browser wrote, and sends nothing.

A response is found by method, URL and body, and is used once: a request that was recorded three times has three
responses, in their order. A mask in place of a secret matches any text. A mask in a response is replaced by a unique
text, so that a value extracted from it can be used in later requests.
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
"""A mask in place of a number in JSON."""


class _Pair(msgspec.Struct):
    name: str
    value: str


class _PostData(msgspec.Struct):
    text: str = ""
    encoding: str = msgspec.field(name="_encoding", default="")


class _Request(msgspec.Struct):
    method: str
    url: str
    post_data: _PostData | None = msgspec.field(name="postData", default=None)


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
    """The responses in HAR files. All threads share it.

    Args:
        path: A HAR file, or a folder of such files.

    Attributes:
        seed: The seed of the random values when it was recorded; None in a browser's recording.

    Raises:
        RunflowError: the folder has no HAR file, or a file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        files = sorted(path.glob("*.har")) if path.is_dir() else [path]
        if not files:
            raise RunflowError(f"there is no recording in {path}", hint=f"make one: --record {path}")
        logs = [_read(file) for file in files]
        self.seed = next((log.seed for log in logs if log.seed is not None), None)
        self._exact: defaultdict[_Key, deque[_Entry]] = defaultdict(deque)
        self._masked: dict[_Key, tuple[re.Pattern[str], re.Pattern[bytes], deque[_Entry]]] = {}
        self._used: defaultdict[_Key, int] = defaultdict(int)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        for entry in (entry for log in logs for entry in log.entries):
            self._add(entry)

    def _add(self, entry: _Entry) -> None:
        key = entry.request.method, entry.request.url, _body_of(entry.request.post_data)
        mask = MASK.encode()
        if MASK not in key[1] and mask not in key[2]:
            self._exact[key].append(entry)
            return
        if key not in self._masked:
            url = re.compile(".*?".join(map(re.escape, key[1].split(MASK))), re.DOTALL)
            body = re.compile(b".*?".join(map(re.escape, key[2].split(mask))), re.DOTALL)
            self._masked[key] = url, body, deque()
        self._masked[key][2].append(entry)

    def next_outcome(self, request: Request) -> Response | TransportFailure:
        """The next recorded outcome of a request.

        Raises:
            StepError: none was recorded, or all were used.
        """
        with self._lock:
            for key, unused in self._matching(request):
                if unused:
                    self._used[key] += 1
                    return self._outcome(unused.popleft(), request)
            raise self._not_found(request)

    def _matching(self, request: Request) -> Iterator[tuple[_Key, deque[_Entry]]]:
        body = request.body or b""
        key = request.method, request.url, body
        if key in self._exact:
            yield key, self._exact[key]
        for masked, (url, pattern, unused) in self._masked.items():
            if masked[0] == request.method and url.fullmatch(request.url) and pattern.fullmatch(body):
                yield masked, unused

    def _not_found(self, request: Request) -> StepError:
        sent = f"{request.method} {request.url}"
        times = sum(self._used[key] for key, _ in self._matching(request))
        if times:
            message = f"{sent} was recorded {plural(times, 'time')}, but is sent once more"
            return StepError(message, "replay", hint="record it again: --record")
        every = [*self._exact, *self._masked]
        same = [key for key in every if key[:2] == (request.method, request.url)]
        if same:
            bodies = _shown(same[0][2]), _shown(request.body or b"")
            message = f"{sent} was recorded with {bodies[0]}, but is sent with {bodies[1]}"
            hint = "a value that changes from run to run, such as now(), never matches: pass it with --var, or record again: --record"
            return StepError(message, "replay", hint=hint)
        path = request.url.partition("?")[0]
        near = next((key[1] for key in every if key[0] == request.method and key[1].partition("?")[0] == path), "")
        hint = f"the recording has {near}" if near else "record it again: --record"
        return StepError(f"{sent} is not in the recording, and nothing is sent with --replay", "replay", hint=hint)

    def _outcome(self, entry: _Entry, request: Request) -> Response | TransportFailure:
        found, seconds = entry.response, entry.time / 1000
        if not found.status:
            known = found.failure in FAILURE_KINDS
            kind: FailureKind = found.failure if known else "reset"  # type: ignore[assignment]  # it is one of FAILURE_KINDS
            return TransportFailure(
                kind, found.phase, found.error or "no response was recorded", found.hint, seconds, sent=request.headers
            )
        number = next(self._numbers)
        headers: Headers = tuple(
            (line.name, _unmasked(line.value, number)) for line in found.headers if not line.name.startswith(":")
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
        return _unmasked(content.text, number).encode("utf-8", "surrogatepass")


def _unmasked(text: str, number: int) -> str:
    if MASK not in text:
        return text
    bare = _BARE.sub(rf"\g<1>{900000 + number}", text) if text.lstrip()[:1] in {"{", "["} else text
    return _MASKED.sub(f"replayed-{number}", bare)


def _body_of(data: _PostData | None) -> bytes:
    if data is None:
        return b""
    return base64.b64decode(data.text) if data.encoding == "base64" else data.text.encode("utf-8", "surrogatepass")


def _shown(body: bytes) -> str:
    text = cut(body[:1000].decode("utf-8", "replace"), 200)
    return f"the body {text!r}" if text else "no body"


def _read(file: Path) -> _Log:
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Har).log
    except OSError as error:
        raise RunflowError(f"{file} cannot be read: {os_error_text(error)}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RunflowError(f"{file} is not a valid HAR file: {error}", hint="make one: --record DIR") from None


class ReplayDriver:
    """Returns responses from a recording.

    Args:
        recording: The recording; all threads share it.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def send(self, request: Request) -> Response | TransportFailure:
        """The recorded outcome of a request. Raises StepError: there is none."""
        return self._recording.next_outcome(request)

    def close(self) -> None:
        """Do nothing: no connection is open."""

    def cancel(self) -> None:
        """Do nothing: a request never waits."""

    def resume(self) -> None:
        """Do nothing: no request is interrupted."""
