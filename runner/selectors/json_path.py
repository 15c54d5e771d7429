"""`$.path`: JSONPath (RFC 9535). The only importer of jsonpath-rfc9535.

The library defines what a path means. A plain path (`$.a.b[0]`) is parsed and followed here, without the library, which
saves 25 ms of imports in a run that has only such paths. A test checks that both find the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import deepcopy
from functools import lru_cache
from typing import Any, ClassVar

from ..model import patterns
from ..model.answer import Answer
from ..model.errors import InvalidArgument, StepError
from ..model.kinds import MISSING, Selector
from ..model.limits import limited

_PLAIN = re.compile(r"\$(?:\.[A-Za-z_][A-Za-z0-9_]*|\[(?:0|[1-9][0-9]{0,8})\])*", re.ASCII)
_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[([0-9]+)\]", re.ASCII)
MAX_PATH = 5000
"""Characters of a path."""

_NAME = re.compile(r"[\u0080-\uD7FF\uE000-\U0010FFFFa-zA-Z_][\u0080-\uD7FF\uE000-\U0010FFFFa-zA-Z0-9_]*")
"""A name without quotes (RFC 9535 §2.5.1.1: `member-name-shorthand`)."""

_WALKS_IN_FILTER = re.compile(r"\?.*\.\.", re.DOTALL)
"""Such a path keeps the location of every node that it visits, so it gets a smaller depth, to save memory."""

_DASHED = re.compile(r"\.([A-Za-z_]\w*-[\w-]*)", re.ASCII)


_TOO_DEEP = "the JSON is nested too deeply for this path"


class Definite:
    """A path to one value: names and indices, followed without the library."""

    __slots__ = ("path",)
    indefinite = False

    def __init__(self, path: tuple[str | int, ...]) -> None:
        self.path = path

    def find(self, value: Any) -> Any:
        """The value, or MISSING (RFC 9535 §2.3.1, §2.3.3)."""
        for step in self.path:
            if type(step) is str:
                if type(value) is not dict or step not in value:
                    return MISSING
                value = value[step]
            else:
                index = int(step)
                if type(value) is not list or not -len(value) <= index < len(value):
                    return MISSING
                value = value[index]
        return value

    def places(self, value: Any) -> list[tuple[str | int, ...]]:
        """The location of the value, if it is there: names and indices."""
        found: list[str | int] = []
        for step in self.path:
            index = step + len(value) if isinstance(step, int) and step < 0 and isinstance(value, list) else step
            value = Definite((step,)).find(value)
            if value is MISSING:
                return []
            found.append(index)
        return [tuple(found)]

    def select(self, answer: Answer, /) -> Any:
        """The value in the body's JSON, or MISSING."""
        return self.find(answer.json)


class Indefinite:
    """A path that may find any number of values: always a list."""

    __slots__ = ("_query",)
    indefinite = True

    def __init__(self, query: Any) -> None:
        self._query = query

    def find(self, value: Any) -> list[Any]:
        """The values found, in order. Raises StepError if the value is nested too deeply."""
        return [node.value for node in self._nodes(value)]

    def places(self, value: Any) -> list[tuple[str | int, ...]]:
        """The locations of the values found: names and indices. Raises StepError as `find` does."""
        return [tuple(node.location) for node in self._nodes(value)]

    def _nodes(self, value: Any) -> list[Any]:
        try:
            return limited("the path", self._found, value)
        except RecursionError:
            raise StepError(_TOO_DEEP, "limit") from None
        except Exception as error:
            if type(error).__name__ == "JSONPathRecursionError":  # the library counts levels itself
                raise StepError(_TOO_DEEP, "limit") from None
            if type(error).__module__.startswith("jsonpath_rfc9535"):
                raise StepError(f"the path cannot be followed: {error}", "extract") from None
            raise

    def _found(self, value: Any) -> list[Any]:
        return list(self._query.finditer(value))

    def select(self, answer: Answer, /) -> list[Any]:
        """The values in the body's JSON."""
        return self.find(answer.json)


