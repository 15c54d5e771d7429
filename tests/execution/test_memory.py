"""What stays in memory of a run: verdicts, and of passing steps no bodies, whatever reports want."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runflow
from runflow.app import executor_for, run_suite
from runflow.execution.options import Inputs, Options
from runflow.execution.schedule import runs_of
from runflow.loading import Loader, LoaderOptions
from runflow.model.events import Event, StepFinished
from runflow.selection.select import Target

Write = Callable[[str, str], Path]


class Seen:
    def __init__(self) -> None:
        self.bodies = 0

    def handle(self, event: Event, /) -> None:
        if isinstance(event, StepFinished):
            self.bodies += sum(len(each.outcome.body) for one in event.step.attempts for each in one.exchanges)


@pytest.mark.parametrize("driver", ["requests", "curl"])
def test_a_report_sees_every_body_and_the_result_keeps_those_of_failures_only(
    write: Write, demo: str, driver: str
) -> None:
    path = write(
        "a.yaml", f"base_url: {demo}\nsteps:\n  - {{get: /items, expect: 200}}\n  - {{get: /items/1, expect: 404}}\n"
    )
    loader = Loader(LoaderOptions(driver=driver))
    seen = Seen()
    result = run_suite(
        runs_of(loader.plans([Target(path)])), Inputs(), Options(record_details=True), [seen], executor_for(driver)
    )
    assert seen.bodies > 200
    passing, failing = result.workflows[0].steps
    assert passing.attempts == ()
    assert failing.last.exchanges[0].outcome.body


def test_from_python_passing_steps_keep_their_exchanges_where_that_is_asked_for(write: Write, demo: str) -> None:
    path = write("a.yaml", f"base_url: {demo}\nsteps:\n  - {{get: /items, expect: 200}}\n")
    assert runflow.run(path).workflows[0].steps[0].last.exchanges
    assert not runflow.run(path, record_details=False).workflows[0].steps[0].attempts


PEAK = """
import os, subprocess, sys
quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
pid = os.posix_spawn(sys.executable, [sys.executable, *sys.argv[1:]], dict(os.environ), file_actions=quiet)
_, status, usage = os.wait4(pid, 0)
assert status == 0
print(usage.ru_maxrss // 1024)
"""


@pytest.mark.slow
def test_a_report_of_large_bodies_goes_to_disk_and_not_into_memory(
    write: Write, raw_server: Any, tmp_path: Path
) -> None:
    """300 answers of 200 kB are 60 MB: a run that reports them must not be 60 MB larger than one that does not."""
    import subprocess
    import sys

    body = json.dumps({"rows": ["x" * 100] * 1900}).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    def script(conn: Any) -> None:
        while conn.recv(65536):
            conn.sendall(answer)

    write(
        "a.yaml",
        f"base_url: {raw_server(script)}\ncases: [{', '.join(['{n: 1}'] * 300)}]\nsteps:\n  - {{get: /, expect: 200}}\n",
    )
    peaks = [
        int(
            subprocess.run(
                [sys.executable, "-c", PEAK, "-m", "runflow", "-j", "1", "a.yaml", *more],
                cwd=tmp_path,
                env={"PYTHONPATH": str(Path(runflow.__file__).parent.parent), "PATH": ""},
                check=True,
                capture_output=True,
            ).stdout
        )
        for more in ([], ["--report", "jsonl=out.jsonl"])
    ]
    assert (tmp_path / "out.jsonl").stat().st_size > 60_000_000
    assert peaks[1] < peaks[0] + 20, peaks
