"""A file that does not fit the language is told everything that is wrong with it, each at its place."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest
from fakes import compile_raw, problems

from runflow.language.document import Document
from runflow.language.project import Project
from runflow.language.schema import struct_schema
from runflow.model.errors import WorkflowError


def test_a_misspelt_key_is_refused_with_what_was_meant() -> None:
    (found,) = problems("steps:\n  - get: /x\n    hedaers: {a: b}\n")
    assert found.message == "unknown key 'hedaers' in a step"
    assert found.hint == "did you mean 'headers'?"
    assert found.place.path == ("steps", 0, "hedaers")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("headers: {a: b}\nsteps: [{get: /x}]", "unknown key 'headers' in a workflow", "defaults: {headers"),
        ("steps: [{get: /x, url: y}]", "unknown key 'url' in a step", "method and the URL as one key"),
        ("steps: [{get: /x, capture: {a: $.a}}]", "unknown key 'capture'", "extract"),
        ("steps: [{get: /x, status: 200}]", "unknown key 'status'", "expect: 200"),
        ("steps: [{get: /x, retry: {evry: 1s}}]", "unknown key 'evry' in `retry`", "did you mean 'every'?"),
        ("steps: [{get: /x, timeout: 30}]", "`timeout` must be a text, not 30", "30s (seconds) or 30ms"),
        ("steps: [{get: /x, http: {max_response_size: 5}}]", "must be a text, not 5", "5kB or 5MB"),
        ("steps: [{get: 3}]", "`get` must be a text, not 3 (integer)", 'quote it to make it a text: "3"'),
        ("steps: [{get: }]", "`get` must be a text, not null", "a value after the key"),
        ("steps: [{get: /x, expect: }]", "`expect` must be", "a value after the key"),
        ("steps: [{get: /x, retry: soon}]", "`retry` must be a whole number or a map", ""),
        ("steps: [{get: /x, retry: {times: -1}}]", "-1 (integer) must be at least 0", ""),
        ("steps: [{get: /x, for_each: 3}]", "`for_each` must be a list or a text", ""),
        ("steps: [{get: /x, assert: [{a: b}]}]", "must be a text or true or false", "quote the whole expression"),
        ("steps: [{get: /x, extract: {a: 1}}]", "`a` must be a text or a map", ""),
        ("steps: [{get: /x, extract: {a: {}}}]", "`from` is missing", "selector"),
        ("steps: [{get: /x, auth: {api_key: {name: a, value: b, in: heder}}}]", "is not allowed here", "'header'?"),
        ("steps: [{get: /x, auth: {api_key: {name: a, value: b, in: zzz}}}]", "is not allowed here", "one of: cookie, header"),
        ("steps: []", "`steps` is empty", "at least one"),
        ("name: x\nbase_url: http://x", "`steps` is missing", "steps, in order"),
        ("steps: [7]", "this entry must be a map, not 7", ""),
        ("name: [1]\nsteps: [{get: /x}]", "`name` must be a text", ""),
        ("steps: [{get: /x}]\nload: {weight: 0}", "must be more than 0", ""),
    ],
)  # fmt: skip
def test_each_mistake_of_shape_has_words_and_a_remedy(text: str, message: str, hint: str) -> None:
    (found,) = problems(text)
    assert message in found.message
    assert hint in found.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("# only a comment\n", "the file is empty"),
        ("just text", "a workflow is a map"),
        ("- a\n", "a workflow is a map"),
    ],
)
def test_what_is_no_map_says_so(text: str, message: str) -> None:
    with pytest.raises(WorkflowError) as caught:
        compile_raw(text)
    assert message in caught.value.message


def test_ten_mistakes_in_a_file_give_ten_errors_in_one_run() -> None:
    text = """
