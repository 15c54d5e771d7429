"""Ends a suite early, after a signal or at its time limit. Each flow is interrupted once, and may clean up within a limit."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self, TypeAlias

import msgspec

from ..model.errors import Interrupted
from ..model.exchange import Request
from ..model.exit_code import exit_code_of_signal
from ..model.wording import seconds_text

CLEANUP_LIMIT = 10.0
"""Seconds that a flow has for `finally`, and a session for its logout, once the suite must end."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_MIN_TIMEOUT = 0.001
"""Seconds. A request whose time is over still needs a timeout above zero."""

_Handler: TypeAlias = Callable[[int, FrameType | None], object] | int | signal.Handlers | None


class Cancellation:
    """Whether the suite must end early, and why. Handles signals while it is entered, in the main thread only.

    Attributes:
        reason: Thrown into every flow, or None while the suite may go on.
        signal: The number of the signal that arrived, or None.
        event: Set when the suite must end: wakes threads that sleep.
    """

    def __init__(self) -> None:
        self.reason: Interrupted | None = None
        self.signal: int | None = None
        self.event = threading.Event()
        self._previous: dict[int, _Handler] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, self._handle) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _: FrameType | None) -> None:
        if self.signal is not None:
            os._exit(exit_code_of_signal(number))  # the second signal: exit at once
        self.signal = number
        self.request(Interrupted(f"interrupted by signal {number}"))

    def request(self, reason: Interrupted) -> None:
        """End the suite. The first reason counts."""
        self.reason = self.reason or reason
        self.event.set()


class FlowCancellation:
    """Interrupts one flow once, and limits its time to clean up from then on.

    Args:
        cancellation: Whether the suite must end.
        closing: The flow is a logout: it is never interrupted, but the limit holds for it too.

    Attributes:
        deadline: Monotonic seconds at which the time to clean up is over, or None while there is no limit.
    """

    __slots__ = ("_cancellation", "_closing", "deadline")

    def __init__(self, cancellation: Cancellation, *, closing: bool = False) -> None:
        self._cancellation = cancellation
        self._closing = closing
        self.deadline: float | None = None

    @property
    def pending(self) -> bool:
        """Whether the flow must be interrupted and was not interrupted yet."""
        return self._cancellation.reason is not None and self.deadline is None and not self._closing

    def check(self) -> None:
        """Called before and after each effect.

        Raises:
            Interrupted: the flow must end, or took too long to clean up.
        """
        reason = self._cancellation.reason
        if reason is None:
            return
        now = time.monotonic()
        if self.deadline is None:
            self.deadline = now + CLEANUP_LIMIT
            if not self._closing:
                raise Interrupted(reason.reason, reason.kind)
        elif now >= self.deadline:
            limit = seconds_text(CLEANUP_LIMIT)
            raise Interrupted(f"{reason.reason}; cleaning up took longer than {limit}", reason.kind)

    def limited(self, seconds: float) -> float:
        """Cut these seconds to what is left of the limit."""
        return seconds if self.deadline is None else max(min(seconds, self.deadline - time.monotonic()), _MIN_TIMEOUT)

    def limited_request(self, request: Request) -> Request:
        """Cut the request's timeout to what is left of the limit."""
        if self.deadline is None:
            return request
        return msgspec.structs.replace(request, timeout=self.limited(request.timeout))
