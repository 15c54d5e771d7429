"""The filters that the language adds to Jinja's, in one table. Each is a function of a value; it may raise FilterError."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac as hmac_module
import html
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qs, quote, unquote, urlsplit

from ..model import jwt, patterns
from ..model.answer import read_json
from ..model.errors import RunflowError
from ..model.json_types import JSON
from ..model.wording import json_text, json_type, shown


class FilterError(RunflowError):
    """A filter or a function cannot compute its result, for the reason in the message."""


class UrlText(str):
    """Text that is already part of a URL and is not encoded again."""

    __slots__ = ()


class _NoDefault:
    """The type of a default that is not given; null is a default too."""


_NO_DEFAULT = _NoDefault()
_DIGESTS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
_JWT_DIGESTS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


def _text(value: JSON | bytes, name: str) -> str:
    if not isinstance(value, str):
        raise FilterError(f"`{name}` needs a text, not {shown(value, 60)}")
    return value


def _bytes(value: JSON | bytes, name: str) -> bytes:
    if isinstance(value, bytes):
        return value
    return _text(value, name).encode("utf-8")


def _digest_name(name: str) -> str:
    if name not in _DIGESTS:
        raise FilterError(f"unknown digest {name!r}; the digests are {', '.join(_DIGESTS)}")
    return name


def to_int(value: JSON, default: JSON | _NoDefault = _NO_DEFAULT, base: int = 10) -> JSON:
    """A whole number; an error, or the default, if it is not one."""
    try:
        if isinstance(value, str):
            return int(value, base)
        if isinstance(value, float) and not value.is_integer():
            return int(value)
        if isinstance(value, (int, float)):
            return int(value)
    except (ValueError, OverflowError):
        pass
    if isinstance(default, _NoDefault):
        raise FilterError(f"{shown(value, 60)} is not a whole number")
    return default


def to_float(value: JSON, default: JSON | _NoDefault = _NO_DEFAULT) -> JSON:
    """A number; an error, or the default, if it is not one."""
    if isinstance(value, (int, float, str)):
        try:
            number = float(value)
            if number == number and number not in (float("inf"), float("-inf")):  # noqa: PLR0124  # NaN alone is not itself
                return number
        except (ValueError, OverflowError):
            pass
    if isinstance(default, _NoDefault):
        raise FilterError(f"{shown(value, 60)} is not a number")
    return default


def b64encode(value: JSON | bytes) -> str:
    """Base64 (RFC 4648 §4)."""
    return base64.b64encode(_bytes(value, "b64encode")).decode()


def b64url(value: JSON | bytes) -> str:
    """Base64 for URLs, without padding (RFC 4648 §5)."""
    return base64.urlsafe_b64encode(_bytes(value, "b64url")).decode().rstrip("=")


def _unbase64(text: str) -> bytes:
    padded = text.strip().replace("-", "+").replace("_", "/")
    return base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True)


def b64decode(value: JSON) -> str:
    """Text from Base64, either alphabet, with or without padding."""
    try:
        return _unbase64(_text(value, "b64decode")).decode("utf-8")
    except (binascii.Error, ValueError):
        raise FilterError(f"{shown(value, 60)} is not the Base64 of a UTF-8 text") from None


def urlencode(value: JSON) -> UrlText:
    """Percent-encoding of all but the unreserved characters, also of `/` (RFC 3986 §2.1); a map becomes a query."""
    if isinstance(value, Mapping):
        return UrlText("&".join(f"{urlencode(name)}={urlencode(member)}" for name, member in value.items()))
    return UrlText(quote(value if isinstance(value, str) else json_text(value), safe=""))


def url(value: JSON) -> UrlText:
    """The text, marked as already part of a URL: it is not encoded."""
    return UrlText(value if isinstance(value, str) else json_text(value))


def query(value: JSON, name: str) -> str:
    """The first value of a parameter in a URL's query."""
    found = parse_qs(urlsplit(_text(value, "query")).query, keep_blank_values=True).get(name)
    if not found:
        raise FilterError(f"the URL {shown(value, 120)} has no parameter `{name}`")
    return found[0]


def digest(value: JSON | bytes, name: str = "sha256") -> str:
    """A digest in hex."""
    return hashlib.new(_digest_name(name), _bytes(value, "hash"), usedforsecurity=False).hexdigest()


def hmac(value: JSON | bytes, key: JSON | bytes, algorithm: str = "sha256") -> str:
    """An HMAC in hex (RFC 2104)."""
    return hmac_module.new(_bytes(key, "hmac"), _bytes(value, "hmac"), _digest_name(algorithm)).hexdigest()


