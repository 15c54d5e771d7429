"""`runflow explain`: explain the code of a failure: its meaning, usual causes, and what to do next."""

from __future__ import annotations

import click

from .styling import say


@click.command("explain", short_help="Explain the code of a failure.")
@click.argument("code", required=False)
def command(code: str | None) -> int:
    """Explain CODE, which is shown with a failure (RF101). Without CODE, list all codes."""
    from ..model.codes import CODES
    from ..model.wording import did_you_mean

    if code is None:
        for name, each in CODES.items():
            say(f"{name}  {each.title}")
        return 0
    known = CODES.get(code.upper())
    if known is None:
        hint = did_you_mean(code.upper(), CODES)
        raise click.UsageError(f"there is no code {code}; {hint or '`runflow explain` lists them'}")
    say(f"{code.upper()}: {known.title}", bold=True)
    say(f"\n{known.means}")
    for title, lines in (("usual causes", known.causes), ("what to do", known.next)):
        say(f"\n{title}", bold=True)
        for line in lines:
            say(f"  - {line}")
    return 0
