"""Compiles credentials; those that fetch a token (`login`, `oauth2`) become sessions."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from ..bodies.table import BODIES
from ..credentials import oauth2
from ..credentials.table import CREDENTIALS, SESSION_KEYS, SESSIONS
from ..language.document import METHODS, Auth, Defaults, Step
from ..language.structs import Renew, plain_data
from ..model.errors import DocumentPath
from ..model.json_types import JSON
from ..model.kinds import AUTH_LOCATIONS, Value
from ..model.urls import TOKEN
from ..model.wording import did_you_mean, listed
from ..templating.names import FUNCTIONS, NONE
from ..templating.values import Literal, MapTree
from .context import Context, Uses
from .fragments import AssertPlan
from .plan import (
    AttachPlan,
    AuthUse,
    BodyPlan,
    CredentialPlan,
    IncludePlan,
    Plan,
    RequestPlan,
    SessionPlan,
    StepPlan,
)
from .requests import RequestCompiler
from .steps import Include, StepCompiler

BEFORE_EXPIRY = 30.0
"""Seconds."""

ON_STATUS = frozenset({401})
_DEFAULT_ATTACH = {"header Authorization": "Bearer {{ token }}"}
_EXPRESSIONS = frozenset({"if", "assert", "abort_if", "filter"})
_ACCEPTED_STATUS: list[int | str] = ["2xx", "3xx"]
_INHERITED = ("headers", "params", "http")
"""Keys of `defaults` that a session's own steps use: credentials with different ones do not share a session."""


class _Part(NamedTuple):
    """A part of a session (`login`, `refresh`, …): the names that it uses, and those that the session itself defines."""

    key: str
    uses: Uses
    given: frozenset[str]


