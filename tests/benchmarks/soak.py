"""A long run on each driver: memory and file descriptors of the process as it goes, printed as a table.

Run it with the interpreter of an environment in which runflow is installed: `python tests/benchmarks/soak.py`.
`--quick` takes small numbers, to see that it works.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from nginx import Nginx

FLOW = """\
base_url: {url}
matrix: {{run: [{runs}]}}
vars: {{s: "secret-{{{{ run }}}}"}}
secrets: [s]
steps:
"""
STEP = "  - {{name: step {n}, get: /items/{n}, headers: {{X-S: '{{{{ s }}}}'}}, expect: {{status: 200, $.name: x}}, extract: {{v{n}: $.id}}}}\n"


def main(runs: int, steps: int, samples: int) -> None:
    print(
        "| driver | seconds | steps | resident MB | open files | threads |\n| --- | ---: | ---: | ---: | ---: | ---: |"
    )
    with Nginx() as url, tempfile.TemporaryDirectory() as folder:
        every = ", ".join(map(str, range(runs)))
        text = FLOW.format(url=url, runs=every) + "".join(STEP.format(n=n) for n in range(steps))
        (Path(folder) / "flow.yaml").write_text(text)
        for driver, jobs in (("requests", "8"), ("curl", "64")):
            soak(folder, driver, jobs, runs * steps, samples)


def soak(folder: str, driver: str, jobs: str, total: int, samples: int) -> None:
    """Rows of the table for one driver."""
    words = [
        "run",
        "flow.yaml",
        "-q",
        "--driver",
        driver,
        "-j",
        jobs,
        "--report=jsonl=run.jsonl",
        "--report=junit=run.xml",
    ]
    (Path(folder) / "run.jsonl").unlink(missing_ok=True)  # the other driver's
    begun = time.monotonic()
    with subprocess.Popen([sys.executable, "-m", "runflow", *words], cwd=folder, stdout=subprocess.DEVNULL) as process:
        lines, done, rows = Path(folder) / "run.jsonl", 0, 0
        where = Path("/proc") / str(process.pid)
        while not lines.exists() and process.poll() is None:
            time.sleep(0.05)
        with lines.open("rb") as stream:
            while process.poll() is None:
                done += stream.read().count(b'"event":"step_finished"')
                if done >= total * rows / samples:
                    rows += 1
                    _row(where, driver, time.monotonic() - begun, done)
                time.sleep(0.2)
            done += stream.read().count(b'"event":"step_finished"')
    assert process.returncode == 0, "the suite did not pass"
    assert done == total, f"{done} steps were reported"
    print(f"| {driver} | {time.monotonic() - begun:.0f} | {done} | ended | | |")


def _row(where: Path, driver: str, seconds: float, done: int) -> None:
    status = dict(line.split(":", 1) for line in (where / "status").read_text().splitlines())
    if "VmRSS" not in status:
        return  # it has just ended
    resident = int(status["VmRSS"].split()[0]) / 1024
    files = len(list((where / "fd").iterdir()))
    print(f"| {driver} | {seconds:.0f} | {done} | {resident:.0f} | {files} | {status['Threads'].strip()} |", flush=True)


if __name__ == "__main__":
    main(*((40, 50, 2) if "--quick" in sys.argv else (3000, 100, 15)))
