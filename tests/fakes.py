"""The engine without network or waiting: answers from a function, a clock that jumps, files from a map."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from runner.drivers.blocking import CAN
from runner.engine.frame import World
from runner.engine.workflow import run_workflow
from runner.language.files import Files
from runner.model.effects import Send, Sleep
from runner.model.errors import Interrupted, Problem, WorkflowError
from runner.model.events import Event, SecretLearned, StepFinished
from runner.model.exchange import Request, Response, TransportFailure
from runner.model.results import Check, Failure, StepResult, WorkflowResult
from runner.plan.compile import compile_file
from runner.plan.context import Settings
from runner.plan.plan import Plan

ROOT = Path("/virtual")
BASE = "http://api.test"
Serve = Callable[[Request], Response | TransportFailure]


def answer(status: int = 200, body: Any = None, *, text: str | bytes | None = None, **headers: Any) -> Response:
    """A response: JSON of `body`, or `text` as it is. A header's underscores are dashes; a list sends several lines."""
    lines: list[tuple[str, str]] = []
    for name, value in headers.items():
        values = value if isinstance(value, list) else [value]
        lines += [(name.replace("_", "-").title(), each) for each in values]
    if text is None and body is not None:
        content = json.dumps(body).encode()
        if not any(name == "Content-Type" for name, _ in lines):
            lines.append(("Content-Type", "application/json"))
    else:
        content = text.encode() if isinstance(text, str) else text or b""
    return Response(status, "", headers=tuple(lines), body=content, elapsed=0.01)


def failure(kind: str = "refused", *, stale: bool = False) -> TransportFailure:
    return TransportFailure(kind, "connect", f"it was {kind}", "mend it", stale=stale)


class Clock:
    """A clock that moves only when something sleeps, or takes `cost` seconds to answer."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Ran:
    """What a run left behind."""

    def __init__(self) -> None:
        self.result: WorkflowResult = None  # type: ignore[assignment]  # filled by `run`
        self.events: list[Event] = []
        self.requests: list[Request] = []
        self.slept: list[float] = []
        self.clock = Clock()

    @property
    def steps(self) -> tuple[StepResult, ...]:
        return self.result.steps

    @property
    def verdicts(self) -> list[str]:
        return [step.verdict.value for step in self.steps]

    @property
    def verdict(self) -> str:
        return self.result.verdict.value

    @property
    def checks(self) -> list[Check]:
        return [check for step in self.steps for check in step.last.checks if not check.passed]

    @property
    def errors(self) -> list[Failure]:
        found = [error for step in self.steps for error in step.last.errors]
        return found + ([self.result.error] if self.result.error else [])

    @property
    def secrets(self) -> list[Any]:
        return [event.value for event in self.events if isinstance(event, SecretLearned)]

    @property
    def finished(self) -> list[StepResult]:
        return [event.step for event in self.events if isinstance(event, StepFinished)]

    def sent(self, index: int = 0) -> Request:
        return self.requests[index]

    def json(self, index: int = 0) -> Any:
        return json.loads(self.requests[index].body or b"null")


def compile_text(
    text: str,
    *,
    files: Mapping[str, str | bytes] | None = None,
    name: str = "flow.yaml",
    **settings: Any,
) -> Plan:
    """A workflow's text, compiled; `base_url` is there unless the text has one."""
    if "base_url" not in text and "steps:" in text and "bare: true" not in text:
        text = f"{text.rstrip()}\nbase_url: {BASE}\n"
    return compile_raw(text.replace("bare: true\n", ""), files=files, name=name, **settings)


def compile_raw(
    text: str | bytes, *, files: Mapping[str, str | bytes] | None = None, name: str = "flow.yaml", **settings: Any
) -> Plan:
    """A workflow's text, compiled as it is."""
    known = Files(ROOT)
    for path, content in {name: text, **(files or {})}.items():
        known.contents[ROOT / path] = content.encode() if isinstance(content, str) else content
    return compile_file(ROOT / name, Settings(known, shown_from=ROOT, can=CAN, **settings))


def problems(text: str | bytes, **kwargs: Any) -> list[Problem]:
    """What is wrong with a text; empty where nothing is."""
    try:
        if isinstance(text, bytes):
            compile_raw(text, **kwargs)
        else:
            compile_text(text, **kwargs)
    except WorkflowError as error:
        return list(error.problems)
    return []


def run(
    text: str,
    serve: Serve | list[Any] | None = None,
    *,
    given: dict[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    keep: bool = False,
    cost: float = 0.0,
    interrupt_at: int = -1,
    row: int = 0,
    **kwargs: Any,
) -> Ran:
    """Run a workflow's text.

    Args:
        text: The workflow.
        serve: Answers a request; or a list of answers, in order; or nothing, which answers 200 to everything.
        given: Names that the caller gives.
        env: Environment variables.
        keep: Passing steps keep their exchanges.
        cost: Seconds that each answer takes.
        interrupt_at: The number of the effect at which a SIGINT comes.
        row: Which case or matrix entry.
    """
    plan = compile_text(text, given=frozenset(given or {}), **kwargs)
    ran = Ran()
    answers = list(serve) if isinstance(serve, list) else None

    def reply(request: Request) -> Response | TransportFailure:
        ran.requests.append(request)
        ran.clock.now += cost
        if answers is not None:
            assert answers, f"no answer is left for {request.method} {request.url}"
            found = answers.pop(0)
        else:
            found = serve(request) if callable(serve) else answer()
        if isinstance(found, Response) and not found.url:
            found = msgspec.structs.replace(found, url=request.url)
        if cost > request.timeout:
            return TransportFailure("timeout", "body", "the time ran out")
        return found

    world = World(
        clock=ran.clock, wall=ran.clock, emit=ran.events.append, environment=env or {}, random=Random(7), keep=keep
    )
    flow = run_workflow(plan, plan.rows[row], world, dict(given or {}))
    count = 0
    try:
        effect = next(flow)
        while True:
            if count == interrupt_at:
                count += 1
                effect = flow.throw(Interrupted(2))
                continue
            count += 1
            match effect:
                case Send(request):
                    effect = flow.send(reply(request))
                case Sleep(seconds):
                    ran.slept.append(round(seconds, 6))
                    ran.clock.now += seconds
                    effect = flow.send(None)
    except StopIteration as done:
        ran.result = done.value
    return ran
