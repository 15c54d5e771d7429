"""Parses selection expressions of `--tag` and `-k`: words joined by and, or, not and brackets (`smoke and not slow`)."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..model.errors import RunflowError

Predicate = Callable[[str], bool]
"""Whether one word matches."""

SelectionExpression = Callable[[Predicate], bool]
"""Whether an expression matches, for a predicate that judges its words."""

_TOKENS = re.compile(r"""\s*(?:(?P<sign>[(),])|'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<word>[^\s(),'"]+))""")
_MAX_TOKENS = 500


class ExpressionError(RunflowError):
    """The text is not a valid expression."""


def parse_expression(text: str) -> SelectionExpression:
    """Parse an expression. A comma means `or`; quotes surround a word with spaces, or one of the words `and`, `or`, `not`.

    Raises:
        ExpressionError: the text is not a valid expression.
    """
    parser = _Parser(_tokens(text))
    parsed = parser.parse()
    if parser.left:
        raise ExpressionError(f"`{parser.left[0][1]}` is unexpected; join words with and, or, not")
    return parsed


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        found = _TOKENS.match(text, position)
        if found is None:
            raise ExpressionError(f"a quote is not closed: {text[position:].strip()}")
        kind = str(found.lastgroup)
        value = found[kind]
        if kind == "word" and value in {"and", "or", "not"}:
            kind = "sign"
        tokens.append(("sign" if kind == "sign" else "word", value))
        position = found.end()
    if len(tokens) > _MAX_TOKENS:
        raise ExpressionError(f"it has more than {_MAX_TOKENS} words")
    return tokens


class _Parser:
    """A recursive-descent parser: `not` binds tighter than `and`, `and` tighter than `or`."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.left = tokens

    def _take(self, *signs: str) -> bool:
        if self.left and self.left[0][0] == "sign" and self.left[0][1] in signs:
            self.left = self.left[1:]
            return True
        return False

    def parse(self) -> SelectionExpression:
        """Parse terms joined by `or`."""
        parts = [self._all()]
        while self._take("or", ","):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda matches: any(part(matches) for part in parts)

    def _all(self) -> SelectionExpression:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda matches: all(part(matches) for part in parts)

    def _one(self) -> SelectionExpression:
        if self._take("not"):
            negated = self._one()
            return lambda matches: not negated(matches)
        if self._take("("):
            inside = self.parse()
            if not self._take(")"):
                raise ExpressionError("a bracket is not closed")
            return inside
        if not self.left:
            raise ExpressionError("a word is missing at its end")
        (kind, word), *self.left = self.left
        if kind == "sign":
            raise ExpressionError(f"a word is missing before `{word}`")
        if not word:
            raise ExpressionError("a word is empty")
        return lambda matches: matches(word)
