"""Compiles the request of a step: URL, fields, body, credential and transport, with the defaults merged in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET

from ..bodies.table import BODIES as BODY_KINDS
from ..credentials.table import CREDENTIALS
from ..language.document import BODIES, METHODS, Auth, Defaults, Step
from ..language.structs import Http, Retry, plain_data
from ..model.errors import DocumentPath, StepError
from ..model.headers import check_header_values
from ..model.json_types import JSON
from ..model.pairs import check_pairs
from ..model.urls import TOKEN
from ..model.wording import did_you_mean, listed
from ..templating.values import Literal
from .context import Context
from .fragments import Field, Fields
from .plan import AuthUse, BodyPlan, CredentialPlan, PagePlan, RequestPlan
from .transport import HttpCompiler


def merged(below: Any, over: Any) -> Any:
    """Merge a value over another (a step's over a default): maps merge by key, any other value replaces."""
    if over is UNSET or below is UNSET:
        return below if over is UNSET else over
    if isinstance(below, dict) and isinstance(over, dict):
        return below | over
    if type(below) is type(over) and isinstance(below, (Http, Retry)):
        return msgspec.convert(plain_data(below) | plain_data(over), type(below))
    return over


def _split_request(text: str) -> tuple[str, str]:
    """Method and URL, split at the first space outside braces."""
    depth = 0
    for index, letter in enumerate(text):
        depth += (letter == "{") - (letter == "}")
        if letter == " " and depth <= 0:
            return text[:index], text[index:].strip()
    return text, ""


class RequestCompiler:
    """Compiles the requests of one file.

    Args:
        context: The file.
        defaults: What holds for every request.
        known_credentials: Names of credentials.
        credential: Compiles one that is written on a step.
        unless_said: The credential of a step that has no `auth` and inherits none.
    """

    def __init__(
        self,
        context: Context,
        defaults: Defaults,
        known_credentials: Callable[[], set[str]],
        credential: Callable[[Auth, DocumentPath], CredentialPlan | None],
        unless_said: AuthUse | None = None,
    ) -> None:
        self.context = context
        self.defaults = defaults
        self.http = HttpCompiler(context, defaults.http)
        self.known_credentials = known_credentials
        self.credential = credential
        self.unless_said = unless_said

    def request(self, step: Step, action: str, path: DocumentPath) -> RequestPlan:
        """Compile a request with its defaults."""
        method, url_text = self._method_and_url(step, action, (*path, action))
        self._check_url(url_text, (*path, action))
        defaults = self.defaults
        cookies = step.cookies if isinstance(step.cookies, dict) else {}
        if isinstance(step.cookies, str) and step.cookies != "none":
            self.context.problem((*path, "cookies"), f"`cookies` is a map or `none`, not {step.cookies!r}")
        headers = self.fields("headers", defaults.headers, step.headers, path)
        auth = self._auth(step, headers, path)
        self._check_head(step, method, path)
        return RequestPlan(
            method=self.context.value(method, (*path, action)),
            url=self.context.url(url_text, (*path, action)),
            url_path=(*path, action),
            params=self.fields("params", defaults.params, step.params, path),
            headers=headers,
            cookies=self.fields("cookies", UNSET, cookies, path),
            jar=step.jar if isinstance(step.jar, str) else "",
            no_cookies=step.cookies == "none",
            body=self._body(step, path),
            auth=auth,
            http=self.http.compile(step, path),
            paginate=self._paginate(step, path),
        )

    def _check_head(self, step: Step, method: str, path: DocumentPath) -> None:
        body = next((key for key in BODIES if getattr(step, key) is not UNSET), "")
        if method == "HEAD" and body and "head body" not in self.context.settings.dialect.features:
            message = f"the {self.context.settings.dialect.driver} driver cannot send a body with HEAD"
            self.context.problem(
                (*path, body),
                message,
                "remove it: a body has no meaning in a HEAD request (RFC 9110 §9.3.2)",
                on_key=True,
            )

    def _method_and_url(self, step: Step, action: str, path: DocumentPath) -> tuple[str, str]:
        text = getattr(step, action)
        if action in METHODS:
            return action.upper(), text.strip()
        method, url = _split_request(text.strip())
        if not url:
            self.context.problem(path, "`request` needs a method and a URL", "write `request: PURGE /cache`")
            return "GET", "/"
        if "{{" not in method and not TOKEN.fullmatch(method):
            self.context.problem(
                path, f"{method!r} is not a valid method (RFC 9110 §9.1)", "a method is one word: PURGE"
            )
        return method, url

    def _check_url(self, url: str, path: DocumentPath) -> None:
        if not url:
            self.context.problem(path, "the URL is empty", "write a path that begins with /, or a full URL")
        elif not url.lower().startswith(("/", "?", "http://", "https://", "{{", "{%")):
            hint = f"a relative URL begins with /: /{url}" if "://" not in url else "only http and https are supported"
            self.context.problem(path, f"{url!r} is neither a path nor an http(s) URL", hint)
        else:
            self.context.origin(url, path)

    def fields(self, key: str, default: Any, own: Any, path: DocumentPath) -> Fields:
        """Merge the entries of a step's map over the default ones; names of headers match in any case."""
        same = str.lower if key == "headers" else str
        merged: dict[str, tuple[str, JSON, DocumentPath]] = {}
        for data, place in ((default, ("defaults", key)), (own, (*path, key))):
            if data is UNSET:
                continue
            for below, message, hint in check_pairs(data):
                self.context.problem((*place, *below), message, hint)
            for name, value in data.items():
                merged[same(name)] = (name, value, (*place, name))
                if key == "headers":
                    self._check_line(name, value, (*place, name))
        return Fields(tuple(
            Field(self.context.value(name, place), self.context.value(value, place), place, removes=value is None)
            for name, value, place in merged.values()
        ))  # fmt: skip

    def _check_line(self, name: str, value: JSON, path: DocumentPath) -> None:
        """Report an invalid header that holds no template."""
        texts = [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
        lines = [("X" if "{" in name else name, "" if "{" in text else text) for text in texts or [""]]
        try:
            check_header_values(lines, (), "", ())
        except StepError as error:
            self.context.problem(path, error.message, error.hint, on_key=not TOKEN.fullmatch(lines[0][0]))

    def _body(self, step: Step, path: DocumentPath) -> BodyPlan | None:
        keys = [key for key in BODIES if getattr(step, key) is not UNSET]
        if len(keys) > 1:
            self.context.problem(
                (*path, keys[1]),
                f"a step can have one body, this one has {' and '.join(keys)}",
                "keep one of them",
                on_key=True,
            )
        if not keys:
            return None
        key = keys[0]
        place = (*path, key)
        if key == "json" and step.json is None and self.context.source.is_empty(place):
            self.context.problem(place, "`json` is empty", "to send null, write `json: null`", on_key=True)
        data = plain_data(getattr(step, key))
        kind = BODY_KINDS[key]
        for below, message, hint in kind.check(data):
            self.context.problem((*place, *below), message, hint)
        for below, name in kind.files(data):
            if "{{" not in name:  # a missing file is reported now
                self.context.read_to_send(name, (*place, *below))
        return BodyPlan(kind, self.context.value(data, place), place)

    def _auth(self, step: Step, headers: Fields, path: DocumentPath) -> AuthUse | None:
        own = step.auth is not UNSET
        auth, place = (step.auth, (*path, "auth")) if own else (self.defaults.auth, ("defaults", "auth"))
        literal = any(
            isinstance(field.name, Literal) and str(field.name.value).lower() == "authorization" and not field.removes
            for field in headers.entries
        )
        if auth is UNSET or auth == "none":
            return self.unless_said if auth is UNSET and not literal else None
        if literal and own:
            hint = "keep one of them: `auth` sets the Authorization header"
            self.context.problem(
                place, "the step has both `auth` and a literal Authorization header", hint, on_key=True
            )
        elif literal:
            return None  # the step's own header wins over a default credential
        if isinstance(auth, Auth):
            return AuthUse(inline=self.credential(auth, place), inherited=not own)
        known = self.known_credentials()
        if auth not in known:
            kind, _, value = str(auth).partition(" ")
            if kind.lower() in CREDENTIALS and value:
                self.context.problem(
                    place, f"{auth!r} is not the name of a credential", f'write `auth: {{{kind.lower()}: "{value}"}}`'
                )
                return None
            names = (
                f"credentials of this file: {listed(known)}"
                if known
                else "define it under `auth` at the top of the file"
            )
            self.context.problem(
                place, f"there is no credential `{auth}`", did_you_mean(str(auth), [*known, "none"]) or names
            )
        return AuthUse(name=str(auth), inherited=not own)

    def _paginate(self, step: Step, path: DocumentPath) -> PagePlan | None:
        if step.paginate is UNSET:
            return None
        paginate, place = step.paginate, (*path, "paginate")
        most = paginate.max if isinstance(paginate.max, int) else 100
        if isinstance(paginate.next, str):
            return PagePlan(self.context.pick(paginate.next, (*place, "next"), on_key=False), most, place)
        pick = self.context.pick(paginate.next.from_, (*place, "next", "from"), on_key=False)
        return PagePlan(pick, most, place, paginate.next.param)