class CredentialCompiler:
    """Compiles the credentials of one file."""

    def __init__(
        self, context: Context, defaults: Defaults, known_credentials: Callable[[], set[str]], include: Include
    ) -> None:
        self.context = context
        self.defaults = msgspec.structs.replace(defaults, auth=UNSET, expect=UNSET)
        self.made: dict[DocumentPath, SessionPlan] = {}
        self.parts: list[_Part] = []
        self.needed: dict[str, dict[str, DocumentPath]] = {}
        self.requests = RequestCompiler(context, self.defaults, known_credentials, self._inside)
        closing = RequestCompiler(context, self.defaults, known_credentials, self._inside, AuthUse(own=True))
        self.opening_steps = StepCompiler(context, self.defaults, self.requests, include)
        self.closing_steps = StepCompiler(context, self.defaults, closing, include)

    def credential(self, auth: Auth, path: DocumentPath) -> CredentialPlan | None:
        """Compile a credential: exactly one kind, and the keys that belong to it."""
        keys = [key for key in auth.__struct_fields__ if getattr(auth, key) is not UNSET]
        kinds = [key for key in keys if key in CREDENTIALS or key in SESSIONS]
        known = ", ".join((*CREDENTIALS, *SESSIONS))
        if not kinds:
            self.context.problem(path, f"a credential is exactly one of {known}; this one has none of them")
            return None
        if len(kinds) > 1:
            message = f"a credential is exactly one of {known}; this one has {' and '.join(kinds)}"
            self.context.problem((*path, kinds[1]), message, on_key=True)
        for key in keys:
            if key not in {*kinds, "origins"} and not any(key in SESSION_KEYS.get(kind, ()) for kind in kinds):
                owners = " or ".join(f"`{owner}`" for owner in SESSION_KEYS if key in SESSION_KEYS[owner])
                self.context.problem(
                    (*path, key), f"`{key}` can be used with {owners}, not with `{kinds[0]}`", on_key=True
                )
        origins = tuple(self._origins(auth, path))
        first, *_ = [self._kind(kind, auth, path, origins) for kind in kinds]
        return first

    def _kind(self, kind: str, auth: Auth, path: DocumentPath, origins: tuple[Value, ...]) -> CredentialPlan:
        if kind in SESSIONS:
            place = (*path, kind)
            if place not in self.made:  # one in `defaults` is compiled for every step
                self.made[place] = self._session(kind, auth, path)
            return CredentialPlan(None, Literal(None), place, self.made[place], origins)
        data = plain_data(getattr(auth, kind))
        for below, message, hint in CREDENTIALS[kind].check(data):
            self.context.problem((*path, kind, *below), message, hint)
        value = self.context.value(data, (*path, kind))
        return CredentialPlan(CREDENTIALS[kind], value, (*path, kind), None, origins)

    def _inside(self, auth: Auth, path: DocumentPath) -> CredentialPlan | None:
        """Compile a credential that is written on a session's own step."""
        for kind in SESSIONS:
            if getattr(auth, kind) is not UNSET:
                hint = "define it under `auth` at the top of the file, and write its name here"
                self.context.problem((*path, kind), f"a session cannot contain another `{kind}`", hint, on_key=True)
                return None
        return self.credential(auth, path)

    def _origins(self, auth: Auth, path: DocumentPath) -> Iterator[Value]:
        for index, text in enumerate(auth.origins if isinstance(auth.origins, list) else ()):
            place = (*path, "origins", index)
            if "{{" not in text and (
                not text.startswith(("http://", "https://")) or text.rstrip("/").count("/") > 2 or "?" in text
            ):
                hint = "an origin is a scheme, a host and a port, if it is not the usual one: https://api.example.com"
                self.context.problem(place, f"{text!r} is not a valid origin", hint)
            yield self.context.url(text, place)

    def _session(self, kind: str, auth: Auth, path: DocumentPath) -> SessionPlan:
        granted = oauth2.PROVIDES if kind == "oauth2" else NONE
        with self._part("login") as login_uses:
            login = self._oauth2(auth, path) if granted else self._steps(auth.login, (*path, "login"))
        provides = granted.union(*(step.provides for step in login))
        self.parts.append(_Part("login", login_uses, provides))
        with self._part("refresh", provides) as refresh_uses:
            refresh = (
                self._oauth2(auth, path, "{{ refresh_token }}")
                if granted
                else self._steps(auth.refresh, (*path, "refresh"))
            )
        every = provides.union(*(step.provides for step in refresh))
        with self._part("logout", every):
            logout = self._steps(auth.logout, (*path, "logout"), self.closing_steps)
        with self._part("attach", provides | {"token"}):
            attach = tuple(self._attach(auth, path))
            self._check_token(auth, attach, provides, login, (*path, kind))
        with self._part("renew", every):
            before, statuses, when = self._renew(auth, (*path, "renew"))
        self._needs((*login, *refresh), path)
        definition = self._definition(kind, auth)
        return SessionPlan(
            kind=kind, path=(*path, kind), login=login, refresh=refresh, logout=logout, attach=attach, provides=every,
            refresh_needs=frozenset().union(*(names for names, _, _ in refresh_uses)) & provides,
            before_expiry=before, on_status=statuses, when=when, definition=definition, judged_by=self._judged_by(path),
            folder=str(self.context.path.parent) if _names_files(definition) else "",
            logout_judged=any(step.is_judged for step in logout),
        )  # fmt: skip

    def _judged_by(self, path: DocumentPath) -> frozenset[str]:
        """Names from outside the session that its bare expressions use."""
        uses = [use for part in self.parts for use in part.uses if use[2][: len(path)] == path]
        return frozenset().union(*(names for names, _, place in uses if _EXPRESSIONS & set(place[-2:]))) - {"env"}

    def _definition(self, kind: str, auth: Auth) -> dict[str, Any]:
        """The credential as written: credentials that render it to the same value share a session."""
        keys = (kind, "refresh", "logout", "attach") if kind == "login" else (kind, "logout", "attach")
        inherited = _INHERITED if kind == "login" else ("http",)
        found = {key: getattr(auth, key) for key in keys}
        found["defaults"] = {key: getattr(self.defaults, key) for key in inherited}
        return _written(found)  # type: ignore[no-any-return]  # a map stays one

    @contextmanager
    def _part(self, key: str, given: frozenset[str] | None = None) -> Iterator[Uses]:
        """Keep the names apart that are used inside: a session cannot use names that steps of the file provide."""
        with self.context.apart() as uses:
            yield uses
        if given is not None:
            self.parts.append(_Part(key, uses, given))

    def _steps(
        self, written: Step | list[Step] | UnsetType, path: DocumentPath, compiler: StepCompiler | None = None
    ) -> tuple[StepPlan, ...]:
        if written is UNSET:
            return ()
        if not written:
            self.context.problem(path, f"`{path[-1]}` is empty", "add a step", on_key=True)
        steps = [(written, path)] if isinstance(written, Step) else [
            (step, (*path, index)) for index, step in enumerate(written)
        ]  # fmt: skip
        if compiler is not None:
            return tuple(compiler.step(step, place) for step, place in steps)
        return tuple(self.opening_steps.step(_not_refused(step), place) for step, place in steps)

    def _oauth2(self, auth: Auth, path: DocumentPath, refresh_token: str = "") -> tuple[StepPlan, ...]:
        """Compile the token request to a step."""
        data, path = plain_data(auth.oauth2), (*path, "oauth2")
        for below, message, hint in () if refresh_token else oauth2.check_oauth2(data):
            self.context.problem((*path, *below), message, hint)
        places = {key: (*path, key) for key in data} | {key: (*path, "extra", key) for key in data.get("extra", {})}
        form = oauth2.form(data, refresh_token)
        fields: list[tuple[Value, Value]] = [
            (Literal(key), self.context.value(value, places.get(key, path))) for key, value in form.items()
        ]
        client = None
        if oauth2.with_basic(data):
            pair = {key: data[key] for key in ("client_id", "client_secret")}
            client = AuthUse(inline=CredentialPlan(oauth2.ClientBasic(), self.context.value(pair, path), path))
        url = self.context.url(data["token_url"], (*path, "token_url"))
        request = RequestPlan(
            method=Literal("POST"), url=url, url_path=(*path, "token_url"),
            headers=self.requests.fields("headers", UNSET, {"Accept": "application/json"}, path),
            body=BodyPlan(BODIES["form"], MapTree(fields), path), auth=client,
            http=self.requests.http.compile(Step(), path),
        )  # fmt: skip
        name = f"grant {form['grant_type']}"
        step = StepPlan(
            name=Literal(name), written_name=name, path=path, action=request, provides=oauth2.PROVIDES,
            timeout=self.opening_steps.timeout(Step(), path, is_request=True),
            token_reader=oauth2.TokenReader(bearer=auth.attach is UNSET),
        )  # fmt: skip
        return (step,)

    def _attach(self, auth: Auth, path: DocumentPath) -> Iterable[AttachPlan]:
        written = auth.attach if isinstance(auth.attach, dict) else _DEFAULT_ATTACH
        if not written:
            hint = 'say where the token goes: `attach: {header Authorization: "Bearer {{ token }}"}`'
            self.context.problem((*path, "attach"), "`attach` is empty", hint, on_key=True)
        for text, value in written.items():
            place = (*path, "attach", text)
            where, _, name = text.strip().partition(" ")
            if where not in AUTH_LOCATIONS or not name.strip():
                hint = did_you_mean(where, AUTH_LOCATIONS) or "write `header NAME`, `query NAME` or `cookie NAME`"
                self.context.problem(place, f"{text!r} is not a place for a token", hint, on_key=True)
            elif where != "query" and not TOKEN.fullmatch(name.strip()):
                self.context.problem(place, f"{name.strip()!r} is not a valid name of a {where}", on_key=True)
            yield AttachPlan(where, name.strip(), self.context.value(value, place), place)  # type: ignore[arg-type]  # refused above

    def _check_token(
        self,
        auth: Auth,
        attach: tuple[AttachPlan, ...],
        provides: frozenset[str],
        login: tuple[StepPlan, ...],
        path: DocumentPath,
    ) -> None:
        used = frozenset().union(*(carried.value.names for carried in attach))
        if not login or not attach:
            return  # already reported
        if "token" in used and "token" not in provides:
            near = did_you_mean("token", provides)
            hint = f"extract it: `extract: {{token: $.token}}`{f'; {near}' if near else ''}"
            self.context.problem(path, "`login` extracts no `token`", hint)
        elif not used & provides:
            hint = (
                f"names that `login` provides: {listed(provides)}"
                if provides
                else "extract the token: `extract: {token: $.token}`"
            )
            place = path if auth.attach is UNSET else (*path[:-1], "attach", attach[0].path[-1])
            self.context.problem(place, "`attach` uses no name that `login` provides", hint)

    def _renew(self, auth: Auth, path: DocumentPath) -> tuple[float, frozenset[int], AssertPlan | None]:
        renew = auth.renew if isinstance(auth.renew, Renew) else Renew()
        before = BEFORE_EXPIRY
        if renew.before_expiry is not UNSET:
            before = self.context.seconds(renew.before_expiry, (*path, "before_expiry"))
        when = None
        if renew.when is not UNSET:
            when = self.context.condition(renew.when, (*path, "when"), "response")
        statuses = ON_STATUS if renew.on_status is UNSET else frozenset(renew.on_status)
        return before, statuses, when

    def _needs(self, steps: Iterable[StepPlan], path: DocumentPath) -> None:
        """Record which other credentials the own steps of a named session use."""
        if path[0] != "auth" or len(path) != 2:
            return
        needed = self.needed.setdefault(str(path[1]), {})
        for step in steps:
            match step.action:
                case RequestPlan(auth=AuthUse(name=name)) if name:
                    needed[name] = (*step.path, "auth")
                case IncludePlan(plan=plan):
                    needed |= dict.fromkeys(_borrowed(plan), (*step.path, "include"))
                case _:
                    pass

    def check(self, known: frozenset[str], extracted: frozenset[str], lost: frozenset[str]) -> None:
        """Report what is known once the whole file is compiled: names that a session cannot use, and circular sessions.

        Args:
            known: Names that are defined before the first step.
            extracted: Names that steps of the file provide.
            lost: Names that a broken part of the file may define.
        """
        for part in self.parts:
            for names, local, path in part.uses:
                unknown = names - known - local - part.given
                for name in sorted(unknown & extracted):
                    message = f"`{name}` is provided by a step, but a session is shared by all workflows that use it"
                    hint = "define it in `env`, `inputs`, `vars`, `matrix` or `cases`: a session can use only those"
                    self.context.problem(path, message, hint)
                rest = names - extracted
                if part.key != "login":
                    for name in sorted((rest & unknown) - lost - FUNCTIONS - {"env", "response"}):
                        near = did_you_mean(name, part.given) or f"extract it there: `extract: {{{name}: $.{name}}}`"
                        self.context.problem(path, f"`{part.key}` uses `{name}`, which `login` does not provide", near)
                    rest &= {"response"}
                self.context.check_names([(rest, local, path)], known | part.given, lost)
        for name in self.needed:
            self._check_circle(name)

    def _check_circle(self, name: str) -> None:
        """Report a session that needs its own token to fetch it; of several such sessions, the shortest circle once."""
        chains: deque[tuple[str, ...]] = deque([(name,)])
        seen: set[str] = set()
        while chains:
            chain = chains.popleft()
            for needed, place in self.needed.get(chain[-1], {}).items():
                if needed == name:
                    if name == min(chain):
                        circle = " → ".join((*chain, name))
                        hint = "write `auth: none` here, or use another credential"
                        self.context.problem(place, f"the session needs its own token to fetch it: {circle}", hint)
                    return
                if needed not in seen:
                    seen.add(needed)
                    chains.append((*chain, needed))


