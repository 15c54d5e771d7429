"""What the README shows is true: its workflow is the cookbook's, its Python runs, its YAML parses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import runner
from runner.language.project import find_project
from runner.lint.examine import findings_of
from runner.loading import Loader, Loading
from runner.model.errors import RunflowError
from runner.suite.selection import Wanted

PROJECT = Path(__file__).parent.parent
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", README, re.DOTALL)


def test_the_workflow_of_the_readme_runs(tmp_path: Path, demo_env: dict[str, str]) -> None:
    (tmp_path / "flow.yaml").write_text(blocks("yaml")[0], encoding="utf-8")
    assert runner.run(tmp_path / "flow.yaml", env=demo_env).passed


def test_the_project_file_of_the_readme_is_one(tmp_path: Path) -> None:
    (tmp_path / "runflow.yaml").write_text(blocks("yaml")[2], encoding="utf-8")
    assert find_project(tmp_path) is not None


def test_the_credentials_of_the_readme_work(tmp_path: Path, demo_env: dict[str, str]) -> None:
    (tmp_path / "flow.yaml").write_text(f'base_url: "{{{{ env.API_URL }}}}"\n{blocks("yaml")[1]}', encoding="utf-8")
    result = runner.run(tmp_path / "flow.yaml", env=demo_env)
    assert result.passed
    assert {session.name for session in result.sessions} == {"api", "service"}


def test_the_python_of_the_readme_runs(
    demo_env: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PROJECT)
    names = {"url": demo_env["API_URL"], "password": demo_env["API_PASSWORD"]}
    exec(compile(blocks("python")[0], "README.md", "exec"), names)
    assert "fetch the profile passed 200" in capsys.readouterr().out


def test_the_tests_of_the_readme_run(pytester: pytest.Pytester, demo_env: dict[str, str]) -> None:
    text = next(block for block in blocks("python") if "def test_an_order" in block)
    app = "import flask\napp = flask.Flask('shop')\napp.route('/orders/<user>')(lambda user: {'user': user})\n"
    order = "inputs: [user]\nsteps:\n" + "  - {get: '/orders/{{ user }}', expect: {$.user: ada}}\n" * 2
    health = "steps: [{get: /health, expect: {$.status: ok}}]\n"
    for name, content in {
        "shop.py": app, "test_shop.py": text.replace("https://staging.example.com", demo_env["API_URL"]),
        "order.flow.yaml": order, "health.flow.yaml": health,
    }.items():  # fmt: skip
        (pytester.path / name).write_text(content, encoding="utf-8")
    pytester.runpytest_subprocess("test_shop.py", "-p", "no:xdist").assert_outcomes(passed=2)


def test_the_comments_of_the_readme_take_a_finding_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = next(block for block in blocks("yaml") if "# runflow: ignore" in block)
    (tmp_path / "flow.yaml").write_text(f"base_url: https://api.test\n{text}", encoding="utf-8")
    loader = Loader(Loading(examined=True))
    assert findings_of(loader.plans([Wanted(tmp_path / "flow.yaml")]), loader.problems) == []


def test_the_python_of_contributing_runs() -> None:
    text = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(block, "CONTRIBUTING.md", "exec"), names)
    with pytest.raises(RunflowError, match="cannot be read"):
        names["FolderSource"]("/nonexistent").get("API_PASSWORD")
    assert names["FolderSource"](str(PROJECT)).get("NOT_THERE") is None


def test_the_public_names_are_there_and_others_are_not() -> None:
    for name in runner.__all__:
        assert getattr(runner, name) is not None
    with pytest.raises(AttributeError):
        _ = runner.nothing


def test_a_folder_is_not_one_workflow(tmp_path: Path) -> None:
    with pytest.raises(runner.WorkflowError, match="folder of 0 workflows"):
        runner.load(tmp_path)
