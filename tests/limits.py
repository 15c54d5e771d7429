"""How long a test may wait: ten times what is expected, and more on a slow machine.

No test judges seconds closely: on a shared machine a pause of a second is normal. `RUNFLOW_TEST_SLOW=4` multiplies every limit by four.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Self, TypeVar

Value = TypeVar("Value")
STRETCH = float(os.environ.get("RUNFLOW_TEST_SLOW") or 1)


def limit(expected: float) -> float:
    """The seconds after which something that should take `expected` seconds has failed."""
    return expected * 10 * STRETCH


def wait_for(condition: Callable[[], Value], *, expected: float = 2.0, what: str = "the condition") -> Value:
    """What a condition returns as soon as that is true.

    Args:
        condition: Is asked a hundred times a second.
        expected: How many seconds it should take; it may take ten times as long.
        what: What is waited for, for the message.

    Raises:
        AssertionError: It did not become true in time.
    """
    end = time.monotonic() + limit(expected)
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} did not become true within {limit(expected):g} s"
        time.sleep(0.01)
    return found


class Stopwatch:
    """Measures a block, to compare it with `limit`."""

    def __enter__(self) -> Self:
        self._begun = time.monotonic()
        self.seconds = 0.0
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.monotonic() - self._begun


async def awaited(condition: Callable[[], Value], *, expected: float = 2.0, what: str = "the condition") -> Value:
    """`wait_for` in a coroutine."""
    end = time.monotonic() + limit(expected)
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} did not become true within {limit(expected):g} s"
        await asyncio.sleep(0.01)
    return found
