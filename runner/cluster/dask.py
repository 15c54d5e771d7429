"""`--executor dask=ADDRESS`: an existing Dask cluster. The only importer of distributed (extra `dask`)."""

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
from functools import lru_cache
from typing import Any, TypeVar
from uuid import uuid4

from distributed import Client, get_client, get_worker

from ..model.errors import Interrupted, RunflowError
from ..model.wording import raised
from ..version import __version__
from .worker import PLANS_KEPT, WorkerReply, answer, give_back, pickled, stop, version

T = TypeVar("T")
_ADDRESS = re.compile(r"((tcp|tls|ucx|wss?)://)?[^/]+:[0-9]+")

STOP_LIMIT = 2.0
"""Seconds in which a worker that lives hears that its runs must end."""

INLINE = 10_000
"""Bytes of a parcel that goes along with each run; a larger one is put down at the scheduler once, and each worker fetches it once."""


class Dask:
    """Runs go to the workers of a cluster.

    Where a worker is lost, Dask has another one run what it had (up to `distributed.scheduler.allowed-failures` times), so each
    run is claimed at the scheduler when it begins: whoever finds a claim knows that somebody began it before.

    Args:
        address: Of the scheduler.
        seconds: In which it must answer, now and later.

    Raises:
        RunflowError: it does not.
    """

    keeps_tokens = True

    def __init__(self, address: str, seconds: float) -> None:
        if _ADDRESS.fullmatch(address) is None:  # the library takes long to refuse it, and then prints a traceback
            hint = "tcp://HOST:PORT, as `dask scheduler` prints it"
            raise RunflowError(f"{address!r} is no address of a Dask scheduler", hint=hint)
        for name in ("distributed", "distributed.client"):  # it logs what it raises, with a traceback
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._room = f"runflow-{uuid4().hex}"
        self._limit = seconds
        self._places: set[tuple[str, str]] = set()
        try:
            self._client = _client(address, seconds)
        except Exception as error:  # what an address can mean is the library's business
            hint = "is the scheduler running, and can it be reached from here? `dask scheduler` prints its address"
            raise RunflowError(f"no Dask scheduler answers at {address}: {raised(error)}", hint=hint) from error
        self._executor = self._client.get_executor(pure=False)

    @property
    def width(self) -> int:
        """Four for each thread of its workers: one runs while others are on their way, which takes Dask some milliseconds."""
        return 4 * sum(self._asked(self._limit, _threads).values())

    def versions(self, seconds: float) -> dict[str, str]:
        """The version on each worker."""
        end = time.monotonic() + seconds
        while not self._asked(seconds, _threads):
            if time.monotonic() > end:
                hint = "start one: `dask worker ADDRESS`"
                raise RunflowError(f"the Dask cluster has had no worker for {seconds:.0f} s", hint=hint)
            time.sleep(0.1)
        found = self._everywhere(seconds, version)
        for worker, said in found.items():
            if isinstance(said, TimeoutError):
                raise RunflowError(
                    f"the Dask worker {worker} does not answer within {seconds:.0f} s",
                    hint="it is frozen, or computes without a pause: look at it, or take it out of the cluster",
                )
            if not isinstance(said, str):
                raise RunflowError(
                    f"the Dask worker {worker} has no runflow that works: {raised(said)}",
                    hint=f"install it there: pip install runflow-http=={__version__}",
                )
        return found

    def submit(self, job: bytes, package: bytes) -> Future[bytes]:
        """Have a run performed."""
        sent: Future[bytes] = self._executor.submit(
            _claimed, (self._room, uuid4().hex), __version__, job, self._put_down(package)
        )
        return sent

    def _put_down(self, package: bytes) -> bytes | tuple[str, str]:
        """The parcel, or where it lies."""
        if len(package) <= INLINE:
            return package
        place = (self._room, hashlib.sha256(package).hexdigest())
        if place not in self._places:
            self._asked(self._limit, _put, place, package)
            self._places.add(place)
        return place

    def gone(self) -> str:
        """Why nothing will ever come back."""
        try:
            return "" if self._asked(STOP_LIMIT, _threads) else "the Dask cluster has no worker any more"
        except Exception:  # noqa: BLE001  # it has gone, in one way or another
            return "the Dask scheduler does not answer any more"

    def stop(self, suite: str, stop_: Interrupted, futures: Iterable[Future[bytes]]) -> None:  # noqa: ARG002  # each ends by itself
        """Every worker ends its runs, and begins no more."""
        self._everywhere(STOP_LIMIT, stop, suite, stop_.reason, stop_.kind)

    def give_back(self, suite: str, seconds: float) -> list[bytes | None]:
        """What each worker tells of the tokens that it gave back."""
        said = self._everywhere(seconds, give_back, suite).values()
        return [None if isinstance(each, BaseException) else each for each in said]

    def _everywhere(self, seconds: float, do: Callable[..., Any], *words: Any) -> dict[str, Any]:
        """What each worker that is there says, or why it says nothing: TimeoutError after this time."""
        try:
            said: dict[str, Any] = self._asked(seconds + 1, _ask_each, seconds, do, words)
        except Exception as error:  # noqa: BLE001  # the scheduler does not answer, in one way or another
            return {"scheduler": error}
        return said

    def _asked(self, seconds: float, question: Callable[..., Coroutine[Any, Any, T]], *words: Any) -> T:
        """What the scheduler says. Raises TimeoutError after this time: the client's own methods wait for ever."""
        if self._client.status != "running":
            raise TimeoutError("the connection to the scheduler is lost")
        answer: T = self._client.sync(question, self._client, *words, callback_timeout=seconds)
        return answer

    def close(self) -> None:
        """Leave nothing there but a name."""
        with suppress(Exception):  # the scheduler may be gone, and with it what was put down there
            self._asked(STOP_LIMIT, _put, (self._room,), None)
        with suppress(Exception):
            self._client.close(timeout=STOP_LIMIT)


