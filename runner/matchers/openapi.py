"""`openapi`: holds exchanges against an OpenAPI document (3.0, 3.1, 3.2). The only importer of openapi-schema-validator.

Knows no step and no plan: it is asked with a request and its answer, and says what of them the document does not allow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from runner.language.yaml import load
from runner.matchers.schema import guard_patterns
from runner.model.answer import Answer, read_json
from runner.model.errors import Place, Problem, StepError, WorkflowError
from runner.model.exchange import Request
from runner.model.limits import limited
from runner.model.wording import cut, did_you_mean, listed

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_BODILESS = frozenset({204, 205, 304})
_DOCUMENTS_FAULT = frozenset(
    {"SchemaError", "UnknownType", "_WrappedReferencingError", "Unresolvable", "RecursionError"}
)
_ELSEWHERE = frozenset({"accept", "content-type", "authorization"})
"""Header parameters that a document describes elsewhere (OpenAPI 3.1 §4.8.12.2)."""

MAX_REFERENCES = 20
"""References that lead to references, one behind the other."""

_VERSION = re.compile(r"3\.([012])(\.|$)")
_PARAMETER = re.compile(r"\{[^{}]*\}")
_URN = "urn:runflow:openapi"

Direction = Literal["request", "answer"]


class Breach(NamedTuple):
    """What an exchange has that the document does not allow.

    Attributes:
        operation: `GET /items/{id}`.
        expected: In words.
        actual: What came instead.
        detail: Where, and what to do.
    """

    operation: str
    expected: str
    actual: Any
    detail: str = ""


class Node(NamedTuple):
    """A part of the document and its JSON Pointer (RFC 6901)."""

    data: Any
    pointer: str


class Contract:
    """An OpenAPI document.

    Args:
        document: Its data.
        name: What people call it.
        version: The second number of its version: 0, 1 or 2.
    """

    def __init__(self, document: dict[str, Any], name: str, version: int) -> None:
        self.name = name
        self._document = document
        self._version = version
        servers = [str(each.get("url", "")) for each in _maps(document.get("servers"))]
        self._origins = {_origin(url) for url in servers if "://" in url}
        self._prefixes = list(dict.fromkeys([*(urlsplit(url).path.rstrip("/") for url in servers), ""]))
        self._paths = sorted(
            ((_pattern(template), template) for template in _map(document.get("paths"))),
            key=lambda each: len(_PARAMETER.findall(each[1])),
        )  # what has fewer parameters comes first: a concrete path is meant before one with parameters (OpenAPI 3.1 §4.8.8)
        self._validators: dict[tuple[str, Direction], Any] = {}

    def covers(self, url: str, base_url: str) -> bool:
        """A URL leads to the API: to the place of `base_url`, or of a server that the document names."""
        homes = {_origin(base_url)} if base_url else self._origins
        return not homes or _origin(url) in homes | self._origins

    def breaches(self, request: Request, answer: Answer, base_url: str = "") -> list[Breach]:
        """Everything of an exchange that the document does not allow; of the request, where the server took it.

        Raises:
            StepError: it takes too long to find out.
        """
        return limited("the OpenAPI document", lambda: list(self._breaches(request, answer, base_url)))

    def _breaches(self, request: Request, answer: Answer, base_url: str) -> Iterator[Breach]:
        response = answer.whole()
        found = self.operation(request.method, urlsplit(request.url).path, urlsplit(base_url).path)
        if isinstance(found, Breach):
            yield found
            return
        title, above, operation = found
        if response.status < 400:
            yield from self._sent(title, above, operation, request)
        described = self.answer(operation, response.status)
        if described is None:
            known = listed(_map(operation.data.get("responses")))
            yield Breach(title, f"one of the statuses that {self.name} has for it: {known}", response.status)
            return
        yield from self._came(f"{title} {response.status}", described, answer, bodiless=request.method == "HEAD")

    def operation(self, method: str, path: str, prefix: str = "") -> tuple[str, Node, Node] | Breach:
        """The operation that a request belongs to: its title, its path's part of the document and its own."""
        found = list(self._matching(path, prefix))
        for template, item in found:
            for name in (method.lower(), *(["get"] if method == "HEAD" else [])):
                if name in item.data and name in METHODS:
                    return f"{method} {template}", item, self._at(item, name)
        if found:
            known = listed(name.upper() for _, item in found for name in item.data if name in METHODS)
            return Breach(f"{method} {path}", f"a method that {self.name} has for this path: {known}", method)
        near = did_you_mean(path.removeprefix(prefix.rstrip("/")), [template for _, template in self._paths])
        return Breach(f"{method} {path}", f"a path that {self.name} has", path, near)

    def _matching(self, path: str, prefix: str) -> Iterator[tuple[str, Node]]:
        for begin in dict.fromkeys([*self._prefixes, prefix.rstrip("/")]):
            rest = path.removeprefix(begin)
            if path.startswith(begin) and (not begin or rest[:1] in {"/", ""}):
                for pattern, template in self._paths:
                    if pattern.fullmatch(rest or "/"):
                        yield template, self._at(Node(self._document["paths"], "/paths"), template)

    def answer(self, operation: Node, status: int) -> Node | None:
        """What the document says of an operation's answer with a status."""
        responses = self._at(operation, "responses")
        for key in (str(status), f"{status // 100}XX", f"{status // 100}xx", "default"):
            if key in _map(responses.data):
                return self._at(responses, key)
        return None

    def schema(self, described: Node, kind: str) -> Node | None:
        """The schema of a body of a media type, in an answer or a request body."""
        media = self._media(described, kind)
        return self._at(media, "schema") if media is not None and "schema" in media.data else None

    def _media(self, described: Node, kind: str) -> Node | None:
        content = self._at(described, "content")
        known = {key.partition(";")[0].strip().lower(): key for key in _map(content.data)}
        for each in (kind, f"{kind.partition('/')[0]}/*", "*/*"):
            if each in known:
                return self._at(content, known[each])
        return None

    def member(self, schema: Node, part: str | int) -> Node | bool | None:
        """The schema of a member: a node, None where nothing is known of it, False where the document has none."""
        if not isinstance(schema.data, dict) or {"allOf", "anyOf", "oneOf", "patternProperties"} & schema.data.keys():
            return None
        if isinstance(part, int):
            return self._at(schema, "items") if "items" in schema.data else None
        properties = self._at(schema, "properties")
        if part in _map(properties.data):
            return self._at(properties, part)
        return False if properties.data and not schema.data.get("additionalProperties") else None

    def _at(self, node: Node, key: str) -> Node:
        """A member of a part of the document, behind its reference."""
        data = _map(node.data).get(key, {})
        pointer = f"{node.pointer}/{key.replace('~', '~0').replace('/', '~1')}"
        for _ in range(MAX_REFERENCES):
            if not isinstance(data, dict) or not isinstance(data.get("$ref"), str):
                break
            pointer = data["$ref"].partition("#")[2]
            data = resolved(self._document, pointer)
        return Node({} if data is None else data, pointer)

    def _sent(self, title: str, above: Node, operation: Node, request: Request) -> Iterator[Breach]:
        """The parameters and the body."""
        url = urlsplit(request.url)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in request.headers}
        pairs = (each.strip().partition("=") for each in headers.get("cookie", "").split(";"))
        cookies = {name: value for name, _, value in pairs}
        places: dict[str, Mapping[str, str]] = {"query": query, "header": headers, "cookie": cookies}
        for node in (*self._parameters(above), *self._parameters(operation)):
            name, place = str(node.data.get("name")), str(node.data.get("in"))
            if place not in places or (place == "header" and name.lower() in _ELSEWHERE):
                continue
            value = places[place].get(name.lower() if place == "header" else name)
            if value is None:
                if node.data.get("required"):
                    yield Breach(title, f"the {place} parameter `{name}`", "no such parameter")
            elif "schema" in node.data:
                yield from self._fits(
                    title, self._at(node, "schema"), value, f"the {place} parameter `{name}`", "request", is_text=True
                )
        body = self._at(operation, "requestBody")
        if not request.body:
            if body.data and body.data.get("required"):
                yield Breach(title, "a request with a body", "no body")
            return
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if body.data and self._media(body, kind) is None:
            yield Breach(
                title, f"a request body as {listed(_map(body.data.get('content')))}", kind or "no Content-Type"
            )
        schema = self.schema(body, kind)
        if schema is not None and kind.endswith(("/json", "+json")):
            try:
                data = read_json(request.body.decode("utf-8"))
            except ValueError as error:
                yield Breach(title, "a request body that is JSON", str(error))
            else:
                yield from self._fits(title, schema, data, "the request's body", "request")

    def _parameters(self, node: Node) -> Iterator[Node]:
        parameters = node.data.get("parameters")
        for index in range(len(parameters) if isinstance(parameters, list) else 0):
            yield self._at(
                Node({str(at): each for at, each in enumerate(node.data["parameters"])}, f"{node.pointer}/parameters"),
                str(index),
            )

    def _came(self, title: str, described: Node, answer: Answer, *, bodiless: bool) -> Iterator[Breach]:
        """The headers and the body."""
        response = answer.whole()
        for name in _map(described.data.get("headers")):
            header = self._at(self._at(described, "headers"), name)
            value = response.header(name)
            if value is None and header.data.get("required"):
                yield Breach(title, f"the header `{name}`", "no such header")
            elif value is not None and "schema" in header.data:
                yield from self._fits(
                    title, self._at(header, "schema"), value, f"the header `{name}`", "answer", is_text=True
                )
        content = _map(described.data.get("content"))
        if not content or bodiless or response.status in _BODILESS:
            return
        if not response.body:
            yield Breach(title, f"a body as {listed(content)}", "no body")
            return
        if self._media(described, answer.content_type) is None:
            yield Breach(title, f"a body as {listed(content)}", answer.content_type or "no Content-Type")
            return
        schema = self.schema(described, answer.content_type)
        if schema is not None and answer.says_json:
            try:
                data = answer.json
            except StepError:
                return  # an answer that says JSON and is none fails its step anyway
            yield from self._fits(title, schema, data, "the answer's body", "answer")

    def _fits(
        self, title: str, schema: Node, value: Any, what: str, direction: Direction, *, is_text: bool = False
    ) -> Iterator[Breach]:
        """A value fits a schema; a text is read as what the schema wants."""
        if is_text:
            value = _as_wanted(value, schema.data)
        try:
            errors = sorted(
                self._validator(schema.pointer, direction).iter_errors(value),
                key=lambda error: list(map(str, error.absolute_path)),
            )
        except Exception as error:
            if type(error).__name__ not in _DOCUMENTS_FAULT:
                raise
            reason = "it goes round in a circle" if isinstance(error, RecursionError) else str(error).partition("\n")[0]
            yield Breach(
                title, f"{what} as {self.name} describes it", value, f"the document itself is wrong: {cut(reason, 200)}"
            )
            return
        if errors:
            more = f" (and {len(errors) - 3} more)" if len(errors) > 3 else ""
            words = "; ".join(f"{error.json_path}: {cut(error.message, 200)}" for error in errors[:3])
            yield Breach(title, f"{what} as {self.name} describes it", errors[0].instance, words + more)

    def _validator(self, pointer: str, direction: Direction) -> Any:
        known = self._validators.get((pointer, direction))
        if known is not None:
            return known
        import openapi_schema_validator as oas  # noqa: PLC0415  # an extra
        from referencing import Registry  # noqa: PLC0415  # which that brings
        from referencing.jsonschema import DRAFT202012  # noqa: PLC0415  # as above

        guard_patterns()
        kinds = {
            0: (
                oas.OAS30WriteValidator if direction == "request" else oas.OAS30ReadValidator,
                oas.oas30_format_checker,
            ),
            1: (oas.OAS31Validator, oas.oas31_format_checker),
            2: (oas.OAS32Validator, oas.oas32_format_checker),
        }
        kind, formats = kinds[self._version]
        registry: Any = Registry().with_resource(_URN, DRAFT202012.create_resource(self._document))
        kind.check_schema(resolved(self._document, pointer))
        made = kind({"$ref": f"{_URN}#{pointer}"}, registry=registry, format_checker=formats)
        self._validators[pointer, direction] = made
        return made


