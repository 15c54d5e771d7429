"""The file of each report that the fixture `suite` writes."""

from __future__ import annotations

from runflow.reporters.table import REPORTERS

_SUFFIXES = {"junit": "xml", "markdown": "md"}
REPORT_FILES = {kind: f"out.{_SUFFIXES.get(kind, kind)}" for kind in REPORTERS}
