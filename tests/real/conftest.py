"""Real servers that ask who is there, each a process on a free port; where one is missing, its tests say how to get it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from limits import limit, wait_for
from needs import VENV, need, node
from processes import starter

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
OIDC = Path(__file__).parent / "oidc"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def wait_until_it_responds(url: str, process: subprocess.Popen[Any]) -> None:
    """Until a server sends any response at all."""

    def responds() -> bool:
        assert process.poll() is None, f"{process.args} ended with {process.returncode}"
        try:
            requests.get(url, timeout=limit(1))
        except requests.ConnectionError:
            return False
        return True

    wait_for(responds, expected=3, what=f"a response of {url}")


@pytest.fixture
def process() -> Iterator[Callable[..., subprocess.Popen[Any]]]:
    """Starts processes that end with the test."""
    with starter(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as start:
        yield start


@pytest.fixture
def oidc(process: Any) -> Callable[..., str]:
    """Starts oidc-provider, a certified OpenID provider: `oidc(ttl=600)` gives its URL."""
    program = node(OIDC / "node_modules" / "oidc-provider")

    def start(ttl: int = 600) -> str:
        environment = os.environ | {"ACCESS_TTL": str(ttl)}
        server = process(program, str(OIDC / "server.mjs"), stdout=subprocess.PIPE, env=environment, text=True)
        url: str = server.stdout.readline().strip()
        assert url.startswith("http"), "oidc-provider does not start"
        return url

    return start


@pytest.fixture
def etcd(process: Any, tmp_path: Path) -> str:
    """The URL of etcd with authentication on; root's password is `root-password`."""
    need("etcd")
    urls = [f"http://127.0.0.1:{free_port()}" for _ in range(2)]
    server = process(
        "etcd", "--data-dir", str(tmp_path / "etcd"), "--listen-client-urls", urls[0], "--advertise-client-urls", urls[0],
        "--listen-peer-urls", urls[1], "--initial-advertise-peer-urls", urls[1], "--initial-cluster", f"default={urls[1]}",
    )  # fmt: skip
    wait_until_it_responds(f"{urls[0]}/health", server)
    for path, body in (
        ("user/add", {"name": "root", "password": "root-password"}), ("user/grant", {"user": "root", "role": "root"}), ("enable", {}),
    ):  # fmt: skip
        wait_for(  # it responds before it has a leader
            lambda path=path, body=body: requests.post(f"{urls[0]}/v3/auth/{path}", json=body, timeout=limit(1)).ok,  # type: ignore[misc]  # defaults
            what=f"{path} of etcd",
        )
    return urls[0]


@pytest.fixture
def moto(process: Any) -> tuple[str, dict[str, str]]:
    """The URL of moto's AWS, which checks signatures, and a key that it knows."""
    pytest.importorskip("moto", reason=f"moto missing: {sys.executable} -m pip install 'moto[server]'")
    port = free_port()
    server = process(str(VENV / "moto_server"), "-p", str(port), env=os.environ | {"INITIAL_NO_AUTH_ACTION_COUNT": "3"})
    url = f"http://127.0.0.1:{port}"
    wait_until_it_responds(f"{url}/moto-api/", server)
    ask = {"Version": "2010-05-08", "UserName": "checks"}
    said = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=x/20200101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=x"
    }
    policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    for action in (
        {"Action": "CreateUser"}, {"Action": "PutUserPolicy", "PolicyName": "all", "PolicyDocument": policy}, {"Action": "CreateAccessKey"},
    ):  # fmt: skip
        done = requests.post(url, data=ask | action, headers=said, timeout=limit(1))
        assert done.ok, done.text

    def between(tag: str) -> str:
        return str(done.text.split(f"<{tag}>")[1].split("<")[0])

    return url, {"AWS_KEY": between("AccessKeyId"), "AWS_SECRET": between("SecretAccessKey")}


@pytest.fixture
def nginx_basic() -> Iterator[str]:
    """The URL of nginx, which lets in ada with her password."""
    from nginx import Nginx

    need("nginx")
    locations = 'root FOLDER; location / { auth_basic "staff only"; auth_basic_user_file FOLDER/users; try_files /page.json =404; }'
    files = {"users": "ada:{PLAIN}correct-horse\n", "page.json": '{"in": true}'}
    with Nginx(locations, files) as url:
        yield url
