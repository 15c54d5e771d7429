"""The replay driver: the same verdicts without a network, each response once, and a missing recording is an error."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command import run_here

from runflow.demo.api import environment
from runflow.demo.server import DemoServer
from runflow.drivers.replay import Recording
from runflow.model.errors import RunflowError, StepError
from runflow.model.exchange import Request, Response, TransportFailure

Write = Callable[[str, str], Path]
COOKBOOK = Path(__file__).parent.parent.parent / "workflows"


def run(folder: Path, variables: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    ended = run_here(*words, cwd=folder, env=variables)
    return subprocess.CompletedProcess(words, ended.code, ended.out, ended.err)


@pytest.mark.slow
@pytest.mark.parametrize("driver", ["requests", "curl"])
def test_the_whole_cookbook_gives_the_same_verdicts_without_its_server(tmp_path: Path, driver: str) -> None:
    verdicts = []
    with DemoServer() as server:
        variables = environment(server.url)
        ended = run(
            tmp_path,
            variables,
            str(COOKBOOK),
            "-q",
            "--driver",
            driver,
            "--record",
            "rec",
            "--report",
            "json=live.json",
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
    text = (tmp_path / "rec" / "recording.har").read_text()
    assert variables["API_PASSWORD"] not in text
    ended = run(
        tmp_path, variables, str(COOKBOOK), "-q", "--driver", driver, "--replay", "rec", "--report", "json=again.json"
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for name in ("live", "again"):
        report = json.loads((tmp_path / f"{name}.json").read_text())
        verdicts.append([
            (each["name"], each.get("label"), each["verdict"], [(step["name"], step["verdict"], step.get("status")) for step in each["steps"]])
            for each in report["workflows"]
        ])  # fmt: skip
    assert verdicts[0] == verdicts[1]


def entry(
    method: str, url: str, answer: str = "{}", *, status: int = 200, body: str | None = None, **more: Any
) -> dict[str, Any]:
    post = {} if body is None else {"postData": {"mimeType": "", "text": body}}
    response = {"status": status, "statusText": "OK", "httpVersion": "HTTP/1.1", "headers": [{"name": "X-A", "value": "1"}],
        "content": {"size": 2, "mimeType": "", "text": answer}, **more}  # fmt: skip
    return {"time": 12.5, "request": {"method": method, "url": url, "headers": [], **post}, "response": response}


@pytest.fixture
def recording(tmp_path: Path) -> Any:
    def make(*entries: dict[str, Any]) -> Recording:
        (tmp_path / "a.har").write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}))
        return Recording(tmp_path)

    return make


def body_of(outcome: Any) -> bytes:
    assert isinstance(outcome, Response)
    return outcome.body


GET = Request("GET", "http://a/x")


def test_responses_are_used_in_their_order_each_once(recording: Any) -> None:
    made = recording(
        entry("GET", "http://a/x", "1"), entry("GET", "http://a/y", "y"), entry("GET", "http://a/x", "2", status=404)
    )
    first, second = made.next_outcome(GET), made.next_outcome(GET)
    assert (body_of(first), first.status, first.headers, first.elapsed) == (b"1", 200, (("X-A", "1"),), 0.0125)
    assert (body_of(second), second.status) == (b"2", 404)
    with pytest.raises(StepError, match="GET http://a/x was recorded 2 times, but is sent once more"):
        made.next_outcome(GET)


@pytest.mark.parametrize(
    ("request_", "message", "hint"),
    [
        (Request("GET", "http://a/z"), "GET http://a/z is not in the recording", "--record"),
        (Request("GET", "http://a/x?b"), "is not in the recording", "the recording has http://a/x?a=1"),
        (Request("PUT", "http://a/x?a=1"), "is not in the recording", "--record"),
        (Request("POST", "http://a/p", body=b"two"), "was recorded with the body 'one', but is sent with the body 'two'", "--var"),
        (Request("POST", "http://a/p"), "was recorded with the body 'one', but is sent with no body", "--var"),
    ],
)  # fmt: skip
def test_a_request_without_a_recording_names_the_nearest_one(
    recording: Any, request_: Request, message: str, hint: str
) -> None:
    made = recording(entry("GET", "http://a/x?a=1"), entry("POST", "http://a/p", body="one"))
    with pytest.raises(StepError) as caught:
        made.next_outcome(request_)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_mask_matches_any_text_and_masks_in_responses_become_unique_texts(recording: Any) -> None:
    login = entry(
        "POST", "http://a/login?k=***", '{"token": "***", "pin": ***, "card": "****1234"}', body='{"p":"***","n":1}'
    )
    made = recording(login, login, entry("GET", "http://a/x?t=***&z"))
    sent = Request("POST", "http://a/login?k=abc", body=b'{"p":"s\ncret","n":1}')
    first, second = (json.loads(body_of(made.next_outcome(sent))) for _ in range(2))
    assert first["token"] != second["token"]
    assert len(first["token"]) > 4
    assert isinstance(first["pin"], int)
    assert first["card"] == "****1234"
    made.next_outcome(Request("GET", f"http://a/x?t={first['token']}&z"))
    with pytest.raises(StepError):
        made.next_outcome(Request("POST", "http://a/login?k=abc", body=b'{"p":"x","n":2}'))


def test_a_failure_is_the_recorded_failure(recording: Any) -> None:
    made = recording(
        entry("GET", "http://a/x", status=0, _failure="tls", _error="expired", _phase="tls", _hint="renew it"),
        entry("GET", "http://a/x", status=0),
    )
    first, second = made.next_outcome(GET), made.next_outcome(GET)
    assert first == TransportFailure("tls", "tls", "expired", "renew it", 0.0125)
    assert second.kind == "reset"


def test_a_har_of_a_browser_is_read(tmp_path: Path) -> None:
    (tmp_path / "b.har").write_text(
        json.dumps({"log": {"version": "1.2", "creator": {"name": "WebInspector", "version": "537.36"}, "pages": [], "entries": [{
            "_connectionId": "1", "cache": {}, "startedDateTime": "2026-01-01T00:00:00.000Z", "time": 3,
            "request": {"method": "GET", "url": "http://a/x", "httpVersion": "http/2.0", "headers": [{"name": ":method", "value": "GET"}],
                "queryString": [], "cookies": [], "headersSize": -1, "bodySize": 0},
            "response": {"status": 200, "statusText": "", "httpVersion": "http/2.0",
                "headers": [{"name": ":status", "value": "200"}, {"name": "content-type", "value": "image/png"}], "cookies": [],
                "content": {"size": 4, "mimeType": "image/png", "text": "iVBORw==", "encoding": "base64"}, "redirectURL": ""},
            "timings": {"send": 0, "wait": 3, "receive": 0},
        }]}})
    )  # fmt: skip
    answer = Recording(tmp_path / "b.har").next_outcome(GET)
    assert body_of(answer) == b"\x89PNG"
    assert isinstance(answer, Response)
    assert (answer.http_version, answer.headers) == ("2", (("content-type", "image/png"),))


@pytest.mark.parametrize("content", ["", "{}", '{"log": {"entries": 3}}', '{"log": {"entries": [{}]}}', "PK\x03\x04"])
def test_a_file_that_is_not_a_har_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.har").write_text(content)
    with pytest.raises(RunflowError, match=r"a\.har is not a valid HAR file"):
        Recording(tmp_path)


def test_a_folder_without_a_recording_is_an_error(tmp_path: Path, write: Write) -> None:
    write("a.yaml", "steps:\n  - {get: 'http://127.0.0.1:9/', expect: 200}\n")
    ended = run(tmp_path, {}, "a.yaml", "--replay", ".")
    assert (ended.returncode, "there is no recording in ." in ended.stderr) == (2, True)


def test_a_request_without_a_recording_is_an_error_that_no_expectation_and_no_retry_hides(
    tmp_path: Path, write: Write
) -> None:
    write(
        "a.yaml", "steps:\n  - {get: 'http://127.0.0.1:9/', expect: {failure: refused}, retry: {times: 3, every: 5s}}\n"
    )
    (tmp_path / "a.har").write_text('{"log": {"entries": []}}')
    ended = run(tmp_path, {}, "a.yaml", "--replay", "a.har")
    assert ended.returncode == 3
    assert "GET http://127.0.0.1:9/ is not in the recording, and nothing is sent with --replay" in ended.stdout
    assert "RF305" in ended.stdout
    assert "tries" not in ended.stdout
