"""Servers that speak more than HTTP/1.1: TLS, HTTP/2, HTTP/3, a SOCKS proxy, a proxy with CONNECT."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from limits import wait_for
from needs import need
from processes import started

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(scope="session")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture(scope="session")
def server_files(ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A server's certificate and key, for 127.0.0.1, localhost and api.test."""
    folder = tmp_path_factory.mktemp("server")
    issued = ca.issue_cert("127.0.0.1", "localhost", "api.test")
    cert, key = folder / "cert.pem", folder / "key.pem"
    issued.cert_chain_pems[0].write_to_path(str(cert))
    issued.private_key_pem.write_to_path(str(key))
    return str(cert), str(key)


@pytest.fixture
def tls_server(ca: trustme.CA) -> Iterator[Callable[..., str]]:
    """Starts a TLS server that responds `ok` to everything, and returns its URL."""
    listeners: list[socket.socket] = []

    def start(cert: Any = None, *, client_ca: bool = False) -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (cert or ca.issue_cert("127.0.0.1")).configure_cert(context)
        if client_ca:
            context.verify_mode = ssl.CERT_REQUIRED
            ca.configure_trust(context)
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def talk(plain: socket.socket) -> None:
            try:
                with plain, context.wrap_socket(plain, server_side=True) as conn:
                    while conn.recv(65536):
                        conn.sendall(OK)
            except OSError:
                pass

        def serve() -> None:
            while True:
                try:
                    plain, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=talk, args=(plain,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        return f"https://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for listener in listeners:
        listener.close()


NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; default_type application/json;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{tls} ssl http2; listen 127.0.0.1:{clear} http2;
    ssl_certificate {cert}; ssl_certificate_key {key};
    location / {{ add_header X-Connection $connection always; return 200 '{{"id":7}}'; }}
  }}
}}
"""


@pytest.fixture(scope="session")
def http2(server_files: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """nginx with HTTP/2: its URL with TLS, and without (prior knowledge)."""
    need("nginx")
    folder = tmp_path_factory.mktemp("nginx")
    ports = []
    for _ in range(2):
        with socket.create_server(("127.0.0.1", 0)) as free:
            ports.append(free.getsockname()[1])
    config = folder / "nginx.conf"
    cert, key = server_files
    config.write_text(NGINX.format(folder=folder, tls=ports[0], clear=ports[1], cert=cert, key=key))
    with started(["nginx", "-c", str(config)], stderr=subprocess.DEVNULL):
        wait_for(lambda: listens(ports[0]), what="nginx")
        yield f"https://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}"


def listens(port: int) -> bool:
    """Whether a server takes connections on a port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="session")
def http3(server_files: tuple[str, str]) -> Iterator[str]:
    """An HTTP/3 server (aioquic) that responds with the method of the request."""
    from aioquic.asyncio import QuicConnectionProtocol, serve
    from aioquic.h3.connection import H3_ALPN, H3Connection
    from aioquic.h3.events import DataReceived, HeadersReceived
    from aioquic.quic.configuration import QuicConfiguration
    from aioquic.quic.events import ProtocolNegotiated

    class Protocol(QuicConnectionProtocol):
        http: H3Connection | None = None
        methods: dict[int, bytes]

        def quic_event_received(self, event: Any) -> None:
            if isinstance(event, ProtocolNegotiated):
                self.http, self.methods = H3Connection(self._quic), {}
            for each in self.http.handle_event(event) if self.http else ():
                if isinstance(each, HeadersReceived):
                    self.methods[each.stream_id] = dict(each.headers)[b":method"]
                if isinstance(each, (HeadersReceived, DataReceived)) and each.stream_ended and self.http:
                    self.http.send_headers(each.stream_id, [(b":status", b"200"), (b"x-served", b"h3")])
                    self.http.send_data(each.stream_id, self.methods[each.stream_id], end_stream=True)
                    self.transmit()

    configuration = QuicConfiguration(alpn_protocols=H3_ALPN, is_client=False)
    configuration.load_cert_chain(*server_files)
    loop = asyncio.new_event_loop()

    async def start() -> Any:
        return await serve("127.0.0.1", 0, configuration=configuration, create_protocol=Protocol)

    server = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server._transport.get_extra_info('sockname')[1]}"
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.run_until_complete(asyncio.sleep(0))  # the transport closes its socket in a call of its own
    loop.close()


class Proxy:
    """A proxy that connects a client to its target: SOCKS5 (RFC 1928) or CONNECT (RFC 9110 §9.3.6).

    Attributes:
        asked: Where clients wanted to go.
    """

    def __init__(self, handshake: Callable[[socket.socket, list[str]], tuple[str, int]]) -> None:
        self.asked: list[str] = []
        self._handshake = handshake
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(client,), daemon=True).start()

    def _join(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            _, port = self._handshake(client, self.asked)
            with socket.create_connection(("127.0.0.1", port)) as server:
                threading.Thread(target=self._copy, args=(server, client), daemon=True).start()
                self._copy(client, server)

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._listener.close()


def _socks(client: socket.socket, asked: list[str]) -> tuple[str, int]:
    client.recv(64)
    client.sendall(b"\x05\x00")
    head = client.recv(4)
    host = client.recv(client.recv(1)[0]).decode() if head[3] == 3 else socket.inet_ntoa(client.recv(4))
    port = int.from_bytes(client.recv(2), "big")
    asked.append(f"{host}:{port}")
    client.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
    return host, port


def _connect(client: socket.socket, asked: list[str]) -> tuple[str, int]:
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(65536)
    host, port = head.split(b" ")[1].decode().rsplit(":", 1)
    asked.append(f"{host}:{port}")
    client.sendall(b"HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n")
    return host, int(port)


@pytest.fixture
def socks() -> Iterator[Proxy]:
    proxy = Proxy(_socks)
    yield proxy
    proxy.close()


@pytest.fixture
def connect_proxy() -> Iterator[Proxy]:
    proxy = Proxy(_connect)
    yield proxy
    proxy.close()


@pytest.fixture
def unix_server(tmp_path: Path) -> Iterator[str]:
    """A server on a unix socket: its path."""
    path = str(tmp_path / "s.sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()

    def serve() -> None:
        while True:
            try:
                conn, _ = listener.accept()
            except OSError:
                return
            with conn:
                conn.recv(65536)
                conn.sendall(OK)

    threading.Thread(target=serve, daemon=True).start()
    yield path
    listener.close()
