"""The hand-written scripts that runflow is held against: `requests.Session` and `jsonpath-ng`, as anybody would write them."""

from __future__ import annotations

import sys
import time

import requests
from jsonpath_ng import parse


def steps(url: str, count: int) -> float:
    """Seconds for `count` steps, each a URL, a status and a JSON value; imports aside."""
    started = time.perf_counter()
    session = requests.Session()
    path = parse("$.id")
    base = "a"
    for number in range(count):
        response = session.get(f"{url}/items/{base}{number}")
        assert response.status_code == 200
        assert [match.value for match in path.find(response.json())] == [7]
    return time.perf_counter() - started


def login(url: str) -> None:
    """The main job."""
    session = requests.Session()
    response = session.post(f"{url}/login", json={"username": "ada", "password": "correct-horse"})
    assert response.status_code == 200
    token = parse("$.token").find(response.json())[0].value
    response = session.get(f"{url}/users/me", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 200
    assert "json" in response.headers["Content-Type"]
    data = response.json()
    assert parse("$.username").find(data)[0].value == "ada"
    assert "admin" in parse("$.roles").find(data)[0].value


if __name__ == "__main__":
    if sys.argv[1] == "login":
        login(sys.argv[2])
    else:
        print(steps(sys.argv[2], int(sys.argv[3])))
