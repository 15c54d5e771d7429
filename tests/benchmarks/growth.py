"""How the cost grows with the number of runs, on one machine: whole processes from start to exit code, printed as a table.

Run it with the interpreter of an environment in which runflow is installed: `python tests/benchmarks/growth.py`. Each run
is two steps against nginx: a row of one file's `cases`, or (for as many as people have) a file of its own.
`--quick` takes small numbers, to see that it works.
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

FLOW = """\
base_url: {url}
cases: {{file: rows.csv}}
steps:
  - {{name: one, get: "/items/{{{{ n }}}}", expect: {{status: 200, $.name: x}}, extract: {{id: $.id}}}}
  - {{name: two, get: "/items/{{{{ id }}}}", expect: 200}}
"""
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


def row(folder: str, path: str, shape: str, driver: str, jobs: str, count: int) -> None:
    """A row of the table."""
    words = [sys.executable, "-m", "runner", "run", path, "-q", "--no-store", "--driver", driver, "-j", jobs]
    begun = time.monotonic()
    process = subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    taken = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    cpu = (usage.ru_utime + usage.ru_stime) / count * 1000
    print(
        f"| {count:,} | {shape} | {driver} -j {jobs} | {taken:.1f} | {2 * count / taken:,.0f} | {cpu:.2f} | {usage.ru_maxrss / 1024:.0f} |",
        flush=True,
    )


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    main((10, 50) if quick else (100, 1_000, 10_000, 100_000), 50 if quick else 10_000)
