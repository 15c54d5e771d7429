"""What suites cost on either driver, as ratios against hand-written scripts in one run: medians, printed as a table.

Run it with the interpreter of an environment in which runflow is installed: `python tests/benchmarks/suites.py`.
`--quick` takes small numbers, to see that it works.
"""

from __future__ import annotations

import contextlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
from main_job import BY_HAND, RUNFLOW, Row, hundred_steps, many_files
from nginx import Nginx
from slow_server import slow_server

HERE = Path(__file__).parent
SUITE = """
import gc, sys, time
from pathlib import Path
from runflow.app import executor_for, run_suite
from runflow.loading import Loader, LoaderOptions
from runflow.execution.options import Inputs, Options
from runflow.execution.schedule import runs_of
from runflow.selection.select import Target
path, driver, jobs = sys.argv[1:]
loader = Loader(LoaderOptions(driver=driver))
runs = runs_of(loader.plans([Target(Path(path))]))
assert runs and not loader.problems
executor = executor_for(driver, jobs=int(jobs))
gc.collect()
gc.freeze()  # as the command line does, and:
gc.set_threshold(10_000, 20, 20)
started = time.perf_counter()
result = run_suite(runs, Inputs(), Options(jobs=int(jobs)), [], executor)
taken = time.perf_counter() - started
assert result.exit_code == 0
print(taken)
"""
BARE = """
import sys, time, pycurl
url, count, jobs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
multi, free, all_of_them = pycurl.CurlMulti(), [], []
for _ in range(jobs):
    curl = pycurl.Curl()
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.HTTPHEADER, ["Authorization: Bearer tok-123456789"])
    free.append(curl)
    all_of_them.append(curl)
started = time.perf_counter()
begun = done = 0
while done < count:
    while free and begun < count:
        curl = free.pop()
        curl.got = []
        curl.setopt(pycurl.URL, f"{url}/items/{begun}")
        curl.setopt(pycurl.WRITEFUNCTION, curl.got.append)
        multi.add_handle(curl)
        begun += 1
    multi.perform()
    more = 1
    while more:
        more, whole, failed = multi.info_read()
        assert not failed
        for curl in whole:
            multi.remove_handle(curl)
            assert curl.getinfo(pycurl.RESPONSE_CODE) == 200
            free.append(curl)
            done += 1
    if not free:
        multi.select(0.1)
print(time.perf_counter() - started)
"""


class Taken(NamedTuple):
    """What one process took: seconds by its own clock, seconds of CPU, megabytes at its peak."""

    seconds: float
    cpu: float
    peak: float


