"""One word for one thing: names, messages and documents avoid the words on the left, and use those on the right (CONTRIBUTING)."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

PROJECT = Path(__file__).parents[1]
PACKAGE = PROJECT / "runner"

# what to find in comments, docstrings, messages and documents → what to write
PROSE = {
    r"\banswer(s|ed|ing)?\b": "response, respond",
    r"\b(tries|a try|another try|each try|one try|first try|second try|last try)\b": "attempt",
    r"\b(a|each|every|one|first|last|other|earlier|its|this|per) turns?\b|\bturns? of\b": "iteration",
    r"\bstages?\b": "step",
    r"\b(crews?|guests?|strangers?|parcels?|flights)\b": "executor, worker, untrusted, isolated, package, single flight",
    r"\bheads? of\b|\blines? of (a|the|its) head\b": "headers",
    r"\b(gives?|gave|giving|given) (it |them |its? \w+ |a \w+ |the \w+ )?(back|out)\b": "return, log out, revoke, extract",
    r"\b(take|takes|took|taken|taking) (it |them )?(out|away)\b": "remove, extract",
    r"(?<!there )\b(is|are) no (valid )?(?!longer\b|more\b|such\b|match\b|need\b|way\b|problem\b|other\b|different\b)[`a-z]": "is not a …",
    r"\b(lay|lays|laid|laying) (it |them |\w+ )?out\b": "format",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\b(broken|breaks?|broke) off\b": "is interrupted, is cut short",
    r"\bcarried out\b": "performed, completed",
    r"\b(held|holds?|holding) (it |them |\w+ )?against\b": "compare with, check against",
    r"\bdoors?\b": "sink, writer",
    r"\b(who|that|which) (is|are) told\b|\bis told (of|that)\b": "sink, writer, is notified",
    r"\bwhom?ever\b|\bto and fro\b|\bnobody\b|\bwhat becomes\b|\bby itself alone\b": "a plain sentence",
    r"\bthe house\b|\brooms?\b": "the package, a module, a folder",
    r"\bstands? (in|beside|there|at)\b": "is in, is beside, is at",
}  # fmt: skip

# what to find among the words of names → what to write
NAMES = {
    "crew": "executor", "flights": "single_flight", "guest": "worker", "hand": "worker", "turn": "iteration", "turns": "iterations",
    "try": "attempt", "tries": "attempts", "stage": "step", "parcel": "package", "post": "packing", "hearing": "capture",
    "mend": "fix", "door": "sink", "stranger": "untrusted", "strangers": "untrusted", "gave": "provided", "gives": "provides",
    "elsewhere": "remote", "painting": "styling", "past": "last_run", "whatever": "a plain word", "keep": "record",
}  # fmt: skip

# file (a glob), what is found there, and why it stays
EXCEPTIONS: tuple[tuple[str, str, str], ...] = (
    ("README.md", "stages", "what Tavern calls its steps, in the comparison of tools"),
    ("README.md", "stage", "as above"),
    ("CHANGELOG.md", "tries", "the former name of a field"),
    ("runner/drivers/replay.py", "_postdata", "`postData` of the HAR format"),
    ("runner/drivers/replay.py", "post_data", "as above"),
    ("README.md", "answer", "the class that selectors look into"),
    ("CONTRIBUTING.md", "answer", "the class that selectors look into, and the helper of the tests"),
    ("runner/__init__.py", "answer", "as above"),
    ("runner/credentials/oauth2.py", "answer", "a variable of that class in an f-string"),
    ("runner/selectors/markup.py", "answer", "as above"),
    ("runner/reporters/format/schema.py", "tries", "the name of the field in version 1 of the report format"),
    ("runner/reporters/log.py", "tries", "as above"),
    ("runner/reporters/html/page.js", "tries", "as above"),
    ("schemas/REFERENCE.md", "head of", "the method HEAD"),
    ("runner/language/document.py", "post", "the method POST"),
    ("runner/cli/*.py", "keep_going", "the option --keep-going"),
    ("runner/execution/options.py", "keep_results", "it keeps them in memory; events record them"),
)


def python_files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def documents() -> list[Path]:
    found = [
        PROJECT / name
        for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "schemas/REFERENCE.md", "pyproject.toml")
    ]
    for pattern in (
        "workflows/**/*.yaml",
        "workflows/**/*.md",
        "runner/cli/scaffold/*",
        "runner/**/*.j2",
        "runner/**/*.js",
        "runner/**/*.css",
    ):
        found += PROJECT.glob(pattern)
    return sorted(found)


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """The comments and texts of a Python file, or all lines of a document, each with its line number."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        table = False  # of the words to avoid, in CONTRIBUTING
        for number, line in enumerate(source.splitlines(), 1):
            table = line == "## Words" or (table and not line.startswith("## "))
            if not table:
                yield number, line
        return
    kinds = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in kinds:
            for offset, line in enumerate(token.string.splitlines()):
                yield token.start[0] + offset, line


def names_of(path: Path) -> Iterator[tuple[int, str]]:
    """The name of a module, and of every class, function, argument, variable and attribute that it defines, with their lines."""
    yield 1, path.stem
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


def excused(path: Path, found: str) -> bool:
    name = path.relative_to(PROJECT).as_posix()
    return any(fnmatch(name, pattern) and text == found.lower() for pattern, text, _ in EXCEPTIONS)


def found_in_prose() -> Iterator[str]:
    for path in (*python_files(), *documents()):
        for line, text in texts_of(path):
            for pattern, better in PROSE.items():
                hit = re.search(pattern, text, re.IGNORECASE)
                if hit and not excused(path, hit[0]):
                    yield f"{path.relative_to(PROJECT)}:{line}: “{hit[0]}”: write {better}: {text.strip()[:120]}"


def found_in_names() -> Iterator[str]:
    for path in python_files():
        for line, name in names_of(path):
            for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name):
                better = NAMES.get(word.lower())
                if better and not excused(path, name):
                    yield f"{path.relative_to(PROJECT)}:{line}: `{name}`: name it {better}"


def test_messages_and_documents_use_the_words_of_the_field() -> None:
    assert sorted(found_in_prose()) == []


def test_names_use_the_words_of_the_field() -> None:
    assert sorted(found_in_names()) == []


def test_no_public_name_means_two_things() -> None:
    places: dict[str, list[str]] = {}
    for path in python_files():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(path.relative_to(PROJECT).as_posix())
    assert {name: files for name, files in places.items() if len(files) > 1} == {}
