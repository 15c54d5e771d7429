"""Every report that is written to a file, by its name. A new one is a file here and a line below."""

from __future__ import annotations

import importlib

from runner.model.errors import RunflowError
from runner.model.kinds import FileReporter
from runner.model.wording import did_you_mean, listed

REPORTERS = {
    "github": "runner.reporters.github:GitHub",
    "har": "runner.reporters.har:Har",
    "html": "runner.reporters.html:Html",
    "json": "runner.reporters.json_report:Json",
    "jsonl": "runner.reporters.jsonl:JsonLines",
    "junit": "runner.reporters.junit:JUnit",
    "markdown": "runner.reporters.markdown:Markdown",
    "tap": "runner.reporters.tap:Tap",
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
        found: type[FileReporter] = getattr(importlib.import_module(module), attribute)
        return found
    # reading what is installed takes milliseconds, and most runs ask for nothing that is not ours
    from importlib.metadata import entry_points  # noqa: PLC0415  # see above

    every = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if name not in every:
        known = [*REPORTERS, *every]
        raise RunflowError(
            f"there is no report {name!r}", hint=did_you_mean(name, known) or f"reports: {listed(known)}"
        )
    try:
        loaded: type[FileReporter] = every[name].load()
    except Exception as error:  # a reporter is anybody's code
        where = every[name].value
        raise RunflowError(f"the report {name!r} ({where}) does not load: {type(error).__name__}: {error}") from error
    return loaded
