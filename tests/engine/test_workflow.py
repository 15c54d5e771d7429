"""A whole workflow: variables, cleanup, includes, limits, interrupts, pages, secrets."""

from __future__ import annotations

from typing import Any

import pytest
from fakes import BASE, answer, compile_text, run

from runflow.model.events import SecretLearned, StepFinished, WorkflowFinished, WorkflowStarted
from runflow.model.exchange import Request


def ok(_: Request) -> Any:
    return answer(200, {"id": 7, "token": "tok-123"})


def test_vars_are_computed_in_order_over_env_inputs_and_rows() -> None:
    text = "inputs: [i]\nvars: {a: '{{ env.E }}-{{ i }}', b: '{{ a }}!', c: kept}\nmatrix: {m: [1, 2]}\nsteps:\n  - get: /{{ b }}/{{ m }}/{{ c }}\n"
    ran = run(text, ok, given={"i": "in", "c": "over"}, env={"E": "e"}, row=1)
    assert ran.sent().url == f"{BASE}/e-in%21/2/over"
    assert run("vars: {v: row}\ncases: [{v: case}]\nsteps:\n  - get: /{{ v }}\n", ok).sent().url.endswith("/case")
    assert (
        run("vars: {v: row}\ncases: [{v: case}]\nsteps:\n  - get: /{{ v }}\n", ok, given={"v": "var"})
        .sent()
        .url.endswith("/var")
    )


def test_a_var_that_cannot_be_computed_is_an_error_of_the_run_at_its_place() -> None:
    ran = run("vars: {a: '{{ 1 / 0 }}'}\nsteps:\n  - get: /x\n", ok)
    assert ran.verdict == "error"
    assert ran.result.error is not None
    assert ran.result.error.where.line == 1
    assert ran.verdicts == ["skipped"]


def test_finally_always_runs_each_step_whatever_the_one_before_did() -> None:
    text = (
        "steps:\n  - post: /a\n    extract: {made: $.id}\n  - get: /b\n    expect: 500\nfinally:\n  - get: /c\n"
        "    expect: 404\n  - delete: /a/{{ made }}\n"
    )
    ran = run(text, ok)
    assert ran.verdicts == ["passed", "failed", "failed", "passed"]
    assert ran.sent(3).url == f"{BASE}/a/7"
    assert [step.cleanup for step in ran.steps] == [False, False, True, True]


def test_cleanup_of_what_was_never_made_is_skipped() -> None:
    text = (
        "steps:\n  - post: /a\n    expect: 201\n    extract: {made: $.id}\nfinally:\n  - delete: /a/{{ made }}\n"
        "    extract: {gone: $.id}\n  - get: /b/{{ gone }}\n  - get: /c\n"
    )
    ran = run(text, ok)
    assert ran.verdicts == ["failed", "skipped", "skipped", "passed"]
    assert "no step provided made" in ran.steps[1].reason


def test_cleanup_decides_the_verdict_only_when_the_steps_passed() -> None:
    assert run("steps:\n  - get: /a\nfinally:\n  - get: /b\n    expect: 404\n", ok).verdict == "failed"
    assert (
        run("steps:\n  - get: /a\n    extract: {x: $.no}\nfinally:\n  - get: /b\n    expect: 404\n", ok).verdict
        == "error"
    )
    assert (
        run("steps:\n  - get: /a\n    expect: 404\nfinally:\n  - get: /b\n    extract: {x: $.no}\n", ok).verdict
        == "failed"
    )


def test_the_workflows_timeout_ends_the_steps_and_finally_still_runs() -> None:
    text = "timeout: 5s\nsteps:\n  - get: /a\n    delay: 3s\n  - get: /b\n    delay: 3s\n  - get: /c\nfinally:\n  - get: /d\n    delay: 10s\n"
    ran = run(text, ok)
    assert ran.verdicts == ["passed", "error", "skipped", "passed"]
    assert "the workflow took longer than its timeout of 5.00 s" in ran.errors[0].message
    assert ran.verdict == "error"


