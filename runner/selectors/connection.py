"""`certificate FIELD`, `timing PHASE`: what only some drivers can tell of the connection."""

from __future__ import annotations

from typing import Any, ClassVar

from ..model.answer import Answer
from ..model.errors import InvalidArgument
from ..model.exchange import Certificate, Timings
from ..model.kinds import MISSING, Selector
from ..model.wording import did_you_mean, listed
from .simple import Function


def _told(part: str, fields: tuple[str, ...], argument: str, what: str) -> Selector:
    """One field of a part of the response, which a driver may not tell."""
    if argument not in fields:
        hint = did_you_mean(argument, fields) or listed(fields)
        raise InvalidArgument(f"there is no {what} `{argument}`", hint)

    def select(answer: Answer) -> Any:
        told = getattr(answer.require_response(), part)
        value = "" if told is None else getattr(told, argument)
        if value == "":
            return MISSING
        return list(value) if isinstance(value, tuple) else value

    return Function(select)


class CertificateSelector:
    """A fact of the server's TLS certificate."""

    name: ClassVar[str] = "certificate"
    argument: ClassVar[str] = "FIELD"
    text: ClassVar[bool] = False
    summary: ClassVar[str] = (
        "of the server's TLS certificate: `subject`, `issuer`, `serial`, `starts`, `expires` (date-times), `names` (a list)"
        "; needs the curl driver"
    )

    def compile(self, argument: str, /) -> Selector:
        """RFC 5280 §4.1."""
        return _told("certificate", Certificate.__struct_fields__, argument, "fact of a certificate")


class TimingSelector:
    """How long a phase took."""

    name: ClassVar[str] = "timing"
    argument: ClassVar[str] = "PHASE"
    text: ClassVar[bool] = False
    summary: ClassVar[str] = (
        "how long a phase of the final exchange took, held against durations: `dns`, `connect`, `tls`, `first_byte` (from "
        "the request's last byte to the first of the answer), `total`; 0 on a kept connection; needs the curl driver"
    )

    def compile(self, argument: str, /) -> Selector:
        """Seconds."""
        return _told("timings", Timings.__struct_fields__, argument, "phase")
