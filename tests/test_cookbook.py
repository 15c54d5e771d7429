"""Every file of the cookbook passes against the demo API, and its README names it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from fakes import compile_raw

import runflow
from runflow.demo.openapi import DOCUMENT

WORKFLOWS = Path(__file__).parent.parent / "workflows"
FILES = [*sorted(WORKFLOWS.glob("*.yaml")), *sorted(WORKFLOWS.glob("_needs_*/*.yaml"))]


DRIVERS = [
    (path, driver)
    for path in FILES
    for driver in ("requests", "curl")
    if driver == "curl" or "curl" not in path.parent.name
]


@pytest.mark.parametrize(("path", "driver"), DRIVERS, ids=lambda each: getattr(each, "name", each))
def test_a_file_of_the_cookbook_passes(path: Path, driver: str, demo_env: dict[str, str]) -> None:
    result = runflow.run(runflow.load(path, env=demo_env, driver=driver), env=demo_env)
    assert result.passed, result
    assert all(workflow.verdict.value == "passed" for workflow in result.workflows)


def test_the_cookbook_is_large_enough_and_its_readme_names_each_file() -> None:
    assert len(FILES) >= 15
    text = (WORKFLOWS / "README.md").read_text(encoding="utf-8")
    for path in FILES:
        assert f"({path.relative_to(WORKFLOWS)})" in text, path.name


def test_the_page_on_tokens_shows_what_the_file_beside_it_has_and_its_picture_is_there() -> None:
    page = (WORKFLOWS / "TOKENS.md").read_text(encoding="utf-8")
    shown = page.split("```yaml\n")[1].split("```")[0]
    written = (WORKFLOWS / "token_login.yaml").read_text(encoding="utf-8")
    assert (
        compile_raw(f"{shown}steps: [{{get: /x}}]\nbase_url: http://api.test\n").credentials["api"].session is not None
    )
    for line in shown.splitlines():
        assert line in written or "login" in line or "username" in line, line
    assert (WORKFLOWS / "token_life.svg").read_text(encoding="utf-8").startswith("<svg ")


def test_the_document_of_the_demo_in_the_cookbook_is_the_one_that_the_demo_serves() -> None:
    path = WORKFLOWS / "_needs_openapi" / "demo.openapi.json"
    assert json.loads(path.read_text(encoding="utf-8")) == DOCUMENT  # otherwise write it again: `curl URL/openapi.json`


def test_the_whole_cookbook_keeps_to_what_the_demo_says_of_itself(runflow: Any, tmp_path: Path) -> None:
    shutil.copytree(WORKFLOWS, tmp_path / "workflows")
    (tmp_path / "runflow.yaml").write_text("openapi: workflows/_needs_openapi/demo.openapi.json\n")
    checked = runflow("check", "workflows", "--strict")
    assert checked.code == 0, checked.err
    ended = runflow("run", "--demo", "workflows", "-q")
    assert ended.code == 0, ended.out
