"""`ng $.path`: JSONPath in the dialect of jsonpath-ng (`` `len` ``, `` `sub(…)` ``, arithmetic, sorting). The only importer of jsonpath-ng."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, ClassVar

from ..model import patterns
from ..model.answer import Answer
from ..model.errors import InvalidArgument, StepError
from ..model.kinds import MISSING, Selector
from ..model.limits import limited
from ..model.wording import cut
from .json_path import MAX_PATH


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
            found = limited("the path", self._values, value)
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

    def _values(self, value: Any) -> list[Any]:
        return [match.value for match in self._query.find(value)]


@lru_cache(maxsize=1)
def _bounded() -> None:
    """Replace those operators of the library that can run without end or fill the memory."""
    # imported late: few files use this dialect
    from jsonpath_ng.ext import arithmetic  # noqa: PLC0415  # see above
    from jsonpath_ng.ext import filter as comparison  # noqa: PLC0415  # as above

    def times(left: Any, right: Any) -> Any:
        if isinstance(left, (str, list)) or isinstance(right, (str, list)):
            raise TypeError("`*` multiplies numbers")
        return left * right

    def found(text: Any, pattern: str) -> bool:
        return isinstance(text, str) and patterns.search(pattern, text) is not None

    arithmetic.OPERATOR_MAP["*"] = times
    comparison.OPERATOR_MAP["=~"] = found


def _nodes(query: Any) -> Iterator[Any]:
    """The nodes of a parsed path: itself and all its parts."""
    yield query
    for part in vars(query).values():
        for each in part if isinstance(part, (list, tuple)) else (part,):
            if type(each).__module__.startswith("jsonpath_ng"):
                yield from _nodes(each)


@lru_cache(maxsize=4096)
def _compile(text: str) -> _Query:
    # imported late: few files use this dialect
    from jsonpath_ng import Child, Fields, Index, Root  # noqa: PLC0415  # see above
    from jsonpath_ng.exceptions import JSONPathError  # noqa: PLC0415  # as above
    from jsonpath_ng.ext.parser import parse  # noqa: PLC0415  # as above
    from jsonpath_ng.ext.string import DefintionInvalid, Sub  # noqa: PLC0415  # as above

    if len(text) > MAX_PATH:
        raise InvalidArgument(f"the path has {len(text)} characters; it may have at most {MAX_PATH}")
    _bounded()
    try:
        query = parse(text)
        for node in _nodes(query):
            if isinstance(node, Sub):
                node.regex = patterns.compile(node.expr)  # type: ignore[assignment]  # has the `sub` that is called
    except (JSONPathError, DefintionInvalid, ValueError, TypeError) as error:
        raise InvalidArgument(
            f"`{text}` is not a valid path of jsonpath-ng: {cut(str(error).splitlines()[0], 200)}"
        ) from None
    except Exception as error:
        if type(error) is not Exception:  # its lexer and parser raise bare Exceptions
            raise
        raise InvalidArgument(f"`{text}` is not a valid path of jsonpath-ng: {cut(str(error), 200)}") from None

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


class JsonPathNgSelector:
    """JSONPath in jsonpath-ng's dialect."""

    name: ClassVar[str] = "ng"
    argument: ClassVar[str] = "$.path"
    text: ClassVar[bool] = False
    summary: ClassVar[str] = "JSONPath in the dialect of the library `jsonpath-ng`"

    def compile(self, argument: str, /) -> Selector:
        """Raises InvalidArgument."""
        return _compile(argument)
