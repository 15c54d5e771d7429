"""A server that misbehaves by name: each fault is a few lines over a raw socket, on a port of its own, the same every time.

`with serving("short_body") as url:` is all that a test needs; `FAULTS` says what each must come to.
"""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from limits import limit

Script = Callable[["Peer"], None]


class Peer:
    """One connection, from the server's side.

    Attributes:
        number: Of the connection, from 0.
        asked: The requests that came so far, as bytes.
    """

    def __init__(self, connection: socket.socket, number: int, server: Server) -> None:
        self.connection = connection
        self.number = number
        self.server = server
        self.asked: list[bytes] = []

    def read(self) -> bytes:
        """One request, its body with it; b"" where the client has gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.connection.recv(65536)
            if not more:
                return b""
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += self.connection.recv(65536)
        self.asked.append(data)
        self.server.asked.append(head + b"\r\n\r\n" + body)
        return data

    def say(self, *pieces: bytes) -> None:
        """Bytes, as they are."""
        for piece in pieces:
            self.connection.sendall(piece)

    def drip(self, data: bytes, every: float = 0.05) -> None:
        """A byte at a time."""
        for number in range(len(data)):
            self.say(data[number : number + 1])
            if self.server.stop.wait(every):
                return

    def hold(self) -> None:
        """Neither say anything nor close."""
        self.server.stop.wait()

    def reset(self) -> None:
        """Close with RST, which throws away what was not read yet."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


class Server:
    """Serves one script, each connection on a thread.

    Attributes:
        url: Where.
        asked: Every request that came, as bytes.
        met: How many connections came.
    """

    def __init__(self, script: Script, context: ssl.SSLContext | None = None) -> None:
        self.asked: list[bytes] = []
        self.met = 0
        self.stop = threading.Event()
        self._script = script
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection, self.met), daemon=True).start()
            self.met += 1

    def _talk(self, connection: socket.socket, number: int) -> None:
        with suppress(OSError), connection:
            connection.settimeout(limit(2))
            if self._context is None:
                self._script(Peer(connection, number, self))
                return
            with self._context.wrap_socket(connection, server_side=True) as secured:
                self._script(Peer(secured, number, self))

    def close(self) -> None:
        """Stop; whoever still talks is hung up on."""
        self.stop.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