@lru_cache(maxsize=16)
def contract_of(content: bytes, name: str) -> Contract:
    """The contract in a file, in YAML or JSON.

    Raises:
        WorkflowError: it is no OpenAPI document, or refers to what is not in it, or the extra is not installed.
    """
    try:
        # now, for a step's time is not the time of an import
        import openapi_schema_validator  # noqa: F401, PLC0415  # see above
    except ImportError:
        hint = "pip install 'runflow[openapi]'"
        raise WorkflowError(
            [Problem("`openapi` needs openapi-schema-validator", Place(name, unread=True), hint)]
        ) from None
    problems: list[Problem] = []
    document, _ = load(content, name, problems)
    if problems:
        raise WorkflowError(problems)
    version = document.get("openapi") if isinstance(document, dict) else None
    found = _VERSION.match(version) if isinstance(version, str) else None
    if found is None:
        old = isinstance(document, dict) and "swagger" in document
        hint = (
            "convert it: Swagger 2 is not OpenAPI 3"
            if old
            else "it begins with `openapi: 3.1.0` (in quotes, or with two dots)"
        )
        raise WorkflowError([Problem(f"{name} is no OpenAPI document of version 3", Place(name), hint)])
    if not _map(document.get("paths")):
        raise WorkflowError([Problem(f"{name} has no paths", Place(name), "a contract needs what it is about")])
    wrong = [
        Problem(
            f"`{reference}` is not in this document",
            Place(name, path),
            "bring everything into one file, as `redocly bundle` does",
        )
        for path, reference in _references(document)
        if not _leads_somewhere(document, reference)
    ]
    if wrong:
        raise WorkflowError(wrong)
    return Contract(document, name, int(found[1]))


