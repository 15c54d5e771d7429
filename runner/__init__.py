"""runflow: ordered request steps in YAML, a verdict that CI can trust.

import runflow

workflow = runflow.load("login_then_fetch.yaml")
result = runflow.run(workflow, variables={"user": "ada"})
assert result.passed
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import __version__

__all__ = ["Environment", "Result", "RunflowError", "WorkflowError", "__version__", "load", "run"]

if TYPE_CHECKING:
    from .app import load, run
    from .model.environment import Environment
    from .model.errors import RunflowError, WorkflowError
    from .model.results import Result

_HOMES = {
    "Environment": ".model.environment", "Result": ".model.results", "RunflowError": ".model.errors",
    "WorkflowError": ".model.errors", "load": ".app", "run": ".app",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """The public names, imported when they are asked for: `runflow --version` must not import the whole house."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
