"""The functions of the language (`uuid()`, `now('-5m')`, …), bound to a run's random source and clock. Knows no step."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from runner.model.kinds import ReadFile
from runner.model.units import parse_duration
from runner.templating.filters import FilterError
from runner.templating.values import HIDDEN_RANDOM

MAX_RANGE = 100_000
MAX_RANDOM_STRING = 1_000_000


class EnvironmentVariables(Mapping[str, str]):
    """`env`: the environment, read only where a template asks for a name."""

    __slots__ = ("_variables",)

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def __getitem__(self, name: str) -> str:
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


class Fake:
    """`fake`: Faker's providers (extra `fake`), seeded by the run."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._faker: Any = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._faker is None:
            self._faker = self._load()
        try:
            return getattr(self._faker, name)
        except AttributeError:
            raise FilterError(f"Faker has no provider `{name}`") from None

    def _load(self) -> Any:
        try:
            # an extra, and slow to import: only who writes `fake.…` needs it
            from faker import Faker  # noqa: PLC0415
        except ImportError:
            raise FilterError("`fake` needs Faker: pip install 'runflow[fake]'") from None
        faker = Faker()
        faker.seed_instance(self._random.getrandbits(64))
        return faker


def functions(  # noqa: C901  # one inner function for each name of the language
    random: Random, wall: Callable[[], float], read: ReadFile
) -> dict[str, Any]:
    """The functions by name.

    Args:
        random: The run's own random source.
        wall: The time in epoch seconds.
        read: Reads a file that the workflow names.
    """

    def uuid() -> str:
        # it asks the platform module about the machine, which takes 2 ms
        from uuid import UUID  # noqa: PLC0415

        return str(UUID(int=random.getrandbits(128), version=4))

    def now(offset: str = "") -> str:
        sign = -1 if offset.startswith("-") else 1
        try:
            seconds = sign * parse_duration(offset.lstrip("+-")) if offset else 0.0
        except ValueError as error:
            raise FilterError(f"`now`: {error}, with + or - before it") from None
        moment = datetime.fromtimestamp(wall(), UTC) + timedelta(seconds=seconds)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def timestamp() -> int:
        return int(wall())

    def random_int(low: int, high: int) -> int:
        if low > high:
            raise FilterError(f"`random_int({low}, {high})`: the first number is the smaller one")
        return random.randint(low, high)

    def random_string(length: int) -> str:
        if not 0 <= length <= MAX_RANDOM_STRING:
            raise FilterError(f"`random_string` makes 0 to {MAX_RANDOM_STRING} characters, not {length}")
        return "".join(random.choices(string.ascii_letters + string.digits, k=length))

    def range_of(*bounds: int) -> list[int]:
        numbers = range(*bounds)
        if len(numbers) > MAX_RANGE:
            raise FilterError(f"`range` makes at most {MAX_RANGE} numbers, not {len(numbers)}")
        return list(numbers)

    def file(name: str) -> str:
        try:
            return read(name).decode("utf-8")
        except UnicodeDecodeError:
            raise FilterError(f"{name} is not UTF-8 text; send it with `body: {{file: …}}`") from None

    return {
        "uuid": uuid,
        "now": now,
        "timestamp": timestamp,
        "random_int": random_int,
        "random_string": random_string,
        "range": range_of,
        "file": file,
        "fake": Fake(random),
        HIDDEN_RANDOM: random,
    }
