"""What is kept of runs: shown by cause, step by step, and beside each other; the curl commands send the same."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from needs import need

from runflow.reporters.format.store import MAX_STORED_RUNS, RunStore
from runflow.reporters.latency import percentile

FLOW = "name: {name}\nbase_url: {url}\nsteps:\n  - {{name: ask, get: {path}, expect: 200}}\n"


@pytest.fixture
def project(tmp_path: Path, server: Any) -> Any:
    def write(**paths: str) -> Path:
        for name, path in paths.items():
            (tmp_path / f"{name}.yaml").write_text(FLOW.format(name=name, url=server.url, path=path))
        return tmp_path

    return write


def test_failures_are_grouped_by_cause(project: Any, call: Any) -> None:
    folder = project(a="/busy", b="/busy?x", c="/ok", d="/busy?y")
    (folder / "e.yaml").write_text(
        "steps:\n  - {get: 'http://127.0.0.1:9/', expect: 200}\n  - {get: 'http://127.0.0.1:9/b', expect: 200}\n"
    )
    (folder / "f.yaml").write_text("steps:\n  - {get: 'http://127.0.0.1:9/c', expect: 200}\n")
    assert call(folder, "run", ".", "-q").returncode == 3
    shown = call(folder, "show").stdout
    assert "✗ 3 workflows: ask: status expected 200 actual 503" in shown
    assert shown.count("✗ ") == 2
    assert "in e  (e.yaml)" in shown
    assert "in f  (f.yaml)" in shown
    assert "1 passed, 3 failed, 2 error · 2 causes" in shown
    assert "runflow show 'a.yaml::ask'    runflow explain RF101" in shown


def test_workflows_that_failed_at_one_login_are_one_cause(call: Any, server: Any, tmp_path: Path) -> None:
    (tmp_path / "_auth.yaml").write_text("")
    for name in "abc":
        (tmp_path / f"{name}.yaml").write_text(
            f"base_url: {server.url}\nauth:\n  api:\n    login:\n      post: /busy\n      extract: {{token: $.token}}\n"
            "steps:\n  - {get: /ok, auth: api, expect: 200}\n"
        )
    (tmp_path / "_auth.yaml").unlink()
    assert call(tmp_path, "run", ".", "-q").returncode == 3
    shown = call(tmp_path, "show").stdout
    assert shown.count("✗ ") == 1
    assert "✗ 3 workflows: GET" in shown
    assert "RF401" in shown


def test_everything_about_one_step(suite: Path, call: Any) -> None:
    shown = call(suite, "show", "a_login.yaml::look").stdout
    for part in (
        "passed  look",
        'token = "***"',
        "variables before",
        "limit = 3",
        "> GET",
        "< HTTP/1.1 200",
        "✓ duration lt",
        'key=\'"${token}"',
        "curl ",
    ):
        assert part in shown, part
    assert "> POST" not in shown
    attempts = call(suite, "show", "c_busy.yaml::ask", "--run", "-1").stdout
    assert attempts.count("attempt 1 of 2") == 2
    assert "attempt 2 of 2, after waiting" in attempts
    iteration = call(suite, "show", "a_login.yaml::each [1]").stdout
    assert "item = 2" in iteration
    assert "/items/1" not in iteration
    assert call(suite, "show", "a_login.yaml").stdout.count("passed  ") == 6
    missing = call(suite, "show", "a_login.yaml::nope")
    assert (missing.returncode, "the run has no a_login.yaml::nope" in missing.stderr) == (2, True)
    assert "name the step" in call(suite, "show", "a_login.yaml:3").stderr


def test_nothing_is_kept_where_that_is_asked_for(project: Any, call: Any) -> None:
    folder = project(a="/ok")
    call(folder, "run", ".", "--no-store")
    assert not (folder / ".runflow").exists()
    shown = call(folder, "show")
    assert (shown.returncode, "no run is stored here yet" in shown.stderr) == (2, True)
    assert call(folder, "show", "--list").returncode == 5


def test_the_last_twenty_runs_are_kept(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    names = []
    for number in range(MAX_STORED_RUNS + 5):
        path = store.begin().with_name(f"20260101-0000{number:02}.000-1.jsonl")
        path.write_text("{}\n")
        names.append(path.name)
    assert [path.name for path in store.runs()] == names[-MAX_STORED_RUNS:]
    assert (tmp_path / ".runflow" / ".gitignore").read_text() == "*\n"
    assert store.find("-2").name == names[-2]
    assert store.find("20260101-000010").name == names[10]
    for wrong in ("-99", "2026", "nope"):
        with pytest.raises(Exception, match=r"no run|several runs"):
            store.find(wrong)


def test_diff_tells_what_is_new_fixed_still_failing_and_gone(project: Any, call: Any) -> None:
    folder = project(broken="/ok", fixed="/busy", still="/busy", same="/ok", gone="/ok")
    call(folder, "run", ".", "-q")
    project(broken="/busy", fixed="/ok", fresh="/ok")
    (folder / "gone.yaml").unlink()
    call(folder, "run", ".", "-q")
    ended = call(folder, "diff")
    assert ended.returncode == 1
    sections = {part.split(" (")[0]: part for part in ended.stdout.split("\n\n")[1:]}
    assert {name: part.count("yaml)") for name, part in sections.items()} == {
        "newly failing": 1, "still failing": 1, "fixed": 1, "new": 1, "not run this time": 1,
    }  # fmt: skip
    assert "broken  (broken.yaml)" in sections["newly failing"]
    assert "ask: status expected 200 actual 503" in sections["newly failing"]
    listed = call(folder, "show", "--list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["-2", "-1"]
    same = call(folder, "diff", "-1", "-1")
    assert same.returncode == 0
    back = call(folder, "diff", "-1", "-2")
    assert "newly failing (1)\n  ✗ fixed" in back.stdout


def test_diff_tells_what_became_slower(demo: str, call: Any, tmp_path: Path) -> None:
    for seconds in ("0", "0.3"):
        (tmp_path / "a.yaml").write_text(
            f"base_url: {demo}\nsteps:\n  - {{name: wait, get: /delay/{seconds}, expect: 200}}\n"
        )
        call(tmp_path, "run", ".", "-q")
    assert "⧗ a  (a.yaml): " in call(tmp_path, "diff").stdout
    assert ", most of it in wait" in call(tmp_path, "diff").stdout


def test_the_slowest_steps_are_shown_with_percentiles(project: Any, call: Any) -> None:
    folder = project(a="/ok", b="/ok")
    out = call(folder, "run", ".", "-q", "--slowest", "5").stdout
    assert "count        p50        p95        p99    slowest  step\n      2 " in out


@pytest.mark.parametrize(("share", "value"), [(50, 5.0), (95, 10.0), (99, 10.0), (10, 1.0), (11, 2.0)])
def test_a_percentile_is_the_value_of_the_nearest_rank(share: int, value: float) -> None:
    assert percentile([float(number) for number in range(1, 11)], share) == value


CURL = """
name: the same again
base_url: URL
secrets: [PASSWORD]
vars: {user: "Ada O'Neil"}
steps:
  - name: json
    post: /echo?q=a%20b&key={{ env.PASSWORD }}&list[]=1
    json: {user: "{{ user }}", password: "{{ env.PASSWORD }}", text: "it's\\n\\"quoted\\" $HOME `id`"}
    expect: 418
    continue_on_failure: true
  - name: form
    put: /echo
    form: {user: "{{ user }}", password: "{{ env.PASSWORD }}"}
    headers: {X-Empty: "", X-Key: "{{ env.PASSWORD }}"}
    expect: 418
    continue_on_failure: true
  - name: basic
    get: /echo/../up
    auth: {basic: {username: "{{ user }}", password: "{{ env.PASSWORD }}"}}
    cookies: {sid: "{{ env.PASSWORD | hash('sha256') }}"}
    expect: 418
    continue_on_failure: true
  - name: bytes
    post: /echo
    body: {file: raw.bin}
    expect: 418
    continue_on_failure: true
  - name: upload
    post: /echo
    multipart: {field: "@not a file", file: {file: raw.bin}}
    expect: 418
    continue_on_failure: true
  - {name: at, patch: /echo, body: "@/etc/passwd", expect: 418, continue_on_failure: true}
  - {name: head, head: /echo, expect: 418, continue_on_failure: true}
  - {name: delete, delete: /echo, expect: 418, continue_on_failure: true}
