"""Whatever a server does: the right class, the right exit code, in time, within bounds, and nobody else's verdict is harmed."""

from __future__ import annotations

import re
import socket
from xml.etree import ElementTree as ET

import pytest
from faults import FAULTS, Peer, Script, healthy, serving
from limits import limit
from running import PROJECT, Runflow, Serve

DEADLINE = 1.0
MEGABYTES = 200
"""For a whole process, with the 64 MB that an answer may have by default held twice while it is decoded."""

WORKFLOW = """\
steps:
  - name: asked
    get: {url}/
    timeout: {deadline}s
    http: {http}
    expect: {{status: 200, $.ok: true}}
  - name: asked again
    get: {url}/
    timeout: {deadline}s
    http: {http}
    expect: {{status: 200, $.ok: true}}
"""
HEALTHY = "steps: [{{name: fine, get: {url}/, expect: {{$.ok: true}}}}]\n"


@pytest.fixture(scope="module")
def well() -> str:
    with serving(healthy()) as server:
        yield server.url


def kinds_of(steps: list[dict]) -> set[str]:
    """The classes of what went wrong."""
    found = set()
    for step in steps:
        if step["verdict"] == "failed":
            found.add("expectation")
        for error in step["tries"][-1].get("errors", []) if step["verdict"] == "error" else []:
            found.add(error.get("cause") or error["kind"])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("driver", ["requests", "curl"])
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_what_it_is_and_harms_nobody_else(
    name: str, driver: str, runflow: Runflow, write, well: str
) -> None:
    fault = FAULTS[name]
    with serving(name) as server:
        write("fault.yaml", WORKFLOW.format(url=server.url, deadline=DEADLINE, http=fault.http))
        write("well.yaml", HEALTHY.format(url=well))
        reports = ["--report", "jsonl=run.jsonl", "--report", "junit=run.xml"]
        ended = runflow("run", "fault.yaml", "well.yaml", "--driver", driver, "--record", "recorded", *reports)
    steps = [step for step in ended.steps() if step["name"] != "fine"]
    kinds = kinds_of(steps)
    wanted = set(fault.kind.split("|"))
    assert "Traceback" not in ended.err + ended.out
    assert (kinds or {""}) <= wanted, ended.out[-1500:]
    assert ended.code == (0 if not kinds else 1 if kinds == {"expectation"} else 3), ended.out[-1500:]
    assert fault.said in ended.out
    assert all(step["seconds"] <= limit(DEADLINE) for step in steps)
    assert ended.megabytes < MEGABYTES
    fine = [step["verdict"] for step in ended.steps() if step["name"] == "fine"]
    assert fine == ["passed"]
    assert len(ET.parse(ended.folder / "run.xml").findall(".//testcase")) == 2
    if fault.replays and driver == "requests":
        again = runflow("run", "fault.yaml", "well.yaml", "--replay", "recorded", "--report", "jsonl=again.jsonl")
        assert again.code == ended.code
        assert kinds_of([step for step in again.steps("again.jsonl") if step["name"] != "fine"]) == kinds


def hop(status: int) -> Script:
    """`/from` leads to `/to`, which answers."""

    def script(peer: Peer) -> None:
        while request := peer.read():
            body = b"" if request.startswith(b"HEAD ") else b'{"ok":true}'
            line = b"HTTP/1.1 %d Moved\r\nLocation: /to\r\n" % status
            begun = line if b" /from " in request else b"HTTP/1.1 200 OK\r\n"
            peer.say(begun + b"Content-Type: application/json\r\nContent-Length: 11\r\n\r\n" + body)

    return script


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "PURGE")