def measured(*arguments: str, cores: int | None = None) -> Taken:
    """Run a process that prints its seconds."""
    read, write = os.pipe()
    command = [sys.executable, *arguments]
    pid = os.posix_spawn(command[0], command, {**os.environ}, file_actions=[(os.POSIX_SPAWN_DUP2, write, 1)])
    if cores is not None:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(pid, set(sorted(os.sched_getaffinity(0))[-cores:]))
    os.close(write)
    with os.fdopen(read) as output:
        printed = output.read()
    _, status, usage = os.wait4(pid, 0)
    assert status == 0, command
    return Taken(float(printed), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def median(every: list[Taken]) -> Taken:
    """The middle of each figure."""
    return Taken(*(statistics.median(figures) for figures in zip(*every, strict=True)))


def told(taken: Taken, steps: int) -> str:
    """Steps a second, CPU and memory."""
    return f"{steps / taken.seconds:,.0f} steps/s, {taken.cpu:.1f} s CPU, {taken.peak:.0f} MB"


def many_small(url: str, folder: Path, count: int, rounds: int) -> list[Row]:
    """Thousands of two-step workflows, start-up and reading aside."""
    flows, steps = str(many_files(url, folder, count)), 2 * count
    every: dict[str, list[Taken]] = {}
    for _ in range(rounds):
        for name, arguments in {
            "curl": ("-c", SUITE, flows, "curl", "64"),
            "bare": ("-c", BARE, url, str(steps), "64"),
            "requests": ("-c", SUITE, flows, "requests", "8"),
            "hand8": (*BY_HAND[1:], "threads", url, str(count), "8"),
            "hand": (*BY_HAND[1:], "threads", url, str(count), "1"),
        }.items():
            cores = None if name in {"requests", "hand8"} else 1
            every.setdefault(name, []).append(measured(*arguments, cores=cores))
    curl, bare, requests, hand8, hand = (median(every[name]) for name in ("curl", "bare", "requests", "hand8", "hand"))
    return [
        (f"{count} two-step workflows, curl -j 64, one core", told(curl, steps), steps / curl.seconds, ">= 8000 steps/s"),
        ("… against a bare pycurl loop that checks statuses only", told(bare, steps), bare.seconds / curl.seconds, "its share of the loop's speed"),
        ("… against one requests.Session by hand", told(hand, steps), hand.seconds / curl.seconds, "times as fast"),
        ("the same, blocking -j 8, against 8 threads by hand", f"{told(requests, steps)} against {told(hand8, steps)}",
            requests.seconds / hand8.seconds, "<= 1.0"),
    ]  # fmt: skip


def waiting(folder: Path, count: int, jobs: int, rounds: int) -> list[Row]:
    """A server that takes 20 ms for each answer."""
    with slow_server(0.02) as url:
        flows = str(many_files(url, folder / "slow", count))
        curl = median([measured("-c", SUITE, flows, "curl", str(jobs)) for _ in range(rounds)])
        requests = median([measured("-c", SUITE, flows, "requests", str(jobs)) for _ in range(rounds)])
        hand = median([measured(*BY_HAND[1:], "threads", url, str(count), str(jobs)) for _ in range(rounds)])
    ideal = count * 2 * 0.02 / jobs
    return [
        (f"{count} workflows, 20 ms an answer, -j {jobs}, curl, against the ideal {ideal * 1000:.0f} ms",
            f"{curl.seconds * 1000:.0f} ms, {curl.cpu:.2f} s CPU, {curl.peak:.0f} MB", curl.seconds / ideal, "<= 1.5"),
        (f"the same on the blocking driver, against {jobs} threads by hand",
            f"{requests.seconds * 1000:.0f} ms against {hand.seconds * 1000:.0f} ms", requests.seconds / hand.seconds, "<= 1.0"),
    ]  # fmt: skip


def one_long(url: str, folder: Path, count: int, rounds: int) -> list[Row]:
    """One workflow, one step after the other."""
    flow = str(hundred_steps(url, folder, count))
    curl, hand = [], []
    for _ in range(rounds):
        curl.append(measured("-c", SUITE, flow, "curl", "1"))
        hand.append(measured(*BY_HAND[1:], "steps", url, str(count)))
    ours, theirs = median(curl), median(hand)
    figures = f"{ours.seconds / count * 1000:.3f} ms against {theirs.seconds / count * 1000:.3f} ms a step"
    return [
        (f"one workflow of {count} steps, curl, against by hand", figures, ours.seconds / theirs.seconds, "<= 0.45")
    ]


def whole_process(url: str, folder: Path, count: int, rounds: int) -> list[Row]:
    """A CI job: from the start of the process to its end, files read and all."""
    flows = str(many_files(url, folder / "ci", count))
    taken: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, command in {
            "curl": [*RUNFLOW, "-q", "--driver", "curl", "-j", "64", "--no-store", flows],
            "requests": [*RUNFLOW, "-q", "--no-store", flows],
            "hand": [*BY_HAND, "workflows", url, str(count)],
        }.items():
            started = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            taken.setdefault(name, []).append(time.perf_counter() - started)
    curl, requests, hand = (statistics.median(taken[name]) for name in ("curl", "requests", "hand"))
    return [
        (f"{count} files of two steps, whole process, curl, against by hand one after the other",
            f"{curl * 1000:.0f} ms against {hand * 1000:.0f} ms", curl / hand, "<= 1.0"),
        ("the same with the default options", f"{requests * 1000:.0f} ms", requests / hand, ""),
    ]  # fmt: skip


def main(*, quick: bool) -> None:
    """Print the table."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 10_000), hard))
    rounds = 1 if quick else 5
    with Nginx() as url, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chdir(folder)  # where nothing is remembered of earlier runs
        (folder / "slow").mkdir()
        (folder / "ci").mkdir()
        rows = many_small(url, folder, 40 if quick else 3000, rounds)
        rows += waiting(folder, 30 if quick else 500, 10 if quick else 100, rounds)
        rows += one_long(url, folder, 20 if quick else 1000, rounds)
        rows += whole_process(url, folder, 10 if quick else 200, 1 if quick else 11)
    print("| what | measured | value | target |\n| --- | --- | --- | --- |")
    for what, figures, value, target in rows:
        print(f"| {what} | {figures} | {value:,.2f} | {target} |")


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)
