"""`runflow init` writes a project that runs at once, and never over what is there."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import yaml


def test_a_new_project_runs_at_once_and_is_whole(runflow: Any, tmp_path: Path) -> None:
    ended = runflow("init", "shop")
    assert ended.code == 0
    assert "cd shop && runflow run --demo" in ended.out
    shop = tmp_path / "shop"
    ran = runflow("run", "--demo", cwd=shop)
    assert ran.code == 0, ran.out + ran.err
    assert "1 workflow passed" in ran.out
    assert runflow("check", cwd=shop).code == 0
    schema = json.loads((shop / ".vscode" / "runflow.schema.json").read_text())
    assert "steps" in schema["properties"]
    settings = json.loads((shop / ".vscode" / "settings.json").read_text())
    assert list(settings["yaml.schemas"]) == [".vscode/runflow.schema.json"]
    assert (
        (shop / "workflows" / "first.yaml")
        .read_text()
        .startswith("# yaml-language-server: $schema=../.vscode/runflow.schema.json")
    )


def test_the_ci_files_run_the_project_with_its_secret(runflow: Any, tmp_path: Path) -> None:
    runflow("init")
    github = yaml.safe_load((tmp_path / ".github" / "workflows" / "runflow.yml").read_text())
    gitlab = yaml.safe_load((tmp_path / ".gitlab-ci.yml").read_text())
    commands = [step["run"] for step in github["jobs"]["checks"]["steps"] if "run" in step]
    assert commands == gitlab["api-checks"]["script"]
    for command in commands[1:]:  # the first installs runflow: see the next test
        options = command.split()[1:]
        if "-e" in options:
            options[options.index("staging")] = "local"  # which refuses the connection: nobody listens there
            ended = runflow(*options, cwd=tmp_path, env={"API_PASSWORD": "correct-horse"})
            assert (ended.code, "refuses the connection" in ended.out) == (3, True), ended.err
            assert (tmp_path / "runflow.jsonl").exists()
        else:
            assert runflow(*options, cwd=tmp_path).code == 0


def test_the_ci_files_install_from_the_place_that_the_user_names_or_fail(runflow: Any, tmp_path: Path) -> None:
    assert "RUNFLOW_PACKAGE" in runflow("init").out
    github = yaml.safe_load((tmp_path / ".github" / "workflows" / "runflow.yml").read_text())
    assert github["env"] == {"RUNFLOW_PACKAGE": "${{ vars.RUNFLOW_PACKAGE }}"}
    command = github["jobs"]["checks"]["steps"][2]["run"]
    pip = tmp_path / "pip"
    pip.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    pip.chmod(0o755)
    for shell in ("bash", "sh"):  # GitHub uses bash, GitLab what the image has
        for unset in ({}, {"RUNFLOW_PACKAGE": ""}):  # a variable of GitHub that nobody set is empty
            env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", **unset}
            done = subprocess.run([shell, "-ec", command], env=env, capture_output=True, text=True, check=False)
            assert (done.returncode != 0, done.stdout) == (True, "")
            assert "RUNFLOW_PACKAGE: set it to the place to install runflow-http from" in done.stderr
        env["RUNFLOW_PACKAGE"] = "runflow-http[curl] @ file:///a b.whl"
        done = subprocess.run([shell, "-ec", command], env=env, capture_output=True, text=True, check=False)
        assert done.stdout.splitlines() == ["install", env["RUNFLOW_PACKAGE"]]


def test_what_is_there_is_left_alone(runflow: Any, tmp_path: Path) -> None:
    (tmp_path / "runflow.yaml").write_text("paths: [mine]\n")
    ended = runflow("init")
    assert ended.code == 0
    assert "kept   runflow.yaml" in ended.out
    assert (tmp_path / "runflow.yaml").read_text() == "paths: [mine]\n"
    assert runflow("init").out.count("kept") == 6


def test_a_folder_that_cannot_be_written_says_so(runflow: Any, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "workflows").write_text("a file")
    ended = runflow("init", "shop")
    assert ended.code == 2
    assert "cannot be written" in ended.err
