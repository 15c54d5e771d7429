"""`--shard 2/5`: selects the runs of one machine out of several. All shards together are exactly all runs."""

from __future__ import annotations

import hashlib
import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..execution.schedule import Run
from .dependencies import families


def parse_shard(text: str) -> tuple[int, int]:
    """Read `2/5` as two numbers.

    Raises:
        ValueError: the text is not a valid shard.
    """
    index, slash, count = text.partition("/")
    if not slash or not index.isdigit() or not count.isdigit():
        raise ValueError(f"{text!r} is not a valid shard: write `2/5` for the second of five")
    if not 1 <= int(index) <= int(count):
        raise ValueError(f"there is no shard {index} of {count}: shards are numbered from 1 to {count}")
    return int(index), int(count)


def shard(runs: Sequence[Run], index: int, count: int, durations: Mapping[str, float]) -> list[Run]:
    """Select the runs of one shard, in their order.

    Runs of files that need each other stay together. Groups with known durations are assigned from the longest to the
    shortest, each to the shard with the shortest total; a hash of its name assigns each of the others.

    Args:
        runs: All runs.
        index: The number of the shard, from 1.
        count: How many shards there are.
        durations: How many seconds runs took, by their keys; the same for every shard.
    """
    groups_of_files = families(run.plan for run in runs)
    files = {run.plan.path: run.plan.file for run in runs}
    family = {path: files.get(first, "") for path, first in groups_of_files.items()}
    groups: dict[str, list[int]] = defaultdict(list)
    for number, run in enumerate(runs):
        groups[_group(run, family)].append(number)
    load = [(0.0, other) for other in range(1, count + 1)]
    chosen: list[int] = []
    costs = {name: [durations.get(runs[number].key) for number in numbers] for name, numbers in groups.items()}
    known = {name: sum(filter(None, each)) for name, each in costs.items() if all(cost is not None for cost in each)}
    for name in sorted(known, key=lambda name: (-known[name], name)):
        total, least = load[0]
        heapq.heapreplace(load, (total + known[name], least))
        chosen += groups[name] if least == index else ()
    for name, numbers in groups.items():
        if name not in known and _hash(name) % count + 1 == index:
            chosen += numbers
    return [runs[number] for number in sorted(chosen)]


def _group(run: Run, family: Mapping[Path, str]) -> str:
    """The name of what stays together: one run, or all runs of files that need each other. It is the same on every machine."""
    first = family.get(run.plan.path)
    return run.key if first is None else f"{first} and what it is tied to"


def _hash(name: str) -> int:
    """A hash that is the same on every machine and in every process."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8], "big")
