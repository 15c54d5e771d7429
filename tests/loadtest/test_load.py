"""`runflow load` with real Locust, against a real nginx with its own log; master and workers are processes of their own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from limits import limit, wait_for
from needs import need
from processes import Start, commands, started

PROJECT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(PROJECT / "tests" / "benchmarks"))
from nginx import Nginx  # noqa: E402  # a folder of scripts

SERVED = """
    location = /login { return 200 '{"token":"tok-123456789","expires_in":300}'; }
    location = /users/me { return 200 '{"username":"ada","roles":["admin","user"],"id":1}'; }
    location / { return 404 '{}'; }
"""
FLOW = """\
name: Log in, then fetch
base_url: "{{ env.API_URL }}"
secrets: [API_PASSWORD]
auth:
  api: {login: {name: log in, post: /login, json: {username: ada, password: '{{ env.API_PASSWORD }}'},
    extract: {token: $.token, expires_in: $.expires_in}}}
load: {think_time: 20ms, thresholds: {p95: 5s, error_rate: 0%, rps: 1}}
cases: [{who: ann}, {who: bob}, {who: cid}]
steps:
  - {name: fetch, get: /users/me, auth: api, expect: {status: 200, $.username: ada}}
  - {name: gone, get: "/nothing?who={{ who }}", expect: 404}
"""


@pytest.fixture
def server() -> Iterator[tuple[Nginx, str]]:
    """nginx with a log, and its URL."""
    need("nginx")
    server = Nginx(SERVED, log=True)
    with server as url:
        yield server, url


@pytest.fixture
def load(server: tuple[Nginx, str], tmp_path: Path) -> Iterator[Start]:
    """Starts `runflow load` with these arguments, in an empty folder."""
    (tmp_path / "flow.yaml").write_text(FLOW, encoding="utf-8")
    environment = {**os.environ, "API_URL": server[1], "API_PASSWORD": "pw-12345", "PYTHONPATH": str(PROJECT)}
    with commands("load", cwd=tmp_path, env=environment) as start:
        yield start


def counted(server: Nginx) -> tuple[int, int, list[int]]:
    """The logins, the fetches, and the requests of each case, from the log of nginx."""
    return (
        server.count("/login"),
        server.count("/users/me"),
        [server.count(f"who={who}") for who in ("ann", "bob", "cid")],
    )


def told(report: Path) -> dict[str, str]:
    """The measurements, from a JSON report."""
    return json.loads(report.read_text())["workflows"][0]["variables"]  # type: ignore[no-any-return]  # texts


@pytest.mark.slow
def test_the_figures_are_those_that_the_server_counts_and_one_login_serves_all(
    server: tuple[Nginx, str], load: Start, tmp_path: Path
) -> None:
    process = load(
        "flow.yaml",
        "--report",
        "json=out.json",
        "--report",
        "junit=out.xml",
        "--",
        "--headless",
        "-u",
        "6",
        "-r",
        "6",
        "-t",
        "2s",
        "--only-summary",
    )
    out, err = process.communicate(timeout=limit(6))
    assert process.returncode == 0, out + err
    logins, fetches, cases = counted(server[0])
    assert logins == 1
    assert fetches == sum(cases) > 20
    assert min(cases) > fetches / 10  # each of six users has a row, round robin
    assert told(tmp_path / "out.json")["requests"] == str(logins + 2 * fetches)
    lines = {
        line.split()[1]: line.split()
        for line in out.splitlines()
        if line.startswith("GET ") and len(line.split()) > 8 and "ms" in line
    }
    assert (lines["fetch"][2:4], lines["gone"][2:4]) == ([str(fetches), "0"], [str(fetches), "0"])
    assert "✓ p95 <= 5s" in out
    assert 'name="1. p95 &lt;= 5s' in (tmp_path / "out.xml").read_text()


@pytest.mark.slow
def test_a_load_shape_of_an_own_locustfile_and_the_reports_of_locust_work(
    server: tuple[Nginx, str], load: Start, tmp_path: Path
) -> None:
    (tmp_path / "shape.py").write_text(
        "from locust import LoadTestShape\n"
        "class Steps(LoadTestShape):\n"
        "    def tick(self):\n"
        "        return (1 if self.get_run_time() < 1 else 4, 4) if self.get_run_time() < 2 else None\n",
        encoding="utf-8",
    )
    words = ("--headless", "-f", "shape.py", "--csv", "out", "--html", "out.html", "--only-summary")
    _, err = load("flow.yaml", "--", *words).communicate(timeout=limit(6))
    assert "Shape test updating to 4 users" in err
    _, fetches, _ = counted(server[0])
    (row,) = [line.split(",") for line in (tmp_path / "out_stats.csv").read_text().splitlines() if ",fetch," in line]
    assert fetches - 4 <= int(row[2]) <= fetches  # it is written while the last of four users ends
    assert "<html" in (tmp_path / "out.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_an_exceeded_threshold_and_a_failed_expectation_fail_the_load_test(load: Start, tmp_path: Path) -> None:
    text = FLOW.replace("p95: 5s, error_rate: 0%", "p95: 1ms, max: 1h").replace(
        "expect: 404}", "expect: {status: 404, $.secret: 1}}"
    )
    (tmp_path / "flow.yaml").write_text(text.replace("load: {", "load: {per: user, "), encoding="utf-8")
    process = load("flow.yaml", "--", "--headless", "-u", "3", "-r", "3", "-t", "2s", "--only-summary")
    out, err = process.communicate(timeout=limit(6))
    assert process.returncode == 1, out + err
    assert "✗ p95 <= 1ms" in out
    assert "flow.yaml:7:" in out
    assert "✓ max <= 1h" in out
    assert "✗ error_rate <= 0%: 100.00%" in out
    summary = out + err
    assert "EXPECT gone: $.secret" in summary
    assert "FLOW whole workflow: StepFailed('gone: $.secret expected 1 (integer) actual nothing was found')" in summary
    assert "pw-12345" not in summary


@pytest.mark.slow
def test_each_user_logs_in_where_the_file_says_so(server: tuple[Nginx, str], load: Start, tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text(FLOW.replace("load: {", "load: {per: user, "), encoding="utf-8")
    process = load("flow.yaml", "--", "--headless", "-u", "3", "-r", "3", "-t", "2s", "--only-summary")
    out, err = process.communicate(timeout=limit(6))
    assert process.returncode == 0, out + err
    assert counted(server[0])[0] == 3


def distributed(load: Start, seconds: int) -> tuple[subprocess.Popen[str], list[subprocess.Popen[str]]]:
    """A master and two workers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    words = (
        "--headless",
        "--expect-workers",
        "2",
        "-u",
        "6",
        "-r",
        "6",
        "-t",
        f"{seconds}s",
        "--only-summary",
        "--master-bind-port",
        port,
    )
    master = load("flow.yaml", "--report", "json=out.json", "--", "--master", *words)
    return master, [load("flow.yaml", "--", "--worker", "--master-port", port) for _ in range(2)]


