"""A program that uses the whole public API. mypy checks it in `tests/test_public_api.py`; it is never run."""

from pathlib import Path
from typing import Any, BinaryIO, ClassVar, assert_type

import runflow


def load_and_run(folder: Path) -> int:
    workflow = runflow.load(
        folder / "flow.yaml", variables={"user": "ada"}, env={"API_URL": "http://a.test"}, driver="requests"
    )
    assert_type(workflow, runflow.Workflow)
    assert_type(workflow.name, str)
    assert_type(workflow.path, Path)
    environment = runflow.Environment({}, [("the vault", Vault("kv/ci"))])
    reporters: list[runflow.Reporter] = [Totals()]
    result = runflow.run(
        [workflow], variables={"n": 3}, env=environment, seed=7, jobs=2, timeout=60.0, reporters=reporters
    )
    assert_type(result, runflow.Result)
    assert_type(result.passed, bool)
    for run in result.workflows:
        assert_type(run, runflow.WorkflowResult)
        assert_type(run.verdict, runflow.Verdict)
        for step in run.steps:
            assert_type(step, runflow.StepResult)
            assert_type(step.duration, float)
            for attempt in step.attempts:
                assert_type(attempt, runflow.AttemptResult)
            show(step)
    for session in result.sessions:
        assert_type(session, runflow.SessionResult)
    return int(result.exit_code)


def open_report(stream: BinaryIO) -> runflow.FileReporter:
    return Lines(stream)


def show(step: runflow.StepResult) -> None:
    checks: tuple[runflow.Check, ...] = step.last.checks
    failures: tuple[runflow.Failure, ...] = step.last.errors
    print(step.verdict is runflow.Verdict.PASSED, len(checks), len(failures))


def problems(path: str) -> list[str]:
    try:
        runflow.run(path)
    except runflow.WorkflowError as error:
        return [problem.message for problem in error.problems]
    except runflow.RunflowError as error:
        return [error.message, error.hint or ""]
    return []


class Totals:
    """A reporter."""

    def handle(self, event: runflow.Event, /) -> None:
        print(event)


class Vault:
    """A source of secrets."""

    def __init__(self, path: str) -> None:
        self.path = path

    def get(self, name: str, /) -> str | None:
        return {"API_PASSWORD": "correct-horse"}.get(name)


class Even(runflow.Matcher):
    """A matcher."""

    name = "even"
    argument = "value"
    summary = "an even number"

    def check(self, argument: Any, /) -> str:
        return "" if argument is True else "`even` takes true"

    def judge(self, actual: Any, argument: Any, /) -> runflow.Miss | None:
        return None if actual % 2 == 0 else runflow.Miss("it is odd")


class Word:
    """What a selector compiles to."""

    indefinite = False

    def select(self, answer: runflow.Answer, /) -> Any:
        words = answer.text.split()
        return words[0] if words else runflow.MISSING


class FirstWord:
    """A selector."""

    name: ClassVar[str] = "first_word"
    argument: ClassVar[str] = ""
    text: ClassVar[bool] = True
    summary: ClassVar[str] = "the first word of the body"

    def compile(self, argument: str, /) -> runflow.Selector:
        return Word()


class Lines(runflow.FileReporter):
    """A report."""

    name = "lines"
    streams = True
    wants = ""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream

    def handle(self, event: runflow.Event, /) -> None:
        self.stream.write(f"{event}\n".encode())


source: runflow.SecretSource = Vault("kv/ci")
selector: runflow.Selector = Word()
selector_kind: runflow.SelectorKind = FirstWord()
matcher: runflow.Matcher = Even()
version: str = runflow.__version__

# what is wrong must be an error: mypy reports an `ignore` that it does not need
runflow.run("flow.yaml", keep=True)  # type: ignore[call-arg]
runflow.run("flow.yaml", timeout="60s")  # type: ignore[arg-type]
runflow.load("flow.yaml", drive="curl")  # type: ignore[call-arg]
nothing = runflow.nothing  # type: ignore[attr-defined]
not_a_source: runflow.SecretSource = Totals()  # type: ignore[assignment]
