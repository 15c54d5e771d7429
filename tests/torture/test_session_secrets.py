"""A server that says back every secret of a session, in every form: none of it reaches any output."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import pytest
from forms import every_form, traces
from limits import limit, wait_for
from processes import started
from running import PROJECT

PASSWORD = 'pass"word/<1> &ü'
TOKEN = "tok+en/with=odd~chars.1234"
REFRESH = "refresh-token-5678"
SESSION_ID = "session-id-91011"
SECRETS = (PASSWORD, TOKEN, REFRESH, SESSION_ID)

FLOW = """
name: A session whose server talks
base_url: "{{ env.URL }}"
auth:
  api:
    login:
      post: /login
      json: { username: ada, password: "{{ env.PASSWORD }}" }
      extract: { token: $.token, expires_in: $.expires_in, refresh: $.refresh, sid: cookie sid }
    refresh:
      form: { refresh: "{{ refresh }}", sid: "{{ sid }}" }
      post: /refresh
      extract: { token: $.token }
    logout: { post: "/logout?sid={{ sid | urlencode }}", json: { refresh: "{{ refresh }}" } }
  basic: { basic: { username: ada, password: "{{ env.PASSWORD }}" } }
steps:
  - { name: passes, get: /talk, auth: api, expect: 200, extract: { said: body } }
  - { name: fails, get: /talk, auth: api, expect: { body: nothing }, continue_on_failure: true }
  - { name: errs, get: /talk, auth: api, extract: { x: $.nothing }, continue_on_failure: true }
  - { name: basic, get: /talk, auth: basic, expect: { status: 500 }, continue_on_failure: true }
  - { name: said again, post: /talk, json: "{{ said }}", expect: { $.a: 1 }, continue_on_failure: true }
  - { name: refused, get: /refused, auth: api, expect: 200 }
"""


TALK = "\n".join(form for secret in SECRETS for form in every_form(secret))


released = threading.Event()
"""Ends what a server holds."""


class Talker(BaseHTTPRequestHandler):
    """Logs in whoever asks, and says every secret whenever it can."""

    protocol_version = "HTTP/1.1"
    paths: ClassVar[list[str]] = []

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.paths.append(self.path.partition("?")[0])
        login = self.path in {"/login", "/refresh"}
        said = (
            json.dumps({"token": TOKEN, "refresh": REFRESH, "expires_in": 600})
            if login
            else TALK + body.decode("utf-8", "replace")
        )
        if self.path == "/slow":
            released.wait()
        self.send_response(401 if self.path == "/refused" else 200, quote(TOKEN))
        self.send_header("Content-Type", "application/json" if login else "text/plain; charset=utf-8")
        self.send_header("Set-Cookie", f"sid={SESSION_ID}")
        self.send_header("X-Said", quote(PASSWORD))
        self.send_header("WWW-Authenticate", f'Bearer error="invalid_token", error_description="{REFRESH}"')
        content = said.encode()
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = answer  # noqa: N815  # http.server's names

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def talker() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Talker)
    server.daemon_threads = True
    Talker.paths.clear()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    released.clear()
    yield f"http://127.0.0.1:{server.server_port}"
    released.set()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["-q"],
        ["-v"],
        ["-vv"],
        ["-vv", "--log-level", "debug"],
        ["--log-file", "log.txt"],
        ["--log-file", "log.txt", "--log-format", "json", "--log-level", "debug"],
    ],
    ids=" ".join,
)
def test_no_output_holds_a_secret_of_a_session_in_any_form(
    runflow: Any, write: Any, talker: str, tmp_path: Path, options: list[str]
) -> None:
    write("flow.yaml", FLOW)
    ended = runflow("flow.yaml", *options, env={"URL": talker, "PASSWORD": PASSWORD})
    assert ended.code == 3, ended.out + ended.err
    log = tmp_path / "log.txt"
    output = ended.out + ended.err + (log.read_text() if log.exists() else "")
    assert "***" in output
    for secret in SECRETS:
        for form in traces(secret):
            assert form not in output, (secret, form)
    assert {"/login", "/refresh", "/logout", "/refused"} <= set(Talker.paths)


@pytest.mark.parametrize("options", [[], ["-vv"]])
def test_token_shows_none_of_them_either(runflow: Any, write: Any, talker: str, options: list[str]) -> None:
    write("flow.yaml", FLOW)
    ended = runflow("token", "api", "flow.yaml", *options, env={"URL": talker, "PASSWORD": PASSWORD})
    assert ended.code == 0, ended.err
    for secret in SECRETS:
        for form in traces(secret):
            assert form not in ended.out + ended.err, (secret, form)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_still_logs_out_once(write: Any, talker: str, tmp_path: Path, number: int) -> None:
    write(
        "flow.yaml", FLOW.replace("steps:\n", "steps:\n  - { get: /first, auth: api }\n  - { get: /slow, auth: api }\n")
    )
    command = [sys.executable, "-m", "runflow", "flow.yaml"]
    env = {"URL": talker, "PASSWORD": PASSWORD, "PYTHONPATH": str(PROJECT), "PATH": "/usr/bin"}
    pipe = subprocess.PIPE
    with started(command, cwd=tmp_path, env=env, stdout=pipe, stderr=pipe, text=True) as process:
        wait_for(lambda: "/slow" in Talker.paths, what="the slow request")
        process.send_signal(number)
        out, err = process.communicate(timeout=limit(1))
    assert process.returncode == 128 + number, out + err
    assert Talker.paths.count("/logout") == 1
    assert "logout of api" in out


def test_a_login_that_hangs_ends_with_the_workflow_and_the_next_one_tries_itself(
    runflow: Any, write: Any, talker: str
) -> None:
    hanging = FLOW.replace("post: /login", "post: /slow")
    write("a.yaml", f"timeout: 1s\n{hanging}")
    write("b.yaml", f"timeout: 2s\n{hanging}")
    ended = runflow("-j", "1", "a.yaml", "b.yaml", env={"URL": talker, "PASSWORD": PASSWORD})
    assert ended.code == 3, ended.out + ended.err
    assert "the workflow took longer than its timeout of 1.00 s" in ended.out
    assert "the workflow took longer than its timeout of 2.00 s" in ended.out
    assert Talker.paths.count("/slow") == 2
