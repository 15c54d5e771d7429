"""Run HTTP API workflows written in YAML. The names in `__all__` are the public API, and are stable.

import runflow

workflow = runflow.load("login_then_fetch.yaml")
result = runflow.run(workflow, variables={"user": "ada"})
assert result.passed
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .version import __version__

__all__ = [
    "MISSING",
    "Answer",
    "AttemptResult",
    "Check",
    "Environment",
    "Event",
    "Failure",
    "FileReporter",
    "Matcher",
    "Miss",
    "Reporter",
    "Result",
    "RunflowError",
    "SecretSource",
    "Selector",
    "SelectorKind",
    "SessionResult",
    "StepResult",
    "Verdict",
    "Workflow",
    "WorkflowError",
    "WorkflowResult",
    "__version__",
    "load",
    "run",
]

if TYPE_CHECKING:
    from .app import Workflow, load, run
    from .model.answer import Answer
    from .model.environment import Environment
    from .model.errors import RunflowError, WorkflowError
    from .model.events import Event
    from .model.kinds import (
        MISSING,
        FileReporter,
        Matcher,
        Miss,
        Reporter,
        SecretSource,
        Selector,
        SelectorKind,
    )
    from .model.results import (
        AttemptResult,
        Check,
        Failure,
        Result,
        SessionResult,
        StepResult,
        Verdict,
        WorkflowResult,
    )
else:
    _MODULES = {
        "app": ("Workflow", "load", "run"),
        "model.answer": ("Answer",),
        "model.environment": ("Environment",),
        "model.errors": ("RunflowError", "WorkflowError"),
        "model.events": ("Event",),
        "model.kinds": (
            "MISSING", "FileReporter", "Matcher", "Miss", "Reporter", "SecretSource", "Selector", "SelectorKind",
        ),
        "model.results": (
            "AttemptResult", "Check", "Failure", "Result", "SessionResult", "StepResult", "Verdict", "WorkflowResult",
        ),
    }  # fmt: skip

    def __getattr__(name):
        """Import a public name when it is first used: `runflow --version` must not import the whole package."""
        from importlib import import_module  # noqa: PLC0415  # as above

        for module, names in _MODULES.items():
            if name in names:
                return getattr(import_module(f".{module}", __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