def _jwt_part(value: JSON, index: int, what: str) -> JSON:
    try:
        part: JSON = jwt.part(_text(value, f"jwt_{what}"), index)
    except ValueError:
        raise FilterError("the value is not a JWT: three Base64 parts joined by dots (RFC 7519 §3)") from None
    return part


def jwt_header(value: JSON) -> JSON:
    """A JWT's header; the signature is not verified."""
    return _jwt_part(value, 0, "header")


def jwt_claims(value: JSON) -> JSON:
    """A JWT's claims; the signature is not verified."""
    return _jwt_part(value, 1, "claims")


def jwt_sign(claims: JSON, key: str, algorithm: str = "HS256") -> str:
    """A signed JWT of a map of claims (RFC 7515 §3.1; HS256, HS384, HS512)."""
    if algorithm not in _JWT_DIGESTS:
        raise FilterError(f"`jwt_sign` supports {', '.join(_JWT_DIGESTS)}, not {algorithm!r}")
    if not isinstance(claims, Mapping):
        raise FilterError(f"`jwt_sign` needs a map of claims, not {shown(claims, 60)}")
    header = b64url(json_text({"alg": algorithm, "typ": "JWT"}))
    signed = f"{header}.{b64url(json_text(claims))}"
    mac = hmac_module.digest(_bytes(key, "jwt_sign"), signed.encode(), _JWT_DIGESTS[algorithm])
    return f"{signed}.{b64url(mac)}"


def flatten(value: JSON) -> list[JSON]:
    """Nested lists as one list."""
    if not isinstance(value, list):
        raise FilterError(f"`flatten` needs a list, not {shown(value, 60)}")
    flat: list[JSON] = []
    pending = list(reversed(value))
    while pending:
        member = pending.pop()
        if isinstance(member, list):
            pending.extend(reversed(member))
        else:
            flat.append(member)
    return flat


def from_json(value: JSON) -> JSON:
    """The value of a JSON text."""
    try:
        data: JSON = read_json(_text(value, "from_json"))
    except ValueError as error:
        raise FilterError(f"the text is not JSON: {error}") from None
    return data


def regex(value: JSON, pattern: str) -> str:
    """The first group, or the whole match, of a pattern in a text."""
    try:
        compiled = patterns.compile(_text(pattern, "regex"))
    except ValueError as error:
        raise FilterError(str(error)) from None
    found = compiled.search(value if isinstance(value, str) else json_text(value))
    if found is None:
        raise FilterError(f"the pattern {pattern!r} does not match anywhere in {shown(value, 120)}")
    return (found[1] or "") if compiled.groups else str(found[0])


def datetime_format(value: JSON, layout: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    """A date-time (RFC 3339 text, or epoch seconds) in a format of strftime."""
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value).strftime(layout)
        if isinstance(value, (int, float)):
            return datetime.fromtimestamp(value, UTC).strftime(layout)
    except (ValueError, OverflowError, OSError):
        pass
    raise FilterError(f"{shown(value, 60)} is not a date-time")


def merge(value: JSON, other: JSON) -> dict[str, JSON]:
    """A map with the members of another one, which win."""
    if not isinstance(value, Mapping) or not isinstance(other, Mapping):
        raise FilterError(f"`merge` needs two maps, not {json_type(value)} and {json_type(other)}")
    return {**value, **other}


def without(value: JSON, *keys: str) -> dict[str, JSON]:
    """A map without some of its keys."""
    if not isinstance(value, Mapping):
        raise FilterError(f"`without` needs a map, not {shown(value, 60)}")
    return {name: member for name, member in value.items() if name not in keys}


def html_unescape(value: JSON) -> str:
    """Text with its HTML entities decoded."""
    return html.unescape(_text(value, "html_unescape"))


def urldecode(value: JSON) -> str:
    """Text with its percent-encoding decoded."""
    return unquote(_text(value, "urldecode"), errors="strict")


def tojson(value: JSON, indent: int | None = None) -> str:
    """JSON text; nothing is escaped for HTML."""
    return json_text(value, indent=indent)


FILTERS: dict[str, Callable[..., JSON]] = {
    "b64decode": b64decode,
    "b64encode": b64encode,
    "b64url": b64url,
    "datetime": datetime_format,
    "flatten": flatten,
    "float": to_float,
    "from_json": from_json,
    "hash": digest,
    "hmac": hmac,
    "html_unescape": html_unescape,
    "int": to_int,
    "jwt_claims": jwt_claims,
    "jwt_header": jwt_header,
    "jwt_sign": jwt_sign,
    "md5": lambda value: digest(value, "md5"),
    "merge": merge,
    "query": query,
    "regex": regex,
    "sha256": lambda value: digest(value, "sha256"),
    "tojson": tojson,
    "url": url,
    "urldecode": urldecode,
    "urlencode": urlencode,
    "without": without,
}
"""Filters by name. A new filter is a function above and a line here."""
