"""How the cost grows with the number of runs, on one machine: whole processes from start to exit code, printed as a table.

Run it with the interpreter of an environment in which runflow is installed: `python tests/benchmarks/growth.py`. Each run
is two steps against nginx: a row of one file's `cases`, or (for as many as people have) a file of its own.
A second table has the same runs on a Dask cluster of one, two and four workers on this machine, of one thread each,
against nginx and against a server that takes its time. `--dask` prints that alone, `--quick` takes small numbers, to see that it works.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from main_job import many_files
from nginx import Nginx
from slow_server import slow_server

sys.path += [str(Path(__file__).parent.parent), str(Path(__file__).parent.parent / "cluster")]
from workers import Cluster

FLOW = """\
base_url: {url}
cases: {{file: rows.csv}}
steps:
  - {{name: one, get: "/items/{{{{ n }}}}", expect: {{status: 200, $.name: x}}, extract: {{id: $.id}}}}
  - {{name: two, get: "/items/{{{{ id }}}}", expect: 200}}
"""
ANSWERS = ("at once", "after 50 ms")
DRIVERS = (("requests", "8"), ("curl", "64"))


def main(counts: tuple[int, ...], most_files: int) -> None:
    print(
        "| runs | as | driver | seconds | steps/s | CPU ms a run | peak MB |\n| ---: | --- | --- | ---: | ---: | ---: | ---: |"
    )
    with Nginx() as url, tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "flow.yaml").write_text(FLOW.format(url=url))
        for count in counts:
            (Path(folder) / "rows.csv").write_text("n\n" + "".join(f"{number}\n" for number in range(count)))
            shapes = {"rows": "flow.yaml"}
            if count <= most_files:
                (Path(folder) / f"files{count}").mkdir()
                shapes["files"] = str(many_files(url, Path(folder) / f"files{count}", count))
            for shape, path in shapes.items():
                for driver, jobs in DRIVERS:
                    row(folder, path, shape, driver, jobs, count)


def on_dask(workers: tuple[int, ...], counts: dict[str, int]) -> None:
    """The same on a cluster.

    Args:
        workers: How many there are.
        counts: Runs against nginx, and against a server that takes 50 ms an answer.
    """
    print(
        "\n| runs | workers | answers | seconds | steps/s | ms a run and thread, waiting aside | CPU ms a run, here | peak MB, here |\n"
        "| ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |"
    )
    with Nginx() as fast, slow_server(0.05) as slow, tempfile.TemporaryDirectory() as folder:
        for answers, url, wait in zip(ANSWERS, (fast, slow), (0.0, 0.05), strict=True):
            count = counts[answers]
            (Path(folder) / "flow.yaml").write_text(FLOW.format(url=url))
            (Path(folder) / "rows.csv").write_text("n\n" + "".join(f"{number}\n" for number in range(count)))
            for number in workers:
                cluster = Cluster(Path(folder), threads=1)
                cluster.start(*map(str, range(number)))
                taken, cpu, peak = measured(folder, "flow.yaml", "--executor", f"dask={cluster.address}")
                cluster.close()
                own = taken * number / count - 2 * wait
                print(
                    f"| {count:,} | {number} | {answers} | {taken:.1f} | {2 * count / taken:,.0f} | {own * 1000:.1f} | "
                    f"{cpu / count * 1000:.2f} | {peak:.0f} |",
                    flush=True,
                )


def measured(folder: str, *words: str) -> tuple[float, float, float]:
    """Seconds, seconds of CPU and the peak in MB of a run that must pass."""
    command = [sys.executable, "-m", "runflow", "run", *words, "-q", "--no-store"]
    begun = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    taken = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    return taken, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def row(folder: str, path: str, shape: str, driver: str, jobs: str, count: int) -> None:
    """A row of the table."""
    taken, cpu, peak = measured(folder, path, "--driver", driver, "-j", jobs)
    print(
        f"| {count:,} | {shape} | {driver} -j {jobs} | {taken:.1f} | {2 * count / taken:,.0f} | {cpu / count * 1000:.2f} | {peak:.0f} |",
        flush=True,
    )


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    if "--dask" not in sys.argv:
        main((10, 50) if quick else (100, 1_000, 10_000, 100_000), 50 if quick else 10_000)
    on_dask(
        (1, 2) if quick else (1, 2, 4),
        dict.fromkeys(ANSWERS, 20) if quick else dict(zip(ANSWERS, (10_000, 1_000), strict=True)),
    )
