"""How long a text of the workflow may compute over an answer: templates, paths, patterns. Knows none of them.

What other libraries walk (a JSONPath, an XPath, a JSON Schema) cannot be asked to stop. A watcher looks at who is at work
ten times a second and raises `_Over` inside a thread that has computed for too long. Between two lines of Python that
always works; what runs in C for long has to be bounded before it starts.
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
"""Seconds of processor time for one template or path; with the watcher's own pace it stays below a second."""

_PACE = 0.1

P = ParamSpec("P")
T = TypeVar("T")


class _Over(BaseException):
    """Raised inside a thread by the watcher; no library's `except Exception` takes it."""


class _Work:
    """What a thread is at.

    Attributes:
        ident: The thread.
        clock: The clock of its processor time.
        ends: Seconds on that clock at which it has taken too long; None until the watcher has seen it.
        struck: The watcher is about to raise, or has raised, and it has not been caught.
    """

    __slots__ = ("clock", "ends", "ident", "struck")

    def __init__(self) -> None:
        self.ident = threading.get_ident()
        self.clock = _clock_of(self.ident)
        self.ends: float | None = None
        self.struck = False


def _clock_of(ident: int) -> Callable[[], float]:
    """The processor time of a thread in seconds, or the wall clock on systems that cannot tell (macOS, Windows)."""
    if sys.platform not in {"win32", "darwin"}:
        with suppress(OSError):
            return partial(time.clock_gettime, time.pthread_getcpuclockid(ident))
    return time.monotonic


class _Watcher:
    """A thread that looks after all others; it starts with the first work and sleeps while there is none."""

    def __init__(self) -> None:
        self.works: dict[int, _Work] = {}
        self.awake = threading.Event()
        self._started = False
        self._lock = threading.Lock()

    def wake(self) -> None:
        """Somebody is at work."""
        with self._lock:
            if not self._started:
                threading.Thread(target=self._watch, name="runflow-limits", daemon=True).start()
                self._started = True
        self.awake.set()

    def _watch(self) -> None:
        while True:
            self.awake.wait()
            time.sleep(_PACE)
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
            work.ends = spent + MAX_SECONDS - _PACE
        elif spent > work.ends:
            work.ends = spent + 10 * _PACE  # once more then, should a library have swallowed it
            # the thread takes itself out first and looks at `struck` then: one of the two sees the other
            work.struck = True
            if self.works.get(work.ident) is work:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(work.ident), ctypes.py_object(_Over))
            else:
                work.struck = False


_watcher = _Watcher()
_watched = True


def disable_limits() -> None:
    """Nobody is watched from now on: where threads are not the system's, none can be interrupted (a load test's users)."""
    global _watched  # noqa: PLW0603  # it holds for the process
    _watched = False


def limited(what: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What a call returns, if it does not compute for too long.

    Args:
        what: What is at work, for the message: "the path".
        call: The work.
        *args: For it.
        **kwargs: For it.

    Raises:
        StepError: it took more than MAX_SECONDS of processor time.
    """
    if not _watched:
        return call(*args, **kwargs)
    work = _Work()
    outer = _watcher.works.get(work.ident)  # a limit inside a limit: the outer one goes on afterwards
    try:
        _watcher.works[work.ident] = work
        if not _watcher.awake.is_set():
            _watcher.wake()
        try:
            return call(*args, **kwargs)
        except _Over:
            work.struck = False
            raise
        finally:
            _leave(work, outer)
    except _Over:
        work.struck = False
        _leave(work, outer)
        raise took_too_long(what) from None


def _leave(work: _Work, outer: _Work | None) -> None:
    if outer is None:
        _watcher.works.pop(work.ident, None)
    else:
        _watcher.works[work.ident] = outer
    while work.struck:  # what the watcher has raised comes between two lines
        time.sleep(0)


def took_too_long(what: str) -> StepError:
    """The error of whatever computes for too long."""
    return StepError(
        f"{what} takes more than a second to compute", "limit", hint="ask for less: a definite path, a shorter text"
    )