"""
OF_THE_PROGRAM = {"user-agent", "accept", "accept-encoding", "connection", "host"}


@pytest.mark.parametrize("driver", ["requests", "curl"])
def test_the_curl_command_of_a_failed_step_sends_the_same_request(
    call: Any, server: Any, tmp_path: Path, driver: str
) -> None:
    """Run by a real shell with the real curl; only what a program says of itself may differ."""
    need("bash", "curl")
    (tmp_path / "a.yaml").write_text(CURL.replace("URL", server.url))
    (tmp_path / "raw.bin").write_bytes(bytes(range(256)))
    server.asked.clear()
    ended = call(tmp_path, "run", "a.yaml", "--curl", "--driver", driver, "--no-color")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    first = list(server.asked)
    assert "pass'word" not in ended.stdout
    commands = _commands(ended.stdout)
    assert len(commands) == len(first) == 8
    server.asked.clear()
    for command in commands:
        done = subprocess.run(["bash", "-c", command], env={"PATH": os.environ["PATH"], "PASSWORD": "s3cret pass'word&", "HOME": "/"},
            capture_output=True, text=True, check=False)  # fmt: skip
        assert done.returncode == 0, command + done.stderr
    for command, one, other in zip(commands, first, server.asked, strict=True):
        assert _without_own(one) == _without_own(other), command


def _commands(output: str) -> list[str]:
    """The blocks of text that begin with what a command begins with."""
    blocks = [block for block in output.replace("\n\n", "\n\0").split("\0") if "curl " in block]
    found = []
    for block in blocks:
        lines = [line.removeprefix("      ") for line in block.splitlines()]
        start = next(
            (
                number
                for number, line in enumerate(lines)
                if line.startswith(("curl ", "# ", "base64 ")) or "_url=$(" in line
            ),
            None,
        )
        if start is not None:
            found.append("\n".join(lines[start:]))
    return found


def _without_own(asked: Any) -> Any:
    method, path, headers, body = asked
    return (
        method,
        path,
        {name.lower(): value for name, value in headers.items() if name.lower() not in OF_THE_PROGRAM},
        body,
    )


def test_a_run_that_never_began_is_not_kept_and_harms_no_other(project: Any, call: Any) -> None:
    folder = project(a="/busy")
    assert call(folder, "run", "a.yaml", "-q").returncode == 1
    (folder / "b.yaml").write_text("steps: [{get: 'http://127.0.0.1:9/{{ env.NOWHERE_SET }}'}]\n")
    assert call(folder, "run", "b.yaml").returncode == 2
    assert len(list((folder / ".runflow" / "runs").iterdir())) == 1
    (folder / ".runflow" / "runs" / "29991231-235959.999-1.jsonl").touch()  # somebody else's, which begins just now
    shown = call(folder, "show")
    assert (shown.returncode, "status expected 200 actual 503" in shown.stdout) == (0, True)
