"""Which run begins next: order, locks, needs, failures. No thread, no clock: a list of runs and what became of them."""

from __future__ import annotations

import pytest
from fakes import ROOT
from hypothesis import given
from hypothesis import strategies as st
from plans import plan

from runflow.execution.schedule import Run, Schedule, runs_of
from runflow.model.errors import WorkflowError
from runflow.model.results import Verdict
from runflow.selection.dependencies import in_order


def begun(schedule: Schedule, runs: list[Run]) -> list[str]:
    found = []
    while (number := schedule.next()) is not None:
        found.append(runs[number].key)
    return found


def given_up(schedule: Schedule, runs: list[Run]) -> dict[str, str]:
    return {runs[number].plan.name: reason for number, reason in schedule.skipped()}


def test_runs_begin_in_their_order() -> None:
    runs = runs_of([plan("b"), plan("a", rows=2)])
    assert begun(Schedule(runs), runs) == ["b.yaml", "a.yaml [0]", "a.yaml [1]"]


def test_one_lock_holds_one_run_and_nobody_else_waits_for_it() -> None:
    runs = runs_of([plan("a", lock="db", rows=2), plan("b"), plan("c", lock="db"), plan("d", lock="other")])
    schedule = Schedule(runs)
    assert begun(schedule, runs) == ["a.yaml [0]", "b.yaml", "d.yaml"]
    schedule.ended(2, Verdict.PASSED)
    assert begun(schedule, runs) == []
    schedule.ended(0, Verdict.FAILED)
    assert begun(schedule, runs) == ["a.yaml [1]"]
    schedule.ended(1, Verdict.PASSED)
    assert begun(schedule, runs) == ["c.yaml"]


def test_a_file_begins_when_every_run_of_what_it_needs_has_passed() -> None:
    runs = runs_of([plan("setup", rows=2), plan("a", "setup"), plan("b")])
    schedule = Schedule(runs)
    assert begun(schedule, runs) == ["setup.yaml [0]", "setup.yaml [1]", "b.yaml"]
    schedule.ended(0, Verdict.PASSED)
    assert begun(schedule, runs) == []
    schedule.ended(1, Verdict.PASSED)
    assert begun(schedule, runs) == ["a.yaml"]


@pytest.mark.parametrize(
    ("verdict", "words"),
    [(Verdict.FAILED, "which failed"), (Verdict.ERROR, "which ended with an error"), (Verdict.SKIPPED, "which was skipped")],
)  # fmt: skip
def test_a_need_that_does_not_pass_skips_all_that_hang_on_it(verdict: Verdict, words: str) -> None:
    runs = runs_of([plan("setup"), plan("a", "setup"), plan("b", "a"), plan("c")])
    schedule = Schedule(runs)
    assert begun(schedule, runs) == ["setup.yaml", "c.yaml"]
    schedule.ended(0, verdict)
    assert given_up(schedule, runs) == {
        "a": f"it needs setup.yaml, {words}",
        "b": "it needs a.yaml, which was skipped",
    }
    assert begun(schedule, runs) == []
    assert given_up(schedule, runs) == {}


def test_a_need_that_could_not_be_read_skips_who_needs_it() -> None:
    runs = runs_of([plan("a", "broken"), plan("b")])
    schedule = Schedule(runs)
    assert given_up(schedule, runs) == {"a": "it needs broken.yaml, which could not be run"}
    assert begun(schedule, runs) == ["b.yaml"]


def test_after_so_many_failures_nothing_more_begins() -> None:
    runs = runs_of([plan(name) for name in "abcde"])
    schedule = Schedule(runs, max_failures=2)
    for number, verdict in ((0, Verdict.FAILED), (1, Verdict.PASSED), (2, Verdict.ERROR)):
        assert schedule.next() == number
        schedule.ended(number, verdict)
    assert given_up(schedule, runs) == dict.fromkeys("de", "2 workflows before it did not pass (--max-failures 2)")
    assert begun(schedule, runs) == []


def test_a_lock_whose_waiters_were_given_up_is_free_for_the_others() -> None:
    runs = runs_of([plan("a", lock="x"), plan("b", lock="x"), plan("c", lock="x")])
    schedule = Schedule(runs)
    assert begun(schedule, runs) == ["a.yaml"]
    schedule._skip(ROOT / "b.yaml", "gone")
    schedule.ended(0, Verdict.PASSED)
    assert begun(schedule, runs) == ["c.yaml"]


def test_needs_come_before_who_needs_them_and_all_else_stays_in_order() -> None:
    plans = [plan("a", "z"), plan("b"), plan("z", "y"), plan("y"), plan("c", "z")]
    assert [each.name for each in in_order(plans)] == ["y", "z", "a", "b", "c"]


def test_needs_in_a_circle_show_it() -> None:
    with pytest.raises(WorkflowError) as caught:
        in_order([plan("x", "a"), plan("a", "b"), plan("b", "c"), plan("c", "a")])
    assert "a.yaml → b.yaml → c.yaml → a.yaml" in caught.value.message
    assert caught.value.place is not None
    assert caught.value.place.file == "c.yaml"


def test_a_chain_of_needs_may_be_longer_than_python_nests_calls() -> None:
    plans = [plan(f"f{number:05}", *([f"f{number + 1:05}"] if number < 4999 else [])) for number in range(5000)]
    assert [each.name for each in in_order(plans)] == [f"f{number:05}" for number in range(4999, -1, -1)]


@given(st.data())
def test_whatever_happens_every_run_begins_once_or_is_given_up_once(data: st.DataObject) -> None:
    """A law: whatever locks, needs and verdicts there are, nothing is lost, nothing runs twice, no lock is held twice."""
    count = data.draw(st.integers(1, 8))
    plans = [
        plan(
            f"f{number}",
            *(
                f"f{each}"
                for each in data.draw(st.sets(st.integers(0, number - 1), max_size=2) if number else st.just(set()))
            ),
            lock=data.draw(st.sampled_from(["", "", "x", "y"])),
            rows=data.draw(st.integers(1, 3)),
        )
        for number in range(count)
    ]
    runs = runs_of(plans)
    schedule = Schedule(runs, data.draw(st.none() | st.integers(1, 3)))
    running: list[int] = []
    seen: list[int] = []
    while True:
        while len(running) < 3 and (number := schedule.next()) is not None:
            running.append(number)
            seen.append(number)
        locks = [runs[number].plan.lock for number in running if runs[number].plan.lock]
        assert len(locks) == len(set(locks))
        seen += [number for number, _ in schedule.skipped()]
        if not running:
            break
        ends = running.pop(data.draw(st.integers(0, len(running) - 1)))
        schedule.ended(
            ends, data.draw(st.sampled_from([Verdict.PASSED, Verdict.PASSED, Verdict.FAILED, Verdict.SKIPPED]))
        )
    assert sorted(seen) == list(range(len(runs)))
