"""`runflow check --changes` marks the steps whose verdict a new version may change; `--fix` keeps the old verdict."""

from __future__ import annotations

from typing import Any

import pytest

HEAD = "base_url: http://127.0.0.1\nsteps:\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  - get: /x\n", "  - get: /x\n    expect: any\n"),
        ("  - get: /x # why\n    tags: [a]\n", "  - get: /x # why\n    expect: any\n    tags: [a]\n"),
        ("  - name: a\n    get: /x\n", "  - name: a\n    get: /x\n    expect: any\n"),
        ("  - {get: /x}\n", "  - {get: /x, expect: any}\n"),
        ("  - {get: /x, tags: [a]}\n", "  - {get: /x, expect: any, tags: [a]}\n"),
        ("  - get: /x\n    expect:\n      $.a: 1\n", "  - get: /x\n    expect:\n      status: any\n      $.a: 1\n"),
        ("  - get: /x\n    expect: {$.a: 1}\n", "  - get: /x\n    expect: {status: any, $.a: 1}\n"),
        ("  - {get: /x, expect: {$.a: 1}}\n", "  - {get: /x, expect: {status: any, $.a: 1}}\n"),
        (
            "  - {get: /x, expect: 200}\nfinally:\n  - delete: /x\n",
            "  - {get: /x, expect: 200}\nfinally:\n  - delete: /x\n    expect: any\n",
        ),
    ],
)
def test_a_step_that_says_nothing_of_the_status_is_marked_and_can_keep_its_verdict(
    runflow: Any, write: Any, before: str, after: str
) -> None:
    file = write("a.yaml", HEAD + before)
    assert "RF617" in runflow("check", "a.yaml", "--changes").err
    assert "RF617" not in runflow("check", "a.yaml").err
    runflow("check", "a.yaml", "--changes", "--fix")
    assert file.read_text(encoding="utf-8") == HEAD + after
    assert "RF617" not in runflow("check", "a.yaml", "--changes").err


@pytest.mark.parametrize(
    "expect", ["200", "2xx", "any", "{status: any, $.a: 1}", "{status: {gte: 400}}", "{failure: tls}"]
)
def test_a_step_that_says_something_of_it_is_not_marked(runflow: Any, write: Any, expect: str) -> None:
    write("a.yaml", f"{HEAD}  - {{get: /x, expect: {expect}}}\n")
    assert "RF617" not in runflow("check", "a.yaml", "--changes").err
