"""The command group: lists the commands, treats a bare path as `run`, and turns errors into exit codes."""

from __future__ import annotations

import gc
import importlib
import os
import sys

import click

from ..model.errors import RunflowError, WorkflowError
from ..model.exit_code import ExitCode
from ..version import REPORT_BUGS_TO, __version__

COMMANDS = {
    "run": "Run workflows (the default: `runflow PATH…`).",
    "check": "Check workflows without sending anything.",
    "fmt": "Format workflow files.",
    "load": "Run workflows as a load test, on Locust.",
    "lsp": "Serve an editor that speaks the Language Server Protocol.",
    "token": "Fetch a credential's token, and show its claims and expiry.",
    "list": "List the runs that the same paths and options would perform.",
    "report": "Write reports from JSON Lines reports; several are merged.",
    "show": "Show why the last run failed, or everything about one step.",
    "diff": "Compare the last run with the one before.",
    "explain": "Explain the code of a failure.",
    "graph": "Draw the data flow between steps.",
    "init": "Create a project that runs at once.",
    "schema": "Print the JSON Schema of the workflow language.",
    "demo": "Serve the demo API.",
    "completion": "Print the shell completion script.",
}

_VERSION = {"--version", "-V"}
_VERBOSE = {"--verbose", "-v", "-vv"}


class _Commands(click.Group):
    """Imports a command when it is used. A first argument that is not a command is a path to run."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f".{name}", __package__).command
        gc.freeze()
        gc.enable()  # `main` disabled it
        return command

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {"--help", "-h", *_VERSION}
        if set(args) & _VERSION and set(args) & _VERBOSE and set(args) <= _VERSION | _VERBOSE:
            from .version_details import show

            show()
            ctx.exit()
        if args and args[0] not in COMMANDS and args[0] not in own:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(
    __version__,
    "--version",
    "-V",
    message="runflow %(version)s",
    help="Show the version and exit; with -v, also Python, drivers and extras.",
)
def cli() -> None:
    """Run HTTP API workflows written in YAML, and end with an exit code that CI can trust.

    \b
    runflow PATH…            run files and folders, FILE::STEP, FILE:LINE
    runflow run              run the `paths` of the project file
    runflow check PATH…      find every problem, send nothing
    runflow --demo PATH…     run against the embedded demo API

    Exit codes: 0 all passed; 1 an expectation failed; 2 the command line or a workflow is invalid, nothing was sent;
    3 a step could not be completed; 4 a report could not be written; 5 nothing was selected; 70 a bug in runflow;
    130, 143 interrupted.
    """  # noqa: D301  # click reads the backspace as "do not wrap"


def guarded(command: click.Command) -> int:
    """Run a command, and turn every error into a message and an exit code. Only a bug in runflow shows a traceback."""
    try:
        code = command.main(standalone_mode=False)
        return _flushed(code if isinstance(code, int) else ExitCode.PASSED)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return ExitCode.INVALID
    except click.ClickException as error:
        error.show()
        return ExitCode.INVALID
    except click.Abort:
        return ExitCode.INTERRUPTED
    except WorkflowError as error:
        from .problems import show_problems

        show_problems(error.problems)
        return ExitCode.INVALID
    except RunflowError as error:
        click.echo(f"error: {error.message}" + (f"\n  → {error.hint}" if error.hint else ""), err=True)
        return ExitCode.INVALID
    except BrokenPipeError:
        _silence_stdout()
        return ExitCode.REPORT_FAILED
    except Exception:  # noqa: BLE001  # the only place where a bug in runflow is reported
        import traceback

        click.echo(
            f"this is a bug in runflow {__version__}; please report it, with these lines, to {REPORT_BUGS_TO}:\n\n{traceback.format_exc()}",
            err=True,
        )
        return ExitCode.BUG


def _flushed(code: int) -> int:
    """Flush standard output, and return the code, or 4 where it cannot be written."""
    try:
        sys.stdout.flush()
    except OSError as error:
        from ..model.wording import os_error_text

        click.echo(f"standard output cannot be written: {os_error_text(error)}", err=True)
        _silence_stdout()
        return ExitCode.REPORT_FAILED
    return code


def _silence_stdout() -> None:
    """Redirect standard output to nowhere, so that Python's own flush at exit does not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
