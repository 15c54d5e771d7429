"""JSON Lines: each event as it happens, one object a line, straight to the file. Keeps nothing in memory."""

from __future__ import annotations

import enum
from typing import IO, Any

import msgspec

from runner.model.events import Event, RunFinished


class JsonLines:
    """Writes every event; `event` says which it is.

    Args:
        stream: Where to.
    """

    name = "jsonl"

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self._encoder = msgspec.json.Encoder(enc_hook=_plain)

    def handle(self, event: Event, /) -> None:
        """Take one event. Raises OSError where it cannot be written."""
        if isinstance(event, RunFinished):  # what its workflows did has been told
            event = RunFinished(msgspec.structs.replace(event.result, workflows=(), sessions=()))
        data = {"event": type(event).__name__, **msgspec.structs.asdict(event)}
        self.stream.write(self._encoder.encode(data) + b"\n")
        self.stream.flush()


def _plain(value: Any) -> Any:
    """What JSON has no word for, as text."""
    return value.value if isinstance(value, enum.Enum) else str(value)
