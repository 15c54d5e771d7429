"""Many runs at once: the same verdicts in the same order as one by one, on either driver; nobody takes another's."""

from __future__ import annotations

import json
import threading
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from faults import FAULTS, Peer, answer, healthy
from limits import limit
from running import Runflow, Serve

DRIVERS = pytest.mark.parametrize("driver", ["requests", "curl"])
REPLAYED = [name for name, fault in FAULTS.items() if fault.replays]


def told(steps: list[dict[str, Any]]) -> list[Any]:
    """What is the same however a run was made: who, which verdict, which checks, which errors."""
    found = []
    for step in steps:
        last = step["tries"][-1] if step.get("tries") else {}
        checks = [(check["subject"], check.get("passed")) for check in last.get("checks", [])]
        errors = [(error["code"], error.get("cause")) for error in last.get("errors", [])]
        found.append((step["name"], step["verdict"], checks, errors))
    return found


def jars(peer: Peer) -> None:
    """Gives everybody a cookie of their own, and says which came."""
    while request := peer.read():
        target = request.split(b" ", 2)[1].decode()
        who = parse_qs(urlsplit(target).query).get("who", [""])[0]
        cookies = [line[8:].decode() for line in request.split(b"\r\n") if line.lower().startswith(b"cookie: ")]
        time.sleep(int(who or 0) % 7 / 1000)
        body = json.dumps({"who": who, "cookies": cookies}).encode()
        peer.say(answer(body, f"Set-Cookie: me={who}; Path=/".encode()))


@DRIVERS
def test_parallel_is_serial_and_runs_are_strangers(driver: str, runflow: Runflow, serve: Serve, write: Any) -> None:
    server = serve(jars)
    write("flow.yaml", f"""\
base_url: {server.url}
matrix: {{n: [{", ".join(map(str, range(60)))}]}}
vars: {{mine: "{{{{ n }}}}"}}
steps:
  - {{name: first, get: "/?who={{{{ n }}}}", expect: {{$.who: "{{{{ n | string }}}}", $.cookies: []}}, extract: {{got: $.who}}}}
  - {{name: second, get: "/?who={{{{ got }}}}", expect: {{$.cookies: ["me={{{{ n }}}}"]}}}}
  - {{name: judge, assert: ["got == mine | string", "n % 5 != 3"]}}
""")  # fmt: skip
    ran = [
        runflow("run", "flow.yaml", "--driver", driver, "-j", jobs, "--report", f"jsonl=run{jobs}.jsonl", "--seed", "7")
        for jobs in ("1", "40")
    ]
    assert [ended.code for ended in ran] == [1, 1], ran[0].out[-2000:]
    one, many = (ended.steps(f"run{jobs}.jsonl") for ended, jobs in zip(ran, ("1", "40"), strict=True))
    assert told(one) == told(many)
    assert [step["verdict"] for step in one].count("failed") == 12


def test_either_driver_gives_the_same_verdicts(runflow: Runflow, serve: Serve, write: Any) -> None:
    for name in REPLAYED:
        server = serve(name)
        write(
            f"flows/{name}.yaml",
            f"steps: [{{name: {name}, get: {server.url}/, expect: {{status: 200, $.ok: true}}}}]\n",
        )
    for driver in ("requests", "curl"):
        runflow("run", "flows", "--driver", driver, "--report", f"jsonl={driver}.jsonl")
    ended = runflow("run", "flows", "--driver", "requests", "--record", "recorded")
    runflow("run", "flows", "--replay", "recorded", "--report", "jsonl=replay.jsonl")
    first, *others = (told(ended.steps(f"{name}.jsonl")) for name in ("requests", "curl", "replay"))
    assert len(first) == len(REPLAYED)
    assert others == [first, first]


@pytest.mark.slow
@DRIVERS
def test_a_hundred_files_and_one_that_hangs(driver: str, runflow: Runflow, serve: Serve, write: Any) -> None:
    fine, silent = serve(healthy()), serve("silence")
    for number in range(100):
        url = silent.url if number == 37 else fine.url
        write(f"flows/{number:03}.yaml", f"steps: [{{get: {url}/, timeout: 2s, expect: {{$.ok: true}}}}]\n")
    ended = runflow("run", "flows", "--driver", driver, "-j", "8", "--report", "jsonl=run.jsonl")
    assert ended.code == 3
    verdicts = [step["verdict"] for step in ended.steps()]
    assert verdicts == ["passed"] * 37 + ["error"] + ["passed"] * 62
    assert "99 workflows passed, 1 workflow with errors" in ended.out
    assert ended.seconds < limit(3)


@pytest.mark.slow
def test_two_commands_in_one_project_at_once_keep_their_verdicts_and_the_store(
    runflow: Runflow, serve: Serve, write: Any
) -> None:
    server = serve(jars)
    write("runflow.yaml", "{}\n")
    for name, status in (("good", 200), ("bad", 201)):
        write(
            f"{name}.yaml",
            f"matrix: {{n: [{', '.join(map(str, range(40)))}]}}\nsteps: [{{get: '{server.url}/?who={{{{ n }}}}', expect: {status}}}]\n",
        )
    ended: dict[int, int] = {}
    threads = [
        threading.Thread(target=lambda n=n: ended.update({n: runflow("run", ("good.yaml", "bad.yaml")[n % 2]).code}))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended == {n: n % 2 for n in range(8)}
    shown = runflow("show", "--list")
    assert shown.code == 0
    assert len(shown.out.splitlines()) >= 8
    assert runflow("run", "--failed", ".").code == 1
