"""Hosts that may be sent to: by the name in the URL, and by the address that the name leads to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runflow.model.errors import StepError
from runflow.model.hosts import parse_host, parse_hosts


def allows(check: Callable[[str], None], what: str) -> bool:
    try:
        check(what)
    except StepError as error:
        return error.kind != "policy"
    return True


@pytest.mark.parametrize(
    ("written", "url", "allowed"),
    [
        ("api.test", "https://api.test/x", True), ("api.test", "https://API.test/x", True), ("API.test", "https://api.test/x", True),
        ("api.test", "https://api.test./x", True), ("api.test", "https://api.test:8443/x", True),
        ("api.test", "https://evil.api.test/", False), ("api.test", "https://api.test.evil.test/", False),
        ("api.test", "https://evilapi.test/", False), ("api.test", "https://api.test@evil.test/", False),
        ("api.test:443", "https://api.test/", True), ("api.test:443", "http://api.test/", False),
        ("api.test:8080", "http://api.test:8080/", True), ("api.test:8080", "http://api.test:8081/", False),
        ("api.test:80", "http://api.test/", True),
        ("*.api.test", "https://a.api.test/", True), ("*.api.test", "https://a.b.api.test/", True),
        ("*.api.test", "https://api.test/", False), ("*.api.test", "https://aapi.test/", False),
        ("127.0.0.1", "http://127.0.0.1:9/", True), ("127.0.0.1", "http://localhost:9/", False), ("127.0.0.1", "http://127.0.0.2/", False),
        ("10.0.0.0/8", "http://10.1.2.3/", True), ("10.0.0.0/8", "http://11.1.2.3/", False), ("10.0.0.0/8:81", "http://10.1.2.3:81/", True),
        ("[::1]", "http://[::1]:9/", True), ("::1", "http://[::1]/", True), ("[::1]:8", "http://[::1]:9/", False),
        ("localhost", "http://localhost/", True), ("localhost", "http://127.0.0.1/", True), ("localhost", "http://[::1]/", True),
        ("localhost", "http://10.0.0.1/", False),
        ("127.0.0.1", "http://[::ffff:127.0.0.1]/", True), ("bücher.test", "http://xn--bcher-kva.test/", True),
        ("127.0.0.1", "http://127.1/", False), ("127.0.0.1", "http://2130706433/", False), ("127.0.0.1", "http://0x7f.1/", False),
    ],
)  # fmt: skip
def test_only_what_is_written_is_allowed(written: str, url: str, allowed: bool) -> None:
    assert allows(parse_hosts([written]).check_url, url) is allowed


@pytest.mark.parametrize(
    ("written", "address", "allowed"),
    [
        ("api.test", "93.184.216.34", True), ("api.test", "2606:2800:220:1::1", True), ("api.test", "127.0.0.1", False),
        ("api.test", "10.0.0.1", False), ("api.test", "169.254.169.254", False), ("api.test", "192.168.1.1", False),
        ("api.test", "0.0.0.0", False), ("api.test", "::1", False), ("api.test", "fe80::1%eth0", False), ("api.test", "fd00::1", False),
        ("api.test", "::ffff:127.0.0.1", False), ("api.test", "64:ff9b::7f00:1", False), ("api.test", "64:ff9b::5db8:d822", True),
        ("api.test", "2002:7f00:1::", False), ("api.test", "224.0.0.1", False), ("localhost", "127.0.0.1", True),
        ("localhost", "::1", True), ("localhost", "10.0.0.1", False), ("10.0.0.0/8", "10.9.9.9", True), ("10.0.0.0/8", "127.0.0.1", False),
    ],
)  # fmt: skip
def test_a_name_does_not_lead_into_the_network_of_who_runs_it(written: str, address: str, allowed: bool) -> None:
    assert allows(parse_hosts([written]).check_address, address) is allowed


@pytest.mark.parametrize("text",
    ["", "http://api.test", "api.test/x", "10.0.0.0/99", "a b", "a..b", "api.*.test", "*", "user@api.test", "api.test:0x"])  # fmt: skip
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_host(text)


def test_nothing_is_allowed_where_nothing_is_named_and_the_remedy_names_the_host() -> None:
    with pytest.raises(StepError) as caught:
        parse_hosts([]).check_url("https://api.test/x")
    assert "nothing may be sent to api.test" in caught.value.message
    assert caught.value.hint == "name it: --allow-host api.test"
