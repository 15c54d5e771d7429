"""Threads and the loop of one thread: the same verdicts and the same report, whoever runs the workflows. Real sockets."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from limits import Stopwatch, limit, wait_for

import runflow
from runflow.demo.api import DemoApi
from runflow.drivers.curl.driver import CurlDriver
from runflow.drivers.requests.driver import RequestsDriver
from runflow.execution import cancellation, task_loop
from runflow.execution.cancellation import Cancellation
from runflow.execution.thread_pool import ThreadPool, _Worker
from runflow.model.errors import Interrupted
from runflow.model.events import Event, StepFinished, WorkflowFinished, WorkflowStarted
from runflow.model.results import Result

Write = Callable[[str, str], Path]
Raw = Callable[..., str]


@pytest.fixture(params=["requests", "curl"])
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Seen:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def handle(self, event: Event, /) -> None:
        self.events.append(event)

    @property
    def story(self) -> list[str]:
        found = []
        for event in self.events:
            match event:
                case WorkflowStarted(name=name, label=label):
                    found.append(f"{name} {label}".strip())
                case StepFinished(step=step):
                    found.append(f"  {step.name} {step.verdict.value}")
                case WorkflowFinished(result=result):
                    found.append(f"= {result.verdict.value}")
        return found


def story(flows: list[runflow.app.Workflow], **options: Any) -> tuple[list[str], Result]:  # type: ignore[name-defined]  # imported lazily
    seen = Seen()
    result = runflow.run(flows, reporters=[seen], **options)
    return seen.story, result


FLOWS = {
    "slow": "{get: /delay/0.3, expect: 200}", "fast": "{get: /health, expect: 200}", "fails": "{get: /status/500, expect: 200}",
    "breaks": "{get: /health, extract: {a: $.no}}", "skips": "{get: /health, if: 'false'}", "many": "{get: '/items/{{ n }}', expect: 200}",
}  # fmt: skip


def flows_of(write: Write, url: str, driver: str, **texts: str) -> list[Any]:
    made = []
    for name, step in texts.items():
        more = "matrix: {n: [1, 2, 99, 3]}\n" if name == "many" else ""
        made.append(
            runflow.load(
                write(f"{name}.yaml", f"name: {name}\nbase_url: {url}\n{more}steps:\n  - {step}\n"), driver=driver
            )
        )
    return made


def test_parallel_equals_serial_in_verdicts_and_in_the_order_of_the_report(
    write: Write, demo: str, driver: str
) -> None:
    flows = flows_of(write, demo, driver, **FLOWS)
    serial, one = story(flows, jobs=1)
    parallel, many = story(flows, jobs=50)
    assert serial == parallel
    assert serial[0] == "slow"
    assert [each.verdict for each in one.workflows] == [each.verdict for each in many.workflows]
    assert one.exit_code == many.exit_code == 3


def test_many_are_under_way_at_the_same_time(
    write: Write, demo: str, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(20, timeout=limit(2))  # one after the other, the first would wait in vain
    original = DemoApi.respond
    monkeypatch.setattr(DemoApi, "respond", lambda self, request: (together.wait(), original(self, request))[1])
    flows = flows_of(write, demo, driver, **{f"f{number}": FLOWS["fast"] for number in range(20)})
    assert runflow.run(flows, jobs=20).passed


def test_the_whole_run_has_a_limit_and_cleans_up_after_it(
    write: Write, demo: str, driver: str, raw_server: Raw
) -> None:
    silent = raw_server(b"", hold=True)
    text = "name: {name}\nbase_url: {url}\nsteps:\n  - {step}\n  - get: /never\nfinally:\n  - {{name: clean, get: '{demo}/health', expect: 200}}\n"
    steps = {
        "sends": "get: /hangs",
        "sleeps": "{get: /x, delay: 600s}",
        "shakes": f"get: {raw_server(b'', hold=True).replace('http:', 'https:')}/hands",
    }
    flows = [
        runflow.load(write(f"{name}.yaml", text.format(name=name, url=silent, step=step, demo=demo)), driver=driver)
        for name, step in steps.items()
    ]
    flows += flows_of(write, demo, driver, queued=FLOWS["fast"])
    with Stopwatch() as running:
        told, result = story(flows, jobs=3, timeout=0.5)
    assert running.seconds < limit(1)  # and not six hundred
    for name in steps:
        begins = told.index(name)
        assert told[begins + 2 : begins + 5] == ["  GET /never skipped", "  clean passed", "= error"]
    assert told[-2:] == ["queued", "= skipped"]
    assert result.exit_code == 3
    assert result.workflows[0].steps[0].url.endswith("/hangs")  # what was under way is told
    assert all("--timeout" in (each.error.message if each.error else each.reason) for each in result.workflows)


def stop_when(monkeypatch: pytest.MonkeyPatch, condition: Callable[[], Any]) -> None:
    """Takes the place of a signal, which only a process of its own can be sent."""
    original = Cancellation.__enter__

    def enter(self: Cancellation) -> Cancellation:
        def ask() -> None:
            self.signal = 2
            self.request(Interrupted("interrupted by signal 2"))

        threading.Thread(target=lambda: (wait_for(condition), ask()), daemon=True).start()
        return original(self)

    monkeypatch.setattr(Cancellation, "__enter__", enter)


def test_an_interrupt_gives_tokens_back_and_tells_what_never_began(
    write: Write, demo: str, driver: str, demo_env: dict[str, str], asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        f"base_url: {demo}\nauth:\n  api:\n    login: {{post: /login, json: {{username: ada, password: '{{{{ env.API_PASSWORD "
        f"}}}}'}}, extract: {{token: $.token}}}}\n    logout: {{post: /logout, expect: 204}}\nsteps:\n"
        f"  - {{get: /users/me, auth: api, expect: 200}}\n  - {{get: /delay/10, expect: 200}}\nfinally:\n"
        f"  - {{name: clean, get: /users/me, auth: api, expect: 200}}\n"
    )
    flows = [runflow.load(write(f"f{number}.yaml", text), env=demo_env, driver=driver) for number in range(6)]
    stop_when(monkeypatch, lambda: asked.count("/delay/10") == 3)
    told, result = story(flows, jobs=3, env=demo_env)
    assert result.exit_code == 130
    assert [each.verdict.value for each in result.workflows] == ["error"] * 3 + ["skipped"] * 3
    assert told.count("  clean passed") == 3
    assert asked.count("/login") == 1
    assert asked.count("/logout") == 1


def test_a_cleanup_has_a_limit_of_its_own(
    write: Write, demo: str, driver: str, raw_server: Raw, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancellation, "CLEANUP_LIMIT", 0.4)
    silent = raw_server(b"", hold=True)
    cleanup = "finally:\n  - {name: first, get: /hangs}\n  - {name: second, delay: 600s, get: /hangs}\n  - {name: third, get: /x}\n"
    flow = runflow.load(
        write("a.yaml", f"base_url: {silent}\nsteps:\n  - get: {demo}/delay/10\n{cleanup}"), driver=driver
    )
    stop_when(monkeypatch, lambda: asked)
    with Stopwatch() as running:
        told, result = story([flow])
    assert running.seconds < limit(1)  # and not six hundred
    assert told[2:] == ["  first error", "  second error", "  third skipped", "= error"]
    assert result.exit_code == 130


def test_who_waits_for_anothers_login_is_told_too(
    write: Write, demo: str, driver: str, raw_server: Raw, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    login = threading.Event()

    def script(connection: socket.socket) -> None:
        connection.recv(65536)
        login.set()
        connection.recv(1)

    silent = raw_server(script)
    text = (
        f"base_url: {silent}\nauth: {{api: {{login: {{post: /login, extract: {{token: $.token}}}}}}}}\nsteps:\n"
        f"  - {{get: {demo}/health}}\n  - {{get: /x, auth: api}}\n"
    )
    flows = [runflow.load(write(f"f{number}.yaml", text), driver=driver) for number in range(4)]
    stop_when(monkeypatch, lambda: login.is_set() and len(asked) == 4)
    _, result = story(flows, jobs=4)
    assert {each.error.message for each in result.workflows if each.error} == {"interrupted by signal 2"}


SESSION = """
base_url: "{{ env.API_URL }}"
auth:
  api:
    login:
      post: /login
      json: { username: ada, password: "{{ env.API_PASSWORD }}", life: 1 }
      extract: { token: $.token, expires_in: $.expires_in, refresh_token: $.refresh_token }
    refresh:
      post: /token/refresh
      json: { refresh_token: "{{ refresh_token }}" }
      extract: { token: $.token, expires_in: $.expires_in, refresh_token: $.refresh_token }
