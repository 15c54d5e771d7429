"""What a path finds in a response: the exact value, or a failure. `tests/selectors` holds the compliance suite of RFC 9535."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest
from faults import always, answer
from running import Runflow, Serve

DEEP = b'{"a":' * 400 + b"1" + b"}" * 400
TOO_DEEP = b'{"a":' * 5_000 + b"1" + b"}" * 5_000


class Case(NamedTuple):
    """An answer, what is asked of it (YAML of a step), and how the step ends."""

    body: bytes
    asked: str
    verdict: str
    said: str = ""


CASES = {
    "nothing found, extracted": Case(b'{"a":1}', "extract: {x: $.b}", "error", "$.b"),
    "nothing found, expected": Case(b'{"a":1}', "expect: {$.b: 1}", "failed", "$.b"),
    "nothing found, expected not to equal": Case(b'{"a":1}', "expect: {$.b: {not_equals: 1}}", "failed", "$.b"),
    "nothing found, not": Case(b'{"a":1}', "expect: {$.b: {not: {equals: 1}}}", "failed", "$.b"),
    "nothing found, any of": Case(b'{"a":1}', "expect: {$.b: {any_of: [{equals: 1}, {equals: 2}]}}", "failed", "$.b"),
    "nothing found, absent": Case(b'{"a":1}', "expect: {$.b: {exists: false}}", "passed"),
    "nothing found, a default": Case(b'{"a":1}', "{extract: {x: {from: $.b, default: 7}}, assert: [x == 7]}", "passed"),
    "nothing found by a filter": Case(b'[{"a":1}]', "extract: {x: '$[?@.a==2].a'}", "error", ""),
    "each of nothing": Case(b'{"rows":[]}', "expect: {'$.rows': {each: {$.ok: true}}}", "failed", "rows"),
    "each of nothing found": Case(b'{"rows":[]}', "expect: {'$.rows[*].ok': {each: {equals: true}}}", "failed", "rows"),
    "a found null": Case(b'{"a":null}', "{extract: {x: $.a}, assert: [x is none]}", "passed"),
    "a found null, expected": Case(b'{"a":null}', "expect: {$.a: null}", "passed"),
    "a found null is there": Case(b'{"a":null}', "expect: {$.a: {exists: true}}", "passed"),
    "a found null is no 0": Case(b'{"a":null}', "expect: {$.a: 0}", "failed", "null"),
    "false is no null": Case(b'{"a":false}', "expect: {$.a: null}", "failed", "false"),
    "true is no 1": Case(b'{"a":true}', "expect: {$.a: 1}", "failed", "true"),
    "a text is no number": Case(b'{"a":"1"}', "expect: {$.a: 1}", "failed", "string"),
    "1.0 is 1": Case(b'{"a":1.0}', "expect: {$.a: 1}", "passed"),
    "an empty text is no null": Case(b'{"a":""}', "expect: {$.a: null}", "failed", ""),
    "many found": Case(b'[{"a":1},{"a":2}]', "{extract: {x: '$[*].a'}, assert: ['x == [1, 2]']}", "passed"),
    "many found are no one": Case(b'[{"a":1},{"a":1}]', "expect: {'$[*].a': 1}", "failed", "[1,1]"),
    "one found by a wildcard is a list": Case(b'[{"a":1}]', "expect: {'$[*].a': 1}", "failed", "[1]"),
    "2^53 + 1": Case(b'{"a":9007199254740993}', "expect: {$.a: 9007199254740993}", "passed"),
    "2^53 + 1 is no 2^53": Case(b'{"a":9007199254740993}', "expect: {$.a: 9007199254740992}", "failed", "9007199254740993"),
    "2^53 + 1 and a float": Case(b'{"a":9007199254740993}', "expect: {$.a: 9007199254740992.0}", "failed", ""),
    "2^64": Case(b'{"a":18446744073709551616}', "expect: {$.a: 18446744073709551616}", "passed"),
    "30 digits": Case(b'{"a":123456789012345678901234567890}', "expect: {$.a: 123456789012345678901234567891}", "failed",
        "123456789012345678901234567890"),
    "a number too large for a float": Case(b'{"a":1e400}', "expect: {$.a: {gt: 1}}", "error", ""),
    "minus 0": Case(b'{"a":-0}', "expect: {$.a: 0}", "passed"),
    "400 levels": Case(DEEP, "{extract: {x: $.a.a.a}, expect: {'$..a': {length: 400}}}", "passed"),
    "5,000 levels": Case(TOO_DEEP, "expect: {$..a: {length: 5000}}", "error", "deep"),
    "5,000 levels, only the first": Case(TOO_DEEP, "expect: {$.a: {type: object}}", "passed|error", ""),
    "keys that look like paths": Case(b'{"a.b":1,"$.a":2,"*":3,"a":{"b":4}}',
        "expect: {\"$['a.b']\": 1, \"$['$.a']\": 2, \"$['*']\": 3, $.a.b: 4}", "passed"),
    "a key with a dash": Case(b'{"x-y":1}', "expect: {\"$['x-y']\": 1}", "passed"),
    "keys of another alphabet": Case('{"größe":1,"日本":2}'.encode(), "expect: {$.größe: 1, $.日本: 2}", "passed"),
    "composed and decomposed keys differ": Case('{"e\u0301":1}'.encode(), 'expect: {"$[\'\\u00e9\']": 1}', "failed", ""),
    "an index from the end": Case(b"[1,2,3]", "expect: {'$[-1]': 3}", "passed"),
    "an index beyond the end": Case(b"[1,2,3]", "expect: {'$[3]': {exists: false}}", "passed"),
    "an index of an object": Case(b'{"0":1}', "expect: {'$[0]': {exists: false}}", "passed"),
    "a name of a list": Case(b"[1]", "expect: {$.length: 1}", "failed", ""),
    "no JSON": Case(b"<html>", "expect: {$.a: {exists: false}}", "error", "JSON"),
    "an empty body": Case(b"", "expect: {$.a: {exists: false}}", "failed|error", "empty"),
    "a bare value": Case(b"7", "expect: {$: 7}", "passed"),
}  # fmt: skip


@pytest.mark.parametrize("driver", ["requests", "curl"])
def test_a_path_gives_what_is_there_or_fails(driver: str, runflow: Runflow, serve: Serve, write: Any) -> None:
    for number, (name, case) in enumerate(CASES.items()):
        server = serve(always(answer(case.body)))
        rest = case.asked if case.asked.startswith("{") else f"{{{case.asked}}}"
        write(f"flows/{number:02}.yaml", f"name: {name}\nsteps: [{{get: '{server.url}/', {rest[1:]}]\n")
    ended = runflow("run", "flows", "--driver", driver, "--report", "jsonl=run.jsonl", "--report", "json=run.json")
    assert ended.code == 3, ended.out + ended.err
    steps = ended.steps()
    assert len(steps) == len(CASES)
    wrong = []
    for (name, case), step in zip(CASES.items(), steps, strict=True):
        said = json.dumps(step["tries"][-1], ensure_ascii=False, separators=(",", ":"))
        if step["verdict"] not in case.verdict.split("|") or (step["verdict"] != "passed" and case.said not in said):
            wrong.append((name, step["verdict"], said))
    assert not wrong
    assert "Traceback" not in ended.out + ended.err
    assert ended.megabytes < 300
