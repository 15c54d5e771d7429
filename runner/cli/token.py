"""`runflow token`: fetch a credential, and show its claims, its expiry and where it would be sent."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..model.exit_code import ExitCode
from ..model.json_types import JSON
from .options import InputOptions, demo_option, demo_variables, input_options, options_from, read_inputs

if TYPE_CHECKING:
    from ..engine.auth.lookup import Lookup
    from ..execution.options import Inputs
    from ..plan.plan import Plan


@click.command("token", short_help="Fetch a credential's token, and show its claims and expiry.")
@click.argument("name")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@input_options
@demo_option
@click.option("--reveal", is_flag=True, help="Print only the token to standard output, and do not log out.")
@click.option(
    "-v", "--verbose", count=True, help="Show the headers of the login's requests and responses; -vv: bodies too."
)
def command(name: str, path: Path, *, demo: bool, reveal: bool, verbose: int, **values: Any) -> int:
    """Fetch the credential NAME of the workflow FILE, as a step would, and show its claims, its expiry and where it is sent.

    \b
    curl -H "Authorization: Bearer $(runflow token api flow.yaml --reveal)" …
    """  # noqa: D301  # click reads the backspace as "do not wrap"
    from ..model.wording import did_you_mean, listed
    from .problems import compiled

    with ExitStack() as stack:
        inputs, loader_options = read_inputs(options_from(InputOptions, values), demo_variables(stack) if demo else {})
        plans, _, code = compiled((str(path),), loader_options)
        if code:
            return code
        if len(plans) != 1:
            raise click.UsageError(f"{path} is a folder of {len(plans)} workflows: name one file")
        plan = plans[0]
        if name not in plan.credentials:
            hint = did_you_mean(name, plan.credentials) or f"its credentials: {listed(plan.credentials) or 'none'}"
            raise click.UsageError(f"{path} has no credential `{name}`; {hint}")
        return _fetch(plan, name, inputs, reveal=reveal, verbose=verbose)


def _fetch(plan: Plan, name: str, inputs: Inputs, *, reveal: bool, verbose: int) -> int:
    from ..app import executor_for
    from ..execution.lookup import CredentialLookup
    from ..model.results import Failure
    from ..redaction import Redactor
    from ..reporters.console import Console

    console = Console(sys.stderr if reveal else sys.stdout, colour=False, verbosity=verbose)
    lookup = CredentialLookup(plan, inputs, console.handle, executor_for(plan.driver))
    found = lookup.run(name, close=not reveal)
    redactor = Redactor()
    if isinstance(found, Failure):
        console.show_error(found, "  ")
        return ExitCode.ERROR
    redactor.learn(found.attachment.secrets, "token")
    redactor.learn([value.rpartition(" ")[2] for _, value in found.attachment.sent], "token")
    for line in _facts(plan, name, found):
        click.echo(redactor.text(line), err=reveal)
    if reveal:
        click.echo(_token(found))
    return 0


def _token(found: Lookup) -> str:
    """The token itself: what `login` extracts as `token`, else what is sent."""
    if found.token is not None and isinstance(found.token.names.get("token"), str):
        return str(found.token.names["token"])
    return "; ".join(value.removeprefix("Bearer ") for _, value in found.attachment.sent)


def _facts(plan: Plan, name: str, found: Lookup) -> Iterator[str]:
    import time

    from ..model.jwt import claims_of
    from ..model.wording import json_text, seconds_text
    from ..reporters.text import safe

    yield f"{name} ({found.kind}) of {plan.file}"
    for place, value in found.attachment.sent:
        yield f"  sent as     {place}: {safe(value)}"
    if found.attachment.signer is not None:
        yield "  sent as     header Authorization, computed for each request"
    yield f"  sent to     {', '.join(found.origins) or 'no origin'} with `defaults.auth`; to any origin by a step with `auth`"
    requests, users = _users(plan, name)
    yield f"  used by     {users} of the {requests} requests in the file"
    token = _token(found)
    if found.token is not None and found.token.expires is not None and found.token.renew_at is not None:
        life, early = found.token.expires - found.token.since, found.token.expires - found.token.renew_at
        yield f"  expires     {seconds_text(life)} after it was fetched; renewed {seconds_text(early)} before that"
    elif found.token is not None:
        yield "  expires     not known; renewed when a server rejects it"
    claims = claims_of(token)
    if claims:
        yield "  claims      (read from the token, not verified)"
    for claim, each in claims.items():
        moment = f"  ({_moment(each, time.time())})" if claim in {"exp", "iat", "nbf", "auth_time"} else ""
        yield f"    {safe(claim)}: {safe(json_text(each))}{moment}"


def _moment(value: JSON, now: float) -> str:
    from ..model.wording import seconds_text

    try:
        if not isinstance(value, int | float):
            return "not a time"
        written = datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OSError, OverflowError):
        return "not a time"
    return (
        f"{written}, {seconds_text(now - value)} ago" if value <= now else f"{written}, in {seconds_text(value - now)}"
    )


def _users(plan: Plan, name: str) -> tuple[int, int]:
    """How many requests the file has, and how many of them use the credential."""
    from ..plan.plan import RequestPlan

    actions = [step.action for step in (*plan.steps, *plan.cleanup) if isinstance(step.action, RequestPlan)]
    return len(actions), sum(action.auth is not None and action.auth.name == name for action in actions)
