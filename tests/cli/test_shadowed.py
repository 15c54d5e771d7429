"""Files of the user that are called like our folder or our package: each way to start runflow ignores them, or names them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SCRIPTS = Path(sys.executable).parent
FLOW = "steps:\n  - set: {a: 1}\n"
QUIET = ("-q", "-p", "no:cacheprovider", "-W", "ignore")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.flow.yaml").write_text(FLOW, encoding="utf-8")
    (tmp_path / "test_a.py").write_text("def test_a(): pass\n", encoding="utf-8")
    (tmp_path / "runner.py").write_text("raise SystemExit('runner.py of the user was imported')\n", encoding="utf-8")
    return tmp_path


def run(folder: Path, *words: str | Path) -> tuple[int, str]:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def shadow(folder: Path) -> None:
    (folder / "runflow.py").write_text("", encoding="utf-8")


def test_the_command_ignores_both(folder: Path) -> None:
    shadow(folder)
    code, output = run(folder, SCRIPTS / "runflow", "run", "a.flow.yaml")
    assert (code, "1 workflow passed" in output) == (0, True), output


def test_the_command_pytest_ignores_both(folder: Path) -> None:
    shadow(folder)
    code, output = run(folder, SCRIPTS / "pytest", *QUIET)
    assert (code, "2 passed" in output) == (0, True), output


def test_pytest_as_a_module_ignores_a_runner_and_names_a_runflow(folder: Path) -> None:
    code, output = run(folder, sys.executable, "-m", "pytest", *QUIET)
    assert (code, "2 passed" in output) == (0, True), output
    shadow(folder)  # Python looks into the working directory first: nothing of ours is imported
    code, output = run(folder, sys.executable, "-m", "pytest", *QUIET)
    assert (code != 0, "'runflow' is not a package" in output) == (True, True), output


def test_runflow_as_a_module_ignores_a_runner(folder: Path) -> None:
    code, output = run(folder, sys.executable, "-m", "runflow", "a.flow.yaml")
    assert (code, "1 workflow passed" in output) == (0, True), output


def test_the_folder_is_not_a_module_to_run() -> None:
    code, output = run(PROJECT, sys.executable, "-m", "runner", "--version")
    assert (code, output) == (1, "run it as: python -m runflow\n")
