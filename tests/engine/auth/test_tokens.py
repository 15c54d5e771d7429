"""A token's whole life, with a function for a server and a clock that jumps."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from fakes import Ran, answer, compile_text, failure, problems, run, run_all

from runflow.engine.auth.session import Token
from runflow.engine.auth.shared_sessions import session_of
from runflow.engine.auth.tokens import token_of
from runflow.engine.frame import Frame, Ports, World
from runflow.engine.workflow import NESTED, begin
from runflow.model.errors import StepError
from runflow.model.exchange import Request, Response
from runflow.model.kinds import Attachment
from runflow.model.results import Verdict
from runflow.plan.plan import Plan

LOGIN = """
auth:
  api:
    login:
      post: /login
      json: { username: ada, password: "{{ env.PASSWORD }}" }
      extract: { token: $.token, expires_in: {from: $.expires_in, default: null}, refresh_token: {from: $.refresh, default: null} }
"""
REFRESH = """
    refresh:
      post: /refresh
      json: { refresh_token: "{{ refresh_token }}" }
      extract: { token: $.token, refresh_token: $.refresh }
"""
LOGOUT = "    logout: {post: /logout}\n"
ENV = {"PASSWORD": "correct-horse"}


class Api:
    """A server: it gives tokens that live so long, and takes those that it gave and did not revoke."""

    def __init__(self, life: Any = None, *, refreshes: bool = True) -> None:
        self.life = life
        self.refreshes = refreshes
        self.count = 0
        self.good: set[str] = set()
        self.seen: list[str] = []
        self.refuse_login = False
        self.paths: dict[str, Callable[[Request], Response]] = {}

    def __call__(self, request: Request) -> Any:
        path = request.url.removeprefix("http://api.test")
        self.seen.append(path)
        if path in self.paths:
            return self.paths[path](request)
        if path == "/login":
            return answer(401, {"error": "no"}) if self.refuse_login else self.granted()
        if path == "/refresh":
            asked = json.loads(request.body or b"{}")["refresh_token"]
            return (
                self.granted() if self.refreshes and asked == f"refresh-{self.count}" else answer(401, {"error": "no"})
            )
        if path == "/logout":
            return answer(204)
        return answer(200, {"ok": True}) if token_in(request) in self.good else answer(401, {"error": "who?"})

    def granted(self) -> Response:
        self.count += 1
        token = f"token-{self.count}"
        self.good = {token}
        body = {"token": token, "refresh": f"refresh-{self.count}"}
        return answer(200, body | ({"expires_in": self.life} if self.life is not None else {}))

    def times(self, path: str) -> int:
        return self.seen.count(path)


def token_in(request: Request) -> str:
    return dict(request.headers).get("Authorization", "").removeprefix("Bearer ")


def flow(*steps: str, auth: str = LOGIN, more: str = "") -> str:
    return f"{auth}\n{more}\ndefaults: {{auth: api}}\nsteps:\n" + "\n".join(f"  - {step}" for step in steps) + "\n"


def get(path: str = "/x", extra: str = "") -> str:
    return f"{{get: {path}, expect: 200{extra}}}"


def ran(text: str, api: Any, **kwargs: Any) -> Ran:
    return run(text, api, env=ENV | kwargs.pop("env", {}), **kwargs)


def begun(plan: Plan) -> Frame:
    """A workflow before its first step."""
    frame = Frame(plan, World(Ports(lambda: 0.0, lambda: 0.0, lambda _: None, ENV, Random(1))))
    begin(frame, dict(frame.names), {})
    return frame


def jwt(**claims: Any) -> str:
    def part(data: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}.c2ln"


# fetching


def test_a_token_is_fetched_when_it_is_first_needed_and_once_for_all_steps() -> None:
    api = Api()
    done = ran(flow("{get: /health, auth: none, expect: 401}", get("/a"), get("/b"), get("/c")), api)
    assert api.seen == ["/health", "/login", "/a", "/b", "/c"]
    assert [token_in(request) for request in done.requests[2:]] == ["token-1"] * 3
    assert json.loads(done.requests[1].body or b"") == {"username": "ada", "password": "correct-horse"}


def test_nothing_is_fetched_where_nobody_needs_a_token() -> None:
    api = Api()
    done = ran(flow("{get: /health, auth: none, expect: 401}", "{get: /no, if: false}", auth=LOGIN + LOGOUT), api)
    assert done.verdict == "passed"
    assert api.seen == ["/health"]
    assert done.closed == []


def test_a_step_that_cannot_be_rendered_fetches_nothing() -> None:
    api = Api()
    done = ran(flow("set: {n: null}", "{get: '/{{ n.x }}'}"), api)
    assert done.verdict == "error"
    assert api.seen == []


@pytest.mark.parametrize(
    ("attach", "place"),
    [
        ("header X-Token: '{{ token }}'", ("X-Token", "token-1")), ("header Authorization: 'Token {{ token }}'", ("Authorization", "Token token-1")),
        ("cookie sid: '{{ token }}'", ("Cookie", "sid=token-1")),
    ],
)  # fmt: skip
def test_a_token_goes_where_attach_says(attach: str, place: tuple[str, str]) -> None:
    done = ran(flow("{get: /x}", auth=f"{LOGIN}    attach: {{ {attach} }}\n"), Api())
    assert place in done.sent(1).headers


def test_a_token_in_the_query_is_added_to_what_is_there() -> None:
    done = ran(flow("{get: /x?a=1}", auth=LOGIN + "    attach: {query key: '{{ token }}'}\n"), Api())
    assert done.sent(1).url == "http://api.test/x?a=1&key=token-1"


def test_login_may_be_several_steps_that_hand_values_on() -> None:
    text = """
auth:
  api:
    login:
      - {get: /csrf, extract: {csrf: $.csrf}}
      - {set: {user: "{{ csrf }}-ada"}}
      - {post: /login, json: {u: "{{ user }}"}, extract: {token: $.token}}
