"""Functions come from the run's own clock and random source, so a seed fixes them."""

from __future__ import annotations

import sys
import uuid
from random import Random
from typing import Any

import pytest

from runflow.model.environment import Environment
from runflow.model.errors import StepError
from runflow.templating.functions import functions
from runflow.templating.values import compile_text


def names(seed: int = 1, content: bytes = b"text") -> dict[str, Any]:
    return functions(Random(seed), lambda: 1_700_000_000.9, lambda _: content)


def render(text: str, seed: int = 1, **more: Any) -> Any:
    return compile_text(f"{{{{ {text} }}}}").render(names(seed) | more)


def test_time_is_rfc_3339_and_shifts() -> None:
    assert render("now()") == "2023-11-14T22:13:20Z"
    assert render("now('-5m')") == "2023-11-14T22:08:20Z"
    assert render("now('+1d')") == "2023-11-15T22:13:20Z"
    assert render("timestamp()") == 1_700_000_000


@pytest.mark.parametrize(
    "call", ["uuid()", "random_int(1, 10**9)", "random_string(20)", "[1, 2, 3, 4, 5, 6, 7, 8] | random", "fake.email()"]
)
def test_a_seed_fixes_every_random_source(call: str) -> None:
    assert render(call, 5) == render(call, 5)
    assert len({render(call, seed) for seed in range(20)}) > 1


def test_values_have_their_forms() -> None:
    assert uuid.UUID(render("uuid()")).version == 4
    assert len(render("random_string(33)")) == 33
    assert render("range(2, 8, 3)") == [2, 5]
    assert "@" in render("fake.email()")


def test_a_file_that_is_no_text_is_refused() -> None:
    with pytest.raises(StepError, match="is not UTF-8 text"):
        compile_text("{{ file('x') }}").render(names(content=b"\xff"))


def test_an_unknown_provider_and_a_missing_library_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StepError, match="no provider `nope`"):
        render("fake.nope()")
    monkeypatch.setitem(sys.modules, "faker", None)
    with pytest.raises(StepError, match="pip install 'runflow-http\\[fake\\]'"):
        render("fake.email()")


def test_the_environment_is_a_mapping() -> None:
    env = Environment({"A": "1"})
    assert (dict(env), len(env)) == ({"A": "1"}, 1)
