"""`certificate FIELD`, `timing PHASE`: what only some drivers can tell of the connection."""

from __future__ import annotations

from typing import Any, ClassVar

from runner.model.answer import Answer
from runner.model.exchange import Certificate, Timings
from runner.model.kinds import MISSING, Selector
from runner.model.wording import did_you_mean, listed
from runner.selectors.simple import Function


def _field(argument: str, fields: tuple[str, ...], what: str) -> str:
    if argument not in fields:
        raise ValueError(f"there is no {what} `{argument}`\n{did_you_mean(argument, fields) or listed(fields)}")
    return argument


class CertificateField:
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
        field = _field(argument, Certificate.__struct_fields__, "fact of a certificate")

        def select(answer: Answer) -> Any:
            certificate = answer.whole().certificate
            value = "" if certificate is None else getattr(certificate, field)
            return list(value) if isinstance(value, tuple) else value or MISSING

        return Function(select)


class Timing:
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
        phase = _field(argument, Timings.__struct_fields__, "phase")

        def select(answer: Answer) -> Any:
            timings = answer.whole().timings
            return MISSING if timings is None else getattr(timings, phase)

        return Function(select)
