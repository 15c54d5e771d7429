"""`schema`: validates against a JSON Schema. jsonschema is imported only if a file uses it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any

from ..model import ecma_patterns, patterns
from ..model.json_types import JSON
from ..model.kinds import Miss
from ..model.limits import limited
from ..model.wording import cut, json_text, shown
from .base import ValueMatcher

_ECMA = patterns.Re(ecma_patterns.translate, patterns.VERSION1)


class _DanglingReference(ValueError):
    """A `$ref` leads to what is not in the schema."""


def correct_patterns() -> None:
    """Make jsonschema read patterns as ECMA-262 does, and search them with a time limit."""
    from jsonschema import _format, _keywords, _utils  # noqa: PLC0415  # 60 ms to import, and few files hold a schema

    for module in (_format, _keywords, _utils):
        vars(module)["re"] = _ECMA


def with_exact_keywords(kind: Any) -> Any:
    """A class of validators of jsonschema, with an exact `multipleOf`, and a `pattern` that has a time limit.

    The validators of openapi-schema-validator search with regress where that is installed, which cannot be stopped.
    """
    from jsonschema.validators import extend  # noqa: PLC0415  # as above

    keywords = {"multipleOf": _multiple_of, "pattern": _pattern}
    return extend(kind, keywords)  # type: ignore[no-untyped-call]  # its stubs have no types for it


def _pattern(validator: Any, pattern: Any, instance: Any, _: Any) -> Iterator[Any]:
    """The keyword `pattern`."""
    from jsonschema import ValidationError  # noqa: PLC0415  # as above

    if validator.is_type(instance, "string") and not _ECMA.search(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _multiple_of(validator: Any, divisor: Any, instance: Any, _: Any) -> Iterator[Any]:
    """The keyword `multipleOf`, by the decimal digits of both numbers."""
    from jsonschema import ValidationError  # noqa: PLC0415  # as above

    if validator.is_type(instance, "number") and Fraction(str(instance)) % Fraction(str(divisor)):
        yield ValidationError(f"{instance!r} is not a multiple of {divisor}")


@lru_cache(maxsize=256)
def _validator(text: str) -> Any:
    # 60 ms to import, and few files hold a schema
    import json  # noqa: PLC0415  # see above

    import jsonschema  # noqa: PLC0415  # as above
    from referencing import Registry  # noqa: PLC0415  # as above

    from .iri import is_iri, is_iri_reference  # noqa: PLC0415  # as above

    correct_patterns()
    schema = json.loads(text)
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    kind.check_schema(schema)
    kind.FORMAT_CHECKER.checks("iri")(is_iri)
    kind.FORMAT_CHECKER.checks("iri-reference")(is_iri_reference)
    dangling = _dangling_reference(schema)
    if dangling is not None:
        raise _DanglingReference(f"`$ref: {dangling}` leads to nothing in this schema")
    # an empty registry: a $ref to another document is an error, never a download
    return with_exact_keywords(kind)(schema, registry=Registry(), format_checker=kind.FORMAT_CHECKER)


def _dangling_reference(schema: Any) -> str | None:
    """The first reference to what is not in the schema."""
    # as above
    from referencing import Registry, Resource  # noqa: PLC0415  # see above
    from referencing.exceptions import Unresolvable  # noqa: PLC0415  # as above
    from referencing.jsonschema import DRAFT202012  # noqa: PLC0415  # as above

    root = Resource.from_contents(schema, default_specification=DRAFT202012)
    pending = [(Registry().with_resource("", root).crawl().resolver(), root)]
    while pending:
        resolver, resource = pending.pop()
        reference = resource.contents.get("$ref") if isinstance(resource.contents, dict) else None
        if isinstance(reference, str):
            try:
                resolver.lookup(reference)
            except Unresolvable:
                return reference
        pending += [(resolver.in_subresource(part), part) for part in resource.subresources()]
    return None


def _errors(actual: JSON, schema: Any) -> list[Any]:
    found = _validator(json_text(schema)).iter_errors(actual)
    return sorted(found, key=lambda error: list(map(str, error.absolute_path)))


class Schema(ValueMatcher):
    """Fits a JSON Schema."""

    name = "schema"
    summary = "valid against a JSON Schema, inline or `{file: path}` (default 2020-12; formats are checked)"

    def check(self, argument: Any, /) -> str:
        """A valid schema."""
        if not isinstance(argument, (dict, bool)):
            return f"`schema` takes a JSON Schema or {{file: path}}, not {shown(argument, 60)}"
        if argument in ({}, True):
            return "an empty schema matches everything"
        try:
            _validator(json_text(argument))
        except _DanglingReference as error:
            return f"{error}; a schema of another host is not downloaded, save it beside the workflow"
        except Exception as error:
            if type(error).__name__ not in {"SchemaError", "UnknownType"}:
                raise
            return f"the schema is not valid: {str(error).splitlines()[0]}"
        return ""

    def judge(self, actual: JSON, argument: Any, /) -> Miss | None:
        """Every violation, the first three in words."""
        try:
            errors = limited("the schema", _errors, actual, argument)
        except Exception as error:
            if "Unresolvable" not in type(error).__name__ and "WrappedReferencing" not in type(error).__name__:
                raise
            return Miss(f"the schema has a reference that cannot be resolved: {error}", undecided=True)
        if not errors:
            return None
        words = [f"{error.json_path}: {cut(error.message, 200)}" for error in errors[:3]]
        more = f" (and {len(errors) - 3} more)" if len(errors) > 3 else ""
        return Miss("; ".join(words) + more)
