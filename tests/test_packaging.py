"""The distribution: its wheel and sdist are complete, work on their own, and have the one name that every command and hint uses."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from runflow.cli.root import COMMANDS
from runflow.version import __version__

PROJECT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
NAME = PYPROJECT["project"]["name"]
EXTRAS = PYPROJECT["project"]["optional-dependencies"]
TEXTS = (".cfg", ".css", ".html", ".j2", ".js", ".json", ".md", ".py", ".sh", ".toml", ".txt", ".yaml", ".yml", "")
SKIPPED = {
    ".runflow",
    ".git",
    ".venv",
    ".venvs",
    "__pycache__",
    "node_modules",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
}
INSTALLED_NAME = re.compile(
    r"\b(?:pip3? (?:install|download|wheel)|pipx \w+|uv tool \w+|uv add|uv run|uvx)\b([^\n`;&|]*)"
)


def project_files(folder: Path) -> Iterator[Path]:
    """The files of a folder that belong to the project, without what tools leave there."""
    for path in sorted(folder.iterdir()):
        if path.name in SKIPPED or path.name.endswith(".egg-info"):
            continue
        if path.is_dir():
            yield from project_files(path)
        elif path.suffix not in {".pyc", ".log"}:
            yield path


def names_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in project_files(folder)}


def run(*words: str | Path, cwd: Path) -> str:
    """The output of a command that must end with 0, without this environment's variables of Python."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, built in a copy, and unpacked."""
    pytest.importorskip("setuptools", "77", reason=f"run: {sys.executable} -m pip install 'setuptools>=77'")
    folder = tmp_path_factory.mktemp("sdist")
    shutil.copytree(PROJECT, folder / "copy", ignore=shutil.ignore_patterns(*SKIPPED, "*.egg-info", "build", "dist"))
    run(sys.executable, "-c", "from setuptools.build_meta import build_sdist as b; b('..')", cwd=folder / "copy")
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


@pytest.fixture(scope="module")
def wheel(sdist: Path) -> Path:
    """The wheel, built from the sdist, as installers do it."""
    code = "from setuptools.build_meta import build_wheel as b; b('..')"
    run(sys.executable, "-W", "error", "-c", code, cwd=sdist)  # a warning of setuptools says what will not be packaged
    (archive,) = sdist.parent.glob("*.whl")
    return archive


def test_the_packages_are_all_folders_with_code() -> None:
    folders = {path.parent.relative_to(PROJECT / "runner") for path in (PROJECT / "runner").rglob("*.py")}
    expected = sorted(".".join(("runflow", *folder.parts)) for folder in folders)
    assert sorted(PYPROJECT["tool"]["setuptools"]["packages"]) == expected


@pytest.mark.slow
def test_the_wheel_has_every_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    package = {name.removeprefix("runflow/") for name in inside if name.startswith("runflow/")}
    assert package == names_in(PROJECT / "runner")
    assert {name.partition("/")[0] for name in inside} == {
        "runflow",
        f"runflow_http-{wheel.name.split('-')[1]}.dist-info",
    }
    for name in ("py.typed", "cli/scaffold/github.yml", "reporters/html/page.js"):
        assert name in package  # a rule of package data that finds nothing is an empty set on both sides


@pytest.mark.slow
def test_the_sdist_has_what_its_tests_need(sdist: Path) -> None:
    inside = names_in(sdist)
    for folder in ("runner", "tests", "workflows", "schemas", ".ci"):
        assert {f"{folder}/{name}" for name in names_in(PROJECT / folder)} <= inside
    assert {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "MANIFEST.in"} <= inside
    assert not [path for path in sdist.rglob("*") if path.name in {"__pycache__", "node_modules"}]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of a new environment that has the wheel; what it depends on is this environment's."""
    folder = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    python = folder / "bin" / "python"
    words = ("install", "-q", "--no-index", "--no-deps", "--disable-pip-version-check")
    run(sys.executable, "-m", "pip", "--python", python, *words, wheel, cwd=folder)
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder / "bin"


