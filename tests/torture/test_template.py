"""What a server sends and what a file writes between braces: data stays data, types stay types, nothing gets out of the sandbox."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from faults import Peer, answer, healthy
from limits import limit
from running import Runflow, Serve

from runflow.reporters.table import REPORTERS

HOSTILE = [
    "{{7*7}}", "{{ env.HOME }}", "{% for x in range(9) %}{{ x }}{% endfor %}", "{# gone #}", "${7*7}", "$(touch pwned)", "`id`",
    "$.token", "../../etc/passwd", "//evil.test/x", "@evil.test", "?admin=1&x=2", "#fragment", "%2e%2e%2f", "a/../b", "\\..\\x",
    "<script>alert(1)</script>", "]]>", "&lt;&#60;", "\u202e\u2066", "\x1b[31mred", "::error::", "##[error]", "not ok 1 # TODO", "a\nb", "\r\n\r\n",
    "\0", "\ufffe", "null", "true", "0123", "1e5", "", " ", "ünïcode ✓", "'\"", "*anchor", "!tag", "--version",
]  # fmt: skip


def taking(values: list[str]) -> Any:
    """A server that gives values, and answers whatever it is sent after that."""

    def script(peer: Peer) -> None:
        while request := peer.read():
            peer.say(answer(json.dumps(values).encode() if request.startswith(b"GET /values ") else b'{"ok":true}'))

    return script


def test_what_a_server_sent_stays_what_it_is_wherever_it_is_put(runflow: Runflow, serve: Serve, write: Any) -> None:
    server = serve(taking(HOSTILE))
    write("flow.yaml", f"""\
base_url: {server.url}
steps:
  - name: take
    get: /values
    extract: {{values: $}}
  - name: "put {{{{ value }}}}"
    for_each: "{{{{ values }}}}"
    as: value
    post: /users/{{{{ value }}}}/x
    params: {{q: "{{{{ value }}}}"}}
    json: {{whole: "{{{{ value }}}}", mixed: "a {{{{ value }}}} b", "{{{{ value }}}}": 1}}
    expect: 200
  - name: judge
    get: /values
    expect: {{$: {{equals: "{{{{ values }}}}"}}, status: 200}}
    assert: ["values[0] | length == 7"]
  - name: fail on it
    get: /values
    expect: {{"$[0]": 49}}
""")  # fmt: skip
    reports = [f"--report={kind}=run.{kind}" for kind in REPORTERS]
    ended = runflow("run", "flow.yaml", "-vv", *reports, "--log-file", "run.log", "--log-level", "debug")
    assert ended.code == 1, ended.out + ended.err
    sent = server.asked[1:-2]
    assert len(sent) == len(HOSTILE)
    for value, request in zip(HOSTILE, sent, strict=True):
        head, _, body = request.partition(b"\r\n\r\n")
        target = head.split(b" ")[1]
        assert target.startswith(b"/users/")
        assert target.count(b"/") == 3
        assert target.count(b"?") == 1
        assert json.loads(body) == {"whole": value, "mixed": f"a {value} b", value: 1}
        assert head.count(b"\r\n") == sent[0].partition(b"\r\n\r\n")[0].count(b"\r\n")
    assert not (ended.folder / "pwned").exists()
    assert not {"\x1b", "\u202e", "\0", "\r"} & set(ended.out + ended.err)
    assert not any(line.startswith("::error::") for line in (ended.folder / "run.github").read_text().splitlines()[1:])
    ET.parse(ended.folder / "run.junit")
    assert "<script>alert" not in (ended.folder / "run.html").read_text()
    for kind in ("json", "har"):
        json.loads((ended.folder / f"run.{kind}").read_text())
    assert [step["name"] for step in ended.steps("run.jsonl")][1] == "put {{7*7}}"


CLIMBING = [
    ("..", "/users/{{ value }}"),
    (".", "/users/{{ value }}/x"),
    ("..", "/users/{{ value }}?q=1"),
    (".", "/users/.{{ value }}/x"),
]


@pytest.mark.parametrize(("value", "url"), CLIMBING)
def test_no_value_climbs_the_path(value: str, url: str, runflow: Runflow, serve: Serve, write: Any) -> None:
    server = serve(taking([value]))
    write(
        "flow.yaml",
        f"base_url: {server.url}\nsteps: [{{get: /values, extract: {{value: '$[0]'}}}}, {{get: '{url}'}}]\n",
    )
    ended = runflow("run", "flow.yaml")
    assert ended.code == 3, ended.out
    assert "a value changes the path of the URL" in ended.out
    assert len(server.asked) == 1


IN_A_HEADER = ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "\x1b[31m", "\x7f", "\x08"]


@pytest.mark.parametrize("driver", ["requests", "curl"])
def test_no_value_ends_a_header_line_or_a_cookie(driver: str, runflow: Runflow, serve: Serve, write: Any) -> None:
    server = serve(taking(IN_A_HEADER))
    write("flow.yaml", f"""\
