"""Shows the progress of a long run: a display on a terminal, or a line every 30 seconds in a CI log."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from ..model.results import Verdict
from ..model.wording import plural, seconds_text
from .text import one_line

if TYPE_CHECKING:
    from rich.live import Live

SOON = 1.0
"""Seconds before the display appears: most runs have ended by then."""
EVERY = 30.0
"""Seconds between two lines in a log."""
MAX_RUNNING = 6


class Progress:
    """Counts runs that start and end. The suite calls it; a display reads it in a thread of its own.

    Args:
        total: How many runs are planned.
        clock: Monotonic seconds.
    """

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.total = total
        self.done = 0
        self.bad = 0
        self._clock = clock
        self._started = clock()
        self._running: dict[int, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def began(self, number: int, name: str, /) -> None:
        """A run has started."""
        with self._lock:
            self._running[number] = one_line(name, 60), self._clock()

    def ended(self, number: int, verdict: Verdict, /) -> None:
        """A run has ended, or will not start."""
        with self._lock:
            self._running.pop(number, None)
            self.done += 1
            self.bad += verdict.is_bad

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._started

    def line(self) -> str:
        """The progress on one line. The time left assumes that the other runs take as long as those that have ended."""
        left = self.elapsed / self.done * (self.total - self.done) if self.done else None
        facts = [
            f"{self.done} of {plural(self.total, 'workflow')}",
            *([f"{self.bad} not passed"] if self.bad else []),
            seconds_text(self.elapsed),
            *([f"about {seconds_text(left)} left"] if left else []),
        ]
        return ", ".join(facts)

    def running(self) -> list[str]:
        """The runs that are running, those that started first at the top."""
        now = self._clock()
        with self._lock:
            every = sorted(self._running.values(), key=lambda each: each[1])
        shown = [f"{name}  {seconds_text(now - since)}" for name, since in every[:MAX_RUNNING]]
        return shown + ([f"and {len(every) - MAX_RUNNING} more"] if len(every) > MAX_RUNNING else [])


@contextmanager
def shown_in_log(progress: Progress, stream: IO[str], every: float = EVERY) -> Iterator[None]:
    """Write a line to a log every so many seconds, until the run has ended."""
    ended = threading.Event()

    def write_lines() -> None:
        while not ended.wait(every):
            running = progress.running()
            longest = f"; running: {running[0]}" if running else ""
            stream.write(f"... {progress.line()}{longest}\n")
            stream.flush()

    thread = threading.Thread(target=write_lines, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def shown_on_terminal(progress: Progress, stream: IO[str]) -> Iterator[IO[str]]:
    """Show a display at the bottom of the terminal until the run has ended.

    Args:
        progress: The progress to show.
        stream: The terminal.

    Yields:
        A stream that writes above the display; others must write to it.
    """
    # only on a terminal, and it takes a while to import
    from rich.console import Console  # noqa: PLC0415  # see above
    from rich.live import Live  # noqa: PLC0415  # see above

    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    with Live(
        console=console, get_renderable=lambda: _display(progress), refresh_per_second=4, transient=True,
        redirect_stdout=False, redirect_stderr=False,
    ) as live:  # fmt: skip
        above = _Above(live)
        yield above  # type: ignore[misc]  # it has the methods of a stream that reporters use
        above.flush()


def _display(progress: Progress) -> Any:
    from rich.console import Group  # noqa: PLC0415  # loaded by now
    from rich.progress_bar import ProgressBar  # noqa: PLC0415  # loaded by now
    from rich.text import Text  # noqa: PLC0415  # loaded by now

    if progress.elapsed < SOON:
        return Group()
    bar = ProgressBar(total=progress.total, completed=progress.done, width=40)
    running = [Text(f"  {name}", style="dim", no_wrap=True, overflow="ellipsis") for name in progress.running()]
    return Group(*running, Text(progress.line(), style="red" if progress.bad else ""), bar)


class _Above:
    """A stream whose lines appear above the display."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._line = ""
        self.encoding = live.console.encoding

    def write(self, text: str) -> int:
        """Show complete lines; the rest waits for the end of its line."""
        *lines, self._line = (self._line + text).split("\n")
        if lines:
            from rich.text import Text  # noqa: PLC0415  # loaded by now

            self._live.console.print(Text.from_ansi("\n".join(lines)), soft_wrap=True)
        return len(text)

    def flush(self) -> None:
        """Does nothing: complete lines are shown at once."""

    def isatty(self) -> bool:
        """True, so that colours are written."""
        return True
