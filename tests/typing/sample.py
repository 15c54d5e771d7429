"""Code of a user, which `mypy --strict` must accept. It is checked, not run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Any, ClassVar, assert_type

import requests

import runflow


class Vault:
    """A secret source."""

    def __init__(self, argument: str) -> None:
        self.argument = argument

    def get(self, name: str) -> str | None:
        return os.environ.get(f"{self.argument}_{name}")


class Luhn:
    """An operator."""

    name: ClassVar[str] = "luhn"
    argument: ClassVar[runflow.MatcherArgument] = "value"
    summary: ClassVar[str] = "a card number"

    def check(self, argument: Any) -> str:
        return "" if argument is True else "`luhn` takes true"

    def judge(self, actual: Any, argument: Any) -> runflow.Miss | None:
        return None if str(actual).isdigit() is argument else runflow.Miss("it is not a number")


class Even(runflow.Matcher):
    """An operator that inherits from its Protocol: then the types of its attributes need not be repeated."""

    name = "even"
    argument = "value"
    summary = "an even number"

    def check(self, argument: Any, /) -> str:
        return "" if argument is True else "`even` takes true"

    def judge(self, actual: Any, argument: Any, /) -> runflow.Miss | None:
        return None if actual % 2 == 0 else runflow.Miss("it is odd")


class Lines(runflow.FileReporter):
    """A report that inherits from its Protocol."""

    name = "lines"
    streams = True
    wants = ""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream

    def handle(self, event: runflow.Event, /) -> None:
        self.stream.write(f"{event}\n".encode())


class Word:
    """A compiled selector."""

    indefinite = False

    def __init__(self, number: int) -> None:
        self.number = number

    def select(self, answer: runflow.Answer) -> Any:
        words = answer.text.split()
        return words[self.number] if self.number < len(words) else runflow.MISSING


class Words:
    """A kind of selector."""

    name: ClassVar[str] = "words"
    argument: ClassVar[str] = "N"
    text: ClassVar[bool] = True
    summary: ClassVar[str] = "a word of the body"

    def compile(self, argument: str) -> runflow.Selector:
        if not argument.isdigit():
            raise runflow.InvalidArgument(f"`words` takes a number, not {argument}", "write `words 1`")
        return Word(int(argument))


class Counts:
    """A report that is written to a file."""

    name: ClassVar[str] = "counts"
    streams: ClassVar[bool] = False
    wants: ClassVar[runflow.ReporterWants] = ""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.verdicts: dict[str, int] = {}

    def handle(self, event: runflow.Event) -> None:
        if isinstance(event, runflow.StepFinished):
            verdict = event.step.verdict.value
            self.verdicts[verdict] = self.verdicts.get(verdict, 0) + 1
        elif isinstance(event, (runflow.SuiteStarted, runflow.WorkflowStarted, runflow.SecretLearned)):
            pass
        elif isinstance(event, (runflow.WorkflowFinished, runflow.SessionFinished)):
            print(event.result.name)
        else:
            assert_type(event, runflow.SuiteFinished)
            self.stream.write(f"{event.result.exit_code} {self.verdicts}\n".encode())


class Printing:
    """A reporter for `run`."""

    def handle(self, event: runflow.Event) -> None:
        print(type(event).__name__)


matcher: runflow.Matcher = Luhn()
other_matcher: runflow.Matcher = Even()
other_report: type[runflow.FileReporter] = Lines
selector: runflow.SelectorKind = Words()
source: runflow.SecretSource = Vault("kv")
file_reporter: type[runflow.FileReporter] = Counts
reporter: runflow.Reporter = Printing()


def smoke_check(folder: Path) -> int:
    """Run a workflow, and look at everything that a result has."""
    environment = runflow.Environment(os.environ, [("the vault", source)])
    try:
        workflow = runflow.load(
            folder / "flow.yaml",
            variables={"user": "ada", "count": 3, "ids": [1, 2]},
            env=environment,
            environment="staging",
            file_root=folder,
            driver="requests",
            base_url="https://api.example.com",
        )
    except runflow.WorkflowError as error:
        for problem in error.problems:
            print(problem.message, problem.place, problem.hint)
        return runflow.ExitCode.INVALID
    except runflow.StepError as error:
        assert_type(error.message, str)
        return 1
    except runflow.RunflowError as error:
        print(error.message, error.hint)
        return 1
    assert_type(workflow, runflow.Workflow)
    assert_type(workflow.name, str)
    assert_type(workflow.path, Path)
    result = runflow.run(
        [workflow, workflow],
        variables={"user": "ada"},
        env={"API_URL": "https://api.example.com"},
        fail_fast=True,
        record_details=True,
        seed=1,
        jobs=2,
        timeout=60.0,
        session=requests.Session(),
        reporters=[reporter, Printing()],
    )
    assert_type(result, runflow.Result)
    assert_type(result.passed, bool)
    assert_type(result.exit_code, int)
    assert_type(result.workflows, tuple[runflow.WorkflowResult, ...])
    assert_type(result.sessions, tuple[runflow.SessionResult, ...])
    for run in result.workflows:
        assert_type(run.verdict, runflow.Verdict)
        assert_type(run.error, runflow.Failure | None)
        for step in run.steps:
            assert_type(step, runflow.StepResult)
            assert_type(step.attempts, tuple[runflow.AttemptResult, ...])
            if step.verdict is runflow.Verdict.FAILED:
                print(run.name, step.name, step.status, step.duration)
            for check in step.last.checks:
                assert_type(check, runflow.Check)
                print(check.subject, check.operator, check.expected, check.actual)
    assert_type(runflow.run("flow.yaml"), runflow.Result)
    assert_type(runflow.run(workflow), runflow.Result)
    assert_type(runflow.__version__, str)
    return result.exit_code