base_url: {server.url}
steps:
  - {{name: take, get: /values, extract: {{values: $}}}}
  - {{name: header, for_each: "{{{{ values }}}}", get: /h, headers: {{X-A: "{{{{ item }}}}"}}, continue_on_failure: true}}
  - {{name: name, for_each: "{{{{ values }}}}", get: /n, headers: {{"{{{{ item }}}}": a}}, continue_on_failure: true}}
  - {{name: cookie, for_each: "{{{{ values }}}}", get: /c, cookies: {{a: "{{{{ item }}}}"}}, continue_on_failure: true}}
  - {{name: token, for_each: "{{{{ values }}}}", get: /t, auth: {{bearer: "{{{{ item }}}}"}}, continue_on_failure: true}}
  - {{name: method, for_each: "{{{{ values }}}}", request: "{{{{ item }}}} /m", continue_on_failure: true}}
""")  # fmt: skip
    ended = runflow("run", "flow.yaml", "--driver", driver, "--report", "jsonl=run.jsonl")
    assert ended.code == 3, ended.out
    assert len(server.asked) == 1
    judged = [step for step in ended.steps() if step["name"] != "take"]
    assert len(judged) == 5 * len(IN_A_HEADER)
    for step in judged:
        assert step["verdict"] == "error"
        assert step["tries"][-1]["errors"][0]["kind"] in {"policy", "template"}


TYPES = {
    "{{ n }}": None, "{{ t }}": True, "{{ i }}": 7, "{{ f }}": 0.5, "{{ s }}": "0123", "{{ l }}": [1, "2"], "{{ m }}": {"a": None},
    " {{ i }}": " 7", "{{ t }}!": "true!", "x{{ n }}": "xnull", "{{ i + 1 }}": 8, "{{ s }}{{ s }}": "01230123", "{{ s | int }}": 123,
    "{{ big }}": 2**53 + 1, "{{ [big, s] }}": [2**53 + 1, "0123"],
}  # fmt: skip


def test_types_survive(runflow: Runflow, serve: Serve, write: Any) -> None:
    values = {"n": None, "t": True, "i": 7, "f": 0.5, "s": "0123", "l": [1, "2"], "m": {"a": None}, "big": 2**53 + 1}

    def script(peer: Peer) -> None:
        while peer.read():
            peer.say(answer(json.dumps(values).encode()))

    server = serve(script)
    extract = ", ".join(f"{name}: $.{name}" for name in values)
    body = json.dumps([[text] for text in TYPES])
    write(
        "flow.yaml", f"steps: [{{get: {server.url}/, extract: {{{extract}}}}}, {{post: {server.url}/, json: {body}}}]\n"
    )
    ended = runflow("run", "flow.yaml")
    assert ended.code == 0, ended.out + ended.err
    sent = json.loads(server.asked[1].partition(b"\r\n\r\n")[2])
    for (text, value), (came,) in zip(TYPES.items(), sent, strict=True):
        assert (came, type(came)) == (value, type(value)), text


ESCAPES = [
    "''.__class__.__mro__[1].__subclasses__()", "cycler.__init__.__globals__.os.popen('touch pwned')",
    "lipsum.__globals__['os'].system('touch pwned')",
    "self.__init__.__globals__", "namespace.__init__.__globals__", "joiner.__init__", "'{0.__class__}'.format(x)", "'{0.__class__}' | format(x)",
    "x | attr('__class__')", "[x] | map(attribute='__class__') | list", "[x] | map('attr', '__class__') | list", "[x] | groupby('__class__')",
    "[x] | sum(attribute='__class__')", "x['__class__']", "'{0.__class__}'.format_map({'0': x})", "x.mro()", "().__reduce_ex__(2)",
    "file('/etc/passwd')", "file('../secret')",
    "file('/dev/zero')", "env.__class__", "uuid.__globals__", "now.__self__", "uuid.__code__", "(x | string).__dict__",
    "range(10**9) | list | length",
    "response.json", "config", "request.environ", "loop.__class__", "caller()", "varargs", "_", "__import__('os')",
    "open('/etc/passwd').read()", "eval('1')",
]  # fmt: skip
BLOCKS = ["{% import 'os' as os %}", "{% include '/etc/passwd' %}", "{% extends 'x' %}", "{% from 'os' import system %}", "{% raw %}open",
    "{% set x.y = 1 %}"]  # fmt: skip


@pytest.mark.parametrize("template", [*(f"{{{{ {each} }}}}" for each in ESCAPES), *BLOCKS])
def test_nothing_gets_out_of_the_sandbox(template: str, runflow: Runflow, serve: Serve, write: Any) -> None:
    server = serve(healthy())
    flow = {"vars": {"x": "a"}, "steps": [{"post": f"{server.url}/", "json": {"v": template}}]}
    write("flow.yaml", json.dumps(flow))
    ended = runflow("run", "flow.yaml")
    assert ended.code in {2, 3}, (ended.out, server.asked)
    assert server.asked == []
    assert "Traceback" not in ended.err + ended.out
    assert not (ended.folder / "pwned").exists()
    assert ended.seconds < limit(1)


def test_a_name_without_a_value_names_the_step_and_what_is_there(runflow: Runflow, serve: Serve, write: Any) -> None:
    server = serve(healthy())
    write(
        "flow.yaml",
        f"base_url: {server.url}\nsteps:\n  - {{name: ask, get: /, extract: {{got: $}}}}\n"
        "  - name: use it\n    get: /{{ got.lime }}\n",
    )
    ended = runflow("run", "flow.yaml")
    assert ended.code == 3
    assert "use it" in ended.out
    assert "flow.yaml:5:10" in ended.out
    assert "lime" in ended.out
    assert "line" in ended.out
    assert len(server.asked) == 1
