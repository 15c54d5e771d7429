"""Mistakes of a user, each with the code that `mypy --strict` must report for its line. It is checked, not run."""

from __future__ import annotations

from typing import Any

import runflow


class NoHandle:
    """A reporter without `handle`."""


class WrongGet:
    """A secret source that returns bytes."""

    def get(self, name: str) -> bytes:
        return name.encode()


class NoSummary:
    """A selector without `summary`."""

    name = "words"

    def compile(self, argument: str) -> Any:
        return argument


runflow.load(1)  # mypy: arg-type
runflow.load("flow.yaml", variables=["user"])  # mypy: arg-type
runflow.load("flow.yaml", env={"PORT": 80})  # mypy: dict-item
runflow.load("flow.yaml", profile="staging")  # mypy: call-arg
runflow.run("flow.yaml", timeout="1m")  # mypy: arg-type
runflow.run("flow.yaml", jobs=1.5)  # mypy: arg-type
runflow.run("flow.yaml", reporters=[NoHandle()])  # mypy: list-item
runflow.run("flow.yaml", session="http://a.test")  # mypy: arg-type
print(runflow.run("flow.yaml").workflow)  # mypy: attr-defined
runflow.run("flow.yaml").passed = True  # mypy: misc
print(runflow.run("flow.yaml").workflows[0].steps[0].answer)  # mypy: attr-defined
print(runflow.Verdict.BROKEN)  # mypy: attr-defined
runflow.Environment({}, [WrongGet()])  # mypy: list-item
source: runflow.SecretSource = WrongGet()  # mypy: assignment
kind: runflow.SelectorKind = NoSummary()  # mypy: assignment
runflow.run("flow.yaml", keep=True)  # mypy: call-arg
runflow.load("flow.yaml", drive="curl")  # mypy: call-arg
nothing = runflow.nothing  # mypy: attr-defined
