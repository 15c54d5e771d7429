"""IRIs, for JSON Schema's formats `iri` and `iri-reference` (RFC 3987). The check of jsonschema takes more than a second to import."""

from __future__ import annotations

import re
from urllib.parse import quote

from rfc3986_validator import validate_rfc3986

_PLANES = "".join(f"{chr(plane)}-{chr(plane + 0xFFFD)}" for plane in range(0x10000, 0xE0000, 0x10000))
_UCSCHAR = "\xa0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef" + _PLANES + "\U000e1000-\U000efffd"
_IPRIVATE = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
_ALLOWED = re.compile(f"[\x21-\x7e{_UCSCHAR}]*(\\?[\x21-\x7e{_UCSCHAR}{_IPRIVATE}]*)?")
_MORE = re.compile(f"[{_UCSCHAR}{_IPRIVATE}]+")


def is_iri(text: object) -> bool:
    """Whether a text is an IRI with its scheme; other values pass."""
    return _is_valid(text, "URI")


def is_iri_reference(text: object) -> bool:
    """Whether a text is an IRI or a relative reference; other values pass."""
    return _is_valid(text, "URI_reference")


def _is_valid(text: object, rule: str) -> bool:
    """The URI that an IRI maps to is one (RFC 3987 §3.1), and its own characters are allowed there (§2.2)."""
    if not isinstance(text, str):
        return True
    if not _ALLOWED.fullmatch(text):
        return False
    return validate_rfc3986(_MORE.sub(lambda found: quote(found[0]), text), rule=rule) is not None
