"""All selectors by name: each has a file here and a line below."""

from __future__ import annotations

from functools import lru_cache

from ..model.errors import InvalidArgument
from ..model.kinds import Selector, SelectorKind
from ..model.plugins import kind_named
from ..model.wording import did_you_mean
from . import body, connection, cookie, failure, header, json_path, jsonpath_ng, markup, regex
from . import final_response as final

KINDS: dict[str, SelectorKind] = {
    kind.name: kind
    for kind in (
        json_path.JsonPathSelector(),
        jsonpath_ng.JsonPathNgSelector(),
        final.StatusSelector(),
        final.ReasonSelector(),
        final.UrlSelector(),
        final.DurationSelector(),
        final.HttpVersionSelector(),
        final.RedirectsSelector(),
        final.IpSelector(),
        body.BodySelector(),
        body.SizeSelector(),
        body.Sha256Selector(),
        body.HexSelector(),
        header.HeaderSelector(),
        header.HeadersSelector(),
        cookie.CookieSelector(),
        cookie.JarSelector(),
        regex.RegexSelector(),
        markup.XPathSelector(),
        markup.CssSelector(),
        connection.CertificateSelector(),
        connection.TimingSelector(),
        failure.FailureSelector(),
    )
}

ENTRY_POINTS = "runflow.selectors"

DRIVER_FACTS = frozenset({"certificate", "timing"})
"""Selectors of facts that only some drivers report; such a driver has a feature of the same name."""

_OTHER_NAMES = {
    "json": "a JSONPath begins with $: `$.name`",
    "jsonpath": "write the JSONPath alone: `$.name`",
    "headers": "write `header NAME` for a text, `headers NAME` for a list",
    "content_type": "`header Content-Type`",
    "time": "`duration`",
    "text": "`body`",
}


def kind_of(text: str) -> tuple[SelectorKind, str]:
    """The kind of a selector and its argument.

    Raises:
        InvalidArgument: there is no such selector, or it lacks its argument, or takes none.
        RunflowError: it is a plugin that does not load.
    """
    word, _, argument = text.partition(" ")
    if text.startswith("$"):
        return KINDS["$"], text
    kind = kind_named(KINDS, word, ENTRY_POINTS, "the selector", "argument", "text", "summary", "compile")
    if kind is None:
        raise InvalidArgument(f"unknown selector '{text}'", _suggestion(word))
    argument = argument.strip()
    if kind.argument and not argument:
        raise InvalidArgument(f"`{word}` lacks its argument", f"write `{word} {kind.argument}`")
    if argument and not kind.argument:
        raise InvalidArgument(f"`{word}` takes no argument", f"write `{word}` alone, without `{argument}`")
    return kind, argument


def _suggestion(word: str) -> str:
    lower = word.lower()
    if "." in word:
        return f"a JSONPath begins with $: `$.{word.removeprefix('body.').removeprefix('json.')}`"
    known = _OTHER_NAMES.get(lower) or did_you_mean(lower, KINDS)
    if not known and word.isidentifier():
        known = f"a JSONPath begins with $: `$.{word}`"
    return known or f"selectors: $.path, {', '.join(name for name in KINDS if name != '$')}"


@lru_cache(maxsize=16384)
def compile_selector(text: str) -> Selector:
    """A selector ready to use.

    Raises:
        InvalidArgument: it is wrong.
        ValueError: it is wrong, and a plugin's; without a hint.
    """
    kind, argument = kind_of(text)
    return kind.compile(argument)
