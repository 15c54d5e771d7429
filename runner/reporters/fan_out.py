"""Sends events to several reporters. One that fails does not affect the others."""

from __future__ import annotations

from collections.abc import Iterable

from ..model.events import Event
from ..model.kinds import Reporter
from ..model.wording import os_error_text


class Reporters:
    """Sends each event to every reporter.

    Args:
        reporters: The reporters.

    Attributes:
        errors: Why reporters could not write. They receive no more events.
    """

    def __init__(self, reporters: Iterable[Reporter]) -> None:
        self.reporters = list(reporters)
        self.errors: list[str] = []

    def write(self, event: Event) -> None:
        """Send an event to all reporters."""
        for reporter in list(self.reporters):
            try:
                reporter.handle(event)
            except OSError as error:
                self.reporters.remove(reporter)
                name = getattr(reporter, "name", type(reporter).__name__.lower())
                self.errors.append(f"the {name} report could not be written: {os_error_text(error)}")
