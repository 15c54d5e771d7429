"""`xpath EXPR`, `css EXPR`: in an XML or HTML body. The only importer of lxml, elementpath and cssselect (extra `xml`)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar

from ..model import patterns
from ..model.answer import Answer
from ..model.errors import InvalidArgument, StepError
from ..model.kinds import MISSING, Selector
from ..model.limits import limited


def _needs_extra() -> InvalidArgument:
    return InvalidArgument("`xpath` and `css` need the extra `xml`", "pip install 'runflow-http[xml]'")


MAX_EXPRESSION = 2000
"""Characters of an XPath or a CSS selector."""

_MERGES = 50_000_000
"""The largest work (elements squared, times steps) that libxml2 does, which cannot be interrupted; elementpath does more."""


def _html(answer: Answer) -> bool:
    return answer.content_type in {"text/html", "application/xhtml+xml"} or (
        "xml" not in answer.content_type and b"<html" in answer.require_response().body[:2000].lower()
    )


def _document(answer: Answer) -> Any:
    """Parse the body in its own charset, without network access and without entities."""
    # an extra, and needed only for markup
    from lxml import etree, html  # noqa: PLC0415  # see above

    body = answer.require_response().body
    if not body.strip():
        raise StepError("the body is empty, so it has no markup", "decode")
    charset = None  # as the document declares, unless the header names one
    if "charset" in (answer.require_response().header("content-type") or "").lower():
        body, charset = answer.text.encode("utf-8"), "utf-8"
    try:
        if _html(answer):
            return html.document_fromstring(body, parser=html.HTMLParser(encoding=charset, no_network=True))
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, encoding=charset)
        return etree.fromstring(body, parser)
    except (etree.LxmlError, ValueError) as error:
        raise StepError(f"the body is not {'HTML' if _html(answer) else 'XML'}: {error}", "decode") from None


def _namespaces(root: Any) -> dict[str, str]:
    """The namespace prefixes of the document; of two declarations of a prefix, the first one counts."""
    found: dict[str, str] = {}
    for element in root.iter():
        for prefix, uri in element.nsmap.items():
            if prefix and prefix != "xml":
                found.setdefault(prefix, uri)
    return found


def _node_text(node: Any) -> str:
    if isinstance(node, str):
        return str(node)
    if hasattr(node, "itertext"):
        return "".join(node.itertext())
    return str(node)


class _Nodes:
    """A selector of nodes: a list of their texts."""

    __slots__ = ("_find", "indefinite")

    def __init__(self, find: Any, *, indefinite: bool) -> None:
        self._find = find
        self.indefinite = indefinite

    def select(self, answer: Answer, /) -> Any:
        """The texts of the nodes, or a single value."""
        found = self._find(_document(answer))
        if isinstance(found, list):
            return [_node_text(node) for node in found]
        if isinstance(found, float) and found.is_integer():
            return int(found)
        return MISSING if found is None else found


@lru_cache(maxsize=1)
def _elementpath() -> tuple[Any, Any]:
    """The library, and its parser of XPath 2.0 without ranges and variables, with which a short text could fill the memory."""
    # an extra, and 90 ms to import
    import elementpath  # noqa: PLC0415  # see above
    from elementpath.xpath2 import _xpath2_functions  # noqa: PLC0415  # as above

    vars(_xpath2_functions)["re"] = patterns.Re()  # for `matches`, `replace`, `tokenize`

    class Parser(elementpath.XPath2Parser):
        pass

    for symbol in ("to", "for", "some", "every"):
        Parser.unregister(symbol)
    Parser.build()
    return elementpath, Parser


def _follow(root: Any, expression: str) -> Any:
    elementpath, parser = _elementpath()
    try:
        return limited("the XPath", elementpath.select, root, expression, _namespaces(root), parser)
    except (elementpath.ElementPathError, RecursionError, OverflowError) as error:
        raise StepError(f"the XPath failed: {error}", "extract") from None


@lru_cache(maxsize=4096)
def _xpath(expression: str) -> _Nodes:
    try:
        elementpath, parser = _elementpath()
        import lxml.etree  # noqa: F401, PLC0415  # a missing library is an error of the file
    except ImportError:
        raise _needs_extra() from None
    _check_length(expression)
    try:
        parsed = limited("the XPath", parser(strict=False).parse, expression)
        single = parsed.symbol in {
            "string",
            "count",
            "normalize-space",
            "concat",
            "sum",
            "boolean",
            "number",
            "name",
            "not",
        }
    except elementpath.ElementPathError as error:
        if "prefix" not in str(error):  # the prefixes are known only when there is a document
            raise InvalidArgument(f"{expression!r} is not a valid XPath: {error}") from None
        single = False
    except RecursionError:
        raise InvalidArgument("the XPath is nested too deeply") from None
    except StepError as error:  # the parser computes constants
        raise InvalidArgument(error.message, error.hint) from None
    return _Nodes(lambda root: _follow(root, expression), indefinite=not single)


def _check_length(expression: str) -> None:
    if len(expression) > MAX_EXPRESSION:
        raise InvalidArgument(f"the expression has {len(expression)} characters; it may have at most {MAX_EXPRESSION}")


@lru_cache(maxsize=4096)
def _css(expression: str) -> _Nodes:
    try:
        # an extra
        import cssselect  # noqa: PLC0415  # see above
        import lxml.etree  # noqa: F401, PLC0415  # as above
    except ImportError:
        raise _needs_extra() from None
    _check_length(expression)
    try:
        path = cssselect.HTMLTranslator().css_to_xpath(expression)
    except (cssselect.SelectorError, RecursionError) as error:
        raise InvalidArgument(f"{expression!r} is not a valid CSS selector: {error}") from None
    steps = path.count("/") + path.count("[")

    def find(root: Any) -> Any:
        if root.xpath("count(//*)") ** 2 * steps > _MERGES:
            return _follow(root, path)
        return root.xpath(path, namespaces=_namespaces(root))

    return _Nodes(find, indefinite=True)


class XPathSelector:
    """XPath in the body."""

    name: ClassVar[str] = "xpath"
    argument: ClassVar[str] = "EXPR"
    text: ClassVar[bool] = False
    summary: ClassVar[str] = (
        "XPath in an XML or HTML body; nodes are a list of texts, `string()` or `count()` one value (extra `xml`)"
    )

    def compile(self, argument: str, /) -> Selector:
        """Raises InvalidArgument."""
        return _xpath(argument)


class CssSelector:
    """A CSS selector in the body."""

    name: ClassVar[str] = "css"
    argument: ClassVar[str] = "EXPR"
    text: ClassVar[bool] = False
    summary: ClassVar[str] = "a CSS selector in an HTML or XML body: a list of texts (extra `xml`)"

    def compile(self, argument: str, /) -> Selector:
        """Raises InvalidArgument."""
        return _css(argument)
