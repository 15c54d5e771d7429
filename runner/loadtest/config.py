"""The configuration that `runflow load` passes to its locustfile in an environment variable."""

from __future__ import annotations

from typing import Any

import msgspec

CONFIG_VARIABLE = "RUNFLOW_LOAD"


class LoadConfig(msgspec.Struct, frozen=True):
    """The configuration of a load test.

    Attributes:
        paths: The files of the workflows.
        statistics: The file that the statistics are written to.
        given: The variables of the command line (`--var`).
        environment: The environment of the project (`-e`), or "".
        base_url: Replaces the base URL of the files (Locust's `--host`), or "".
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
