"""runflow: ordered request steps in YAML, a verdict that CI can trust.

import runner

workflow = runner.load("login_then_fetch.yaml")
result = runner.run(workflow, variables={"user": "ada"})
assert result.passed
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.version import __version__

__all__ = ["Result", "RunflowError", "WorkflowError", "__version__", "load", "run"]

if TYPE_CHECKING:
    from runner.app import load, run
    from runner.model.errors import RunflowError, WorkflowError
    from runner.model.results import Result


def __getattr__(name: str) -> Any:
    """The public names, imported when they are asked for: `runflow --version` must not import the whole house."""
    if name in {"load", "run"}:
        from runner import app  # noqa: PLC0415  # see above

        return getattr(app, name)
    if name in {"RunflowError", "WorkflowError"}:
        from runner.model import errors  # noqa: PLC0415  # see above

        return getattr(errors, name)
    if name == "Result":
        from runner.model.results import Result  # noqa: PLC0415  # see above

        return Result
    raise AttributeError(f"module 'runner' has no attribute {name!r}")
