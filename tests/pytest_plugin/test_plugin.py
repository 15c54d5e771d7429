"""The pytest plugin in real pytest processes, with and without xdist: workflows are items, and everything of pytest's works on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from runflow.demo.access import environment
from runflow.demo.server import DemoServer

GOOD = (
    "name: good\ntags: [smoke, slow-api]\nsteps:\n  - {name: healthy, get: '{{ env.API_URL }}/health', expect: 200}\n"
)
BAD = (
    "name: bad\ntags: [smoke]\nsteps:\n  - {name: healthy, get: '{{ env.API_URL }}/health', expect: {$.status: down}}\n"
)
CASES = "name: cases\ncases: [{n: 1}, {n: 2}, {n: 3}]\nsteps:\n  - {name: ask, get: '{{ env.API_URL }}/items/{{ n }}', expect: {$.id: 2}}\n"
LOGIN = """\
auth: {api: {login: {post: /login, json: {username: ada, password: "{{ env.API_PASSWORD }}"}, extract: {token: $.token}}, logout: {post: /logout}}}
base_url: "{{ env.API_URL }}"
defaults: {auth: api}
cases: [{n: 1}, {n: 2}, {n: 3}, {n: 4}]
steps: [{name: me, get: /users/me, expect: {$.username: ada}}]
"""


SLOW = tuple(
    word for name in ("pytest-lsp", "asyncio", "anyio", "faker", "hypothesispytest") for word in ("-p", f"no:{name}")
)
"""Plugins of others that are installed here and take four of the five seconds that pytest needs to start."""


class Counting(DemoServer):
    """The demo, which counts what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        api = self._server.RequestHandlerClass.api  # type: ignore[attr-defined]  # as the demo makes it
        respond = api.respond
        api.respond = lambda asked: (self.asked.append(f"{asked.method} {asked.path}"), respond(asked))[1]


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counting]:
    with Counting() as server:
        for name, value in environment(server.url).items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def run(pytester: pytest.Pytester, demo: Counting, monkeypatch: pytest.MonkeyPatch) -> Any:
    """pytest in a process of its own, in a folder with files."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    for name in [name for name in __import__("os").environ if name.startswith("PYTEST_XDIST")]:
        monkeypatch.delenv(name)

    def call(files: dict[str, str], *words: str, strangers: bool = False) -> pytest.RunResult:
        for name, text in files.items():
            path = pytester.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        alone = () if strangers else SLOW
        cache = "cacheprovider" if "--lf" in words else "no:cacheprovider"
        return pytester.runpytest_subprocess("-p", cache, *alone, *words)

    return call


def test_each_run_is_an_item_and_a_failure_is_in_our_words(run: Any) -> None:
    result = run(
        {
            "flows/good.flow.yaml": GOOD,
            "flows/bad.flow.yml": BAD,
            "flows/cases.flow.yaml": CASES,
            "flows/other.yaml": BAD,
            "flows/_part.flow.yaml": BAD,
        },
        "-v",
        strangers=True,
    )
    result.assert_outcomes(passed=2, failed=3)
    result.stdout.fnmatch_lines([
        "flows/bad.flow.yml::bad FAILED*", "flows/cases.flow.yaml::cases?1: n=1? FAILED*", "flows/cases.flow.yaml::cases?2: n=2? PASSED*",
        "flows/good.flow.yaml::good PASSED*",
    ])  # fmt: skip
    result.stdout.fnmatch_lines(
        [
            "healthy: *",
            "*flows/bad.flow.yml:4:*RF102*",
            '*expected  "down" (string)*',
            '*actual    "ok" (string)*',
            "*failed  healthy*",
        ]
    )
    text = result.stdout.str()
    assert "Traceback" not in text
    assert "pytest_plugin.py" not in text
    assert result.ret == 1


def test_tags_are_markers_and_k_x_and_collect_only_work(run: Any) -> None:
    files = {"a.flow.yaml": BAD, "b.flow.yaml": GOOD, "c.flow.yaml": CASES}
    run(files, "-m", "smoke", "--strict-markers").assert_outcomes(passed=1, failed=1, deselected=3)
    run(files, "-m", "slow_api").assert_outcomes(passed=1, deselected=4)
    run(files, "-k", "good or 2").assert_outcomes(passed=2, deselected=3)
    run(files, "-x").assert_outcomes(failed=1)
    listed = run(files, "--collect-only", "-q")
    listed.stdout.fnmatch_lines(["a.flow.yaml::bad", "b.flow.yaml::good", "c.flow.yaml::cases?1: n=1?"])


def test_last_failed_and_junit_know_them(run: Any, pytester: pytest.Pytester) -> None:
    files = {"a.flow.yaml": BAD, "b.flow.yaml": GOOD}
    run(files, "--lf", "--junitxml=run.xml").assert_outcomes(passed=1, failed=1)
    run(files, "--lf").assert_outcomes(failed=1)
    cases = ET.parse(pytester.path / "run.xml").findall(".//testcase")
    assert [case.get("name") for case in cases] == ["bad", "good"]
    failure = cases[0].find("failure")
    assert failure is not None
    assert "RF102" in str(failure.text)


def test_every_yaml_file_of_the_folders_that_the_setting_names(run: Any) -> None:
    files = {
        "pytest.ini": "[pytest]\nrunflow_paths = flows\n",
        "flows/a.yaml": GOOD,
        "flows/sub/b.yml": GOOD,
        "flows/_c.yaml": BAD,
        "flows/runflow.yaml": "{}\n",
        "other/d.yaml": BAD,
    }
    run(files).assert_outcomes(passed=2)


def test_a_broken_file_is_an_error_of_collection_and_the_others_are_collected(run: Any) -> None:
    files = {"a.flow.yaml": "steps:\n  - {get: /x, expct: 200}\n", "b.flow.yaml": GOOD}
    result = run(files, "--continue-on-collection-errors")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*a.flow.yaml:2:*unknown key 'expct' in a step*", "*did you mean 'expect'?*"])
    assert "Traceback" not in result.stdout.str()


def test_a_missing_environment_variable_is_an_error_that_names_it(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("API_URL")
    result = run({"a.flow.yaml": GOOD})
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*API_URL*"])
    assert "Traceback" not in result.stdout.str()


def test_what_is_needed_runs_once_before_and_a_failed_need_skips(run: Any, demo: Counting) -> None:
    good = {
        "a.flow.yaml": f"needs: [z.flow.yaml]\n{GOOD}",
        "b.flow.yaml": f"needs: [z.flow.yaml]\n{GOOD}",
        "z.flow.yaml": GOOD.replace("/health", "/echo"),
    }
    run(good).assert_outcomes(passed=3)
    assert demo.asked.count("GET /echo") == 1
    result = run({**good, "z.flow.yaml": BAD}, "-rs")
    result.assert_outcomes(failed=1, skipped=2)
    result.stdout.fnmatch_lines(["*it needs z.flow.yaml, which failed*"])


def test_one_login_for_all_items_of_a_process_and_one_logout(run: Any, demo: Counting) -> None:
    run({"a.flow.yaml": f"name: a\n{LOGIN}", "b.flow.yaml": f"name: b\n{LOGIN}"}).assert_outcomes(passed=8)
    assert (
        demo.asked.count("POST /login") == 1 or demo.asked.count("POST /login") == demo.asked.count("POST /logout") == 2
    )
    assert demo.asked[-1] == "POST /logout"
    assert demo.asked.count("GET /users/me") == 8


def test_with_xdist_each_worker_logs_in_once(run: Any, demo: Counting) -> None:
    run({"a.flow.yaml": f"name: a\n{LOGIN}"}, "-n", "2", "-p", "xdist").assert_outcomes(passed=4)
    logins = demo.asked.count("POST /login")
    assert 1 <= logins <= 2
    assert demo.asked.count("POST /logout") == logins
    assert demo.asked.count("GET /users/me") == 4


def test_options_give_variables_environment_driver_and_base_url(run: Any, demo: Counting) -> None:
    flow = "inputs: [path, n]\nsteps: [{get: '{{ path }}', expect: {$.path: '{{ path }}'}}, {assert: [n == 3]}]\n"
    words = [
        "--runflow-var",
        "path=/echo",
        "--runflow-var",
        "n:=3",
        "--runflow-base-url",
        demo.url,
        "--runflow-driver",
        "curl",
    ]
    run({"a.flow.yaml": flow}, *words).assert_outcomes(passed=1)
    project = f"environments: {{here: {{base_url: {demo.url}, vars: {{path: /echo, n: 3}}}}}}\n"
    run(
        {"a.flow.yaml": flow.replace("inputs: [path, n]", "vars: {path: /x, n: 1}"), "runflow.yaml": project},
        "--runflow-environment",
        "here",
    ).assert_outcomes(passed=1)
    mistakes = {
        "n:=x": "is not valid JSON",
        "n": "write NAME=TEXT",
        "a b=1": "write NAME=TEXT",
        "=1": "write NAME=TEXT",
    }
    for text, message in mistakes.items():
        wrong = run({"a.flow.yaml": flow}, "--runflow-var", text)
        assert wrong.ret != 0
        assert f"--runflow-var {text}: " in (output := wrong.stdout.str() + wrong.stderr.str())
        assert message in output


APPLICATIONS = """
import json