defaults: { auth: api }
steps:
  - { get: /users/me, expect: 200 }
  - { get: /users/me, delay: 950ms, expect: 200 }
  - { get: /orders, expect: 200 }
"""


def test_twenty_runs_at_once_log_in_once_and_renew_once(
    write: Write, demo_env: dict[str, str], driver: str, asked: list[str]
) -> None:
    flows = [
        runflow.load(write(f"f{number}.yaml", f"name: f{number}\n{SESSION}"), env=demo_env, driver=driver)
        for number in range(20)
    ]
    result = runflow.run(flows, env=demo_env, jobs=20)
    assert result.passed
    assert asked.count("/login") == 1
    assert asked.count("/token/refresh") == 1
    (session,) = result.sessions
    assert sum(count for _, count in session.users) == asked.count("/users/me") + asked.count("/orders") >= 60
    assert {name for name, _ in session.users} == {f"f{number}" for number in range(20)}


def test_a_bug_of_ours_is_70_and_the_other_runs_keep_their_verdicts(
    write: Write, demo: str, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind, name in ((RequestsDriver, "send"), (CurlDriver, "begin")):
        original = getattr(kind, name)

        def buggy(self: Any, request: Any, *more: Any, original: Any = original) -> Any:
            if request.url.endswith("/health"):
                raise ZeroDivisionError("oops")
            return original(self, request, *more)

        monkeypatch.setattr(kind, name, buggy)
    result = runflow.run(flows_of(write, demo, driver, a=FLOWS["fails"], b=FLOWS["fast"], c=FLOWS["fails"]))
    assert result.exit_code == 70
    assert [each.verdict.value for each in result.workflows] == ["failed", "error", "failed"]
    assert "oops" in result.workflows[1].error.message


def test_one_that_hangs_takes_nobodys_verdict(write: Write, demo: str, driver: str, raw_server: Raw) -> None:
    flows = flows_of(write, demo, driver, **{f"f{number}": FLOWS["fast"] for number in range(99)})
    hangs = write("hangs.yaml", f"base_url: {raw_server(b'', hold=True)}\nsteps:\n  - {{get: /, timeout: 500ms}}\n")
    told, result = story([runflow.load(hangs, driver=driver), *flows])
    assert [each.verdict.value for each in result.workflows] == ["error"] + ["passed"] * 99
    assert told[0] == "hangs"


def test_nobody_runs_far_ahead_of_one_that_is_slow(
    write: Write, demo: str, driver: str, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they told would pile up in memory until the slow one has told its part."""
    monkeypatch.setattr(task_loop, "MAX_BEHIND", 3)
    ahead: list[int] = []

    class Looks:
        def handle(self, event: Event, /) -> None:
            if isinstance(event, WorkflowFinished) and event.result.name == "slow":
                ahead.append(len(asked) - 1)

    flows = flows_of(write, demo, driver, slow=FLOWS["slow"], **{f"f{number}": FLOWS["fast"] for number in range(30)})
    assert runflow.run(flows, jobs=2, reporters=[Looks()]).passed
    assert ahead[0] <= 4
    assert len(asked) == 31