def _client(address: str, seconds: float) -> Any:
    """A client that is connected. The library limits the connection, but not what is said first on it."""
    made: Future[Any] = Future()

    def connect() -> None:
        try:
            made.set_result(Client(address, timeout=seconds, set_as_default=False))
        except Exception as error:  # noqa: BLE001  # whatever it is, who waits must hear of it
            made.set_exception(error)

    threading.Thread(target=connect, daemon=True, name="runflow").start()
    try:
        return made.result(seconds + 1)
    except TimeoutError:
        if made.done():
            raise
        raise TimeoutError(f"it was silent for {seconds:.0f} s") from None


def _claimed(claim: tuple[str, str], of: str, job: bytes, package: bytes | tuple[str, str]) -> bytes:
    """On a worker: run a run, knowing whether somebody began it before."""

    def run() -> WorkerReply:
        here: Any = get_client()
        begun = here.sync(_begun_before, here.scheduler, claim, get_worker().address)
        return answer(of, job, package if isinstance(package, bytes) else _fetched(package), begun)

    return pickled(run)


async def _begun_before(scheduler: Any, claim: tuple[str, str], worker: str) -> str:
    """Claim a run for this worker: who claimed it too, or "".

    It claims first and looks then, so that of two that begin at the same time one at least sees the other.
    """
    mine = uuid4().hex
    await scheduler.set_metadata(keys=[*claim, mine], value=worker)
    claims = await scheduler.get_metadata(keys=list(claim))
    return next((other for name, other in claims.items() if name != mine), "")


@lru_cache(maxsize=PLANS_KEPT)
def _fetched(place: tuple[str, str]) -> bytes:
    """A parcel that was put down at the scheduler."""
    package: bytes = get_client().get_metadata(list(place))
    return package


async def _threads(client: Any) -> dict[str, int]:
    """The workers that are there, and how many threads each has."""
    workers: dict[str, int] = await client.nthreads()
    return workers


async def _put(client: Any, place: tuple[str, ...], value: bytes | None) -> None:
    """Put something down at the scheduler."""
    await client.set_metadata(list(place), value)


async def _ask_each(client: Any, seconds: float, do: Callable[..., Any], words: tuple[Any, ...]) -> dict[str, Any]:
    """What each worker says, or why it does not."""
    workers = await _threads(client)

    async def ask(worker: str) -> Any:
        (said,) = (await client.run(_in_thread, do, *words, workers=[worker])).values()
        return said

    said = await asyncio.gather(*(asyncio.wait_for(ask(each), seconds) for each in workers), return_exceptions=True)
    return dict(zip(workers, said, strict=True))


async def _in_thread(do: Callable[..., Any], *words: Any) -> Any:
    """On a worker: beside its event loop, which must go on."""
    return await asyncio.to_thread(do, *words)
