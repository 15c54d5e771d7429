"""`--executor dask=ADDRESS`: an existing Dask cluster. The only module that imports distributed (extra `dask`)."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import threading
import time
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import uuid4

from distributed import Client, get_client, get_worker

from ..model.errors import Interrupted, RunflowError
from ..model.wording import raised
from ..version import __version__
from .worker import MAX_PLANS, WorkerReply, log_out, pickled_reply, reply_to, stop, version

P = ParamSpec("P")
T = TypeVar("T")

_ADDRESS = re.compile(r"((tcp|tls|ucx|wss?)://)?[^/]+:[0-9]+")

_Key = tuple[str, ...]
"""The path of a value in the metadata of the scheduler."""

STOP_LIMIT = 2.0
"""Seconds in which a working worker learns that its runs must end."""

INLINE_LIMIT = 10_000
"""Size in bytes up to which a package is sent with each run. A larger one is stored at the scheduler, and each worker fetches it once."""


class Dask:
    """Submits runs to the workers of a Dask cluster.

    When a worker is lost, Dask runs its tasks on another one (up to `distributed.scheduler.allowed-failures` times). Each
    run therefore stores a claim at the scheduler when it begins: a worker that finds a claim knows that the run was begun
    before.

    Args:
        address: The address of the scheduler.
        seconds: How long the scheduler may take to respond.

    Raises:
        RunflowError: the scheduler does not respond.
    """

    keeps_tokens = True

    def __init__(self, address: str, seconds: float) -> None:
        if _ADDRESS.fullmatch(address) is None:  # the library takes long to refuse it, and then prints a traceback
            hint = "write tcp://HOST:PORT, as `dask scheduler` prints it"
            raise RunflowError(f"{address!r} is not a valid address of a Dask scheduler", hint=hint)
        for name in ("distributed", "distributed.client"):  # it logs what it raises, with a traceback
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._namespace = f"runflow-{uuid4().hex}"
        self._limit = seconds
        self._stored: set[_Key] = set()
        try:
            self._client = _connect(address, seconds)
        except Exception as error:  # the library raises many kinds of errors
            hint = (
                "is the scheduler running, and can it be reached from this machine? `dask scheduler` prints its address"
            )
            raise RunflowError(f"no Dask scheduler responds at {address}: {raised(error)}", hint=hint) from error
        self._executor = self._client.get_executor(pure=False)

    @property
    def default_jobs(self) -> int:
        """Four for each thread of its workers: one runs while others are in transfer, which takes Dask some milliseconds."""
        return 4 * sum(self._call(self._limit, _threads).values())

    def versions(self, seconds: float) -> dict[str, str]:
        """The version of runflow on each worker."""
        end = time.monotonic() + seconds
        while not self._call(seconds, _threads):
            if time.monotonic() > end:
                hint = "start one: `dask worker ADDRESS`"
                raise RunflowError(f"the Dask cluster has had no worker for {seconds:.0f} s", hint=hint)
            time.sleep(0.1)
        versions: dict[str, str] = {}
        for worker, reply in self._on_each_worker(seconds, version).items():
            if isinstance(reply, TimeoutError):
                raise RunflowError(
                    f"the Dask worker {worker} does not respond within {seconds:.0f} s",
                    hint="it may be frozen or overloaded: check it, or remove it from the cluster",
                )
            if isinstance(reply, BaseException):
                raise RunflowError(
                    f"the Dask worker {worker} has no working runflow: {raised(reply)}",
                    hint=f"install it on the worker: pip install runflow-http=={__version__}",
                )
            versions[worker] = reply
        return versions

    def submit(self, request: bytes, package: bytes) -> Future[bytes]:
        """Submit a run."""
        claim = (self._namespace, uuid4().hex)
        future: Future[bytes] = self._executor.submit(_run_claimed, claim, __version__, request, self._inline(package))
        return future

    def _inline(self, package: bytes) -> bytes | _Key:
        """The package, or the key under which it is stored at the scheduler."""
        if len(package) <= INLINE_LIMIT:
            return package
        key = (self._namespace, hashlib.sha256(package).hexdigest())
        if key not in self._stored:
            self._call(self._limit, _store, key, package)
            self._stored.add(key)
        return key

    def failure(self) -> str | None:
        """Why no run can end any more; None while the cluster works."""
        try:
            return None if self._call(STOP_LIMIT, _threads) else "the Dask cluster has no worker any more"
        except Exception:  # noqa: BLE001  # the library raises many kinds of errors
            return "the Dask scheduler does not respond any more"

    def stop(self, suite: str, stop_: Interrupted, futures: Iterable[Future[bytes]]) -> None:  # noqa: ARG002  # the runs end their futures
        """Interrupt the runs on every worker; later ones do not begin."""
        self._on_each_worker(STOP_LIMIT, stop, suite, stop_.reason, stop_.kind)

    def log_out(self, suite: str, seconds: float) -> list[bytes | None]:
        """Have each worker log out: its pickled events, or None where it did not respond."""
        replies = self._on_each_worker(seconds, log_out, suite).values()
        return [None if isinstance(reply, BaseException) else reply for reply in replies]

    def _on_each_worker(
        self, seconds: float, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> dict[str, T | BaseException]:
        """Call a function on each worker: what it returned or raised; TimeoutError after these seconds."""
        try:
            return self._call(seconds + 1, _run_on_each, seconds, partial(function, *args, **kwargs))
        except Exception as error:  # noqa: BLE001  # the library raises many kinds of errors
            return {"scheduler": error}

    def _call(
        self,
        seconds: float,
        function: Callable[Concatenate[Client, P], Coroutine[Any, Any, T]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Call a coroutine function with the client. Raises TimeoutError after these seconds: the client's methods have no limit."""
        if self._client.status != "running":
            raise TimeoutError("the connection to the scheduler is lost")
        result: T = self._client.sync(partial(function, self._client, *args, **kwargs), callback_timeout=seconds)
        return result

    def close(self) -> None:
        """Remove what was stored at the scheduler, and close the connection."""
        with suppress(Exception):  # the scheduler may have ended
            self._call(STOP_LIMIT, _store, (self._namespace,), None)
        with suppress(Exception):
            self._client.close(timeout=STOP_LIMIT)


