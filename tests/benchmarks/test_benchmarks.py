"""The benchmarks run; what they measure is for people to read, never a test. `.ci/peers` runs them with their large numbers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from limits import limit
from needs import need

HERE = Path(__file__).parent


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "rows"),
    [
        ("main_job.py", 7),
        ("tokens.py", 4),
        ("suites.py", 9),
        ("reports.py", 7),
        ("soak.py", 5),
        ("growth.py", 12),
    ],
)
def test_a_benchmark_prints_its_table(script: str, rows: int) -> None:
    need("nginx")
    done = subprocess.run(
        [sys.executable, str(HERE / script), "--quick"],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=limit(30),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n| ") >= rows
