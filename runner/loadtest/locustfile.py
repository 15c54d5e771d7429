"""The locustfile of `runflow load`: Locust runs it, in each of its processes. `RUNFLOW_LOAD` says which workflows, and where the statistics go."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import gevent
import locust.runners
import msgspec
from locust import events

from runflow.app import executor_for
from runflow.execution.cancellation import CLEANUP_LIMIT
from runflow.execution.options import Inputs, Options
from runflow.execution.session_closing import close_sessions
from runflow.loading import Loader, Loading
from runflow.loadtest.config import CONFIG_VARIABLE, LoadConfig
from runflow.loadtest.thresholds import EXPECTATION, FLOW, RequestStatistics, Statistics
from runflow.loadtest.users import Process, users_of
from runflow.model import limits
from runflow.model.environment import Environment
from runflow.selection.select import Target
from runflow.sources.file import SecretsFile
from runflow.sources.table import open_source

limits.unwatched()
_JOB = msgspec.json.decode(os.environ[CONFIG_VARIABLE], type=LoadConfig)
_SOURCES = [
    *((f"the secrets file {path}", SecretsFile(Path(path))) for path in _JOB.secrets_files),
    *((f"the secret source `{text}`", open_source(text)) for text in _JOB.secrets),
]
_LOADER = Loader(
    Loading(
        frozenset(_JOB.given),
        Environment(dict(os.environ), _SOURCES),
        _JOB.environment,
        Path(_JOB.file_root) if _JOB.file_root else None,
        "requests",
        tuple(_JOB.allow_hosts),
        base_url=_JOB.base_url,
    )
)
_PLANS = _LOADER.plans(Target(Path(path)) for path in _JOB.paths)
_RUNNERS: list[Any] = []
PROCESS = Process(
    _PLANS,
    Inputs(_JOB.given, _LOADER.loading.environment),
    lambda: max(getattr(_RUNNERS[-1], "worker_index", 0), 0) if _RUNNERS else 0,
)
globals().update(users_of(PROCESS))


@events.init.add_listener  # type: ignore[untyped-decorator]  # Locust does not say
def _begin(environment: Any, runner: Any, **_: Any) -> None:
    """Users may end their workflow, and clean up, when the test stops."""
    _RUNNERS.append(runner)
    gevent.get_hub().loop.update_now()  # all that was imported is no part of the time that the test runs
    environment.stop_timeout = environment.stop_timeout or CLEANUP_LIMIT


@events.test_stop.add_listener  # type: ignore[untyped-decorator]  # Locust does not say
def _give_back(**_: Any) -> None:
    """Tokens are given back, by each process that fetched some."""
    if PROCESS.sessions:
        sessions, PROCESS.sessions = dict(PROCESS.sessions), {}
        close_sessions(sessions, PROCESS.inputs, Options(), executor_for("requests"))


@events.quitting.add_listener  # type: ignore[untyped-decorator]  # Locust does not say
def _write(environment: Any, **_: Any) -> None:
    """What was measured, for who asked for it; the verdict is theirs."""
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
    Path(_JOB.statistics).write_bytes(msgspec.json.encode(statistics))


def _entry(name: str, kind: str, stats: Any) -> RequestStatistics:
    alone = _PLANS[0].name if len(_PLANS) == 1 else ""
    workflow = alone or (
        name if kind == FLOW else next((plan.name for plan in _PLANS if name.startswith(f"{plan.name}: ")), "")
    )
    times = {} if kind in {FLOW, EXPECTATION} else {int(time): count for time, count in stats.response_times.items()}
    return RequestStatistics(workflow, kind, name, stats.num_requests, stats.num_failures, times)
