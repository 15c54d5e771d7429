"""Writes styled lines to standard output: coloured on a terminal, plain elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import IO, TypedDict

import click

from ..reporters.failures import StyledLine


class _Look(TypedDict, total=False):
    """How a line looks, as `say` takes it."""

    fg: str
    bold: bool
    dim: bool


_STYLES: dict[str, _Look] = {"place": {"fg": "cyan"}, "dim": {"dim": True}, "": {}}


def coloured(wanted: bool | None, stream: IO[str]) -> bool:
    """Whether lines on a stream are coloured: as wanted, else on a terminal that supports it, unless NO_COLOR is set."""
    if wanted is not None:
        return wanted
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say(text: str = "", *, fg: str | None = None, bold: bool | None = None, dim: bool | None = None) -> None:
    """Print one line; `fg`, `bold` and `dim` as click knows them."""
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    click.secho(text, color=False if plain else None, fg=fg, bold=bold, dim=dim)


def say_lines(lines: Iterable[StyledLine], indent: str) -> None:
    """Write lines that reporters made."""
    for style, text in lines:
        say(f"{indent}{text}".rstrip(), **_STYLES[style])
