"""`aws_sigv4:` AWS Signature Version 4 over the request as it goes out. The only importer of requests-aws4auth (extra `aws`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any, ClassVar
from urllib.parse import urlsplit

from ..model.errors import InvalidArgument
from ..model.exchange import Request, Response
from ..model.kinds import Attachment, Mistake
from ..model.pairs import scalar_text

_ADDED = ("x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "Authorization")


class AwsSigv4Credential:
    """Access key and secret key."""

    name: ClassVar[str] = "aws_sigv4"

    def check(self, data: Any, /) -> Iterable[Mistake]:
        """The library is installed, and no value is empty."""
        if find_spec("requests_aws4auth") is None:
            yield (), "`aws_sigv4` needs requests-aws4auth", "pip install 'runflow-http[aws]'"
        for key, value in data.items():
            if not value:
                yield (key,), f"`{key}` is empty", ""

    def attach(self, data: Any, /) -> Attachment:
        """A signer."""
        texts = {key: scalar_text(value, key) for key, value in data.items()}
        empty = [key for key, value in texts.items() if not value]
        if empty:
            raise InvalidArgument(f"`{empty[0]}` is empty")
        known = tuple(texts[key] for key in ("access_key", "secret_key", "session_token") if key in texts)
        return Attachment(secrets=known, signer=AwsSigner(texts))


class AwsSigner:
    """Signs each request: a signature is valid for minutes, and for one request only."""

    def __init__(self, texts: dict[str, str]) -> None:
        # an extra, and slow to import
        from requests_aws4auth import AWS4Auth  # noqa: PLC0415  # see above

        self._sign = AWS4Auth(
            *(texts[key] for key in ("access_key", "secret_key", "region", "service")),
            session_token=texts.get("session_token"),
        )

    def challenged(self, _: Response, /) -> bool:
        """Never: the same signature would be refused again."""
        return False

    def sign(self, request: Request, now: float, /) -> Attachment:
        """Date, hash of the body, session token and signature."""
        moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
        prepared = _Prepared(request, {"x-amz-date": moment, "host": urlsplit(request.url).netloc})
        self._sign(prepared)
        signature = prepared.headers["Authorization"].rpartition("=")[2]
        headers = tuple((name, prepared.headers[name]) for name in _ADDED if name in prepared.headers)
        return Attachment(headers=headers, secrets=(signature,))


class _Prepared:
    """A request in the shape that requests-aws4auth reads and writes."""

    def __init__(self, request: Request, more: dict[str, str]) -> None:
        self.method, self.url, self.body = request.method, request.url, request.body or b""
        own = {name.lower(): value for name, value in request.headers if name.lower() not in {"date", "x-amz-date"}}
        self.headers: dict[str, str] = {**more, **own}
