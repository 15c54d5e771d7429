"""Each rule finds what it is for, on its line, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runflow.lint.findings import findings_of
from runflow.lint.table import IDLE, INVALID_FILE, RULES, UNREASONED
from runflow.loading import Loader, LoaderOptions
from runflow.model.codes import CODES
from runflow.selection.select import Target

HEAD = "base_url: https://api.test\nsteps:\n"  # two lines, so that steps begin in the third


def found(folder: Path, text: str, **others: str) -> list[tuple[str, int]]:
    """Codes and lines of what is found in a file."""
    for name, content in others.items():
        (folder / f"{name}.yaml").write_text(content, encoding="utf-8")
    path = folder / "flow.yaml"
    path.write_text(text if "steps:" in text else HEAD + text, encoding="utf-8")
    loader = Loader(LoaderOptions(for_lint=True))
    plans = loader.plans([Target(path)])
    lines = {plan.file: plan.source for plan in plans}
    source = next(iter(lines.values()), None)
    return [
        (each.code, source.where(each.place).line if source is not None and each.place and each.place.file == source.file else 0)
        for each in findings_of(plans, loader.problems)
    ]  # fmt: skip


STEP = "  - {get: /x, expect: 200}\n"
CONTRACT = f"openapi: api.yaml\n{HEAD}"
API = """\
openapi: 3.1.0
paths:
  /moved: {get: {responses: {"302": {}}}}
  /items/{id}:
    get: {responses: {"200": {content: {application/json: {schema: {$ref: "#/components/schemas/Item"}}}}, "404": {}}}
components:
  schemas:
    Item: {properties: {id: {}, owner: {$ref: "#/components/schemas/User"}, free: {type: object}, more: {items: {}}}}
    User: {properties: {name: {type: string}}}
