"""Patterns of ECMA-262 mean here what they mean there (§22.2), and what is not a pattern there is refused."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from runflow.model.ecma_patterns import translate


def found(pattern: str, text: str) -> bool:
    return regex.compile(translate(pattern), regex.VERSION1).search(text) is not None


CASES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # pattern: what it finds, what it does not
    r"^\d+$": (("0", "123"), ("\u0661\u0662", "12\n", "", "1a")),
    r"^[0-9]+$": (("12",), ("12\n", "\n12")),
    r"^\D$": (("\u0661", "x"), ("1",)),
    r"^\w+$": (("a_9",), ("\u00e9", "a-b")),
    r"^\W$": (("\u00e9", "-"), ("_",)),
    r"^\s$": ((" ", "\u00a0", "\ufeff", "\u2029", "\u3000"), ("\u0085", "\x1c", "x")),
    r"^\S+$": (("\u0085",), ("a b",)),
    r"^.$": (("x", "\u0085", "\v"), ("\n", "\r", "\u2028")),
    r"^\p{L}+$": (("\u00e9t\u00e9",), ("1",)),
    r"^[\p{Lu}\d]+$": (("A1",), ("a",)),
    r"^\p{Script=Greek}+$": (("\u03b1\u03b2",), ("ab",)),
    r"(?<year>\d{4})-\k<year>": (("2024-2024",), ("2024-2025",)),
    r"^(?:(a)|b)\1$": (("aa", "b"), ("ba",)),
    r"\bcat\b": (("a cat.",), ("concat", "cats")),
    r"^\u{1F600}$": (("\U0001f600",), ("x",)),
    r"^\ud83d\ude00$": (("\U0001f600",), ("x",)),
    r"^[\ud83d\ude00-\u{1F610}]$": (("\U0001f604",), ("x",)),
    r"^\cJ\x41\u0042\t\/\-\.\0$": (("\nAB\t/-.\0",), ("JAB",)),
    r"^[\b]$": (("\b",), ("b",)),
    r"^[^]$": (("\n", "x"), ("",)),
    r"^[]$": ((), ("", "x")),
    r"^[a&&b]$": (("&", "a", "b"), ("c",)),
    r"^[[a]$": (("[", "a"), ("]",)),
    r"^[\w-.]$": (("-", ".", "a"), (",",)),
    r"^[a\-z]$": (("-",), ("b",)),
    r"^[+--]$": (("+", ",", "-"), (".",)),
    r"^a{,2}$": (("a{,2}",), ("aa",)),
    r"^{a}$": (("{a}",), ("a",)),
    r"^a{2,3}?$": (("aa", "aaa"), ("a",)),
    r"^(?!x)(?=y)y(?<=y)(?<!x)$": (("y",), ("x",)),
    r"^a b#c$": (("a b#c",), ("ab",)),
    r"^$": (("",), ("\n",)),
    r"^[^\s@]+@[^\s@]+\.[^\s@]{2,}$": (("a@b.de",), ("a b@c.de", "a@b.c")),
}  # fmt: skip
NOT_VALID = (
    "(?P<n>a)", "(?i)a", "(?>a)", "(?#c)", "(?|a|b)", r"\A", r"a\Z", r"\Qa", r"\h", "a++", "a*+", "a{2}+", "*a", "a|*", "(?:*)", "^*", "[b-a]", "a\\",
    "[a", r"\u{110000}", r"\xg", r"(?<1a>b)", "a**", "a???",
)  # fmt: skip


@pytest.mark.parametrize("pattern", CASES)
def test_a_pattern_finds_what_ecma_262_says(pattern: str) -> None:
    matching, others = CASES[pattern]
    assert [text for text in matching if not found(pattern, text)] == []
    assert [text for text in others if found(pattern, text)] == []


@pytest.mark.parametrize("pattern", NOT_VALID)
def test_what_only_python_understands_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="at character"):
        translate(pattern)


def patterns() -> st.SearchStrategy[str]:
    """Patterns of a small alphabet, with all kinds of atoms, classes, groups and quantifiers."""
    members = st.sampled_from(
        [
            "a",
            "b",
            "1",
            "_",
            " ",
            "-",
            r"\d",
            r"\w",
            r"\s",
            r"\D",
            r"\W",
            r"\S",
            "a-b",
            r"\n",
            r"\-",
            "&",
            "~",
            "|",
            "\u00e9",
            r"\p{L}",
        ]
    )
    classes = st.builds(
        lambda no, parts: f"[{no}{''.join(parts)}]", st.sampled_from(["", "^"]), st.lists(members, max_size=3)
    )
    atoms = st.one_of(
        st.sampled_from(["a", "b", "1", "_", " ", ".", r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", r"\n", r"\.", r"\x61", r"\u0062", "\u00e9",
            r"\p{Lu}"]),
        classes,
    )  # fmt: skip
    anchors = st.sampled_from(["^", "$", r"\b", r"\B"])
    quantifiers = st.sampled_from(["", "", "", "*", "+", "?", "*?", "{2}", "{0,2}", "{1,}?"])

    def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        group = st.builds("{}{})".format, st.sampled_from(["(", "(?:"]), inner)
        look = st.builds("{}{})".format, st.sampled_from(["(?=", "(?!", "(?<=", "(?<!"]), inner)
        repeated = st.builds("{}{}".format, st.one_of(atoms, group), quantifiers)
        sequence = st.lists(st.one_of(repeated, anchors, look), min_size=1, max_size=4).map("".join)
        return st.builds("{}|{}".format, sequence, sequence) | sequence

    return st.recursive(atoms, grown, max_leaves=6)


ORACLE = pytest.importorskip("regress", reason="pip install regress")


@given(patterns(), st.text(alphabet="ab1_ -\n\r\u0661\u00e9\u00a0\u2028\ufeffA.", max_size=8))
def test_it_agrees_with_an_engine_of_ecma_262(pattern: str, text: str) -> None:
    try:
        expected = ORACLE.Regex(pattern, "u").find(text) is not None
    except ORACLE.RegressError:
        return
    assert found(pattern, text) == expected, (pattern, translate(pattern))