name: ten
hedaers: {}
steps:
  - get: /a
    post: /b
  - get: /c
    json: 1
    form: {a: 1}
  - get: /d/{{ nme }}
    expect: {$.a: {eqals: 1}, status: 900}
  - get: /e
    if: "{{ a }}"
    timeout: 5
  - get: /f
    body: "{{ x | nofilter }}"
    extract: {t: $.x-y}
    expect: {regex (: x}
"""
    found = problems(text)
    assert [problem.message.split(":")[0][:34] for problem in found] == [
        "unknown key 'hedaers' in a workflo",
        "a step has one action, this one ha",
        "a step can have one body, this one",
        "`nme` is never defined in this fil",
        "unknown operator 'eqals'",
        "900 (integer) is not a valid statu",
        "an expression has no braces here",
        "`timeout` must be a text, not 5 (i",
        "there is no filter `nofilter`",
        "`$.x-y` is not a valid JSONPath",
        "the pattern '(' is not valid",
    ]
    lines = [problem.place for problem in found]
    assert all(place is not None for place in lines)


def test_what_only_follows_from_another_mistake_is_not_reported() -> None:
    text = "steps:\n  - get: 3\n  - get: /x\n    extract: {token: {form: $.a}}\n  - get: /y/{{ token }}\n  - 7\n  - get: /z\n    nope: 1\n"
    assert [problem.message[:28] for problem in problems(text)] == [
        "`get` must be a text, not 3 ",
        "`from` is missing",
        "unknown key 'form' in `extra",
        "this entry must be a map, no",
        "unknown key 'nope' in a step",
    ]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("auth: {api: {oauth2: {grant: foo, token_url: /t}}}", '"foo" (string) is not allowed here'),
        (
            "auth: {api: {oauth2: {grant: password, token_url: 5, username: u, password: p}}}",
            "`token_url` must be a text",
        ),
        (
            "auth: {api: {oauth2: {grant: client_credentials, client_id: i, client_secret: s}}}",
            "`token_url` is missing",
        ),
        ("auth: {api: {basic: {username: u}}}", "`password` is missing"),
        ("cases: [5]", "this entry must be a map"),
        ("load: {weight: " + "9" * 400 + "}", "`weight` must be a number"),
        ("defaults: {retry: 1.0}", "`retry` must be a whole number or a map, not 1.0"),
    ],
)
def test_one_wrong_value_hides_no_other_mistake(wrong: str, message: str) -> None:
    text = f"{wrong}\nsteps:\n  - get: /x\n    paginate: {{next: 5}}\n  - get: /{{{{ typo }}}}\n    expect: {{statsu: 200}}\n"
    found = [problem.message for problem in problems(text)]
    assert sorted(found) == sorted([
        next(each for each in found if each.startswith(message)),
        "`next` must be a text or a map, not 5 (integer)",
        next(each for each in found if "`typo`" in each),
        "unknown selector 'statsu'",
    ])  # fmt: skip


def test_x_keys_at_the_top_are_free() -> None:
    assert not problems("x-common: &c {a: b}\nsteps:\n  - get: /x\n    headers: *c\n")


@pytest.mark.parametrize("struct", [Document, Project])
def test_every_key_of_the_language_has_a_description(struct: type[msgspec.Struct]) -> None:
    schema = struct_schema(struct)
    for each in (schema, *schema["$defs"].values()):
        for name, member in each["properties"].items():
            assert member.get("description"), f"{each.get('title', struct.__name__)}.{name} has no description"


def test_threads_may_read_their_first_files_at_the_same_time() -> None:
    """A worker of a cluster does; without a lock a process of four breaks with a segmentation fault."""
    together = """
import sys, threading
from runflow.language.read import read_document
sys.setswitchinterval(1e-6)
barrier, read = threading.Barrier(8), []
def go():
    barrier.wait()
    read.append(read_document({"steps": [{"get": "/x"}]}, "f", []).document)
threads = [threading.Thread(target=go) for _ in range(8)]
[each.start() for each in threads], [each.join() for each in threads]
sys.exit(len(read) != 8 or None in read)
"""
    codes = [subprocess.run([sys.executable, "-c", together], check=False).returncode for _ in range(12)]
    assert codes == [0] * 12