@lru_cache(maxsize=16384)
def compile_path(text: str) -> Definite | Indefinite:
    """A JSONPath query, compiled.

    Raises:
        InvalidArgument: it is not one (RFC 9535 §2.1).
    """
    if _PLAIN.fullmatch(text):
        return Definite(tuple(name or int(index) for name, index in _STEP.findall(text)))
    if len(text) > MAX_PATH:
        raise InvalidArgument(f"the path has {len(text)} characters; it may have at most {MAX_PATH}")
    # 25 ms to import, and plain paths do not need it
    import jsonpath_rfc9535  # noqa: PLC0415  # see above
    from jsonpath_rfc9535.selectors import IndexSelector, NameSelector  # noqa: PLC0415  # as above

    try:
        query = _environment(400 if not _WALKS_IN_FILTER.search(text) else 100).compile(text)
    except jsonpath_rfc9535.JSONPathError as error:
        raise InvalidArgument(f"`{text}` is not a valid JSONPath: {_reason(error)}", _hint(text)) from None
    except RecursionError:
        raise InvalidArgument("the path is nested too deeply") from None
    if not query.singular_query():
        return Indefinite(query)
    steps: list[str | int] = []
    for segment in query.segments:
        match segment.selectors[0]:
            case NameSelector(name=name):
                steps.append(name)
            case IndexSelector(index=index):
                steps.append(index)
    return Definite(tuple(steps))


@lru_cache(maxsize=2)
def _environment(depth: int) -> Any:
    """The library, with a limit of depth, and with functions `match` and `search` that have a time limit."""
    from iregexp_check import check  # noqa: PLC0415  # as the library itself
    from jsonpath_rfc9535 import JSONPathEnvironment, lex  # noqa: PLC0415  # see compile_path
    from jsonpath_rfc9535.function_extensions import ExpressionType, FilterFunction  # noqa: PLC0415  # as above
    from jsonpath_rfc9535.function_extensions._pattern import map_re  # noqa: PLC0415  # as above

    class Finds(FilterFunction):
        """`search` (RFC 9535 §2.4.7); `match` (§2.4.6) is the same, anchored at both ends."""

        arg_types: ClassVar[Any] = [ExpressionType.VALUE, ExpressionType.VALUE]
        return_type = ExpressionType.LOGICAL

        def __init__(self, frame: str) -> None:
            self._frame = frame

        def __call__(self, text: Any, pattern: Any) -> bool:
            if not isinstance(text, str) or not isinstance(pattern, str) or not check(pattern):
                return False
            try:
                compiled = patterns.compile(self._frame % map_re(pattern), patterns.VERSION1)
            except ValueError as error:
                raise StepError(str(error), "extract") from None
            return compiled.search(text) is not None

    lex.RE_PROPERTY = _NAME  # the library's own (1.0.1) has a bug: only the first letter of a name may be above U+10FF
    environment = JSONPathEnvironment()
    environment.max_recursion_depth = depth
    environment.function_extensions |= {"search": Finds("%s"), "match": Finds(r"\A(?:%s)\Z")}
    return environment


def _reason(error: Exception) -> str:
    text = str(error)
    return re.sub(r", line 1, column (\d+)$", lambda found: f", at character {int(found[1]) + 1}", text)


def _hint(text: str) -> str:
    dashed = _DASHED.search(text)
    if dashed:
        return f"put a name with a dash in brackets: ['{dashed[1]}']"
    if "@" in text and "?" not in text:
        return "put a filter in brackets: [?@.price < 10]"
    return "see RFC 9535; for the dialect of jsonpath-ng write `ng $.path`"


class JsonPathSelector:
    """JSONPath in the JSON body."""

    name: ClassVar[str] = "$"
    argument: ClassVar[str] = ".path"
    text: ClassVar[bool] = False
    summary: ClassVar[str] = (
        "JSONPath (RFC 9535) in the JSON body; a path to one value selects the value itself, "
        "a path with `*`, `..`, a slice or a filter always a list"
    )

    def compile(self, argument: str, /) -> Selector:
        """Raises InvalidArgument."""
        return compile_path(argument)


def remove_paths(value: Any, paths: Iterable[Definite | Indefinite]) -> Any:
    """A copy of the value without what these paths find in it. Raises StepError as `find` does."""
    places = {place for path in paths for place in path.places(value)}
    if not places:
        return value
    left = deepcopy(value)
    for place in sorted(places, key=lambda place: [(isinstance(step, int), step) for step in place], reverse=True):
        del Definite(place[:-1]).find(left)[place[-1]]  # later and inner places first, so that the others stay valid
    return left


def jsonpath_filter(value: Any, path: str) -> Any:
    """The `jsonpath` filter: the value that a path finds in a value. Raises StepError if it finds nothing."""
    try:
        found = compile_path(path).find(value)
    except InvalidArgument as error:
        raise StepError(error.message, "template", hint=error.hint) from None
    if found is MISSING:
        raise StepError(f"the path {path} finds nothing in the value", "template")
    return found
