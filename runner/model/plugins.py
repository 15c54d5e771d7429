"""Loads the plugins of other packages by their entry points, when a name is used that runflow does not have."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from .errors import RunflowError, StepError
from .wording import did_you_mean, listed, raised

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


@cache
def entry_points_of(group: str) -> dict[str, EntryPoint]:
    """The entry points of a group, by name."""
    # reading the installed packages takes milliseconds, and most runs use no plugin
    from importlib.metadata import entry_points  # noqa: PLC0415  # see above

    return {point.name: point for point in entry_points(group=group)}


def load_entry_point(point: EntryPoint, what: str, *has: str) -> Any:
    """Load the object of an entry point.

    Args:
        point: The entry point.
        what: What it is, for messages: `the matcher`.
        *has: Attributes that it must have.

    Raises:
        RunflowError: it cannot be imported, or lacks one of the attributes.
    """
    try:
        found = point.load()
    except Exception as error:  # foreign code may raise anything
        raise RunflowError(f"{what} `{point.name}` ({point.value}) cannot be imported: {raised(error)}") from error
    missing = [name for name in has if not hasattr(found, name)]
    if missing:
        raise RunflowError(f"{what} `{point.name}` ({point.value}) has no `{missing[0]}`")
    return found


def entry_point_named(name: str, group: str, what: str, plural: str, ours: Iterable[str]) -> EntryPoint:
    """The entry point of this name.

    Raises:
        RunflowError: there is no such entry point.
    """
    every = entry_points_of(group)
    if name not in every:
        known = [*ours, *every]
        raise RunflowError(
            f"there is no {what} `{name}`", hint=did_you_mean(name, known) or f"{plural}: {listed(known)}"
        )
    return every[name]


def kind_named(table: dict[str, Any], name: str, group: str, what: str, *has: str) -> Any:
    """The kind of this name: one of the table, else a plugin, which is added to the table; None where there is neither.

    Raises:
        RunflowError: the plugin cannot be imported, or lacks an attribute.
    """
    if name not in table:
        point = entry_points_of(group).get(name)
        if point is None:
            return None
        found = load_entry_point(point, what, *has)
        words = f"{what} `{name}` ({point.value})"
        table[name] = (
            found if inspect.isfunction(found) else _Plugin(found() if isinstance(found, type) else found, words)
        )
    return table[name]


_CALLED_BY_CHECK = frozenset({"check", "compile"})
"""Methods that are called when a file is read, before there is a step that could have the error."""


class _Plugin:
    """Wraps a plugin, so that its exceptions name it and are not reported as a bug in runflow."""

    def __init__(self, plugin: Any, description: str) -> None:
        self._plugin = plugin
        self._description = description

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._plugin, name)
        if not callable(value):
            return value

        def call(*args: Any, **more: Any) -> Any:
            try:
                result = value(*args, **more)
            except StepError:
                raise
            except Exception as error:
                if name == "compile" and isinstance(error, ValueError):  # which the Protocol allows
                    raise
                message = f"{self._description} failed: {raised(error)}"
                raise (RunflowError(message) if name in _CALLED_BY_CHECK else StepError(message, "extract")) from error
            return _Plugin(result, self._description) if name == "compile" else result

        return call
