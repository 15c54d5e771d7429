"""Workflows that need the curl driver: their options reach libcurl, and what another driver cannot do is refused before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runflow
from runflow.model.errors import RunflowError, WorkflowError

Write = Callable[[str, str], Path]
Raw = Callable[..., str]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def flow(url: str, http: str, expect: str = "200") -> str:
    return f"steps:\n  - get: {url}\n    http: {http}\n    expect: {expect}\n"


def verdict(path: Path, **options: Any) -> list[Any]:
    result = runflow.run(runflow.load(path, driver="curl", **options))
    step = result.workflows[0].steps[0]
    return [step.verdict.value, *(check.subject for check in step.last.checks if not check.passed), *step.last.errors]


def test_versions_certificates_and_timings(write: Write, http2: tuple[str, str], ca_file: str, tmp_path: Path) -> None:
    ca = write("ca.pem", Path(ca_file).read_text()).name
    tls, clear = http2
    expect = (
        "{ http_version: '2', certificate expires: { gt: \"{{ now('14d') }}\" }, certificate names: { contains: api.test }, "
        "timing tls: { lt: 5s }, timing first_byte: { between: [0ms, 5s] }, ip: 127.0.0.1 }"
    )
    assert verdict(write("a.yaml", flow(tls, f"{{ verify: {ca}, version: 2 }}", expect))) == ["passed"]
    late = '{ certificate expires: { gt: "3100-01-01T00:00:00Z" } }'
    assert verdict(write("b.yaml", flow(tls, f"{{ verify: {ca} }}", late))) == ["failed", "certificate expires"]
    assert verdict(
        write("c.yaml", flow(clear, "{ version: 2 }", "{ http_version: '2', certificate expires: { exists: false } }"))
    ) == ["passed"]


def test_http3_in_a_flow(write: Write, http3: str, ca_file: str) -> None:
    write("ca.pem", Path(ca_file).read_text())
    assert verdict(
        write("a.yaml", flow(http3, "{ verify: ca.pem, version: '3' }", "{ http_version: '3', header X-Served: h3 }"))
    ) == ["passed"]


def test_resolve_and_unix_sockets_in_a_flow(write: Write, raw_server: Raw, unix_server: str) -> None:
    port = raw_server(OK).rpartition(":")[2]
    resolve = f"{{ resolve: {{ 'api.test:{port}': 127.0.0.1 }} }}"
    assert verdict(write("a.yaml", flow(f"http://api.test:{port}/", resolve))) == ["passed"]
    assert verdict(write("b.yaml", flow("http://localhost/", f"{{ unix_socket: {unix_server} }}"))) == ["passed"]
    assert verdict(write("c.yaml", flow("http://localhost/", f"{{ unix_socket: {Path(unix_server).name} }}"))) == [
        "passed"
    ]


def test_socks_in_a_flow(write: Write, raw_server: Raw, socks: Any) -> None:
    assert verdict(write("a.yaml", flow(raw_server(OK), f"{{ proxy: 'socks5h://127.0.0.1:{socks.port}' }}"))) == [
        "passed"
    ]
    assert len(socks.asked) == 1


@pytest.mark.parametrize(
    ("http", "expect", "message"),
    [
        ("{ version: 2 }", "200", "the requests driver cannot do HTTP/2"),
        ("{ version: 3 }", "200", "the requests driver cannot do HTTP/3"),
        ("{ resolve: { 'a.test:80': 127.0.0.1 } }", "200", "the requests driver cannot do `resolve`"),
        ("{ unix_socket: s.sock }", "200", "the requests driver cannot do `unix_socket`"),
        ("{ proxy: 'socks5://a.test' }", "200", "the requests driver cannot use a SOCKS proxy"),
        ("{}", "{ certificate expires: { exists: true } }", "the requests driver cannot tell `certificate`"),
        ("{}", "{ timing dns: { lt: 1s } }", "the requests driver cannot tell `timing`"),
        ("{ cert: { cert: a.yaml, key: a.yaml, password: secret } }", "200", "cannot use a key with a password"),
    ],
)  # fmt: skip
def test_what_the_requests_driver_cannot_do_is_refused_with_a_hint(
    write: Write, http: str, expect: str, message: str
) -> None:
    path = write("a.yaml", flow("http://a.test/", http, expect))
    with pytest.raises(WorkflowError) as caught:
        runflow.load(path)
    assert message in caught.value.message
    assert "curl" in caught.value.hint


@pytest.mark.parametrize(
    ("http", "message"),
    [
        ("{ version: 4 }", "there is no HTTP version 4"), ("{ resolve: { a.test: 127.0.0.1 } }", "a key of `resolve` is `host:port`"),
        ("{ resolve: { 'a.test:80': '' } }", "is not an address"), ("{ encodings: [br] }", "the curl driver cannot decode 'br'"),
    ],
)  # fmt: skip
def test_what_no_driver_can_do_is_refused(write: Write, http: str, message: str) -> None:
    with pytest.raises(WorkflowError) as caught:
        runflow.load(write("a.yaml", flow("http://a.test/", http)), driver="curl")
    assert message in caught.value.message


def test_a_libcurl_without_http3_says_so(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    from runflow.drivers.curl import driver

    monkeypatch.setattr(driver, "FEATURES", driver.FEATURES - {"version 3"})
    with pytest.raises(WorkflowError) as caught:
        runflow.load(write("a.yaml", flow("http://a.test/", "{ version: 3 }")), driver="curl")
    assert (caught.value.message, caught.value.hint) == (
        "the curl driver cannot do HTTP/3",
        "this libcurl was built without HTTP/3",
    )


def test_what_a_template_makes_of_http_is_checked_when_it_runs(write: Write) -> None:
    path = write("a.yaml", "vars: { v: '3' }\n" + flow("http://127.0.0.1:1/", '{ version: "{{ v }}" }'))
    result = runflow.run(path)
    assert "the requests driver cannot do HTTP/3" in result.workflows[0].steps[0].last.errors[0].message


def test_a_body_with_head_is_refused_where_it_cannot_be_sent(write: Write) -> None:
    path = write("a.yaml", "steps:\n  - head: http://a.test/\n    json: {}\n")
    runflow.load(path)
    with pytest.raises(WorkflowError, match="cannot send a body with HEAD"):
        runflow.load(path, driver="curl")
    with pytest.raises(WorkflowError, match="cannot send a body with HEAD"):
        runflow.load(write("b.yaml", "steps:\n  - request: HEAD http://a.test/\n    json: {}\n"), driver="curl")
    late = write("c.yaml", "vars: { m: HEAD }\nsteps:\n  - request: '{{ m }} http://127.0.0.1:1/'\n    json: {}\n")
    assert "cannot send a body with HEAD" in verdict(late)[1].message


def test_workflows_of_two_drivers_do_not_run_together(write: Write) -> None:
    path = write("a.yaml", "steps:\n  - get: http://a.test/\n")
    with pytest.raises(RunflowError, match="different drivers: curl, requests"):
        runflow.run([runflow.load(path), runflow.load(path, driver="curl")])
    with pytest.raises(RunflowError, match="the curl driver accepts no session"):
        runflow.run(runflow.load(path, driver="curl"), session=object())


def test_a_pycurl_that_is_too_old_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    import pycurl

    from runflow.drivers.table import features

    monkeypatch.delitem(sys.modules, "runflow.drivers.curl.driver")
    monkeypatch.delitem(sys.modules, "runflow.drivers.curl.transfer")
    monkeypatch.delitem(sys.modules, "runflow.drivers.curl.certificates", raising=False)
    monkeypatch.delattr(pycurl, "CURL_HTTP_VERSION_3ONLY")
    monkeypatch.delattr(sys.modules["runflow.drivers.curl"], "driver")
    with pytest.raises(RunflowError) as caught:
        features("curl")
    assert "the pycurl that is installed" in caught.value.message
    assert "--upgrade" in caught.value.hint
