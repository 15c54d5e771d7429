"""`certificate FIELD`, `timing PHASE`: facts of the connection that only some drivers report."""

from __future__ import annotations

from typing import Any, ClassVar

from ..model.answer import Answer
from ..model.errors import InvalidArgument
from ..model.exchange import Certificate, Timings
from ..model.kinds import MISSING, Selector
from ..model.wording import did_you_mean, listed
from .simple import Function


def _field_of(part: str, fields: tuple[str, ...], argument: str, what: str) -> Selector:
    """A selector of one field of a part of the response, which some drivers do not report."""
    if argument not in fields:
        hint = did_you_mean(argument, fields) or listed(fields)
        raise InvalidArgument(f"there is no {what} `{argument}`", hint)

    def select(answer: Answer) -> Any:
        facts = getattr(answer.require_response(), part)
        value = "" if facts is None else getattr(facts, argument)
        if value == "":
            return MISSING
        return list(value) if isinstance(value, tuple) else value

    return Function(select)


class CertificateSelector:
    """A field of the server's TLS certificate."""

    name: ClassVar[str] = "certificate"
    argument: ClassVar[str] = "FIELD"
    text: ClassVar[bool] = False
    summary: ClassVar[str] = (
        "a field of the server's TLS certificate: `subject`, `issuer`, `serial`, `starts`, `expires` (date-times), `names` (a list)"
        "; needs the curl driver"
    )

    def compile(self, argument: str, /) -> Selector:
        """RFC 5280 §4.1."""
        return _field_of("certificate", Certificate.__struct_fields__, argument, "field of a certificate")


class TimingSelector:
    """How long a phase took."""

    name: ClassVar[str] = "timing"
    argument: ClassVar[str] = "PHASE"
    text: ClassVar[bool] = False
    summary: ClassVar[str] = (
        "how long a phase of the final exchange took: `dns`, `connect`, `tls`, `first_byte` (from "
        "the last byte of the request to the first of the response), `total`; can be compared with durations; needs the curl driver"
    )

    def compile(self, argument: str, /) -> Selector:
        """Seconds."""
        return _field_of("timings", Timings.__struct_fields__, argument, "phase")
