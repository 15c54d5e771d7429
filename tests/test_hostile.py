"""A hostile file is safe to check: any bytes end quickly with an answer, in a process that neither crashes nor grows."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
MEMORY = 1_500_000_000
STEP = "steps:\n  - get: /x\n"

FILES = {
    "many duplicates": "a: 1\n" * 300_000,
    "many unknown keys": "steps:\n" + "".join(f"  - get: /x\n    k{number}: 1\n" for number in range(20_000)),
    "many bad templates": "steps:\n" + "".join(f"  - get: '/{{{{ a{number} | nope }}}}'\n" for number in range(5_000)),
    "one long broken line": "e: {" + "$" * 2_000_000 + " [",
    "one long broken line of colons": "a: b" + " :x" * 600_000 + ": c\n",
    "deep lists": "[" * 500_000,
    "deep maps": "{a: " * 200_000,
    "deep indentation": "".join(" " * depth + "a:\n" for depth in range(1500)),
    "deep parentheses": STEP + "    if: " + "(" * 50_000 + "\n",
    "a long expression": STEP + "    if: " + " + ".join(["a"] * 30_000) + "\nvars: {a: 1}\n",
    "a long template": STEP + "    body: '" + "{{ a + 1 }}" * 100_000 + "'\nvars: {a: 1}\n",
    "a plain template, long": STEP + "    headers: {X: '" + "{{ a }}" * 100_000 + "'}\nvars: {a: 1}\n",
    "a huge constant": STEP + "    if: \"'a' * 10**12 == 'b' or 9**9**9 > 1 or ('x' | center(10**11))\"\n",
    "a deep path": STEP + "    expect:\n      $" + "[?@" * 20_000 + ": 1\n",
    "a long path": STEP + "    expect:\n      $" + "['a']" * 200_000 + ": 1\n",
    "a pattern of groups": STEP + "    expect:\n      regex " + "(" * 100_000 + ": 1\n",
    "a large matrix": "matrix:\n" + "".join(f"  a{number}: [1, 2, 3, 4]\n" for number in range(30)) + STEP,
    "exploding aliases": "x-0: &a0 [1]\n"
    + "".join(f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 20)}]\n" for n in range(1, 20))
    + STEP,
    "a long key": "? " + "k" * 3_000_000 + "\n: 1\n",
    "nested anchors": "&a " * 10_000,
    "quotes": "'" * 1_000_001,
    "percent": "%" * 1_000_000,
    "a schema of references": STEP + "    expect: {$.a: {schema: {$ref: '#'}}}\n",
}


@pytest.mark.parametrize("name", FILES)
def test_checking_it_ends_with_an_answer(name: str, tmp_path: Path) -> None:
    (tmp_path / "hostile.yaml").write_text(FILES[name], encoding="utf-8")
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT)} | {
        k: v for k, v in os.environ.items() if k.startswith("COVERAGE")
    }
    done = subprocess.run(
        [sys.executable, "-m", "runner", "check", "hostile.yaml"],
        cwd=tmp_path, env=env, capture_output=True, timeout=40, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )  # fmt: skip
    assert done.returncode in {0, 2}, done.stderr[-2000:]
    assert b"Traceback" not in done.stderr
    assert len(done.stdout) + len(done.stderr) < 2_000_000
