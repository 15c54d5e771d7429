"""Environment variables, with secret sources below them that are asked for one name at a time, when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from .errors import RunflowError, StepError
from .kinds import SecretSource
from .wording import raised


class Environment(Mapping[str, str]):
    """Variables over secret sources.

    Looking a name up asks the sources, once; asking whether it is there, or which there are, does not.

    Args:
        variables: Of the process, say.
        sources: Each with the words in which it is spoken of; the first that knows a name gives it.

    Attributes:
        found: What sources gave so far: secrets all of them.
    """

    def __init__(self, variables: Mapping[str, str], sources: Sequence[tuple[str, SecretSource]] = ()) -> None:
        self.variables = variables
        self.sources = tuple(sources)
        self.found: dict[str, str] = {}
        self._missing: set[str] = set()

    def __getitem__(self, name: str) -> str:
        """The value. Raises KeyError, or StepError (`input`) where a source cannot be asked."""
        if name in self.variables:
            return self.variables[name]
        if name not in self.found and name not in self._missing:
            self._ask(name)
        return self.found[name]

    def _ask(self, name: str) -> None:
        for words, source in self.sources:
            try:
                value = source.get(name)
            except RunflowError as error:
                raise StepError(
                    f"{words} cannot be asked for {name}: {error.message}", "input", hint=error.hint
                ) from None
            except Exception as error:  # a source is anybody's code; whatever fails in it is named as its own
                raise StepError(f"{words} failed when it was asked for {name}: {raised(error)}", "input") from error
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
    """An environment that tells of each secret which a source gave, before it gives it.

    Args:
        environment: Any variables.
        tell: Takes a name and a secret.
    """

    __slots__ = ("_environment", "_tell")

    def __init__(self, environment: Mapping[str, str], tell: Callable[[str, str], None]) -> None:
        self._environment = environment
        self._tell = tell

    def __getitem__(self, name: str) -> str:
        value = self._environment[name]
        if isinstance(self._environment, Environment) and name in self._environment.found:
            self._tell(name, value)
        return value

    def __contains__(self, name: object) -> bool:
        return name in self._environment

    def __iter__(self) -> Iterator[str]:
        return iter(self._environment)

    def __len__(self) -> int:
        return len(self._environment)
