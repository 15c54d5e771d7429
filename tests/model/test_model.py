"""Small laws of the small things that every room uses."""

from __future__ import annotations

import pytest

from runflow.model.answer import Answer
from runflow.model.errors import Problem, StepError, WorkflowError
from runflow.model.exchange import Response
from runflow.model.kinds import MISSING
from runflow.model.results import Result, StepResult, Verdict, WorkflowResult
from runflow.model.units import bare_number_hint, parse_duration, parse_size
from runflow.model.urls import absolute_url, origin_of, with_params
from runflow.model.wording import did_you_mean, json_type, listed, plural, seconds_text, shown


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("2s", 2), ("1m30s", 90), ("1h", 3600), ("1d", 86400), ("1.5s", 1.5), ("0s", 0)],
)
def test_durations_carry_units(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "s", "-1s", "1 s", "1sm", "1e3s", "٣s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [("512B", 512), ("10kB", 10_000), ("1.5MB", 1_500_000), ("1KiB", 1024), ("2 MiB", 2 * 1024**2), ("1GB", 10**9)],
)
def test_sizes_carry_units(text: str, size: int) -> None:
    assert parse_size(text) == size


def test_a_bare_number_gets_both_readings() -> None:
    assert bare_number_hint(5) == "write 5s (seconds) or 5ms (milliseconds)"
    with pytest.raises(ValueError, match="is not a size"):
        parse_size("5")


def test_words_are_right() -> None:
    assert [json_type(value) for value in (None, True, 1, 1.5, 2.0, "", [], {}, object())] == [
        "null",
        "boolean",
        "integer",
        "number",
        "integer",
        "string",
        "array",
        "object",
        "object",
    ]
    assert shown("x" * 300, 10).endswith("[292 more characters] (string)")
    assert (shown(None), shown(True), shown("1")) == ("null", "true", '"1" (string)')
    assert did_you_mean("hedaers", ["headers", "params"]) == "did you mean 'headers'?"
    assert did_you_mean("zzz", ["headers"]) == ""
    assert did_you_mean("API_USER", ["PIP_CERT", "USER"], 0.8) == ""
    assert did_you_mean("API_PASWORD", ["API_USER", "API_PASSWORD"], 0.8) == "did you mean 'API_PASSWORD'?"
    assert listed(map(str, range(10, 30)), 3) == "10, 11, 12 and 17 more"
    assert (plural(1, "try"), plural(2, "try"), plural(3, "step")) == ("1 try", "2 tries", "3 steps")
    assert [seconds_text(value) for value in (0.0123, 2.5, 125)] == ["12 ms", "2.50 s", "2 min 5 s"]


@pytest.mark.parametrize(
    ("verdicts", "more", "code"),
    [
        (["passed"], {}, 0), (["passed", "skipped"], {}, 0), (["failed"], {}, 1), (["failed", "error"], {}, 3),
        (["failed"], {"report_errors": ("x",)}, 4), (["passed"], {"report_errors": ("x",)}, 4), (["failed"], {"crashed": True}, 70),
        ([], {}, 5), (["error"], {"report_errors": ("x",), "invalid": True}, 2),
        (["passed"], {"interrupted_by": 2}, 130), (["error"], {"interrupted_by": 15, "crashed": True}, 143),
        (["passed"], {"invalid": True, "crashed": True}, 70),
    ],
)  # fmt: skip
def test_the_gravest_decides_the_exit_code(verdicts: list[str], more: dict[str, object], code: int) -> None:
    result = Result(tuple(WorkflowResult("n", "f", Verdict(verdict)) for verdict in verdicts), **more)
    assert result.exit_code == code
    assert result.passed is (code == 0)


def test_urls_are_checked_and_put_together() -> None:
    assert absolute_url("/x", "http://h/api/") == "http://h/api/x"
    assert absolute_url("?a=b", "http://h/api") == "http://h/api?a=b"
    assert with_params("http://h/?a=1", [("b c", "d/&")]) == "http://h/?a=1&b%20c=d%2F%26"
    assert origin_of("https://H.test/x") == "https://h.test:443"
    with pytest.raises(StepError) as caught:
        absolute_url("http://%41.test/", "")
    assert "percent-encoded" in caught.value.hint


def test_errors_carry_their_place() -> None:
    error = StepError("m", "template").under("b").under("a").at("f", ("steps", 0))
    assert error.place is not None
    assert error.place.path == ("steps", 0, "a", "b")
    assert error.at("g", ()).place.file == "f"
    assert not MISSING
    assert repr(MISSING) == "MISSING"
    assert str(WorkflowError([Problem("first")])) == "first"
    assert StepResult("n", Verdict.PASSED).last.checks == ()
    assert WorkflowResult("n", "f", Verdict.PASSED, "[1]").full_name == "n [1]"


def test_a_header_is_found_in_any_case_and_its_lines_are_joined() -> None:
    response = Response(200, "u", headers=(("X-A", "1"), ("x-a", "2")))
    assert response.header("X-a") == "1, 2"
    assert response.header("x-b") is None
    assert Answer(response).content_type == ""
