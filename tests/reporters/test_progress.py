"""Progress: what is under way and how long it will take; a display on a terminal, a line now and then in a log."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest
from command import BARE
from limits import wait_for
from processes import on_terminal

from runflow.model.results import Verdict
from runflow.reporters.progress import Progress, shown_in_log, shown_on_terminal


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_counts_and_estimates_from_what_was() -> None:
    clock = Clock()
    progress = Progress(10, clock)
    assert progress.line() == "0 of 10 workflows, 0 ms"
    for number in range(9):
        progress.began(number, f"run {number}\x1b")
    clock.now = 20.0
    progress.ended(0, Verdict.PASSED)
    progress.ended(1, Verdict.FAILED)
    assert progress.line() == "2 of 10 workflows, 1 not passed, 20.00 s, about 1 min 20 s left"
    assert progress.running() == [f"run {number}\\x1b  20.00 s" for number in range(2, 8)] + ["and 1 more"]
    for number in range(2, 10):
        progress.ended(number, Verdict.SKIPPED)
    assert progress.line() == "10 of 10 workflows, 1 not passed, 20.00 s"
    assert progress.running() == []


def test_a_log_gets_a_line_now_and_then() -> None:
    stream = io.StringIO()
    progress = Progress(2)
    with shown_in_log(progress, stream, every=0.01):
        progress.began(0, "slow")
        wait_for(lambda: stream.getvalue().count("\n") >= 3, what="the third line")
    lines = stream.getvalue().splitlines()
    assert lines[-1].startswith("... 0 of 2 workflows, ")
    assert "; running: slow  " in lines[-1]


def test_lines_appear_above_the_display_whole_and_as_they_are() -> None:
    stream = io.StringIO()
    progress = Progress(3, clock := Clock())
    clock.now = 5.0
    progress.began(0, "[bold]slow[/bold]")
    with shown_on_terminal(progress, stream) as above:
        above.write("one [red]line[/red] that is ")
        above.write("longer than the terminal " * 6 + "\n")
    text = stream.getvalue()
    assert "one [red]line[/red] that is longer than the terminal longer" in text
    assert text.count("\n") == 1  # a display is drawn on terminals only; what is written is not wrapped


def _on_terminal(folder: Path, *words: str) -> str:
    env = BARE | {"TERM": "xterm-256color", "COLUMNS": "100"}
    return on_terminal([sys.executable, "-m", "runflow", *words], cwd=folder, env=env)[1]


@pytest.mark.slow
def test_a_long_run_shows_itself_on_a_terminal_and_cleans_up(demo: str, tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.yaml").write_text(
            f"base_url: {demo}\nsteps:\n  - {{name: wait, get: /delay/1.6, expect: 200}}\n"
        )
    shown = _on_terminal(tmp_path, ".", "--no-store")
    assert "0 of 3 workflows, 1." in shown
    assert "3 workflows passed" in shown
    quiet = _on_terminal(tmp_path, ".", "--no-store", "-q")
    assert "of 3 workflows" not in quiet


def test_piped_and_quiet_it_says_nothing(demo: str, tmp_path: Path, runflow: Any) -> None:
    for name in "ab":
        (tmp_path / f"{name}.yaml").write_text(f"base_url: {demo}\nsteps:\n  - {{get: /health, expect: 200}}\n")
    for words in (["-q"], []):
        ended = runflow(".", *words)
        assert (ended.code, ended.err) == (0, "")
