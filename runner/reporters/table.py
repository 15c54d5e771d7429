"""Every report that is written to a file, by its name. A new one is a file here and a line below."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from runner.model.kinds import Reporter
from runner.reporters import jsonl

REPORTERS: dict[str, Callable[[IO[bytes]], Reporter]] = {
    "jsonl": jsonl.JsonLines,
}
