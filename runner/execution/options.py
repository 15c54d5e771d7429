"""What a suite is given: values of the caller, how its runs are performed, and functions that it calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:  # the command line imports this module for its help text: the engine is not needed there
    from ..engine.frame import PauseHook, TakeSnapshot

DEFAULT_JOBS = 8


class Inputs(msgspec.Struct, frozen=True):
    """Values that the caller provides.

    Attributes:
        variables: Values of `inputs` and `vars` (`--var`); they win over the file's.
        environment: Environment variables.
    """

    variables: Mapping[str, Any] = {}
    environment: Mapping[str, str] = {}


class Options(msgspec.Struct, frozen=True):
    """How a suite runs.

    Attributes:
        max_failures: After this many workflows that did not pass, no further one begins; None means no limit.
        record_details: Events of passing steps include exchanges, checks and variables.
        places: Events of passing steps include their places in the file.
        keep_results: The result includes the steps of passing runs. Without it, memory does not grow with the length of a suite.
        seed: Seeds every random source.
        jobs: How many workflows run at the same time.
        timeout: Limit for the whole suite in seconds, or None.
        shuffled: The runs are in the random order of the seed.
        remote: The runs are performed on other machines, so unset environment variables of this one are not an error.
    """

    max_failures: int | None = None
    record_details: bool = False
    places: bool = False
    keep_results: bool = False
    seed: int = 0
    jobs: int = DEFAULT_JOBS
    timeout: float | None = None
    shuffled: bool = False
    remote: bool = False


class Hooks(msgspec.Struct, frozen=True):
    """Functions that a suite calls while it runs.

    Attributes:
        pause: Called before each step with its name and its variables, secrets masked; returns the variables to change.
        take_snapshot: Called with each value that `snapshot` finds, in place of comparing it (`--update-snapshots`).
    """

    pause: PauseHook | None = None
    take_snapshot: TakeSnapshot | None = None
