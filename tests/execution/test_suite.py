"""Finding files, what must be known before the first request, stopping early, signals."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from command import BARE
from limits import limit, wait_for
from processes import started

import runflow
from runflow.drivers.requests.driver import RequestsDriver
from runflow.execution.drive import drive
from runflow.model.effects import Sleep
from runflow.model.errors import Interrupted, WorkflowError
from runflow.model.events import Event, SuiteFinished, SuiteStarted, WorkflowFinished
from runflow.model.exchange import Request
from runflow.selection.discover import discover

Write = Callable[[str, str], Path]
PROJECT = Path(__file__).parent.parent.parent


def test_a_folder_means_every_workflow_below_it(write: Write, tmp_path: Path) -> None:
    for name in (
        "b.yaml",
        "a.yml",
        "sub/c.yaml",
        "_x.yaml",
        "_inc/d.yaml",
        ".h/e.yaml",
        ".f.yaml",
        "runflow.yaml",
        "g.txt",
    ):
        write(name, "")
    found = discover([tmp_path, tmp_path / "b.yaml", tmp_path / "_x.yaml"])
    assert [str(path.relative_to(tmp_path)) for path in found] == ["a.yml", "b.yaml", "sub/c.yaml", "_x.yaml"]


def test_a_path_that_is_not_there_says_what_is(write: Write, tmp_path: Path) -> None:
    write("flows/a.yaml", "")
    with pytest.raises(WorkflowError) as caught:
        discover([tmp_path / "flows" / "nothing.yaml", tmp_path / "none" / "c.yaml", tmp_path / "flows"])
    assert [problem.hint.replace(str(tmp_path), "") for problem in caught.value.problems] == [
        "/flows has a.yaml",
        "there is no folder /none",
    ]
    with pytest.raises(WorkflowError, match="no file or folder") as caught:
        discover([write("e/x.txt", "").parent / "y.yaml"])
    assert "has no workflows" in caught.value.hint


FLOW = "base_url: {url}\nsteps:\n  - get: /health\n    expect: {status}\n"


class Seen:
    """Keeps events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def handle(self, event: Event, /) -> None:
        self.events.append(event)


def test_results_come_in_order_and_the_worst_decides(write: Write, demo: str) -> None:
    flows = [
        runflow.load(write(f"{name}.yaml", FLOW.format(url=demo, status=status)))
        for name, status in (("a", 200), ("b", 404), ("c", 200))
    ]
    seen = Seen()
    result = runflow.run(flows, reporters=[seen])
    assert [workflow.verdict.value for workflow in result.workflows] == ["passed", "failed", "passed"]
    assert result.exit_code == 1
    assert isinstance(seen.events[0], SuiteStarted)
    assert isinstance(seen.events[-1], SuiteFinished)
    stopped = runflow.run(flows, fail_fast=True, jobs=1)
    assert [workflow.verdict.value for workflow in stopped.workflows] == ["passed", "failed", "skipped"]
    assert "--fail-fast" in stopped.workflows[2].reason
    more = runflow.run([flows[1], *flows], fail_fast=True, jobs=1)
    assert [workflow.verdict.value for workflow in more.workflows] == ["failed", "skipped", "skipped", "skipped"]


def test_a_program_that_configures_logging_sees_the_steps(
    write: Write, demo: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="runflow")
    runflow.run(write("a.yaml", f"name: A\nbase_url: {demo}\nsteps:\n  - get: /health\n    expect: 404\n"))
    assert [(record.levelname, record.getMessage()[:26]) for record in caplog.records] == [
        ("ERROR", "A: GET /health: failed GET"),
        ("ERROR", "A: failed"),
    ]


def test_cases_and_matrix_entries_are_runs_of_their_own(write: Write, demo: str) -> None:
    flow = write(
        "a.yaml",
        f"base_url: {demo}\nmatrix: {{id: [1, 99, 2]}}\nsteps:\n  - get: /items/{{{{ id }}}}\n    expect: 200\n",
    )
    result = runflow.run(flow)
    assert [(workflow.label, workflow.verdict.value) for workflow in result.workflows] == [
        ("[id=1]", "passed"),
        ("[id=99]", "failed"),
        ("[id=2]", "passed"),
    ]


@pytest.mark.parametrize(
    ("text", "given", "env", "message", "hint"),
    [
        ("inputs: [user]\n", {}, {}, "the input `user` has no value", "--var user=…"),
        ("vars: {a: '{{ env.API_TOKN }}'}\n", {}, {"API_TOKEN": "x"}, "the environment variable API_TOKN is not set",
            "did you mean 'API_TOKEN'?"), ("", {"usr": 1}, {}, "the variable `usr` is set, but no workflow has it", "none of them has"),
        ("vars: {user: x}\n", {"usr": 1}, {}, "the variable `usr` is set, but no workflow has it", "did you mean 'user'?"),
        ("vars: {user: x}\n", {"zzz": 1}, {}, "the variable `zzz` is set, but no workflow has it", "their `inputs` and `vars`: user"),
        ("secrets: [PIN]\n", {}, {"PIN": "123"}, "the secret PIN has fewer than 4", "longer secret"),
    ],
)  # fmt: skip
def test_what_the_caller_got_wrong_is_said_before_anything_is_sent(
    write: Write, text: str, given: dict[str, Any], env: dict[str, str], message: str, hint: str
) -> None:
    flow = write("a.yaml", text + FLOW.format(url="http://127.0.0.1:1", status=200))
    with pytest.raises(WorkflowError) as caught:
        runflow.run(runflow.load(flow, variables=given, env=env), variables=given, env=env)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_variable_given_from_outside_needs_no_environment(write: Write, demo: str) -> None:
    flow = write("a.yaml", "vars: {u: '{{ env.NOT_SET }}'}\nsteps:\n  - get: '{{ u }}/health'\n    expect: 200\n")
    assert runflow.run(flow, variables={"u": demo}, env={}).passed


