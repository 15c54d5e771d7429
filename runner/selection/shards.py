"""`--shard 2/5`: the runs of one machine out of several. All shards together are exactly the whole."""

from __future__ import annotations

import hashlib
import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..execution.schedule import Run
from .dependencies import families


def parse_shard(text: str) -> tuple[int, int]:
    """`2/5` as its two numbers.

    Raises:
        ValueError: it is no shard.
    """
    index, slash, count = text.partition("/")
    if not slash or not index.isdigit() or not count.isdigit():
        raise ValueError(f"{text!r} is no shard: write `2/5` for the second of five")
    if not 1 <= int(index) <= int(count):
        raise ValueError(f"there is no shard {index} of {count}: they are counted from 1 to {count}")
    return int(index), int(count)


def shard(runs: Sequence[Run], index: int, count: int, seconds: Mapping[str, float]) -> list[Run]:
    """The runs of one shard, in their order.

    Runs of files that need each other stay together. Those whose duration is known are dealt out from the longest to the
    shortest, each to the shard that has least to do; the others go where a hash of their name sends them.

    Args:
        runs: All of them.
        index: From 1.
        count: How many shards there are.
        seconds: How long runs took, by their keys; the same for every shard.
    """
    heads = families(run.plan for run in runs)
    files = {run.plan.path: run.plan.file for run in runs}
    family = {path: files.get(head, "") for path, head in heads.items()}
    groups: dict[str, list[int]] = defaultdict(list)
    for number, run in enumerate(runs):
        groups[_group(run, family)].append(number)
    load = [(0.0, other) for other in range(1, count + 1)]
    chosen: list[int] = []
    costs = {name: [seconds.get(runs[number].key) for number in numbers] for name, numbers in groups.items()}
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
    """What stays together: a run on its own, or all runs of files that need each other. The same text on every machine."""
    head = family.get(run.plan.path)
    return run.key if head is None else f"{head} and what it is tied to"


def _hash(name: str) -> int:
    """The same on every machine and in every process."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8], "big")
