"""The names that the template language reserves, and the error for a name without a value."""

from __future__ import annotations

from ..model.errors import RunflowError, StepError
from ..model.kinds import Names
from ..model.wording import did_you_mean, listed

NONE: frozenset[str] = frozenset()
FUNCTIONS = frozenset({"uuid", "now", "timestamp", "random_int", "random_string", "range", "file", "fake"})
"""Names of functions: defined by runflow, never by a workflow."""

HIDDEN_RANDOM = " random"
"""The key of a run's own random source among its names; no template can spell it."""

RESERVED = frozenset({
    "true", "false", "none", "True", "False", "None", "not", "and", "or", "in", "is", "if", "else", "elif", "for",
    "loop", "self", "super", "caller", "varargs", "kwargs", "block", "set", "import", "include", "recursive",
})  # fmt: skip
"""Words that Jinja reserves."""


class TemplateProblem(RunflowError):
    """A template or an expression cannot be compiled."""


def undefined(name: str, names: Names) -> StepError:
    """The error for a name that has no value, with the names that have one."""
    known = sorted(key for key in names if key not in FUNCTIONS and not key.startswith(" "))
    near = did_you_mean(name, [*known, *FUNCTIONS])
    return StepError(f"`{name}` is not defined", "template", hint=near or f"names known here: {listed(known)}")
