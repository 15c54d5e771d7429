"""The engine without network or waiting: answers from a function, a clock that jumps, files from a map."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from runflow.drivers.table import REQUESTS_FEATURES
from runflow.engine.auth.session import Session
from runflow.engine.auth.tokens import closed
from runflow.engine.frame import Ports, RunOptions, World
from runflow.engine.workflow import NESTED, run_workflow
from runflow.language.files import Files
from runflow.model.effects import LATE, Once, Send, Sleep
from runflow.model.errors import Interrupted, Problem, WorkflowError
from runflow.model.events import Event, SecretLearned, StepFinished
from runflow.model.exchange import Request, Response, TransportFailure
from runflow.model.results import Check, Failure, SessionResult, Snapshot, StepResult, WorkflowResult
from runflow.plan.compile import compile_file
from runflow.plan.plan import Plan
from runflow.plan.settings import CompileOptions, Dialect, Folders, Settings

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
        self.open: dict[str, Session] = {}
        self.closed: list[SessionResult] = []

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
    return compile_file(ROOT / name, settings_for(known, **settings))


def settings_for(files: Files, root: Path = ROOT, **given: Any) -> Settings:
    """Settings with these options; the driver's features are those of the requests driver."""
    of_dialect = {key: given.pop(key) for key in ("driver", "features", "jsonpath_ng") if key in given}
    environment = given.pop("environment", {})
    dialect = Dialect(**{"features": REQUESTS_FEATURES} | of_dialect)
    return Settings(files, Folders(root, root), CompileOptions(**given), dialect, environment)


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
    record_details: bool = False,
    cost: float = 0.0,
    interrupt_at: int = -1,
    wall: Callable[[], float] | None = None,
    row: int = 0,
    snapshots: Callable[[Snapshot], None] | None = None,
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
        wall: Epoch seconds, where they differ from the clock's.
        row: Which case or matrix entry.
        snapshots: Takes what is to be stored.
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

    ports = Ports(
        ran.clock, wall or ran.clock, ran.events.append, {} if env is None else env, Random(7), snapshots=snapshots
    )
    options = RunOptions(plan.name, plan.rows[row].case, record_details=record_details)
    world = World(ports, options, ran.open)
    loop = Loop(ran, reply, interrupt_at)
    [ran.result] = loop.run([run_workflow(plan, plan.rows[row], world, dict(given or {}))])
    _close(ran, loop, world)
    return ran


def run_all(texts: list[str], serve: Serve, *, env: Mapping[str, str] | None = None, cost: float = 0.0) -> list[Ran]:
    """Run several workflows at once, an effect of each in turn, on one clock and with the same sessions.

    The first one's `requests` holds those of all, in order; its `closed` the sessions.
    """
    every = [Ran() for _ in texts]
    first = every[0]

    def reply(request: Request) -> Response | TransportFailure:
        first.requests.append(request)
        first.clock.now += cost
        found = serve(request)
        if isinstance(found, Response) and not found.url:
            found = msgspec.structs.replace(found, url=request.url)
        return found

    flows = []
    for number, (text, ran) in enumerate(zip(texts, every, strict=True)):
        ran.clock = first.clock
        plan = compile_text(text, name=f"flow{number}.yaml")
        ports = Ports(first.clock, first.clock, ran.events.append, {} if env is None else env, Random(number))
        world = World(ports, RunOptions(plan.name), first.open)
        flows.append(run_workflow(plan, plan.rows[0], world, {}))
    loop = Loop(first, reply)
    for ran, result in zip(every, loop.run(flows), strict=True):
        ran.result = result
    _close(first, loop, world)
    return every


def _close(ran: Ran, loop: Loop, world: World) -> None:
    """The end of a suite: every token that was fetched is given back."""
    begun = [session for session in ran.open.values() if session.begun]
    ran.closed = loop.run([closed(session, world, NESTED.steps) for session in begun])


class Loop:
    """Drives flows on one clock, an effect of each in turn; `Once` as a driver on one thread would do it."""

    def __init__(self, ran: Ran, reply: Callable[[Request], Any], interrupt_at: int = -1) -> None:
        self.ran = ran
        self.reply = reply
        self.interrupt_at = interrupt_at
        self.count = 0
        self.waiting: dict[str, list[tuple[list[Any], Once, float]]] = {}

    def run(self, flows: list[Any]) -> list[Any]:
        results: dict[int, Any] = {}
        numbers = {id(flow): number for number, flow in enumerate(flows)}
        ready: list[tuple[list[Any], Any, Any]] = [([flow], None, None) for flow in flows]
        while ready:
            stack, value, error = ready.pop(0)
            try:
                effect = stack[-1].throw(error) if error is not None else stack[-1].send(value)
            except StopIteration as done:
                flow = stack.pop()
                if stack:
                    key = stack.pop()
                    waiters = self.waiting.pop(key)
                    ready.append((stack, done.value, None))
                    late = self.ran.clock.now
                    ready += [(other, LATE if until < late else done.value, None) for other, _, until in waiters]
                else:
                    results[numbers[id(flow)]] = done.value
                continue
            except BaseException as broken:
                stack.pop()
                if not stack:
                    raise
                key = stack.pop()
                ready.append((stack, None, broken))
                ready += [(other, None, None) for other in self._next_leads(key)]
                continue
            ready += self._perform(stack, effect)
        return [results[number] for number in range(len(flows))]

    def _next_leads(self, key: str) -> list[list[Any]]:
        """Who ran the flow was broken off: the first of those who wait runs theirs."""
        waiters = self.waiting.pop(key)
        if not waiters:
            return []
        (stack, once, _), *others = waiters
        self.waiting[key] = others
        stack += [key, once.flow()]
        return [stack]

    def _perform(self, stack: list[Any], effect: Any) -> list[tuple[list[Any], Any, Any]]:
        self.count += 1
        if self.count - 1 == self.interrupt_at:
            return [(stack, None, Interrupted("interrupted by signal 2"))]
        match effect:
            case Send(request):
                return [(stack, self.reply(request), None)]
            case Sleep(seconds):
                self.ran.slept.append(round(seconds, 6))
                self.ran.clock.now += seconds
                return [(stack, None, None)]
            case Once(key=key, timeout=timeout):
                if key in self.waiting:
                    until = self.ran.clock.now + (1e12 if timeout is None else timeout)
                    self.waiting[key].append((stack, effect, until))
                    return []
                self.waiting[key] = []
                stack += [key, effect.flow()]
                return [(stack, None, None)]
        raise AssertionError(effect)
