"""What the engine asks for and what it is sent back. A driver performs effects; a test answers them from a function."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

import msgspec

from runner.model.exchange import Request, Response, TransportFailure


class Send(msgspec.Struct, frozen=True):
    """Send one request; the reply is its whole answer, or why there is none."""

    request: Request


class Sleep(msgspec.Struct, frozen=True):
    """Let this many seconds pass; the reply is None."""

    seconds: float


Effect = Send | Sleep
Reply = Response | TransportFailure | None

T = TypeVar("T")
Flow = Generator[Effect, Reply, T]
"""A part of a run: yields effects, is sent replies, returns its result."""
