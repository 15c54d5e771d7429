"""The plan of a workflow: frozen structs that all runs and threads share. Data only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from ..credentials.oauth2 import TokenReader
from ..language.source import Source
from ..model.errors import DocumentPath
from ..model.exchange import AllowedHosts
from ..model.kinds import AuthLocation, Body, Credential, Value
from ..openapi.contract import Contract
from .conditions import Expectation, Pick
from .fragments import AssertPlan, ExtractPlan, Fields, NamedValue, Seconds
from .http import HttpPlan, HttpTemplate
from .load import LoadPlan
from .settings import FileReader

DEFAULT_TIMEOUT = 30.0
"""Seconds for one attempt of a step without a `timeout`."""


class RetryPlan(msgspec.Struct, frozen=True):
    """How a step is retried; times in seconds.

    Attributes:
        times: Further attempts, or None for as many as `within` allows.
    """

    times: int | None
    every: float
    within: float | None = None
    backoff: float = 1.0
    max_every: float | None = None
    jitter: bool = False
    abort_if: AssertPlan | None = None


class BodyPlan(msgspec.Struct, frozen=True):
    """A body's kind and its value."""

    kind: Body
    value: Value
    path: DocumentPath


class CredentialPlan(msgspec.Struct, frozen=True):
    """A credential, compiled.

    Attributes:
        kind: How it authenticates, or None for a session.
        origins: The origins to which it is sent as a default, in place of the origin of `base_url`.
    """

    kind: Credential | None
    value: Value
    path: DocumentPath
    session: SessionPlan | None = None
    origins: tuple[Value, ...] = ()


class AttachPlan(msgspec.Struct, frozen=True):
    """One place in which a token is sent: an entry of `attach`."""

    where: AuthLocation
    name: str
    value: Value
    path: DocumentPath


class SessionPlan(msgspec.Struct, frozen=True):
    """A credential whose token is fetched, kept, renewed and revoked.

    Attributes:
        kind: `login` or `oauth2`.
        provides: Names that the session has after a login or a refresh.
        refresh_needs: Those of them that a refresh needs.
        before_expiry: Seconds.
        definition: The credential as written, with the defaults that it uses; credentials that render it to the same value
            share a session.
        judged_by: Names in its bare expressions, which are not in the definition's templates.
        folder: The folder of its files if it names any, else "".
        logout_judged: A logout that fails is not just a warning.
    """

    kind: str
    path: DocumentPath
    login: tuple[StepPlan, ...]
    refresh: tuple[StepPlan, ...]
    logout: tuple[StepPlan, ...]
    attach: tuple[AttachPlan, ...]
    provides: frozenset[str]
    refresh_needs: frozenset[str]
    before_expiry: float
    on_status: frozenset[int]
    when: AssertPlan | None
    definition: Any
    judged_by: frozenset[str] = frozenset()
    folder: str = ""
    logout_judged: bool = False

    @property
    def steps(self) -> tuple[StepPlan, ...]:
        """All steps that it may run."""
        return (*self.login, *self.refresh, *self.logout)


class AuthUse(msgspec.Struct, frozen=True):
    """The `auth` of a step.

    Attributes:
        name: A named credential of this file or of one that includes it, or "".
        inline: A credential written on the step itself.
        inherited: It comes from `defaults`, so it is sent to the origin of `base_url` only.
        own: The step is a session's logout: it sends the session's own token.
    """

    name: str = ""
    inline: CredentialPlan | None = None
    inherited: bool = False
    own: bool = False


class PagePlan(msgspec.Struct, frozen=True):
    """How the next page is found.

    Attributes:
        param: The query parameter that is set to what `pick` finds, or "" if it finds a URL.
    """

    pick: Pick
    most: int
    path: DocumentPath
    param: str = ""


class RequestPlan(msgspec.Struct, frozen=True):
    """A request to be rendered. `method` and `url` share one value where the file writes `request: METHOD URL`."""

    method: Value
    url: Value
    url_path: DocumentPath
    params: Fields = Fields()
    headers: Fields = Fields()
    cookies: Fields = Fields()
    jar: str = ""
    no_cookies: bool = False
    body: BodyPlan | None = None
    auth: AuthUse | None = None
    http: HttpPlan | HttpTemplate = HttpPlan()
    paginate: PagePlan | None = None


class IncludePlan(msgspec.Struct, frozen=True):
    """Another workflow that the step runs."""

    plan: Plan
    given: tuple[NamedValue, ...]


class SetPlan(msgspec.Struct, frozen=True):
    """Variables to compute, in order."""

    values: tuple[NamedValue, ...]


