"""`runflow --version -v`: what a bug report should say of the machine, and a warning where the foreign `runflow` is installed."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import click

from ..drivers.table import DRIVERS, libraries
from ..model.errors import RunflowError
from ..version import DISTRIBUTION, __version__

FOREIGN = "runflow"
"""A distribution of other people. It has our import name, so its files and ours are mixed where both are installed."""

COLLECTIONS = {"all", "dev"}
"""Extras that are made of other extras."""


def show() -> None:
    """Print the versions of runflow, Python, drivers and extras; warn of the foreign distribution on standard error."""
    for line in _lines():
        click.echo(line)
    foreign = _found(FOREIGN)
    if foreign is not None:
        click.echo(
            f"\nwarning: the distribution `{FOREIGN}` {foreign.version} is installed beside {DISTRIBUTION}. It is a different project,"
            f" and both write into the folder `runflow`.\n  → pip uninstall {FOREIGN}, then install {DISTRIBUTION} again",
            err=True,
        )


def _lines() -> Iterator[str]:
    yield f"runflow {__version__}"
    yield f"  distribution  {_distribution_line()}"
    yield f"  Python        {platform.python_version()} ({platform.python_implementation()}) in {sys.executable}"
    yield f"  system        {platform.platform()}"
    yield "\ndrivers"
    for name in DRIVERS:
        yield f"  {name:<12}  {_driver_line(name)}"
    extras = _extras()
    if extras:
        yield "\nextras"
    for name, needed in extras.items():
        yield f"  {name:<12}  {_extra_line(name, needed)}"


def _found(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _distribution_line() -> str:
    found = _found(DISTRIBUTION)
    place = Path(__file__).parents[1]
    return (
        f"{DISTRIBUTION} {found.version} in {place}"
        if found
        else f"{DISTRIBUTION} is not installed; the code is in {place}"
    )


def _driver_line(name: str) -> str:
    try:
        return libraries(name)
    except RunflowError as error:
        return f"{error.message} (→ {error.hint})"


def _extras() -> dict[str, list[str]]:
    """The distributions that each extra needs, as our own metadata names them."""
    ours = _found(DISTRIBUTION)
    if ours is None:
        return {}
    needed: dict[str, list[str]] = {}
    for requirement in ours.requires or ():
        name = re.match(r"[\w.-]+", requirement)
        extra = re.search(r"""extra == ['"]([\w-]+)['"]""", requirement)
        if name and extra and extra[1] not in COLLECTIONS:
            needed.setdefault(extra[1], []).append(name[0])
    return needed


def _extra_line(name: str, needed: list[str]) -> str:
    found = {each: _found(each) for each in needed}
    missing = [each for each, there in found.items() if there is None]
    if missing:
        return f"not installed: {', '.join(missing)} (→ pip install '{DISTRIBUTION}[{name}]')"
    return ", ".join(f"{each} {there.version}" for each, there in found.items() if there is not None)
