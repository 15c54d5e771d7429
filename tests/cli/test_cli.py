"""The command line: what it takes, what it says, how it ends. In processes of their own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command import BARE
from limits import limit
from processes import started

from runflow.version import __version__

Write = Callable[[str, str], Path]
PROJECT = Path(__file__).parent.parent.parent
FLOW = "vars: {url: '{{ env.API_URL }}', want: 200}\nbase_url: '{{ url }}'\nsteps:\n  - get: /health\n    expect: {status: '{{ want }}'}\n"


def test_version_and_help(runflow: Any) -> None:
    assert runflow("--version").out == f"runflow {__version__}\n"
    assert runflow("-V").code == 0
    for args in ((), ("--help",), ("-h",)):
        ended = runflow(*args)
        assert "Exit codes" in ended.out
    assert "--var" in runflow("run", "--help").out


def test_the_main_job_runs_on_the_embedded_demo(runflow: Any) -> None:
    ended = runflow("--demo", str(PROJECT / "workflows" / "login_then_fetch.yaml"))
    assert ended.code == 0, ended.out + ended.err
    assert "✓ log in" in ended.out
    assert "1 workflow passed · 2 steps · 5 checks passed" in ended.out


@pytest.mark.parametrize(
    ("flow", "code"),
    [
        ("steps:\n  - get: /health\n    expect: 200\n", 0), ("steps:\n  - get: /health\n    expect: 404\n", 1),
        ("steps:\n  - get: /health\n    expct: 404\n", 2), ("steps:\n  - get: http://127.0.0.1:1/\n", 3),
        ("steps:\n  - get: /health\n    extract: {a: $.nope}\n", 3),
    ],
)  # fmt: skip
def test_exit_codes(runflow: Any, write: Write, demo: str, flow: str, code: int) -> None:
    ended = runflow("run", str(write("a.yaml", f"base_url: {demo}\n{flow}")))
    assert ended.code == code
    assert "Traceback" not in ended.out + ended.err


def test_one_bad_file_among_fifty_and_nothing_is_sent(
    runflow: Any, write: Write, raw_server: Any, tmp_path: Path
) -> None:
    asked: list[int] = []
    url = raw_server(lambda conn: asked.append(1))
    for number in range(49):
        write(f"flows/f{number}.yaml", f"base_url: {url}\nsteps:\n  - get: /x\n")
    write("flows/g.yaml", "steps:\n  - get: /x\n    hedaers: {}\n")
    ended = runflow("flows")
    assert ended.code == 2
    assert "flows/g.yaml:3:5: unknown key 'hedaers' in a step" in ended.err
    assert "1 problem in 1 file; nothing was sent" in ended.err
    assert not asked


def test_problems_show_the_place_the_lines_a_caret_and_a_remedy(runflow: Any, write: Write) -> None:
    write("a.yaml", "steps:\n  - get: /x\n    hedaers: {}\n    timeout: 5\n")
    assert runflow("check", "a.yaml").err == (
        "a.yaml:3:5: unknown key 'hedaers' in a step\n"
        "    2 |   - get: /x\n  > 3 |     hedaers: {}\n      |     ^^^^^^^\n    4 |     timeout: 5\n"
        "  → did you mean 'headers'?\n\n"
        "a.yaml:4:14: `timeout` must be a text, not 5 (integer)\n"
        "    3 |     hedaers: {}\n  > 4 |     timeout: 5\n      |              ^\n"
        "  → write 5s (seconds) or 5ms (milliseconds)\n\n"
        "2 problems in 1 file; nothing was sent\n"
    )


@pytest.mark.parametrize("content", [b"", b"\xff\xfea", b"\0\1\2", b"[" * 9999, b"a: [", b"text"])
def test_check_answers_on_any_file(runflow: Any, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.yaml").write_bytes(content)
    ended = runflow("check", "a.yaml")
    assert ended.code == 2
    assert "a.yaml" in ended.err
    assert "Traceback" not in ended.err


def test_variables_from_options_files_and_the_environment(runflow: Any, write: Write, demo: str) -> None:
    write("a.yaml", FLOW)
    write("vars.yaml", f"url: {demo}\nwant: 404\n")
    write("vars.json", '{"want": 200}')
    write(".env", f"# comment\nexport API_URL='{demo}' \nOTHER=a b # c\n\n")
    assert runflow("a.yaml", env={"API_URL": demo}).code == 0
    assert runflow("a.yaml", "--env-file", ".env").code == 0
    assert runflow("a.yaml", "--env-file", ".env", env={"API_URL": "http://127.0.0.1:1"}).code == 3
    assert runflow("a.yaml", "--vars-file", "vars.yaml").code == 1
    assert runflow("a.yaml", "--vars-file", "vars.yaml", "--vars-file", "vars.json").code == 0
    assert runflow("a.yaml", "--vars-file", "vars.yaml", "--var", "want:=200").code == 0
    ended = runflow("a.yaml")
    assert (ended.code, "the environment variable API_URL is not set" in ended.err) == (2, True)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--var", "x"), "write NAME=TEXT"), (("--var", "1=x"), "write NAME=TEXT"), (("--var", "x:={"), "is not valid JSON"),
        (("--vars-file", "none"), "cannot be read"), (("--vars-file", "list.yaml"), "a map of names"),
        (("--vars-file", "dup.yaml"), "occurs twice"), (("--env-file", "none"), "cannot be read"),
        (("--env-file", "list.yaml"), "write NAME=VALUE"), (("--nope",), "No such option"), (("-e", "staging"), "no environment `staging`"),
        (("--log-level", "loud"), "loud"), (("--log-file", "no/such/dir/x"), "cannot be written"),
        (("--var", "nope=1"), "the variable `nope` is set, but no workflow has it"), (("--seed", "x"), "not a valid integer"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_exit_2_with_words(
    runflow: Any, write: Write, demo: str, args: tuple[str, ...], message: str
) -> None:
    write("a.yaml", FLOW)
    write("list.yaml", "- 1\n")
    write("dup.yaml", "a: 1\na: 2\n")
    ended = runflow("a.yaml", *args, env={"API_URL": demo})
    assert ended.code == 2
    assert message in ended.err
    assert "Traceback" not in ended.err


def test_nothing_selected_is_5_and_no_path_is_2(runflow: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert runflow("empty").code == 5
    assert runflow("check", "empty").code == 5
    assert runflow("list", "empty").code == 5
    for args in (("run",), ("check",), ("none.yaml",)):
        assert runflow(*args).code == 2


def test_check_needs_no_environment_and_list_shows_runs_and_steps(runflow: Any, write: Write) -> None:
    write(
        "a.yaml", "name: A\ntags: [smoke]\nmatrix: {n: [1, 2]}\n" + FLOW + "finally:\n  - name: x\n    get: /{{ n }}\n"
    )
    assert runflow("check", "a.yaml").out == "1 workflow, 2 steps: no problems\n"
    assert runflow("list").out == "a.yaml  A [n=1]  [smoke]\na.yaml  A [n=2]  [smoke]\n"
    assert runflow("list", "--steps").out.endswith("    GET /health\n    finally: x\n")
    write("b.yaml", "nope: 1\n")
    ended = runflow("list")
    assert (ended.code, ended.out.count("\n")) == (2, 2)


def test_quiet_verbose_and_very_verbose(runflow: Any, write: Write, demo: str) -> None:
    write(
        "a.yaml",
        f"base_url: {demo}\nsteps:\n  - post: /echo\n    json: {{a: 1}}\n    expect: 200\n  - get: /status/500\n    expect: any\n",
    )
    quiet, plain, heads, bodies = (runflow("a.yaml", *flags).out for flags in (("-q",), (), ("-v",), ("-vv",)))
    assert len(quiet.splitlines()) == 2
    assert "nothing expected" in plain
    assert "> Content-Type: application/json" in heads
    assert '"a": 1' not in heads
    assert '"a": 1' in bodies


def test_colours_only_when_asked_for(runflow: Any, write: Write, demo: str) -> None:
    write("a.yaml", f"base_url: {demo}\nsteps:\n  - get: /health\n    expect: 404\n")
    assert "\x1b[" not in runflow("a.yaml").out
    assert "\x1b[31m" in runflow("a.yaml", "--color").out
    assert "\x1b[" not in runflow("a.yaml", "--no-color").out


def test_an_ascii_terminal_gets_ascii(runflow: Any, write: Write, demo: str) -> None:
    write(
        "a.yaml",
        f"name: ünï\nbase_url: {demo}\nsteps:\n  - get: /health\n    expect: {{status: 200, $.nope: 1}}\n    extract: {{a: $.no}}\n",
    )
    ended = runflow("a.yaml", env={"PYTHONIOENCODING": "ascii"})
    assert ended.code == 1
    assert ended.out.isascii()
    assert "FAIL" in ended.out
    assert "-> if the value may be missing, add a `default`" in ended.out
    broken = runflow("check", str(write("b.yaml", "ü: 1\nsteps: [{get: /x}]")), env={"PYTHONIOENCODING": "ascii"})
    assert (broken.code, "Traceback" in broken.err) == (2, False)


def test_steps_are_logged_as_text_and_as_json(runflow: Any, write: Write, demo: str, tmp_path: Path) -> None:
    write(
        "a.yaml",
        f"name: A\nbase_url: {demo}\nsteps:\n  - get: /health\n    expect: 200\n  - get: /status/500\n    expect: 200\n"
        f"  - get: https://127.0.0.1:1/\n    http: {{verify: false}}\n",
    )
    ended = runflow("a.yaml", "--log-level", "info", "-q")
    assert "INFO A: GET /health: passed GET" in ended.err
    assert "ERROR A: GET /status/500: failed" in ended.err
    assert runflow("a.yaml", "--log-file", "log.jsonl", "--log-format", "json", "--log-level", "debug").code == 1
    records = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [record["level"] for record in records] == ["DEBUG", "INFO", "ERROR", "INFO", "ERROR"]
    assert (records[2]["step"], records[2]["status"], records[2]["tries"]) == ("GET /status/500", 500, 1)


def test_dry_run_shows_requests_and_sends_nothing(runflow: Any, write: Write, raw_server: Any) -> None:
    asked: list[int] = []
    url = raw_server(lambda conn: asked.append(1))
    write("c.yaml", "inputs: [t]\nsteps:\n  - get: /inner/{{ t }}\n")
    write(
        "a.yaml",
        f"base_url: {url}\nsecrets: [PASS, tok]\nvars: {{tok: secret-1}}\nmatrix: {{m: [1]}}\nsteps:\n  - name: log in\n"
        f"    post: /login\n    json: {{p: '{{{{ env.PASS }}}}', t: '{{{{ tok }}}}'}}\n"
        "    extract: {token: $.token, n: $.n}\n  - get: /me/{{ token | url }}/{{ m }}\n"
        "    headers: {Authorization: 'Bearer {{ token }}'}\n  - set: {x: '{{ 1 + 1 }}'}\n  - get: /{{ item }}/{{ x }}\n"
        "    for_each: [1, 2]\n"
        "  - get: /{{ n + 1 }}\n  - include: c.yaml\n    with: {t: '{{ token }}'}\n  - assert: [true]\nfinally:\n"
        "  - name: '{{ later }}'\n    get: /end\n  - set: {later: 1}\n",
    )
    ended = runflow("--dry-run", "a.yaml", env={"PASS": "pass-word"})
    assert ended.code == 0, ended.err
    assert not asked
    for piece in (
        "POST http",
        '"p": "***"',
        "Bearer {{ token }}",
        "x = 2",
        "(for each)",
        "! not known before it runs",
        "/inner/%7B%7B%20token%20%7D%7D",
        "finally: {{ later }}",
        "nothing was sent",
    ):
        assert piece in ended.out, piece
    assert "pass-word" not in ended.out
    assert "secret-1" not in ended.out
    write("b.yaml", "vars: {a: '{{ 1 / 0 }}'}\nsteps:\n  - get: http://h/\n")
    assert "! the template fails" in runflow("--dry-run", "b.yaml").out


def test_dry_run_masks_computed_secrets_and_draws_the_same_chances_as_the_run(
    runflow: Any, write: Write, demo: str
) -> None:
    write(
        "a.yaml",
        f"base_url: {demo}\nsecrets: [signature]\nsteps:\n"
        f"  - set: {{signature: \"{{{{ 'abc' ~ 'defghi' }}}}\", id: '{{{{ uuid() }}}}'}}\n"
        f"  - get: /echo/{{{{ signature }}}}/{{{{ id }}}}\n",
    )
    dry, wet = runflow("--dry-run", "a.yaml", "--seed", "7"), runflow("a.yaml", "--seed", "7")
    assert "abcdefghi" not in dry.out
    assert "signature = ***" in dry.out
    (url,) = [line.split()[1] for line in dry.out.splitlines() if "GET http" in line]
    assert f"GET {url}  200" in wet.out


def test_schema_completion_and_demo(runflow: Any) -> None:
    assert json.loads(runflow("schema").out)["title"] == "Document"
    assert runflow("schema", "--reference").out.startswith("# Reference")
    for shell in ("bash", "zsh", "fish"):
        assert "_RUNFLOW_COMPLETE" in runflow("completion", shell).out or shell != "bash"
    assert runflow("demo", "--port", "99999").code == 2
    assert runflow("demo", "--host", "256.1.1.1").code == 2


def test_the_demo_serves_until_it_is_interrupted() -> None:
    command = [sys.executable, "-m", "runflow", "demo", "--port", "0"]
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with started(command, env=env, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(8)]
        assert lines[0].startswith("export API_URL=http://127.0.0.1:")
        assert "serving on" in lines[7]
        process.send_signal(2)
        assert process.wait(timeout=limit(1)) == 0


def test_standard_output_closed_early_is_no_traceback(write: Write, demo: str, tmp_path: Path) -> None:
    write("a.yaml", f"base_url: {demo}\nmatrix: {{n: [1, 2, 3]}}\nsteps:\n  - get: /health\n")
    command = [sys.executable, "-m", "runflow", "a.yaml", "-vv"]
    env = BARE | {"PYTHONUNBUFFERED": "1"}
    with started(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read().decode()
        assert process.wait(timeout=limit(1)) == 4
    assert "Traceback" not in err


def test_a_full_disk_is_exit_4(write: Write, demo: str, tmp_path: Path) -> None:
    write("a.yaml", f"base_url: {demo}\nsteps:\n  - get: /health\n")
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT)}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "runflow", "a.yaml"],
            cwd=tmp_path,
            env=env,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 4
    assert b"Traceback" not in done.stderr


def test_a_log_that_cannot_be_written_is_exit_4_and_harms_nothing_else(runflow: Any, write: Write, demo: str) -> None:
    write("a.yaml", f"base_url: {demo}\nsteps:\n  - get: /health\n    expect: 200\n")
    ended = runflow("a.yaml", "--log-file", "/dev/full")
    assert ended.code == 4
    assert "the log report could not be written: no space left on device" in ended.err
    assert "1 workflow passed" in ended.out
    assert "Traceback" not in ended.err


def test_a_read_only_folder_and_no_home_are_no_trouble(runflow: Any, demo: str, write: Write, tmp_path: Path) -> None:
    write("a.yaml", f"base_url: {demo}\nsteps:\n  - get: /health\n    expect: 200\n")
    tmp_path.chmod(0o555)
    assert runflow("a.yaml", env={"HOME": ""}).code == 0
    tmp_path.chmod(0o755)


def test_a_bug_of_ours_says_that_it_is_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from runflow.cli import root

    class Broken:
        def main(self, **_: Any) -> int:
            raise ZeroDivisionError("oops")

    assert root.guarded(Broken()) == 70
    assert "this is a bug in runflow" in capsys.readouterr().err
    from runflow.model.errors import RunflowError

    class Refuses:
        def main(self, **_: Any) -> int:
            raise RunflowError("no", hint="yes")

    assert root.guarded(Refuses()) == 2
    assert "error: no\n  → yes" in capsys.readouterr().err
    import click

    class Aborts:
        def main(self, **_: Any) -> int:
            raise click.Abort

    assert root.guarded(Aborts()) == 130


def test_a_secret_never_reaches_any_sink_even_with_vv(runflow: Any, write: Write, demo: str, tmp_path: Path) -> None:
    write(
        "a.yaml",
        f"base_url: {demo}\nsecrets: [PASS]\nsteps:\n  - post: /echo?q={{{{ env.PASS | urlencode }}}}\n"
        f"    name: with {{{{ env.PASS }}}}\n    json: {{p: '{{{{ env.PASS }}}}', b: '{{{{ env.PASS | b64encode }}}}'}}\n"
        f"    auth: {{basic: {{username: ada, password: '{{{{ env.PASS }}}}'}}}}\n"
        "    expect: {status: 200, $.json.p: something else, body: {matches: nope}}\n    assert: [env.PASS == 'x']\n"
        "  - get: http://127.0.0.1:1/{{ env.PASS }}\n",
    )
    secret = 'pä"ss/w+ord&1'
    ended = runflow(
        "a.yaml", "-vv", "--log-file", "log.json", "--log-format", "json", "--log-level", "debug", env={"PASS": secret}
    )
    assert ended.code == 1
    log = (tmp_path / "log.json").read_text()
    import base64
    from urllib.parse import quote

    for form in (
        secret,
        json.dumps(secret)[1:-1],
        quote(secret, safe=""),
        base64.b64encode(secret.encode()).decode(),
        base64.b64encode(f"ada:{secret}".encode()).decode(),
    ):
        assert form not in ended.out + ended.err + log
    assert "***" in ended.out


def test_a_file_root_can_be_named(runflow: Any, write: Write, demo: str, tmp_path: Path) -> None:
    write("outside.txt", "out")
    write(
        "flows/a.yaml",
        f"base_url: {demo}\nsteps:\n  - post: /echo\n    body: {{file: ../outside.txt}}\n    expect: {{$.body: out}}\n",
    )
    assert runflow("flows/a.yaml").code == 2
    assert runflow("flows/a.yaml", "--file-root", ".").code == 0


SESSION = """
base_url: "{{ env.API_URL }}"
auth:
  api:
    login:
      post: /login
      json: { username: ada, password: "{{ env.API_PASSWORD }}" }
      extract: { token: $.token, expires_in: $.expires_in }
    logout: { post: /logout }
  key: { api_key: { name: X-Key, value: "{{ env.API_KEY }}" } }
  aws: { aws_sigv4: { access_key: AKIDEXAMPLE, secret_key: "{{ env.API_KEY }}", region: r, service: s } }