class StepPlan(msgspec.Struct, frozen=True):
    """One step, compiled.

    Attributes:
        written_name: The name as it is written, for use where its template has no value.
        provides: Names that it extracts or sets.
        needs: Names that must have a value when it runs.
        status: Expectations on the status, judged first.
        expectations: All others.
        token_reader: Extracts the token of an `oauth2` response, in place of `extract`.
    """

    name: Value
    path: DocumentPath
    action: RequestPlan | IncludePlan | SetPlan | None
    written_name: str
    tags: tuple[str, ...] = ()
    condition: AssertPlan | None = None
    for_each: Value | None = None
    as_name: str = "item"
    allow_empty: bool = False
    delay: Value | Seconds | None = None
    retry: RetryPlan | None = None
    timeout: Value | Seconds | None = None
    continue_on_failure: bool = False
    status: tuple[Expectation, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    extracts: tuple[ExtractPlan, ...] = ()
    asserts: tuple[AssertPlan, ...] = ()
    expects_failure: bool = False
    provides: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    token_reader: TokenReader | None = None

    @property
    def is_judged(self) -> bool:
        """It says what it expects, beside what every request must meet."""
        return bool(self.asserts) or not all(each.implied for each in (*self.status, *self.expectations))

    @property
    def is_cleanup(self) -> bool:
        """It belongs to `finally`."""
        return self.path[0] == "finally"


class Need(msgspec.Struct, frozen=True):
    """Another workflow that must pass before this one runs.

    Attributes:
        file: The path as people read it.
        path: The real path.
        place: The place in `needs`.
    """

    file: str
    path: Path
    place: DocumentPath


class Plan(msgspec.Struct, frozen=True):
    """A workflow, ready to run.

    Attributes:
        file: The path as people read it.
        path: The real path.
        key: Identifies the workflow from one run to the next, on any machine.
        env: Environment variables that must be set, each with the file and place that needs it.
        rows: The runs: names and values of each matrix entry and case, with its label.
        read: Reads a file that a template names, beside the workflow and inside the file root.
        accepts: Names that a caller may define.
        environment_names: Names and values of the chosen environment: over `vars`, below matrix and cases.
        files: The real paths of this file, of all files that it and its includes name, and of the project file.
        needs: Workflows that must pass before this one runs.
        lock: Workflows with the same lock never run at the same time; "" for none.
        idempotent: It may be run twice.
        driver: The driver that it was compiled for.
        hosts: The only hosts that requests may be sent to; None allows any.
        left_out: Places of steps that are not run, each with the reason, if only some were selected.
        load: What a load test needs.
        contract: The OpenAPI document with which its exchanges are compared.
        uses: Names that values use, with their places, if `CompileOptions.record_uses` is set.
    """

    name: str
    file: str
    path: Path
    source: Source
    read: FileReader
    steps: tuple[StepPlan, ...]
    cleanup: tuple[StepPlan, ...] = ()
    tags: tuple[str, ...] = ()
    condition: AssertPlan | None = None
    base_url: Value | None = None
    inputs: frozenset[str] = frozenset()
    variables: tuple[NamedValue, ...] = ()
    secrets: tuple[str, ...] = ()
    credentials: dict[str, CredentialPlan] = {}
    timeout: float | None = None
    outputs: tuple[NamedValue, ...] = ()
    rows: tuple[Row, ...] = ()
    env: tuple[tuple[str, str, DocumentPath], ...] = ()
    accepts: frozenset[str] = frozenset()
    environment_names: dict[str, Any] = {}
    files: frozenset[Path] = frozenset()
    needs: tuple[Need, ...] = ()
    lock: str = ""
    idempotent: bool = False
    key: str = ""
    driver: str = "requests"
    hosts: AllowedHosts | None = None
    left_out: dict[DocumentPath, str] = {}
    contract: Contract | None = None
    load: LoadPlan = LoadPlan()
    uses: tuple[tuple[frozenset[str], DocumentPath], ...] = ()

    @property
    def chosen(self) -> tuple[StepPlan, ...]:
        """The steps that are run, including those of its cleanup."""
        return tuple(step for step in (*self.steps, *self.cleanup) if step.path not in self.left_out)

    @property
    def sessions(self) -> tuple[SessionPlan, ...]:
        """Its named credentials that fetch a token."""
        return tuple(credential.session for credential in self.credentials.values() if credential.session is not None)


class Row(msgspec.Struct, frozen=True):
    """One run of a workflow: a case, a matrix entry, or the one and only.

    Attributes:
        label: Its name in reports.
        case: Identifies the case; the same for all repetitions.
    """

    values: dict[str, Any] = {}
    label: str = ""
    case: str = ""