def _connect(address: str, seconds: float) -> Client:
    """Connect a client. The library limits the time to connect, but not the first exchange of messages."""
    connected: Future[Client] = Future()

    def connect() -> None:
        try:
            connected.set_result(Client(address, timeout=seconds, set_as_default=False))
        except Exception as error:  # noqa: BLE001  # raised in the thread that waits
            connected.set_exception(error)

    threading.Thread(target=connect, daemon=True, name="runflow").start()
    try:
        return connected.result(seconds + 1)
    except TimeoutError:
        if connected.done():
            raise
        raise TimeoutError(f"it was silent for {seconds:.0f} s") from None


def _run_claimed(claim: tuple[str, str], client_version: str, request: bytes, package: bytes | _Key) -> bytes:
    """Perform a run on a worker, after a check whether another worker began it before."""

    def run() -> WorkerReply:
        client = get_client()
        begun_on = client.sync(_claim, client.scheduler, claim, get_worker().address)
        return reply_to(client_version, request, package if isinstance(package, bytes) else _fetched(package), begun_on)

    return pickled_reply(run)


async def _claim(
    scheduler: Any, claim: tuple[str, str], worker: str
) -> str | None:  # a proxy that makes methods from names
    """Claim a run for this worker: the worker that claimed it before, or None.

    The worker stores its claim first and reads all claims after that. So of two workers that begin at the same time, at
    least one sees the other.
    """
    mine = uuid4().hex
    await scheduler.set_metadata(keys=[*claim, mine], value=worker)
    claims: dict[str, str] = await scheduler.get_metadata(keys=list(claim))
    return next((other for name, other in claims.items() if name != mine), None)


@lru_cache(maxsize=MAX_PLANS)
def _fetched(key: _Key) -> bytes:
    """A package that is stored at the scheduler."""
    package: bytes = get_client().get_metadata(list(key))
    return package


async def _threads(client: Client) -> dict[str, int]:
    """The workers of the cluster, and how many threads each has."""
    workers: dict[str, int] = await client.nthreads()
    return workers


async def _store(client: Client, key: _Key, value: bytes | None) -> None:
    """Store a value at the scheduler."""
    await client.set_metadata(list(key), value)


async def _run_on_each(client: Client, seconds: float, function: Callable[[], T]) -> dict[str, T | BaseException]:
    """Call a function on each worker: what it returned or raised."""
    workers = await _threads(client)

    async def call(worker: str) -> T:
        (result,) = (await client.run(_in_thread, function, workers=[worker])).values()
        return result  # type: ignore[no-any-return]  # the library does not say

    replies = await asyncio.gather(*(asyncio.wait_for(call(each), seconds) for each in workers), return_exceptions=True)
    return dict(zip(workers, replies, strict=True))


async def _in_thread(function: Callable[[], T]) -> T:
    """On a worker: call a function beside its event loop, which must go on."""
    return await asyncio.to_thread(function)
