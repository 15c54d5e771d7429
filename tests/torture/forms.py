"""Every form in which a server, a library or an encoder may write a secret down."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus


def every_form(secret: str) -> list[str]:
    """Raw, in URLs, HTML, JSON as several languages write it, hex and Base64, alone and among other letters."""
    in_json = json.dumps(secret)[1:-1]
    return [
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        quote(quote(secret, safe=""), safe=""),
        html.escape(secret),
        in_json,
        json.dumps(secret, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(secret))[3:-3],
        in_json.replace("/", "\\/"),
        in_json.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"),
        in_json.replace('\\"', "\\u0022").replace("<", "\\u003C").replace(">", "\\u003E").replace("&", "\\u0026").replace("+", "\\u002B"),
        secret.encode().hex(),
        secret.encode().hex().upper(),
        *_in_base64(secret),
    ]  # fmt: skip


def _in_base64(secret: str) -> list[str]:
    every = [base64.b64encode(f"{before}{secret}zz".encode()).decode() for before in ("", "x", "xy", "ada:")]
    return [
        base64.b64encode(secret.encode()).decode(),
        *every,
        *(text.replace("+", "-").replace("/", "_") for text in every),
    ]


def traces(secret: str) -> list[str]:
    """What no output may hold: every form, of Base64 the part that only the secret makes."""
    found = [form[4:-8] for form in _in_base64(secret)]
    found = [form for form in found if len(form) >= 6]
    return [*(form for form in every_form(secret) if form not in _in_base64(secret)), *found]
