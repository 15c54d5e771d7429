"""A server that says a secret back in every form, and every way to fail: nothing that leaves the program holds it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from faults import Peer, answer
from forms import every_form, traces
from running import Runflow, Serve

from runflow.reporters.table import REPORTERS

PASSWORD = 'pä"ss/w+ord&1<x>'
LONG = "long-" + "0123456789abcdefghij" * 12
PEM = "-----BEGIN KEY-----\nTUlTRVJBQkxFLWtleS1saW5lLW9uZQ==\nc2Vjb25kLWxpbmUtb2YtYS1rZXk=\n-----END KEY-----"
NUMBER = "73912845"
TOKEN = "tok-5f3e9a/b+c=="
AFTERWARDS = (
    ["show"],
    ["show", "flows/01.yaml::sends"],
    ["show", "flows/07.yaml::number"],
    ["report", "out/run.jsonl", "--report", "html=again.html"],
)
SECRETS = {"PASSWORD": PASSWORD, "LONG": LONG, "PEM": PEM, "NUMBER": NUMBER}


def talker(peer: Peer) -> None:
    """Says back all that it was sent, and every secret in every form."""
    forms = [form for secret in (*SECRETS.values(), TOKEN) for form in every_form(secret)]
    while request := peer.read():
        path = request.split(b" ", 2)[1].partition(b"?")[0]
        said = quote(request.decode("utf-8", "replace"))
        lines = (
            b"X-Said: " + quote(PASSWORD).encode(),
            b"Set-Cookie: sid=" + quote(LONG).encode(),
            b"X-Number: " + NUMBER.encode(),
        )
        body = json.dumps(
            {"token": TOKEN, "said": said, "forms": forms, "long": LONG, "number": int(NUMBER), LONG: 1}
        ).encode()
        match path:
            case b"/status":
                peer.say(answer(body, *lines, status=b"500 " + quote(PASSWORD).encode()))
            case b"/text":
                peer.say(answer("\n".join(forms).encode(), *lines, kind=b"text/plain; charset=utf-8"))
            case b"/nojson":
                peer.say(answer(LONG.encode() + b" is no JSON", *lines))
            case b"/charset":
                peer.say(answer(body, *lines, kind=b"text/plain; charset=" + LONG.encode()))
            case b"/banner":
                peer.say(LONG.encode() + b"\r\n")
                return
            case b"/head":
                peer.say(b"HTTP/1.1 200 OK\r\n" + LONG.encode() + b"\r\n\r\n")
                return
            case b"/redirect":
                peer.say(answer(b"", b"Location: ftp://h/" + LONG.encode(), status=b"302 Found"))
            case b"/loop":
                peer.say(answer(b"", b"Location: /loop?" + quote(PASSWORD).encode(), status=b"302 Found"))
            case b"/cut":
                peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + body)
                return
            case b"/gone":
                return
            case _:
                peer.say(answer(body, *lines))


FLOW = """
name: "talks {{{{ env.PASSWORD }}}}"
base_url: {url}
secrets: [PASSWORD, LONG, PEM, NUMBER, token]
vars: {{m: {{a: {{b: "{{{{ env.LONG }}}}"}}}}, padded: "12345678901234567890 {{{{ env.LONG }}}}"}}
defaults: {{timeout: 2s}}
steps:
{steps}
"""
STEPS = """
passes: {get: "/x?p={{ env.PASSWORD }}", headers: {X-Key: "{{ env.LONG }}"}, expect: 200, extract: {token: $.token, all: $, text: body}}
sends: {post: "/x/{{env.LONG}}", json: {p: "{{ env.PASSWORD }}", k: "{{env.PEM}}", n: "{{ env.NUMBER | int }}", t: "{{ token }}"}, expect: {$.no: 1}}
form: {post: /x, form: {p: "{{ env.PASSWORD }}"}, cookies: {c: "{{ env.LONG }}"}, expect: {$.forms: []}}
basic: {get: /x, auth: {basic: {username: ada, password: "{{ env.PASSWORD }}"}}, expect: {status: 404}}
bearer: {get: /x, auth: {bearer: "{{ token }}"}, expect: {$.said: {matches: "^nothing"}, body: {contains: "{{ env.PEM }}"}}}
"status {{ env.LONG }}": {get: /status, expect: 200}
text: {get: /text, expect: {body: "{{ env.LONG }}", header X-Said: nothing, header X-Number: {gt: 99999999}, cookie sid: nothing}}
number: {get: /x, expect: {$.number: 1}}
keys: {get: /x, extract: {x: $.nothing}}
includes: {get: /x, expect: {$: {includes: {long: "{{ padded }}", deep: {a: "{{ env.LONG }}"}}}}}
unordered: {get: /x, expect: {$.forms: {unordered: ["{{ env.LONG }}", "{{ padded }}"]}}}
each: {get: /x, expect: {$.forms: {each: {length: 3}}}}
one of: {get: /x, expect: {$.long: {in: ["{{ padded }}", a]}}}
any of: {get: /x, expect: {$.long: {any_of: [{equals: "{{ padded }}"}, {matches: "{{ env.LONG }}x"}]}}}
pattern: {get: /x, expect: {$.long: {matches: "({{ env.LONG }}"}}}
schema: {get: /x, expect: {$: {schema: {properties: {long: {const: a, maxLength: 3}, number: {type: string}}, additionalProperties: false}}}}
gt: {get: /x, expect: {$.long: {gt: 5}}}
date: {get: /x, expect: {$.long: {lt: "2020-01-01T00:00:00Z"}}}
type: {get: /x, expect: {$.long: {type: integer}}}
xpath: {get: /text, expect: {xpath //a: []}}
no JSON: {get: /nojson, expect: {$.a: 1}}
charset: {get: /charset, expect: {body: a}}
banner: {get: /banner, expect: 200}
head: {get: /head, expect: 200}
redirect: {get: /redirect, expect: 200}
loop: {get: /loop, expect: 200, http: {max_redirects: 2}}
cut: {get: "/cut?{{ env.LONG }}", expect: 200}
gone: {get: "/gone/{{ env.PASSWORD }}", expect: 200}
refused: {get: "http://127.0.0.1:1/{{ env.LONG }}", expect: 200}
host: {get: "http://{{ env.LONG }}.test/", expect: 200}
no URL: {get: "{{ env.LONG }}", expect: 200}
"no URL, late": {get: "{{ 'x' * 190 }}{{ env.LONG }}", expect: 200}
bad header: {get: /x, headers: {X: "{{ env.PEM }}"}}
bad cookie: {get: /x, cookies: {"c {{ env.LONG }}": "{{ env.PEM }}"}}
map for text: {get: /x, headers: {X: "{{ m }}"}}
late in a map: {get: /x, params: {X: "{{ {'a': 'x' * 40, 'b': env.LONG} }}"}}
method: {request: "{{ env.PEM }} /x"}
filter: {get: "/{{ env.LONG | int }}"}
from_json: {get: "/{{ (env.LONG ~ '{') | from_json }}"}
b64: {get: "/{{ ('!' ~ env.LONG) | b64decode }}"}
regex: {get: "/{{ ('x' * 100 ~ env.LONG) | regex('nothing(.)') }}"}
date filter: {get: "/{{ env.LONG | datetime('%Y') }}"}
undefined: {get: "/{{ m.a.c }}"}
undefined in all: {get: "/{{ all.nothing }}"}
file: {post: /x, body: {file: "{{ env.LONG }}.txt"}}
for each: {for_each: "{{ env.LONG }}", get: /x}
if: {if: env.LONG, get: /x}
asserts: {assert: ["env.LONG == 'x'", "token == env.PASSWORD", "env.LONG | length < 3 and text == 'a'"]}
sets: {set: {copy: "{{ env.LONG }}{{ m.nothing_here }}"}}
timeout: {get: /x, timeout: "{{ env.LONG }}"}
digest: {get: /x, auth: {digest: {username: "{{ env.LONG }}", password: "{{ env.PASSWORD }}"}}, expect: {$.a: 1}}
login: {get: /x, auth: {login: {post: /nojson, json: {p: "{{ env.PASSWORD }}"}, extract: {token: $.t}}}}
login status: {get: /x, auth: {login: {post: /status, json: {p: "{{ env.PASSWORD }}"}, extract: {token: $.t}}}}
oauth: {get: /x, auth: {oauth2: {grant: client_credentials, token_url: "{{ url }}/nojson", client_id: a, client_secret: "{{ env.LONG }}"}}}
proxy: {get: /x, http: {proxy: "http://user:{{ env.LONG }}@127.0.0.1:1"}}
cert: {get: "https://127.0.0.1:1/", http: {cert: {cert: "{{ env.LONG }}.pem", key: a, password: "{{ env.PASSWORD }}"}}}
multipart: {post: /x, multipart: {p: "{{ env.PEM }}", q: {json: {a: "{{ env.LONG }}"}}}, expect: {$.a: 1}}
graphql: {post: /x, graphql: {query: "{ a }", variables: "{{ env.LONG }}"}}
xml: {post: /x, xml: "<a>{{ env.LONG }}", expect: {$.a: 1}}
"""  # the steps, each a line: its name and the rest of it


def flows(url: str) -> dict[str, str]:
    """A file for each step, behind the first one."""
    lines = STEPS.strip().splitlines()
    found = {}
    for number, line in enumerate(lines):
        steps = dict(each.split(": ", 1) for each in (lines[0], line))
        text = "\n".join(f"  - {{name: {name}, {rest[1:]}" for name, rest in steps.items())
        found[f"{number:02}.yaml"] = FLOW.format(url=url, steps=text.replace("{{ url }}", url))
    return found


@pytest.mark.parametrize("driver", ["requests", "curl"])
@pytest.mark.parametrize("more", [[], ["-vv", "--curl"], ["--dry-run"]], ids=" ".join)
def test_no_sink_holds_a_secret_on_any_failure_path(
    more: list[str], driver: str, runflow: Runflow, serve: Serve, write: Any
) -> None:
    server = serve(talker)
    for name, text in flows(server.url).items():
        write(f"flows/{name}", text)
    reports = [f"--report={kind}=out/run.{kind}" for kind in REPORTERS]
    logs = ["--log-file", "run.log", "--log-level", "debug", "--log-format", "json"]
    dry = "--dry-run" in more
    ended = runflow(
        "run",
        "flows",
        "--driver",
        driver,
        *([] if dry else [*reports, *logs, "--record", "recorded"]),
        *more,
        env=SECRETS,
    )
    assert ended.code == 3 or dry, ended.err
    after = ended.everything()
    for words in [] if dry else AFTERWARDS:
        more_said = runflow(*words, env=SECRETS)
        assert more_said.code in {0, 1, 3}, more_said.err
        after += more_said.everything()
    leaks = {
        (name, form) for name, secret in {**SECRETS, "token": TOKEN}.items() for form in traces(secret) if form in after
    }
    assert not leaks
    for piece in (LONG[:12], LONG[60:90], *PEM.splitlines()[1:3]):
        assert piece not in after, after[max(after.index(piece) - 300, 0) : after.index(piece) + 300]
    assert "Traceback" not in after
    assert dry or after.count("***") > 1000


@pytest.mark.parametrize(
    "step",
    [
        "expect: 201, extract: {token: $.token}",
        "expect: 200, extract: {token: $.tokn}",
        "expect: 200, extract: {token: {from: $.token, filter: int}}",
        "expect: 200, extract: {other: {from: $.tokn, secret: true}}",
    ],
)
def test_a_secret_that_was_to_be_extracted_and_was_not_is_masked_all_the_same(
    step: str, runflow: Runflow, serve: Serve, write: Any
) -> None:
    url = serve(answering(json.dumps({"token": TOKEN, "kind": "bearer", "count": 3}).encode())).url
    write(
        "flow.yaml",
        f"base_url: {url}\nsecrets: [token]\nsteps:\n  - {{get: /x, extract: {{token: $.token}}, if: 1 == 2}}\n  - {{get: /x, {step}}}\n",
    )
    ended = runflow("run", "flow.yaml", "-vv", *(f"--report={kind}=out/run.{kind}" for kind in REPORTERS))
    assert ended.code in {1, 3}, ended.err
    after = ended.everything()
    assert not [form for form in traces(TOKEN) if form in after]
    assert '"kind": "bearer"' in after  # what is too short to be one can be read
    assert '"token": "***"' in after


def answering(body: bytes) -> Any:
    """Says this to every request."""

    def script(peer: Peer) -> None:
        while peer.read():
            peer.say(answer(body))

    return script
