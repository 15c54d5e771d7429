"""Calls a WSGI or ASGI application in place of a server; no socket is opened. The only module that imports httpx."""

from __future__ import annotations

import asyncio
import inspect
import threading
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Unpack

from ..model.errors import RunflowError
from .requests.driver import HttpResponse, RequestOptions, buffered_response

if TYPE_CHECKING:
    import httpx

LIFESPAN_LIMIT = 10.0
"""Seconds that an application may take to start, and to shut down (ASGI lifespan)."""

_Message = MutableMapping[str, Any]
"""A message of ASGI; its keys depend on its type."""

AsgiApplication = Callable[
    [_Message, Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]], Awaitable[None]
]


class AppSession:
    """Calls an application, as a session of the requests driver.

    An exception that the application raises becomes a response with status 500 and the traceback as its body.

    Args:
        app: A WSGI application (PEP 3333), or an ASGI application (version 3): a coroutine function of three arguments.

    Raises:
        RunflowError: httpx is not installed.
    """

    def __init__(self, app: Callable[..., Any]) -> None:
        try:
            # only tests of an application need it
            import httpx  # noqa: PLC0415  # see above
        except ImportError:
            raise RunflowError(
                "calling an application in place of a server needs the extra `pytest`",
                hint="pip install 'runflow-http[pytest]'",
            ) from None
        self._new_request = httpx.Request
        self._lock = threading.Lock()
        self._lifespan: _Lifespan | None = None
        if _is_asgi(app):
            self._lifespan = _Lifespan(app)
            self._asgi = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        else:
            self._wsgi = httpx.WSGITransport(app=app, raise_app_exceptions=True)

    def request(self, method: str, url: str, /, **options: Unpack[RequestOptions]) -> HttpResponse:
        """Call the application once."""
        lines = [(name, str(value)) for name, value in options["headers"].items()]
        request = self._new_request(method, url, headers=lines, content=options["data"])
        try:
            with self._lock:
                return self._call(request)
        except Exception:  # noqa: BLE001  # whatever the application raises becomes a response
            plain = [("Content-Type", "text/plain; charset=utf-8")]
            return buffered_response(500, plain, traceback.format_exc().encode())

    def _call(self, request: httpx.Request) -> HttpResponse:
        if self._lifespan is None:
            response = self._wsgi.handle_request(request)
            body = response.read()
        else:
            loop = self._lifespan.started()

            async def call() -> tuple[httpx.Response, bytes]:
                received = await self._asgi.handle_async_request(request)
                return received, await received.aread()

            response, body = loop.run_until_complete(call())
        lines = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]
        decoded = [line for line in lines if line[0].lower() != "content-encoding"]  # httpx has decoded the body
        return buffered_response(response.status_code, decoded, body)

    def close(self) -> None:
        """Shut the application down."""
        with self._lock:
            if self._lifespan is not None:
                self._lifespan.end()


def _is_asgi(app: Callable[..., Any]) -> bool:
    call = app if inspect.isfunction(app) or inspect.ismethod(app) else getattr(app, "__call__", app)  # noqa: B004  # its signature is needed
    return inspect.iscoroutinefunction(call) or "receive" in inspect.signature(call).parameters


class _Lifespan:
    """Starts an ASGI application on an event loop of its own, and shuts it down. An application without lifespan works too."""

    def __init__(self, app: AsgiApplication) -> None:
        self._app = app
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def started(self) -> asyncio.AbstractEventLoop:
        """The event loop, after the application has started."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._loop.run_until_complete(self._start())
        return self._loop

    async def _start(self) -> None:
        self._to_app: asyncio.Queue[_Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[_Message] = asyncio.Queue()
        scope: _Message = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}

        async def run() -> None:
            with suppress(Exception):  # the application has no lifespan
                await self._app(scope, self._to_app.get, self._from_app.put)

        self._task = asyncio.ensure_future(run())
        await self._send("startup")

    async def _send(self, event: str) -> None:
        """Send `startup` or `shutdown`, and wait until the application has replied, ended, or taken too long."""
        await self._to_app.put({"type": f"lifespan.{event}"})
        reply = asyncio.ensure_future(self._from_app.get())
        assert self._task is not None  # it is started before anything is sent
        await asyncio.wait({reply, self._task}, timeout=LIFESPAN_LIMIT, return_when=asyncio.FIRST_COMPLETED)
        if reply.done() and reply.result()["type"] == f"lifespan.{event}.failed":
            raise RuntimeError(f"the application's {event} failed: {reply.result().get('message', '')}")
        reply.cancel()

    def end(self) -> None:
        """Shut the application down, and close the event loop."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        with suppress(RuntimeError):
            loop.run_until_complete(self._send("shutdown"))
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                loop.run_until_complete(self._task)
        loop.close()
