"""`--executor package.module:factory`: any executor as those of concurrent.futures. Knows nothing of its workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor, Executor, Future

from ..execution.options import DEFAULT_JOBS
from ..model.errors import Interrupted, RunflowError
from ..model.wording import raised
from ..version import __version__
from .worker import perform, version


class ExecutorPool:
    """Runs go to an executor; where that breaks, to a new one.

    Args:
        make: Gives an executor.

    Raises:
        RunflowError: it gives none.
    """

    width = DEFAULT_JOBS
    keeps_tokens = False  # nobody can speak to each of its workers

    def __init__(self, make: Callable[[], Executor]) -> None:
        self._make = make
        self._executor = make()

    def versions(self, seconds: float) -> dict[str, str]:
        """The version on one of its workers."""
        try:
            return {"a worker": self._executor.submit(version).result(seconds)}
        except TimeoutError:
            raise RunflowError(f"the executor ran nothing within {seconds:.0f} s") from None
        except Exception as error:  # an executor is anybody's code
            raise RunflowError(f"the executor cannot run anything: {raised(error)}") from error

    def submit(self, job: bytes, package: bytes) -> Future[bytes]:
        """Have a run performed."""
        try:
            return self._executor.submit(perform, __version__, job, package)
        except BrokenExecutor:
            self.close()
            self._executor = self._make()
            return self._executor.submit(perform, __version__, job, package)

    def gone(self) -> str:
        """Nobody knows."""
        return ""

    def stop(self, suite: str, stop: Interrupted, futures: Iterable[Future[bytes]]) -> None:  # noqa: ARG002  # nobody can tell its workers
        """Begin no more of them; those under way go on."""
        for future in futures:
            future.cancel()

    def give_back(self, suite: str, seconds: float) -> list[bytes | None]:  # noqa: ARG002  # each run gives its own tokens back
        """Nothing is kept."""
        return []

    def close(self) -> None:
        """Let it end its workers."""
        self._executor.shutdown(wait=False, cancel_futures=True)
