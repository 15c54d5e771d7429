"""What a session's own steps send and get is a secret; words of the protocol, names of clients and places are not."""

from __future__ import annotations

import pytest
from fakes import answer

from runflow.engine.auth.secret_capture import SecretCapture
from runflow.model.exchange import Exchange, Request, Response


def heard(request: Request, reply: Response) -> set[str]:
    found: set[str] = set()
    SecretCapture(found.update).exchange(Exchange(request, reply))
    return found


def post(
    body: bytes = b"", kind: str = "application/json", url: str = "http://api.test/login", **headers: str
) -> Request:
    return Request(
        "POST",
        url,
        (("Content-Type", kind), *((name.replace("_", "-"), value) for name, value in headers.items())),
        body,
    )


@pytest.mark.parametrize(
    ("request_", "secrets"),
    [
        (post(b'{"password":"pass-1","deep":{"pin":123456,"list":["code-1"]},"ok":true,"x":"abc"}'), {"pass-1", "123456", "code-1"}),
        (post(b"grant_type=password&username=adalovelace&password=p%2Fq+r&client_id=my-client&scope=read+all",
            "application/x-www-form-urlencoded"), {"adalovelace", "p/q r"}),
        (post(url="http://api.test/login?key=k-123&x=1"), {"k-123"}), (post(Authorization="Basic YWRhOnB3"), {"YWRhOnB3"}),
        (post(Authorization="raw-token"), {"raw-token"}), (post(X_Api_Key="key-9", Accept="text/html"), {"key-9"}),
        (post(Cookie="a=cookie-1; b=cookie-2"), {"cookie-1", "cookie-2"}), (post(b"just-a-token", "text/plain"), {"just-a-token"}),
        (post(b"<html>page</html>", "text/html"), set()), (post(b'{"token_type":"Bearer","grant_type":"password","t":"Bearer"}'), set()),
    ],
)  # fmt: skip
def test_what_is_sent_is_heard(request_: Request, secrets: set[str]) -> None:
    assert heard(request_, answer(204)) == secrets


@pytest.mark.parametrize(
    ("reply", "secrets"),
    [
        (answer(200, {"token": "token-12", "scope": "read write", "expires_in": 3600, "user": {"mail": "ada@x.org", "role": "admin"}}),
            {"token-12", "ada@x.org"}), (answer(200, text="raw-token-123\n", content_type="text/plain"), {"raw-token-123"}),
        (answer(200, text="access_token=tok-4567&scope=repo-all", content_type="application/x-www-form-urlencoded"), {"tok-4567"}),
        (answer(204, set_cookie=["sid=session-1; Path=/", 'b="quoted-1"']), {"session-1", "quoted-1"}),
        (answer(204, x_auth_token="token-in-header", server="nginx/1.22.1"), {"token-in-header"}),
        (answer(401, {"error": "wrong password"}), set()), (answer(200, {"error_description": "long words"}), set()),
        (answer(200, {"home": "http://api.test"}), set()),
        (answer(200, text="<html><body>some page</body></html>", content_type="text/html"), set()),
    ],
)  # fmt: skip
def test_what_comes_is_heard_unless_it_is_a_refusal_or_a_mere_word(reply: Response, secrets: set[str]) -> None:
    assert heard(post(), reply) == secrets
