"""`ng $.path`: JSONPath in the dialect of jsonpath-ng (`` `len` ``, `` `sub(…)` ``, arithmetic, sorting). Its only importer."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar

from runner.model.answer import Answer
from runner.model.errors import StepError
from runner.model.kinds import MISSING, Selector


class _Query:
    __slots__ = ("_query", "indefinite")

    def __init__(self, query: Any, *, indefinite: bool) -> None:
        self._query = query
        self.indefinite = indefinite

    def select(self, answer: Answer, /) -> Any:
        """The value in the body's JSON, a list of values, or MISSING."""
        return self.find(answer.json)

    def find(self, value: Any) -> Any:
        """The value at the path, a list of values, or MISSING."""
        try:
            found = [match.value for match in self._query.find(value)]
        except (
            TypeError,
            ValueError,
            KeyError,
            IndexError,
            AttributeError,
            ZeroDivisionError,
            RecursionError,
        ) as error:
            raise StepError(f"jsonpath-ng cannot follow the path: {error}", "extract") from None
        if self.indefinite:
            return found
        return found[0] if found else MISSING


@lru_cache(maxsize=4096)
def _compile(text: str) -> _Query:
    # an import of its own: few files speak this dialect
    from jsonpath_ng import Child, Fields, Index, Root  # noqa: PLC0415  # see above
    from jsonpath_ng.exceptions import JSONPathError  # noqa: PLC0415  # as above
    from jsonpath_ng.ext.parser import parse  # noqa: PLC0415  # as above
    from jsonpath_ng.ext.string import DefintionInvalid  # noqa: PLC0415  # as above

    try:
        query = parse(text)
    except (JSONPathError, DefintionInvalid, ValueError, TypeError) as error:
        raise ValueError(f"`{text}` is no path of jsonpath-ng: {str(error).splitlines()[0]}") from None
    except Exception as error:
        if type(error) is not Exception:  # its lexer and parser raise bare Exceptions
            raise
        raise ValueError(f"`{text}` is no path of jsonpath-ng: {error}") from None

    def definite(node: Any) -> bool:
        match node:
            case Root():
                return True
            case Child():
                return definite(node.left) and definite(node.right)
            case Fields():
                return len(node.fields) == 1 and node.fields[0] != "*"
            case Index():
                return len(getattr(node, "indices", (0,))) == 1
            case _:
                return type(node).__module__ in {"jsonpath_ng.ext.iterable", "jsonpath_ng.ext.string"}

    return _Query(query, indefinite=not definite(query))


class JsonPathNg:
    """JSONPath in jsonpath-ng's dialect."""

    name: ClassVar[str] = "ng"
    argument: ClassVar[str] = "$.path"
    text: ClassVar[bool] = False
    summary: ClassVar[str] = "the same place asked with `jsonpath-ng` and its own dialect"

    def compile(self, argument: str, /) -> Selector:
        """Raises ValueError."""
        return _compile(argument)
