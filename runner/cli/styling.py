"""Lines with a style onto standard output, coloured where somebody sees it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import IO

import click

from ..reporters.failures import StyledLine

_LOOKS: dict[str, dict[str, object]] = {"place": {"fg": "cyan"}, "dim": {"dim": True}, "": {}}


def coloured(wanted: bool | None, stream: IO[str]) -> bool:
    """Whether lines onto a stream have colours: as somebody wants, else on a terminal that takes them (NO_COLOR)."""
    if wanted is not None:
        return wanted
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say(text: str = "", **look: object) -> None:
    """One line; `fg`, `bold`, `dim` as click knows them."""
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    click.secho(text, color=False if plain else None, **look)  # type: ignore[arg-type]  # as click.style takes them


def say_lines(lines: Iterable[StyledLine], indent: str) -> None:
    """Lines as reporters make them."""
    for style, text in lines:
        say(f"{indent}{text}".rstrip(), **_LOOKS[style])
