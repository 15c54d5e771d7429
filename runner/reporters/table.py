"""Every report that is written to a file, by its name. A new one is a file here and a line below."""

from __future__ import annotations

import importlib

from ..model.kinds import FileReporter
from ..model.plugins import entry_point_named, load_entry_point

REPORTERS = {
    "github": ".github:GitHub",
    "har": ".har:Har",
    "html": ".html:Html",
    "json": ".json_report:JsonReport",
    "jsonl": ".jsonl:JsonLines",
    "junit": ".junit:JUnit",
    "markdown": ".markdown:Markdown",
    "tap": ".tap:Tap",
}
"""Where each is; it is imported when it is asked for."""

ENTRY_POINTS = "runflow.reporters"


def reporter_named(name: str) -> type[FileReporter]:
    """The reporter that a name means: one of ours, or one of an installed package.

    Raises:
        RunflowError: there is none of that name, or it does not load.
    """
    if name in REPORTERS:
        module, _, attribute = REPORTERS[name].partition(":")
        found: type[FileReporter] = getattr(importlib.import_module(module, __package__), attribute)
        return found
    point = entry_point_named(name, ENTRY_POINTS, "report", "reports", REPORTERS)
    theirs: type[FileReporter] = load_entry_point(point, "the report", "handle", "streams", "wants")
    return theirs