def test_it_works_in_a_thread_of_a_host_program(write: Write, demo: str, driver: str) -> None:
    flows = flows_of(write, demo, driver, a=FLOWS["fast"])
    results: list[Result] = []
    threads = [threading.Thread(target=lambda: results.append(runflow.run(flows))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.exit_code for each in results] == [0, 0, 0]


class Dying(queue.SimpleQueue):  # type: ignore[type-arg]  # only `put` is other
    """Kills the first thread that tells of its end."""

    died = False

    def put(self, *args: Any, **more: Any) -> None:
        if not self.died:
            self.died = True
            raise MemoryError
        super().put(*args, **more)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # the thread shall die
@pytest.mark.parametrize("jobs", [1, 3])
def test_a_thread_that_dies_takes_its_own_run_with_it_and_no_other(
    jobs: int, monkeypatch: pytest.MonkeyPatch, write: Write, demo: str
) -> None:
    began = ThreadPool.__init__

    def init(self: ThreadPool, *args: Any) -> None:
        began(self, *args)
        self._ended = Dying()

    monkeypatch.setattr(ThreadPool, "__init__", init)
    flows = [runflow.load(write(f"{n}.yaml", f"steps: [{{get: {demo}/health, expect: 200}}]\n")) for n in range(6)]
    result = runflow.run(flows, jobs=jobs)
    assert sorted(each.verdict.value for each in result.workflows) == ["error"] + ["passed"] * 5
    (lost,) = [each for each in result.workflows if each.error]
    assert "its thread died" in lost.error.message
    assert result.exit_code == 70


def test_where_the_system_gives_no_more_threads_those_that_are_there_do_all(
    monkeypatch: pytest.MonkeyPatch, write: Write, demo: str
) -> None:
    begin = _Worker.start
    started = []

    def start(self: _Worker) -> None:
        if len(started) == 2:
            raise RuntimeError("can't start new thread")
        started.append(self)
        begin(self)

    monkeypatch.setattr(_Worker, "start", start)
    flows = [runflow.load(write(f"{n}.yaml", f"steps: [{{get: {demo}/delay/0.05, expect: 200}}]\n")) for n in range(6)]
    assert runflow.run(flows, jobs=6).passed