@pytest.mark.slow
def test_a_master_and_its_workers_count_what_the_server_counts(
    server: tuple[Nginx, str], load: Start, tmp_path: Path
) -> None:
    master, workers = distributed(load, 3)
    out, err = master.communicate(timeout=limit(9))
    assert master.returncode == 0, out + err
    for worker in workers:
        worker.communicate(timeout=limit(3))
        assert worker.returncode == 0
    logins, fetches, cases = counted(server[0])
    assert logins == 2  # one for each process
    assert fetches == sum(cases)
    assert told(tmp_path / "out.json")["requests"] == str(logins + 2 * fetches)


@pytest.mark.slow
def test_a_worker_that_is_killed_fails_the_run_and_is_named(server: tuple[Nginx, str], load: Start) -> None:
    master, workers = distributed(load, 8)
    wait_for(lambda: server[0].count("/users/me") >= 20, expected=4, what="the requests of the users")
    pid = workers[0].pid
    (child, *_) = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    os.kill(int(child), signal.SIGKILL)
    out, err = master.communicate(timeout=limit(9))
    assert master.returncode == 3, out + err
    assert "workers were lost: " in out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FLOW.replace("p95: 5s", "p95: 5"), "'5' is not a duration"),
        (FLOW + "needs: other.yaml\n", "a load test does not run the workflows that another one needs"),
        (FLOW + "lock: a\n", "`lock` has no effect in a load test"), (FLOW.replace("env.API_URL", "env.NOWHERE"), "NOWHERE is not set"),
    ],
)  # fmt: skip
def test_an_invalid_load_test_is_refused_before_anything_is_sent(
    text: str, message: str, load: Start, server: tuple[Nginx, str], tmp_path: Path
) -> None:
    (tmp_path / "other.yaml").write_text("steps: [{get: 'http://127.0.0.1:1/', expect: 200}]\n")
    (tmp_path / "flow.yaml").write_text(text, encoding="utf-8")
    process = load("flow.yaml", "--", "--headless", "-u", "1", "-t", "1s")
    _, err = process.communicate(timeout=limit(6))
    assert process.returncode == 2
    assert message in err
    assert counted(server[0])[1] == 0


