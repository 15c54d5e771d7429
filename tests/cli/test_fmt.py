"""`runflow fmt`: writes what changes, checks without writing, leaves alone what is broken."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parent.parent.parent
UGLY = "steps:\n- get: http://127.0.0.1/   # here\n  expect: {status: 200}\n"
NEAT = "steps:\n  - get: http://127.0.0.1/ # here\n    expect: { status: 200 }\n"


def test_it_writes_what_changes_and_is_then_content(runflow: Any, write: Any) -> None:
    ugly, inside, neat, other = (
        write("ugly.yaml", UGLY),
        write("sub/_inside.yml", UGLY),
        write("neat.yaml", NEAT),
        write("x.txt", UGLY),
    )
    ugly.chmod(0o640)
    checked = runflow("fmt", ".", "--check")
    assert checked.code == 1
    assert checked.out.splitlines() == [
        "would change: ugly.yaml",
        "would change: sub/_inside.yml",
        "3 files, 2 would change",
    ]
    assert ugly.read_text() == UGLY
    assert runflow("fmt", ".").code == 0
    assert [each.read_text() for each in (ugly, inside, neat, other)] == [NEAT, NEAT, NEAT, UGLY]
    assert ugly.stat().st_mode & 0o777 == 0o640
    again = runflow("fmt", ".", "--check")
    assert (again.code, again.out) == (0, "3 files, 0 would change\n")


def test_a_broken_file_is_said_and_left_alone_and_the_others_are_done(runflow: Any, write: Any) -> None:
    broken, ugly = write("a.yaml", "steps: [\n"), write("b.yaml", UGLY)
    ended = runflow("fmt", ".")
    assert ended.code == 2
    assert "a.yaml:" in ended.err
    assert "1 problem in 1 file; these files were not changed" in ended.err
    assert (broken.read_text(), ugly.read_text()) == ("steps: [\n", NEAT)


def test_standard_input_goes_to_standard_output(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "runflow", "fmt", "-"]
    done = subprocess.run(words, input=UGLY.encode(), capture_output=True, cwd=PROJECT, check=False)
    assert (done.returncode, done.stdout.decode()) == (0, NEAT)
    broken = subprocess.run(words, input=b"a: [", capture_output=True, cwd=PROJECT, check=False)
    assert (broken.returncode, broken.stdout) == (2, b"")


def test_nothing_to_lay_out_is_5_and_no_path_is_2(runflow: Any, write: Any) -> None:
    write("x.txt", "")
    assert runflow("fmt", ".").code == 5
    assert runflow("fmt").code == 2
    assert runflow("fmt", "nothing.yaml").code == 2
