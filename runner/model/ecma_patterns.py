"""Translates regular expressions of ECMA-262, which JSON Schema uses, to those of `regex`, whose searches can be stopped.

The engines that read ECMA-262 themselves (regress, the regex crate of Rust) run in native code without a time limit.
"""

from __future__ import annotations

import re

_DIGIT = "0-9"
_WORD = "0-9A-Za-z_"
_SPACE = r"\t\n\x0b\x0c\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
"""WhiteSpace and LineTerminator (ECMA-262 §22.2.2.9, CharacterClassEscape)."""

_CLASSES = {
    "d": f"[{_DIGIT}]",
    "D": f"[^{_DIGIT}]",
    "w": f"[{_WORD}]",
    "W": f"[^{_WORD}]",
    "s": f"[{_SPACE}]",
    "S": f"[^{_SPACE}]",
}
_CONTROLS = {"t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "0": "\0"}
_BOUNDARY = f"(?:(?<=[{_WORD}])(?![{_WORD}])|(?<![{_WORD}])(?=[{_WORD}]))"
_NO_BOUNDARY = f"(?:(?<=[{_WORD}])(?=[{_WORD}])|(?<![{_WORD}])(?![{_WORD}]))"
_DOT = r"[^\n\r\u2028\u2029]"
_QUANTIFIER = re.compile(r"[*+?]|\{[0-9]+(?:,[0-9]*)?\}")
_GROUP = re.compile(r"\((?:\?(?::|=|!|<=|<!|<([A-Za-z_$][\w$]*)>))?")
_HEX = re.compile(r"x([0-9A-Fa-f]{2})|u\{([0-9A-Fa-f]{1,8})\}|u([0-9A-Fa-f]{4})")
_PROPERTY = re.compile(r"[pP]\{[A-Za-z_]+(?:=[A-Za-z_0-9]+)?\}")
_BACK_REFERENCE = re.compile(r"[1-9][0-9]{0,2}|k<([A-Za-z_$][\w$]*)>")


def translate(pattern: str) -> str:
    """Translate a pattern of ECMA-262 (with the flag `u`, and what Annex B allows beside it) for `regex.VERSION1`.

    Raises:
        ValueError: it is not a valid pattern of ECMA-262.
    """
    return _Translation(pattern).run()


class _Translation:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def run(self) -> str:
        parts: list[str] = []
        while self._at < len(self._pattern):
            atom, repeats = self._atom()
            parts.append(atom)
            quantifier = _QUANTIFIER.match(self._pattern, self._at)
            if quantifier and not repeats:
                raise self._error("there is nothing to repeat")
            if quantifier:
                self._at = quantifier.end()
                lazy = self._pattern.startswith("?", self._at)
                self._at += lazy
                parts.append(quantifier[0] + "?" * lazy)
                if _QUANTIFIER.match(self._pattern, self._at):
                    raise self._error("there is nothing to repeat")
        return "".join(parts)

    def _error(self, problem: str) -> ValueError:
        return ValueError(f"{problem} at character {self._at + 1}")

    def _atom(self) -> tuple[str, bool]:
        """The translation of what comes next, and whether a quantifier may follow it."""
        char = self._pattern[self._at]
        match char:
            case "(":
                return self._group(), False
            case "[":
                return self._class(), True
            case "\\":
                return self._escape()
        self._at += 1
        match char:
            case ".":
                return _DOT, True
            case "$":
                return r"\Z", False
            case "^" | "|":
                return char, False
            case ")":
                return char, True
            case "*" | "+" | "?":
                self._at -= 1
                raise self._error("there is nothing to repeat")
            case _:
                return _literal(char), True

    def _group(self) -> str:
        found = _GROUP.match(self._pattern, self._at)
        assert found is not None  # it begins with a bracket
        if found[0] == "(" and self._pattern.startswith("(?", self._at):
            raise self._error("this group is not part of ECMA-262")
        self._at = found.end()
        return f"(?P<{_name(found[1])}>" if found[1] else found[0]

    def _escape(self) -> tuple[str, bool]:
        self._at += 1
        if self._at == len(self._pattern):
            raise self._error("a backslash ends the pattern")
        char = self._pattern[self._at]
        if char in "bB":
            self._at += 1
            return (_BOUNDARY if char == "b" else _NO_BOUNDARY), False
        if char in _CLASSES:
            self._at += 1
            return _CLASSES[char], True
        if found := _PROPERTY.match(self._pattern, self._at):
            self._at = found.end()
            return f"\\{found[0]}", True
        if found := _BACK_REFERENCE.match(self._pattern, self._at):
            self._at = found.end()
            group = _name(found[1]) if found[1] else found[0]
            reference = f"(?P={group})" if found[1] else f"\\{group}"
            return f"(?:(?({group}){reference}|))", True  # a group that matched nothing matches the empty text
        return _literal(self._character()), True

    def _character(self) -> str:
        """The character that an escape means; the backslash is read already."""
        char = self._pattern[self._at]
        if found := _HEX.match(self._pattern, self._at):
            self._at = found.end()
            number = int(found[1] or found[2] or found[3], 16)
            if 0xD800 <= number < 0xDC00 and (
                low := re.compile(r"\\u([dD][c-fC-F][0-9A-Fa-f]{2})").match(self._pattern, self._at)
            ):
                self._at = low.end()
                number = 0x10000 + ((number - 0xD800) << 10) + (int(low[1], 16) - 0xDC00)
            if number > 0x10FFFF:
                raise self._error("this is not a character of Unicode")
            return chr(number)
        self._at += 1
        if (
            char == "c"
            and self._at < len(self._pattern)
            and self._pattern[self._at].isascii()
            and self._pattern[self._at].isalpha()
        ):
            self._at += 1
            return chr(ord(self._pattern[self._at - 1]) % 32)
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char.isascii() and char.isalnum():
            self._at -= 1
            raise self._error(f"`\\{char}` is not an escape of ECMA-262")
        return char

    def _class(self) -> str:
        self._at += 1
        negated = self._pattern.startswith("^", self._at)
        self._at += negated
        parts: list[str] = []
        while not self._pattern.startswith("]", self._at):
            if self._at >= len(self._pattern):
                raise self._error("a character class has no end")
            first = self._member()
            if (
                len(first) == 1
                and self._pattern.startswith("-", self._at)
                and not self._pattern.startswith("-]", self._at)
            ):
                self._at += 1
                if self._at >= len(self._pattern):
                    raise self._error("a character class has no end")
                last = self._member()
                if len(last) > 1:  # Annex B: the hyphen is a character
                    parts += [_literal(first), r"\-", last]
                elif first > last:
                    raise self._error("a range of characters is out of order")
                else:
                    parts.append(f"{_literal(first)}-{_literal(last)}")
            else:
                parts.append(_literal(first) if len(first) == 1 else first)
        self._at += 1
        if not parts:
            return r"[\s\S]" if negated else r"(?!)"
        return f"[{'^' * negated}{''.join(parts)}]"

    def _member(self) -> str:
        """One character of a class, or a translated class of several."""
        char = self._pattern[self._at]
        if char != "\\":
            self._at += 1
            return char
        self._at += 1
        if self._at == len(self._pattern):
            raise self._error("a backslash ends the pattern")
        char = self._pattern[self._at]
        if char in _CLASSES:
            self._at += 1
            return _CLASSES[char]
        if found := _PROPERTY.match(self._pattern, self._at):
            self._at = found.end()
            return f"[\\{found[0]}]"
        if char == "b":
            self._at += 1
            return "\b"
        return self._character()


def _name(name: str) -> str:
    """A name of a group that `regex` takes."""
    return name.replace("$", "_dollar_")


def _literal(char: str) -> str:
    """A character that means itself, in a class too."""
    return char if char.isalnum() or ord(char) > 127 else f"\\x{ord(char):02x}"
