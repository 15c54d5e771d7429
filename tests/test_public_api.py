"""The public API: each name exists, is documented, and has types that a program can rely on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import runflow

PROJECT = Path(__file__).parents[1]


def test_every_public_name_exists_and_no_other_does() -> None:
    for name in runflow.__all__:
        assert getattr(runflow, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = runflow.nothing


def test_the_sample_uses_every_public_name_and_the_readme_names_it() -> None:
    sample = (PROJECT / "tests" / "public_api_sample.py").read_text(encoding="utf-8")
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    for name in runflow.__all__:
        assert f"runflow.{name}" in sample, name
        assert f"`{name}`" in readme or f"runflow.{name}" in readme, name


def test_importing_the_package_imports_none_of_its_parts() -> None:
    code = "import runflow, sys; print([name for name in sys.modules if name.startswith('runflow.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert done.stdout == "['runflow.version']\n"


@pytest.mark.slow
def test_mypy_accepts_a_program_that_uses_the_api_and_finds_its_mistakes(tmp_path: Path) -> None:
    (tmp_path / "runflow").symlink_to(PROJECT / "runner")  # mypy does not look into editable installations
    words = (
        "--strict",
        "--config-file=",
        "--follow-imports=silent",
        "--ignore-missing-imports",
        "--python-version=3.11",
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *words, "--cache-dir", tmp_path / "cache", PROJECT / "tests" / "public_api_sample.py"],
        cwd=tmp_path, env={**os.environ, "MYPYPATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
