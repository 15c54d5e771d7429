"""Every secret source by its name: ours, and those of other packages (entry points `runflow.secrets`)."""

from __future__ import annotations

from collections.abc import Callable

from runner.model.errors import RunflowError
from runner.model.kinds import SecretSource
from runner.model.wording import did_you_mean, listed
from runner.sources.keyring import Keyring

ENTRY_POINTS = "runflow.secrets"
SOURCES: dict[str, Callable[[str], SecretSource]] = {"keyring": Keyring}
"""By name, what makes a source of an argument."""


def open_source(text: str) -> SecretSource:
    """The source that `NAME` or `NAME:ARGUMENT` means.

    Raises:
        RunflowError: there is none of that name, or it does not load.
    """
    name, _, argument = text.partition(":")
    if name in SOURCES:
        return SOURCES[name](argument)
    # reading what is installed takes milliseconds, and most runs name no source
    from importlib.metadata import entry_points  # noqa: PLC0415  # see above

    every = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if name not in every:
        known = [*SOURCES, *every]
        raise RunflowError(
            f"there is no secret source `{name}`", hint=did_you_mean(name, known) or f"sources: {listed(known)}"
        )
    try:
        source: SecretSource = every[name].load()(argument)
    except RunflowError:
        raise
    except Exception as error:  # a source is anybody's code
        where = every[name].value
        raise RunflowError(
            f"the secret source `{name}` ({where}) does not load: {type(error).__name__}: {error}"
        ) from error
    if not callable(getattr(source, "get", None)):
        raise RunflowError(f"the secret source `{name}` ({every[name].value}) has no method `get`")
    return source
