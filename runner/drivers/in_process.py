"""A WSGI or ASGI application in place of a server: requests become calls, no socket is opened. The only importer of httpx."""

from __future__ import annotations

import asyncio
import inspect
import io
import threading
import traceback
from collections.abc import Iterable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import urllib3

from ..model.errors import RunflowError

STARTS_IN = 10.0
"""Seconds for an application's own start and end (ASGI lifespan)."""


class AppSession:
    """What the blocking driver sends with, in place of a `requests.Session`.

    An application that raises answers with 500 and its traceback, as a server's log would tell.

    Args:
        app: A WSGI application (PEP 3333), or an ASGI one (version 3): a coroutine function of three arguments.

    Raises:
        RunflowError: the library is not installed.
    """

    def __init__(self, app: Any) -> None:
        try:
            # only for tests of an application
            import httpx  # noqa: PLC0415  # see above
        except ImportError:
            raise RunflowError(
                "an application in place of a server needs the extra `pytest`",
                hint="pip install 'runflow-http[pytest]'",
            ) from None
        self._httpx = httpx
        self._lock = threading.Lock()
        self._lifespan: _Lifespan | None = None
        if _is_asgi(app):
            self._lifespan = _Lifespan(app)
            self._asgi = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        else:
            self._wsgi = httpx.WSGITransport(app=app, raise_app_exceptions=True)

    def request(self, method: str, url: str, *, headers: dict[str, str], data: bytes | None = None, **_: Any) -> Any:
        """One answer, as the driver reads it."""
        lines = [(name, str(value)) for name, value in headers.items()]
        request = self._httpx.Request(method, url, headers=lines, content=data)
        try:
            with self._lock:
                status, found, body = self._ask(request)
        except Exception:  # noqa: BLE001  # whatever the application raises is its own answer
            status, found, body = 500, [("Content-Type", "text/plain; charset=utf-8")], traceback.format_exc().encode()
        raw = urllib3.HTTPResponse(
            io.BytesIO(body), headers=urllib3.HTTPHeaderDict(found), status=status, preload_content=False, version=11
        )
        return SimpleNamespace(raw=raw, close=raw.close)

    def _ask(self, request: Any) -> tuple[int, Iterable[tuple[str, str]], bytes]:
        if self._lifespan is None:
            response = self._wsgi.handle_request(request)
            body = response.read()
        else:
            loop = self._lifespan.started()

            async def ask() -> tuple[Any, bytes]:
                answer = await self._asgi.handle_async_request(request)
                return answer, await answer.aread()

            response, body = loop.run_until_complete(ask())
        lines = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]
        return response.status_code, [line for line in lines if line[0].lower() != "content-encoding"], body

    def close(self) -> None:
        """The application ends."""
        with self._lock:
            if self._lifespan is not None:
                self._lifespan.end()


def _is_asgi(app: Any) -> bool:
    call = app if inspect.isfunction(app) or inspect.ismethod(app) else getattr(app, "__call__", app)  # noqa: B004  # its code is looked at
    return inspect.iscoroutinefunction(call) or "receive" in inspect.signature(call).parameters


class _Lifespan:
    """The start and the end of an ASGI application, on a loop of its own; one that has none has none."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def started(self) -> asyncio.AbstractEventLoop:
        """Its loop, once it has started."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._loop.run_until_complete(self._start())
        return self._loop

    async def _start(self) -> None:
        self._to_app: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}

        async def run() -> None:
            with suppress(Exception):  # it has no lifespan
                await self._app(scope, self._to_app.get, self._from_app.put)

        self._task = asyncio.ensure_future(run())
        await self._say("startup")

    async def _say(self, what: str) -> None:
        await self._to_app.put({"type": f"lifespan.{what}"})
        said = asyncio.ensure_future(self._from_app.get())
        assert self._task is not None  # begun before anything is said
        await asyncio.wait({said, self._task}, timeout=STARTS_IN, return_when=asyncio.FIRST_COMPLETED)
        if said.done() and said.result()["type"] == f"lifespan.{what}.failed":
            raise RuntimeError(f"the application's {what} failed: {said.result().get('message', '')}")
        said.cancel()

    def end(self) -> None:
        """Tell it to end, and forget it."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        with suppress(RuntimeError):
            loop.run_until_complete(self._say("shutdown"))
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                loop.run_until_complete(self._task)
        loop.close()
