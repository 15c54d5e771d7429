"""The types of the package say something: few `Any`, no `cast`, and `object` only where any value will do."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "runner"

MOST_ANY = 23.0
"""`Any` per 1,000 lines of code. Lower it when there are fewer; never raise it."""

OBJECT = {
    # file: why `object` is right there
    "__init__.py": "a name of the API may be anything; its types are imported under TYPE_CHECKING",
    "model/events.py": "a secret may have any type, and only redaction looks at it",
}  # fmt: skip

_NO_CODE = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.ENCODING,
}  # fmt: skip


def counts(text: str) -> tuple[int, int]:
    """How often a file uses `Any`, and how many lines of code it has: no blank lines, comments and docstrings."""
    lines = text.splitlines()
    documented: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            documented.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    used = 0
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        imports = (
            lines[token.start[0] - 1].lstrip().startswith(("from ", "import ")) if token.string == "Any" else False
        )
        used += token.type == tokenize.NAME and token.string == "Any" and not imports
        if token.type not in _NO_CODE:
            code.update(range(token.start[0], token.end[0] + 1))
    return used, len(code - documented)


def files() -> Iterator[tuple[str, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), path.read_text(encoding="utf-8")


def annotations(tree: ast.AST) -> Iterator[ast.expr]:
    """All annotations but a parameter's bare `object`: a function may take any value, and mypy sees that it asks for its type."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) or (
            isinstance(node, ast.arg) and node.annotation and not isinstance(node.annotation, ast.Name)
        ):
            yield node.annotation
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns:
            yield node.returns


def objects(text: str) -> list[int]:
    """The lines whose annotations say `object`."""
    return [
        name.lineno
        for annotation in annotations(ast.parse(text))
        for name in ast.walk(annotation)
        if isinstance(name, ast.Name) and name.id == "object"
    ]


def test_any_is_rare() -> None:
    found = [counts(text) for _, text in files()]
    used, lines = sum(each for each, _ in found), sum(each for _, each in found)
    assert 1000 * used / lines <= MOST_ANY, f"{used} `Any` in {lines} lines of code"


def test_the_count_leaves_out_what_is_no_code() -> None:
    assert counts('"""Any."""\n\nfrom typing import Any  # Any\n\n\ndef f(a: Any) -> list[Any]:\n    """Any."""\n') == (
        2,
        2,
    )


def test_no_cast_hides_a_type() -> None:
    found = [
        f"{file}:{node.lineno}"
        for file, text in files()
        for node in ast.walk(ast.parse(text))
        if (isinstance(node, ast.Name) and node.id == "cast")
        or (isinstance(node, ast.Attribute) and node.attr == "cast")
    ]
    assert found == []


def test_object_is_used_only_where_any_value_will_do() -> None:
    found = {file: lines for file, text in files() if (lines := objects(text))}
    assert found.keys() - OBJECT.keys() == set()
    assert OBJECT.keys() - found.keys() == set(), "remove it from OBJECT"
