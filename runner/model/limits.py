"""Limits the time that templates, paths and patterns of a workflow may compute.

The libraries that evaluate a JSONPath, an XPath or a JSON Schema cannot be stopped. A watcher checks ten times a second
which threads compute, and raises `_TimeUp` in a thread that has computed for too long. Python raises it between two
lines of Python; a long call into C cannot be stopped, and has to be bounded before it starts.
"""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import ParamSpec, TypeVar

from .errors import StepError

MAX_SECONDS = 0.6
"""Seconds of processor time for one template or path. With the interval of the watcher it stays below a second."""

_INTERVAL = 0.1

P = ParamSpec("P")
T = TypeVar("T")


class _TimeUp(BaseException):
    """Raised in a thread by the watcher. A BaseException, so that no `except Exception` of a library catches it."""


class _Work:
    """A computation in a thread.

    Attributes:
        ident: The thread's identifier.
        clock: Reads the processor time of the thread, in seconds.
        ends: When it has taken too long, on that clock; None until the watcher has seen it.
        raising: The watcher is about to raise, or has raised, and the exception was not caught yet.
    """

    __slots__ = ("clock", "ends", "ident", "raising")

    def __init__(self) -> None:
        self.ident = threading.get_ident()
        self.clock = _clock_of(self.ident)
        self.ends: float | None = None
        self.raising = False


def _clock_of(ident: int) -> Callable[[], float]:
    """The processor time of a thread in seconds, or the wall clock on systems that cannot tell (macOS, Windows)."""
    if sys.platform not in {"win32", "darwin"}:
        with suppress(OSError):
            return partial(time.clock_gettime, time.pthread_getcpuclockid(ident))
    return time.monotonic


class _Watcher:
    """The thread that checks all computations. It starts with the first one, and sleeps while there is none."""

    def __init__(self) -> None:
        self.works: dict[int, _Work] = {}
        self.awake = threading.Event()
        self._started = False
        self._lock = threading.Lock()

    def wake(self) -> None:
        """A computation has begun."""
        with self._lock:
            if not self._started:
                threading.Thread(target=self._watch, name="runflow-limits", daemon=True).start()
                self._started = True
        self.awake.set()

    def _watch(self) -> None:
        while True:
            self.awake.wait()
            time.sleep(_INTERVAL)
            for work in list(self.works.values()):
                self._look(work)
            self.awake.clear()
            if self.works:
                self.awake.set()

    def _look(self, work: _Work) -> None:
        try:
            spent = work.clock()
        except OSError:  # the thread has ended
            return
        if work.ends is None:
            work.ends = spent + MAX_SECONDS - _INTERVAL
        elif spent > work.ends:
            work.ends = spent + 10 * _INTERVAL  # then raise again, in case a library has swallowed it
            # a thread removes its work before it looks at `raising`, so one of the two always notices the other
            work.raising = True
            if self.works.get(work.ident) is work:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(work.ident), ctypes.py_object(_TimeUp))
            else:
                work.raising = False


_watcher = _Watcher()
_watched = True


def disable_limits() -> None:
    """Switch the limits off for the whole process: the green threads of a load test cannot be interrupted."""
    global _watched  # noqa: PLW0603  # it holds for the process
    _watched = False


def limited(what: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function that must not compute for too long, and return its result.

    Args:
        what: What computes, for the message: "the path".
        call: The function.
        *args: Its arguments.
        **kwargs: Its keyword arguments.

    Raises:
        StepError: it took more than MAX_SECONDS of processor time.
    """
    if not _watched:
        return call(*args, **kwargs)
    work = _Work()
    outer = _watcher.works.get(work.ident)  # a limit inside a limit: the outer one continues afterwards
    try:
        _watcher.works[work.ident] = work
        if not _watcher.awake.is_set():
            _watcher.wake()
        try:
            return call(*args, **kwargs)
        except _TimeUp:
            work.raising = False
            raise
        finally:
            _leave(work, outer)
    except _TimeUp:
        work.raising = False
        _leave(work, outer)
        raise took_too_long(what) from None


def _leave(work: _Work, outer: _Work | None) -> None:
    if outer is None:
        _watcher.works.pop(work.ident, None)
    else:
        _watcher.works[work.ident] = outer
    while work.raising:  # Python raises it between two lines
        time.sleep(0)


def took_too_long(what: str) -> StepError:
    """The error of a computation that took too long; `what` is what computed."""
    return StepError(
        f"{what} takes more than a second to compute", "limit", hint="use a definite path, or a shorter text"
    )
