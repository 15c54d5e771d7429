"""runflow: ordered request steps in YAML, a verdict that CI can trust.

import runner

workflow = runner.load("login_then_fetch.yaml")
result = runner.run(workflow, variables={"user": "ada"})
assert result.passed
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from runner.version import __version__

__all__ = ["Environment", "Result", "RunflowError", "WorkflowError", "__version__", "load", "run"]

if TYPE_CHECKING:
    from runner.app import load, run
    from runner.model.environment import Environment
    from runner.model.errors import RunflowError, WorkflowError
    from runner.model.results import Result

_HOMES = {
    "Environment": "runner.model.environment", "Result": "runner.model.results", "RunflowError": "runner.model.errors",
    "WorkflowError": "runner.model.errors", "load": "runner.app", "run": "runner.app",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """The public names, imported when they are asked for: `runflow --version` must not import the whole house."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'runner' has no attribute {name!r}")
