"""A server that lets some seconds pass before each answer: `python slow_server.py PORT SECONDS`. It keeps thousands of connections."""

from __future__ import annotations

import asyncio
import sys

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n{"token":"tok-123456789","id":7,"a":"x"}'


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


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
