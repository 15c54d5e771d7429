"""A server that says what no report may take for anything but text, a suite that asks it, and all reports of that suite."""

from __future__ import annotations

import http.server
import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command import run_here
from report_files import REPORT_FILES

PASSWORD = "s3cret pass'word&"
HOSTILE = (
    "</script><img src=x onerror=\"document.title='pwned'\"><!-- ]]> \x1b[31m \u202e \ufffe `{{7*7}}` | @all ::error::x"
)
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0" + bytes(100)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None: ...

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.command, self.path, dict(self.headers), body))  # type: ignore[attr-defined]  # the tests' own
        path = self.path.partition("?")[0]
        status, kind, content = 200, "application/json", b"{}"
        if path == "/hostile":
            content = json.dumps({"text": HOSTILE, "lone": "\ud800", "nul": "\0"}).encode()
        elif path == "/png":
            kind, content = "image/png", PNG
        elif path == "/xml":
            kind, content = "application/xml", b"<a><b>1</b><c/></a>"
        elif path == "/long":
            content = json.dumps([{"id": number} for number in range(500)]).encode()
        elif path == "/busy":
            status, content = 503, b'{"error": "busy"}'
        elif path == "/login":
            content = b'{"token": "tok-3141592653", "big": 12345678901234567890, "price": 1.0}'
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer  # noqa: N815  # as http.server names them


@pytest.fixture(scope="session")
def server() -> Iterator[Any]:
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.asked = []  # type: ignore[attr-defined]  # the tests' own
    made.url = f"http://127.0.0.1:{made.server_port}"  # type: ignore[attr-defined]  # the tests' own
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


FLOWS = {
    "a_login.yaml": """
name: log in & look <around>
tags: [smoke, slow]
vars: {user: ada, limit: 3}
secrets: [token, PASSWORD]
steps:
  - name: log in
    post: /login
    json: {user: "{{ user }}", password: "{{ env.PASSWORD }}"}
    extract: {token: $.token}
  - name: look
    get: /items?key={{ token }}
    headers: {Authorization: "Bearer {{ token }}"}
    expect: {status: 200, duration: {lt: 5s}}
    assert: ["limit == 3"]
  - name: each
    for_each: [1, 2]
    get: /items/{{ item }}
    expect: 200
  - include: _inner.yaml
    with: {number: 7}
""",
    "_inner.yaml": """
inputs: [number]
steps:
  - name: inside
    get: /inner/{{ number }}
    expect: 200
""",
    "b_hostile.yaml": """
name: hostile answers
tags: [smoke]
steps:
  - name: hostile
    get: /hostile
    expect: {$.text: harmless, $.nul: x}
    continue_on_failure: true
  - {name: picture, get: /png, expect: 200}
  - {name: markup, get: /xml, expect: 200}
  - {name: long, get: /long, expect: 200}
""",
    "c_busy.yaml": """
name: busy
cases: [{n: 1}, {n: 2}]
steps:
  - name: ask
    get: /busy?n={{ n }}
    retry: {times: 1, every: 10ms}
    expect: 200
  - {name: never, get: /ok, expect: 200}
""",
    "d_refused.yaml": """
name: nobody listens
base_url: http://127.0.0.1:9
steps:
  - {get: /x, expect: 200}
""",
    "e_skipped.yaml": """
name: left out
if: "1 == 2"
steps:
  - {get: /ok, expect: 200}
""",
}


def command(folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, with the environment of the suite."""
    env = {
        "PASSWORD": PASSWORD, "GITHUB_STEP_SUMMARY": str(folder / "summary.md"), "GITHUB_WORKSPACE": str(folder.parent),
    }  # fmt: skip
    ended = run_here(*map(str, words), cwd=folder, env=env)
    return subprocess.CompletedProcess(words, ended.code, ended.out, ended.err)


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory, server: Any) -> Path:
    """The folder in which the suite ran once, with every report; its exit code is in `code`."""
    folder = tmp_path_factory.mktemp("suite")
    for name, text in FLOWS.items():
        (folder / name).write_text(
            text if "base_url" in text else text.replace("steps:", f"base_url: {server.url}\nsteps:", 1)
        )
    reports = [each for kind, file in REPORT_FILES.items() for each in ("--report", f"{kind}={file}")]
    ended = command(folder, "run", ".", "-j", "4", *reports)
    (folder / "code").write_text(str(ended.returncode))
    (folder / "console").write_text(ended.stdout + ended.stderr)
    return folder


@pytest.fixture(scope="session")
def call() -> Any:
    """Runs the command in a folder, with the environment of the suite."""
    return command
