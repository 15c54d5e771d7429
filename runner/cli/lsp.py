"""`runflow lsp`: support workflows in an editor."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import redirect_stdout
from typing import Any

import click

from ..model.errors import RunflowError
from .options import InputOptions, demo_option, input_options, options_from, read_inputs


class _LspCommand(click.Command):
    """A command that keeps its arguments as they were written: the server passes them on to `runflow run`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.obj = tuple(args)
        return super().parse_args(ctx, args)


@click.command("lsp", cls=_LspCommand, short_help="Serve an editor that speaks the Language Server Protocol.")
@input_options
@demo_option
@click.pass_obj
def command(arguments: tuple[str, ...], /, *, demo: bool, **values: Any) -> int:  # noqa: ARG001  # `demo` is for what the server runs
    """Serve an editor over standard input and output: findings as you type, completion, values of the last run, running a step.

    The editor starts it. Options apply to checks, and to runs that the editor starts.
    """
    try:
        from ..editor.server import Server
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in {"pygls", "lsprotocol"}:
            raise
        raise RunflowError(
            "the language server needs pygls, which is not installed", hint="pip install 'runflow-http[lsp]'"
        ) from None
    _, loader_options = read_inputs(options_from(InputOptions, values))
    logging.basicConfig(level=logging.ERROR)  # to standard error, which editors keep
    with (
        os.fdopen(os.dup(sys.stdout.fileno()), "wb") as stream,
        redirect_stdout(sys.stderr),
    ):  # standard output is the protocol's alone
        Server(loader_options, arguments).start_io(stdout=stream)
    return 0
