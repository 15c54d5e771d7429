"""Packs runs for a cluster: a request per run, and a package with a workflow's files. Sends secrets only where that is allowed."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

from ..execution.options import Inputs, Options
from ..execution.run_setup import variables_of
from ..execution.schedule import Run
from ..language.bundle import Bundle
from ..loading import Loader
from ..model.environment import Environment
from ..model.errors import Place, Problem, WorkflowError
from ..plan.plan import Plan
from .worker import Package, RunRequest


class Packing:
    """Packs what a worker needs for a run.

    Args:
        loader: The loader that compiled the workflows.
        inputs: What the caller provides to the suite.
        options: How the suite runs.
        secrets: Send the values of environment variables and secrets too; otherwise only their names are sent.
        keeps_tokens: Workers keep tokens from one run to the next.
    """

    def __init__(self, loader: Loader, inputs: Inputs, options: Options, *, secrets: bool, keeps_tokens: bool) -> None:
        self.suite = uuid4().hex
        self._loader = loader
        self._inputs = inputs
        self._options = options
        self._secrets = secrets
        self._keeps_tokens = keeps_tokens
        self._last: tuple[Path, bytes] = (Path(), b"")

    def check(self, plans: Iterable[Plan]) -> None:
        """Check that no secret is sent without permission (`--send-secrets`).

        Raises:
            WorkflowError: with every secret that would be sent.
        """
        problems = [] if self._secrets else [each for plan in plans for each in self._secret_values(plan)]
        if problems:
            raise WorkflowError(list(dict.fromkeys(problems)))

    def _secret_values(self, plan: Plan) -> Iterable[Problem]:
        for index, name in enumerate(plan.secrets):
            if name in self._inputs.variables:
                message = f"`{name}` is secret, and --var would send its value to the workers"
                hint = f"allow it with --send-secrets, or let the workers read it: env.{name.upper()}"
                yield Problem(message, Place(plan.file, ("secrets", index)), hint)
        for path in sorted(self._loader.settings_of(plan).files.private & plan.files):
            message = f"{path.name} holds a private key, which would be sent to the workers"
            yield Problem(message, Place(plan.file, unread=True), "allow it with --send-secrets")

    def request(self, run: Run) -> bytes:
        """The request for a run, pickled."""
        plan, options = run.plan, self._options
        variables, found = self._environment(plan) if self._secrets else ({}, {})
        request = RunRequest(
            suite=self.suite,
            row=run.row,
            given=variables_of(plan, self._inputs),
            variables=variables,
            found=found,
            left_out=plan.left_out,
            outputs=frozenset(named.name for named in plan.outputs),
            idempotent=plan.idempotent,
            keeps_tokens=self._keeps_tokens,
            seed=options.seed,
            record_details=options.record_details,
            places=options.places,
        )
        return pickle.dumps(request)

    def _environment(self, plan: Plan) -> tuple[dict[str, str], dict[str, str]]:
        """The environment variables that a workflow needs, and the values that secret sources provide for them."""
        environment = self._inputs.environment
        names = {*plan.secrets, *(name for name, _, _ in plan.env)}
        values = {name: value for name in sorted(names) if (value := environment.get(name)) is not None}
        sourced = environment.found if isinstance(environment, Environment) else {}
        found = {name: value for name, value in values.items() if name in sourced}
        return {name: value for name, value in values.items() if name not in found}, found

    def package(self, plan: Plan) -> bytes:
        """A workflow with its files, pickled. The last one is cached: the runs of one workflow follow each other."""
        if self._last[0] != plan.path:
            settings = self._loader.settings_of(plan)
            package = Package(plan.path, settings.without_environment(Bundle(settings.files, plan.files)))
            self._last = plan.path, pickle.dumps(package)
        return self._last[1]