steps:
  - {get: /x, auth: api, expect: 200}
"""
    api = Api()
    api.paths["/csrf"] = lambda _: answer(200, {"csrf": "c-123"})
    done = ran(text, api)
    assert done.verdict == "passed"
    assert json.loads(done.sent(1).body or b"") == {"u": "c-123-ada"}


def test_login_may_be_an_include_that_gives_its_outputs() -> None:
    text = "auth: {api: {login: {include: _l.yaml, with: {who: ada}, extract: {token: $.token}}}}\nsteps:\n  - {get: /x, auth: api, expect: 200}\n"
    included = "inputs: [who]\nsteps:\n  - {post: /login, json: {u: '{{ who }}'}, extract: {t: $.token}}\noutputs: {token: '{{ t }}'}\n"
    done = ran(text, Api(), files={"_l.yaml": included})
    assert done.verdict == "passed", done.errors
    assert token_in(done.sent(1)) == "token-1"


def test_a_login_has_a_cookie_jar_of_its_own() -> None:
    text = (
        "auth: {api: {login: {post: /login, extract: {token: cookie sid}}, attach: {cookie sid: '{{ token }}'}, logout: {post: "
        "/logout}}}\nsteps:\n  - {get: /a, auth: none}\n  - {get: /b, auth: api}\n  - {get: /c, auth: none}\n"
    )
    done = ran(
        text, lambda request: answer(set_cookie="sid=abc-123; Path=/") if request.url.endswith("/login") else answer()
    )
    cookies = [dict(request.headers).get("Cookie") for request in done.requests]
    assert cookies == [None, None, "sid=abc-123", None, "sid=abc-123"]


def test_login_inherits_headers_but_neither_the_default_credential_nor_its_expectations() -> None:
    text = f"{LOGIN}\ndefaults: {{auth: api, expect: {{status: 201, header X-Kind: a}}, headers: {{X-Tenant: t1}}}}\nsteps:\n  - get: /x\n"
    done = ran(
        text,
        lambda request: answer(200, {"token": "abcd"}) if request.url.endswith("/login") else answer(201, x_kind="a"),
    )
    assert done.verdict == "passed"
    assert ("X-Tenant", "t1") in done.sent(0).headers
    assert "Authorization" not in dict(done.sent(0).headers)


# sharing


def test_twenty_workflows_that_wait_at_once_share_one_login() -> None:
    api = Api()
    every = run_all([flow(get("/x"), get("/y"))] * 20, api, env=ENV)
    assert {each.verdict for each in every} == {"passed"}
    assert api.times("/login") == 1
    assert len(api.seen) == 41
    assert sum(count for _, count in every[0].closed[0].users) == 40


def test_where_a_login_fails_all_who_wait_fail_with_its_one_reason_and_nobody_tries_again() -> None:
    api = Api()
    api.refuse_login = True
    every = run_all([flow("{get: /x, expect: 200, retry: 3}")] * 20, api, env=ENV)
    assert {each.verdict for each in every} == {"error"}
    assert len({each.errors[0].message for each in every}) == 1
    assert (
        "the login of `api` failed: POST http://api.test/login returned 401 (at flow0.yaml:5)"
        in every[7].errors[0].message
    )
    assert api.seen == ["/login"]


def test_a_waiter_takes_over_where_the_one_who_fetched_was_interrupted() -> None:
    api = Api()
    text = flow(get())
    from fakes import Loop

    original = Loop._perform

    def broken(self: Any, stack: Any, effect: Any) -> Any:
        if self.count == 2:  # both have asked for the token: the first one's login request is broken off
            self.interrupt_at = 2
        return original(self, stack, effect)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Loop, "_perform", broken)
        first, second = run_all([text, text], api, env=ENV)
    assert first.errors[0].kind == "interrupted"
    assert second.verdict == "passed"
    assert api.times("/login") == 1


def test_a_waiter_takes_over_where_the_time_of_the_one_who_fetched_was_over() -> None:
    hurried = "timeout: 1s\n" + flow(get())
    api = Api()

    def slow(request: Request) -> Any:
        if request.url.endswith("/login") and request.timeout <= 1:
            return failure("timeout")
        return api(request)

    first, second = run_all([hurried, flow(get())], slow, env=ENV, cost=1.1)
    assert first.verdict == "error"
    assert second.verdict == "passed", second.errors


def test_runs_with_the_same_rendered_definition_share_whatever_the_names_of_their_variables() -> None:
    one = "vars: {who: ada}\n" + flow(get(), auth=LOGIN.replace("ada", '"{{ who }}"'))
    other = "vars: {user: ada}\n" + flow(get(), auth=LOGIN.replace("ada", '"{{ user }}"'))
    api = Api()
    assert {each.verdict for each in run_all([one, other, flow(get())], api, env=ENV)} == {"passed"}
    assert api.times("/login") == 1


def test_two_users_never_share_a_token() -> None:
    given: dict[str, str] = {}

    def serve(request: Request) -> Response:
        if request.url.endswith("/login"):
            who = json.loads(request.body or b"")["username"]
            given[who] = f"token-of-{who}"
            return answer(200, {"token": given[who]})
        return answer(200, {"token": token_in(request)})

    text = "matrix: {who: [alice, bertha]}\n" + flow(
        "{get: /me, expect: {$.token: 'token-of-{{ who }}'}}", auth=LOGIN.replace("ada", '"{{ who }}"')
    )
    shared: dict[str, Any] = {}
    for row in (0, 1, 0):
        assert ran(text, serve, row=row).verdict == "passed"
    two = flow(
        "{get: /me, auth: a, expect: {$.token: token-of-alice}}",
        "{get: /me, auth: b, expect: {$.token: token-of-bertha}}",
        auth=(
            LOGIN.replace("ada", "alice") + LOGIN.replace("ada", "bertha").replace("\nauth:", "").replace("api:", "b:")
        ).replace("api:", "a:", 1),
    ).replace("defaults: {auth: api}", "")
    done = ran(two, serve)
    assert done.verdict == "passed", (done.errors, shared)
    assert len(done.open) == 2


def test_base_urls_and_default_headers_make_another_session() -> None:
    texts = [
        flow(get()),
        flow(get()) + "base_url: http://other.test\n",
        flow(get()).replace("{auth: api}", "{auth: api, headers: {X-Tenant: b}}"),
    ]
    logins: list[str] = []

    def serve(request: Request) -> Response:
        if request.url.endswith("/login"):
            logins.append(request.url)
            return answer(200, {"token": "abcd"})
        return answer()

    assert {each.verdict for each in run_all(texts, serve, env=ENV)} == {"passed"}
    assert sorted(logins) == ["http://api.test/login"] * 2 + ["http://other.test/login"]


def test_an_included_workflow_uses_the_session_of_the_including_one() -> None:
    api = Api()
    text = flow(get("/a"), "include: c.yaml")
    done = ran(text, api, files={"c.yaml": "steps:\n  - {get: /b, auth: api, expect: 200}\n"})
    assert done.verdict == "passed"
    assert api.seen == ["/login", "/a", "/b"]


def test_inline_sessions_on_two_steps_with_the_same_values_are_one() -> None:
    inline = "{login: {post: /login, extract: {token: $.token}}}"
    api = Api()
    assert ran(f"steps:\n  - {{get: /a, auth: {inline}}}\n  - {{get: /b, auth: {inline}}}\n", api).verdict == "passed"
    assert api.seen == ["/login", "/a", "/b"]


# renewal


@pytest.mark.parametrize(
    ("life", "wait", "renewed"),
    [
        (300, "200s", False), (300, "269s", False), (300, "271s", True), ("300", "271s", True), ("5m", "271s", True),
        (10, "8s", False), (10, "9500ms", True), (None, "90d", False),
    ],
)  # fmt: skip
def test_a_token_is_renewed_before_it_expires_and_a_short_one_keeps_nine_tenths_of_its_life(
    life: Any, wait: str, renewed: bool
) -> None:
    api = Api(life)
    done = ran(flow(get("/a"), get("/b", f", delay: {wait}"), auth=LOGIN + REFRESH), api)
    assert done.verdict == "passed"
    assert api.seen == (["/login", "/a", "/refresh", "/b"] if renewed else ["/login", "/a", "/b"])


def test_before_expiry_can_be_said() -> None:
    api = Api(1000)
    done = ran(flow(get("/a"), get("/b", ", delay: 905s"), auth=LOGIN + "    renew: {before_expiry: 100s}\n"), api)
    assert done.verdict == "passed"
    assert api.seen == ["/login", "/a", "/login", "/b"]


@pytest.mark.parametrize(
    "expires_at", ["2001-09-09T01:51:40Z", 1_000_000_300, "1000000300", "Sun, 09 Sep 2001 01:51:40 GMT"]
)
def test_an_absolute_expiry_is_held_against_the_clock(expires_at: Any) -> None:
    text = flow(
        get("/a"),
        get("/b", ", delay: 200s"),
        get("/c", ", delay: 80s"),
        auth=LOGIN.replace("expires_in: {from: $.expires_in, default: null}", "expires_at: $.until"),
    )
    seen: list[str] = []

    def serve(request: Request) -> Response:
        seen.append(request.url[-2:])
        return (
            answer(200, {"token": "abcd", "until": expires_at})
            if request.url.endswith("/login") and len(seen) < 3
            else answer(200, {"token": "efgh", "until": 2_000_000_000})
        )

    done = run_at(text, serve, 1_000_000_000)
    assert done.verdict == "passed", done.errors
    assert seen == ["in", "/a", "/b", "in", "/c"]


def run_at(text: str, serve: Any, wall: float) -> Ran:
    """With a wall clock that shows this when the run begins."""
    holder: list[Ran] = []

    class Wall:
        def __call__(self) -> float:
            return wall + (holder[0].clock.now - 1000.0 if holder else 0.0)

    from unittest import mock

    import fakes

    original = fakes.Ran

    def made() -> Ran:
        one = original()
        holder.append(one)
        return one

    with mock.patch.object(fakes, "Ran", made):
        return run(text, serve, env=ENV, wall=Wall())


@pytest.mark.parametrize("ahead", [-86_400, 0, 86_400, 10 * 365 * 86_400])
def test_a_wrong_clock_here_does_not_make_a_good_token_look_old(ahead: float) -> None:
    now = 1_000_000_000
    token = jwt(iat=now, exp=now + 300)
    with_date = answer(200, {"token": "abcd", "until": now + 300}, date="Sun, 09 Sep 2001 01:46:40 GMT")
    for login, reply in (
        (LOGIN, answer(200, {"token": token})),
        (LOGIN.replace("expires_in: {from: $.expires_in, default: null}", "expires_at: $.until"), with_date),
    ):
        seen: list[str] = []

        def serve(request: Request, reply: Response = reply, seen: list[str] = seen) -> Response:
            seen.append(request.url[-2:])
            return reply if request.url.endswith("/login") else answer()

        assert (
            run_at(
                flow(get("/a"), get("/b", ", delay: 200s"), get("/c", ", delay: 80s"), auth=login), serve, now + ahead
            ).verdict
            == "passed"
        )
        assert seen == ["in", "/a", "/b", "in", "/c"]


def test_a_jump_of_the_wall_clock_in_the_middle_changes_nothing() -> None:
    now = [1_000_000_000.0]
    api = Api(300)

    def serve(request: Request) -> Any:
        now[0] += 1e6
        return api(request)

    assert ran(flow(get("/a"), get("/b"), get("/c")), serve, wall=lambda: now[0]).verdict == "passed"
    assert api.seen == ["/login", "/a", "/b", "/c"]


def test_a_refresh_that_is_refused_leads_to_one_login() -> None:
    api = Api(100, refreshes=False)
    done = ran(flow(get("/a"), get("/b", ", delay: 95s"), auth=LOGIN + REFRESH), api)
    assert done.verdict == "passed"
    assert api.seen == ["/login", "/a", "/refresh", "/login", "/b"]
    assert [step.purpose for step in done.closed[0].steps] == ["login", "refresh", "login"]


def test_a_login_that_is_refused_after_its_refresh_is_final() -> None:
    api = Api(100, refreshes=False)

    def serve(request: Request) -> Any:
        reply = api(request)
        api.refuse_login = True
        return reply

    done = ran(
        flow(get("/a"), "{get: /b, delay: 95s, continue_on_failure: true}", get("/c"), auth=LOGIN + REFRESH), serve
    )
    assert done.verdicts == ["passed", "error", "error"]
    assert api.seen == ["/login", "/a", "/refresh", "/login"]


def test_tokens_that_rotate_replace_what_a_refresh_gives_and_keep_the_rest() -> None:
    login = (
        LOGIN.replace("extract: {", "extract: { tenant: $.tenant,")
        + REFRESH
        + "    attach: {header Authorization: 'Bearer {{ token }}', header X-Tenant: '{{ tenant }}'}\n"
    )
    api = Api(100)
    plain = api.granted

    def granted() -> Response:
        body = json.loads(plain().body)
        return answer(200, body if "/refresh" in api.seen[-1] else body | {"tenant": "t-42"})

    api.granted = granted  # type: ignore[method-assign]  # the same, with a tenant
    done = ran(flow(get("/a"), get("/b", ", delay: 95s"), get("/c", ", delay: 95s"), auth=login), api)
    assert done.verdict == "passed", done.errors
    assert api.seen == ["/login", "/a", "/refresh", "/b", "/refresh", "/c"]
    assert [dict(request.headers).get("X-Tenant") for request in done.requests if request.url[-2] == "/"] == [
        "t-42"
    ] * 3


def test_without_a_refresh_token_the_login_is_made_again() -> None:
    api = Api(100)
    plain = api.granted
    api.granted = lambda: answer(200, json.loads(plain().body) | {"refresh": None})  # type: ignore[method-assign]  # as above
    done = ran(flow(get("/a"), get("/b", ", delay: 95s"), auth=LOGIN + REFRESH), api)
    assert done.verdict == "passed"
    assert api.seen == ["/login", "/a", "/login", "/b"]


def test_a_401_in_the_middle_renews_once_and_sends_the_request_again_body_and_all() -> None:
    api = Api()

    def serve(request: Request) -> Any:
        if request.url.endswith("/b") and api.seen.count("/b") == 0:
            api.good.clear()
        return api(request)

    done = ran(
        flow(get("/a"), "{post: /b, json: {id: '{{ uuid() }}'}, expect: 200}", get("/c"), auth=LOGIN + REFRESH), serve
    )
    assert done.verdict == "passed"
    assert api.seen == ["/login", "/a", "/b", "/refresh", "/b", "/c"]
    first, again = (request for request in done.requests if request.url.endswith("/b"))
    assert (token_in(first), token_in(again)) == ("token-1", "token-2")
    assert first.body == again.body
    attempts = done.steps[1].attempts
    assert len(attempts) == 2
    assert attempts[0].exchanges[0].outcome.status == 401  # type: ignore[union-attr]  # an answer
    assert attempts[0].notes == ("401: the token of `api` was renewed, and the request sent again",)


def test_a_page_in_the_middle_is_asked_again_and_none_before_it() -> None:
    api = Api()

    def page(request: Request) -> Response:
        number = int(request.url[-1])
        if number == 2 and api.seen.count("/items?p=2") == 1:
            api.good.clear()
        if token_in(request) not in api.good:
            return answer(401)
        return answer(200, {"rows": [number], "next": f"/items?p={number + 1}" if number < 3 else None})

    for number in (1, 2, 3):
        api.paths[f"/items?p={number}"] = page
    done = ran(
        flow(
            "{get: '/items?p=1', paginate: {next: $.next}, extract: {rows: '$.rows'}, expect: 200}",
            "assert: ['rows == [[1], [2], [3]]']",
        ),
        api,
    )
    assert done.verdict == "passed", done.errors
    assert api.seen == ["/login", "/items?p=1", "/items?p=2", "/login", "/items?p=2", "/items?p=3"]


@pytest.mark.parametrize("expect", ["401", "[200, 401]", "4xx", "{status: {in: [401]}}"])
def test_a_step_that_itself_expects_401_does_not_renew(expect: str) -> None:
    api = Api()
    api.paths["/no"] = lambda _: answer(401)
    assert ran(flow(f"{{get: /no, expect: {expect}}}"), api).verdict == "passed"
    assert api.seen == ["/login", "/no"]


@pytest.mark.parametrize("expect", ["", ", expect: {status: any}", ", expect: 200", ", expect: 2xx"])
def test_any_other_step_does(expect: str) -> None:
    api = Api()
    api.paths["/no"] = lambda _: answer(401)
    ran(flow(f"{{get: /no{expect}}}"), api)
    assert api.seen == ["/login", "/no", "/login", "/no"]


def test_a_token_that_is_itself_new_is_not_renewed_for_each_step_that_is_refused() -> None:
    api = Api()
    api.paths["/no"] = lambda _: answer(401)
    done = ran(flow(*["{get: /no, expect: any}"] * 10), api)
    assert api.times("/login") == 2
    assert done.verdict == "passed"


def test_on_status_says_which_statuses_and_when_says_what_else() -> None:
    api = Api()
    state = {"bad": True}

    def nobody(_: Request) -> Response:
        bad, state["bad"] = state["bad"], False
        return answer(200, {"error": "session_expired"} if bad else {"ok": True})

    api.paths["/x"] = nobody
    api.paths["/html"] = lambda _: answer(200, text="<html>", content_type="text/html")
    renew = "    renew: {on_status: [419], when: \"response.json.error is defined and response.json.error == 'session_expired'\"}\n"
    done = ran(flow("{get: /x, expect: {$.ok: true}}", "{get: /html}", auth=LOGIN + renew), api)
    assert done.verdict == "passed", done.errors
    assert api.seen == ["/login", "/x", "/login", "/x", "/html"]
    assert "session_expired" in done.steps[0].attempts[0].notes[0]
    api.paths["/y"] = lambda _: answer(419) if api.times("/y") == 1 else answer()
    ran(flow("{get: /y, expect: 200}", "{get: /z, expect: 401}", auth=LOGIN + renew), api)
    assert api.seen[5:] == ["/login", "/y", "/login", "/y", "/z"]


def test_two_who_are_refused_with_one_token_renew_it_once() -> None:
    api = Api()
    calls = {"n": 0}

    def serve(request: Request) -> Any:
        calls["n"] += 1
        if calls["n"] == 6:
            api.good.clear()
        return api(request)

    every = run_all([flow(get("/a"), get("/b"))] * 4, serve, env=ENV)
    assert {each.verdict for each in every} == {"passed"}
    assert api.times("/login") == 2


def test_a_session_sees_no_loop_and_gives_no_name_to_the_step_that_writes_it() -> None:
    inline = "{login: {post: '/login/{{ item }}', extract: {token: $.token}}}"
    found = problems(f"steps:\n  - {{for_each: [1], get: /x, auth: {inline}}}\n")
    assert any("`item` is never defined" in problem.message for problem in found), found
    plan = compile_text("steps:\n  - {get: /x, auth: {login: {post: /login, extract: {token: $.token}}}}\n")
    assert plan.steps[0].needs == frozenset()


@pytest.mark.parametrize(
    "top", ["defaults: {auth: {bearer: '{{ token }}'}}", "auth: {api: {bearer: '{{ token }}'}}\ndefaults: {auth: api}"]
)
def test_a_cleanup_whose_token_no_step_gave_is_skipped(top: str) -> None:
    text = (
        top
        + "\nsteps:\n  - {post: /login, auth: none, expect: 200, extract: {token: $.t}}\n  - {get: /x}\nfinally:\n  - {delete: /x}\n"
    )
    assert run(text, lambda _: answer(500)).verdicts == ["failed", "skipped", "skipped"]


def test_a_401_from_another_origin_to_which_a_redirect_led_renews_nothing() -> None:
    def serve(request: Request) -> Response:
        if request.url.endswith("/login"):
            return answer(200, {"token": "abcd"})
        return answer(302, location="http://other.test/y") if "api.test" in request.url else answer(401)

    done = ran(flow("{get: /x}"), serve)
    assert [request.url[-2:] for request in done.requests] == ["in", "/x", "/y"]
    assert "Authorization" not in dict(done.sent(2).headers)


# failing


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (answer(200, {"token": None}), "returned a `token` that is null"), (answer(200, {"token": ""}), "returned an empty `token`"),
        (answer(200, {"token": {"a": 1}}), "returned a `token` that is object"),
        (answer(200, {"token": "a\r\nb: c"}), "contains a control character"),
        (answer(200, {"tok": "x"}), "`$.token` finds nothing; the response has the keys tok"),
        (answer(500, {"token": "x"}), "POST http://api.test/login returned 500"),
        (answer(200, text="<html>hello", content_type="text/html"), "is not JSON"), (failure(), "it was refused"),
        (answer(200, {"token": "abcd", "expires_in": -5}), "the token had expired when it was received"),
        (answer(200, {"token": "abcd", "expires_in": "soon"}), "neither a number of seconds nor a duration"),
        (answer(200, {"token": "abcd", "expires_in": 0}), "had expired when it was received"),
        (answer(200, {"token": "abcd", "expires_in": True}), "neither a number of seconds nor a duration"),
    ],
)  # fmt: skip
def test_a_login_that_gives_no_good_token_is_an_error_of_the_step_that_needed_it(reply: Any, message: str) -> None:
    done = ran(flow(get("/a")), lambda _: reply)
    assert done.verdicts == ["error"]
    assert message in done.errors[0].message, done.errors
    assert done.errors[0].kind in {"auth", "policy"}
    assert done.errors[0].where is not None
    assert len(done.requests) == 1
    assert done.closed[0].verdict is Verdict.ERROR


@pytest.mark.parametrize(
    ("until", "message"),
    [
        (999_999_000, "had expired 16 min 40 s before it was received: `expires_at` is 2001-09-09 01:30:00 UTC, by this machine's clock"),
        ("2001-01-01T00:00:00Z", "before it was received"), ("tomorrow", "not a date-time"), (1_000_000_300_000, "after the year 5000"),
        ([1], "not a date-time"), (True, "not a date-time"),
    ],
)  # fmt: skip
def test_an_absolute_expiry_that_is_none_or_past_is_an_error_at_its_extract(until: Any, message: str) -> None:
    text = flow(get("/a"), auth=LOGIN.replace("expires_in: {from: $.expires_in, default: null}", "expires_at: $.until"))
    done = run_at(text, lambda _: answer(200, {"token": "abcd", "until": until}), 1_000_000_000)
    assert message in done.errors[0].message
    assert done.errors[0].where.line == 7  # type: ignore[union-attr]  # it has one
    assert done.errors[0].hint


def test_a_jwt_that_is_past_by_its_own_clock_or_by_ours_is_an_error() -> None:
    for token, clock in ((jwt(iat=100, exp=50), "the token's own clock"), (jwt(exp=50), "this machine's clock")):
        done = ran(flow(get("/a")), lambda _, token=token: answer(200, {"token": token}))
        assert clock in done.errors[0].message


@pytest.mark.parametrize(
    "token", ["garbage", "a.b.c", "....", "eyJ.eyJ.x", jwt(exp="soon"), jwt(exp=True), "x" * 5000, "ä-ö"]
)
def test_a_token_that_says_nothing_is_sent_as_it_is(token: str) -> None:
    done = ran(flow(get("/a")), lambda _: answer(200, {"token": token}))
    assert done.verdict == "passed", done.errors
    assert token_in(done.sent(1)) == token


@pytest.mark.parametrize("inside", ["auth: api", "auth: mine"])
def test_a_login_that_needs_its_own_token_is_found_before_anything_is_sent(inside: str) -> None:
    mine = "auth: {mine: {login: {post: /m, auth: api, extract: {token: $.t}}}}\n"
    included = (
        f"{mine}steps:\n  - {{post: /login, {inside}, extract: {{t: $.token}}}}\noutputs: {{token: '{{{{ t }}}}'}}\n"
    )
    text = "auth: {api: {login: {include: _l.yaml, extract: {token: $.token}}}}\nsteps:\n  - {get: /x, auth: api}\n"
    found = problems(text, files={"_l.yaml": included})
    assert any("needs its own token to fetch it: api → api" in problem.message for problem in found), found


def test_many_sessions_that_all_need_each_other_are_told_at_once() -> None:
    """A search of every way around would not end in a lifetime."""
    names = [f"s{number:02}" for number in range(30)]
    auth = "".join(
        f"  {name}:\n    login: [{', '.join(f'{{post: /x, auth: {other}}}' for other in names if other != name)}, {{post: /"
        f"l, extract: {{token: $.t}}}}]\n"
        for name in names
    )
    found = problems(f"auth:\n{auth}steps: [{{get: /x, auth: s00}}]\n")
    assert len(found) == 1
    assert "s00 → s01 → s00" in found[0].message


def test_a_session_that_is_asked_for_while_it_is_fetched_says_so_and_never_waits_for_itself() -> None:
    """What the compiler cannot see is stopped when it runs: else it would wait for ever."""
    plan = compile_text(flow(get("/a")))
    frame = begun(plan)
    session = session_of(plan.credentials["api"], "api", frame)
    frame.within(frame, session.key)
    with pytest.raises(StepError, match="needs its own token"):
        next(token_of(session, frame, NESTED.steps))


def test_a_timeout_of_the_workflow_ends_a_login_too() -> None:
    done = ran("timeout: 5s\n" + flow(get("/a")), lambda _: answer(200, {"token": "abcd"}), cost=6)
    assert done.verdict == "error"
    assert done.errors[0].kind == "timeout"
    assert done.closed == [] or done.closed[0].verdict is Verdict.PASSED


# logging out


def test_logout_runs_once_at_the_end_and_sends_the_token() -> None:
    api = Api()
    every = run_all([flow(get("/a"), auth=LOGIN + LOGOUT)] * 3, api, env=ENV)
    assert api.seen == ["/login", "/a", "/a", "/a", "/logout"]
    assert token_in(every[0].requests[-1]) == "token-1"
    assert [step.purpose for step in every[0].closed[0].steps] == ["login", "logout"]


@pytest.mark.parametrize("how", ["failure", "timeout", "interrupt"])
def test_logout_runs_whatever_happened(how: str) -> None:
    api = Api()
    if how == "timeout":
        done = ran("timeout: 5s\n" + flow(get("/a"), "{get: /b, delay: 10s}", auth=LOGIN + LOGOUT), api)
    elif how == "interrupt":
        done = ran(flow(get("/a"), get("/b"), auth=LOGIN + LOGOUT), api, interrupt_at=3)
    else:
        done = ran(flow(get("/a"), "{get: /b, expect: 404}", auth=LOGIN + LOGOUT), api)
    assert done.verdict in {"failed", "error"}
    assert api.seen[-1] == "/logout"
    assert api.times("/logout") == 1


def test_logout_can_send_nothing_or_name_its_credential() -> None:
    done = ran(
        flow(get("/a"), auth=LOGIN + "    logout: {post: /logout, auth: none, json: {token: '{{ token }}'}}\n"), Api()
    )
    assert token_in(done.requests[-1]) == ""
    assert json.loads(done.requests[-1].body or b"") == {"token": "token-1"}
    assert (
        token_in(ran(flow(get("/a"), auth=LOGIN + "    logout: {post: /logout, auth: api}\n"), Api()).requests[-1])
        == "token-1"
    )


def test_a_token_that_ran_out_is_renewed_before_its_logout() -> None:
    api = Api(100)
    done = ran(
        flow(
            get("/a"),
            "{get: /b, delay: 95s, auth: none, expect: 401}",
            "{set: {a: 1}, delay: 10s}",
            auth=LOGIN + REFRESH + LOGOUT,
        ),
        api,
    )
    assert api.seen == ["/login", "/a", "/b", "/refresh", "/logout"]
    assert token_in(done.requests[-1]) == "token-2"


def test_a_logout_that_fails_is_a_warning_unless_it_expects_something() -> None:
    for reply, warning in (
        (answer(500), "/logout returned 500"),
        (failure(), "it was refused"),
        (answer(401), "/logout returned 401"),
    ):
        api = Api()
        api.paths["/logout"] = lambda _, reply=reply: reply
        done = ran(flow(get("/a"), auth=LOGIN + LOGOUT), api)
        assert done.closed[0].verdict is Verdict.PASSED
        assert warning in done.closed[0].warnings[0]
        judged = ran(flow(get("/a"), auth=LOGIN + "    logout: {post: /logout, expect: 204}\n"), api)
        assert judged.closed[0].verdict in {Verdict.FAILED, Verdict.ERROR}
        assert api.times("/logout") == 2


def test_a_logout_by_include_that_fails_says_why() -> None:
    included = "inputs: [t]\nsteps:\n  - {post: /logout, json: {t: '{{ t }}'}, expect: 204}\n"
    api = Api()
    api.paths["/logout"] = lambda _: answer(500)
    done = ran(
        flow(get("/a"), auth=LOGIN + "    logout: {include: _o.yaml, with: {t: '{{ token }}'}}\n"),
        api,
        files={"_o.yaml": included},
    )
    assert done.closed[0].warnings == ("the logout failed: POST http://api.test/logout returned 500",)


def test_a_token_that_could_not_be_renewed_is_still_given_back() -> None:
    api = Api(100, refreshes=False)

    def serve(request: Request) -> Any:
        reply = api(request)
        api.refuse_login = True
        return reply

    done = ran(flow(get("/a"), "{get: /b, delay: 91s}", auth=LOGIN + REFRESH + LOGOUT), serve)
    assert api.seen == ["/login", "/a", "/refresh", "/login", "/logout"]
    assert done.closed[0].verdict is Verdict.ERROR


def test_the_expiry_of_an_old_token_says_nothing_of_the_one_that_a_refresh_gives() -> None:
    login = (
        "\nauth: {api: {login: {post: /login, extract: {token: $.token, until: $.until, expires_at: $.until}}, refresh: {post: "
        "/refresh, json: {t: '{{ token }}'}, extract: {token: $.token}}}}\n"
    )
    seen: list[str] = []

    def serve(request: Request) -> Response:
        seen.append(request.url.rpartition("/")[2])
        return answer(200, {"token": f"token-{len(seen)}", "until": 1200})

    done = ran(flow(get("/a"), get("/b", ", delay: 199s"), get("/c", ", delay: 500s"), auth=login), serve)
    assert done.verdict == "passed", done.errors
    assert seen == ["login", "a", "refresh", "b", "c"]


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("{post: /login, json: {if: 'hello world }'}, extract: {token: $.token}}", None, True),
        ("{post: /login, if: \"who == 'ada'\", extract: {token: $.token}}", None, False),
        ("{post: /login, headers: {'X-{{ who }}': a}, extract: {token: $.token}}", None, False),
        ("{post: /login, extract: {token: {from: $.token, filter: 'default(who)'}}}", None, False),
        ("{post: '/login?{{ uuid() }}', extract: {token: $.token}}", None, True),
        ("{post: /login, json: {p: '{{ who }}'}, extract: {token: $.token}}", None, False),
        ("{post: /login, extract: {token: $.token}}", "{post: 'http://api.test/login', extract: {token: $.token}}", True),
        ("[{get: /c, extract: {c: $.token}}, {post: '/login?{{ c }}{{ who }}', extract: {token: $.token}}]", None, False),
        ("{request: 'POST /login', extract: {token: $.token}}", None, True),
        ("{post: /login, body: '{{ file(\"x\") }}', extract: {token: $.token}}", None, True),
    ],
)  # fmt: skip
def test_what_makes_two_sessions_one(one: str, other: str | None, shared: bool) -> None:
    keys = []
    for who, login in (("ada", one), ("bob", other or one)):
        plan = compile_text(
            f"vars: {{who: {who}}}\nauth: {{api: {{login: {login}}}}}\nsteps: [{{get: /x, auth: api}}]\n",
            files={"x": "content"},
        )
        keys.append(session_of(plan.credentials["api"], "api", begun(plan)).key)
    assert (keys[0] == keys[1]) is shared


def test_a_token_that_is_revoked_again_and_again_is_renewed_each_time() -> None:
    api = Api()

    def serve(request: Request) -> Any:
        if request.url[-2:] in {"/b", "/c"} and api.seen[-1] != "/login":
            api.good.clear()
        return api(request)

    assert ran(flow(get("/a"), get("/b"), get("/c")), serve).verdict == "passed"
    assert api.seen == ["/login", "/a", "/b", "/login", "/b", "/c", "/login", "/c"]


def test_a_sessions_own_steps_never_renew_another_on_a_status() -> None:
    two = (
        "auth: {idp: {login: {post: /idp, extract: {token: $.token}}}, api: {login: {post: /login, auth: idp, expect: any, "
        "extract: {token: {from: $.token, default: none-given}}}}}"
    )
    seen: list[str] = []

    def serve(request: Request) -> Response:
        seen.append(request.url.rpartition("/")[2])
        return answer(401, {"no": 1}) if seen[-1] == "login" else answer(200, {"token": "abcd"})

    ran(f"{two}\nsteps:\n  - {{get: /x, auth: api}}\n", serve)
    assert seen == ["idp", "login", "x"]


def test_the_jar_of_a_session_lasts_from_its_login_to_its_logout() -> None:
    done = ran(
        flow(get("/a"), auth=LOGIN + LOGOUT),
        lambda request: (
            answer(200, {"token": "abcd"}, set_cookie="s=server-side; Path=/")
            if request.url.endswith("/login")
            else answer()
        ),
    )
    assert [dict(request.headers).get("Cookie") for request in done.requests] == [None, None, "s=server-side"]


def test_all_of_a_logout_ends_within_its_limit() -> None:
    steps = ", ".join("{post: /logout, timeout: 25s}" for _ in range(3))
    done = ran(flow(get("/a"), auth=LOGIN + f"    logout: [{steps}]\n"), Api(), cost=20)
    assert "the logout of api took longer than 30 s" in done.closed[0].warnings[0]


def test_whoever_comes_late_gets_the_token_that_another_fetched_meanwhile() -> None:
    plan = compile_text(flow(get("/a")))
    frame = begun(plan)
    session = session_of(plan.credentials["api"], "api", frame)
    effect = next(token_of(session, frame, NESTED.steps))
    session.token = Token(1, {}, Attachment(), 0.0)
    with pytest.raises(StopIteration) as stop:
        next(effect.flow())
    assert stop.value.value is session.token


def test_files_of_the_same_name_in_other_folders_make_another_session() -> None:
    keys = []
    for folder in ("a", "b"):
        files = {f"{folder}/_l.yaml": "steps:\n  - {post: /login, extract: {t: $.t}}\noutputs: {token: '{{ t }}'}\n"}
        plan = compile_text(
            "auth: {api: {login: {include: _l.yaml, extract: {token: $.token}}}}\nsteps: [{get: /x, auth: api}]\n",
            name=f"{folder}/flow.yaml",
            files=files,
        )
        keys.append(session_of(plan.credentials["api"], "api", begun(plan)).key)
    assert keys[0] != keys[1]


def test_no_logout_where_there_was_no_login() -> None:
    api = Api()
    api.refuse_login = True
    ran(flow(get("/a"), auth=LOGIN + LOGOUT), api)
    assert api.seen == ["/login"]


# secrets, homes and reports


def test_whatever_a_session_sends_and_gets_is_a_secret() -> None:
    done = ran(
        flow("{get: /a, auth: api}"),
        lambda request: (
            answer(
                200,
                {
                    "token": "tok-1234",
                    "refresh": "ref-5678",
                    "user": {"email": "ada@example.com"},
                    "ok": True,
                    "n": "no",
                },
                set_cookie="sid=cookie-secret; Path=/",
            )
            if request.url.endswith("/login")
            else answer()
        ),
    )
    known = {text for value in done.secrets for text in (value if isinstance(value, (list, tuple)) else [value])}
    assert {"correct-horse", "tok-1234", "ref-5678", "ada@example.com", "cookie-secret"} <= known
    assert not known & {"true", "no", "application/json", "Bearer"}


def test_every_run_masks_what_it_uses_though_another_fetched_it() -> None:
    first, second = run_all([flow(get("/a"))] * 2, Api(), env=ENV)
    for each in (first, second):
        assert any("token-1" in value for value in each.secrets)


def test_a_default_session_stays_at_home_and_a_step_elsewhere_says_auth_itself() -> None:
    api = Api()
    done = ran(
        flow("{get: 'http://other.test/x', expect: any}", "{get: 'http://other.test/y', auth: api}"),
        lambda request: answer() if "other" in request.url else api(request),
    )
    assert [token_in(request) for request in done.requests if "other" in request.url] == ["", "token-1"]
    withheld = ran(
        flow("{get: 'http://other.test/x', expect: 200}"), lambda _: answer(401, www_authenticate='Bearer realm="o"')
    )
    notes = withheld.steps[0].last.notes
    assert (
        "`api` from `defaults` was not sent: as a default it is sent to http://api.test; to send it to http://other.test, write `auth` on the step"
        in notes
    )
    assert "the server asks for Bearer (realm 'o')" in notes


def test_a_credential_may_have_origins_of_its_own() -> None:
    text = (
        "defaults: {auth: {bearer: abcd, origins: ['http://other.test', '{{ home }}']}}\n"
        "vars: {home: 'http://third.test:8080'}\nsteps:\n  - get: /x\n  - get: http://other.test/x\n"
        "  - get: http://third.test:8080/x\n  - get: http://third.test/x\n"
    )
    done = run(text, lambda _: answer())
    assert [token_in(request) for request in done.requests] == ["", "abcd", "abcd", ""]


def test_a_login_is_reported_as_a_step_of_its_own() -> None:
    done = ran(flow(get("/a"), auth=LOGIN + LOGOUT), Api(), cost=0.2)
    login, step, logout = done.finished
    assert (login.purpose, login.method, login.status, login.url) == (
        "login of api",
        "POST",
        200,
        "http://api.test/login",
    )
    assert login.duration == pytest.approx(0.2)
    assert step.purpose == ""
    assert logout.purpose == "logout of api"
    (closed,) = done.closed
    assert (closed.name, closed.kind, closed.users) == ("api", "login", (("flow", 1),))
    assert [(each.purpose, each.caused_by) for each in closed.steps] == [("login", "flow"), ("logout", "")]
    assert [each.name for each in done.steps] == ["GET /a"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_says_what_is_known_of_the_token(status: int) -> None:
    token = jwt(iat=0, exp=300, aud="orders", scope="read write")

    def serve(request: Request) -> Response:
        if request.url.endswith("/login"):
            return answer(200, {"token": token})
        return answer(status, www_authenticate='Bearer error="insufficient_scope", scope="admin"')

    done = ran(flow("{get: /a, expect: 200, delay: 2s}"), serve)
    assert done.verdict == "failed"
    sent, known, said = done.steps[0].last.notes
    assert sent == "`api` was sent as header Authorization"
    assert known.startswith("the token is ")
    assert 'it expires in 5 min 0 s; aud "orders"; scope "read write"' in known
    assert said == (
        "the server asks for Bearer; it says insufficient_scope, which means: the token is valid, but does not allow this "
        "request; it needs the scope 'admin'"
    )
    own = run(f"steps:\n  - {{get: /a, auth: {{bearer: '{token}'}}, expect: 200}}\n", lambda _: answer(status))
    assert own.steps[0].last.notes == (
        "`bearer` was sent as header Authorization",
        'it was issued 16 min 40 s ago; it expired 11 min 40 s ago; aud "orders"; scope "read write"',
    )


@pytest.mark.parametrize("at", range(1, 8))
def test_an_interrupt_loses_nothing_that_was_sent_before_or_after_a_renewal(at: int) -> None:
    api = Api()
    api.paths["/a"] = lambda _: answer(401, {"error": "expired"})
    done = ran(flow(get("/a")), api, interrupt_at=at)
    reported = [each for step in done.steps for attempt in step.attempts for each in attempt.exchanges]
    assert len(reported) == api.times("/a")
