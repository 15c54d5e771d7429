"""The state of a running workflow: its ports and options, plan, names, cookie jars and deadline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import msgspec

from ..model.environment import SecretTracker
from ..model.errors import DocumentPath, Place, RunflowError, StepError
from ..model.events import Emit, SecretLearned
from ..model.json_types import JSON
from ..model.kinds import Attachment, Variables
from ..model.results import Failure, Snapshot, Where
from ..plan.plan import CredentialPlan, Plan
from ..redaction import SHORTEST_SECRET, too_short
from ..templating.functions import functions
from .auth.secret_capture import SecretCapture
from .auth.session import Session
from .cookies import CookieJar

PauseHook = Callable[[str, Variables], Variables]
TakeSnapshot = Callable[[Snapshot], None]


def _unmasked(value: JSON) -> Any:
    return value


class Ports(msgspec.Struct, frozen=True):
    """The outside of a run, as functions: time, chance, environment, and where it writes to.

    Attributes:
        clock: Monotonic seconds.
        wall: Epoch seconds.
        emit: Takes events.
        environment: Environment variables.
        random: The run's own random source.
        mask: Masks the run's secrets in a result that is kept after the run.
        pause: Called before each step with its name and its variables; returns those that were changed.
        snapshots: Takes the values that passing steps are compared with from now on; None to compare with the stored ones.
    """

    clock: Callable[[], float]
    wall: Callable[[], float]
    emit: Emit
    environment: Mapping[str, str]
    random: Random
    mask: Callable[[Any], Any] = _unmasked
    pause: PauseHook | None = None
    snapshots: TakeSnapshot | None = None


class RunOptions(msgspec.Struct, frozen=True):
    """What is decided about a run before it begins.

    Attributes:
        name: What reports call the run.
        case: Which case of the workflow it is, or "".
        record_details: Passing steps keep their exchanges, checks and names, because a report wants them.
        record_places: They also keep their places in the file.
    """

    name: str = ""
    case: str = ""
    record_details: bool = False
    record_places: bool = False


class World:
    """One run: its ports, its options, and the state that all its frames share.

    Args:
        ports: The outside of the run.
        options: What is decided about it.
        sessions: The tokens that all runs share, by the keys of their sessions.

    Attributes:
        environment: The port's environment; emits each secret that is read from it.
        signers: Credentials that sign requests, by what they were made from; they keep the server's nonce.
        announced: Tokens whose secrets this run already masks: the key of the session and the token's number.
    """

    __slots__ = ("announced", "environment", "options", "ports", "sessions", "signers")

    def __init__(
        self, ports: Ports, options: RunOptions | None = None, sessions: dict[str, Session] | None = None
    ) -> None:
        self.ports = ports
        self.options = RunOptions() if options is None else options
        self.environment = SecretTracker(ports.environment, lambda name, value: ports.emit(SecretLearned(name, value)))
        self.sessions = {} if sessions is None else sessions
        self.signers: dict[str, Attachment] = {}
        self.announced: set[tuple[str, int]] = set()


class Frame:
    """The state of one workflow (or included workflow) while it runs.

    Args:
        plan: The workflow.
        world: The run.
        parent: The frame of the including workflow, or None.

    Attributes:
        base_url: Of the workflow, or else of the including one; "" without one.
        depth: How many workflows and sessions are around it.
        deadline: When its time is over, in seconds of the monotonic clock, or None.
        first_names: The names before the first step: credentials that fetch a token are rendered over them.
        jars: Cookie jars by name; "" is the run's own.
        limit: The message for a deadline of its own that has passed, or "".
        names: The names that templates see now.
        opening: Keys of the sessions whose tokens are being fetched around this frame.
        own: The names that every workflow has: functions and the environment.
        secret_capture: Takes all that these steps send and receive, if all of it is secret.
        session: The session whose own steps run here, or None.
        sessions: The sessions of this file's credentials, by the credentials' places.
        step: The name of the step that runs, as it is written.
    """

    __slots__ = (
        "base_url",
        "deadline",
        "depth",
        "first_names",
        "jars",
        "limit",
        "names",
        "opening",
        "options",
        "own",
        "parent",
        "plan",
        "ports",
        "secret_capture",
        "secrets",
        "session",
        "sessions",
        "step",
        "world",
    )  # fmt: skip

    def __init__(self, plan: Plan, world: World, parent: Frame | None = None) -> None:
        self.plan = plan
        self.world = world
        self.ports = world.ports
        self.options = world.options
        self.parent = parent
        self.depth: int = parent.depth + 1 if parent else 0
        self.jars: dict[str, CookieJar] = parent.jars if parent else {}
        self.deadline: float | None = parent.deadline if parent else None
        self.limit = ""
        self.base_url: str = parent.base_url if parent else ""
        self.secrets: frozenset[str] = frozenset(plan.secrets) | (parent.secrets if parent else frozenset())
        self.names: Variables = {
            **functions(self.ports.random, self.ports.wall, plan.read),
            "env": world.environment,
        }
        self.own = frozenset(self.names)
        self.first_names = self.names
        self.session: Session | None = parent.session if parent else None
        self.opening: frozenset[str] = parent.opening if parent else frozenset()
        self.secret_capture: SecretCapture | None = parent.secret_capture if parent else None
        self.sessions: dict[DocumentPath, Session] = {}
        self.step = ""

    @classmethod
    def for_session(cls, session: Session, world: World, secret_capture: SecretCapture) -> Frame:
        """A frame for a session's own steps: with its cookies and names, and everything in it is secret."""
        frame = cls(session.owner, world)
        frame.jars = session.jars
        frame.session = session
        frame.depth = 1
        frame.secret_capture = secret_capture
        frame.begin(session.names, session.base_url)
        return frame

    def begin(self, names: Variables, base_url: str) -> None:
        """Set the names and the base URL that hold before the first step."""
        self.names = self.first_names = names
        self.base_url = base_url

    def within(self, caller: Frame, opening: str) -> None:
        """Run on behalf of a frame that waits for it: one level below it, and with its deadline.

        Args:
            caller: The frame that waits.
            opening: The key of the session whose token is fetched.
        """
        self.depth = caller.depth + 1
        self.opening = caller.opening | {opening}
        if caller.deadline is not None:
            self.deadline, self.limit = caller.deadline, caller.over().message

    def limited(self, seconds: float | None, limit: str) -> None:
        """Set a deadline this many seconds from now, unless an earlier one is set.

        Args:
            seconds: None sets no deadline.
            limit: The error message once it has passed.
        """
        if seconds is None:
            return
        deadline = self.ports.clock() + seconds
        if self.deadline is None or deadline < self.deadline:
            self.deadline = deadline
            self.limit = limit

    def end_limit(self) -> None:
        """Remove the workflow's own deadline; that of the including workflow stays."""
        if self.deadline is not None:
            self.deadline = self.parent.deadline if self.parent else None
            self.limit = ""

    def remaining(self) -> float | None:
        """Seconds until the deadline, or None without one.

        Raises:
            StepError: it has passed.
        """
        if self.deadline is None:
            return None
        left = self.deadline - self.ports.clock()
        if left <= 0:
            raise self.over()
        return left

    def over(self) -> StepError:
        """The error of a deadline that has passed."""
        frame: Frame | None = self
        while frame is not None and not frame.limit:
            frame = frame.parent
        return StepError(
            frame.limit if frame else "the run's time limit has passed",
            "timeout",
            hint="raise the limit, or find out what is slow",
        )

    def jar(self, name: str) -> CookieJar:
        """A cookie jar of the run; "" is its own."""
        return self.jars.setdefault(name, CookieJar())

    def credential(self, name: str) -> tuple[CredentialPlan, Frame]:
        """A named credential of this file or an including one, and the frame whose names it is rendered over."""
        if name in self.plan.credentials:
            return self.plan.credentials[name], self
        assert self.parent is not None  # the compiler refuses unknown names
        return self.parent.credential(name)

    def mask(self, name: str, value: JSON) -> None:
        """Mask a value from now on.

        Raises:
            StepError: it is too short to be masked safely.
        """
        if too_short(value):
            message = f"`{name}` is a secret of fewer than {SHORTEST_SECRET} characters, too short to be masked safely"
            raise StepError(message, "policy", hint="use a longer secret, or do not declare it as one")
        self.ports.emit(SecretLearned(name, value))

    def mask_if_secret(self, name: str, value: JSON, *, secret: bool = False) -> None:
        """Mask the value of a name if the file declares it secret, or if everything in this frame is.

        Raises:
            StepError: it is secret and too short.
        """
        if secret or name in self.secrets:
            self.mask(name, value)
        elif self.secret_capture is not None:
            self.secret_capture.value(name, value)

    @property
    def variables(self) -> dict[str, JSON]:
        """The names before the first step without the language's own; empty where no report wants them."""
        if not self.options.record_details:
            return {}
        return {name: value for name, value in self.first_names.items() if name not in self.own}

    def where(self, path: DocumentPath, *, on_key: bool = False) -> Where:
        """A place in this workflow's file, ready to show."""
        return self.plan.source.where(Place(self.plan.file, path, on_key))

    def failure(self, error: RunflowError, path: DocumentPath) -> Failure:
        """An error as data, at its own place or else at `path`."""
        kind = error.kind if isinstance(error, StepError) else "template"
        below = error.below if isinstance(error, StepError) else ()
        place = (
            error.place
            if error.place and error.place.file == self.plan.file
            else Place(self.plan.file, (*path, *below))
        )
        cause = error.cause if isinstance(error, StepError) else None
        return Failure(kind, error.message, error.hint, self.plan.source.where(place), cause)