def test_a_request_gets_no_more_time_than_the_workflow_has_left() -> None:
    ran = run("timeout: 2s\nsteps:\n  - get: /a\n    expect: 200\n    retry: 3\n", ok, cost=3.0)
    assert ran.sent().timeout == 2.0
    assert "the workflow took longer" in ran.errors[0].message
    slow = run("timeout: 60s\nsteps:\n  - get: /a\n    timeout: '{{ t }}'\nvars: {t: 2s}\n", ok, cost=3.0)
    assert (slow.errors[0].kind, slow.sent().timeout) == ("timeout", 2.0)
    assert (
        "not a duration" in run("steps:\n  - get: /a\n    timeout: '{{ t }}'\nvars: {t: soon}\n", ok).errors[0].message
    )
    assert "not a duration" in run("steps:\n  - get: /a\n    delay: '{{ t }}'\nvars: {t: 5}\n", ok).errors[0].message


def test_an_include_sees_only_what_it_is_given_and_gives_its_outputs() -> None:
    child = (
        "inputs: [user]\nvars: {role: guest}\nsteps:\n  - get: /login/{{ user }}/{{ role }}\n    extract: {token: $.token}\n"
        "outputs: {token: '{{ token }}', upper: '{{ token | upper }}'}\n"
    )
    text = (
        "vars: {me: ada}\nsteps:\n  - include: sub/c.yaml\n    with: {user: '{{ me }}'}\n    extract: {t: $.token}\n"
        "    expect: {$.upper: TOK-123}\n  - get: /{{ t }}\n"
    )
    ran = run(text, ok, files={"sub/c.yaml": child})
    assert ran.verdict == "passed", ran.errors
    assert [request.url for request in ran.requests] == [f"{BASE}/login/ada/guest", f"{BASE}/tok-123"]
    first = next(event for event in ran.events if isinstance(event, StepFinished))
    assert (first.step.name, first.depth) == (
        "GET /login/{{ user }}/{{ role }}",
        1,
    )
    assert run(text.replace("TOK-123", "no"), ok, files={"sub/c.yaml": child}).verdict == "failed"
    assert run(text.replace("$.token", "$.nope"), ok, files={"sub/c.yaml": child}).verdict == "error"


def test_an_include_shares_the_cookie_jar_and_fails_with_its_steps() -> None:
    def serve(request: Request) -> Any:
        return answer(200, {"id": 7}, set_cookie="sid=1; Path=/") if request.url.endswith("/c") else answer(200)

    ran = run("steps:\n  - include: c.yaml\n  - get: /x\n", serve, files={"c.yaml": "steps:\n  - get: /c\n"})
    assert ("Cookie", "sid=1") in ran.sent(1).headers
    failed = run(
        "steps:\n  - include: c.yaml\n  - get: /x\n", ok, files={"c.yaml": "steps:\n  - get: /c\n    expect: 404\n"}
    )
    assert failed.verdicts == ["failed", "skipped"]
    assert failed.steps[0].last.steps[0].verdict.value == "failed"
    broken = run(
        "steps:\n  - include: c.yaml\n", ok, files={"c.yaml": "vars: {a: '{{ 1 / 0 }}'}\nsteps:\n  - get: /c\n"}
    )
    assert (broken.verdict, broken.errors[0].where.file) == ("error", "c.yaml")
    outputs = run(
        "steps:\n  - include: c.yaml\n", ok, files={"c.yaml": "steps:\n  - get: /c\noutputs: {a: '{{ 1 / 0 }}'}\n"}
    )
    assert outputs.verdict == "error"
    given = run(
        "steps:\n  - include: c.yaml\n    with: {a: '{{ 1 / 0 }}'}\n",
        ok,
        files={"c.yaml": "inputs: [a]\nsteps:\n  - get: /c\n"},
    )
    assert given.errors[0].where.line == 3


def test_an_include_whose_cleanup_fails_has_failed_and_one_that_is_skipped_is_skipped() -> None:
    cleanup = {"c.yaml": "steps:\n  - get: /c\nfinally:\n  - get: /d\n    expect: 404\n"}
    ran = run("steps:\n  - include: c.yaml\n  - get: /x\n", ok, files=cleanup)
    assert ran.verdicts == ["failed", "skipped"]
    skipped = run(
        "steps:\n  - include: c.yaml\n    extract: {a: $.a}\n  - get: /x\n",
        ok,
        files={"c.yaml": "if: false\nsteps:\n  - get: /c\noutputs: {a: 1}\n"},
    )
    assert skipped.verdicts == ["skipped", "passed"]
    assert skipped.steps[0].reason == "the included workflow was skipped: `if` is false: false"


