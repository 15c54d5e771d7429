"""Fetches one credential of a workflow on its own, for `runflow token`."""

from __future__ import annotations

from ..engine.auth.lookup import Lookup, look_up
from ..model.effects import Flow
from ..model.errors import Interrupted
from ..model.events import Emit
from ..model.results import Failure
from ..plan.plan import Plan
from ..redaction import Redactor
from .cancellation import FlowCancellation
from .context import SuiteContext
from .executor import NewExecutor, Task
from .options import Inputs, Options
from .preflight import check_before
from .run_setup import learn_secrets
from .session_closing import SessionClosing
from .task_loop import TaskLoop


class CredentialLookup:
    """Fetches a credential as a step of the workflow would.

    Args:
        plan: The workflow.
        inputs: What the caller provides.
        write: Takes masked events of the login.
        new_executor: Makes what sends the requests.
    """

    def __init__(self, plan: Plan, inputs: Inputs, write: Emit, new_executor: NewExecutor) -> None:
        self._plan = plan
        self._new_executor = new_executor
        self._context = SuiteContext(inputs, Options(jobs=1), write)
        self._redactor = Redactor(self._context.redactor)
        self._found: Lookup | Failure | None = None

    def run(self, name: str, *, close: bool) -> Lookup | Failure:
        """Fetch the credential; why it cannot be fetched is masked.

        Args:
            name: Its name under `auth` in the workflow.
            close: Log out afterwards.

        Raises:
            WorkflowError: something is missing; nothing was sent.
        """
        context = self._context
        check_before([self._plan], context.inputs)
        learn_secrets(context.redactor, [self._plan], context.inputs)
        tasks = [Task(0, self._flow(name), FlowCancellation(context.cancellation))]
        with context.cancellation:
            executor = self._new_executor(context.cancellation)
            loop = TaskLoop(context, executor)
            loop.work(lambda: tasks.pop() if tasks else None, self._ended)
            if close:
                SessionClosing(context, first=1).run(loop)
            executor.close()
        assert self._found is not None  # else the flow raised
        return self._redactor.mask(self._found) if isinstance(self._found, Failure) else self._found

    def _flow(self, name: str) -> Flow[None]:
        plan, context = self._plan, self._context
        row = plan.rows[0]
        world = context.new_world(plan, row, self._redactor, context.order.sink(0))
        variables = {**plan.environment_names, **row.values, **context.inputs.variables}
        try:
            self._found = yield from look_up(plan, name, world, variables)
        except Interrupted as stop:
            self._found = Failure(stop.kind, stop.reason)

    def _ended(self, _: int, error: BaseException | None) -> None:
        self._context.order.close(0)
        if error is not None:
            raise error
