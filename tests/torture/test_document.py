"""A hostile or broken file is found before anything is sent, with its place and its remedy, in time and within bounds, without a crash."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import pytest
from faults import healthy
from limits import limit
from running import Ended, Runflow, Serve, run

STEP = "steps: [{get: 'http://a.test/'}]\n"
BLOCK = "steps:\n  - get: http://a.test/\n"
SECONDS = 1.5
MEGABYTES = 600


class Bad(NamedTuple):
    """A document, the place that is named, and pieces of what is said about it."""

    text: str | bytes
    place: str
    said: tuple[str, ...]


def step(rest: str) -> str:
    return f"steps: [{{get: 'http://a.test/', {rest}}}]\n"


BAD: dict[str, Bad] = {
    "a duplicate key": Bad(STEP + "name: a\nname: b\n", "3:1", ("'name' occurs twice: lines 2 and 3", "remove one")),
    "a duplicate key, deep": Bad(BLOCK + "    json:\n      - b:\n          c: 1\n          c: 2\n", "6:11", ("'c' occurs twice: lines 5 and 6",)),
    "a duplicate key, quoted": Bad(STEP + "vars:\n  a: 1\n  'a': 2\n", "4:3", ("lines 3 and 4",)),
    "an alias that contains itself": Bad("steps: &a [*a]\n", "1:12", ("alias *a contains itself",)),
    "an alias that contains itself, deep": Bad("vars: {a: &a {b: [1, *a]}}\n" + STEP, "1:22", ("alias *a contains itself",)),
    "a merge of itself": Bad("x-a: &a {<<: *a}\n" + STEP, "1:14", ("alias *a contains itself",)),
    "a merge of no map": Bad("x-a: &a 1\nvars: {<<: *a}\n" + STEP, "2:12", ("<< merges a map",)),
    "a tag that runs code": Bad("vars: {a: !!python/object/apply:os.system ['touch pwned']}\n" + STEP, "1:11",
        ("tags are not part of the language",)),
    "a tag": Bad("vars: {a: !x 1}\n" + STEP, "1:11", ("tags are not part of the language: !x", "quote")),
    "a misspelt key": Bad(step("expct: 200"), "1:33", ("unknown key 'expct'", "did you mean 'expect'?")),
    "a misspelt operator": Bad(step("expect: {$.a: {equal: 1}}"), "1:48", ("did you mean 'equals'?",)),
    "an unquoted template": Bad(BLOCK + "    headers:\n      X: {{ x }}\n", "4:10", ("a template must be quoted", 'quote it: "{{')),
    "a huge integer": Bad(f"vars: {{a: {'9' * 5000}}}\n" + STEP, "1:11", ("the number is too large",)),
    "a huge float": Bad("vars: {a: 1e999}\n" + STEP, "1:11", ("the number is too large",)),
    "nothing": Bad("", "", ("the file is empty",)),
    "a comment": Bad("# nothing\n", "1:1", ("the file is empty",)),
    "a scalar": Bad("hello\n", "1:1", ('a workflow is a map with a `steps` list, not "hello"',)),
    "a list": Bad("- a\n", "1:1", ("a workflow is a map",)),
    "several documents": Bad(STEP + "---\n" + STEP, "2:1", ("a second document begins here",)),
    "UTF-16": Bad(STEP.encode("utf-16"), "1:1", ("the file is UTF-16", "save it as UTF-8")),
    "UTF-16 without a mark": Bad(STEP.encode("utf-16-be"), "1:1", ("the file is UTF-16",)),
    "Latin-1": Bad(b"name: gr\xf6\xdfe\n" + STEP.encode(), "1:9", ("byte 0xf6 is not UTF-8",)),
    "a NUL": Bad((STEP + "name: 'a\0b'\n").encode(), "2:9", ("NUL byte",)),
    "a lone surrogate": Bad(STEP + 'name: "a\\ud800"\n', "2:11", ("invalid Unicode character",)),
    "a binary": Bad(bytes(range(256)) * 20, "1:1", ("binary",)),
    "an archive": Bad(b"\x1f\x8b\x08\x00" + b"\0" * 100, "1:4", ("binary",)),
    "tabs": Bad("steps:\n\t- get: /\n", "2:1", ("with spaces, not with tabs",)),
    "a quote that stays open": Bad(STEP + 'name: "abc\nvars: {a: 1}\n', "2:7", ("close the quote that opens here",)),
    "a quote that another closes": Bad("name: 'abc\n" + STEP, "2:16", ("close the quote that opens in the line above",)),
    "an escape in a name": Bad(STEP + '"na\\e[31mme": x\n', "2:1", ("unknown key 'na\\x1b[31mme'",)),
    "a bidi override in a name": Bad(STEP + '"na\u202eme": x\n', "2:1", ("unknown key 'na\\u202eme'", "did you mean 'name'?")),
    "a map as a key": Bad(STEP + "? {a: b}\n: 1\n", "2:3", ("a key is a map or a list",)),
    "another YAML": Bad("%YAML 9.9\n---\n" + STEP, "1:1", ("not valid YAML",)),
    "no steps": Bad("name: a\n", "1:1", ("`steps` is missing",)),
    "steps without a step": Bad("steps: []\n", "1:1", ("`steps` is empty",)),
    "an expectation of nothing": Bad(step("expect: {}"), "1:33", ("`expect` is empty",)),
    "a key with nothing after it": Bad(step("expect: "), "1:41", ("write a value after the key",)),
    "two actions": Bad(step("post: 'http://a.test/'"), "1:33", ("a step has one action",)),
    "a name that nobody gives": Bad("steps: [{get: 'http://a.test/{{ nope }}'}]\n", "1:15", ("`nope` is never defined in this file",)),
    "a wrong pattern": Bad(step("expect: {body: {matches: '(((a'}}"), "1:58", ("the pattern '(((a' is not valid",)),
    "a text against a number": Bad(step("expect: {header X: 1}"), "1:52", ("is always a text", "quote it")),
    "timeout 0": Bad(step("timeout: 0s"), "1:42", ("the timeout must be greater than zero",)),
    "timeout NaN": Bad(step("timeout: NaN"), "1:42", ("'NaN' is not a duration",)),
    "a bare timeout": Bad(step("timeout: 5"), "1:42", ("5s (seconds) or 5ms",)),
    "a negative timeout": Bad(step("timeout: -1s"), "1:42", ("'-1s' is not a duration",)),
    "a timeout beyond all clocks": Bad(step(f"timeout: {'9' * 400}h"), "1:42", ("longer than a hundred years",)),
    "a size beyond all memory": Bad(step(f"http: {{max_response_size: {'9' * 400}GB}}"), "1:59", ("more than 1,000,000 GB",)),
    "port 0": Bad("steps: [{get: 'http://a.test:0/'}]\n", "1:15", ("port 0 cannot be used",)),
    "port 99999": Bad("steps: [{get: 'http://a.test:99999/'}]\n", "1:15", ("out of range",)),
    "port 0 below a template": Bad("steps: [{get: 'http://a.test:0/{{ uuid() }}'}]\n", "1:15", ("port 0",)),
    "a host with an empty part": Bad("base_url: http://a..b\nsteps: [{get: /}]\n", "1:11", ("has an empty part",)),
    "a host that is too long": Bad(f"steps: [{{get: 'http://{'a' * 64}.test/'}}]\n", "1:15", ("longer than 63 characters",)),
    "no host": Bad("steps: [{get: 'http:///x'}]\n", "1:15", ("it has no host",)),
    "a host with a space": Bad("steps: [{get: 'http://a b/'}]\n", "1:15", ("'a b' is not a valid host name",)),
    "half an IPv6 address": Bad("steps: [{get: 'http://[::1/'}]\n", "1:15", ("Invalid IPv6 URL",)),
    "a user in a URL": Bad("steps: [{get: 'http://a:b@a.test/'}]\n", "1:15", ("it contains a user name", "auth:")),
    "another scheme": Bad("steps: [{get: 'file:///etc/passwd'}]\n", "1:15", ("neither a path nor an http(s) URL", "only http and https")),
    "a header of two lines": Bad(step('headers: {X: "a\\r\\nb"}'), "1:46", ("a control character", "one line of text")),
    "a header with ESC": Bad(step('headers: {X: "a\\e[31m"}'), "1:46", ("a control character ('\\x1b')",)),
    "no header name": Bad(step("headers: {'X Y': a}"), "1:43", ("'X Y' is not a valid header name",)),
    "a method that is none": Bad("steps: [{request: 'G(T) http://a.test/'}]\n", "1:19", ("'G(T)' is not a valid method",)),
    "an include of itself": Bad("steps: [{include: flow.yaml}]\n", "1:19", ("circular include: flow.yaml → flow.yaml",)),
}  # fmt: skip


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """One run of every broken document, each in a folder of its own."""
    folder = tmp_path_factory.mktemp("broken")
    for number, bad in enumerate(BAD.values()):
        path = folder / f"{number:03}" / "flow.yaml"
        path.parent.mkdir()
        path.write_bytes(bad.text if isinstance(bad.text, bytes) else bad.text.encode())
    return run(folder, "run", *(f"{number:03}/flow.yaml" for number in range(len(BAD))))


@pytest.mark.parametrize("name", BAD)
def test_a_broken_document_is_refused_with_its_place_and_its_remedy(name: str, refused: Ended) -> None:
    bad, file = BAD[name], f"{list(BAD).index(name):03}/flow.yaml"
    blocks = re.split(r"^(?=\d{3}/flow\.yaml)", refused.err, flags=re.MULTILINE)
    problems = [each.replace(file, "flow.yaml") for each in blocks if each.startswith(file)]
    assert problems
    assert any(each.startswith(f"flow.yaml:{bad.place}: " if bad.place else "flow.yaml: ") for each in problems)
    for piece in bad.said:
        assert any(piece in each for each in problems), problems


def test_broken_documents_are_refused_in_time_and_within_bounds(refused: Ended) -> None:
    assert refused.code == 2, refused.out + refused.err
    assert "nothing was sent" in refused.err
    assert "Traceback" not in refused.err
    assert not {"\x1b", "\u202e", "\0"} & set(refused.err)
    assert not list(refused.folder.rglob("pwned"))
    assert refused.seconds < limit(SECONDS)
    assert refused.megabytes < MEGABYTES


LARGE = {
    "many duplicates": "a: 1\n" * 300_000,
    "many unknown keys": "steps:\n" + "".join(f"  - get: /x\n    k{number}: 1\n" for number in range(20_000)),
    "many bad templates": "steps:\n" + "".join(f"  - get: '/{{{{ a{number} | nope }}}}'\n" for number in range(5_000)),
    "one long broken line": "e: {" + "$" * 2_000_000 + " [",
    "one long broken line of colons": "a: b" + " :x" * 600_000 + ": c\n",
    "deep lists": "[" * 500_000,
    "deep maps": "{a: " * 200_000,
    "deep indentation": "".join(" " * depth + "a:\n" for depth in range(1500)),
    "deep parentheses": BLOCK + "    if: " + "(" * 50_000 + "\n",
    "a long expression": BLOCK + "    if: " + " + ".join(["a"] * 30_000) + "\nvars: {a: 1}\n",
    "a long template": BLOCK + "    body: '" + "{{ a + 1 }}" * 100_000 + "'\nvars: {a: 1}\n",
    "a plain template, long": BLOCK + "    headers: {X: '" + "{{ a }}" * 100_000 + "'}\nvars: {a: 1}\n",
    "a huge constant": BLOCK + "    if: \"'a' * 10**12 == 'b' or 9**9**9 > 1 or ('x' | center(10**11))\"\n",
    "a deep path": BLOCK + "    expect:\n      $" + "[?@" * 20_000 + ": 1\n",
    "a long path": BLOCK + "    expect:\n      $" + "['a']" * 200_000 + ": 1\n",
    "a pattern of groups": BLOCK + "    expect:\n      regex " + "(" * 100_000 + ": 1\n",
    "a large matrix": "matrix:\n" + "".join(f"  a{number}: [1, 2, 3, 4]\n" for number in range(30)) + BLOCK,
    "exploding aliases": "x-0: &a0 [1]\n"
    + "".join(f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 20)}]\n" for n in range(1, 20))
    + BLOCK,
    "exploding merges": "x-0: &a0 {k: 1}\n"
    + "".join(f"x-{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 20)}], k{n}: 1}}\n" for n in range(1, 20))
    + BLOCK,
    "a long key": "? " + "k" * 3_000_000 + "\n: 1\n",
    "nested anchors": "&a " * 10_000,
    "quotes": "'" * 1_000_001,
    "percent": "%" * 1_000_000,
    "a schema of references": BLOCK + "    expect: {$.a: {schema: {$ref: '#'}}}\n",
    "100 MB": "# " + "x" * 100_000_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_checking_a_hostile_document_ends_with_an_answer(name: str, runflow: Runflow, write: Any) -> None:
    write("flow.yaml", LARGE[name])
    ended = runflow("check", "flow.yaml")
    assert ended.code in {0, 2}, ended.err[-2000:]
    assert "Traceback" not in ended.err
    assert len(ended.out) + len(ended.err) < 2_000_000
    assert ended.seconds < limit(4)  # 300,000 problems take longest
    assert ended.megabytes < MEGABYTES


GOOD = {
    "a byte order mark": b"\xef\xbb\xbf%b",
    "CRLF": b"%b",
    "a lone =": b"%bvars: {a: =}\n",
    "words of an older YAML": b"%bvars: {a: yes, b: 012, c: 12:30, d: 1_000, e: .5}\n",
    "a directive": b"%%YAML 1.1\n---\n%b",
    "JSON": b"%b",
}


@pytest.mark.parametrize("name", GOOD)
def test_what_is_unusual_and_right_runs(name: str, runflow: Runflow, serve: Serve, write: Any) -> None:
    server = serve(healthy())
    text = f'{{"steps": [{{"get": "{server.url}/", "expect": 200}}]}}\n'
    if name != "JSON":
        text = f"steps:\n  - get: {server.url}/\n    expect: 200\n"
    if name == "CRLF":
        text = text.replace("\n", "\r\n")
    write("flow.yaml", "").write_bytes(GOOD[name] % text.encode())
    ended = runflow("run", "flow.yaml")
    assert ended.code == 0, ended.out + ended.err
    assert len(server.asked) == 1


def test_one_bad_file_among_fifty_and_nothing_is_sent(runflow: Runflow, serve: Serve, write: Any) -> None:
    server = serve(healthy())
    for number in range(50):
        write(
            f"flows/{number:02}.yaml",
            f"steps: [{{get: {server.url}/, {'expct' if number == 31 else 'expect'}: 200}}]\n",
        )
    ended = runflow("run", "flows")
    assert ended.code == 2
    assert "31.yaml:1:" in ended.err
    assert "1 problem in 1 file; nothing was sent" in ended.err
    assert server.asked == []
