"""What `runflow load` tells its locustfile, through an environment variable."""

from __future__ import annotations

from typing import Any

import msgspec

CONFIG_VARIABLE = "RUNFLOW_LOAD"


class LoadConfig(msgspec.Struct, frozen=True):
    """A load test.

    Attributes:
        paths: Of the workflows.
        statistics: The file that takes what was measured.
        given: Names and values (`--var`).
        environment: Of the project (`-e`), or "".
        base_url: In place of what the files say (Locust's `--host`), or "".
    """

    paths: list[str]
    statistics: str
    given: dict[str, Any] = {}
    environment: str = ""
    file_root: str = ""
    base_url: str = ""
    allow_hosts: list[str] = []
    secrets_files: list[str] = []
    secrets: list[str] = []