def test_an_included_file_has_secrets_of_its_own() -> None:
    files = {"c.yaml": "secrets: [INNER, given]\ninputs: [given]\nsteps:\n  - post: /c\n    json: '{{ env.INNER }}'\n"}
    ran = run(
        "steps:\n  - include: c.yaml\n    with: {given: given-123}\n", ok, files=files, env={"INNER": "inner-123"}
    )
    assert set(ran.secrets) == {"inner-123", "given-123"}


def test_an_includes_timeout_limits_the_whole_included_run() -> None:
    files = {"c.yaml": "steps:\n  - get: /c\n    delay: 3s\n  - get: /d\n    delay: 3s\n"}
    ran = run("steps:\n  - include: c.yaml\n    timeout: 4s\n", ok, files=files)
    assert ran.verdict == "error"
    assert "the include took longer than its timeout" in ran.steps[0].last.steps[1].last.errors[0].message
    outer = run("timeout: 4s\nsteps:\n  - include: c.yaml\n", ok, files=files)
    assert "the workflow took longer" in outer.steps[0].last.steps[1].last.errors[0].message


@pytest.mark.parametrize(
    ("at", "verdicts"), [(0, ["error", "skipped", "skipped", "passed"]), (1, ["passed", "error", "skipped", "passed"])]
)
def test_an_interrupt_breaks_off_the_step_and_cleans_up(at: int, verdicts: list[str]) -> None:
    text = "steps:\n  - get: /a\n    extract: {x: $.id}\n  - get: /b\n  - get: /c\nfinally:\n  - get: /d\n"
    ran = run(text, ok, interrupt_at=at)
    assert ran.verdicts == verdicts
    assert ran.verdict == "error"
    assert ran.result.error is not None
    assert ran.result.error.kind == "interrupted"
    assert ran.steps[2].reason == "the run was interrupted"


def test_an_interrupt_inside_an_include_cleans_up_on_every_level() -> None:
    files = {"c.yaml": "steps:\n  - get: /c\nfinally:\n  - get: /inner\n"}
    ran = run("steps:\n  - include: c.yaml\n  - get: /x\nfinally:\n  - get: /outer\n", ok, interrupt_at=0, files=files)
    assert [request.url for request in ran.requests] == [f"{BASE}/inner", f"{BASE}/outer"]
    assert ran.verdicts == ["error", "skipped", "passed"]
    late = run("steps:\n  - get: /a\nfinally:\n  - get: /b\n  - get: /c\n", ok, interrupt_at=1)
    assert late.verdicts == ["passed", "error", "skipped"]


def test_pages_are_followed_until_there_is_none() -> None:
    def by_link(request: Request) -> Any:
        page = int(request.url.rpartition("=")[2]) if "page=" in request.url else 1
        link = (
            {"link": f'</items?page={page + 1}>; title="a,b"; rel="next", </x>; rel=first'}
            if page < 3
            else {"link": '</x>; rel="prev"'}
        )
        return answer(200, {"ids": [page]}, **link)

    ran = run(
        "steps:\n  - get: /items\n    paginate: {next: header Link}\n    extract: {all: $.ids}\n"
        "    expect: {$.ids: {length: 1}}\n  - assert: ['all == [[1], [2], [3]]']\n",
        by_link,
    )
    assert ran.verdict == "passed", ran.errors

    def by_json(request: Request) -> Any:
        cursor = request.url.rpartition("cursor=")[2] if "cursor=" in request.url else "0"
        return answer(
            200,
            {
                "n": int(cursor),
                "next": f"?cursor={int(cursor) + 1}" if cursor != "2" else None,
                "cursor": int(cursor) + 1 if cursor != "2" else "",
            },
        )

    for following in ("$.next", "{param: cursor, from: $.cursor}"):
        ran = run(
            f"steps:\n  - get: /items?keep=1\n    paginate: {{next: {following}, max: 3}}\n    extract: {{ns: $.n}}\n"
            f"  - assert: ['ns == [0, 1, 2]']\n",
            by_json,
        )
        assert ran.verdict == "passed", ran.errors
    assert ran.sent(1).url == f"{BASE}/items?keep=1&cursor=1"
    over = run("steps:\n  - get: /items\n    paginate: {next: $.next, max: 2}\n", by_json)
    assert "there are more than 2 pages" in over.errors[0].message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"next": "http://other.test/"}, "on another origin, http://other.test"),
        ({"next": "/x"}, "was read already"),
        ({"next": {"a": 1}}, "`next` must be a text"),
        ({"next": "file:///x"}, "cannot be followed"),
    ],
)
def test_a_next_page_that_makes_no_sense_is_an_error(body: Any, message: str) -> None:
    ran = run("steps:\n  - get: /x\n    paginate: {next: $.next}\n", lambda _: answer(200, body))
    assert message in ran.errors[0].message


