"""The drivers by name, and their features. The library of a driver is imported when the driver is chosen: each takes a while to load."""

from __future__ import annotations

import importlib.util

from ..model.errors import RunflowError
from .decoding import ENCODINGS

DRIVERS = ("requests", "curl")
REQUESTS_FEATURES = frozenset({*(f"encoding {name}" for name in (*ENCODINGS, "identity")), "head body"})
"""The features of the requests driver: its content codings, and a body with HEAD."""

AUTO = "auto"
"""Chooses the fastest driver that is installed."""


def driver_named(name: str) -> str:
    """The driver that a name stands for on this machine.

    Raises:
        RunflowError: its library is not installed.
    """
    if name not in {AUTO, "curl"}:
        return name
    installed = importlib.util.find_spec("pycurl") is not None
    if name == AUTO:
        return "curl" if installed else "requests"
    if not installed:
        hint = "pip install 'runflow-http[curl]', or use `--driver auto`, which takes curl only where it is installed"
        raise RunflowError("the curl driver needs pycurl, which is not installed", hint=hint)
    return name


def features(name: str) -> frozenset[str]:
    """The features of a driver beyond HTTP/1.1 over TCP: `version 2`, `resolve`, `encoding gzip`, `timing`.

    Raises:
        RunflowError: its library does not work on this machine.
    """
    if name == "requests":
        return REQUESTS_FEATURES
    return _curl()[0]


def libraries(name: str) -> str:
    """The libraries of a driver, with their versions: `PycURL/7.49.0 libcurl/8.15.0 OpenSSL/3.5.1 …`.

    Raises:
        RunflowError: they are not installed, or do not work on this machine.
    """
    if driver_named(name) == "curl":
        return _curl()[1]
    # slow to import, and every run imports this module
    from importlib.metadata import version  # noqa: PLC0415  # see above

    return " ".join(f"{each}/{version(each)}" for each in ("requests", "urllib3"))


def _curl() -> tuple[frozenset[str], str]:
    """The features of the curl driver, and its libraries with their versions."""
    try:
        # it imports pycurl, which not every machine has
        from .curl import driver  # noqa: PLC0415  # see above
    except (ImportError, AttributeError) as error:  # a libcurl that does not load, a pycurl that is too old
        hint = "pip install --upgrade pycurl"
        raise RunflowError(f"the curl driver cannot use the pycurl that is installed: {error}", hint=hint) from None
    return driver.FEATURES, driver.LIBRARIES
