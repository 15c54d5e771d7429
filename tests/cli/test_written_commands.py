"""Every `runflow …` command that we write (in hints, codes, help texts, documents, new projects) is one that the command line takes."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

from runflow.cli.root import COMMANDS

PROJECT = Path(__file__).parents[2]
PACKAGE = PROJECT / "runner"
DOCUMENTS = [
    *(PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "schemas/REFERENCE.md")),
    *sorted(PROJECT.glob("workflows/**/*.md")), *sorted(PROJECT.glob("workflows/**/*.y*ml")),
    *sorted((PACKAGE / "cli" / "scaffold").iterdir()), *sorted(PROJECT.glob("tests/cases/*.txt")),
]  # fmt: skip

_NAMES = "|".join(COMMANDS)
_START = re.compile(rf"(?<![\w./-])runflow (?=(?:{_NAMES})\b|-|(?:[\w./*-]+\.ya?ml|PATH|FILE|[A-Z]+…)(?:\b|…|::))")
_END = re.compile(r"[`\n|;&<>]|\s#|\)(?!\S)|, |\.(?=\s|$)|…?\"|(?<=\S) {2,}|: |\$\(|”")
_PLACEHOLDER = re.compile(r"[A-Z_/]+…?|…|.*[{}$<…].*|N")
OWN = {"--help", "-h", "--version", "-V", "-v"}


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """The texts of a Python file, a placeholder `X` for each value in them; or the whole of a document."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield from enumerate(source.splitlines(), 1)
        return
    tree = ast.parse(source)
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield (
                node.lineno,
                "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values),
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.lineno, node.value


def written() -> Iterator[tuple[str, str]]:
    """Where a command is written, and its words behind `runflow`."""
    for path in [*sorted(PACKAGE.rglob("*.py")), *DOCUMENTS]:
        for line, text in texts_of(path):
            for start in _START.finditer(text):
                rest = text[start.end() :]
                end = _END.search(rest)
                words = rest[: end.start()] if end else rest
                yield f"{path.relative_to(PROJECT)}:{line}", words.strip().rstrip(".,:)")


def mistake(words: str) -> str | None:
    """Why the command line refuses these words, or None. Only options, their number of values, choices and arguments are looked at."""
    try:
        arguments = [each for each in shlex.split(words.replace("…", "")) if each]
    except ValueError as error:
        return str(error)
    if not arguments or set(arguments) <= OWN:
        return None
    name, *rest = arguments if arguments[0] in COMMANDS else ["run", *arguments]
    command: click.Command = import_module(f"runflow.cli.{name}").command
    rest = rest[: rest.index("--")] if "--" in rest else rest
    context = click.Context(command, info_name=name)
    try:
        values, left, _ = command.make_parser(context).parse_args(list(rest))
    except click.UsageError as error:
        return error.format_message()
    if left:
        return f"unexpected argument {left[0]}"
    for parameter in command.get_params(context):
        value = values.get(str(parameter.name))
        if isinstance(parameter, click.Argument) and rest:
            wanted = parameter.metavar or str(parameter.name).upper()
            if parameter.required and not (isinstance(value, (str, tuple, list)) and value):  # click has a sentinel
                return f"missing argument {wanted}"
            if isinstance(value, str) and _is_other(value, wanted):
                return f"{value} where {wanted} is expected"
        if isinstance(parameter.type, click.Choice) and isinstance(value, str):
            choices = [str(choice) for choice in parameter.type.choices]
            if value not in choices and not _PLACEHOLDER.fullmatch(value):
                return f"{value} is not one of {', '.join(choices)}"
    return None


def _is_other(value: str, wanted: str) -> bool:
    """The value is a placeholder, or a file, for another argument."""
    is_word = re.fullmatch(r"[A-Z]{2,}", value) is not None and len(value) > 1
    return (is_word and value not in wanted) or (value.endswith((".yaml", ".yml")) and "FILE" not in wanted)


def test_every_command_that_is_written_can_be_given() -> None:
    wrong = [f"{where}: runflow {words}: {why}" for where, words in written() if (why := mistake(words)) is not None]
    assert wrong == []


def test_there_are_many_and_of_each_kind() -> None:
    every = list(written())
    assert len(every) > 120
    assert {words.split()[0] for _, words in every if words} >= COMMANDS.keys()
    for file in ("runner/model/codes.py", "runner/cli/root.py", "runner/cli/scaffold/github.yml", "README.md"):
        assert any(where.startswith(file) for where, _ in every), file


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("token api", "missing argument FILE"),
        ("token FILE NAME", "FILE where NAME is expected"),
        ("token flow.yaml api", "flow.yaml where NAME is expected"),
        ("run --no-such", "No such option"),
        ("flow.yaml --jobs", "requires an argument"),
        ("check a.yaml --format xml", "xml is not one of text, json, sarif, github"),
        ("graph a.yaml b.yaml", "unexpected argument b.yaml"),
    ],
)
def test_a_wrong_command_is_found(words: str, why: str) -> None:
    assert why in (mistake(words) or "")
