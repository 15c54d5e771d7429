"""Everything that is wrong in a file is found before the first request, at its place, with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import compile_raw, compile_text, problems, settings_for

from runflow.language.files import Files
from runflow.model.errors import WorkflowError
from runflow.plan.compile import compile_file


def one(step: str, *, top: str = "") -> str:
    return f"{top}\nsteps:\n  - {step}\n"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (one("{get: /a, post: /b}"), "a step has one action, this one has get and post", "one step for each"),
        (one("{name: x}"), "this step does nothing", "or an `assert`"), (one("{assert: []}"), "`assert` is empty", "an expression"),
        (one("{set: {a: 1}, headers: {b: c}}"), "`headers` needs a request", "add a request"),
        (one("{assert: [true], expect: 200}"), "`expect` needs a response", "write `assert`"),
        (one("{get: /x, with: {a: 1}}"), "`with` can only be used with `include`", ""),
        (one("{get: /x, as: y}"), "`as` can only be used with `for_each`", ""),
        (one("{get: /x, allow_empty: true}"), "`allow_empty` can only be used with `for_each`", ""),
        (one("{get: /x, for_each: []}"), "would do nothing", "add values"),
        (one("{get: /x, for_each: users}"), "needs a list, or a template", '"{{ users }}"'),
        (one("{get: /x, for_each: [1], as: env}"), "is reserved", ""),
        (one("{get: ''}"), "the URL is empty", ""), (one("{get: users}"), "neither a path nor an http(s) URL", "/users"),
        (one("{get: 'ftp://x'}"), "neither a path", "only http and https"), (one("{request: GET}"), "a method and a URL", "PURGE /cache"),
        (one("{get: /x, expect: {duration: {lt: 500}}}"), "500 has no unit", "500ms"),
        (one("{get: /x, expect: {duration: {between: [1, 2s]}}}"), "1 has no unit", "1s"),
        (one("{request: 'GE(T /x'}"), "is not a valid method", ""), (one("{get: /x, cookies: all}"), "a map or `none`", ""),
        (one("{get: /x, headers: {a: {b: c}}}"), "expected a text", "tojson"), (one("{get: /x, timeout: soon}"), "is not a duration", ""),
        (one("{get: /x, timeout: '5'}"), "is not a duration", "5.0s (seconds)"),
        (one("{get: /x, timeout: 0s}"), "greater than zero", "such as `5s`"),
        (one("{get: /x, retry: {}}"), "`retry` has no end", "times: 5"), (one("{get: /x, retry: -1}"), "cannot be negative", ""),
        (one("{get: /x, retry: {times: 1, every: x}}"), "is not a duration", ""),
        (one("{get: /x, http: {version: 2}}"), "cannot do HTTP/2", "the curl driver"),
        (one("{get: /x, http: {version: 7}}"), "no HTTP version 7", ""),
        (one("{get: /x, http: {unix_socket: /s}}"), "cannot do `unix_socket`", "curl driver"),
        (one("{get: /x, http: {resolve: {'a:1': b}}}"), "cannot do `resolve`", ""),
        (one("{get: /x, http: {encodings: [br]}}"), "cannot decode 'br'", "deflate"),
        (one("{get: /x, http: {max_response_size: 5}}").replace("5}", "'5'}"), "is not a size", ""),
        (one("{get: /x, http: {verify: nope.pem}}"), "there is no file nope.pem", ""),
        (one("{get: /x, http: {cert: {cert: a.pem, password: p}}}"), "a key with a password", ""),
        (one("{get: /x, extract: {1a: $.a}}"), "is not a valid name", ""),
        (one("{get: /x, extract: {uuid: $.a}}"), "is reserved", "another name"),
        (one("{get: /x, extract: {item: $.a}}"), "is reserved", ""), (one("{get: /x, extract: {a: nope}}"), "unknown selector", ""),
        (one("{get: /x, extract: {a: {from: $.a, filter: nope}}}"), "there is no filter `nope`", ""),
        (one("{get: /x, if: '{{ a }}'}"), "no braces here", "remove {{ and }}"), (one("{get: /x, assert: ['a ==']}"), "syntax error", ""),
        (one("{get: '/{{ nme }}'}", top="vars: {name: x}"), "`nme` is never defined in this file", "did you mean 'name'?"),
        (one("{get: '/{{ nme | default(1) }}'}"), "`nme` is never defined in this file", "under `vars`"),
        (one("{get: '/{{ item }}'}"), "`item` is never defined", "for_each"),
        (one("{get: '/{{ response.status }}'}"), "`response` is never defined", "`assert`"),
        (one("{get: '/{{ zzz }}'}", top="vars: {name: x}"), "`zzz` is never defined", "names defined here: name"),
        (one("{get: /x}", top="secrets: [TOKN]\nvars: {TOKEN: x}"), "`TOKN` is never defined", "did you mean 'TOKEN'?"),
        (one("{get: /x}", top="secrets: [zzz]"), "`zzz` is never defined", "the name of a variable"),
        (one("{get: /x}", top="base_url: api.test"), "is not a valid http(s) URL", "https://host"),
        (one("{get: /x}", top="vars: {a: '{{ b }}', b: 1}"), "`b` has no value yet", "move `b` above `a`"),
        (one("{get: /x}", top="vars: {a: '{{ a }}'}"), "`a` has no value yet", ""),
        (one("{get: /x}", top="openapi: a.yaml"), "there is no file a.yaml", ""),
        (one("{get: /x}", top="openapi: ../a.yaml"), "outside the file root", "--file-root"),
        (one("{get: /x}", top="needs: a.yaml"), "there is no file a.yaml", ""),
        (one("{get: /x}", top="needs: flow.yaml"), "needs itself", ""), (one("{get: /x}", top="lock: ''"), "`lock` needs a name", ""),
        (one("{get: /x}", top="inputs: [1a]"), "is not a valid name", ""), (one("{get: /x}", top="vars: {env: 1}"), "is reserved", ""),
        (one("{get: /x}", top="timeout: 0s"), "greater than zero", ""), (one("{get: /x, paginate: {next: nope}}"), "unknown selector", ""),
        (one("{get: /x, auth: {bearer: '{{ nme }}'}}"), "`nme` is never defined", ""),
        (one("{include: '{{ a }}'}"), "cannot hold a template", "`if`"),
        (one("{include: nope.yaml}"), "there is no file nope.yaml", "the path is"),
        (one("{include: ../x.yaml}"), "outside the file root", ""),
        (one("{include: flow.yaml}"), "circular include: flow.yaml → flow.yaml", ""), (one("{include: c.yaml}"), "c.yaml needs user", "under `with`"),
        (one("{include: c.yaml, with: {usr: 1, user: 2}}"), "has no input `usr`", "did you mean 'user'?"),
        (one("{include: p.yaml, with: {a: 1}}"), "has no input `a`", "no `inputs` and no `vars`"),
        (one("{include: m.yaml}"), "so it cannot be included", ""),
        (one("{include: c.yaml, with: {user: 1}, expect: 200}"), "an include has no status", "$.name"),
        (one("{include: e.yaml}"), "unknown key 'stepz'", ""),
        (one("{get: /x}", top="matrix: {a: []}"), "the axis `a` is empty", ""), (one("{get: /x}", top="matrix: {}"), "no axis", ""),
        (one("{get: /x}", top="cases: []"), "there are no cases", ""),
        (one("{get: /x}", top="matrix: {a: [1]}\ncases: [{a: 1}]"), "the name of a column", ""),
        (one("{get: /x}", top="cases: {file: nope.csv}"), "there is no file", ""),
        (one("{get: /x}", top="cases: {file: c.yaml}"), "a list of maps", ""),
        (one("{get: /x}", top="cases: {file: x.txt}"), "not .txt", ""), (one("{get: /x}", top="cases: {file: empty.csv}"), "is empty", ""),
        (one("{get: /x}", top="cases: {file: short.csv}"), "row 2 has 1 fields", ""),
        (one("{get: /x}", top="cases: {file: twice.csv}"), "two columns have the same name", ""),
        (one("{get: /x}", top="cases: {file: bad.json}"), "cannot be read", ""),
        (one("{get: /x}", top="cases: {file: bad.yaml}"), "bad.yaml:1: ", ""),
        (one("{get: /x}", top="cases: {file: list.json}"), "case 1 is 1 (integer)", ""),
        (one("{get: /x}", top="cases: {file: env.csv}"), "is reserved", ""), (one("{get: /x}", top="cases: {file: dup.yaml}"), "occurs twice", ""),
        (one("{get: /x}", top="cases: {file: quote.csv}"), "line 2", ""), (one("{get: /x}", top="cases: [{1a: 1}]"), "is not a valid name", ""),
    ],
)  # fmt: skip
def test_a_mistake_is_found_with_words_and_a_remedy(text: str, message: str, hint: str) -> None:
    files = {
        "c.yaml": "inputs: [user]\nsteps: [{get: '/{{ user }}'}]", "p.yaml": "steps: [{get: /x}]",
        "m.yaml": "matrix: {a: [1]}\nsteps: [{get: /x}]", "e.yaml": "stepz: 1\nsteps: [{get: /x}]", "x.txt": "", "empty.csv": "",
        "short.csv": "a,b\n1\n", "twice.csv": "a,a\n1,2\n", "bad.json": "{", "bad.yaml": "[", "list.json": "[1]", "env.csv": "env\n1\n",
        "dup.yaml": "- a: 1\n  a: 2\n", "quote.csv": 'a\n"x"y\n', "a.pem": "x",
    }  # fmt: skip
    found = problems(text, files=files)
    assert any(message in problem.message and hint in problem.hint for problem in found), [
        (p.message, p.hint) for p in found
    ]


def test_an_include_cycle_shows_its_chain() -> None:
    files = {"a.yaml": "steps: [{include: b.yaml}]", "b.yaml": "steps: [{include: flow.yaml}]"}
    (found,) = problems("steps: [{include: a.yaml}]", files=files)
    assert "flow.yaml → a.yaml → b.yaml → flow.yaml" in found.message


def test_includes_have_a_depth() -> None:
    files = {f"f{n}.yaml": f"steps: [{{include: f{n + 1}.yaml}}]" for n in range(30)} | {
        "f30.yaml": "steps: [{get: /x}]"
    }
    assert "nested more than 20 deep" in problems("steps: [{include: f0.yaml}]", files=files)[0].message


@pytest.mark.parametrize(
    ("cases", "values"),
    [
        ("cases: [{a: 1}, {a: '2'}]", [{"a": 1}, {"a": "2"}]), ("cases: {file: c.csv}", [{"a": "1", "b": "x, y"}, {"a": "02", "b": ""}]),
        ("cases: {file: c.json}", [{"a": 1.5}]), ("cases: {file: c.yaml}", [{"a": "no"}]),
        ("matrix: {a: [1, 2], b: [x]}", [{"a": 1, "b": "x"}, {"a": 2, "b": "x"}]),
        ("matrix: {m: [1, 2]}\ncases: [{c: 3}, {c: 4}]", [{"c": 3, "m": 1}, {"c": 3, "m": 2}, {"c": 4, "m": 1}, {"c": 4, "m": 2}]),
    ],
)  # fmt: skip
def test_every_row_in_every_combination_is_a_run(cases: str, values: list[dict[str, object]]) -> None:
    files = {"c.csv": '\ufeffa,b\r\n1,"x, y"\r\n02,\r\n', "c.json": '[{"a": 1.5}]', "c.yaml": "- a: no\n"}
    assert [row.values for row in compile_text(f"{cases}\nsteps: [{{get: /x}}]", files=files).rows] == values


def test_labels_tell_runs_apart() -> None:
    rows = compile_text(
        f"matrix: {{m: [1]}}\ncases: [{{name: {'x' * 40}, b: 1, c: 2, d: 3, e: 4}}]\nsteps: [{{get: /x}}]"
    ).rows
    assert rows[0].label == f"[1: m=1, name={'x' * 23}…, b=1, c=2, …]"
    assert compile_text("matrix: {m: [{a: 1}]}\nsteps: [{get: /x}]").rows[0].label == '[m={"a":1}]'
    assert compile_text("steps: [{get: /x}]").rows[0].label == ""


def test_a_label_shows_no_secret() -> None:
    rows = compile_text(
        "secrets: [pin]\nmatrix: {m: [1]}\ncases: [{pin: '4711-0815', user: ada}]\nsteps: [{get: /x}]"
    ).rows
    assert rows[0].label == "[1: m=1, pin=***, user=ada]"


def test_too_many_runs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runflow.plan.rows.MAX_RUNS", 3)
    assert (
        "the file has 4 runs; the limit is 3"
        in problems("matrix: {a: [1, 2], b: [1, 2]}\nsteps: [{get: /x}]")[0].message
    )


def test_a_comment_that_cut_a_selector_or_an_expression_short_is_named() -> None:
    text = "steps:\n  - get: /x\n    expect:\n      $.a[ #b]: 1\n    assert:\n      - name == 'a #1'\n    extract:\n      t: regex ( #x\n"
    found = [problem.hint for problem in problems(text)]
    assert sum("begins a comment and cut this short" in hint for hint in found) >= 1


def test_defaults_of_the_file_are_checked_once_for_all_steps() -> None:
    found = problems("defaults: {expect: {$.a: {eqals: 1}}, headers: {a: {b: c}}}\nsteps:\n  - get: /a\n  - get: /b\n")
    assert len(found) == 2


def test_a_file_that_is_missing_or_broken_says_so() -> None:
    with pytest.raises(WorkflowError, match="there is no file"):
        compile_file(Path("/virtual/none.yaml"), settings_for(Files(Path("/virtual"))))
    with pytest.raises(WorkflowError, match="not valid YAML"):
        compile_raw("a: [")


def test_names_given_from_outside_are_known_and_accepted() -> None:
    plan = compile_text("vars: {b: 1}\nsteps: [{get: '/{{ a }}/{{ b }}'}]", given=frozenset({"a", "unused"}))
    assert plan.accepts == {"a", "b"}


def test_paths_are_shown_from_where_people_are(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text("steps: [{get: /x}]\nbase_url: http://x")
    settings = settings_for(Files(tmp_path), tmp_path)
    assert compile_file(tmp_path / "f.yaml", settings).file == "f.yaml"
    assert Path(settings_for(Files(tmp_path)).shown(tmp_path / "f.yaml")).is_absolute()


def test_what_the_environment_must_have_is_known_with_its_place() -> None:
    plan = compile_text(
        "steps:\n  - post: /x\n    json: {a: {b: ['{{ env.X }}']}, c: \"{{ env.Y | default('') }}\"}\n  - include: c.yaml\n",
        files={"c.yaml": "steps: [{get: '/{{ env.Z }}'}]"},
    )
    assert {(name, file, path) for name, file, path in plan.env} == {
        ("X", "flow.yaml", ("steps", 0, "json", "a", "b", 0)),
        ("Z", "c.yaml", ("steps", 0, "get")),
    }


def test_a_name_of_a_chosen_environment_and_a_base_url_win_over_the_files() -> None:
    plan = compile_text("base_url: http://own\nsteps: [{get: /x}]", base_url="http://chosen")
    assert plan.base_url is not None
    assert plan.base_url.render({}) == "http://chosen"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("renew: {when: '{{ x }}'}", "an expression has no braces here"),
        ("renew: {when: 'nope == 1'}", "`renew` uses `nope`, which `login` does not provide"),
        ("renew: {before_expiry: soon}", "is not a duration"), ("attach: {}", "`attach` is empty"),
        ("attach: {header: '{{ token }}'}", "'header' is not a place for a token"),
        ("attach: {'header a b': '{{ token }}'}", "'a b' is not a valid name of a header"),
        ("attach: {header X: fixed}", "`attach` uses no name that `login` provides"),
        ("attach: {header X: '{{ tok }}-{{ token }}'}", "`attach` uses `tok`, which `login` does not provide"),
        ("refresh: []", "`refresh` is empty"), ("refresh: {post: /r}", ""), ("logout: {post: '/x/{{ item }}'}", "`item`"),
        ("refresh: {post: /r, auth: {oauth2: {grant: refresh_token, token_url: /t, refresh_token: r}}}",
            "a session cannot contain another `oauth2`"), ("origins: ['{{ no }}']", "`no` is never defined in this file"),
            ("logout: {post: /l, auth: {basic: {username: u, password: pass}}}", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_session_is_found_at_its_place(more: str, message: str) -> None:
    found = problems(
        f"auth:\n  api:\n    login: {{post: /login, extract: {{token: $.token}}}}\n    {more}\nsteps:\n  - {{get: /x, auth: api}}\n"
    )
    assert [problem for problem in found if message in problem.message] if message else found == [], found
    assert len(found) <= 1
    assert all(problem.place and problem.place.path[:2] == ("auth", "api") for problem in found)