def test_expectations_hold_for_each_page() -> None:
    ran = run(
        "steps:\n  - get: /x\n    paginate: {next: $.next}\n    expect: {$.n: 1}\n    extract: {n: $.n}\n",
        [answer(200, {"n": 1, "next": ["/y"]}), answer(200, {"n": 2, "next": []})],
    )
    assert ran.verdict == "failed"
    assert len(ran.requests) == 2


def test_secrets_are_learned_wherever_they_come_from_and_never_too_late() -> None:
    text = """
secrets: [PASSWORD, token, computed, given_one, fixed]
inputs: [given_one]
vars: {computed: "{{ 'abc' + 'def' }}"}
steps:
  - post: /login
    json: {p: "{{ env.PASSWORD }}"}
    extract: {token: $.token, other: {from: $.id, secret: false}, own: {from: $.token, filter: upper, secret: true}}
  - set: {fixed: "fix-12345"}
"""
    ran = run(text, ok, env={"PASSWORD": "pass-word"}, given={"given_one": "given-123"})
    assert set(ran.secrets) == {"pass-word", "abcdef", "given-123", "tok-123", "TOK-123", "fix-12345"}
    kinds = [type(event) for event in ran.events]
    assert kinds.index(SecretLearned) < kinds.index(StepFinished)
    assert (kinds[0], kinds[-1]) == (WorkflowStarted, WorkflowFinished)
    short = run("secrets: [v]\nvars: {v: abc}\nsteps:\n  - get: /x\n", ok)
    assert "too short to be masked" in short.errors[0].message


def test_an_answer_is_never_a_template() -> None:
    hostile = "{{ 7*7 }}{% raw %}"
    text = (
        "steps:\n  - get: /x\n    extract: {v: $.v}\n  - post: /{{ v }}\n"
        "    json: {a: '{{ v }}', b: 'x{{ v }}', '{{ v }}': 1}\n    headers: {X-V: '{{ v }}'}\n  - set: {w: '{{ v }}'}\n"
        "  - post: /y\n    body: '{{ w }}'\n"
    )
    ran = run(text, lambda request: answer(200, {"v": hostile}))
    assert ran.json(1) == {"a": hostile, "b": f"x{hostile}", hostile: 1}
    assert ("X-V", hostile) in ran.sent(1).headers
    assert ran.sent(2).body == hostile.encode()
    assert "%7B%7B%207%2A7%20%7D%7D" in ran.sent(1).url


def test_a_dynamic_transport_is_built_when_it_runs() -> None:
    text = (
        "vars: {size: 10kB, bad: x}\nsteps:\n  - get: /x\n"
        "    http: {max_response_size: '{{ size }}', charset: latin-1, trust_redirects: []}\n  - get: /y\n"
        "    http: {max_response_size: '{{ bad }}'}\n"
    )
    ran = run(text, ok)
    assert ran.sent().transport.max_response_size == 10_000
    assert "is not a size" in ran.errors[0].message
    assert ran.errors[0].where.line == 6


def test_plans_are_shared_and_runs_are_strangers() -> None:
    plan = compile_text("steps:\n  - get: /x\n    extract: {a: $.id}\n")
    assert plan.steps[0].provides == {"a"}
    first, second = (
        run("steps:\n  - get: /x\n", lambda _: answer(200, set_cookie="a=1")),
        run("steps:\n  - get: /x\n", ok),
    )
    assert second.sent().headers == first.sent().headers == ()


def test_a_run_in_which_every_step_was_skipped_has_not_passed() -> None:
    ran = run(
        "steps:\n  - get: /x\n    if: false\n  - get: /y\n    for_each: '{{ none_here }}'\n    allow_empty: true\n"
        "vars: {none_here: []}\nfinally:\n  - get: /z\n",
        ok,
    )
    assert ran.verdicts == ["skipped", "skipped", "passed"]
    assert (ran.verdict, ran.result.reason) == ("skipped", "every step was skipped")
    assert ran.steps[1].reason == "its list is empty"