"""
CASES: dict[str, tuple[str, list[tuple[str, int]]]] = {
    "nothing": (STEP, []),
    "invalid": ("  - {get: /x, expct: 200}\n", [(INVALID_FILE, 0)]),
    # RF601
    "used before": ("  - {get: '/{{ a }}', expect: 200}\n  - {get: /y, extract: {a: $.a}}\n", [("RF601", 3)]),
    "used in the step that gives it": ("  - {get: '/{{ a }}', extract: {a: $.a}}\n", [("RF601", 3)]),
    "used behind": ("  - {get: /y, extract: {a: $.a}}\n  - {get: '/{{ a }}', expect: 200}\n", []),
    "used in its own assert": ("  - {get: /y, extract: {a: $.a}, assert: [a == 1]}\n", []),
    "used before, with a default": ("  - {get: \"/{{ a | default('b') }}\", expect: 200}\n  - {get: /y, extract: {a: $.a}}\n", []),
    "used in finally": ("  - {get: /y, extract: {a: $.a}}\nfinally:\n  - {delete: '/{{ a }}', expect: 204}\n", []),
    "a first value under vars": (f"vars: {{a: 1}}\n{HEAD}  - {{get: '/{{{{ a }}}}', expect: 200}}\n  - {{set: {{a: '{{{{ a + 1 }}}}'}}}}\n", []),
    # RF602
    "given by a branch": ("  - {get: /y, if: 'now()', extract: {a: $.a}}\n  - {get: '/{{ a }}', expect: 200}\n", [("RF602", 4)]),
    "used in the same branch": ("  - {get: /y, if: 1 == 1, extract: {a: $.a}}\n  - {get: '/{{ a }}', if: 1 == 1, expect: 200}\n", []),
    "given by all": ("  - {get: /y, if: 1 == 1, extract: {a: $.a}}\n  - {get: /z, extract: {a: $.b}}\n  - {get: '/{{ a }}', expect: 200}\n", []),
    # RF603
    "never used": ("  - {get: /y, extract: {a: $.a}}\n", [("RF603", 3)]),
    "never used, by intent": ("  - {get: /y, extract: {_a: $.a}}\n", []),
    "set and never used": ("  - {set: {a: 1}}\n", [("RF603", 3)]),
    "used in outputs": (HEAD + "  - {get: /y, extract: {a: $.a}}\noutputs: {b: '{{ a }}'}\n", []),
    "used in a login": ("auth: {x: {bearer: '{{ a }}'}}\n" + HEAD + "  - {get: /y, extract: {a: $.a}}\n  - {get: /z, auth: x, expect: 200}\n", []),
    "used in a selector": ("  - {get: /y, extract: {a: $.a}}\n  - {get: /z, expect: {'$[?@.b == {{ a }}]': []}}\n", []),
    # RF604
    "hides a variable": ((
        f"vars: {{a: 1}}\n{HEAD}  - {{get: '/{{{{ a }}}}', expect: 200}}\n  - {{get: /y, extract: {{a: $.a}}}}\n"
        f"  - {{get: '/{{{{ a }}}}', expect: 200}}\n"
    ), [("RF604", 5)]),
    "hides a column": (f"matrix: {{a: [1, 2]}}\n{HEAD}  - {{get: '/{{{{ a }}}}', expect: 200}}\n  - {{get: /y, extract: {{a: $.a}}}}\n",
        [("RF604", 5)]),
    "overwrites what nobody used": ("  - {get: /y, extract: {a: $.a}}\n  - {get: /z, extract: {a: $.a}}\n  - {get: '/{{ a }}', expect: 200}\n",
        [("RF604", 4)]),
    "overwrites what was used": ((
        "  - {get: /y, extract: {a: $.a}}\n  - {get: '/{{ a }}', expect: 200, extract: {a: $.a}}\n"
        "  - {get: '/{{ a }}', expect: 200}\n"
    ), []),
    "one of two branches": ((
        "  - {get: /y, if: 1 == 1, extract: {a: $.a}}\n  - {get: /z, if: 1 == 2, extract: {a: $.a}}\n"
        "  - {get: \"/{{ a | default('') }}\", expect: 200}\n"
    ), []),
    "a loop hides a variable": (f"vars: {{a: 1, b: [1]}}\n{HEAD}  - {{get: '/{{{{ a }}}}', for_each: '{{{{ b }}}}', as: a, expect: 200}}\n",
        [("RF604", 4)]),
    # RF605
    "a loop over a variable that is one value": (f"vars: {{a: b}}\n{HEAD}  - {{get: '/{{{{ item }}}}', for_each: '{{{{ a }}}}', expect: 200}}\n",
        [("RF605", 4)]),
    "a loop over a list": (f"vars: {{a: [b]}}\n{HEAD}  - {{get: '/{{{{ item }}}}', for_each: '{{{{ a }}}}', expect: 200}}\n", []),
    "a loop over what a filter makes": (f"vars: {{a: 'b,c'}}\n{HEAD}  - {{get: '/{{{{ item }}}}', for_each: \"{{{{ a | list }}}}\", expect: 200}}\n",
        []),
    # RF611
    "nothing expected": ("  - {get: /y, expect: any}\n", [("RF611", 3)]),
    "nothing said: a status below 400 is expected": ("  - {get: /y}\n", []),
    "nothing expected of a cleanup": (STEP + "finally:\n  - {delete: /y}\n", []),
    "expected by default": (f"defaults: {{expect: {{status: 2xx}}}}\n{HEAD}  - {{get: /y}}\n", []),
    "a failure expected": ("  - {get: /y, expect: {failure: refused}}\n", []),
    # RF612
    "any body": ("  - {get: /y, expect: {status: 200, body: {matches: '.*'}}}\n", [("RF612", 3)]),
    "an empty piece": ("  - {get: /y, expect: {body: {contains: ''}}}\n", [("RF612", 3)]),
    "no size": ("  - {get: /y, expect: {size: {gte: 0}}}\n", [("RF612", 3)]),
    "what is always there": ("  - {get: /y, expect: {body: {exists: true}}}\n", [("RF612", 3)]),
    "what may be missing": ("  - {get: /y, expect: {$.a: {exists: true}}}\n", []),
    "more than an idle one": ("  - {get: /y, expect: {body: {matches: '.*', contains: a}}}\n", []),
    # RF613
    "any status": ("  - {get: /y, expect: {status: any, $.a: 1}}\n", [("RF613", 3)]),
    "any status, and an extraction": ("  - {get: /y, expect: any, extract: {_a: $.a}}\n", [("RF613", 3)]),
    # RF614
    "a path against the schema": ("  - {get: /y, expect: {$: {schema: {additionalProperties: false, properties: {a: {}}}}, $.b: 1}}\n",
        [("RF614", 3)]),
    "a path within the schema": ("  - {get: /y, expect: {$: {schema: {additionalProperties: false, properties: {a: {}}}}, $.a.b: 1}}\n", []),
    "a path in an open schema": ("  - {get: /y, expect: {$: {schema: {properties: {a: {}}}}, $.b: 1}}\n", []),
    "a path below items": ("  - {get: /y, expect: {$: {schema: {items: {additionalProperties: false}}}, '$[0].b': 1}}\n", [("RF614", 3)]),
    # RF615
    "a POST again": ("  - {post: /y, retry: 2, expect: 200}\n", [("RF615", 3)]),
    "a POST with a key again": ("  - {post: /y, retry: 2, headers: {idempotency-key: '{{ uuid() }}'}, expect: 200}\n", []),
    "a GET again": ("  - {get: /y, retry: 2, expect: 200}\n", []),
    "a PUT again": ("  - {put: /y, retry: 2, expect: 200}\n", []),
    # RF621
    "a token that is not masked": ("  - {get: /y, extract: {access_token: $.t}}\n  - {get: '/{{ access_token }}', expect: 200}\n", [("RF621", 3)]),
    "a token that is masked": (f"secrets: [token]\n{HEAD}  - {{get: /y, extract: {{token: $.t}}}}\n  - {{get: '/{{{{ token }}}}', expect: 200}}\n",
        []),
    "a token that says so": ("  - {get: /y, extract: {token: {from: $.t, secret: true}}}\n  - {get: '/{{ token }}', expect: 200}\n", []),
    "an environment variable that is not masked": ("  - {get: '/{{ env.API_KEY }}', expect: 200}\n", [("RF621", 3)]),
    "what a credential takes": ("auth: {a: {bearer: '{{ env.API_TOKEN }}'}}\n" + HEAD + "  - {get: /y, auth: a, expect: 200}\n", []),
    "what only sounds like it": ("  - {get: /y, extract: {token_type: $.t}}\n  - {get: '/{{ token_type }}', expect: 200}\n", []),
    # RF622
    "a password in the file": ("  - {post: /y, json: {password: correct-horse}, expect: 200}\n", [("RF622", 3)]),
    "a JWT in the file": ("  - {get: '/?t=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc', expect: 200}\n", [("RF622", 3)]),
    "a bearer in the file": ("  - {get: /y, headers: {Authorization: Bearer abcdefgh12345}, expect: 200}\n", [("RF622", 3)]),
    "a key of AWS in the file": (f"vars: {{a: AKIAIOSFODNN7EXAMPLE}}\n{HEAD}  - {{get: '/{{{{ a }}}}', expect: 200}}\n", [("RF622", 1)]),
    "a password from outside": (f"secrets: [PW]\n{HEAD}  - {{post: /y, json: {{password: '{{{{ env.PW }}}}'}}, expect: 200}}\n", []),
    "what is expected of a token": ("  - {get: /y, expect: {$.token: abcdefghij}}\n", []),
    "where a token is": (f"secrets: [token]\n{HEAD}  - {{get: /y, extract: {{token: $.access_token}}}}\n", []),
    # RF616
    "as the document says": (CONTRACT + (
        "  - {get: '/items/{{ random_int(1, 2) }}', expect: {status: 200, $.id: 1, $.owner.name: a}}\n"
        "  - {get: /items/1, expect: 404}\n"
    ), []),
    "a path that the document has not": (CONTRACT + "  - {get: /itmes/1, expect: 200}\n", [("RF616", 4)]),
    "a method that the document has not": (CONTRACT + "  - {delete: /items/1, expect: 200}\n", [("RF616", 4)]),
    "a status that the document has not": (CONTRACT + "  - {get: /items/1, expect: 201}\n", [("RF616", 4)]),
    "one of two statuses": (CONTRACT + "  - {get: /items/1, expect: [200, 204]}\n", []),
    "a member that the document has not": (CONTRACT + "  - {get: /items/1, expect: 200, extract: {_n: $.nmae}}\n", [("RF616", 4)]),
    "a member deep inside": (CONTRACT + "  - {get: /items/1, expect: {$.owner.nmae: a}}\n", [("RF616", 4)]),
    "a member of what may be anything": (CONTRACT + "  - {get: /items/1, expect: {$.free.x: a, '$.more[0].y': b}}\n", []),
    "a member that is not to be there": (CONTRACT + "  - {get: /items/1, expect: {$.password: {exists: false}}}\n", []),
    "what is asked elsewhere": (CONTRACT + "  - {get: 'https://other.test/x', expect: 200}\n  - {get: /moved, expect: {status: 200, $.x: 1}}\n", []),
    # RF623
    "not verified": ("  - {get: /y, http: {verify: false}, expect: 200}\n", [("RF623", 3)]),
    "not verified, by default": (f"defaults: {{http: {{verify: false}}}}\n{HEAD}{STEP}", [("RF623", 1)]),
    # RF624
    "in the clear": ("  - {get: 'http://api.example.com/y', expect: 200}\n", [("RF624", 3)]),
    "in the clear, to ourselves": ((
        "  - {get: 'http://127.0.0.1:8080/y', expect: 200}\n  - {get: 'http://localhost/', expect: 200}\n"
        "  - {get: 'http://db.svc/', expect: 200}\n  - {get: 'http://10.1.2.3/', expect: 200}\n"
    ), []),
    "in the clear, to whom nobody knows yet": (f"vars: {{h: a}}\n{HEAD}  - {{get: 'http://{{{{ h }}}}/', expect: 200}}\n", []),
    # comments
    "ignored": ("  - {get: /y, expect: any}  # runflow: ignore[RF611] only warms the cache\n", []),
    "ignored above": ("  # runflow: ignore[RF611] only warms the cache\n  - {get: /y, expect: any}\n", []),
    "ignored without a reason": ("  - {get: /y, expect: any}  # runflow: ignore[RF611]\n", [(UNREASONED, 3)]),
    "two ignored": ("  - {get: 'http://a.example.com/y', expect: any}  # runflow: ignore[RF611, RF624] old\n", []),
    "another ignored": ("  - {get: /y, expect: any}  # runflow: ignore[RF613] why\n", [(IDLE, 3), ("RF611", 3)]),
    "nothing to ignore": (STEP.rstrip() + "  # runflow: ignore[RF611] why\n", [(IDLE, 3)]),
    "no code to ignore": (STEP.rstrip() + "  # runflow: ignore[] why\n", [(IDLE, 3)]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_rule_finds_what_it_is_for_and_nothing_else(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text, wanted = CASES[name]
    assert found(tmp_path, text, api=API) == wanted


INCLUDED = HEAD + "  - {get: /y, extract: {a: $.a}}\noutputs: {a: '{{ a }}'}\n"


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("extract: {b: $.a}", []), ("extract: {b: $.c}", [("RF606", 3)]), ("expect: {$.a: 1, $.c: 1}, extract: {b: $.a}", [("RF606", 3)]),
        ("extract: {b: {from: $.c, default: 1}}", [("RF606", 3)]), ("extract: {b: $}", []),
    ],
)  # fmt: skip
def test_what_an_included_file_does_not_give_is_found(
    asked: str, wanted: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = f"  - {{include: _x.yaml, {asked}}}\n  - {{get: '/{{{{ b }}}}', expect: 200}}\n"
    assert found(tmp_path, text, _x=INCLUDED) == wanted


def test_every_rule_has_words_and_a_case_that_finds_it() -> None:
    tried = {"RF606"} | {code for _, wanted in CASES.values() for code, _ in wanted}
    assert {*RULES, INVALID_FILE, UNREASONED, IDLE} <= CODES.keys()
    assert tried >= {*RULES, INVALID_FILE, UNREASONED, IDLE}


def test_an_included_file_is_examined_once_in_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    both = "  - {include: _x.yaml}\n  - {include: _x.yaml}\n"
    assert found(tmp_path, both, _x=HEAD + "  - {get: /y, expect: any}\n") == [("RF611", 0)]