def _leads_somewhere(document: Any, reference: str) -> bool:
    for _ in range(MAX_REFERENCES):
        found = resolved(document, reference[1:]) if reference.startswith("#") else None
        if not isinstance(found, dict) or not isinstance(found.get("$ref"), str):
            return found is not None
        reference = found["$ref"]
    return False


def resolved(document: Any, pointer: str) -> Any:
    """What a JSON Pointer leads to (RFC 6901), or None."""
    for token in unquote(pointer).split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(document, list):
            document = document[int(key)] if key.isdigit() and int(key) < len(document) else None
        else:
            document = _map(document).get(key)
    return document


def _references(document: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), document)]
    while waiting:
        path, data = waiting.pop()
        if isinstance(data, dict):
            if isinstance(data.get("$ref"), str) and path[-1:] != ("properties",):
                yield (*path, "$ref"), data["$ref"]
            waiting += [
                ((*path, key), each)
                for key, each in data.items()
                if key not in {"example", "examples", "const", "enum", "default"}
            ]
        elif isinstance(data, list):
            waiting += [((*path, index), each) for index, each in enumerate(data)]


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^{}]*\})", template)
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in parts))


def _as_wanted(text: str, schema: Any) -> Any:
    """A text of a URL or a header as the type that its schema names; what has a style of its own is left as it is."""
    kinds = _map(schema).get("type", "string")
    if not {"integer", "number", "boolean", "null"} & {*([kinds] if isinstance(kinds, str) else kinds)}:
        return text
    try:
        return read_json(text)
    except ValueError:
        return text


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.rpartition("@")[2].lower()


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _maps(value: Any) -> Iterable[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
