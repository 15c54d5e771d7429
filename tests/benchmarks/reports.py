"""What reports add to a suite, as ratios against the same suite without any, in one run: medians, printed as a table.

Run it with the interpreter of an environment in which runflow is installed: `python tests/benchmarks/reports.py`.
`--quick` takes small numbers, to see that it works.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from nginx import Nginx
from slow_server import slow_server

from runflow.reporters.table import REPORTERS

STEP = "  - {{name: step {n}, get: /items/{n}, expect: {{status: 200, $.name: x}}, extract: {{v{n}: $.id}}}}\n"
WAYS = {"no report, nothing kept": ["--no-store"], "kept in .runflow (the default)": [],
    "and every report": [f"--report={kind}=out/{kind}" for kind in REPORTERS]}  # fmt: skip


def main(files: int, rounds: int) -> None:
    print("Each number is of a whole process; medians.\n")
    print(
        "| server | steps | driver | with | seconds | ratio | peak MB |\n| --- | ---: | --- | --- | ---: | ---: | ---: |"
    )
    with Nginx() as url:
        for driver, jobs in (("requests", "8"), ("curl", "64")):
            compare("nginx", url, files, driver, jobs, rounds)
    with slow_server(0.005) as url:
        sizes = compare("5 ms an answer", url, files, "requests", "8", rounds)
    print(f"\nMB: {sizes}")


def compare(server: str, url: str, files: int, driver: str, jobs: str, rounds: int) -> str:
    """Rows of the table for one server and driver, and how large each report is."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(files):
            text = f"name: flow {number}\nbase_url: {url}\nsteps:\n" + "".join(STEP.format(n=n) for n in range(10))
            (Path(folder) / f"{number}.yaml").write_text(text)
        measured: dict[str, list[tuple[float, int]]] = {way: [] for way in WAYS}
        for _ in range(rounds):
            for way, words in WAYS.items():
                measured[way].append(_once(folder, ["-q", "--driver", driver, "-j", jobs, *words]))
        base = statistics.median(seconds for seconds, _ in measured["no report, nothing kept"])
        for way, found in measured.items():
            seconds = statistics.median(each for each, _ in found)
            peak = max(each for _, each in found) / 1024
            print(f"| {server} | {files * 10} | {driver} | {way} | {seconds:.2f} | {seconds / base:.2f} | {peak:.0f} |")
        return ", ".join(f"{kind} {(Path(folder) / 'out' / kind).stat().st_size / 1e6:.2f}" for kind in REPORTERS)


def _once(folder: str, words: list[str]) -> tuple[float, int]:
    """Seconds and peak memory (kB) of one run."""
    started = time.perf_counter()
    with Path(os.devnull).open("w") as nowhere:
        process = subprocess.Popen([sys.executable, "-m", "runflow", "run", ".", *words], cwd=folder, stdout=nowhere)
        _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, "the suite did not pass"
    process.returncode = 0
    return time.perf_counter() - started, usage.ru_maxrss


if __name__ == "__main__":
    main(*((20, 1) if "--quick" in sys.argv else (1000, 5)))
