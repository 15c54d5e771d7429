"""The hand-written scripts that runflow is held against: `requests.Session` and `jsonpath-ng`, as anybody would write them."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor

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


def workflows(url: str, first: int, last: int) -> None:
    """Two-step workflows one after the other: log in, fetch with the token."""
    session = requests.Session()
    token_path, id_path = parse("$.token"), parse("$.id")
    for number in range(first, last):
        response = session.post(f"{url}/login", json={"username": f"user{number}", "password": "correct-horse"})
        assert response.status_code == 200
        token = token_path.find(response.json())[0].value
        response = session.get(f"{url}/items/{number}", headers={"Authorization": f"Bearer {token}"})
        assert response.status_code == 200
        assert [match.value for match in id_path.find(response.json())] == [7]


def threads(url: str, count: int, workers: int) -> float:
    """Seconds for many workflows on a pool of threads, each with a session of its own; imports aside."""
    started = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        bounds = [count * number // workers for number in range(workers + 1)]
        list(pool.map(lambda number: workflows(url, bounds[number], bounds[number + 1]), range(workers)))
    return time.perf_counter() - started


if __name__ == "__main__":
    if sys.argv[1] == "login":
        login(sys.argv[2])
    elif sys.argv[1] == "workflows":
        workflows(sys.argv[2], 0, int(sys.argv[3]))
    elif sys.argv[1] == "threads":
        print(threads(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
    else:
        print(steps(sys.argv[2], int(sys.argv[3])))
