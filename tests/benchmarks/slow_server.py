"""A server that lets some seconds pass before each answer: `python slow_server.py PORT SECONDS`. It keeps thousands of connections."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 43\r\n\r\n"
    b'{"token":"tok-123456789","id":7,"name":"x"}'
)


class Slow(asyncio.Protocol):
    """One connection."""

    def __init__(self, wait: float) -> None:
        self._wait = wait
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while b"\r\n\r\n" in self._data:
            head, _, rest = self._data.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or b"0")
            if len(rest) < length:
                return
            self._data = rest[length:]
            asyncio.get_running_loop().call_later(self._wait, self._transport.write, ANSWER)  # type: ignore[attr-defined]  # a socket's transport


async def serve(port: int, wait: float) -> None:
    """Until it is killed."""
    server = await asyncio.get_running_loop().create_server(lambda: Slow(wait), "127.0.0.1", port, backlog=2000)
    await server.serve_forever()


@contextlib.contextmanager
def slow_server(seconds: float) -> Iterator[str]:
    """A process of its own, so that it takes nothing from who is measured."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, __file__, str(port), str(seconds)])
    for _ in range(100):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 0.1).close()
            break
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
