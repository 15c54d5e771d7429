"""Each filter gives what it says, and raises where it cannot."""

from __future__ import annotations

from typing import Any

import pytest

import runflow.plan.compile  # noqa: F401  # joins the `jsonpath` filter
from runflow.model.errors import StepError
from runflow.templating.values import compile_text

JWT = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ."
    "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
)


def render(expression: str, **names: Any) -> Any:
    return compile_text(f"{{{{ {expression} }}}}").render(names)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'a b/ü' | b64encode", "YSBiL8O8"), ("'YSBiL8O8' | b64decode", "a b/ü"), ("'YSBiL8O8IQ' | b64decode", "a b/ü!"), ("'??>' | b64url", "Pz8-"),
        ("'a b/&' | urlencode", "a%20b%2F%26"), ("{'a': 1, 'b c': 'd&'} | urlencode", "a=1&b%20c=d%26"), ("7 | urlencode", "7"),
        ("'a%20b' | urldecode", "a b"),
        ("'x/y' | url", "x/y"), ("7 | url", "7"), ("'http://h/?a=1&b=' | query('b')", ""), ("'http://h/?a=1' | query('a')", "1"),
        ("'abc' | hash('sha1')", "a9993e364706816aba3e25717850c26c9cd0d89d"), ("'abc' | md5", "900150983cd24fb0d6963f7d28e17f72"),
        ("'abc' | sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("'abc' | hash", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("'msg' | hmac('key')", "2d93cbc1be167bcb1637a4a23cbff01a7878f0c50ee833954ea5221bb1b8c628"),
        ("'msg' | hmac('key', 'md5')", "18e3548c59ad40dd03907b7aeee71d67"),
        (f"'{JWT}' | jwt_claims", {"sub": "1234567890", "name": "John Doe", "iat": 1516239022}),
        (f"'{JWT}' | jwt_header", {"alg": "HS256", "typ": "JWT"}),
        ("{'a': 1} | jwt_sign('k') | jwt_claims", {"a": 1}), ("{'a': 1} | jwt_sign('k', 'HS512') | jwt_header", {"alg": "HS512", "typ": "JWT"}),
        ("[1, [2, [3]], []] | flatten", [1, 2, 3]), ('\'{"a": [1]}\' | from_json', {"a": [1]}), ("{'a': [1, 2]} | jsonpath('$.a[*]')", [1, 2]),
        ("{'a': [1, 2]} | jsonpath('$.a[1]')", 2), ("'id=42;' | regex('id=(\\\\d+)')", "42"), ("'abc' | regex('b.')", "bc"),
        ("'ab' | regex('a(x)?')", ""), ("42 | regex('4')", "4"),
        ("'2024-05-06T07:08:09Z' | datetime('%d.%m.%Y %H:%M')", "06.05.2024 07:08"), ("0 | datetime('%Y')", "1970"),
        ("0 | datetime", "1970-01-01T00:00:00Z"),
        ("{'a': 1} | merge({'b': 2, 'a': 3})", {"a": 3, "b": 2}), ("{'a': 1, 'b': 2} | without('a', 'c')", {"b": 2}),
        ("'&lt;a&gt;' | html_unescape", "<a>"),
        ("'7' | int", 7), ("'ff' | int(base=16)", 255), ("7.9 | int", 7), ("2.0 | int", 2), ("'x' | int(5)", 5), ("true | int", 1),
        ("'1.5' | float", 1.5), ("'x' | float(0.5)", 0.5), ("3 | float", 3.0),
        ("{'a': '<'} | tojson", '{"a":"<"}'), ("[1] | tojson(2)", "[\n  1\n]"),
    ],
)  # fmt: skip
def test_a_filter_gives_what_it_says(expression: str, value: object) -> None:
    rendered = render(expression)
    assert rendered == value
    assert type(rendered) is type(value)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("'x' | int", "not a whole number"), ("none | int", "not a whole number"), ("'1e999' | float", "not a number"),
        ("'nan' | float", "not a number"), ("[] | float", "not a number"),
        ("'###' | b64decode", "not the Base64"), ("'/w==' | b64decode", "not the Base64"), ("5 | b64encode", "needs a text"),
        ("'http://h/' | query('a')", "has no parameter `a`"),
        ("'a' | hash('sha9')", "unknown digest 'sha9'"), ("'a' | hmac('k', 'x')", "unknown digest"), ("'a.b' | jwt_claims", "not a JWT"),
        ("'a.b.c' | jwt_header", "not a JWT"),
        ("'a' | jwt_sign('k')", "needs a map of claims"), ("{} | jwt_sign('k', 'RS256')", "supports HS256"),
        ("'a' | flatten", "needs a list"), ("'{' | from_json", "not JSON"),
        ("{} | jsonpath('$.a')", "finds nothing"), ("{} | jsonpath('$.a[')", "is not a valid JSONPath"),
        ("'a' | regex('b')", "does not match anywhere"), ("'a' | regex('(')", "is not valid"),
        ("'soon' | datetime('%Y')", "not a date-time"), ("none | datetime('%Y')", "not a date-time"),
        ("1e300 | datetime", "not a date-time"), ("{} | merge(1)", "needs two maps"), ("1 | without('a')", "needs a map"),
        ("1 | html_unescape", "needs a text"),
        ("'%ff' | urldecode", "the template fails"),
    ],
)  # fmt: skip
def test_a_filter_that_cannot_says_why(expression: str, message: str) -> None:
    with pytest.raises(StepError) as caught:
        render(expression)
    assert message in caught.value.message
