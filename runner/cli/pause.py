"""`--pause STEP`: pause before a step, on a terminal, to show and change its variables."""

from __future__ import annotations

import click

from ..model.answer import read_json
from ..model.errors import Interrupted
from ..model.json_types import JSON
from ..model.wording import shown
from ..reporters.text import one_line, safe

HELP = "Enter: continue; NAME = JSON: change a variable; ?: list variables; q: end the run (`finally` still runs)"


class PausePrompt:
    """Pauses before each step with a given name.

    Args:
        step: The name of the step as written in its file.

    Attributes:
        reached: It paused at least once.
    """

    def __init__(self, step: str) -> None:
        self.step = step
        self.reached = False

    def __call__(self, name: str, masked: dict[str, JSON]) -> dict[str, JSON]:
        """Pause if it is the step, and return the variables that the user changed.

        Args:
            name: The step that runs next.
            masked: Its variables, secrets masked.

        Raises:
            Interrupted: the user ended the run.
        """
        if name != self.step:
            return {}
        self.reached = True
        changed: dict[str, JSON] = {}
        click.secho(f"\npaused before the step '{one_line(name)}'", bold=True)
        _show(masked)
        click.secho(HELP, dim=True)
        while True:
            line = _read_line()
            variable, equals, text = (part.strip() for part in line.partition("="))
            if not line:
                return changed
            if line in {"q", "quit"}:
                raise Interrupted("the run was ended at a pause")
            if line == "?":
                _show(masked | changed)
            elif not equals or not variable.isidentifier():
                click.echo(HELP)
            else:
                try:
                    changed[variable] = read_json(text)
                except ValueError as error:
                    click.echo(f'the value is not valid JSON: {error}; write text in quotes: {variable} = "{text}"')


def _read_line() -> str:
    try:
        return input("> ").strip()
    except EOFError:
        return "q"


def _show(names: dict[str, JSON]) -> None:
    for name, value in names.items():
        click.echo(f"  {one_line(name)} = {safe(shown(value, 300))}")
