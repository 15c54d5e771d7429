"""--untrusted: a stranger's workflow gets nothing that is not in it, and reaches no host that was not named."""

from __future__ import annotations

from typing import Any

import pytest
from faults import healthy, redirecting, requests_of
from running import Runflow, Serve

DRIVERS = pytest.mark.parametrize("driver", ["requests", "curl"])
SECRET = "hunter2-from-the-environment"

WITHHELD = {
    "the environment": ("steps: [{get: /, headers: {X: '{{ env.API_KEY }}'}}]", "the environment variable API_KEY"),
    "the environment, in a condition": ("if: env.API_KEY == 'x'\nsteps: [{get: /}]", "the environment variable API_KEY"),
    "the environment, in a credential": ("auth: {a: {bearer: '{{ env.API_KEY }}'}}\nsteps: [{get: /, auth: a}]", "the environment variable API_KEY"),
    "the environment, in a login": ((
        "auth: {a: {login: {post: /l, json: {p: '{{ env.API_KEY }}'}, extract: {token: $.t}}}}\n"
        "steps: [{get: /, auth: a}]"
    ), "the environment variable API_KEY"),
    "a file as a body": ("steps: [{post: /, body: {file: keys.txt}}]", "the content of keys.txt"),
    "a file in a multipart": ("steps: [{post: /, multipart: {f: {file: keys.txt}}}]", "the content of keys.txt"),
    "a file in a list of a multipart": ("steps: [{post: /, multipart: {f: [{file: keys.txt}]}}]", "the content of keys.txt"),
    "a file in a template": ("steps: [{post: /, body: \"{{ file('keys.txt') }}\"}]", "the content of keys.txt"),
    "a hidden file as cases": ("cases: {file: .git/config.yaml}\nsteps: [{get: /}]", "a part of its path begins with a dot"),
    "a hidden file to include": ("steps: [{include: .secrets/x.yaml}]", "a part of its path begins with a dot"),
    "a hidden file as a schema": ("steps: [{get: /, expect: {$: {schema: {file: .s.json}}}}]", "a part of its path begins with a dot"),
    "no check of certificates": ("steps: [{get: /, http: {verify: false}}]", "`verify`"),
    "no check of certificates, by default": ("defaults: {http: {verify: false}}\nsteps: [{get: /}]", "`verify`"),
    "a check that is computed": ("vars: {v: false}\nsteps: [{get: /, http: {verify: '{{ v }}'}}]", "`verify`"),
    "a CA of its own": ("steps: [{get: /, http: {verify: ca.pem}}]", "`verify`"),
    "a client certificate": ("steps: [{get: /, http: {cert: c.pem}}]", "`cert`"),
    "a proxy": ("steps: [{get: /, http: {proxy: 'http://127.0.0.1:1'}}]", "`proxy`"),
    "another address": ("steps: [{get: /, http: {resolve: {'a.test:80': 127.0.0.1}}}]", "`resolve`"),
    "a socket of this machine": ("steps: [{get: /, http: {unix_socket: /var/run/docker.sock}}]", "`unix_socket`"),
}  # fmt: skip


@pytest.mark.parametrize("name", WITHHELD)
def test_what_a_stranger_must_not_have_is_refused_before_anything_is_sent(
    name: str, runflow: Runflow, serve: Serve, write: Any
) -> None:
    text, said = WITHHELD[name]
    server = serve(healthy())
    for each in ("keys.txt", ".s.json", ".git/config.yaml", ".secrets/x.yaml", "ca.pem", "c.pem"):
        write(each, "[{a: 1}]")
    write("flow.yaml", f"base_url: {server.url}\n{text}\n")
    ended = runflow(
        "run", "--untrusted", "--allow-host", "127.0.0.1", "--driver", "curl", "flow.yaml", env={"API_KEY": SECRET}
    )
    assert ended.code == 2, ended.out + ended.err
    assert said in ended.err
    assert server.asked == []
    assert SECRET not in ended.out + ended.err


@pytest.mark.parametrize("text", [
    "steps: [{get: /, headers: {X: '{{ env.API_KEY | default(1) }}'}}]",
    "steps: [{get: /, json: '{{ env }}'}]",
    "vars: {n: API_KEY}\nsteps: [{get: /, headers: {X: '{{ env[n] }}'}}]",
]
)  # fmt: skip
def test_an_environment_that_is_asked_in_another_way_is_empty(
    text: str, runflow: Runflow, serve: Serve, write: Any
) -> None:
    server = serve(healthy())
    write("flow.yaml", f"base_url: {server.url}\n{text}\n")
    reports = ["--report", "jsonl=run.jsonl"]
    ended = runflow(
        "run", "--untrusted", "--allow-host", "127.0.0.1", *reports, "-vv", "flow.yaml", env={"API_KEY": SECRET}
    )
    assert ended.code in {0, 3}
    everything = ended.out + ended.err + (ended.folder / "run.jsonl").read_text()
    assert SECRET not in everything
    assert SECRET.encode() not in b"".join(server.asked)