steps:
  - { get: /users/me, auth: api, expect: 200 }
  - { get: /users/me, expect: 401 }
"""


def test_token_shows_what_is_known_and_never_the_token_unless_it_is_asked_to(runflow: Any, write: Write) -> None:
    write("flow.yaml", SESSION)
    ended = runflow("token", "api", "flow.yaml", "--demo")
    assert ended.code == 0, ended.err
    assert "login of api: POST http://127.0.0.1:" in ended.out
    assert "logout of api: POST" in ended.out
    assert "sent as     header Authorization: Bearer ***" in ended.out
    assert "used by     1 of the 2 requests" in ended.out
    assert "expires     5 min 0 s after it was fetched; renewed 30.00 s before that" in ended.out
    assert 'aud: "demo"' in ended.out
    assert re.search(r"exp: \d+  \(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ, in (5 min 0|4 min 5\d) s\)", ended.out)
    assert "eyJ" not in ended.out + ended.err
    revealed = runflow("token", "api", "flow.yaml", "--demo", "--reveal")
    assert re.fullmatch(r"eyJ[\w.-]+\n", revealed.out)
    assert "logout" not in revealed.err
    assert revealed.out.strip() not in revealed.err


def test_token_shows_credentials_that_are_not_fetched_too(runflow: Any, write: Write) -> None:
    write("flow.yaml", SESSION)
    ended = runflow("token", "key", "flow.yaml", "--demo")
    assert (ended.code, "sent as     header X-Key: ***" in ended.out) == (0, True)
    assert runflow("token", "key", "flow.yaml", "--demo", "--reveal").out == "demo-key-4711\n"
    assert "header Authorization, computed for each request" in runflow("token", "aws", "flow.yaml", "--demo").out


def test_token_says_why_there_is_none(runflow: Any, write: Write) -> None:
    write("flow.yaml", SESSION)
    env = {"API_URL": "http://127.0.0.1:1", "API_PASSWORD": "wrong-wrong", "API_KEY": "abcdef"}
    down = runflow("token", "api", "flow.yaml", env=env)
    assert down.code == 3
    assert "the login of `api` failed: 127.0.0.1:1 refuses the connection" in down.out
    unknown = runflow("token", "apy", "flow.yaml", env=env)
    assert unknown.code == 2
    assert "has no credential `apy`; did you mean 'api'?" in unknown.err
    unset = runflow("token", "api", "flow.yaml")
    assert unset.code == 2
    assert "the environment variable API_PASSWORD is not set" in unset.err


def test_the_dry_run_shows_where_a_token_will_go(runflow: Any, write: Write) -> None:
    write("flow.yaml", SESSION)
    ended = runflow("--dry-run", "--demo", "flow.yaml")
    assert ended.code == 0, ended.err
    assert "Authorization: Bearer {{ token }}" in ended.out
    assert "nothing was sent" in ended.out


def test_two_files_with_one_credential_log_in_once_and_a_judged_logout_decides_the_exit_code(
    runflow: Any, write: Write, demo_env: Any
) -> None:
    write("a.yaml", SESSION)
    write("b.yaml", SESSION)
    ended = runflow("a.yaml", "b.yaml", "-v", env=demo_env)
    assert ended.code == 0, ended.out
    assert ended.out.count("login of api: POST") == 1
    assert ended.out.count("logout of api: POST") == 1
    assert "auth api (login): 1 login, 1 logout" in ended.out
    assert "sent with 2 requests of 2 workflows\n  a: 1 request\n  b: 1 request\n" in ended.out
    assert "login of api" not in runflow("a.yaml", "-q", env=demo_env).out
    write("c.yaml", SESSION.replace("logout: { post: /logout }", "logout: { post: /logout, expect: 500 }"))
    judged = runflow("c.yaml", "-q", env=demo_env)
    assert judged.code == 1
    assert "1 logout failed · 1 workflow passed" in judged.out
    write("d.yaml", SESSION.replace("logout: { post: /logout }", "logout: { post: /status/500 }"))
    warned = runflow("d.yaml", "-q", "--log-level", "info", env=demo_env)
    assert warned.code == 0
    assert "/status/500 returned 500\n" in warned.out.partition("warning: auth api: the logout failed: POST ")[2]
    assert "WARNING auth api: the logout failed" in warned.err
    assert "login of api: POST /login: passed" in warned.err


def test_a_relative_login_without_a_base_url_is_found_before_anything_is_sent(
    runflow: Any, write: Write, demo_env: Any
) -> None:
    write(
        "flow.yaml", SESSION.replace('base_url: "{{ env.API_URL }}"', "").replace("get: /", "get: http://127.0.0.1:1/")
    )
    ended = runflow("flow.yaml", env=demo_env)
    assert ended.code == 2
    assert "flow.yaml:6:13: the URL is relative and flow.yaml has no base_url" in ended.err
