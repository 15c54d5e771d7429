"""Every secret source by its name: ours, and those of other packages (entry points `runflow.secrets`)."""

from __future__ import annotations

from collections.abc import Callable

from ..model.errors import RunflowError
from ..model.kinds import SecretSource
from ..model.plugins import entry_point_named, load_entry_point
from ..model.wording import raised
from .keyring import Keyring

ENTRY_POINTS = "runflow.secrets"
SOURCES: dict[str, Callable[[str], SecretSource]] = {"keyring": Keyring}
"""The function that makes a source of an argument, by the name of the source."""


def open_source(text: str) -> SecretSource:
    """The source that `NAME` or `NAME:ARGUMENT` means.

    Raises:
        RunflowError: there is no such source, or it does not load.
    """
    name, _, argument = text.partition(":")
    if name in SOURCES:
        return SOURCES[name](argument)
    point = entry_point_named(name, ENTRY_POINTS, "secret source", "sources", SOURCES)
    make = load_entry_point(point, "the secret source")
    try:
        source: SecretSource = make(argument)
    except RunflowError:
        raise
    except Exception as error:  # a plugin may raise anything
        raise RunflowError(f"the secret source `{name}` ({point.value}) does not load: {raised(error)}") from error
    if not callable(getattr(source, "get", None)):
        raise RunflowError(f"the secret source `{name}` ({point.value}) has no method `get`")
    return source
