"""The type of a JSON value (RFC 8259), as `json` reads it."""

from __future__ import annotations

from typing import TypeAlias

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
"""A JSON value. msgspec cannot decode into a recursive type: its structs use `Any` where they hold one."""