def test_without_locust_the_command_that_installs_it_is_named(runflow_process: Any, write: Any, tmp_path: Path) -> None:
    write("flow.yaml", FLOW)
    write("sitecustomize.py", "import sys\nsys.modules['locust'] = None\n")
    ended = runflow_process("load", "flow.yaml", "--", "--headless", env={"PYTHONPATH": f"{tmp_path}:{PROJECT}"})
    assert (ended.code, "pip install 'runflow-http[load]'" in ended.err) == (2, True), ended.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["flow.yaml", "--headless"], "Write Locust's options behind `--`"),
        (["flow.yaml", "--untrusted"], "--untrusted works with `runflow run` only"),
        (["flow.yaml", "--driver", "curl"], "a load test uses Locust's own HTTP client"), ([], "name a workflow file or a folder"),
        (["nope.yaml"], "there is no file or folder nope.yaml"),
        (["flow.yaml::fetch"], "a load test runs entire workflows"), (["flow.yaml", "twin.yaml"], "has the name 'Log in, then fetch' too"),
    ],
)  # fmt: skip
def test_a_wrong_option_says_what_is_right(words: list[str], message: str, runflow_process: Any, write: Any) -> None:
    write("flow.yaml", FLOW)
    write("twin.yaml", FLOW)
    ended = runflow_process("load", *words, env={"API_URL": "http://127.0.0.1:1", "API_PASSWORD": "pw-12345"})
    assert (ended.code, message in ended.err) == (2, True), ended.err


@pytest.mark.slow
def test_each_workflow_has_its_own_users_whatever_its_name(
    load: Start, tmp_path: Path, server: tuple[Nginx, str]
) -> None:
    names = ["log in!", "log-in?", "Log In", "日本", "1st", "---"]
    for number, name in enumerate(names):
        (tmp_path / f"w{number}.yaml").write_text(
            f"name: '{name}'\nbase_url: '{{{{ env.API_URL }}}}'\nload: {{weight: {number + 1}}}\n"
            f"steps: [{{name: ask, get: /w{number}x, expect: 404}}]\n"
        )
    (tmp_path / "flow.yaml").unlink()
    process = load(
        ".", "--report", "json=out.json", "--", "--headless", "-u", "21", "-r", "21", "-t", "2s", "--only-summary"
    )
    out, err = process.communicate(timeout=limit(6))
    assert process.returncode == 0, out + err
    told = {
        each["name"]: int(each["variables"]["requests"])
        for each in json.loads((tmp_path / "out.json").read_text())["workflows"]
    }
    assert told == {name: server[0].count(f"/w{number}x") for number, name in enumerate(names)}
    assert all(told.values())


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_load_test_shows_its_measurements_and_does_not_pass(
    number: int, code: int, server: tuple[Nginx, str], tmp_path: Path
) -> None:
    (tmp_path / "flow.yaml").write_text(FLOW, encoding="utf-8")
    environment = {**os.environ, "API_URL": server[1], "API_PASSWORD": "pw-12345", "PYTHONPATH": str(PROJECT)}
    command = [
        sys.executable,
        "-m",
        "runflow",
        "load",
        "flow.yaml",
        "--",
        "--headless",
        "-u",
        "2",
        "-t",
        "60s",
        "--only-summary",
    ]
    with started(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        wait_for(lambda: server[0].count("/users/me") >= 5, expected=4, what="the requests of the users")
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does
        else:
            process.send_signal(number)  # as CI does
        out, _ = process.communicate(timeout=limit(4))
    assert process.returncode == code, out
    assert "✓ p95 <= 5s" in out