def answer(body: bytes = b"{}", *lines: bytes, status: bytes = b"200 OK", kind: bytes = b"application/json") -> bytes:
    """A whole, sound answer."""
    head = [b"HTTP/1.1 " + status, b"Content-Type: " + kind, b"Content-Length: %d" % len(body), *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def head(*lines: bytes, status: bytes = b"200 OK") -> bytes:
    """The head of an answer with these lines and no others."""
    return b"\r\n".join((b"HTTP/1.1 " + status, *lines)) + b"\r\n\r\n"


OK = answer(b'{"ok":true}')
GZIP = b"Content-Encoding: gzip"


def says(*pieces: bytes, hold: bool = False) -> Script:
    """Reads a request and says this."""

    def script(peer: Peer) -> None:
        if peer.read():
            peer.say(*pieces)
            if hold:
                peer.hold()

    return script


def always(*pieces: bytes) -> Script:
    """Says this to each request of a connection."""

    def script(peer: Peer) -> None:
        while peer.read():
            peer.say(*pieces)

    return script


def dripping(before: bytes, slowly: bytes) -> Script:
    def script(peer: Peer) -> None:
        peer.read()
        peer.say(before)
        peer.drip(slowly)

    return script


def endless(before: bytes, again: bytes) -> Script:
    def script(peer: Peer) -> None:
        peer.read()
        peer.say(before)
        while not peer.server.stop.is_set():
            peer.say(again)

    return script


def resetting(*pieces: bytes) -> Script:
    def script(peer: Peer) -> None:
        peer.read()
        peer.say(*pieces)
        peer.reset()

    return script


def in_turn(*answers: bytes) -> Script:
    """A connection for each of these answers; the last one again and again. Never keeps a connection."""

    def script(peer: Peer) -> None:
        peer.read()
        peer.say(answers[min(peer.number, len(answers) - 1)].replace(b"\r\n", b"\r\nConnection: close\r\n", 1))

    return script


def redirecting(location: bytes, *lines: bytes, status: bytes = b"302 Found", body: bytes = b"") -> Script:
    return always(answer(body, b"Location: " + location, *lines, status=status))


def _dies_when_kept(peer: Peer) -> None:
    """Answers one request of the first connection, and closes it at the second."""
    peer.read()
    peer.say(OK)
    peer.read()
    if peer.number:
        peer.say(OK)


def _never_kept(peer: Peer) -> None:
    """Answers the first request of each connection, promises to keep it, and closes it at the next one."""
    peer.read()
    peer.say(OK)
    peer.read()


def _speaks_first(peer: Peer) -> None:
    """An answer that is there before anybody asked, then the real one."""
    peer.say(answer(b'{"ok":false}'))
    if peer.read():
        peer.say(OK)


def _speaks_on(peer: Peer) -> None:
    """The answer, and behind it another one that nobody asked for."""
    while peer.read():
        peer.say(OK + answer(b'{"ok":false}'))


def _speaks_late(peer: Peer) -> None:
    """The same, but the second one comes when the next request may be on its way already."""
    while peer.read():
        peer.say(OK)
        peer.server.stop.wait(0.001)
        peer.say(answer(b'{"ok":false}'))


BOMB = gzip.compress(b"\0" * 200_000_000, 9, mtime=0)
NESTED = gzip.compress(gzip.compress(b"\0" * 500_000_000, 9, mtime=0), 9, mtime=0)
LINE = b"X-A: a"


class Fault(NamedTuple):
    """What a server does, and what must come of it.

    Attributes:
        script: What it does.
        kind: The class of the failure (`timeout`, `protocol`, …), a kind of error (`limit`, `decode`, `policy`), or "" for a pass.
        said: A piece of the message.
        http: Settings of the step, as YAML.
        replays: The answer is whole, so a recording of it comes to the same.
    """

    script: Script
    kind: str
    said: str = ""
    http: str = "{}"
    replays: bool = False


def json_body(data: bytes) -> Script:
    return always(answer(data))


TEXT = b"Content-Type: text/plain"
FAULTS: dict[str, Fault] = {
    # who says nothing, or says it slowly
    "silence": Fault(says(hold=True), "timeout", "waiting for the first byte"),
    "drip_status_line": Fault(dripping(b"", b"HTTP/1.1 200 " + b"O" * 400), "timeout", "the time ran out"),
    "drip_head": Fault(dripping(b"HTTP/1.1 200 OK\r\n", (LINE + b"\r\n") * 90), "timeout", "the time ran out"),
    "drip_body": Fault(dripping(head(b"Content-Length: 900"), b"a" * 900), "timeout", "reading the response"),
    "drip_chunks": Fault(dripping(head(b"Transfer-Encoding: chunked"), b"1\r\na\r\n" * 200), "timeout", "reading the response"),
    "drip_informational": Fault(dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 40), "timeout", "the time ran out"),
    "body_stops": Fault(says(head(b"Content-Length: 900"), b"a" * 10, hold=True), "timeout", "reading the response"),
    # what comes before, after or instead of the answer
    "informational": Fault(always(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK), "", replays=True),
    "informational_flood": Fault(always(b"HTTP/1.1 102 Processing\r\n\r\n" * 3000 + OK), "protocol", "informational"),
    "switching_protocols": Fault(says(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nhello", hold=True), "protocol", "switched protocols"),
    "speaks_first": Fault(_speaks_first, "protocol|expectation"),
    "speaks_on": Fault(_speaks_on, ""),
    # HTTP/1.1 has no way to tell: only a connection for each request is safe (see the tests of the drivers)
    "speaks_late": Fault(_speaks_late, "|expectation"),
    "http_0_9": Fault(says(b"<html>hello</html>"), "protocol", "did not send a valid HTTP response"),
    "ssh_banner": Fault(says(b"SSH-2.0-OpenSSH_9.6\r\n"), "protocol", "it begins with SSH"),
    "binary": Fault(says(bytes(range(256)) * 10), "protocol", "did not send a valid HTTP response"),
    "tls_alert": Fault(says(b"\x15\x03\x01\x00\x02\x02\x46"), "protocol", "did not send a valid HTTP response"),
    "closes_at_once": Fault(lambda peer: None, "reset", "without a response"),
    "closes_after_request": Fault(says(), "reset", "without a response"),
    "resets": Fault(resetting(), "reset", "without a response"),
    # answers that end too early
    "head_cut": Fault(says(b"HTTP/1.1 200 OK\r\nContent-"), "truncated|protocol", ""),
    "head_without_end": Fault(says(b"HTTP/1.1 200 OK\r\nX-A: a\r\n"), "truncated", "its headers never ended"),
    "short_body": Fault(says(head(b"Content-Length: 100"), b"a" * 99), "truncated", "ends before it is complete"),
    "reset_in_body": Fault(resetting(head(b"Content-Length: 100"), b"a" * 10), "truncated", ""),
    "chunk_cut": Fault(says(head(b"Transfer-Encoding: chunked"), b"ff\r\nabc"), "truncated", "ends before it is complete"),
    "last_chunk_missing": Fault(says(head(b"Transfer-Encoding: chunked"), b"3\r\nabc\r\n"), "truncated", "ends before it is complete"),
    "last_chunk_half": Fault(says(head(b"Transfer-Encoding: chunked"), b"3\r\nabc\r\n0\r\n"), "truncated", ""),
    "gzip_cut": Fault(always(answer(gzip.compress(b"{}" * 100, mtime=0)[:-6], GZIP)), "decode", "ends too early"),
    # answers that can be read in two ways
    "lengths_differ": Fault(says(head(b"Content-Length: 2", b"Content-Length: 3"), b"{} "), "protocol", "not one valid number"),
    "lengths_in_a_list": Fault(says(head(b"Content-Length: 2, 3"), b"{} "), "protocol", "not one valid number"),
    "length_negative": Fault(says(head(b"Content-Length: -2"), b"{}"), "protocol", "not one valid number"),
    "length_with_sign": Fault(says(head(b"Content-Length: +2"), b"{}"), "protocol", "not one valid number"),
    "length_garbage": Fault(says(head(b"Content-Length: two"), b"{}"), "protocol", "not one valid number"),
    "length_huge": Fault(says(head(b"Content-Length: 99999999999999999999999"), b"{}"), "protocol|truncated|too_large", ""),
    "length_and_chunks": Fault(says(head(b"Content-Length: 2", b"Transfer-Encoding: chunked"), b"2\r\n{}\r\n0\r\n\r\n"), "protocol", "both"),
    "coding_unknown": Fault(says(head(b"Transfer-Encoding: gzip"), b"{}"), "protocol", "transfer coding"),
    "coding_twice": Fault(says(head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), b"2\r\n{}\r\n0\r\n\r\n"), "protocol", ""),
    "chunk_size_garbage": Fault(says(head(b"Transfer-Encoding: chunked"), b"zz\r\n{}\r\n0\r\n\r\n"), "truncated|protocol", ""),
    "chunk_size_negative": Fault(says(head(b"Transfer-Encoding: chunked"), b"-2\r\n{}\r\n0\r\n\r\n"), "truncated|protocol", ""),
    "chunk_size_huge": Fault(says(head(b"Transfer-Encoding: chunked"), b"fffffffffffffffffff\r\n{}\r\n0\r\n\r\n"), "truncated|protocol", ""),
    "status_garbage": Fault(says(b"HTTP/1.1 2OO OK\r\nContent-Length: 2\r\n\r\n{}"), "protocol", ""),
    "status_too_long": Fault(says(b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\n{}"), "protocol", ""),
    "status_too_short": Fault(says(b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\n{}"), "protocol", ""),
    "version_unknown": Fault(says(b"HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\n{}"), "protocol", ""),
    "header_without_colon": Fault(says(head(b"no colon here", b"Content-Length: 2"), b"{}"), "protocol", "malformed"),
    "header_name_with_nul": Fault(says(head(b"X\0A: a", b"Content-Length: 2"), b"{}"), "protocol"),
    "header_with_cr": Fault(says(head(b"X-A: a\rX-B: b", b"Content-Length: 2"), b"{}"), "protocol"),
    "status_line_with_cr": Fault(says(b"HTTP/1.1 200 OK\rX-A: a\r\nContent-Length: 2\r\n\r\n{}"), "protocol"),
    "header_folded_with_nul": Fault(says(head(b"X-A: a", b" b\0c", b"Content-Length: 2"), b"{}"), "protocol"),
    "header_folded_with_cr": Fault(says(head(b"X-A: a", b" b\rEvil: c", b"Content-Length: 2"), b"{}"), "protocol"),
    "header_name_with_space": Fault(says(head(b"X A: a", b"Content-Length: 2"), b"{}"), "protocol", "malformed"),
    "header_name_in_8_bits": Fault(says(head(b"X\xffA: a", b"Content-Length: 2"), b"{}"), "protocol", "malformed"),
    "header_with_nul": Fault(says(head(b"X-A: a\0b", b"Content-Length: 2"), b"{}"), "protocol"),
    # too much of something
    "headers_many": Fault(says(head(*[LINE] * 101, b"Content-Length: 2"), b"{}"), "protocol", "100 headers"),
    "header_long": Fault(says(head(b"X-A: " + b"a" * 70_000, b"Content-Length: 2"), b"{}"), "protocol", "too long"),
    "head_endless": Fault(endless(b"HTTP/1.1 200 OK\r\n", (LINE + b"\r\n") * 100), "protocol", ""),
    "header_endless": Fault(endless(b"HTTP/1.1 200 OK\r\nX-A: ", b"a" * 65536), "protocol"),
    "status_line_endless": Fault(endless(b"HTTP/1.1 200 ", b"a" * 65536), "protocol", ""),
    "body_endless": Fault(endless(head(b"Content-Type: text/plain"), b"a" * 65536), "too_large|timeout", "", http="{max_response_size: 5MB}"),
    "chunks_endless": Fault(endless(head(b"Transfer-Encoding: chunked"), b"400\r\n" + b"a" * 1024 + b"\r\n"), "too_large|timeout", "",
        http="{max_response_size: 5MB}"),
    "trailers_endless": Fault(endless(head(b"Transfer-Encoding: chunked") + b"0\r\n", LINE + b"\r\n"), "protocol|timeout|too_large|truncated", ""),
    "body_too_large": Fault(always(answer(b"a" * 1_000_001, TEXT)), "too_large", "more than 1000000 bytes", http="{max_response_size: 1MB}"),
    "gzip_bomb": Fault(always(answer(BOMB, GZIP)), "too_large", "more than", http="{max_response_size: 1MB}"),
    "gzip_bomb_default": Fault(always(answer(BOMB, GZIP)), "too_large", "more than"),
    "gzip_bomb_nested": Fault(always(answer(NESTED, b"Content-Encoding: gzip, gzip")), "too_large", "more than"),
    "gzip_bomb_in_redirect": Fault(redirecting(b"/next", GZIP, body=BOMB), "too_large", "more than"),
    "coded_seven_times": Fault(always(answer(b"{}", b"Content-Encoding: " + b"gzip, " * 6 + b"gzip")), "decode", "7 times"),
    # bodies that are not what the head says
    "not_gzip": Fault(always(answer(b"nonsense", GZIP)), "decode", "is not gzip"),
    "coding_of_content_unknown": Fault(always(answer(b"{}", b"Content-Encoding: rot13")), "decode", "rot13"),
    "gzip_with_more": Fault(always(answer(gzip.compress(b"{}", mtime=0) + b"garbage", GZIP)), "decode", ""),
    "deflate_raw": Fault(always(answer(zlib.compress(b'{"ok":true}')[2:-4], b"Content-Encoding: deflate")), "", replays=True),
    # JSON that is none, or that two readers understand differently
    "json_cut": Fault(json_body(b'{"ok": tr'), "decode", "not JSON", replays=True),
    "json_empty": Fault(json_body(b""), "expectation", "empty", replays=True),
    "json_of_two": Fault(json_body(b'{"ok":true}{"ok":false}'), "decode", "not JSON", replays=True),
    "json_duplicate_keys": Fault(json_body(b'{"ok":false,"ok":true}'), "decode", "twice", replays=True),
    "json_nan": Fault(json_body(b'{"ok":NaN}'), "decode", "not JSON", replays=True),
    "json_infinity": Fault(json_body(b'{"ok":-Infinity}'), "decode", "not JSON", replays=True),
    "json_bad_utf8": Fault(json_body(b'{"ok":"\xff\xfe"}'), "decode", "", replays=True),
    "json_deep": Fault(json_body(b"[" * 100_000 + b"]" * 100_000), "decode", "nested too deeply", replays=True),
    "json_long_number": Fault(json_body(b'{"ok":' + b"9" * 5000 + b"}"), "decode", "", replays=True),
    "json_with_bom": Fault(json_body(b'\xef\xbb\xbf{"ok":true}'), "", replays=True),
    "json_comment": Fault(json_body(b'{"ok":true /* yes */}'), "decode", "not JSON", replays=True),
    "json_is_html": Fault(always(answer(b"<html>Sign in</html>", kind=b"text/html")), "expectation", "", replays=True),
    "charset_bogus": Fault(always(answer(b'{"ok":true}', kind=b"application/json; charset=klingon")), "decode|", "", replays=True),
    # redirects
    "redirect_loop": Fault(redirecting(b"/"), "limit", "more than 10 redirects"),
    "redirect_to_file": Fault(redirecting(b"file:///etc/passwd"), "policy", "cannot be followed"),
    "redirect_to_ftp": Fault(redirecting(b"ftp://127.0.0.1/x"), "policy", "cannot be followed"),
    "redirect_to_javascript": Fault(redirecting(b"javascript:alert(1)"), "policy", "cannot be followed"),
    "redirect_to_nowhere": Fault(redirecting(b"http://"), "policy", "has no host"),
    "redirect_with_user": Fault(redirecting(b"http://a:b@127.0.0.1/"), "policy", "cannot be followed"),
    "redirect_with_control": Fault(redirecting(b"/a\tb\x01"), "policy|protocol", ""),
    "redirect_split": Fault(redirecting(b"/a%0d%0aX-Evil: 1"), "limit", "redirects"),
    "redirect_to_port_0": Fault(redirecting(b"http://127.0.0.1:0/"), "policy", "port 0"),
    "redirect_without_location": Fault(always(answer(b"{}", status=b"302 Found")), "expectation", "", replays=True),
    # kept connections
    "keep_alive_dies_once": Fault(_dies_when_kept, ""),
    "keep_alive_never": Fault(_never_kept, ""),
}  # fmt: skip
"""Every fault by its name. A kind with bars may come in either way."""


@contextmanager
def serving(fault: str | Script, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server with a fault, on a port of its own."""
    server = Server(FAULTS[fault].script if isinstance(fault, str) else fault, context)
    yield server
    server.close()


def requests_of(server: Server) -> list[str]:
    """The request lines that came."""
    return [request.split(b"\r\n", 1)[0].decode("latin-1") for request in server.asked]


def healthy() -> Script:
    """A server that answers every request, and says what it was asked."""

    def script(peer: Peer) -> None:
        while request := peer.read():
            lines = request.split(b"\r\n\r\n", 1)[0].decode("latin-1").split("\r\n")
            peer.say(answer(json.dumps({"ok": True, "line": lines[0], "headers": lines[1:]}).encode()))

    return script
