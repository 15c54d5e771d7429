"""Compiles a file into a Plan: reads it and every file it names, and reports all mistakes at once."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path

import msgspec
from msgspec import UNSET

from ..language.document import Defaults, Document, Step
from ..language.files import FileRefused
from ..language.read import ReadResult, read_document
from ..language.source import Source
from ..language.yaml import load_yaml
from ..model.errors import DocumentPath, Place, Problem, WorkflowError
from ..model.kinds import Value
from ..model.wording import did_you_mean
from ..openapi.contract import Contract, contract_of
from ..templating.names import NONE
from ..templating.values import Literal
from .context import Context
from .load import LoadPlan, compile_load
from .plan import AuthUse, CredentialPlan, IncludePlan, Need, Plan, RequestPlan, StepPlan
from .requests import RequestCompiler, merged
from .rows import rows
from .sessions import CredentialCompiler
from .settings import Settings
from .steps import StepCompiler

MAX_INCLUDES = 20


def compile_file(path: Path, settings: Settings) -> Plan:
    """Compile a workflow.

    Raises:
        WorkflowError: every mistake in it and in the files it includes, in order of place.
    """
    problems: list[Problem] = []
    try:
        real = settings.files.resolve(path.name, path.parent)
        if path.is_symlink() and not real.exists():
            raise FileRefused(f"it is a link to {real}, which does not exist")
    except FileRefused as error:
        raise WorkflowError([Problem(error.message, Place(settings.shown(path), unread=True), error.hint)]) from None
    with settings.files.noting() as files:
        plan = _compile(real, settings, problems, (), frozenset())
    if problems or plan is None:
        raise WorkflowError(_in_order(problems))
    project = {settings.folders.project_file} if settings.folders.project_file else set()
    return msgspec.structs.replace(plan, files=frozenset(files | project))


def _in_order(problems: list[Problem]) -> list[Problem]:
    """Each problem once, in the order in which they were found: file by file, line by line."""
    return list(dict.fromkeys(problems))


def _compile(
    path: Path, settings: Settings, problems: list[Problem], chain: tuple[Path, ...], credentials: frozenset[str]
) -> Plan | None:
    file = settings.shown(path)
    try:
        content = settings.files.read(path.name, path.parent)
    except FileRefused as error:
        problems.append(Problem(error.message, Place(file, unread=True), error.hint))
        return None
    found: list[Problem] = []
    try:
        data, source = load_yaml(content, file, found)
    except WorkflowError as error:
        problems += error.problems
        return None
    reading = read_document(data, file, found)
    plan = None
    if reading.document is not None:
        context = Context(path, source, settings, [])
        plan = _Compiler(context, reading, (*chain, path), credentials).plan(reading.document)
        found += [problem for problem in context.problems if not reading.explains(problem)]
    problems += sorted(found, key=lambda problem: _position(problem, source))
    source.forget_marks()
    return plan


def _position(problem: Problem, source: Source) -> tuple[int, int]:
    place = problem.place
    if place is None or place.file != source.file:
        return (0, 0)
    where = source.where(place, around=0)
    return (where.line, where.column)


def merge_defaults(below: Defaults, over: Defaults) -> Defaults:
    """A file's defaults over the project's: maps merge by key."""
    return Defaults(**{key: merged(getattr(below, key), getattr(over, key)) for key in below.__struct_fields__})


def _with_needs(step: StepPlan, credentials: dict[str, CredentialPlan]) -> StepPlan:
    """The step; it needs also the names that its named credential needs."""
    match step.action:
        case RequestPlan(auth=AuthUse(name=name)) if name in credentials and credentials[name].value.needed:
            return msgspec.structs.replace(step, needs=step.needs | credentials[name].value.needed)
        case _:
            return step


class _Compiler:
    """Compiles one document."""

    def __init__(
        self, context: Context, reading: ReadResult, chain: tuple[Path, ...], credentials: frozenset[str]
    ) -> None:
        self.context = context
        self.reading = reading
        self.chain = chain
        self.inherited_credentials = credentials
        self.own_credentials: set[str] = set()

    def plan(self, document: Document) -> Plan:
        context, settings = self.context, self.context.settings
        own = document.defaults if isinstance(document.defaults, Defaults) else Defaults()
        defaults = merge_defaults(settings.options.defaults, own) if settings.options.defaults is not None else own
        self.own_credentials = set(document.auth) if isinstance(document.auth, dict) else set()
        credentials = CredentialCompiler(context, defaults, self._known_credentials, self._include)
        requests = RequestCompiler(context, defaults, self._known_credentials, credentials.credential)
        steps = StepCompiler(context, defaults, requests, self._include)
        runs = rows(document, context)
        inputs = document.inputs if isinstance(document.inputs, list) else []
        for index, name in enumerate(inputs):
            context.check_name(name, ("inputs", index))
        variables = () if document.vars is UNSET else steps.named(document.vars, ("vars",))
        main = tuple(self._steps(steps, document.steps, "steps"))
        cleanup = () if document.finally_ is UNSET else tuple(self._steps(steps, document.finally_, "finally"))
        outputs = () if document.outputs is UNSET else steps.named(document.outputs, ("outputs",))
        named = self._credentials(document, credentials)
        return self._checked(
            credentials,
            Plan(
                name=document.name if isinstance(document.name, str) else context.path.stem,
                file=context.file,
                path=context.path,
                source=context.source,
                read=context.reader,
                steps=tuple(_with_needs(step, named) for step in main),
                cleanup=tuple(_with_needs(step, named) for step in cleanup),
                tags=tuple(document.tags) if isinstance(document.tags, list) else (),
                condition=None if document.if_ is UNSET else context.condition(document.if_, ("if",)),
                base_url=self._base_url(document),
                inputs=frozenset(inputs) if inputs else NONE,
                variables=variables,
                secrets=tuple(document.secrets) if isinstance(document.secrets, list) else (),
                credentials=named,
                timeout=None
                if document.timeout is UNSET
                else context.seconds(document.timeout, ("timeout",), positive=True),
                outputs=outputs,
                rows=runs,
                environment_names=settings.options.environment_names,
                needs=tuple(self._needs(document)),
                lock=self._lock(document),
                idempotent=document.idempotent is True,
                contract=self._contract(document),
                load=LoadPlan() if document.load is UNSET else compile_load(document.load, context),
            ),
        )

    def _checked(self, credentials: CredentialCompiler, plan: Plan) -> Plan:
        """The plan with what it accepts and needs from outside; names that are never defined are reported."""
        context, settings = self.context, self.context.settings
        steps = (*plan.steps, *plan.cleanup)
        own = plan.inputs | {named.name for named in plan.variables}
        columns = frozenset(name for row in plan.rows for name in row.values)
        given = frozenset(name for step in steps for name in step.provides)
        known = own | columns | given | settings.options.known_names
        context.check_names(context.uses, known, self.reading.lost_names)
        credentials.check(own | columns | settings.options.known_names, given, self.reading.lost_names)
        self._check_secrets(plan, known | self.reading.lost_names)
        self._check_order(plan, columns | plan.inputs | settings.options.known_names)
        used = frozenset().union(*(names for names, _, _ in context.uses)) & settings.options.known_names
        accepts = (own | columns | used) or NONE
        plan = self._with_included(plan, steps)
        key = settings.named(context.path)
        return msgspec.structs.replace(
            plan, env=tuple(self._env(steps)), accepts=accepts, key=key, driver=settings.dialect.driver, hosts=settings.options.hosts,
            uses=tuple(context.every_use),
        )  # fmt: skip

    def _with_included(self, plan: Plan, steps: Iterable[StepPlan]) -> Plan:
        """The plan with the needs and the lock of the workflows that it includes."""
        needs, lock = dict.fromkeys(plan.needs), plan.lock
        for step in steps:
            if not isinstance(step.action, IncludePlan):
                continue
            included = step.action.plan
            needs |= dict.fromkeys(msgspec.structs.replace(need, place=step.path) for need in included.needs)
            if lock and included.lock and included.lock != lock:
                message = f"{included.file} has the lock `{included.lock}`, but this run already has the lock `{lock}`"
                self.context.problem(step.path, message, f"a run has one lock: write `lock: {lock}` in both files")
            lock = lock or included.lock
        return msgspec.structs.replace(plan, needs=tuple(needs), lock=lock) if needs or lock else plan

    def _steps(self, compiler: StepCompiler, steps: list[Step], key: str) -> Iterable[StepPlan]:
        for index, step in enumerate(steps):
            yield compiler.step(step, (key, index))

    def _known_credentials(self) -> set[str]:
        return self.own_credentials | self.inherited_credentials

    def _credentials(self, document: Document, compiler: CredentialCompiler) -> dict[str, CredentialPlan]:
        found = {}
        for name, auth in ({} if document.auth is UNSET else document.auth).items():
            if name == "none":
                self.context.problem(
                    ("auth", name), "a credential cannot be called `none`, which means no credential", on_key=True
                )
            credential = compiler.credential(auth, ("auth", name))
            if credential is not None:
                found[name] = credential
        return found

    def _base_url(self, document: Document) -> Value | None:
        """The base URL of the chosen environment, else the file's own."""
        own, context = None, self.context
        chosen = context.settings.options.base_url
        if document.base_url is not UNSET:
            if "{{" not in document.base_url and not document.base_url.startswith(("http://", "https://")):
                context.problem(
                    ("base_url",), f"{document.base_url!r} is not a valid http(s) URL", "write `base_url: https://host`"
                )
            context.origin(document.base_url, ("base_url",))
            with context.unused() if chosen else nullcontext():
                own = context.url(document.base_url, ("base_url",))
        return Literal(chosen) if chosen else own

    def _include(self, name: str, place: DocumentPath) -> Plan | None:
        context = self.context
        try:
            path = context.settings.files.resolve(name, context.path.parent)
        except FileRefused as error:
            context.problem(place, error.message, error.hint)
            return None
        if path in self.chain:
            names = [context.settings.shown(each) for each in (*self.chain[self.chain.index(path) :], path)]
            context.problem(place, f"circular include: {' → '.join(names)}", "remove one of these includes")
            return None
        if len(self.chain) > MAX_INCLUDES:
            context.problem(place, f"includes are nested more than {MAX_INCLUDES} deep")
            return None
        if context.read(name, place) is None:
            return None
        known = frozenset(self._known_credentials())
        return _compile(path, context.settings, self.context.problems, self.chain, known)

    def _needs(self, document: Document) -> Iterable[Need]:
        context = self.context
        names = [document.needs] if isinstance(document.needs, str) else document.needs
        for index, name in enumerate(() if names is UNSET else names):
            place: DocumentPath = ("needs", index) if isinstance(document.needs, list) else ("needs",)
            if context.read(name, place) is None:
                continue
            path = context.settings.files.resolve(name, context.path.parent)
            if path == context.path:
                context.problem(place, f"{name} needs itself", "remove it from `needs`")
                continue
            yield Need(context.settings.shown(path), path, place)

    def _contract(self, document: Document) -> Contract | None:
        """The file's own OpenAPI document, else the project's."""
        context, settings = self.context, self.context.settings
        place = Place(context.file, ("openapi",))
        name, folder = document.openapi, context.path.parent
        if not isinstance(name, str):
            if settings.options.openapi is None:
                return None
            name, folder = settings.options.openapi[0], settings.options.openapi[1].parent
            place = Place(str(settings.options.openapi[1]), ("openapi",))
        try:
            content = settings.files.read(name, folder)
            return contract_of(content, settings.shown(settings.files.resolve(name, folder)))
        except FileRefused as error:
            context.note(Problem(error.message, place, error.hint))
        except WorkflowError as error:
            for problem in error.problems:
                context.note(problem)
        return None

    def _lock(self, document: Document) -> str:
        name = document.lock if isinstance(document.lock, str) else ""
        if document.lock is not UNSET and not name.strip():
            self.context.problem(("lock",), "`lock` needs a name", "write `lock: database`")
        if "{{" in name:
            self.context.problem(("lock",), "the name of a lock cannot hold a template", "write `lock: database`")
        return name

    def _check_order(self, plan: Plan, before: frozenset[str]) -> None:
        """`vars` are computed in order: one that needs itself or a later one is reported."""
        for index, named in enumerate(plan.variables):
            later = {each.name for each in plan.variables[index:]} - before
            for name in sorted(named.value.needed & later):
                message = f"`{name}` has no value yet: `vars` are computed in order"
                self.context.problem(
                    named.path, message, f"move `{name}` above `{named.name}`" if name != named.name else ""
                )

    def _check_secrets(self, plan: Plan, known: frozenset[str]) -> None:
        """A secret that is never defined is reported: most likely its name is misspelt."""
        for index, name in enumerate(plan.secrets):
            if name not in known and name not in self.context.env and name not in self.context.settings.environment:
                near = did_you_mean(name, [*known, *self.context.env])
                hint = near or "write the name of a variable, an input, an extracted value or an environment variable"
                self.context.problem(("secrets", index), f"`{name}` is never defined, so nothing would be masked", hint)

    def _env(self, steps: Iterable[StepPlan]) -> Iterable[tuple[str, str, DocumentPath]]:
        """The environment variables that this file and those it includes need."""
        for name, path in self.context.env.items():
            yield name, self.context.file, path
        for step in steps:
            if isinstance(step.action, IncludePlan):
                yield from step.action.plan.env
