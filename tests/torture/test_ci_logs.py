"""What a server sends never begins a line of a log that a CI system reads, for such a line is a command there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from faults import Peer, answer
from running import Runflow, Serve

pytestmark = pytest.mark.slow

COMMANDS = ("::", "##[", "##vso[", "##teamcity[", "not ok", "ok ", "Bail out!", "section_start:")
EVIL = (
    "a\n::stop-commands::x\n##[error]x\n##vso[task.complete]\n##teamcity[x]\nnot ok 1\nok 1\nBail out!\nsection_start:1:x\r\n"
    "::error::x\u2028::error::y\n"
)


def liar(peer: Peer) -> None:
    evil = EVIL.encode()
    while request := peer.read():
        match request.split(b" ", 2)[1]:
            case b"/json":
                peer.say(answer(json.dumps({"a": EVIL, EVIL: {EVIL: 1}, "l": [EVIL]}).encode()))
            case b"/status":
                peer.say(answer(evil, kind=b"text/plain", status=b"500 ::error::x"))
            case b"/nojson":
                peer.say(answer(evil))
            case b"/cut":
                peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + evil)
                return
            case b"/banner":
                peer.say(evil)
                return
            case b"/redirect":
                peer.say(answer(b"", b"Location: ftp://::error::", status=b"302 Found"))
            case _:
                peer.say(answer(evil, b"X-A: ::error::x", b"Set-Cookie: a=::error::", kind=b"text/plain"))


STEPS = """
  - {get: /t, expect: {body: x, $.a: 1}}
  - {get: /t, expect: {body: "a\\n::stop-commands::x\\nother"}}
  - {get: /t, expect: {body: "x\\ny", header X-A: y, cookie a: z}}
  - {get: /t, expect: {body: {contains: "x\\n::error::q", matches: "^\\n::x"}}}
  - {get: /t, expect: {"regex (?s)(.*)": "x\\ny"}}
  - {get: /json, expect: {$.a: "b\\nc", $: {equals: {a: 1}}}, extract: {e: $.a}}
  - {get: "/{{ e | int }}"}
  - {get: /json, expect: {"regex {{ e }}": x, "header {{ e }}": y}}
  - {get: "/{{ e | b64decode }}"}
  - {get: /x, headers: {X: "{{ e }}"}}
  - {get: /json, expect: {$: {schema: {additionalProperties: false}}}}
  - {get: /json, expect: {$: {includes: {x: 1, a: 1}}}}
  - {get: /json, expect: {$.l: {unordered: [1, 2]}}}
  - {get: /json, expect: {$.l: {each: {length: 1}}}}
  - {get: /json, expect: {$.a: {gt: 5}}}
  - {get: /json, expect: {$.a: {type: integer}}}
  - {get: /json, extract: {f: $.nothing}}
  - {get: /status, expect: 200}
  - {get: /nojson, expect: {$.a: 1}}
  - {get: /cut, expect: 200}
  - {get: /banner, expect: 200}
  - {get: /redirect, expect: 200}
  - {name: "n {{ e }}", get: /x, expect: 404}
  - {assert: ["e == 'x'", "e | length < 2"]}
  - {get: /x, auth: {login: {post: /nojson, extract: {token: $.t}}}}
"""


@pytest.mark.parametrize("more", [[], ["-v"], ["-vv", "--curl"], ["-q"], ["--log-level", "debug"]], ids=" ".join)
@pytest.mark.parametrize("driver", ["requests", "curl"])
def test_no_line_of_what_is_printed_is_a_servers(
    driver: str, more: list[str], runflow: Runflow, serve: Serve, write: Any
) -> None:
    server = serve(liar)
    steps = STEPS.replace("}\n", ", continue_on_failure: true}\n")
    write("flow.yaml", f"base_url: {server.url}\nsteps:{steps}")
    kinds = ("github", "tap", "markdown", "junit")
    ended = runflow("run", "flow.yaml", "--driver", driver, *more, *(f"--report={kind}=run.{kind}" for kind in kinds))
    assert ended.code == 3, ended.err
    shown = runflow("show")
    for text in (ended.out, ended.err, shown.out, *((ended.folder / f"run.{kind}").read_text() for kind in kinds)):
        for line in text.splitlines():
            mine = line.startswith(("::error ", "::warning ", "::notice ", "not ok ", "ok ", "    not ok ", "    ok "))
            assert mine or not line.lstrip().startswith(COMMANDS), line
    annotations = (ended.folder / "run.github").read_text().splitlines()
    assert all(line.startswith("::error file=flow.yaml,line=") for line in annotations if line.startswith("::error"))
    points = [
        line
        for line in (ended.folder / "run.tap").read_text().splitlines()
        if line.startswith(("    not ok", "    ok"))
    ]
    assert len(points) == len(STEPS.strip().splitlines())
