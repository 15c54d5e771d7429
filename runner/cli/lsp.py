"""`runflow lsp`: workflows in an editor."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import redirect_stdout
from typing import Any

import click

from ..model.errors import RunflowError
from .options import demo_option, loading_options, read_options


class _Passing(click.Command):
    """A command that knows its words as they were given, to pass them on."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.obj = tuple(args)
        return super().parse_args(ctx, args)


@click.command("lsp", cls=_Passing, short_help="Serve an editor that speaks the Language Server Protocol.")
@loading_options
@demo_option
@click.pass_obj
def command(words: tuple[str, ...], /, **options: Any) -> int:
    """Serve an editor over standard input and output: findings as you type, names, values of the last run, running a step.

    The editor starts it. Options hold for checking, and for what is run out of the editor.
    """
    try:
        from ..editor.server import Server
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in {"pygls", "lsprotocol"}:
            raise
        raise RunflowError("an editor is served with pygls", hint="pip install 'runflow-http[lsp]'") from None
    _, loading = read_options(options)
    logging.basicConfig(level=logging.ERROR)  # onto standard error, which editors keep
    with (
        os.fdopen(os.dup(sys.stdout.fileno()), "wb") as stream,
        redirect_stdout(sys.stderr),
    ):  # the protocol has it for itself
        Server(loading, words).start_io(stdout=stream)
    return 0
