"""What is remembered of earlier runs, and that forgetting or breaking it harms nothing."""

from __future__ import annotations

from pathlib import Path

from runflow.model.results import Verdict, WorkflowResult
from runflow.selection.history import History


def result(verdict: Verdict, seconds: float = 1.5) -> WorkflowResult:
    return WorkflowResult("a", "a.yaml", verdict, duration=seconds)


def test_failures_stay_until_they_pass_and_durations_are_those_of_passes(tmp_path: Path) -> None:
    History(tmp_path).learn(
        [("a", result(Verdict.FAILED, 9.0)), ("b", result(Verdict.PASSED)), ("c", result(Verdict.ERROR))]
    )
    again = History(tmp_path)
    assert again.failed == {"a", "c"}
    assert again.durations == {"b": 1.5}
    again.learn(
        [("a", result(Verdict.PASSED, 2.0)), ("b", result(Verdict.SKIPPED)), ("d", result(Verdict.PASSED, 3.0))]
    )
    assert History(tmp_path).failed == {"c"}
    assert History(tmp_path).durations == {"b": 1.5, "a": 2.0, "d": 3.0}
    assert (tmp_path / ".runflow" / ".gitignore").read_text() == "*\n"


def test_of_repetitions_one_that_failed_is_enough(tmp_path: Path) -> None:
    History(tmp_path).learn(
        [("a", result(Verdict.PASSED)), ("a", result(Verdict.FAILED)), ("a", result(Verdict.PASSED, 2.0))]
    )
    assert History(tmp_path).failed == {"a"}
    assert History(tmp_path).durations == {"a": 2.0}


def test_a_shard_learns_no_durations(tmp_path: Path) -> None:
    History(tmp_path).learn([("a", result(Verdict.PASSED))])
    History(tmp_path).learn([("a", result(Verdict.FAILED)), ("b", result(Verdict.PASSED))], durations=False)
    assert History(tmp_path).durations == {"a": 1.5}
    assert History(tmp_path).failed == {"a"}


def test_a_broken_file_is_as_none(tmp_path: Path) -> None:
    (tmp_path / ".runflow").mkdir()
    for content in (b"", b"{", b'{"runs": 1}', b"\xff"):
        (tmp_path / ".runflow" / "history.json").write_bytes(content)
        assert History(tmp_path).records == {}
