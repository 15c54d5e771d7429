"""How a suite runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from .snapshot_store import SnapshotStore  # imported where somebody asks for it

DEFAULT_JOBS = 8


class Options(msgspec.Struct, frozen=True):
    """How a suite runs.

    Attributes:
        given: Names from the command line (`--var`).
        environment: Environment variables.
        max_failures: After so many workflows that did not pass no further one begins; 0 means any number.
        record_details: Events of passing steps carry exchanges, checks and names.
        places: Passing steps carry their places in the file too.
        keep_results: The result keeps the steps of passing runs; without it a long run takes no more memory than a short one.
        seed: Fixes every random source.
        jobs: Workflows under way at the same time.
        timeout: Seconds for the whole run, or None.
        invalid: Files that are wrong were left out.
        pause: Is asked before each step with its name and its variables, secrets masked, and gives those that were changed.
        shuffled: The runs are in the random order of the seed.
        snapshots: Takes what passing steps are to be held against from now on (`--update-snapshots`).
        elsewhere: They read the environment of another machine, so that what is in this one says nothing.
    """

    given: dict[str, Any] = {}
    environment: Mapping[str, str] = {}
    max_failures: int = 0
    record_details: bool = False
    places: bool = False
    keep_results: bool = False
    seed: int = 0
    jobs: int = DEFAULT_JOBS
    timeout: float | None = None
    invalid: bool = False
    pause: Callable[[str, dict[str, Any]], dict[str, Any]] | None = None
    shuffled: bool = False
    elsewhere: bool = False
    snapshots: SnapshotStore | None = None
