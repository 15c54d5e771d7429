"""Compiles `http`, and checks it against what the driver can do."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from ..language.document import Step
from ..language.structs import Http, plain_data
from ..model.errors import DocumentPath, StepError
from ..model.wording import listed
from .context import Context
from .http import HttpPlan, HttpTemplate, http_plan
from .settings import NEEDS_CURL

_WITHHELD = ("verify", "cert", "proxy", "resolve", "unix_socket")
"""Keys that change where a connection leads or that read a file: an untrusted workflow may not use them."""

_CURL_ONLY = ("resolve", "unix_socket")
_PLAIN_HTTP = HttpPlan()


class HttpCompiler:
    """Compiles `http` of steps over that of `defaults`.

    Args:
        context: The file.
        defaults: Its `defaults.http`.
    """

    def __init__(self, context: Context, defaults: Any) -> None:
        self.context = context
        self.defaults = defaults

    def compile(self, step: Step, path: DocumentPath) -> HttpPlan | HttpTemplate:
        """The transport, or a template of it if a value is known only when the step runs."""
        places: dict[str, DocumentPath] = {}
        data: dict[str, Any] = {}
        for http, place in ((self.defaults, ("defaults", "http")), (step.http, (*path, "http"))):
            if isinstance(http, Http):
                own = plain_data(http)
                data |= own
                places |= {key: (*place, key) for key in own}
        if not data:
            return _PLAIN_HTTP
        self._check_http(data, places)
        value = self.context.value(data, (*path, "http") if step.http is not UNSET else ("defaults", "http"))
        dialect, reader = self.context.settings.dialect, self.context.reader
        if not value.literal:
            return HttpTemplate(value, (*path, "http"), dialect, reader)
        try:
            return http_plan(data, dialect, reader)
        except StepError:
            self._note_each(data, places)
            return _PLAIN_HTTP

    def _note_each(self, data: dict[str, Any], places: dict[str, DocumentPath]) -> None:
        """Report what is wrong with each value: reading them together ends at the first mistake."""
        parts = [{key: value} for key, value in data.items() if not isinstance(value, dict)]
        maps = ((key, value) for key, value in data.items() if isinstance(value, dict))
        parts += [{key: {below: member}} for key, value in maps for below, member in value.items()]
        for part in parts:
            (key,) = part
            try:
                http_plan(part, self.context.settings.dialect, self.context.reader)
            except StepError as error:
                self.context.problem((*places[key], *error.below[1:]), error.message, error.hint)

    def _check_http(self, data: dict[str, Any], places: dict[str, DocumentPath]) -> None:
        dialect = self.context.settings.dialect
        can = dialect.features
        for key in _CURL_ONLY:
            if key in data and key not in can:
                self.context.problem(
                    places[key], f"the {dialect.driver} driver cannot do `{key}`", NEEDS_CURL, on_key=True
                )
        known = {feature.removeprefix("encoding ") for feature in can if feature.startswith("encoding ")}
        for key in _WITHHELD if self.context.settings.options.untrusted else ():
            if data.get(key, True) is not True:
                self.context.withheld(places[key], f"`{key}`", "remove it", on_key=True)
        for encoding in data.get("encodings", ()):
            if encoding not in known and "{{" not in encoding:
                message = f"the {dialect.driver} driver cannot decode {encoding!r}"
                self.context.problem(places["encodings"], message, listed(known))
