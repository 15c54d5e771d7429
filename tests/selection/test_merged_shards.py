"""The recipe of the README for shards: five processes, each with a fifth, give the reports of one run."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest
from command import BARE
from limits import limit
from processes import commands

COUNT = 5
GOOD = "name: {name}\nbase_url: {url}\nsteps:\n  - {{name: wait, get: /delay/{seconds}, expect: 200}}\n"
BAD = "name: {name}\nbase_url: {url}\nsteps:\n  - {{name: look, get: /status/500, expect: 200}}\n  - {{get: /health, expect: 200}}\n"
CASES = (
    "name: {name}\nbase_url: {url}\ncases: [{{a: 1}}, {{a: 2}}, {{a: 3}}]\nsteps:\n"
    "  - {{name: echo, get: '/echo?a={{{{ a }}}}', expect: {{$.query.a: '1'}}}}\n"
)


def ended(process: subprocess.Popen[str]) -> int:
    process.communicate(timeout=limit(6))
    return process.returncode


def told(path: Path) -> str:
    """A report without what no two runs have in common: when, how long, which moment a server named."""
    text = re.sub(r"[A-Za-z0-9+/]{40,}={0,2}", unpacked, path.read_text(encoding="utf-8"))
    text = re.sub(r'"(started|seconds|elapsed|duration|sent_at|waited)":-?[\d.e+-]+', r'"\1":0', text)
    text = re.sub(r'\b(time|timestamp|hostname|id)="[^"]*"', r'\1=""', text)
    text = re.sub(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", "DATE", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\dZ+:]*", "DATE", text)
    text = re.sub(r"\d+(\.\d+)? (ms|s)\b|\d+ min \d+ s", "TIME", text)
    rows = re.compile(r"(?:^<tr>.*</tr>\n)+", re.MULTILINE)  # the slowest step comes first, whichever that was
    return rows.sub(lambda found: "".join(sorted(found[0].splitlines(keepends=True))), text)


def unpacked(found: re.Match[str]) -> str:
    """The data of the page, which stands in it packed."""
    try:
        return zlib.decompress(base64.b64decode(found[0])).decode()
    except (ValueError, zlib.error):
        return found[0]


@pytest.fixture
def suite(tmp_path: Path, demo: str) -> Path:
    """Forty files, whose durations vary by a hundred."""
    for number in range(40):
        text = BAD if number % 13 == 5 else CASES if number % 11 == 3 else GOOD
        seconds = 0.5 if number % 8 == 0 else 0.005
        (tmp_path / f"w{number:02}.yaml").write_text(text.format(name=f"w{number:02}", url=demo, seconds=seconds))
    return tmp_path


@pytest.mark.slow
def test_five_shards_on_five_processes_give_the_reports_of_one_run(suite: Path) -> None:
    whole = ("--report", "junit=whole.xml", "--report", "html=whole.html", "--report", "jsonl=whole.jsonl")
    parts = [f"part-{index}.jsonl" for index in range(1, COUNT + 1)]
    with commands(cwd=suite, env=BARE) as start:
        assert ended(start("run", ".", "-q", "--seed", "7", *whole)) == 1
        shards = [
            start("run", ".", "-q", "--seed", "7", "--shard", f"{index}/{COUNT}", "--report", f"jsonl={part}")
            for index, part in enumerate(parts, 1)
        ]
        assert {ended(each) for each in shards} <= {0, 1}
        merged = start("report", *parts, "--report", "junit=merged.xml", "--report", "html=merged.html")
        assert ended(merged) == 1
    for kind in ("xml", "html"):
        assert told(suite / f"merged.{kind}") == told(suite / f"whole.{kind}")
    _balanced(suite, parts)


def _balanced(suite: Path, parts: list[str]) -> None:
    """By the durations that the whole run recorded, the slowest shard has at most 1.2 times the mean."""
    seconds = dict(_runs(suite / "whole.jsonl"))
    assert max(seconds.values()) / min(seconds.values()) > 50
    totals = [sum(seconds[name] for name, _ in _runs(suite / part)) for part in parts]
    assert sum(totals) == pytest.approx(sum(seconds.values()))
    assert max(totals) < 1.2 * sum(totals) / COUNT


def _runs(path: Path) -> list[tuple[str, float]]:
    lines: list[dict[str, Any]] = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    ends = [line["workflow"] for line in lines if line["event"] == "workflow_finished"]
    return [(f"{each['file']} {each.get('label', '')}", each["seconds"]) for each in ends]
