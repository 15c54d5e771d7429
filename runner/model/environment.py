"""Environment variables, and secret sources that are asked for a name when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from .errors import RunflowError, StepError
from .kinds import SecretSource
from .wording import raised


class Environment(Mapping[str, str]):
    """Variables, and behind them secret sources.

    Looking up a name asks the sources, once for each name. `in`, iteration and `len` do not ask them.

    Args:
        variables: The environment variables.
        sources: The secret sources in order, each with its description for messages.

    Attributes:
        found: The secrets that sources have returned so far.
    """

    def __init__(self, variables: Mapping[str, str], sources: Sequence[tuple[str, SecretSource]] = ()) -> None:
        self.variables = variables
        self.sources = tuple(sources)
        self.found: dict[str, str] = {}
        self._missing: set[str] = set()

    def __getitem__(self, name: str) -> str:
        """The value of a name. Raises KeyError, or StepError (`input`): a source failed."""
        if name in self.variables:
            return self.variables[name]
        if name not in self.found and name not in self._missing:
            self._ask(name)
        return self.found[name]

    def _ask(self, name: str) -> None:
        for description, source in self.sources:
            try:
                value = source.get(name)
            except RunflowError as error:
                raise StepError(
                    f"{description} cannot read {name}: {error.message}", "input", hint=error.hint
                ) from None
            except Exception as error:  # a source is foreign code; its errors are reported as its own
                raise StepError(f"{description} failed to read {name}: {raised(error)}", "input") from error
            if value is not None:
                self.found[name] = str(value)
                return
        self._missing.add(name)

    def __contains__(self, name: object) -> bool:
        return name in self.variables or name in self.found

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self.variables, *self.found]))

    def __len__(self) -> int:
        return len({*self.variables, *self.found})


class SecretTracker(Mapping[str, str]):
    """An environment that reports each secret from a source before it returns it, so that it is masked.

    Args:
        environment: The variables.
        report: Called with the name and the value of each secret.
    """

    __slots__ = ("_environment", "_report")

    def __init__(self, environment: Mapping[str, str], report: Callable[[str, str], None]) -> None:
        self._environment = environment
        self._report = report

    def __getitem__(self, name: str) -> str:
        value = self._environment[name]
        if isinstance(self._environment, Environment) and name in self._environment.found:
            self._report(name, value)
        return value

    def __contains__(self, name: object) -> bool:
        return name in self._environment

    def __iter__(self) -> Iterator[str]:
        return iter(self._environment)

    def __len__(self) -> int:
        return len(self._environment)
