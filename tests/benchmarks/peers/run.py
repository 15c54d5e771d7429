"""The same suite on other tools: two steps (log in, fetch with the token), many files, whole processes. Printed as a table.

`python tests/benchmarks/peers/run.py` runs it on those that are there: `hurl` and `stepci` on the PATH, Tavern (with
pytest-xdist) in the interpreter that `--tavern PYTHON` names. Each is given what makes it fastest. `--quick` takes small numbers.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from main_job import BY_HAND, RUNFLOW, many_files
from nginx import Nginx

TAVERN = """test_name: Workflow {number}
stages:
  - name: log in
    request:
      url: {url}/login
      method: POST
      json: {{ username: user{number}, password: correct-horse }}
    response:
      status_code: 200
      save: {{ json: {{ token: token }} }}
  - name: fetch
    request:
      url: {url}/items/{number}
      method: GET
      headers: {{ Authorization: "Bearer {{token}}" }}
    response:
      status_code: 200
      strict: false
      json: {{ id: 7 }}
"""
HURL = """POST {url}/login
{{ "username": "user{number}", "password": "correct-horse" }}
HTTP 200
[Captures]
token: jsonpath "$.token"

GET {url}/items/{number}
Authorization: Bearer {{{{token}}}}
HTTP 200
[Asserts]
jsonpath "$.id" == 7
"""
STEP_CI = """  workflow{number}:
    steps:
      - name: log in
        http:
          url: {url}/login
          method: POST
          json: {{ username: user{number}, password: correct-horse }}
          check: {{ status: 200 }}
          captures: {{ token: {{ jsonpath: $.token }} }}
      - name: fetch
        http:
          url: {url}/items/{number}
          method: GET
          headers: {{ Authorization: "Bearer ${{{{captures.token}}}}" }}
          check:
            status: 200
            jsonpath: {{ $.id: 7 }}
"""


def files(folder: Path, name: str, template: str, url: str, count: int) -> list[str]:
    """One file for each workflow; `{number}` in the name."""
    folder.mkdir()
    paths = [folder / name.format(number=f"{number:05}") for number in range(count)]
    for number, path in enumerate(paths):
        path.write_text(template.format(number=number, url=url))
    return [str(path) for path in paths]


def commands(url: str, folder: Path, count: int, tavern: str) -> dict[str, list[str]]:
    """How each tool that is there runs the suite."""
    flows = str(many_files(url, folder, count))
    cores = str(os.cpu_count() or 1)
    found = {
        "by hand: requests.Session, one after the other": [*BY_HAND, "workflows", url, str(count)],
        "runflow, curl -j 64": [*RUNFLOW, "-q", "--driver", "curl", "-j", "64", "--no-store", flows],
        "runflow, default options": [*RUNFLOW, "-q", "--no-store", flows],
    }
    if shutil.which("hurl"):
        found["hurl --test --jobs"] = [
            "hurl",
            "--test",
            "--jobs",
            cores,
            *files(folder / "hurl", "{number}.hurl", HURL, url, count),
        ]
        found["hurl, one after the other"] = [
            "hurl",
            "--test",
            "--jobs",
            "1",
            *sorted(map(str, (folder / "hurl").iterdir())),
        ]
    if tavern:
        files(folder / "tavern", "test_{number}.tavern.yaml", TAVERN, url, count)
        found[f"Tavern, pytest -n {cores}"] = [
            tavern,
            "-m",
            "pytest",
            "-q",
            "-n",
            cores,
            "-p",
            "no:cacheprovider",
            str(folder / "tavern"),
        ]
        found["Tavern, pytest"] = [tavern, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder / "tavern")]
    if shutil.which("stepci"):
        path = folder / "stepci.yaml"
        tests = "".join(STEP_CI.format(number=number, url=url) for number in range(count))
        path.write_text(f'version: "1.1"\nname: all\ntests:\n{tests}')
        found["Step CI, one file of all"] = ["stepci", "run", str(path)]
    return found


def seconds(command: list[str], counted: Callable[[], int], requests: int) -> float:
    """How long a whole process takes. What did not send every request does not count."""
    before, started = counted(), time.perf_counter()
    quiet = {**os.environ, "STEPCI_DISABLE_ANALYTICS": "1"}  # a benchmark calls nobody home
    done = subprocess.run(command, capture_output=True, cwd=tempfile.gettempdir(), check=False, env=quiet)
    taken = time.perf_counter() - started
    time.sleep(0.1)  # for nginx to write its log
    assert done.returncode == 0, (command[:4], done.stdout[-500:], done.stderr[-500:])
    assert counted() - before == requests, (command[:4], counted() - before)
    return taken


def main(*, quick: bool, tavern: str) -> None:
    """Print the table, the hand-written script first: all ratios are against it."""
    count, rounds = (5, 1) if quick else (200, 5)
    nginx = Nginx(log=True)
    with nginx as url, tempfile.TemporaryDirectory() as name:
        every = commands(url, Path(name), count, tavern)
        taken: dict[str, list[float]] = {tool: [] for tool in every}
        for _ in range(rounds):
            for tool, command in every.items():
                taken[tool].append(seconds(command, lambda: nginx.count("HTTP/"), 2 * count))
    medians = {tool: statistics.median(figures) for tool, figures in taken.items()}
    hand = next(iter(medians.values()))
    print(f"| {count} files of two steps, whole process | seconds | against by hand |\n| --- | --- | --- |")
    for tool, median in medians.items():
        print(f"| {tool} | {median:.2f} | {median / hand:.2f} |")
    missing = {"hurl": shutil.which("hurl"), "stepci": shutil.which("stepci"), "tavern (--tavern PYTHON)": tavern}
    print("\nnot here: " + json.dumps([tool for tool, there in missing.items() if not there]))


if __name__ == "__main__":
    arguments = sys.argv[1:]
    python = arguments[arguments.index("--tavern") + 1] if "--tavern" in arguments else ""
    main(quick="--quick" in arguments, tavern=python)
