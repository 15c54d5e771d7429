"""`openapi`: checks exchanges against an OpenAPI document (3.0, 3.1, 3.2). The only importer of openapi-schema-validator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from ..matchers.schema import correct_patterns, with_exact_keywords
from ..model.answer import Answer, read_json
from ..model.errors import Place, Problem, StepError, WorkflowError
from ..model.exchange import Request
from ..model.limits import limited
from ..model.urls import origin_of
from ..model.wording import cut, listed
from .document import Breach, DocumentNode, OpenApiDocument, as_map, read_openapi, resolved

_BODILESS = frozenset({204, 205, 304})
_DOCUMENTS_FAULT = frozenset(
    {"SchemaError", "UnknownType", "_WrappedReferencingError", "Unresolvable", "RecursionError"}
)
_DESCRIBED_OTHERWISE = frozenset({"accept", "content-type", "authorization"})
"""Header parameters that a document describes in other ways (OpenAPI 3.1 §4.8.12.2)."""

_URN = "urn:runflow:openapi"

Direction = Literal["request", "response"]


class Contract(OpenApiDocument):
    """An OpenAPI document against which exchanges are checked."""

    def __init__(self, document: dict[str, Any], name: str, version: int) -> None:
        super().__init__(document, name, version)
        self._validators: dict[tuple[str, Direction], Any] = {}

    def covers(self, url: str, base_url: str) -> bool:
        """Whether a URL belongs to the API: to the origin of `base_url`, or of a server of the document."""
        own_origins = {origin_of(base_url)} if base_url else self.origins
        return not own_origins or origin_of(url) in own_origins | self.origins

    def breaches(self, request: Request, answer: Answer, base_url: str = "") -> list[Breach]:
        """Return everything in an exchange that the document does not allow; the request only if the server accepted it.

        Raises:
            StepError: the check takes too long.
        """
        return limited("the OpenAPI document", lambda: list(self._breaches(request, answer, base_url)))

    def _breaches(self, request: Request, answer: Answer, base_url: str) -> Iterator[Breach]:
        response = answer.require_response()
        found = self.operation(request.method, urlsplit(request.url).path, urlsplit(base_url).path)
        if isinstance(found, Breach):
            yield found
            return
        title, above, operation = found
        if response.status < 400:
            yield from self._check_request(title, above, operation, request)
        described = self.response(operation, response.status)
        if described is None:
            known = listed(as_map(operation.data.get("responses")))
            yield Breach(title, f"a status that {self.name} describes: {known}", response.status)
            return
        yield from self._check_response(
            f"{title} {response.status}", described, answer, bodiless=request.method == "HEAD"
        )

    def _check_request(
        self, title: str, above: DocumentNode, operation: DocumentNode, request: Request
    ) -> Iterator[Breach]:
        """The parameters and the body."""
        url = urlsplit(request.url)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in request.headers}
        pairs = (each.strip().partition("=") for each in headers.get("cookie", "").split(";"))
        cookies = {name: value for name, _, value in pairs}
        places: dict[str, Mapping[str, str]] = {"query": query, "header": headers, "cookie": cookies}
        for node in (*self._parameters(above), *self._parameters(operation)):
            name, place = str(node.data.get("name")), str(node.data.get("in"))
            if place not in places or (place == "header" and name.lower() in _DESCRIBED_OTHERWISE):
                continue
            value = places[place].get(name.lower() if place == "header" else name)
            if value is None:
                if node.data.get("required"):
                    yield Breach(title, f"the {place} parameter `{name}`", "no such parameter")
            elif "schema" in node.data:
                yield from self._fits(
                    title, self.at(node, "schema"), value, f"the {place} parameter `{name}`", "request", is_text=True
                )
        body = self.at(operation, "requestBody")
        if not request.body:
            if body.data and body.data.get("required"):
                yield Breach(title, "a request with a body", "no body")
            return
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if body.data and self.media(body, kind) is None:
            yield Breach(
                title, f"a request body as {listed(as_map(body.data.get('content')))}", kind or "no Content-Type"
            )
        schema = self.schema(body, kind)
        if schema is not None and kind.endswith(("/json", "+json")):
            try:
                data = read_json(request.body.decode("utf-8"))
            except ValueError as error:
                yield Breach(title, "a request body that is JSON", str(error))
            else:
                yield from self._fits(title, schema, data, "the body of the request", "request")

    def _parameters(self, node: DocumentNode) -> Iterator[DocumentNode]:
        parameters = node.data.get("parameters")
        for index in range(len(parameters) if isinstance(parameters, list) else 0):
            yield self.at(
                DocumentNode(
                    {str(at): each for at, each in enumerate(node.data["parameters"])}, f"{node.pointer}/parameters"
                ),
                str(index),
            )

    def _check_response(
        self, title: str, described: DocumentNode, answer: Answer, *, bodiless: bool
    ) -> Iterator[Breach]:
        """The headers and the body."""
        response = answer.require_response()
        for name in as_map(described.data.get("headers")):
            header = self.at(self.at(described, "headers"), name)
            value = response.header(name)
            if value is None and header.data.get("required"):
                yield Breach(title, f"the header `{name}`", "no such header")
            elif value is not None and "schema" in header.data:
                yield from self._fits(
                    title, self.at(header, "schema"), value, f"the header `{name}`", "response", is_text=True
                )
        content = as_map(described.data.get("content"))
        if not content or bodiless or response.status in _BODILESS:
            return
        if not response.body:
            yield Breach(title, f"a body as {listed(content)}", "no body")
            return
        if self.media(described, answer.content_type) is None:
            yield Breach(title, f"a body as {listed(content)}", answer.content_type or "no Content-Type")
            return
        schema = self.schema(described, answer.content_type)
        if schema is not None and answer.says_json:
            try:
                data = answer.json
            except StepError:
                return  # a response that is not the JSON that it claims to be fails its step anyway
            yield from self._fits(title, schema, data, "the body of the response", "response")

    def _fits(
        self, title: str, schema: DocumentNode, value: Any, what: str, direction: Direction, *, is_text: bool = False
    ) -> Iterator[Breach]:
        """Check that a value fits a schema; a text is converted to the type of the schema first."""
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
            reason = "it contains itself" if isinstance(error, RecursionError) else str(error).partition("\n")[0]
            yield Breach(
                title, f"{what} as {self.name} describes it", value, f"the document is not valid: {cut(reason, 200)}"
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

        correct_patterns()
        kinds = {
            0: (
                oas.OAS30WriteValidator if direction == "request" else oas.OAS30ReadValidator,
                oas.oas30_format_checker,
            ),
            1: (oas.OAS31Validator, oas.oas31_format_checker),
            2: (oas.OAS32Validator, oas.oas32_format_checker),
        }
        kind, formats = kinds[self.version]
        registry: Any = Registry().with_resource(_URN, DRAFT202012.create_resource(self.document))
        kind.check_schema(resolved(self.document, pointer))
        validator = with_exact_keywords(kind)({"$ref": f"{_URN}#{pointer}"}, registry=registry, format_checker=formats)
        self._validators[pointer, direction] = validator
        return validator


def _as_wanted(text: str, schema: Any) -> Any:
    """A text of a URL or a header, converted to the type of its schema if that is a scalar."""
    kinds = as_map(schema).get("type", "string")
    if not {"integer", "number", "boolean", "null"} & {*([kinds] if isinstance(kinds, str) else kinds)}:
        return text
    try:
        return read_json(text)
    except ValueError:
        return text


@lru_cache(maxsize=16)
def contract_of(content: bytes, name: str) -> Contract:
    """Read the contract in a file, in YAML or JSON.

    Raises:
        WorkflowError: it is not a valid OpenAPI document, has a reference to outside, or the extra is not installed.
    """
    try:
        # imported now, so that the import does not count as time of a step
        import openapi_schema_validator  # noqa: F401, PLC0415  # see above
    except ImportError:
        hint = "pip install 'runflow-http[openapi]'"
        raise WorkflowError(
            [Problem("`openapi` needs openapi-schema-validator", Place(name, unread=True), hint)]
        ) from None
    document, version = read_openapi(content, name)
    return Contract(document, name, version)
