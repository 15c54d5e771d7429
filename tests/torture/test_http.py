"""Whatever a server does: the right class, the right exit code, in time, within bounds, and nobody else's verdict is harmed."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from faults import FAULTS, healthy, serving
from running import Runflow

DEADLINE = 1.0
SLACK = 0.5
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
    for step in steps:
        assert step["seconds"] <= DEADLINE + SLACK
    assert ended.megabytes < MEGABYTES
    fine = [step["verdict"] for step in ended.steps() if step["name"] == "fine"]
    assert fine == ["passed"]
    assert len(ET.parse(ended.folder / "run.xml").findall(".//testcase")) == 2
    if fault.replays and driver == "requests":
        again = runflow("run", "fault.yaml", "well.yaml", "--replay", "recorded", "--report", "jsonl=again.jsonl")
        assert again.code == ended.code
        assert kinds_of([step for step in again.steps("again.jsonl") if step["name"] != "fine"]) == kinds
