"""The locustfile of `runflow load`, which Locust loads in each of its processes. `RUNFLOW_LOAD` holds its configuration."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import gevent
import locust.env
import locust.runners
import msgspec
from locust import events
from locust.stats import StatsEntry

from runflow.app import executor_for
from runflow.execution.cancellation import CLEANUP_LIMIT
from runflow.execution.options import Inputs, Options
from runflow.execution.session_closing import close_sessions
from runflow.loading import Loader, LoaderOptions
from runflow.loadtest.config import CONFIG_VARIABLE, LoadConfig
from runflow.loadtest.thresholds import EXPECTATION, FLOW, RequestStatistics, Statistics
from runflow.loadtest.users import Process, users_of
from runflow.model import limits
from runflow.model.environment import Environment
from runflow.selection.select import Target
from runflow.sources.file import SecretsFile
from runflow.sources.table import open_source

limits.disable_limits()
_CONFIG = msgspec.json.decode(os.environ[CONFIG_VARIABLE], type=LoadConfig)
_SOURCES = [
    *((f"the secrets file {path}", SecretsFile(Path(path))) for path in _CONFIG.secrets_files),
    *((f"the secret source `{text}`", open_source(text)) for text in _CONFIG.secrets),
]
_LOADER = Loader(
    LoaderOptions(
        variable_names=frozenset(_CONFIG.given),
        environment=Environment(dict(os.environ), _SOURCES),
        profile=_CONFIG.environment or None,
        file_root=Path(_CONFIG.file_root) if _CONFIG.file_root else None,
        driver="requests",
        allow_hosts=tuple(_CONFIG.allow_hosts),
        base_url=_CONFIG.base_url or None,
    )
)
_PLANS = _LOADER.plans(Target(Path(path)) for path in _CONFIG.paths)
_RUNNERS: list[locust.runners.Runner | None] = []
PROCESS = Process(
    _PLANS,
    Inputs(_CONFIG.given, _LOADER.options.environment),
    lambda: max(getattr(_RUNNERS[-1], "worker_index", 0), 0) if _RUNNERS else 0,
)
globals().update(users_of(PROCESS))


@events.init.add_listener  # type: ignore[untyped-decorator]  # Locust does not say
def _begin(environment: locust.env.Environment, runner: locust.runners.Runner | None, **_: Any) -> None:
    """Give users time to complete their workflow, and to clean up, when the test stops."""
    _RUNNERS.append(runner)
    gevent.get_hub().loop.update_now()  # the time that imports took is not part of the test
    environment.stop_timeout = environment.stop_timeout or CLEANUP_LIMIT


@events.test_stop.add_listener  # type: ignore[untyped-decorator]  # Locust does not say
def _log_out(**_: Any) -> None:
    """Log out of the sessions of this process."""
    if PROCESS.sessions:
        sessions, PROCESS.sessions = dict(PROCESS.sessions), {}
        close_sessions(sessions, PROCESS.inputs, Options(), executor_for("requests"))


@events.quitting.add_listener  # type: ignore[untyped-decorator]  # Locust does not say
def _write_statistics(environment: locust.env.Environment, **_: Any) -> None:
    """Write the statistics for `runflow load`, which judges them."""
    runner = environment.runner
    if isinstance(runner, locust.runners.WorkerRunner) or runner is None:
        return
    lost = tuple(
        client.id for client in getattr(runner, "clients", {}).values() if client.state == locust.runners.STATE_MISSING
    )
    broken = tuple(str(each["msg"]) for each in runner.exceptions.values())
    total = environment.stats.total
    seconds = max((total.last_request_timestamp or total.start_time) - total.start_time, 0.0)
    statistics = Statistics(
        tuple(_entry(name, kind, each) for (name, kind), each in environment.stats.entries.items()),
        seconds,
        total.start_time,
        lost,
        broken,
    )
    Path(_CONFIG.statistics).write_bytes(msgspec.json.encode(statistics))


def _entry(name: str, kind: str, stats: StatsEntry) -> RequestStatistics:
    only = _PLANS[0].name if len(_PLANS) == 1 else ""
    workflow = only or (
        name if kind == FLOW else next((plan.name for plan in _PLANS if name.startswith(f"{plan.name}: ")), "")
    )
    times = {} if kind in {FLOW, EXPECTATION} else {int(time): count for time, count in stats.response_times.items()}
    return RequestStatistics(workflow, kind, name, stats.num_requests, stats.num_failures, times)