started = []

def wsgi(environ, start_response):
    if environ["PATH_INFO"] == "/boom":
        raise ValueError("boom in the application")
    body = environ["wsgi.input"].read()
    answer = json.dumps({
        "path": environ["PATH_INFO"], "query": environ["QUERY_STRING"], "body": body.decode(), "host": environ["HTTP_HOST"],
        "cookie": environ.get("HTTP_COOKIE", ""),
    }).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Set-Cookie", "a=b; Path=/")])
    return [answer]

async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            started.append(message["type"])
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    body = (await receive()).get("body", b"")
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    answer = json.dumps({
        "path": scope["path"], "query": scope["query_string"].decode(), "body": body.decode(), "host": headers["host"],
        "cookie": headers.get("cookie", ""),
    }).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json"), (b"set-cookie", b"a=b; Path=/")]})
    await send({"type": "http.response.body", "body": answer})

async def plain(scope, receive, send):
    assert scope["type"] == "http"
    await asgi(scope, receive, send)
"""
FLOW = """\
inputs: [name]
steps:
  - post: "/users/{{ name }}?q=1"
    json: {a: 1}
    expect: {status: 200, $.path: /users/ada, $.query: q=1, $.body: '{"a":1}', $.host: app.test, $.cookie: "", cookie a: b}
  - {get: /x, expect: {$.cookie: a=b}}
