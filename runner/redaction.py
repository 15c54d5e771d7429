"""Masks secrets, by value, in every event before a reporter, a log or a file receives it."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec

from .model.events import Emit, Event, SecretLearned
from .model.exchange import Exchange, Request
from .model.results import StepResult, Verdict
from .model.wording import CUT

MASK = "***"
_PLAIN = frozenset({bool, type(None), Verdict})
_NUMBERS = frozenset({int, float})
_NUMBER = re.compile(r"-?[0-9][0-9.eE+-]*")
SHORTEST_SECRET = 4
"""Characters of the shortest text that is masked: masking shorter ones would hide half of a report."""

SHORTEST_LINE = 8
"""Characters of the shortest line that is masked in a secret of several lines (a key in PEM)."""

_ESCAPED = (
    str.maketrans({letter: f"\\u{ord(letter):04x}" for letter in "<>&"}),
    str.maketrans({letter: f"\\u{ord(letter):04X}" for letter in "<>&'+`"}),
    str.maketrans({"/": "\\/"}),
)
"""Characters that the JSON encoders of Go, .NET and PHP escape (RFC 8259 §7 allows it)."""


def _base64_cores(raw: bytes) -> Iterable[str]:
    """The characters that a Base64 text contains if `raw` is in it, for each of the three offsets (RFC 4648 §4)."""
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
        first = (0, 2, 3)[offset]
        last = (offset + len(raw)) * 8 // 6  # the character after it depends on what follows
        core = text[first:last]
        if len(core) >= SHORTEST_SECRET:
            yield core
            yield core.replace("+", "-").replace("/", "_")


CLEAR = "\ue002"
"""Marks the user name and password of a Basic header, which are not in Base64 here."""
_MARK = re.compile("\ue000([^\ue001]*?)(?:/([a-z]+))?\ue001")


_SECRET_NAME = re.compile(
    r"(?:^|[_-])(?:tokens?|passwords?|passwd|passphrase|pwd|secrets?|api_?keys?|private_?key|client_?secret|jwt|bearer|credentials?)$",
    re.IGNORECASE,
)


def sounds_secret(name: str) -> bool:
    """Whether a name is one that people use for secrets: `token`, `API_KEY`, `db-password`."""
    return _SECRET_NAME.search(name) is not None


def mark(name: str, coding: str) -> str:
    """The mark for a secret in a named request: its name, and its encoding there (`url`, `form`, `json`; "" is none)."""
    return f"\ue000{name}/{coding}\ue001" if coding else f"\ue000{name}\ue001"


def marks(text: str) -> Iterable[tuple[str, str, str]]:
    """Split a text of a named request: pieces of plain text, each with the name and encoding of the secret after it."""
    end = 0
    for found in _MARK.finditer(text):
        yield text[end : found.start()], found[1], found[2] or ""
        end = found.end()
    yield text[end:], "", ""


def marked_forms(secret: str) -> Iterable[tuple[str, str]]:
    """The encodings of a secret that a shell command can produce, each with the encoded text."""
    raw = secret.encode("utf-8", "surrogatepass")
    return ("", secret), ("url", quote(raw, safe="")), ("form", quote_plus(raw)), ("json", json.dumps(secret)[1:-1])


@lru_cache(maxsize=256)
def forms(secret: str) -> tuple[str, ...]:
    """All forms in which a text may contain a secret: raw, JSON, URL, HTML, hex, Base64; the longest first."""
    raw = secret.encode("utf-8", "surrogatepass")
    percent = quote(raw, safe="")
    in_json = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    in_json |= {form.replace('\\"', "\\u0022") for form in in_json}
    found = {
        secret,
        *in_json,
        *(form.translate(table) for form in in_json for table in _ESCAPED),
        quote(percent, safe=""),
        percent,
        percent.lower(),
        quote(raw, safe="/"),
        quote_plus(raw),
        html.escape(secret),
        html.escape(secret, quote=False),
        html.escape(secret).replace("&#x27;", "&#39;"),
        repr(secret)[1:-1],
        raw.hex(),
        raw.hex().upper(),
        *_base64_cores(raw),
    }
    once_more = {json.dumps(form)[1:-1] for form in found}  # JSON inside a JSON string
    return tuple(sorted(found | once_more, key=len, reverse=True))


def secret_texts(value: object) -> Iterable[str]:
    """The texts of a secret value: the value itself, or every leaf of a list or map."""
    match value:
        case str():
            yield value
        case bool() | None:
            return
        case int() | float():
            yield json.dumps(value)
        case Mapping():
            for member in value.values():
                yield from secret_texts(member)
        case list() | tuple():
            for member in value:
                yield from secret_texts(member)
        case bytes():
            yield value.decode("utf-8", "replace")


def too_short(value: object) -> bool:
    """Whether a secret cannot be masked safely: a text of fewer than four characters, a boolean or null."""
    if value is None or isinstance(value, bool):
        return True
    return any(len(text) < SHORTEST_SECRET for text in secret_texts(value))


def _overlap(text: str, needle: str) -> int:
    """How many characters at the end of a text are the beginning of a secret; 0 for fewer than `SHORTEST_SECRET`."""
    start = text.find(needle[:SHORTEST_SECRET], max(len(text) - len(needle), 0))
    while start >= 0 and not needle.startswith(text[start:]):
        start = text.find(needle[:SHORTEST_SECRET], start + 1)
    return len(text) - start if start >= 0 else 0


class Redactor:
    """Masks the secrets that it has learned.

    Runs are isolated: a child starts with the secrets of its parent, and is dropped with its own, so that memory and
    time do not grow with the number of tokens in a long run.

    Args:
        parent: Whose secrets it starts with.
    """

    def __init__(self, parent: Redactor | None = None) -> None:
        self.known: dict[str, str] = dict(parent.known) if parent else {}  # each with its name
        self.needles: tuple[str, ...] = parent.needles if parent else ()
        self._numbers: bool = parent is not None and parent._numbers  # noqa: SLF001  # of the same class
        self._done: dict[int, tuple[StepResult, StepResult]] = {}  # masked steps: they come again with their workflow
        self._names: dict[str, str] = {}

    def learn(self, value: object, name: str) -> None:
        """Mask a value from now on, in all its forms. A value that is learned twice keeps its first name."""
        texts = [text for text in secret_texts(value) if len(text) >= SHORTEST_SECRET]
        lines = (
            line.strip() for text in texts if "\n" in text for line in text.splitlines()
        )  # an excerpt shows single lines
        new = {*texts, *(line for line in lines if len(line) >= SHORTEST_LINE)} - self.known.keys()
        if new:
            self.known |= dict.fromkeys(sorted(new), name)
            self._names = {}
            every = {form for secret in self.known for form in forms(secret)}
            self.needles = tuple(sorted(every, key=len, reverse=True))
            self._numbers = self._numbers or any(_NUMBER.fullmatch(text) for text in new)
            self._done.clear()

    def text(self, text: str) -> str:
        """The text with every secret masked, also one that was cut."""
        for needle in self.needles:
            if needle in text:
                text = text.replace(needle, MASK)
        return self._cut(text) if CUT in text and self.needles else text

    def _cut(self, text: str) -> str:
        """The text with the beginning of a secret masked where the text was cut."""
        before, *rest = text.split(CUT)
        pieces = []
        for after in rest:
            longest = min(len(before), len(self.needles[0]))
            tail = before[len(before) - longest :]
            found = max((_overlap(tail, needle) for needle in self.needles), default=0)
            pieces.append(before[: len(before) - found] + MASK if found else before)
            before = after
        return CUT.join((*pieces, before))

    def mask(self, value: Any) -> Any:
        """The value with every text in it masked. A value without secrets is returned as it is, not copied."""
        if not self.needles:
            return value
        return self._masked(value)

    def _masked(self, value: Any) -> Any:
        """Mask a value. The exact type is checked first: most values are texts, numbers or None."""
        kind = type(value)
        if kind is str:
            return self.text(value)
        if kind in _PLAIN:
            return value
        if kind in _NUMBERS:
            return MASK if self._numbers and json.dumps(value) in self.known else value
        if isinstance(value, msgspec.Struct):
            return self._masked_struct(value)
        match value:
            case str():
                return self.text(str(value))
            case bytes():
                return self._masked_bytes(value)
            case dict():
                return {self._masked(name): self._masked(member) for name, member in value.items()}
            case list():
                return [self._masked(member) for member in value]
            case tuple():
                return tuple(map(self._masked, value)) if value else value
            case _:
                return value

    def _masked_struct(self, value: msgspec.Struct) -> msgspec.Struct:
        if id(value) in self._done:
            return self._done[id(value)][1]
        changed = {}
        for name in value.__struct_fields__:
            before = getattr(value, name)
            kind = type(before)
            if not before or kind in _PLAIN or (kind in _NUMBERS and not self._numbers):
                continue  # the hot path of a passing step
            after = self.text(before) if kind is str else self._masked(before)
            if after is not before and after != before:
                changed[name] = after
        if type(value) is Exchange and "request" in changed:
            changed["named"] = self._named(value.request)
        masked = msgspec.structs.replace(value, **changed) if changed else value
        if isinstance(value, StepResult) and isinstance(masked, StepResult):
            self._done[id(value)] = value, masked
        return masked

    def _named(self, request: Request) -> Request:
        """The request with a mark for each secret, in the forms of `marked_forms`."""
        if not self._names:
            for secret, name in self.known.items():
                for coding, form in marked_forms(secret):
                    self._names.setdefault(form, mark(name, coding))

        def named(text: str) -> str:
            for form in sorted((form for form in self._names if form in text), key=len, reverse=True):
                text = text.replace(form, self._names[form])
            return text

        def line(value: str) -> str:
            scheme, _, proof = value.partition(" ")
            if scheme.lower() == "basic":  # RFC 7617 §2: user name and password are in Base64
                with suppress(ValueError):
                    return f"Basic {CLEAR}{named(base64.b64decode(proof, validate=True).decode())}"
            return named(value)

        body = request.body
        if body is not None:
            with suppress(UnicodeDecodeError):
                body = named(body.decode()).encode()
        headers = tuple((name, line(value)) for name, value in request.headers)
        masked: Request = self._masked(
            msgspec.structs.replace(request, url=named(request.url), headers=headers, body=body)
        )
        return masked

    def _masked_bytes(self, value: bytes) -> bytes:
        """Mask a body as bytes, so that binary data is not changed; in UTF-16 too, where a secret has other bytes."""
        masked = value
        for needle in self.needles:
            for charset in ("utf-8", "utf-16-le", "utf-16-be", "latin-1"):
                try:
                    coded = needle.encode(charset)
                except UnicodeEncodeError:
                    continue
                if coded in masked:
                    masked = masked.replace(coded, MASK.encode(charset))
        return masked

    def sink(self, write: Emit) -> Emit:
        """An emit function that learns secrets, and passes every other event to `write`, masked."""

        def emit(event: Event) -> None:
            if isinstance(event, SecretLearned):
                self.learn(event.value, event.name)
            else:
                write(self.mask(event))

        return emit