@pytest.mark.parametrize("driver", ["requests", "curl"])
def test_redirects_are_as_the_reference_says(driver: str, runflow: Runflow, serve: Serve, write) -> None:
    reference = (PROJECT / "schemas" / "REFERENCE.md").read_text(encoding="utf-8")
    for status in (301, 302, 303, 307, 308):
        server = serve(hop(status))
        steps = [
            f"  - {{request: {method} /from, {'body: x' if method not in {'GET', 'HEAD'} else 'jar: a'}, expect: 200}}\n"
            for method in METHODS
        ]
        write(f"flows/{status}.yaml", f"base_url: {server.url}\nsteps:\n{''.join(steps)}")
        ended = runflow("run", f"flows/{status}.yaml", "--driver", driver)
        assert ended.code == 0, ended.out
        cells = re.search(rf"^\| {status} \| (.*) \|$", reference, re.MULTILINE)
        assert cells is not None
        for method, cell, request in zip(METHODS, cells[1].split(" | "), server.asked[1::2], strict=True):
            head, _, body = request.partition(b"\r\n\r\n")
            same = cell == "unchanged"
            becomes = method if same else cell.removesuffix(", no body")
            assert head.startswith(f"{becomes} /to ".encode()), (status, method)
            assert body == (b"x" if same and method not in {"GET", "HEAD"} else b""), (status, method)
            assert (b"content-type" in head.lower()) == (body == b"x")


@pytest.mark.parametrize("driver", ["requests", "curl"])
@pytest.mark.parametrize(
    ("method", "most"), [("GET", 2), ("HEAD", 2), ("PUT", 2), ("DELETE", 2), ("POST", 1), ("PATCH", 1), ("PURGE", 1)]
)
def test_a_kept_connection_that_dies_has_one_request_sent_again_if_that_is_harmless(
    method: str, most: int, driver: str, runflow: Runflow, serve: Serve, write
) -> None:
    server = serve("keep_alive_never")
    write(
        "flow.yaml",
        f"base_url: {server.url}\nsteps: [{{get: /first, expect: 200}}, {{request: {method} /second, expect: 200}}]\n",
    )
    ended = runflow("run", "flow.yaml", "--driver", driver, "--report", "jsonl=run.jsonl")
    second = [request for request in server.asked if b" /second " in request]
    assert len(second) == most
    assert ended.code == (0 if most == 2 and method != "HEAD" else ended.code)
    step = ended.steps()[1]
    if most == 1:
        assert (ended.code, step["tries"][-1]["errors"][0]["cause"]) == (3, "reset")
    else:
        assert len(step["tries"][-1]["exchanges"]) == 2 or ended.code == 3


NOWHERE = {
    "http://127.0.0.1:1/": ("refused", "refuses the connection", "check that the server is running"),
    "http://[::1]:1/": ("refused", "[::1]:1", ""),
    "http://no-such-host.invalid/": ("dns", "no-such-host.invalid cannot be resolved", "check the host name"),
    "https://127.0.0.1:1/": ("refused", "refuses the connection", "check that the server is running"),
}


@pytest.mark.parametrize("driver", ["requests", "curl"])
@pytest.mark.parametrize("url", NOWHERE)
def test_each_failure_to_connect_has_its_own_message(url: str, driver: str, runflow: Runflow, write) -> None:
    cause, said, hint = NOWHERE[url]
    write("flow.yaml", f"steps: [{{get: '{url}', timeout: 3s, expect: 200}}]\n")
    ended = runflow("run", "flow.yaml", "--driver", driver, "--report", "jsonl=run.jsonl")
    assert ended.code == 3
    (error,) = ended.steps()[0]["tries"][-1]["errors"]
    assert error["cause"] == cause, error
    assert said in error["message"]
    assert hint in error.get("hint", "")


@pytest.mark.parametrize("driver", ["requests", "curl"])
def test_a_full_backlog_times_out_while_connecting(driver: str, runflow: Runflow, write) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        write("flow.yaml", f"steps: [{{get: 'http://127.0.0.1:{port}/', timeout: 500ms, expect: 200}}]\n")
        ended = runflow("run", "flow.yaml", "--driver", driver, "--report", "jsonl=run.jsonl")
        for filler in fillers:
            filler.close()
    assert ended.code == 3
    (step,) = ended.steps()
    assert "connecting" in step["tries"][-1]["errors"][0]["message"]
    assert step["seconds"] < limit(0.5)
