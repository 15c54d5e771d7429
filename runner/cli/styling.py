"""Lines with a style onto standard output, coloured where somebody sees it."""

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


_LOOKS: dict[str, _Look] = {"place": {"fg": "cyan"}, "dim": {"dim": True}, "": {}}


def coloured(wanted: bool | None, stream: IO[str]) -> bool:
    """Whether lines onto a stream have colours: as somebody wants, else on a terminal that takes them (NO_COLOR)."""
    if wanted is not None:
        return wanted
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say(text: str = "", *, fg: str | None = None, bold: bool | None = None, dim: bool | None = None) -> None:
    """Print one line; `fg`, `bold` and `dim` as click knows them."""
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    click.secho(text, color=False if plain else None, fg=fg, bold=bold, dim=dim)


def say_lines(lines: Iterable[StyledLine], indent: str) -> None:
    """Lines as reporters make them."""
    for style, text in lines:
        say(f"{indent}{text}".rstrip(), **_LOOKS[style])
