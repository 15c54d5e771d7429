"""All rules by their code: each is a function and has a line here; `model/codes.py` describes it."""

from __future__ import annotations

from . import contract, exposure, migration, weak
from . import data_flow as flow
from .rule import Rule

INVALID_FILE = "RF600"
RULES: dict[str, Rule] = {
    "RF601": Rule("error", flow.used_too_early),
    "RF602": Rule("warning", flow.defined_in_a_branch),
    "RF603": Rule("warning", flow.never_used),
    "RF604": Rule("warning", flow.shadowed),
    "RF605": Rule("error", flow.loop_over_one),
    "RF606": Rule("error", flow.unknown_output),
    "RF611": Rule("warning", weak.nothing_expected),
    "RF612": Rule("warning", weak.passes_anything),
    "RF613": Rule("warning", weak.any_status),
    "RF614": Rule("warning", weak.impossible_path),
    "RF615": Rule("warning", weak.retries_non_idempotent),
    "RF616": Rule("warning", contract.not_described),
    "RF621": Rule("warning", exposure.not_masked),
    "RF622": Rule("warning", exposure.literal_secret),
    "RF623": Rule("warning", exposure.not_verified),
    "RF624": Rule("warning", exposure.in_the_clear),
}
CHANGES: dict[str, Rule] = {"RF617": Rule("warning", migration.status_is_judged)}
"""Rules about what a new version changes, which are reported on request."""

UNREASONED, IDLE = "RF631", "RF632"
"""The codes of an `ignore` without a reason, and of one that ignores nothing."""
