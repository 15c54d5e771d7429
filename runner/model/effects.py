"""The effects that the engine yields and the replies that it is sent. Drivers perform effects; tests use a function."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

import msgspec

from .exchange import Request


class Send(msgspec.Struct, frozen=True):
    """Send one request. The reply is the complete response, or why there is none.

    Attributes:
        step: The name of the step that sends it, as written in the file.
    """

    request: Request
    step: str = ""


class Sleep(msgspec.Struct, frozen=True):
    """Wait this many seconds. The reply is None."""

    seconds: float


class Once(msgspec.Struct, frozen=True):
    """Run a flow, unless a flow with the same key is running: then wait for that one (single flight).

    The reply is what the flow returned. A flow that raises (its run was interrupted, or its time limit was reached)
    gives the others no reply: one of the runs that wait starts its own flow. This is how parallel runs share one login.

    Attributes:
        key: What identifies the flow.
        flow: Makes the flow.
        timeout: How many seconds to wait for the flow of another run; then the reply is LATE. None waits without a limit.
    """

    key: str
    flow: Callable[[], Generator[Any, Any, Any]]
    timeout: float | None = None


class _Late:
    """The reply to a `Once` whose timeout was reached."""

    def __repr__(self) -> str:
        return "LATE"


LATE = _Late()

Effect = Send | Sleep | Once
Reply = Any
"""Response or TransportFailure to a Send, None to a Sleep, what the flow returned (or LATE) to a Once."""

T = TypeVar("T")
Flow = Generator[Effect, Reply, T]
"""A part of a run: a generator that yields effects, is sent their replies, and returns its result."""