"""
TESTS = """
import pytest
from apps import wsgi, asgi, plain, started
from runflow.pytest_plugin import WorkflowFailed

@pytest.mark.parametrize("app", [wsgi, asgi, plain])
def test_an_application_answers(runflow, app):
    result = runflow("flows/flow.yaml", app=app, variables={"name": "ada"})
    assert result.passed
    assert len(result.workflows[0].steps) == 2
    assert started in ([], ["lifespan.startup", "lifespan.shutdown"])

def test_what_fails_says_why(runflow):
    with pytest.raises(WorkflowFailed, match="RF102"):
        runflow("flows/flow.yaml", app=wsgi, variables={"name": "bob"})
    assert not runflow("flows/flow.yaml", app=wsgi, variables={"name": "bob"}, check=False).passed

def test_an_application_that_raises_answers_500(runflow):
    result = runflow("flows/boom.yaml", app=wsgi)
    assert result.passed

def test_a_live_url(runflow, pytestconfig):
    import os
    assert runflow("flows/live.yaml", url=os.environ["API_URL"]).passed

def test_an_invalid_one_is_shown(runflow):
    with pytest.raises(WorkflowFailed, match="unknown key 'expct'"):
        runflow("flows/invalid.yaml", app=wsgi)
    with pytest.raises(WorkflowFailed, match="there is no file or folder"):
        runflow("flows/nothing.yaml")

def test_shown(runflow):
    runflow("flows/flow.yaml", app=asgi, variables={"name": "eve"})
"""


def test_the_fixture_runs_a_workflow_against_a_url_or_an_application_without_a_socket(run: Any) -> None:
    boom = "steps: [{get: /boom, expect: {status: 500, body: {contains: boom in the application}}}]\n"
    live = "steps: [{get: /health, expect: {$.status: ok}}]\n"
    files = {
        "apps.py": APPLICATIONS,
        "test_apps.py": TESTS,
        "flows/flow.yaml": FLOW,
        "flows/boom.yaml": boom,
        "flows/live.yaml": live,
        "flows/invalid.yaml": "steps: [{get: /x, expct: 1}]\n",
    }
    result = run(files, "-W", "error")
    result.assert_outcomes(passed=7, failed=1)
    result.stdout.fnmatch_lines(["*test_shown*", "*flow.yaml:5:*RF102*", '*"/users/eve" (string)*'])


def test_where_no_workflow_is_nothing_of_runflow_is_imported(run: Any) -> None:
    files = {
        "test_a.py": "import sys\ndef test_a():\n    assert not {'runflow.app', 'runflow.plan', 'msgspec', 'jinja2'} & set(sys.modules)\n"
    }
    run(files).assert_outcomes(passed=1)


def test_with_xdist_a_worker_that_dies_fails_exactly_the_item_that_it_ran(run: Any) -> None:
    killer = "import os, pytest\n@pytest.hookimpl(tryfirst=True)\ndef pytest_runtest_call(item):\n    if '3: n=3' in item.name: os._exit(9)\n"
    result = run(
        {"conftest.py": killer, "a.flow.yaml": LOGIN, "b.flow.yaml": LOGIN.replace("{n: 3}", "{n: 5}")}, "-n", "2"
    )
    result.assert_outcomes(passed=7, failed=1)
    result.stdout.fnmatch_lines(["*worker*crashed while running*a.flow.yaml::a*3: n=3*"])
