"""TLS that is not what it should be: the reason is said, nothing is tried again, no request reaches a server that is not known."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trustme
from faults import healthy, redirecting, says, serving
from running import Runflow, Serve, unpacked

DRIVERS = pytest.mark.parametrize("driver", ["requests", "curl"])
FLOW = """\
steps:
  - name: ask
    get: {url}/
    timeout: 3s
    headers: {{X-Key: hunter2}}
    http: {{{http}}}
    expect: 200
"""


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


def context_of(cert: trustme.LeafCert, *, client: trustme.CA | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    cert.configure_cert(context)
    if client is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        client.configure_trust(context)
    return context


class Broken(NamedTuple):
    """A certificate, what the file trusts, and what must be said."""

    names: tuple[str, ...]
    said: str
    trusted: bool = True
    until: datetime | None = None
    since: datetime | None = None


BROKEN = {
    "expired": Broken(("127.0.0.1",), "has expired", until=datetime(2020, 1, 1, tzinfo=UTC)),
    "not valid yet": Broken(("127.0.0.1",), "not valid yet", since=datetime(2090, 1, 1, tzinfo=UTC), until=datetime(2091, 1, 1, tzinfo=UTC)),
    "for another host": Broken(("other.test",), "is for another"),
    "for another address": Broken(("127.0.0.2",), "is for another"),
    "of an unknown CA": Broken(("127.0.0.1",), "unknown CA", trusted=False),
}  # fmt: skip


@DRIVERS
@pytest.mark.parametrize("name", BROKEN)
def test_a_certificate_that_is_wrong_says_why_and_nothing_is_sent_or_tried_again(
    name: str, driver: str, ca: trustme.CA, runflow: Runflow, serve: Serve, write: Any
) -> None:
    broken = BROKEN[name]
    cert = ca.issue_cert(*broken.names, not_after=broken.until, not_before=broken.since)
    server = serve(healthy(), context_of(cert))
    ca.cert_pem.write_to_path(str(write("ca.pem", "")))
    http = "verify: ca.pem" if broken.trusted else ""
    write("flow.yaml", FLOW.format(url=server.url, http=http) + "    retry: {times: 3, every: 10ms}\n")
    ended = runflow("run", "flow.yaml", "--driver", driver, "--report", "jsonl=run.jsonl")
    assert ended.code == 3, ended.out
    (step,) = ended.steps()
    assert step["tries"][-1]["errors"][0]["cause"] == "tls"
    assert broken.said in ended.out, ended.out
    assert server.asked == []
    assert len(step["tries"]) == 1
    assert server.met == 1


@DRIVERS
def test_verify_false_is_a_warning_in_the_output_the_log_and_the_reports(
    driver: str, ca: trustme.CA, runflow: Runflow, serve: Serve, write: Any
) -> None:
    server = serve(healthy(), context_of(ca.issue_cert("other.test")))
    write("flow.yaml", FLOW.format(url=server.url, http="verify: false"))
    files = [f"run.{kind}" for kind in ("jsonl", "json", "html", "junit", "tap")]
    reports = [f"--report={name[4:]}={name}" for name in files]
    ended = runflow("run", "flow.yaml", "--driver", driver, *reports, "--log-file", "run.log")
    assert ended.code == 0, ended.out
    assert len(server.asked) == 1
    assert "not verified" in ended.out
    for name in (*files, "run.log"):
        assert "not verified" in unpacked(ended.folder / name), name


@DRIVERS
@pytest.mark.parametrize(
    ("cert", "key"),
    [("bad.pem", None), ("c.pem", "bad.pem"), ("c.pem", "other.pem"), ("c.pem", "empty.pem"), ("ca.pem", "k.pem")],
)
def test_a_client_certificate_that_cannot_be_used_is_named_and_its_content_is_not_shown(
    cert: str, key: str | None, driver: str, ca: trustme.CA, runflow: Runflow, serve: Serve, write: Any
) -> None:
    server = serve(healthy(), context_of(ca.issue_cert("127.0.0.1"), client=ca))
    mine, other = ca.issue_cert("me@example.com"), ca.issue_cert("you@example.com")
    mine.cert_chain_pems[0].write_to_path(str(write("c.pem", "")))
    mine.private_key_pem.write_to_path(str(write("k.pem", "")))
    other.private_key_pem.write_to_path(str(write("other.pem", "")))
    ca.cert_pem.write_to_path(str(write("ca.pem", "")))
    write("bad.pem", "-----BEGIN PRIVATE KEY-----\nTUlTRVJBQkxF\n-----END PRIVATE KEY-----\n")
    write("empty.pem", "")
    pair = f"{{cert: {cert}, key: {key}}}" if key else cert
    write("flow.yaml", FLOW.format(url=server.url, http=f"verify: ca.pem, cert: {pair}"))
    ended = runflow("run", "flow.yaml", "--driver", driver, "-vv", "--log-file", "run.log", "--log-level", "debug")
    assert ended.code == 3, ended.out
    assert (key or cert) in ended.out
    assert "TUlTRVJBQkxF" not in ended.out + (ended.folder / "run.log").read_text()
    assert server.asked == []


@DRIVERS
def test_a_client_certificate_that_is_right_is_used(
    driver: str, ca: trustme.CA, runflow: Runflow, serve: Serve, write: Any
) -> None:
    server = serve(healthy(), context_of(ca.issue_cert("127.0.0.1"), client=ca))
    mine = ca.issue_cert("me@example.com")
    mine.cert_chain_pems[0].write_to_path(str(write("c.pem", "")))
    mine.private_key_pem.write_to_path(str(write("k.pem", "")))
    ca.cert_pem.write_to_path(str(write("ca.pem", "")))
    write("flow.yaml", FLOW.format(url=server.url, http="verify: ca.pem, cert: {cert: c.pem, key: k.pem}"))
    assert runflow("run", "flow.yaml", "--driver", driver).code == 0
    write("flow.yaml", FLOW.format(url=server.url, http="verify: ca.pem"))
    ended = runflow("run", "flow.yaml", "--driver", driver)
    assert ended.code == 3
    assert len(server.asked) == 1


@DRIVERS
def test_http_on_an_https_port_and_the_other_way_round(
    driver: str, ca: trustme.CA, runflow: Runflow, serve: Serve, write: Any
) -> None:
    plain, secure = (
        serve(lambda peer: peer.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
        serve(healthy(), context_of(ca.issue_cert("127.0.0.1"))),
    )
    silent = serve(says(hold=True))
    for name, url in (
        ("a", plain.url.replace("http:", "https:")), ("b", secure.url.replace("https:", "http:")), ("c", silent.url.replace("http:", "https:")),
    ):  # fmt: skip
        write(f"{name}.yaml", FLOW.format(url=url, http="verify: false").replace("3s", "1s"))
    ended = runflow("run", "a.yaml", "b.yaml", "c.yaml", "--driver", driver, "--report", "jsonl=run.jsonl")
    assert ended.code == 3, ended.out
    first, second, third = (step["tries"][-1]["errors"][0] for step in ended.steps())
    assert "does not speak TLS" in first["message"]
    assert second["cause"] in {"reset", "protocol"}
    assert third["cause"] in {"timeout", "tls"}
    assert plain.asked == secure.asked == []


@DRIVERS
def test_a_redirect_to_a_certificate_that_is_wrong_takes_nothing_along(
    driver: str, ca: trustme.CA, runflow: Runflow, write: Any, tmp_path: Path
) -> None:
    with (
        serving(healthy(), context_of(ca.issue_cert("other.test"))) as wrong,
        serving(redirecting(wrong.url.encode() + b"/")) as first,
    ):
        ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        write("flow.yaml", FLOW.format(url=first.url, http="verify: ca.pem"))
        ended = runflow("run", "flow.yaml", "--driver", driver)
        assert ended.code == 3
        assert "is for another" in ended.out
        assert len(first.asked) == 1
        assert wrong.asked == []
