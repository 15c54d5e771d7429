"""What ends a run early: a signal, the run's own limit. Each flow is told once, and may clean up under a limit."""

from __future__ import annotations

import os
import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Self

import msgspec

from ..model.errors import Interrupted
from ..model.exchange import Request
from ..model.exit_code import exit_code_of_signal
from ..model.wording import seconds_text

CLEANUP_LIMIT = 10.0
"""Seconds that a flow has for `finally`, and a session for its logout, once everything must end."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Cancellation:
    """Whether everything must end, and why. It catches signals while it is entered, in the main thread only.

    Attributes:
        stop: What every flow is told, or None.
        signal: The signal that came, or 0.
        event: Wakes whoever sleeps.
    """

    def __init__(self) -> None:
        self.stop: Interrupted | None = None
        self.signal = 0
        self.event = threading.Event()
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._handle) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _: FrameType | None) -> None:
        if self.signal:
            os._exit(exit_code_of_signal(number))  # asked twice: out at once
        self.signal = number
        self.ask(Interrupted(f"interrupted by signal {number}"))

    def ask(self, stop: Interrupted) -> None:
        """Everything must end. The first reason counts."""
        self.stop = self.stop or stop
        self.event.set()


class Notice:
    """What one flow knows of the end: it is told once, and has a limit from then on.

    Args:
        cancellation: Whether everything must end.
        closing: The flow gives something back: it is never told, but has the limit too.
    """

    __slots__ = ("_cancellation", "_closing", "until")

    def __init__(self, cancellation: Cancellation, *, closing: bool = False) -> None:
        self._cancellation = cancellation
        self._closing = closing
        self.until: float | None = None

    @property
    def pending(self) -> bool:
        """The flow must be told, and was not."""
        return self._cancellation.stop is not None and self.until is None and not self._closing

    def check(self) -> None:
        """Before and after each effect.

        Raises:
            Interrupted: the flow must end, or took too long to clean up.
        """
        stop = self._cancellation.stop
        if stop is None:
            return
        now = time.monotonic()
        if self.until is None:
            self.until = now + CLEANUP_LIMIT
            if not self._closing:
                raise Interrupted(stop.reason, stop.kind)
        elif now >= self.until:
            limit = seconds_text(CLEANUP_LIMIT)
            raise Interrupted(f"{stop.reason}; cleaning up took longer than {limit}", stop.kind)

    def left(self, seconds: float) -> float:
        """These seconds, or what is left of the limit."""
        return seconds if self.until is None else max(min(seconds, self.until - time.monotonic()), 0.001)

    def within(self, request: Request) -> Request:
        """The request, with no more time than there is."""
        if self.until is None:
            return request
        return msgspec.structs.replace(request, timeout=self.left(request.timeout))
