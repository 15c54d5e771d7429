"""The functions of the language (`uuid()`, `now('-5m')`, …), bound to the random source and the clock of a run."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Protocol, TypeVar

from ..model.json_types import JSON
from ..model.kinds import ReadFile
from ..model.units import parse_duration
from .filters import FilterError
from .names import HIDDEN_RANDOM

T = TypeVar("T")
MAX_RANGE = 100_000
MAX_RANDOM_STRING = 1_000_000
_BOUNDS = frozenset(
    {"min", "max", "min_value", "max_value", "start_date", "end_date", "start_datetime", "end_datetime"}
)
"""Arguments of Faker's providers that may be large numbers."""


class Faker(Protocol):
    """What of Faker is used; it publishes no types."""

    def seed_instance(self, seed: int) -> None:
        """Seed the random source."""
        ...


class Fake:
    """`fake`: the providers of Faker (extra `fake`), seeded by the run."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._faker: Faker | None = None

    def __getattr__(self, name: str) -> Callable[..., JSON]:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._faker is None:
            self._faker = self._load()
        try:
            provider = getattr(self._faker, name)
        except AttributeError:
            raise FilterError(f"Faker has no provider `{name}`") from None
        return partial(_limited, provider) if callable(provider) else provider

    def _load(self) -> Faker:
        try:
            # an extra, and slow to import
            from faker import Faker as InstalledFaker  # noqa: PLC0415  # see above
        except ImportError:
            raise FilterError("`fake` needs Faker: pip install 'runflow-http[fake]'") from None
        faker: Faker = InstalledFaker()
        faker.seed_instance(self._random.getrandbits(64))
        return faker


def _limited(provider: Callable[..., T], *args: JSON, **named: JSON) -> T:
    """Call a provider; refuse arguments that ask for too many values."""
    numbers = getattr(provider, "__name__", "") in {"random_int", "pyint"}
    counts = [*(() if numbers else args), *(value for name, value in named.items() if name not in _BOUNDS)]
    if any(isinstance(count, int) and abs(count) > MAX_RANGE for count in counts):
        raise FilterError(f"an argument of `fake` may be at most {MAX_RANGE}")
    return provider(*args, **named)


class Functions:
    """The functions of the language, for one run.

    Args:
        random: The run's own random source.
        wall: The time in epoch seconds.
        read: Reads a file that the workflow names.
    """

    def __init__(self, random: Random, wall: Callable[[], float], read: ReadFile) -> None:
        self._random = random
        self._wall = wall
        self._read = read

    def uuid(self) -> str:
        """A random UUID (RFC 9562 §5.4)."""
        # it asks the platform module about the machine, which takes 2 ms
        from uuid import UUID  # noqa: PLC0415  # see above

        return str(UUID(int=self._random.getrandbits(128), version=4))

    def now(self, offset: str = "") -> str:
        """The time, shifted, as RFC 3339 text in UTC."""
        sign = -1 if offset.startswith("-") else 1
        try:
            seconds = sign * parse_duration(offset.lstrip("+-")) if offset else 0.0
        except ValueError as error:
            raise FilterError(f"`now`: {error}, with + or - before it") from None
        moment = datetime.fromtimestamp(self._wall(), UTC) + timedelta(seconds=seconds)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def timestamp(self) -> int:
        """The time in whole epoch seconds."""
        return int(self._wall())

    def random_int(self, low: int, high: int) -> int:
        """A whole number between two numbers, both included."""
        if low > high:
            raise FilterError(f"`random_int({low}, {high})`: the first number must not be larger than the second")
        return self._random.randint(low, high)

    def random_string(self, length: int) -> str:
        """Letters and digits."""
        if not 0 <= length <= MAX_RANDOM_STRING:
            raise FilterError(f"`random_string` makes 0 to {MAX_RANDOM_STRING} characters, not {length}")
        return "".join(self._random.choices(string.ascii_letters + string.digits, k=length))

    def range(self, *bounds: int) -> list[JSON]:
        """A list of consecutive numbers, as Python's `range`."""
        numbers = range(*bounds)
        if len(numbers) > MAX_RANGE:
            raise FilterError(f"`range` makes at most {MAX_RANGE} numbers, not {len(numbers)}")
        return list(numbers)

    def file(self, name: str) -> str:
        """The text of a file."""
        try:
            return self._read(name).decode("utf-8")
        except UnicodeDecodeError:
            raise FilterError(f"{name} is not UTF-8 text; send it with `body: {{file: …}}`") from None


Function = Callable[..., JSON] | Fake | Random
"""What a name of the language is bound to."""


def functions(random: Random, wall: Callable[[], float], read: ReadFile) -> dict[str, Function]:
    """The functions by name, and the run's random source for filters."""
    bound = Functions(random, wall, read)
    return {
        "uuid": bound.uuid,
        "now": bound.now,
        "timestamp": bound.timestamp,
        "random_int": bound.random_int,
        "random_string": bound.random_string,
        "range": bound.range,
        "file": bound.file,
        "fake": Fake(random),
        HIDDEN_RANDOM: random,
    }