@pytest.mark.slow
def test_the_installed_wheel_runs_from_another_folder(installed: Path, tmp_path: Path) -> None:
    """Beside files of the user's that have the names of our folder and of our package."""
    for name in ("runner.py", "runflow.py"):
        (tmp_path / name).write_text("raise SystemExit('the file of the user was imported')\n", encoding="utf-8")
    code = f"from importlib.metadata import version; print('runflow', version({NAME!r}))"
    version = run(installed / "python", "-P", "-c", code, cwd=tmp_path)
    assert run(installed / "runflow", "--version", cwd=tmp_path) == version
    workflow = PROJECT / "workflows" / "login_then_fetch.yaml"
    shutil.copy(workflow, tmp_path)
    assert "1 workflow passed" in run(installed / "runflow", "--demo", workflow.name, cwd=tmp_path)
    run(installed / "runflow", "init", "shop", cwd=tmp_path)
    assert (tmp_path / "shop" / ".gitlab-ci.yml").is_file()
    assert str(installed.parent) in run(
        installed / "python", "-P", "-c", "import runflow; print(runflow.__file__)", cwd=tmp_path
    )


@pytest.mark.slow
def test_a_file_of_the_user_with_our_names_leaves_their_pytest_alone(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "test_shop.py").write_text("def test_shop(): pass\n", encoding="utf-8")
    others = (
        "asyncio",
        "anyio",
        "cacheprovider",
        "faker",
        "hypothesispytest",
        "locust",
        "pytest_cov",
        "pytest-lsp",
        "xdist",
    )
    words = ("-m", "pytest", "-q", "-W", "ignore", *(f"-pno:{name}" for name in others))
    (tmp_path / "runner.py").write_text("", encoding="utf-8")
    assert "1 passed" in run(installed / "python", *words, cwd=tmp_path)
    (tmp_path / "runflow.py").write_text("", encoding="utf-8")
    assert "1 passed" in run(installed / "python", "-P", *words, cwd=tmp_path)  # as the command `pytest` starts
    done = subprocess.run([installed / "python", *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "'runflow' is not a package" in done.stderr  # the folder comes before every installed package


def test_the_extra_all_has_every_extra_that_people_run() -> None:
    people = set(EXTRAS) - {"all", "dev"}
    assert EXTRAS["all"] == [f"{NAME}[{','.join(name for name in EXTRAS if name in people)}]"]
    assert f"{NAME}[all]" in EXTRAS["dev"]


def test_the_dependency_groups_want_what_the_extra_dev_wants() -> None:
    groups = PYPROJECT["dependency-groups"]
    assert set(groups["lint"]) <= set(EXTRAS["dev"])


def texts() -> Iterator[tuple[str, str]]:
    """Name and content of every text of the project that people read or run."""
    for path in project_files(PROJECT):
        name = path.relative_to(PROJECT).as_posix()
        if path.suffix in TEXTS and not name.startswith("tests/") and not name.startswith("."):
            yield name, path.read_text(encoding="utf-8")
    for folder in (".ci", ".pre-commit-config.yaml", ".pre-commit-hooks.yaml"):
        for path in project_files(PROJECT / folder) if (PROJECT / folder).is_dir() else [PROJECT / folder]:
            yield path.name, path.read_text(encoding="utf-8")


def test_every_command_that_installs_names_our_distribution() -> None:
    wrong, right = [], 0
    for name, text in texts():
        wrong += [
            f"{name}: {found}" for found in re.findall(r"(?<![\w-])runflow\[[\w,]+\]", text) if "[RF" not in found
        ]
        for found in INSTALLED_NAME.findall(text):
            for word in re.findall(r"(?<![\w/.-])runflow[\w.-]*", found):
                right += word == NAME
                wrong += [f"{name}: {found}"] if word != NAME else []
    assert wrong == []
    assert right > 10


def test_every_extra_in_a_hint_exists() -> None:
    found = {
        extra for _, text in texts() for group in re.findall(NAME + r"\[([\w,]+)\]", text) for extra in group.split(",")
    }
    assert found <= set(EXTRAS)
    assert len(found) > 8


def test_no_text_has_an_address_of_the_project_before_there_is_one() -> None:
    assert "urls" not in PYPROJECT["project"]
    for name, text in texts():
        assert not re.search(r"(github|gitlab)\.com/runflow|runflow\.(dev|io|org)|pypi\.org/project/runflow", text), (
            name
        )


RELEASE = yaml.safe_load((PROJECT / "workflows" / "_ci" / "release.yml").read_text(encoding="utf-8"))


def test_a_release_is_published_by_trusted_publishing_after_it_was_built_and_tested() -> None:
    assert RELEASE[True] == {"push": {"tags": ["v*"]}}  # YAML 1.1 reads the key `on` as true
    assert RELEASE["permissions"] == {}
    publish = RELEASE["jobs"]["publish"]
    assert publish["needs"] == ["build", "test"]
    assert publish["permissions"] == {"id-token": "write"}
    assert [step["uses"].partition("@")[0] for step in publish["steps"]] == [
        "actions/download-artifact",
        "pypa/gh-action-pypi-publish",
    ]
    assert "secrets." not in str(RELEASE)
    shared = {
        step["with"]["name"]
        for job in RELEASE["jobs"].values()
        for step in job["steps"]
        if "-artifact@" in step.get("uses", "")
    }
    assert shared == {"distribution"}


def test_a_release_is_tested_on_every_python_that_the_project_names() -> None:
    classifiers = PYPROJECT["project"]["classifiers"]
    named = [each.rpartition(" ")[2] for each in classifiers if re.search(r":: 3\.\d+$", each)]
    assert RELEASE["jobs"]["test"]["strategy"]["matrix"]["python"] == named
    assert PYPROJECT["project"]["requires-python"] == f">={named[0]}"
    assert f"Python {named[0]} to {named[-1]}." in (PROJECT / "README.md").read_text(encoding="utf-8")


def script_of(job: str, name: str) -> str:
    (script,) = (step["run"] for step in RELEASE["jobs"][job]["steps"] if step.get("name") == name)
    return str(script)


@pytest.mark.parametrize(
    ("tag", "code", "said"),
    [(f"v{__version__}", 0, ""), ("v9.9.9", 1, f"tag v{__version__}"), (__version__, 1, f"tag v{__version__}")],
)
def test_a_tag_that_is_not_the_version_publishes_nothing(tag: str, code: int, said: str) -> None:
    done = subprocess.run(
        ["bash", "-e", "-c", script_of("build", "Check that the tag is the version")],
        env={**os.environ, "GITHUB_REF_NAME": tag}, cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, said in done.stdout) == (code, True)


def test_a_release_is_built_with_what_the_dependency_group_names() -> None:
    first, second = script_of("build", "Build the wheel and the sdist").splitlines()
    assert shlex.split(first)[4:] == PYPROJECT["dependency-groups"]["release"]
    assert second == "python -m build"


def test_the_changelog_has_the_kinds_of_changes_and_the_version() -> None:
    headings = re.findall(r"^(##+) (.*)$", (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    versions = [text.split()[0] for marks, text in headings if marks == "##"]
    assert versions[0] in {"Unreleased", __version__}
    assert __version__ in versions
    kinds = {text for marks, text in headings if marks == "###"}
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_hooks_of_a_commit_run_what_ci_runs() -> None:
    config = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    entries = [hook["entry"] for repo in config["repos"] for hook in repo["hooks"]]
    assert len(entries) == 4
    script = (PROJECT / ".ci" / "run").read_text(encoding="utf-8")
    assert [entry for entry in entries if entry not in script] == []


def test_the_hooks_for_users_are_commands_of_runflow() -> None:
    for hook in yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")):
        command, name, *options = hook["entry"].split()
        assert (command, name in COMMANDS) == ("runflow", True)
        assert all(
            option in " ".join(re.findall(r"--[\w-]+", PROJECT.joinpath(f"runner/cli/{name}.py").read_text()))
            for option in options
        )
        for needed in hook.get("additional_dependencies", []):
            assert needed in " ".join(EXTRAS["fmt"])
