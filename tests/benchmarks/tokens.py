"""What a shared token costs: logins of a thousand workflows, and what it adds to a step. Printed as a table.

Run it with the interpreter of an environment in which runflow is installed: `python tests/benchmarks/tokens.py`.
`--quick` takes small numbers, to see that it works.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from nginx import Nginx

import runflow
from runflow.engine.frame import Ports, World
from runflow.engine.workflow import run_workflow
from runflow.model.effects import Once, Send
from runflow.model.exchange import Response
from runflow.plan.plan import Plan

SESSION = """
auth:
  api:
    login:
      post: /login
      json: { username: ada, password: "{{ env.PASSWORD }}" }
      extract: { token: $.token, expires_in: $.expires_in }
"""
PASSWORD = "correct-horse-battery"
JSON = (("Content-Type", "application/json"),)


def many_workflows(count: int) -> tuple[int, int, float]:
    """Logins and requests of many files that name one credential each, counted by the server; seconds for all."""
    with tempfile.TemporaryDirectory() as folder:
        nginx = Nginx(log=True)
        with nginx as url:
            for number in range(count):
                steps = "  - { get: /users/me, auth: api, expect: 200 }\n" * 2
                text = f"name: workflow {number}\nbase_url: {url}\n{SESSION}steps:\n{steps}"
                (Path(folder) / f"{number}.yaml").write_text(text)
            env = {"PASSWORD": PASSWORD}
            workflows = [runflow.load(path, env=env) for path in sorted(Path(folder).glob("*.yaml"))]
            started = time.perf_counter()
            result = runflow.run(workflows, env=env, record_details=False)
            taken = time.perf_counter() - started
            assert result.passed
            time.sleep(0.1)
            return nginx.count('"POST /login'), nginx.count('"GET /users/me'), taken


def answered(effect: Any) -> Any:
    """A server that takes no time."""
    match effect:
        case Send(request) if request.url.endswith("/login"):
            return Response(200, request.url, headers=JSON, body=b'{"token": "tok-123456789", "expires_in": 300}')
        case Send(request):
            return Response(200, request.url, headers=JSON, body=b'{"id": 7}')
        case Once():
            return drive(effect.flow())
    raise AssertionError(effect)


def drive(flow: Any) -> Any:
    """The engine alone: no socket, no driver."""
    try:
        effect = next(flow)
        while True:
            effect = flow.send(answered(effect))
    except StopIteration as done:
        return done.value


def compiled(auth: str, steps: int) -> Plan:
    """Many steps that say this."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flow.yaml"
        body = f"  - {{ get: /x, {auth}expect: 200 }}\n" * steps
        path.write_text(f"base_url: http://api.test\n{SESSION}steps:\n{body}")
        return runflow.load(path, env={"PASSWORD": PASSWORD}).plan


def per_step(plan: Plan, steps: int) -> float:
    """Seconds for a step in the engine."""
    environment = {"PASSWORD": PASSWORD}
    world = World(Ports(time.monotonic, time.time, lambda _: None, environment, Random(1)))
    started = time.perf_counter()
    result = drive(run_workflow(plan, plan.rows[0], world, {}))
    assert len(result.steps) == steps
    assert result.verdict.value == "passed"
    return (time.perf_counter() - started) / steps


def overhead(steps: int, rounds: int) -> dict[str, float]:
    """Medians of the engine's time for a step: without `auth`, with a bearer token, with a session's cached token."""
    plans = {
        name: compiled(auth, steps)
        for name, auth in (("nothing", ""), ("bearer", "auth: { bearer: tok-123456789 }, "), ("session", "auth: api, "))
    }
    taken: dict[str, list[float]] = {name: [] for name in plans}
    for _ in range(rounds):
        for name, plan in plans.items():
            taken[name].append(per_step(plan, steps))
    return {name: statistics.median(values) for name, values in taken.items()}


def main() -> None:
    quick = "--quick" in sys.argv
    count, steps, rounds = (20, 50, 3) if quick else (1000, 1000, 21)
    logins, requests, seconds = many_workflows(count)
    costs = overhead(steps, rounds)
    print("| what | measured | value | target |\n| --- | --- | --- | --- |")
    print(
        f"| {count} workflows that name one credential | {requests} requests in {seconds:.2f} s | {logins} login | 1 |"
    )
    base = costs["nothing"]
    for name, target in (("bearer", ""), ("session", "< 20 µs")):
        cost = costs[name]
        print(
            f"| a step with {name}, in the engine | {cost * 1e6:.1f} µs against {base * 1e6:.1f} µs | {(cost - base) * 1e6:.1f} µs | {target} |"
        )


if __name__ == "__main__":
    main()
