"""The types of the Python API, as `mypy --strict` sees them in a user's code: what is right passes, each mistake is found."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import runflow

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1] / "runner"
Mypy = Callable[[str], str]


@pytest.fixture(scope="module")
def mypy(tmp_path_factory: pytest.TempPathFactory) -> Mypy:
    """Checks a file of this folder; returns the output. mypy does not see an editable install that renames a folder."""
    pytest.importorskip("mypy", reason="pip install 'runflow-http[dev]'")
    folder = tmp_path_factory.mktemp("typing")
    (folder / "src").mkdir()
    (folder / "src" / "runflow").symlink_to(PACKAGE, target_is_directory=True)
    (folder / "mypy.ini").write_text("[mypy]\nstrict = true\nfollow_imports = silent\nshow_error_codes = true\n")

    def check(file: str) -> str:
        words = ["-m", "mypy", "--config-file", folder / "mypy.ini", "--cache-dir", folder / "cache", "--no-error-summary", HERE / file]  # fmt: skip
        environment = {**os.environ, "MYPYPATH": str(folder / "src")}
        ended = subprocess.run([sys.executable, *words], env=environment, capture_output=True, text=True, check=False)
        return ended.stdout + ended.stderr

    return check


def test_code_that_uses_the_api_rightly_is_accepted(mypy: Mypy) -> None:
    assert mypy("sample.py") == ""


def test_each_mistake_is_found_on_its_line(mypy: Mypy) -> None:
    lines = (HERE / "wrong.py").read_text(encoding="utf-8").splitlines()
    expected = {
        number: found[1] for number, line in enumerate(lines, 1) if (found := re.search(r"# mypy: ([\w-]+)$", line))
    }
    reported = re.findall(r":(\d+): error: .*\[([\w-]+)\]$", mypy("wrong.py"), re.MULTILINE)
    assert {int(number): code for number, code in reported} == expected


def test_every_public_name_is_there_and_documented() -> None:
    assert set(dir(runflow)) == set(runflow.__all__)
    for name in runflow.__all__:
        assert getattr(runflow, name) is not None or name == "MISSING"
        assert name == "__version__" or f"`{name}`" in str(runflow.__doc__), name
    with pytest.raises(AttributeError, match="has no attribute 'Loader'"):
        runflow.Loader  # type: ignore[attr-defined]  # noqa: B018  # reading it is what is tested


def test_the_sample_uses_every_public_name_and_the_readme_names_it() -> None:
    sample = (HERE / "sample.py").read_text(encoding="utf-8")
    readme = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")
    for name in runflow.__all__:
        assert f"runflow.{name}" in sample, name
        assert f"`{name}`" in readme or f"runflow.{name}" in readme, name


def test_importing_the_package_imports_none_of_its_parts() -> None:
    code = "import runflow, sys; print([name for name in sys.modules if name.startswith('runflow.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert done.stdout == "['runflow.version']\n"


def test_the_package_says_that_it_has_types() -> None:
    assert (PACKAGE / "py.typed").is_file()
