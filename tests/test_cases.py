"""A flow for each kind of failure, with its exact output and exit code.

The demo API is the server's part. `RUNFLOW_UPDATE_CASES=1 pytest tests/test_cases.py` writes the outputs anew; read the diff.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

CASES = Path(__file__).parent / "cases"
FLOWS = sorted(path for path in CASES.glob("*.yaml") if not path.name.startswith("_"))
_VARYING = (
    (re.compile(r"127\.0\.0\.1:(?!1/|1\b)\d+"), "HOST"),
    (re.compile(r"\b\d+ ms|\b\d+\.\d\d s\b|\b\d+ days\b"), "TIME"),
    (re.compile(r"Date: .*"), "Date: DATE"),
    (re.compile(r"runflow/[\d.]+"), "runflow/VERSION"),
    (re.compile(r"Content-Length: \d{3,}"), "Content-Length: LENGTH"),
    (re.compile(r'"(token|refresh_token)": "[^"]+"'), r'"\1": "…"'),
    (re.compile(r"\d+ more characters"), "N more characters"),
)


@pytest.mark.parametrize("flow", FLOWS, ids=lambda path: path.stem)
def test_a_failure_says_exactly_this(flow: Path, runflow: Any, demo_env: dict[str, str]) -> None:
    ended = runflow(flow.name, env=demo_env, cwd=CASES)
    text = f"exit {ended.code}\n{ended.out}{ended.err}"
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    expected = flow.with_suffix(".txt")
    if os.environ.get("RUNFLOW_UPDATE_CASES"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")
    assert demo_env["API_PASSWORD"] not in text
    assert "Traceback" not in text


def test_there_is_a_case_for_each_way_to_fail() -> None:
    codes = {path.read_text(encoding="utf-8").split("\n", 1)[0] for path in CASES.glob("*.txt")}
    assert codes == {"exit 1", "exit 2", "exit 3"}
    assert len(FLOWS) >= 15
