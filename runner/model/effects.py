"""What the engine asks for and what it is sent back. A driver performs effects; a test answers them from a function."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

import msgspec

from .exchange import Request


class Send(msgspec.Struct, frozen=True):
    """Send one request; the reply is its whole answer, or why there is none.

    Attributes:
        step: The name of the step that sends it, as it is written.
    """

    request: Request
    step: str = ""


class Sleep(msgspec.Struct, frozen=True):
    """Let this many seconds pass; the reply is None."""

    seconds: float


class Once(msgspec.Struct, frozen=True):
    """Run a flow, unless one is running under this key: then wait for that one. The reply is what the flow returned.

    A flow that raises (its own run was interrupted, or its time was over) has answered nobody but who ran it: one of
    those who wait runs theirs. This is how parallel runs share one login.

    Attributes:
        flow: Makes the flow, which is a Flow of anything.
        timeout: Seconds to wait for another's; where they are over the reply is LATE.
    """

    key: str
    flow: Callable[[], Generator[Any, Any, Any]]
    timeout: float | None = None


class _Late:
    """What a `Once` is answered when its time was over."""

    def __repr__(self) -> str:
        return "LATE"


LATE = _Late()

Effect = Send | Sleep | Once
Reply = Any
"""Response or TransportFailure to a Send, None to a Sleep, what the flow returned (or LATE) to a Once."""

T = TypeVar("T")
Flow = Generator[Effect, Reply, T]
"""A part of a run: yields effects, is sent replies, returns its result."""
