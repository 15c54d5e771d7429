"""Several reporters as one: each is told everything, and one that fails harms no other."""

from __future__ import annotations

from collections.abc import Iterable

from ..model.events import Event
from ..model.kinds import Reporter
from ..model.wording import os_error_text


class Reporters:
    """Tells every reporter.

    Attributes:
        errors: Why some could not write; they are told no more.
    """

    def __init__(self, reporters: Iterable[Reporter]) -> None:
        self.reporters = list(reporters)
        self.errors: list[str] = []

    def write(self, event: Event) -> None:
        """Tell an event to all."""
        for reporter in list(self.reporters):
            try:
                reporter.handle(event)
            except OSError as error:
                self.reporters.remove(reporter)
                name = getattr(reporter, "name", type(reporter).__name__.lower())
                self.errors.append(f"the {name} report could not be written: {os_error_text(error)}")
