"""The formats `iri` and `iri-reference` of JSON Schema."""

from __future__ import annotations

import subprocess
import sys

import pytest

from runflow.matchers.iri import is_iri, is_iri_reference
from runflow.matchers.schema import Schema


@pytest.mark.parametrize(
    ("text", "absolute", "reference"),
    [
        ("http://résumé.example.org/日本?q=é#ü", True, True), ("http://example.org/a%20b", True, True), ("mailto:ü@example.org", True, True),
        ("urn:x:\U00010000\U000efffd", True, True), ("http://a/?\ue000", True, True), ("http://a/\ue000", False, False),
        ("/日本", False, True), ("é", False, True), ("", False, True), ("http://a/ b", False, False), ("http://a/%zz", False, False),
        ("http://a/\x80", False, False), ("http://a/\ufffe", False, False), ("http://a/<b>", False, False), ("é:/a", False, False),
        (7, True, True),
    ],
)  # fmt: skip
def test_iris_are_what_rfc_3987_says(text: object, absolute: bool, reference: bool) -> None:
    assert (is_iri(text), is_iri_reference(text)) == (absolute, reference)


@pytest.mark.parametrize(
    "draft", ["https://json-schema.org/draft/2020-12/schema", "http://json-schema.org/draft-07/schema#"]
)
def test_a_schema_checks_them(draft: str) -> None:
    for kind, good, bad in (
        ("iri", "http://é/", "é"),
        ("iri-reference", "é", "a b"),
        ("uri", "http://a/", "http://é/"),
    ):
        schema = {"$schema": draft, "type": "string", "format": kind}
        assert Schema().check(schema) == ""
        assert Schema().judge(good, schema) is None
        assert Schema().judge(bad, schema) is not None


def test_what_is_slow_to_import_is_not_asked_for() -> None:
    """rfc3987-syntax builds its grammar for a second whenever it is there; nothing of ours brings it."""
    from importlib import metadata

    needs = metadata.requires("runflow-http") or []
    assert not [each for each in needs if "rfc3987" in each or "format-nongpl" in each]
    done = subprocess.run(
        [sys.executable, "-c", "import runflow.matchers.iri, sys; sys.exit('lark' in sys.modules)"], check=False
    )
    assert done.returncode == 0
