"""What the main job costs, as ratios against hand-written scripts in one run: medians, printed as a table.

Run it with the interpreter of an environment in which runflow is installed: `python tests/benchmarks/main_job.py`.
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

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
RUNFLOW = [sys.executable, "-c", "from runflow.cli import main; main()"]
BY_HAND = [sys.executable, str(HERE / "by_hand.py")]
Row = tuple[str, str, float, str]


def seconds(command: list[str], env: dict[str, str] | None = None) -> float:
    """How long a process takes, from its start to its end."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **(env or {})})
    return time.perf_counter() - started


def in_turn(rounds: int, **commands: tuple[list[str], dict[str, str]]) -> dict[str, float]:
    """Medians of several commands, taken in turn so that a noisy moment hits all of them."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, (command, env) in commands.items():
            taken[name].append(seconds(command, env))
    return {name: statistics.median(values) for name, values in taken.items()}


def hundred_steps(url: str, folder: Path, count: int) -> Path:
    """A workflow of many steps, each a template, a status and a JSON value."""
    body = "".join(
        f'  - get: "/items/{{{{ base }}}}{number}"\n    expect: {{ status: 200, $.id: 7 }}\n' for number in range(count)
    )
    path = folder / "steps.yaml"
    path.write_text(f"base_url: {url}\nvars: {{ base: a }}\nsteps:\n{body}")
    return path


IN_PROCESS = """
import sys, time, runflow, requests
workflow = runflow.load(sys.argv[1])
started = time.perf_counter()
result = runflow.run(workflow, record_details=False)
assert result.passed
print(time.perf_counter() - started)
"""


def per_step(url: str, flow: Path, count: int, rounds: int) -> tuple[float, float]:
    """Seconds for a step, ours and by hand; start-up aside."""
    ours, hand = [], []
    for _ in range(rounds):
        ours.append(float(subprocess.check_output([sys.executable, "-c", IN_PROCESS, str(flow)])) / count)
        hand.append(float(subprocess.check_output([*BY_HAND, "steps", url, str(count)])) / count)
    return statistics.median(ours), statistics.median(hand)


def startup(url: str, folder: Path, rounds: int, count: int) -> list[Row]:
    """Whole processes."""
    flow = hundred_steps(url, folder, count)
    env = {"API_URL": url, "API_PASSWORD": "correct-horse"}
    login = str(PROJECT / "workflows" / "login_then_fetch.yaml")
    medians = in_turn(
        rounds,
        python=([sys.executable, "-c", "pass"], {}),
        version=([*RUNFLOW, "--version"], {}),
        login=([*RUNFLOW, login], env),
        login_by_hand=([*BY_HAND, "login", url], {}),
        steps=([*RUNFLOW, str(flow)], {}),
        steps_by_hand=([*BY_HAND, "steps", url, str(count)], {}),
    )
    ours, hand = per_step(url, flow, count, max(rounds // 3, 1))

    def row(name: str, mine: float, other: float, target: str) -> Row:
        return (name, f"{mine * 1000:.2f} ms against {other * 1000:.2f} ms", mine / other, target)

    return [
        row(f"a step of {count}, start-up aside, against by hand", ours, hand, "<= 1.0"),
        row(f"{count} steps, whole process, against by hand", medians["steps"], medians["steps_by_hand"], "<= 1.4"),
        row(
            "login_then_fetch.yaml, whole process, against by hand",
            medians["login"],
            medians["login_by_hand"],
            "<= 1.6",
        ),
        row("runflow --version, against python -c pass", medians["version"], medians["python"], "<= 3"),
    ]


LOADING = """
import sys, time
from pathlib import Path
from runflow.loading import Loader, LoaderOptions
from runflow.selection.select import Target
started = time.perf_counter()
loader = Loader(LoaderOptions())
plans = loader.plans([Target(Path(sys.argv[1]))])
assert not loader.problems and len(plans) == int(sys.argv[2])
print(time.perf_counter() - started)
"""

TWO_STEPS = """name: Workflow {number}
base_url: {url}
secrets: [token]
steps:
  - name: log in
    post: /login
    json: {{ username: user{number}, password: correct-horse }}
    expect: 200
    extract: {{ token: $.token }}
  - name: fetch
    get: /items/{number}
    headers: {{ Authorization: "Bearer {{{{ token }}}}" }}
    expect: {{ status: 200, $.id: 7 }}
"""


def many_files(url: str, folder: Path, count: int) -> Path:
    """Two-step workflows, each in a file of its own."""
    flows = folder / f"flows{count}"
    flows.mkdir()
    for number in range(count):
        (flows / f"flow{number:05}.yaml").write_text(TWO_STEPS.format(number=number, url=url))
    return flows


def loading(url: str, folder: Path, count: int, rounds: int) -> list[Row]:
    """Reading and compiling many files."""
    flows = many_files(url, folder, count)
    command = [sys.executable, "-c", LOADING, str(flows), str(count)]
    taken = statistics.median(float(subprocess.check_output(command)) for _ in range(rounds))
    return [(f"load and compile {count} two-step files", f"{taken:.2f} s", taken / count * 1000, "<= 1.5 ms a file")]


def memory(url: str, folder: Path, count: int) -> list[Row]:
    """The peak of a run of many workflows, files and all, measured by the kernel."""
    flows = many_files(url, folder, count)
    pid = os.spawnv(os.P_NOWAIT, sys.executable, [*RUNFLOW, "-q", str(flows)])
    _, status, usage = os.wait4(pid, 0)
    assert status == 0
    return [
        (
            f"peak memory of {count} two-step workflows",
            f"{usage.ru_utime + usage.ru_stime:.1f} s of CPU",
            usage.ru_maxrss / 1024,
            "< 150 MB",
        )
    ]


def main(*, quick: bool) -> None:
    """Print the table."""
    rounds = 3 if quick else 15
    with Nginx() as url, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chdir(folder)  # where nothing is remembered of earlier runs
        rows = startup(url, folder, rounds, 10 if quick else 100)
        rows += loading(url, folder, 20 if quick else 1000, 1 if quick else 5)
        rows += memory(url, folder, 30 if quick else 10_000)
    print("| what | measured | value | target |\n| --- | --- | --- | --- |")
    for what, measured, value, target in rows:
        print(f"| {what} | {measured} | {value:.2f} | {target} |")


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)
