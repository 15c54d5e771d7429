"""`--pause STEP`: stop before a step, look at the variables, change them, go on. Talks to a terminal."""

from __future__ import annotations

from typing import Any

import click

from ..model.answer import read_json
from ..model.errors import Interrupted
from ..model.wording import shown
from ..reporters.text import one_line, safe

HELP = "Enter goes on; NAME = JSON changes a variable; ? lists them; q ends the run (`finally` still runs)"


class PausePrompt:
    """Asks before each step of a name.

    Args:
        step: The step as it is written in its file.

    Attributes:
        met: It was asked for at least once.
    """

    def __init__(self, step: str) -> None:
        self.step = step
        self.met = False

    def __call__(self, name: str, masked: dict[str, Any]) -> dict[str, Any]:
        """The variables that were changed.

        Args:
            name: The step that would run next.
            masked: Its variables, secrets masked.

        Raises:
            Interrupted: the run shall end.
        """
        if name != self.step:
            return {}
        self.met = True
        changed: dict[str, Any] = {}
        click.secho(f"\npaused before the step '{one_line(name)}'", bold=True)
        _show(masked)
        click.secho(HELP, dim=True)
        while True:
            line = _asked()
            name_, equals, text = (part.strip() for part in line.partition("="))
            if not line:
                return changed
            if line in {"q", "quit"}:
                raise Interrupted("the run was ended at a pause")
            if line == "?":
                _show(masked | changed)
            elif not equals or not name_.isidentifier():
                click.echo(HELP)
            else:
                try:
                    changed[name_] = read_json(text)
                except ValueError as error:
                    click.echo(f'that is no JSON: {error}; a text has quotes: {name_} = "{text}"')


def _asked() -> str:
    try:
        return input("> ").strip()
    except EOFError:
        return "q"


def _show(names: dict[str, Any]) -> None:
    for name, value in names.items():
        click.echo(f"  {one_line(name)} = {safe(shown(value, 300))}")
