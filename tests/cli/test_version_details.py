"""`runflow --version -v` says what is installed, and warns of the foreign distribution that has our import name."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runflow.version import __version__

PROJECT = Path(__file__).parents[2]


def installed(folder: Path, name: str, version: str, *requirements: str) -> None:
    """The metadata of a distribution in a folder of the path."""
    metadata = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir()
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {name}",
        f"Version: {version}",
        *(f"Requires-Dist: {each}" for each in requirements),
    ]
    (metadata / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def details(runflow_process: Any, tmp_path: Path) -> Any:
    """Runs `--version -v` where a folder comes first on the path."""
    site = tmp_path / "site"
    site.mkdir()
    return lambda *args: runflow_process(*args, env={"PYTHONPATH": f"{site}:{PROJECT}"}), site


@pytest.mark.parametrize("args", [("--version", "-v"), ("-V", "-v"), ("-v", "--version"), ("--verbose", "--version")])
def test_the_versions_of_python_drivers_and_extras_are_shown(runflow: Any, args: tuple[str, ...]) -> None:
    ended = runflow(*args)
    assert (ended.code, ended.err) == (0, "")
    lines = [line.split() for line in ended.out.splitlines()]
    assert lines[0] == ["runflow", __version__]
    assert ["distribution", "runflow-http", __version__] in [line[:3] for line in lines]
    assert ["Python", platform.python_version()] in [line[:2] for line in lines]
    drivers = lines[lines.index(["drivers"]) + 1 : lines.index(["extras"]) - 1]
    assert [(name, library.partition("/")[0]) for name, library, *_ in drivers] == [
        ("requests", "requests"),
        ("curl", "PycURL"),
    ]
    assert any(word.startswith("libcurl/") for word in drivers[1])
    extras = {line[0]: line[1:] for line in lines[lines.index(["extras"]) + 1 :]}
    assert extras["xml"][::2] == ["lxml", "elementpath", "cssselect"]
    assert not extras.keys() & {"all", "dev"}


def test_an_extra_that_is_not_installed_and_a_driver_that_does_not_load_say_what_to_do(details: Any) -> None:
    show, site = details
    installed(
        site,
        "runflow-http",
        __version__,
        'no-such-library>=1; python_version > "3" and extra == "imaginary"',
        "requests>=2",
    )
    (site / "pycurl.py").write_text("raise ImportError('libcurl.so.4 is missing')\n", encoding="utf-8")
    out = show("--version", "-v").out
    assert "imaginary     not installed: no-such-library (→ pip install 'runflow-http[imaginary]')" in out
    assert "libcurl.so.4 is missing (→ pip install --upgrade pycurl)" in out


def test_the_foreign_distribution_beside_ours_is_a_warning(details: Any) -> None:
    show, site = details
    installed(site, "runflow", "9.9")
    ended = show("--version", "-v")
    assert ended.code == 0
    assert "warning: the distribution `runflow` 9.9 is installed beside runflow-http" in ended.err
    assert "pip uninstall runflow, then install runflow-http again" in ended.err
    assert show("--version").err == ""


def test_the_version_alone_imports_nothing_more() -> None:
    code = (
        "import sys; from runflow.cli import main\n"
        "sys.argv = ['runflow', '--version']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'importlib.metadata', 'requests', 'pycurl', 'runflow.drivers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert done.stdout == f"runflow {__version__}\n[]\n"
