"""Shards: together they are exactly the whole, on every machine; what belongs together stays together; known durations balance them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plans import plan

from runflow.execution.schedule import runs_of
from runflow.selection.shards import parse_shard, shard


@pytest.mark.parametrize(
    ("text", "message"),
    [("0/5", "no shard 0 of 5"), ("6/5", "no shard 6 of 5"), ("2", "write `2/5`"), ("a/b", "write `2/5`"), ("-1/5", "write `2/5`"),
        ("1/0", "no shard 1 of 0"), ("/", "write")],
)  # fmt: skip
def test_what_is_no_shard_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_shard(text)


@given(
    st.integers(1, 7),
    st.lists(st.integers(1, 4), max_size=20),
    st.dictionaries(st.integers(0, 60), st.floats(0.01, 100)),
)
def test_the_shards_together_are_exactly_the_whole(count: int, rows: list[int], durations: dict[int, float]) -> None:
    runs = runs_of([plan(f"f{number}", rows=each) for number, each in enumerate(rows)])
    seconds = {runs[number].key: each for number, each in durations.items() if number < len(runs)}
    dealt = [run.key for index in range(1, count + 1) for run in shard(runs, index, count, seconds)]
    assert sorted(dealt) == sorted(run.key for run in runs)


def test_a_shard_keeps_the_order() -> None:
    runs = runs_of([plan(f"f{number:03}") for number in range(100)])
    keys = [run.key for run in shard(runs, 1, 3, {})]
    assert keys == sorted(keys)
    assert 15 < len(keys) < 55


def test_files_that_need_each_other_stay_together() -> None:
    runs = runs_of(
        [
            plan("setup"),
            *(plan(f"f{number}", "setup") for number in range(10)),
            *(plan(f"g{number}") for number in range(30)),
        ]
    )
    for index in range(1, 6):
        names = {run.plan.name for run in shard(runs, index, 5, {})}
        tied = {name for name in names if not name.startswith("g")}
        assert len(tied) in {0, 11}


def test_known_durations_balance_the_shards() -> None:
    runs = runs_of([plan(f"f{number:03}") for number in range(200)])
    seconds = {run.key: 0.1 if number % 10 else 10.0 for number, run in enumerate(runs)}  # they vary by 100
    totals = [sum(seconds[run.key] for run in shard(runs, index, 5, seconds)) for index in range(1, 6)]
    assert max(totals) < 1.2 * sum(totals) / 5
