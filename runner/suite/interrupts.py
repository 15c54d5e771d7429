"""Ctrl-C and SIGTERM: the running effect is broken off, so that the workflow can clean up; a second one ends the process."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import Future
from types import FrameType, TracebackType
from typing import Any, Self

from runner.drivers.blocking import BlockingDriver
from runner.model.effects import Effect, Once, Reply, Send, Sleep
from runner.model.errors import Interrupted
from runner.suite.drive import drive
from runner.suite.flights import Flights

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Catches signals while it is entered, in the main thread; elsewhere it catches nothing.

    Attributes:
        received: The signal that came, or 0.
    """

    def __init__(self) -> None:
        self.received = 0
        self._thrown = False
        self._armed = False
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
        if self.received:
            os._exit(128 + number)  # asked twice: out at once
        self.received = number
        if self._armed:
            self._thrown = True
            raise Interrupted(number)

    def perform(self, effect: Effect, driver: BlockingDriver, flights: Flights) -> Reply:
        """Do what an effect asks for.

        Raises:
            Interrupted: a signal came, once.
        """
        if self.received and not self._thrown:
            self._thrown = True
            raise Interrupted(self.received)
        if isinstance(effect, Once):
            return self._once(effect, driver, flights)
        self._armed = not self.received
        try:
            match effect:
                case Send(request):
                    return driver.send(request)
                case Sleep(seconds):
                    time.sleep(seconds)
                    return None
        finally:
            self._armed = False

    def _once(self, once: Once, driver: BlockingDriver, flights: Flights) -> Reply:
        """Waiting can be broken off; a flow that runs here is broken off at its own effects, and nothing else is."""

        def wait(running: Future[Any], seconds: float | None) -> Any:
            self._armed = not self.received
            try:
                return running.result(seconds)
            finally:
                self._armed = False

        return flights.perform(once, lambda flow: drive(flow, lambda each: self.perform(each, driver, flights)), wait)