def _borrowed(plan: Plan) -> Iterator[str]:
    """The credentials that an included workflow, or one that it includes, uses of the including file."""
    own = (step for session in plan.sessions for step in (*session.login, *session.refresh))
    for step in (*plan.steps, *plan.cleanup, *own):
        match step.action:
            case RequestPlan(auth=AuthUse(name=name)) if name and name not in plan.credentials:
                yield name
            case IncludePlan(plan=below):
                yield from (name for name in _borrowed(below) if name not in plan.credentials)
            case _:
                pass


def _not_refused(step: Step) -> Step:
    """The step, which expects 2xx or 3xx if it expects no status: the error is then the refusal, not a missing token."""
    if step.include is not UNSET or all(getattr(step, key) is UNSET for key in (*METHODS, "request")):
        return step
    if step.expect is UNSET:
        return msgspec.structs.replace(step, expect=_ACCEPTED_STATUS)
    if isinstance(step.expect, dict) and step.expect and "status" not in step.expect:
        return msgspec.structs.replace(step, expect={"status": _ACCEPTED_STATUS, **step.expect})
    return step


def _written(data: Any) -> Any:
    """Plain data without absent keys."""
    data = plain_data(data)
    return {key: _written(value) for key, value in data.items() if value is not UNSET} if isinstance(data, dict) else (
        [_written(member) for member in data] if isinstance(data, list) else data
    )  # fmt: skip


def _names_files(data: JSON) -> bool:
    """Whether it may name a file: in another folder that is another file."""
    match data:
        case dict():
            return bool({"include", "file"} & data.keys()) or any(map(_names_files, data.values()))
        case list():
            return any(map(_names_files, data))
        case str():
            return "file(" in data
        case _:
            return False
