"""Run HTTP API workflows written in YAML, with a verdict that CI can trust.

    import runflow

    workflow = runflow.load("login_then_fetch.yaml")
    result = runflow.run(workflow, variables={"user": "ada"})
    assert result.passed

The names in `__all__` are the stable Python API: `tests/typing` checks their types. All other modules may change.

To run workflows: `load`, `run`, `Workflow`, `Environment`.
Results: `Result`, `WorkflowResult`, `StepResult`, `AttemptResult`, `Check`, `Failure`, `SessionResult`, `Verdict`, `ExitCode`.
Errors: `RunflowError`, and below it `WorkflowError` and `StepError`.
Plugins: `SelectorKind`, `Selector`, `Answer`, `MISSING` and `InvalidArgument` for `runflow.selectors`; `Matcher`, `MatcherArgument` and `Miss` for
`runflow.matchers`; `SecretSource` for `runflow.secrets`; `FileReporter` and `ReporterWants` for `runflow.reporters`; `Reporter` for the argument
`reporters` of `run`. Reporters take an `Event`: any of `SuiteStarted`, `WorkflowStarted`, `StepFinished`, `WorkflowFinished`, `SessionFinished`,
`SuiteFinished`, `SecretLearned`.
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
    "ExitCode",
    "Failure",
    "FileReporter",
    "InvalidArgument",
    "Matcher",
    "MatcherArgument",
    "Miss",
    "Reporter",
    "ReporterWants",
    "Result",
    "RunflowError",
    "SecretLearned",
    "SecretSource",
    "Selector",
    "SelectorKind",
    "SessionFinished",
    "SessionResult",
    "StepError",
    "StepFinished",
    "StepResult",
    "SuiteFinished",
    "SuiteStarted",
    "Verdict",
    "Workflow",
    "WorkflowError",
    "WorkflowFinished",
    "WorkflowResult",
    "WorkflowStarted",
    "__version__",
    "load",
    "run",
]

if TYPE_CHECKING:
    from .app import Workflow, load, run
    from .model.answer import Answer
    from .model.environment import Environment
    from .model.errors import InvalidArgument, RunflowError, StepError, WorkflowError
    from .model.events import (
        Event,
        SecretLearned,
        SessionFinished,
        StepFinished,
        SuiteFinished,
        SuiteStarted,
        WorkflowFinished,
        WorkflowStarted,
    )
    from .model.exit_code import ExitCode
    from .model.kinds import (
        MISSING,
        FileReporter,
        Matcher,
        MatcherArgument,
        Miss,
        Reporter,
        ReporterWants,
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
        ".app": ("Workflow", "load", "run"),
        ".model.answer": ("Answer",),
        ".model.environment": ("Environment",),
        ".model.errors": ("InvalidArgument", "RunflowError", "StepError", "WorkflowError"),
        ".model.events": (
            "Event", "SecretLearned", "SessionFinished", "StepFinished", "SuiteFinished", "SuiteStarted", "WorkflowFinished",
            "WorkflowStarted",
        ),
        ".model.exit_code": ("ExitCode",),
        ".model.kinds": (
            "MISSING", "FileReporter", "Matcher", "MatcherArgument", "Miss", "Reporter", "ReporterWants", "SecretSource", "Selector",
            "SelectorKind",
        ),
        ".model.results": (
            "AttemptResult", "Check", "Failure", "Result", "SessionResult", "StepResult", "Verdict", "WorkflowResult",
        ),
    }  # fmt: skip
    _MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

    def __getattr__(name: str) -> object:
        """Import a public name when it is used: `runflow --version` must not import the whole package."""
        if name in _MODULE_OF:
            from importlib import import_module  # noqa: PLC0415  # as above

            return getattr(import_module(_MODULE_OF[name], __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
