"""What several tests of execution need."""

from __future__ import annotations

import pytest

from runflow.demo.api import DemoApi


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the requests that came to the demo API."""
    paths: list[str] = []
    original = DemoApi.respond
    monkeypatch.setattr(
        DemoApi, "respond", lambda self, request: (paths.append(request.path), original(self, request))[1]
    )
    return paths