def test_a_reporter_that_cannot_write_harms_no_other_and_is_exit_4(write: Write, demo: str) -> None:
    class Broken:
        def handle(self, event: Event, /) -> None:
            raise OSError(28, "No space left on device")

    seen = Seen()
    result = runflow.run(write("a.yaml", FLOW.format(url=demo, status=200)), reporters=[Broken(), seen])
    assert result.exit_code == 4
    assert any(isinstance(event, WorkflowFinished) for event in seen.events)


def test_a_bug_of_ours_is_70_and_the_other_runs_keep_their_verdicts(
    write: Write, demo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = RequestsDriver.send
    calls = iter(range(10))

    def buggy(self: RequestsDriver, request: Request) -> Any:
        if next(calls) == 0:
            raise ZeroDivisionError("oops")
        return real(self, request)

    monkeypatch.setattr(RequestsDriver, "send", buggy)
    flows = [runflow.load(write(f"{name}.yaml", FLOW.format(url=demo, status=200))) for name in "ab"]
    result = runflow.run(flows, jobs=1)
    assert result.exit_code == 70
    assert [workflow.verdict.value for workflow in result.workflows] == ["error", "passed"]
    assert "this is a bug in runflow" in result.workflows[0].error.message


def test_a_seed_gives_the_same_run_again(write: Write, demo: str) -> None:
    flow = runflow.load(
        write(
            "a.yaml",
            f"base_url: {demo}\nsteps:\n  - post: /echo\n    json: ['{{{{ uuid() }}}}', '{{{{ [1,2,3,4,5,6,7,8] | random }}}}']\n",
        )
    )
    bodies = [runflow.run(flow, seed=seed).workflows[0].steps[0].last.exchanges[0].request.body for seed in (1, 1, 2)]
    assert bodies[0] == bodies[1] != bodies[2]


def test_drive_performs_effects_and_throws_interrupts_into_the_flow() -> None:
    def flow() -> Any:
        first = yield Sleep(1.0)
        try:
            yield Sleep(2.0)
        except Interrupted as stop:
            last = yield Sleep(3.0)
            return (first, stop.reason, last)

    def perform(effect: Any) -> Any:
        if effect.seconds == 2.0:
            raise Interrupted("asked to")
        return effect.seconds

    assert drive(flow(), perform) == (1.0, "asked to", 3.0)


SLOW = (
    "base_url: {url}\nsteps:\n  - get: /health\n  - name: slow\n    get: /delay/10\n  - get: /never\nfinally:\n"
    "  - name: clean up\n    get: /cookies\n    expect: 200\n"
)


@pytest.mark.parametrize("driver", ["requests", "curl"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_cleans_up_reports_and_ends_with_its_code(
    write: Write, demo: str, asked: list[str], tmp_path: Path, number: int, code: int, driver: str
) -> None:
    write("a.yaml", SLOW.format(url=demo))
    write("b.yaml", SLOW.format(url=demo))
    write("c.yaml", FLOW.format(url=demo, status=200))
    with _started(tmp_path, "--driver", driver, "-j", "2", "--report", "jsonl=out.jsonl") as process:
        wait_for(lambda: asked.count("/delay/10") == 2, what="the slow request of both runs")
        process.send_signal(number)
        out = process.communicate(timeout=limit(1))[0].decode()  # and not ten minutes
    assert process.returncode == code
    assert f"interrupted by signal {int(number)}" in out
    assert out.count("✓ clean up") == 2
    assert out.count("skipped: the run was interrupted") == 3
    report = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    ended = [
        (line["workflow"]["file"], line["workflow"]["verdict"])
        for line in report
        if line["event"] == "workflow_finished"
    ]
    assert ended == [("a.yaml", "error"), ("b.yaml", "error"), ("c.yaml", "skipped")]
    assert report[-1]["event"] == "run_finished"
    assert report[-1]["end"]["interrupted_by"] == number


@pytest.mark.parametrize("driver", ["requests", "curl"])
def test_a_second_signal_is_out_at_once(write: Write, demo: str, asked: list[str], tmp_path: Path, driver: str) -> None:
    write("a.yaml", SLOW.format(url=demo).replace("name: clean up\n", "name: clean up\n    delay: 600s\n"))
    with _started(tmp_path, "--driver", driver) as process:
        wait_for(lambda: "/delay/10" in asked, what="the slow request")
        process.send_signal(signal.SIGINT)
        _read_until(process, "slow")  # the step that was interrupted; the cleanup would take ten minutes
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=limit(0.5)) == 130


def _started(folder: Path, *options: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "runflow", ".", *options]
    return started(command, cwd=folder, env=BARE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)


def _read_until(process: subprocess.Popen[bytes], text: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if text in line.decode():
            return
    raise AssertionError(f"{text} never came")