def test_the_project_file_of_a_stranger_has_no_say(runflow: Runflow, serve: Serve, write: Any) -> None:
    server = serve(healthy())
    write(
        "runflow.yaml",
        "allow_hosts: ['127.0.0.1']\nfile_root: ..\nreports: {jsonl: out.jsonl}\ndefaults: {http: {verify: false}}\n",
    )
    write("flow.yaml", f"steps: [{{get: {server.url}/}}]\n")
    refused = runflow("run", "--untrusted", "--allow-host", "127.0.0.1", "flow.yaml")
    assert (refused.code, "refuses `verify`" in refused.err) == (2, True)
    write("runflow.yaml", "allow_hosts: ['127.0.0.1']\nfile_root: ..\nreports: {jsonl: out.jsonl}\n")
    ended = runflow("run", "--untrusted", "flow.yaml")
    assert (ended.code, server.asked) == (3, [])
    assert "not one of the allowed hosts" in ended.out
    assert not (ended.folder / "out.jsonl").exists()
    assert not (ended.folder / ".runflow").exists()


@pytest.mark.parametrize("option", ["--env-file", "--secrets-file", "--secrets"])
def test_an_option_that_gives_secrets_is_refused_beside_it(option: str, runflow: Runflow, write: Any) -> None:
    write("a.env", "A=1")
    write("flow.yaml", "steps: [{get: 'http://127.0.0.1:1/'}]\n")
    ended = runflow("run", "--untrusted", option, "a.env", "flow.yaml")
    assert (ended.code, option in ended.err) == (2, True)


@DRIVERS
def test_what_is_named_is_reached_and_what_is_given_is_used(
    driver: str, runflow: Runflow, serve: Serve, write: Any
) -> None:
    server = serve(healthy())
    write(
        "flow.yaml", f"inputs: [key]\nsteps: [{{get: {server.url}/, headers: {{X: '{{{{ key }}}}'}}, expect: 200}}]\n"
    )
    where = f"127.0.0.1:{server.port}"
    ended = runflow("run", "--untrusted", "--allow-host", where, "--var", "key=k-1", "--driver", driver, "flow.yaml")
    assert ended.code == 0, ended.out
    assert b"X: k-1" in server.asked[0]


@DRIVERS
def test_a_redirect_to_another_host_is_not_followed(driver: str, runflow: Runflow, serve: Serve, write: Any) -> None:
    other = serve(healthy())
    server = serve(redirecting(other.url.encode() + b"/next"))
    write("flow.yaml", f"steps: [{{get: {server.url}/, expect: 200}}]\n")
    where = f"127.0.0.1:{server.port}"
    ended = runflow("run", "--untrusted", "--allow-host", where, "--driver", driver, "flow.yaml")
    assert ended.code == 3
    assert f"nothing may be sent to 127.0.0.1:{other.port}" in ended.out
    assert other.asked == []


RESOLVER = """
import socket
real = socket.getaddrinfo
def fake(host, *rest, **more):
    return real("127.0.0.1" if str(host).rstrip(".").endswith(".localhost") else host, *rest, **more)
socket.getaddrinfo = fake
"""


@DRIVERS
def test_a_name_that_is_allowed_does_not_lead_inside(driver: str, runflow: Runflow, serve: Serve, write: Any) -> None:
    """Libcurl takes every name below `localhost` for this machine; Python's resolver is told to."""
    server = serve(healthy())
    site = write("site/sitecustomize.py", RESOLVER).parent
    write("flow.yaml", f"steps: [{{get: 'http://evil.localhost:{server.port}/', expect: 200}}]\n")
    words = ["run", "--untrusted", "--allow-host", "evil.localhost", "--driver", driver, "flow.yaml"]
    ended = runflow(*words, path=[site])
    assert ended.code == 3, ended.out
    assert "the host resolves to 127.0.0.1, which is not a public address" in ended.out
    assert server.met == 0
    allowed = runflow(*words, "--allow-host", "127.0.0.1", path=[site])
    assert allowed.code == 0, allowed.out


@DRIVERS
def test_allow_hosts_of_a_project_holds_without_it(driver: str, runflow: Runflow, serve: Serve, write: Any) -> None:
    server, other = serve(healthy()), serve(healthy())
    write("runflow.yaml", f"allow_hosts: ['127.0.0.1:{server.port}']\n")
    write(
        "flow.yaml",
        f"steps: [{{get: {server.url}/, headers: {{X: '{{{{ env.API_KEY }}}}'}}, expect: 200}}, {{get: {other.url}/}}]\n",
    )
    ended = runflow("run", "--driver", driver, "flow.yaml", env={"API_KEY": "k-123456"})
    assert ended.code == 3
    assert requests_of(server) == ["GET / HTTP/1.1"]
    assert other.asked == []
    assert "under `allow_hosts` in runflow.yaml" in ended.out


def test_a_host_that_is_none_is_refused(runflow: Runflow, write: Any) -> None:
    write("flow.yaml", "steps: [{get: 'http://127.0.0.1:1/'}]\n")
    ended = runflow("run", "--allow-host", "http://a.test", "flow.yaml")
    assert (ended.code, "is not a host" in ended.err) == (2, True)
    write("runflow.yaml", "allow_hosts: ['a.test/x']\n")
    ended = runflow("run", "flow.yaml")
    assert (ended.code, "runflow.yaml:1:15" in ended.err) == (2, True), ended.err
