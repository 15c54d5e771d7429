"""The context in which one file is compiled: its problems, the names it uses, and the compilers of single values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..language.files import FileRefused
from ..language.source import Source
from ..model.errors import MAX_PROBLEMS, DocumentPath, InvalidArgument, Place, Problem, StepError
from ..model.json_types import JSON
from ..model.kinds import Value
from ..model.units import bare_number_hint, parse_duration
from ..model.urls import check_origin
from ..model.wording import did_you_mean, listed
from ..templating.names import FUNCTIONS, RESERVED, TemplateProblem
from ..templating.values import (
    ListTree,
    Literal,
    MapTree,
    compile_expression,
    compile_url,
    compile_value,
)
from .conditions import Pick
from .fragments import AssertPlan, Seconds
from .settings import FileReader, Settings

Uses = list[tuple[frozenset[str], frozenset[str], DocumentPath]]
"""For each value: the names it uses, the names that are known only there (a loop's), and its place."""

REFUSED_NAMES = FUNCTIONS | RESERVED | {"env", "response", "item", "index"}


class Context:
    """Collects the problems and the names of one file, and compiles its values."""

    def __init__(self, path: Path, source: Source, settings: Settings, problems: list[Problem]) -> None:
        self.path = path
        self.file = source.file
        self.source = source
        self.settings = settings
        self.reader = FileReader(settings.files, path.parent, settings.options.untrusted)
        self.problems = problems
        self.uses: Uses = []
        self.every_use: list[tuple[frozenset[str], DocumentPath]] = []
        self.env: dict[str, DocumentPath] = {}
        self._local: frozenset[str] = frozenset()
        self._needs: set[str] = set()

    def problem(self, path: DocumentPath, message: str, hint: str = "", *, on_key: bool = False) -> None:
        """Report a mistake."""
        self.note(Problem(message, Place(self.file, path, on_key), hint))

    def note(self, problem: Problem) -> None:
        """Report a mistake in this file or in one that it names."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)

    def complain(self, path: DocumentPath, message: str, hint: str) -> None:
        """Report a mistake in a template, a selector or an expression; the hint says so if ` #` has cut it short."""
        if self.source.cut_by_comment(path):
            hint = f"` #` begins a comment and cut this short; quote the whole text. {hint}".rstrip()
        self.problem(path, message, hint)

    def origin(self, url: str, path: DocumentPath) -> None:
        """Report what is wrong with the scheme, host and port of a URL, whatever its templates become."""
        try:
            check_origin(url)
        except StepError as error:
            self.problem(path, error.message, error.hint)

    @contextmanager
    def local(self, *names: str) -> Iterator[None]:
        """Names that are known only inside (a loop's, `response`)."""
        before, self._local = self._local, self._local | set(names)
        yield
        self._local = before

    @contextmanager
    def collecting(self) -> Iterator[set[str]]:
        """Collect the names that must have a value for what is compiled inside."""
        before, self._needs = self._needs, set()
        yield self._needs
        self._needs = before

    @contextmanager
    def apart(self) -> Iterator[Uses]:
        """Keep the names apart that are used inside: what is compiled there sees no loop around it."""
        uses: Uses = []
        before, self.uses = self.uses, uses
        local, self._local = self._local, frozenset()
        with self.collecting():
            yield uses
        self.uses, self._local = before, local

    @contextmanager
    def unused(self) -> Iterator[None]:
        """Check what is compiled inside without using it: what it needs is not needed."""
        env = dict(self.env)
        with self.apart():
            yield
        self.env = env

    def use(self, value: Value, path: DocumentPath) -> Value:
        """Record the names that a value uses, each at its own place."""
        if isinstance(value, MapTree):
            for key, member in value.members:
                self.use(key, path)
                self.use(member, (*path, str(key.value)) if isinstance(key, Literal) else path)
        elif isinstance(value, ListTree):
            for index, member in enumerate(value.members):
                self.use(member, (*path, index))
        elif not value.literal:
            self.uses.append((value.names, self._local, path))
            if self.settings.options.record_uses:
                self.every_use.append((value.names, path))
            self._needs |= value.needed - self._local
            for name in sorted(value.env):
                self.env.setdefault(name, path)
                if self.settings.options.untrusted and name not in self.settings.environment:
                    self.withheld(path, f"the environment variable {name}", f"make it a variable: --var {name}=…")
            for name in sorted(getattr(value, "files", ())):  # only values that Jinja compiled have files
                self.read_to_send(name, path)
        return value

    def value(self, data: JSON, path: DocumentPath) -> Value:
        """Compile a value with templates in it."""
        return self.use(compile_value(data, lambda below, *words: self.complain((*path, *below), *words)), path)

    def _leaf(self, compile_leaf: Callable[[str], Value], text: str, path: DocumentPath) -> Value:
        try:
            return self.use(compile_leaf(text), path)
        except TemplateProblem as problem:
            self.complain(path, problem.message, problem.hint)
            return Literal(text)

    def url(self, text: str, path: DocumentPath) -> Value:
        """Compile a URL with templates in it."""
        return self._leaf(compile_url, text, path)

    def condition(self, text: str | bool, path: DocumentPath, *local: str) -> AssertPlan:
        """Compile a bare expression that must be true or false."""
        if isinstance(text, bool):
            return AssertPlan(str(text).lower(), Literal(text), path)
        with self.local(*local):
            return AssertPlan(text, self._leaf(compile_expression, text, path), path)

    def filter_chain(self, chain: str, path: DocumentPath) -> Value:
        """Compile Jinja filters for a value: an expression over `value`."""
        with self.local("value"):
            return self._leaf(lambda text: compile_expression(f"value | {text.lstrip('| ')}"), chain, path)

    def pick(self, text: str, path: DocumentPath, *, on_key: bool) -> Pick:
        """Compile a selector; one with a template is compiled when the step runs."""
        if "{{" in text or "{%" in text:
            template = self._leaf(lambda leaf: compile_value(leaf, lambda *_: None), text, path)
            return Pick(text, path, None, template, self.settings.dialect)
        try:
            return Pick(text, path, self.settings.dialect.selector(text), None, self.settings.dialect)
        except ValueError as error:
            wrong = InvalidArgument.of(error)
            hint = wrong.hint
            if self.source.cut_by_comment(path):
                hint = "` #` begins a comment and cut this short; quote the whole text"
            self.problem(path, wrong.message, hint, on_key=on_key)
            return Pick(text, path, None, Literal(text))

    def duration(self, text: str, path: DocumentPath, *, positive: bool = False) -> Value | Seconds:
        """Compile a duration to seconds; one with a template when the step runs."""
        if "{{" in text:
            return Seconds(self.value(text, path))
        return Literal(self.seconds(text, path, positive=positive))

    def seconds(self, text: str, path: DocumentPath, *, positive: bool = False) -> float:
        """Seconds of a literal duration."""
        try:
            seconds = parse_duration(text)
        except ValueError as error:
            hint = bare_number_hint(float(text)) if text.replace(".", "", 1).isdigit() else ""
            self.problem(path, str(error), hint)
            return 1.0
        if positive and seconds <= 0:
            self.problem(path, "the timeout must be greater than zero", "write a duration such as `5s`")
            return 1.0
        return seconds

    def check_name(self, name: str, path: DocumentPath) -> bool:
        """Report a name that a variable cannot have; whether it can."""
        if not name.isidentifier() or not name.isascii():
            self.problem(
                path,
                f"{name!r} is not a valid name: use letters, digits and _, and begin with a letter or _",
                on_key=True,
            )
            return False
        if name in REFUSED_NAMES:
            self.problem(
                path, f"`{name}` is reserved and cannot be the name of a value", "choose another name", on_key=True
            )
            return False
        return True

    def read(self, name: str, path: DocumentPath) -> bytes | None:
        """The content of a file that the document names literally, or None after reporting why it cannot be read."""
        try:
            return self.settings.files.read(name, self.path.parent)
        except FileRefused as error:
            self.problem(path, error.message, error.hint)
            return None

    def read_to_send(self, name: str, path: DocumentPath) -> None:
        """Read a file whose content goes into a request: a missing one is reported now, and the bundle is complete."""
        if self.settings.options.untrusted:
            self.withheld(path, f"the content of {name}", "write it into the workflow")
        else:
            self.read(name, path)

    def withheld(self, path: DocumentPath, what: str, hint: str, *, on_key: bool = False) -> None:
        """Report what an untrusted file must not use."""
        self.problem(path, f"--untrusted refuses {what}", hint, on_key=on_key)

    def check_names(self, uses: Uses, known: frozenset[str], lost: frozenset[str]) -> None:
        """Report names that are never defined; those that a broken part of the file would define are accepted."""
        for names, local, path in uses:
            for name in sorted(names - known - lost - local - FUNCTIONS - {"env"}):
                self.problem(path, f"`{name}` is never defined in this file", _name_hint(name, known | local))


def _name_hint(name: str, known: frozenset[str]) -> str:
    if name == "response":
        return "`response` can be used in `assert` and `retry: {abort_if: …}` of a request"
    if name in {"item", "index"}:
        return f"`{name}` can be used in a step with `for_each`"
    near = did_you_mean(name, known | FUNCTIONS)
    if near:
        return near
    names = f"names defined here: {listed(known)}; " if known else ""
    return f"{names}extract it, set it, or write it under `vars` or `inputs`"
