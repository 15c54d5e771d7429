"""What a running workflow stands on: its world, its plan, its names, its jars, its deadline. Moves no state by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING, Any

from ..model.environment import Telling
from ..model.errors import DocumentPath, Place, RunflowError, StepError
from ..model.events import Emit, SecretLearned
from ..model.kinds import Attachment
from ..model.results import Failure, Snapshot, Where
from ..plan.plan import CredentialPlan, Plan
from ..redaction import SHORTEST_SECRET, too_short
from ..templating.functions import functions
from .auth.secret_capture import SecretCapture
from .cookies import CookieJar

if TYPE_CHECKING:
    from .auth.session import Session  # which runs in frames


PauseHook = Callable[[str, dict[str, Any]], dict[str, Any]]
TakeSnapshot = Callable[[Snapshot], None]


class World:
    """What a run takes from outside: time, chance, the environment, and whom it tells.

    Args:
        clock: Monotonic seconds.
        wall: Epoch seconds.
        emit: Takes events.
        environment: Environment variables.
        random: The run's own random source.
        record_details: Passing steps keep their exchanges, checks and names (a report wants them).
        places: They keep their places in the file too.
        sessions: The tokens that all runs share, by what they are for.
        run: What reports call this run.
        pause: Is asked before each step with its name and its variables, and gives those that were changed; or None.
        case: Which case of the workflow it is.
        snapshots: Takes what passing steps are to be held against from now on; None where they are held against what is stored.
        mask: Masks the run's secrets in a result that is kept beyond the run.

    Attributes:
        signers: Credentials that sign requests, by what they were made from: a nonce is gone on with.
        told: Tokens whose secrets this run masks already.
    """

    __slots__ = (
        "case",
        "clock",
        "emit",
        "environment",
        "mask",
        "pause",
        "places",
        "random",
        "record_details",
        "run",
        "sessions",
        "signers",
        "snapshots",
        "told",
        "wall",
    )

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        wall: Callable[[], float],
        emit: Emit,
        environment: Mapping[str, str],
        random: Random,
        record_details: bool = False,
        places: bool = False,
        sessions: dict[str, Session] | None = None,
        run: str = "",
        pause: PauseHook | None = None,
        case: str = "",
        snapshots: TakeSnapshot | None = None,
        mask: Callable[[Any], Any] = lambda value: value,
    ) -> None:
        self.clock = clock
        self.wall = wall
        self.emit = emit
        self.environment = Telling(environment, lambda name, value: emit(SecretLearned(name, value)))
        self.random = random
        self.record_details = record_details
        self.places = places
        self.sessions = {} if sessions is None else sessions
        self.signers: dict[str, Attachment] = {}
        self.told: set[tuple[str, int]] = set()
        self.run = run
        self.pause = pause
        self.case = case
        self.snapshots = snapshots
        self.mask = mask


class Frame:
    """One workflow (or included workflow) as it runs.

    Attributes:
        first_names: The names before the first step: what credentials that fetch a token are rendered over.
        own: The names that every workflow has: functions and the environment.
        session: Whose own steps run here, or None.
        opening: Keys of the sessions whose tokens are being fetched around this.
        secret_capture: Takes all that these steps send and get, where all of it is secret.
        sessions: The sessions of this file's credentials, by their places.
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
        "own",
        "parent",
        "plan",
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
        self.parent = parent
        self.depth: int = parent.depth + 1 if parent else 0
        self.jars: dict[str, CookieJar] = parent.jars if parent else {}
        self.deadline: float | None = parent.deadline if parent else None
        self.limit = ""
        self.base_url: str = parent.base_url if parent else ""
        self.secrets: frozenset[str] = frozenset(plan.secrets) | (parent.secrets if parent else frozenset())
        self.names: dict[str, Any] = functions(world.random, world.wall, plan.read)
        self.names["env"] = world.environment
        self.own = frozenset(self.names)
        self.first_names = self.names
        self.session: Session | None = parent.session if parent else None
        self.opening: frozenset[str] = parent.opening if parent else frozenset()
        self.secret_capture: SecretCapture | None = parent.secret_capture if parent else None
        self.sessions: dict[DocumentPath, Session] = {}
        self.step = ""

    def within(self, asker: Frame, opening: str) -> None:
        """Run for somebody who waits: as deep as they are, and no longer than they may."""
        self.depth = asker.depth + 1
        self.opening = asker.opening | {opening}
        if asker.deadline is not None:
            self.deadline, self.limit = asker.deadline, asker.over().message

    def limited(self, seconds: float | None, limit: str) -> None:
        """Set a deadline this many seconds from now, unless one comes sooner."""
        if seconds is None:
            return
        deadline = self.world.clock() + seconds
        if self.deadline is None or deadline < self.deadline:
            self.deadline = deadline
            self.limit = limit

    def remaining(self) -> float | None:
        """Seconds until the deadline.

        Raises:
            StepError: there are none left.
        """
        if self.deadline is None:
            return None
        left = self.deadline - self.world.clock()
        if left <= 0:
            raise self.over()
        return left

    def over(self) -> StepError:
        """The error of a deadline that has passed."""
        frame: Frame | None = self
        while frame is not None and not frame.limit:
            frame = frame.parent
        return StepError(
            frame.limit if frame else "the time is up", "timeout", hint="raise the limit, or find what is slow"
        )

    def jar(self, name: str) -> CookieJar:
        """A cookie jar of the run; "" is its own."""
        return self.jars.setdefault(name, CookieJar())

    def credential(self, name: str) -> tuple[CredentialPlan, Frame]:
        """A named credential and the frame whose names it is rendered over: this file's, or an including one's."""
        if name in self.plan.credentials:
            return self.plan.credentials[name], self
        assert self.parent is not None  # the plan knew the name
        return self.parent.credential(name)

    def learn(self, name: str, value: Any) -> None:
        """Mask a value from now on.

        Raises:
            StepError: it is too short to be masked safely.
        """
        if too_short(value):
            message = f"`{name}` is a secret of fewer than {SHORTEST_SECRET} characters, too short to be masked safely"
            raise StepError(message, "policy", hint="use a longer secret, or do not declare it as one")
        self.world.emit(SecretLearned(name, value))

    def given(self, name: str, value: Any, *, secret: bool = False) -> None:
        """A name got its value: mask it where the file declares it secret, or where everything is."""
        if secret or name in self.secrets:
            self.learn(name, value)
        elif self.secret_capture is not None:
            self.secret_capture.value(name, value)

    @property
    def variables(self) -> dict[str, Any]:
        """The names before the first step, as a report wants them."""
        if not self.world.record_details:
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
        cause = error.cause if isinstance(error, StepError) else ""
        return Failure(kind, error.message, error.hint, self.plan.source.where(place), cause)
