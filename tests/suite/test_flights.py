"""`Once` on threads: one runs, the others wait; and a whole suite's tokens are given back."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest
from fakes import compile_raw

from runner.demo.api import DemoApi
from runner.drivers.blocking import BlockingDriver
from runner.engine.frame import World
from runner.engine.workflow import run_workflow
from runner.model.effects import LATE, Flow, Once
from runner.model.results import Verdict
from runner.suite.drive import drive
from runner.suite.flights import Flights
from runner.suite.interrupts import Interrupts

PROJECT = Path(__file__).parent.parent.parent


def flow(result: Any, *, log: list[Any] | None = None, wait: float = 0.0, fail: BaseException | None = None) -> Any:
    def make() -> Flow[Any]:
        if log is not None:
            log.append(result)
        time.sleep(wait)
        if fail is not None:
            raise fail
        return result
        yield

    return make


def run(made: Flow[Any]) -> Any:
    return drive(made, lambda _: None)


def test_many_threads_that_ask_at_once_get_what_one_of_them_fetched() -> None:
    flights, log = Flights(), []
    with ThreadPoolExecutor(20) as pool:
        every = list(
            pool.map(lambda number: flights.perform(Once("k", flow(number, log=log, wait=0.2)), run), range(20))
        )
    assert len(log) == 1
    assert every == [log[0]] * 20


def test_another_key_waits_for_nobody() -> None:
    flights = Flights()
    held = threading.Event()

    def holding() -> Flow[Any]:
        assert flights.perform(Once("b", flow("b")), run) == "b"
        held.set()
        return "a"
        yield

    assert flights.perform(Once("a", holding), run) == "a"
    assert held.is_set()


def test_where_the_one_who_fetched_is_broken_off_another_fetches() -> None:
    flights, log = Flights(), []
    begun = threading.Event()

    def broken() -> Flow[Any]:
        begun.set()
        time.sleep(0.2)
        raise KeyboardInterrupt
        yield

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(lambda: flights.perform(Once("k", broken), run))
        begun.wait(5)
        second = pool.submit(lambda: flights.perform(Once("k", flow("mine", log=log)), run))
        assert second.result(5) == "mine"
        with pytest.raises(KeyboardInterrupt):
            first.result(5)
    assert log == ["mine"]


def test_who_may_not_wait_so_long_is_told_late() -> None:
    flights = Flights()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(lambda: flights.perform(Once("k", flow("slow", wait=0.5)), run))
        time.sleep(0.1)
        assert flights.perform(Once("k", flow("other"), timeout=0.1), run) is LATE
        assert first.result(5) == "slow"
    assert flights.perform(Once("k", flow("again")), run) == "again"


SESSION = """
base_url: "{{ env.API_URL }}"
auth:
  api:
    login:
      post: /login
      json: { username: ada, password: "{{ env.API_PASSWORD }}", life: 1 }
      extract: { token: $.token, expires_in: $.expires_in, refresh_token: $.refresh_token }
    refresh: { post: /token/refresh, json: { refresh_token: "{{ refresh_token }}" }, extract: { token: $.token, expires_in: $.expires_in, refresh_token: $.refresh_token } }
defaults: { auth: api }
steps:
  - { get: /users/me, expect: 200 }
  - { get: /users/me, delay: 950ms, expect: 200 }
  - { get: /orders, expect: 200 }
"""


def test_twenty_threads_against_a_real_server_log_in_once_and_renew_once(
    demo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    original = DemoApi.answer
    monkeypatch.setattr(
        DemoApi, "answer", lambda self, request: (asked.append(request.path), original(self, request))[1]
    )
    plan = compile_raw(SESSION)
    sessions: dict[str, Any] = {}
    flights, interrupts = Flights(), Interrupts()
    env = {"API_URL": demo, "API_PASSWORD": "correct-horse-battery"}

    def one(number: int) -> Verdict:
        driver = BlockingDriver()
        world = World(
            clock=time.monotonic,
            wall=time.time,
            emit=lambda _: None,
            environment=env,
            random=Random(number),
            sessions=sessions,
            run=str(number),
        )
        result = drive(
            run_workflow(plan, plan.rows[0], world, {}), lambda effect: interrupts.perform(effect, driver, flights)
        )
        driver.close()
        return result.verdict

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(one, range(20))) == {Verdict.PASSED}
    assert asked.count("/login") == 1
    assert asked.count("/token/refresh") == 1
    (session,) = sessions.values()
    assert sum(session.users.values()) == asked.count("/users/me") + asked.count("/orders") >= 60
    assert set(session.users) == {str(number) for number in range(20)}


def test_a_signal_breaks_off_a_wait_and_leaves_the_flight_to_those_who_fly_it(tmp_path: Path) -> None:
    """In a process of its own: the main thread waits for a login that another thread makes."""
    script = tmp_path / "waits.py"
    script.write_text(
        "import os, signal, threading, time\n"
        "from runner.model.effects import Once\nfrom runner.model.errors import Interrupted\nfrom runner.suite.flights import Flights\nfrom runner.suite.interrupts import Interrupts\n"
        "flights, got = Flights(), []\n"
        "def slow():\n    time.sleep(1)\n    return 'token'\n    yield\n"
        "def run(flow):\n    try:\n        next(flow)\n    except StopIteration as done:\n        return done.value\n"
        "thread = threading.Thread(target=lambda: got.append(flights.perform(Once('k', slow), run)))\nthread.start()\n"
        "threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\n"
        "with Interrupts() as interrupts:\n    started = time.monotonic()\n    try:\n        interrupts.perform(Once('k', slow), None, flights)\n    except Interrupted as stop:\n        print('interrupted', stop.signal, time.monotonic() - started < 0.8)\n"
        "thread.join()\nprint(got)\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
        env={"PYTHONPATH": str(PROJECT)},
    )
    assert done.stdout == "interrupted 2 True\n['token']\n", done.stderr
