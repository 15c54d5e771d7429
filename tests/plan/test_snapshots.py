"""`snapshot`: what a selector finds is what was stored, but for what is ignored; and nothing stored is no pass."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fakes import ROOT, answer, problems, run

from runflow.model.results import Snapshot

FLOW = """\
steps:
  - name: item
    get: /item
    expect: {$.item: {snapshot: ARGUMENT}}
"""
NAME = "__snapshots__/flow.yaml.json"


def stored(value: Any, step: str = "item", selector: str = "$.item", case: str = "") -> dict[str, str]:
    return {NAME: json.dumps({step: {selector: {case: value}}})}


@pytest.mark.parametrize(
    ("argument", "known", "came", "verdict"),
    [
        ("true", {"a": 1}, {"a": 1}, "passed"),
        ("true", {"a": 1}, {"a": 1.0}, "passed"),
        ("true", {"a": 1}, {"a": "1"}, "failed"),
        ("true", {"a": 1}, {"a": 1, "b": 2}, "failed"),
        ("true", "text", "text", "passed"),
        ("true", None, None, "passed"),
        ("{ignore: [$.id]}", {"a": 1}, {"a": 1, "id": 7}, "passed"),
        ("{ignore: [$.id]}", {"a": 1, "id": 7}, {"a": 1, "id": 7}, "failed"),  # stored before it was ignored
        ("{ignore: [$.id]}", {"a": 1}, {"a": 1}, "passed"),
        ("{ignore: [$.id]}", {"a": 1}, {"a": 2, "id": 7}, "failed"),
        ('{ignore: ["$[*].at", "$[0]"]}', [{"n": 2}], [{"n": 1, "at": 3}, {"n": 2, "at": 4}], "passed"),
        ('{ignore: ["$[-1]"]}', [1, 2], [1, 2, 3], "passed"),
        ('{ignore: ["$[0]"]}', [2, 3], [9, 3], "failed"),  # what is ignored is ignored once
        ('{ignore: ["$..at"]}', {"a": {}, "b": [{}]}, {"a": {"at": {"at": 1}}, "b": [{"at": 2}], "at": 3}, "passed"),
    ],
)
def test_what_is_found_is_what_is_stored_without_what_is_ignored(
    argument: str, known: Any, came: Any, verdict: str
) -> None:
    ran = run(FLOW.replace("ARGUMENT", argument), [answer(200, {"item": came})], files=stored(known))
    assert ran.verdict == verdict
    for check in ran.checks:
        assert check.operator == "snapshot"
        assert check.where.line == 4


def test_without_a_snapshot_nothing_passes_and_it_is_said_how_one_is_stored() -> None:
    for files in ({}, stored(1, step="another"), stored(1, selector="$.other"), stored(1, case="[1: n=1]")):
        ran = run(FLOW.replace("ARGUMENT", "true"), [answer(200, {"item": 1})], files=files)
        assert ran.verdict == "error"
        (error,) = ran.errors
        assert error.message == "no snapshot of `$.item` is stored for this step"
        assert error.hint == "check the response, then store the value: runflow run flow.yaml --update-snapshots"
        assert error.where.line == 4


def test_what_is_not_there_fails_whatever_is_stored() -> None:
    for files, snapshots, expected in (
        (stored(3), None, 3),
        (stored(3), [].append, 3),
        ({}, [].append, "a value to store"),
    ):
        ran = run(FLOW.replace("ARGUMENT", "true"), [answer(200, {})], files=files, snapshots=snapshots)
        assert (ran.verdict, ran.checks[0].detail) == ("failed", "nothing was found there")
        assert ran.checks[0].expected == expected


def test_each_case_and_each_turn_has_its_own() -> None:
    flow = "cases: [{n: 1}, {n: 2}]\nsteps: [{name: item, get: /item, for_each: [a, b], expect: {$.item: {snapshot: true}}}]\n"
    values = {
        "item [0]": {"$.item": {"[1: n=1]": 10, "[2: n=2]": 20}},
        "item [1]": {"$.item": {"[1: n=1]": 11, "[2: n=2]": 21}},
    }
    files = {NAME: json.dumps(values)}
    for row, came in ((0, [10, 11]), (1, [20, 21])):
        assert run(flow, [answer(200, {"item": each}) for each in came], files=files, row=row).verdict == "passed"
        assert run(flow, [answer(200, {"item": each}) for each in came], files=files, row=1 - row).verdict == "failed"


def test_a_login_has_one_for_all_cases() -> None:
    flow = (
        "cases: [{n: 1}, {n: 2}]\n"
        "auth: {api: {login: {name: log in, post: /login, extract: {token: $.token}, expect: {$.kind: {snapshot: true}}}}}\n"
        "steps: [{get: /x, auth: api}]\n"
    )
    files = stored("bearer", step="log in", selector="$.kind")
    for row in (0, 1):
        answers = [answer(200, {"token": "tok-123456", "kind": "bearer"}), answer()]
        assert run(flow, answers, files=files, row=row).verdict == "passed"


def taken(text: str, answers: list[Any], **options: Any) -> tuple[str, list[Snapshot]]:
    found: list[Snapshot] = []
    return run(text, answers, snapshots=found.append, **options).verdict, found


def test_what_is_stored_is_what_counts_of_a_step_that_passed() -> None:
    flow = FLOW.replace("ARGUMENT", "{ignore: [$.id]}")
    came = answer(200, {"item": {"id": 1, "a": 2}})
    file = ROOT / NAME
    assert taken(flow, [came]) == ("passed", [Snapshot(file, "item", "$.item", "", {"a": 2})])
    assert taken(flow.replace("snapshot:", "empty: true, snapshot:"), [came]) == ("failed", [])
    again = flow.replace("get:", "retry: {times: 1, every: 1ms}\n    assert: [response.json.ready]\n    get:")
    late = [answer(200, {"item": {"a": 1}, "ready": False}), answer(200, {"item": {"a": 2}, "ready": True})]
    assert taken(again, late) == ("passed", [Snapshot(file, "item", "$.item", "", {"a": 2})])


def test_no_secret_is_stored(write: Any, runflow: Any, demo_env: dict[str, str]) -> None:
    write(
        "flow.yaml",
        'base_url: "{{ env.API_URL }}"\nsecrets: [token]\nsteps:\n'
        "  - post: /login\n    json: {username: ada, password: '{{ env.API_PASSWORD }}'}\n"
        "    extract: {token: $.token}\n    expect: {$: {snapshot: IGNORE}}\n".replace("IGNORE", "true"),
    )
    ended = runflow("flow.yaml", "--update-snapshots", env=demo_env)
    assert ended.code == 3
    assert "a snapshot of `$` would hold a secret" in ended.out
    assert "→ add its path to `ignore`" in ended.out


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ("{$.a: {snapshot: false}}", "`snapshot` takes true or {ignore: [paths]}, not false"),
        ("{$.a: {snapshot: {}}}", "`snapshot` takes true or {ignore: [paths]}"),
        ("{$.a: {snapshot: {ignore: []}}}", "`ignore` takes a list of paths into the value"),
        ("{$.a: {snapshot: {ignore: [3]}}}", "`ignore` takes a list of paths into the value"),
        ("{$.a: {snapshot: {ignore: [id]}}}", "`id` is not a valid JSONPath"),
        ("{$.a: {snapshot: {ignore: [$]}}}", "this path ignores the whole value"),
        ("{$.a: {not: {snapshot: true}}}", "`snapshot` must be directly under a selector"),
        ("{$.a: {$.b: {snapshot: true}}}", "`snapshot` must be directly under a selector"),
        ("{$.a: {any_of: [{snapshot: true}]}}", "`snapshot` must be directly under a selector"),
        ("{status: {snapshot: true}}", "`snapshot` must be directly under a selector"),
        ("{'$.a[?@.id == {{ 3 }}]': {snapshot: true}}", "`snapshot` needs a selector without a template"),
    ],
)
def test_a_snapshot_that_is_wrong_is_refused_before_anything_is_sent(expect: str, message: str) -> None:
    found = problems(f"steps:\n  - get: /x\n    expect: {expect}\n")
    assert message in found[0].message


def test_two_steps_of_one_name_cannot_share_a_place() -> None:
    step = "{name: item, get: /x, expect: {$.a: {snapshot: true}}}"
    (found,) = problems(f"steps: [{step}, {step}]\n")
    assert found.message == "another step with the name 'item' also has a snapshot of `$.a`"
    assert found.place.path == ("steps", 1, "expect", "$.a", "snapshot")
    assert problems(f"steps: [{step}, {step.replace('$.a', '$.b')}]\n") == []


@pytest.mark.parametrize("content", ["{", "[]", '{"item": 3}', '{"item": {"$.item": 3}}', b"\xff"])
def test_a_file_of_snapshots_that_cannot_be_read_is_a_mistake(content: str | bytes) -> None:
    (found,) = problems(FLOW.replace("ARGUMENT", "true"), files={NAME: content})
    assert found.message.startswith(f"the snapshots in {NAME} cannot be read: ")
    assert "--update-snapshots" in found.hint
