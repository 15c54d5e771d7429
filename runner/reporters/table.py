"""The table of reports that are written to files. A new one is a file in this folder and a line below."""

from __future__ import annotations

import importlib

from ..model.kinds import FileReporter
from ..model.plugins import entry_point_named, load_entry_point

REPORTERS = {
    "junit": ".junit:JUnit",
    "html": ".html:Html",
    "json": ".json_report:JsonReport",
    "jsonl": ".jsonl:JsonLines",
    "tap": ".tap:Tap",
    "har": ".har:Har",
    "markdown": ".markdown:Markdown",
    "github": ".github:GitHub",
}
"""The module and class of each, imported when it is used; the help names them in this order."""

ENTRY_POINTS = "runflow.reporters"


def reporter_named(name: str) -> type[FileReporter]:
    """The reporter of this name: one of runflow, or of an installed package.

    Raises:
        RunflowError: no report has this name, or it cannot be imported.
    """
    if name in REPORTERS:
        module, _, attribute = REPORTERS[name].partition(":")
        found: type[FileReporter] = getattr(importlib.import_module(module, __package__), attribute)
        return found
    point = entry_point_named(name, ENTRY_POINTS, "report", "reports", REPORTERS)
    theirs: type[FileReporter] = load_entry_point(point, "the report", "handle", "streams", "wants")
    return theirs
