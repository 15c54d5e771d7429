"""Events of runs that happen at the same time leave one run after the other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runflow.execution.event_order import EventOrder
from runflow.model.events import Event, WorkflowStarted


@given(st.lists(st.integers(0, 3), max_size=40), st.permutations(range(4)))
def test_every_event_leaves_once_in_the_order_of_the_runs(told: list[int], ends: list[int]) -> None:
    left: list[Event] = []
    order = EventOrder(left.append)
    for number, run in enumerate(told):
        order.emit(run, WorkflowStarted(str(run), str(number)))
    for run in ends:
        order.close(run)
    assert left == [
        WorkflowStarted(str(run), str(number))
        for number, run in sorted(enumerate(told), key=lambda each: (each[1], each[0]))
    ]
    assert order.behind == 0


def test_the_first_run_is_told_as_it_happens() -> None:
    left: list[Event] = []
    order = EventOrder(left.append)
    order.emit(1, WorkflowStarted("b", ""))
    order.emit(0, WorkflowStarted("a", ""))
    assert [event.name for event in left] == ["a"]  # type: ignore[union-attr]  # all are of one kind
    order.close(1)
    assert order.behind == 1
    order.close(0)
    assert [event.name for event in left] == ["a", "b"]  # type: ignore[union-attr]  # as above
