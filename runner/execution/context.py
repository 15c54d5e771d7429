"""What the parts of a suite share: inputs, options, sessions, masking, the order of events, cancellation."""

from __future__ import annotations

import traceback

from ..engine.auth.session import Session
from ..engine.frame import World
from ..model.events import Emit
from ..model.results import Failure
from ..plan.plan import Plan, Row
from ..redaction import Redactor
from ..version import REPORT_BUGS_TO
from .cancellation import Cancellation
from .event_order import EventOrder
from .options import Hooks, Inputs, Options
from .run_setup import new_world

BUG_NOTICE = "this is a bug in runflow, not in your workflow; please report it with the lines below"


class SuiteContext:
    """Shared by the runs of a suite, the lookup of a credential, and the logouts at the end.

    Args:
        inputs: What the caller provides.
        options: How the suite runs.
        write: Takes masked events, from one thread at a time.
        hooks: Functions that are called while it runs.
        sessions: Sessions that exist already, or None.

    Attributes:
        redactor: Masks every secret that is known so far.
        order: Keeps the events of each run together.
        cancellation: Whether the suite must end early.
        crashed: A bug in runflow was met.
    """

    def __init__(
        self,
        inputs: Inputs,
        options: Options,
        write: Emit,
        hooks: Hooks | None = None,
        sessions: dict[str, Session] | None = None,
    ) -> None:
        self.inputs = inputs
        self.options = options
        self.hooks = Hooks() if hooks is None else hooks
        self.sessions: dict[str, Session] = {} if sessions is None else sessions
        self.redactor = Redactor()
        self.order = EventOrder(write)
        self.cancellation = Cancellation()
        self.crashed = False

    def new_world(self, plan: Plan, row: Row, redactor: Redactor, write: Emit, *, pausing: bool = False) -> World:
        """Build what one flow depends on; `pausing` flows call the pause hook before each step."""
        return new_world(
            plan,
            row,
            self.inputs,
            self.options,
            redactor=redactor,
            write=write,
            sessions=self.sessions,
            pause=self.hooks.pause if pausing else None,
            take_snapshot=self.hooks.take_snapshot,
        )

    def bug(self, error: BaseException) -> Failure:
        """Describe an unexpected exception as a bug in runflow: the other runs keep their verdicts."""
        self.crashed = True
        text = self.redactor.text("".join(traceback.format_exception(error)))
        return Failure("bug", f"{BUG_NOTICE}:\n{text}", f"report it to {REPORT_BUGS_TO}")
