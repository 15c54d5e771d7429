"""The project file is found above the workflows, read strictly, and chosen from with -e."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import runflow
from runflow.language.project import find_project
from runflow.model.errors import WorkflowError

Write = Callable[[str, str], Path]
FLOW = "steps:\n  - get: /users/me\n    expect: 401\n"


def test_a_workflow_takes_base_url_and_vars_of_the_chosen_environment(write: Write, demo: str) -> None:
    write("runflow.yaml", f"environments:\n  staging:\n    base_url: {demo}\n    vars: {{path: health}}\n")
    flow = write("flows/a.yaml", "vars: {path: nope}\nsteps:\n  - get: '/{{ path }}'\n    expect: 200\n")
    assert runflow.run(runflow.load(flow, environment="staging")).passed
    with pytest.raises(WorkflowError, match="no environment `stagin`") as caught:
        runflow.load(flow, environment="stagin")
    assert caught.value.hint == "did you mean 'staging'?"


def test_project_defaults_lie_below_the_files_own(write: Write, demo: str) -> None:
    write(
        "pyproject.toml",
        '[tool.runflow.defaults]\nheaders = {X-A = "1", X-B = "1"}\nhttp = {max_redirects = 3}\nexpect = {status = 200}\n',
    )
    flow = write(
        "a.yaml",
        f"base_url: {demo}\ndefaults: {{headers: {{X-B: '2'}}, http: {{follow_redirects: true}}}}\n"
        "steps:\n  - get: /echo\n    expect:\n      $.headers['x-a']: '1'\n      $.headers['x-b']: '2'\n  - get: /status/404\n",
    )
    result = runflow.run(flow)
    assert [step.verdict.value for step in result.workflows[0].steps] == ["passed", "failed"]


def test_the_nearest_project_file_counts_and_a_foreign_pyproject_does_not(write: Write, tmp_path: Path) -> None:
    write("runflow.yaml", "jsonpath: ng\n")
    write("sub/pyproject.toml", "[tool.other]\na = 1\n")
    write("broken/pyproject.toml", "not toml [")
    for folder in ("sub", "broken"):
        found = find_project(tmp_path / folder)
        assert found is not None
        assert found.folder == tmp_path
    assert find_project(Path("/")) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("enviroments: {}\n", "unknown key 'enviroments'"), ("driver: urllib\n", '"urllib" (string) is not allowed here'),
        ("reports: [x]\n", "reports"), ("openapi: [x]\n", "openapi"),
        ("jsonpath: xx\n", "is not allowed here"), ("a: [\n", "not valid YAML"), ("a: 1\na: 2\n", "occurs twice"),
    ],
)  # fmt: skip
def test_a_wrong_project_file_is_refused(write: Write, text: str, message: str) -> None:
    write("runflow.yaml", text)
    with pytest.raises(WorkflowError) as caught:
        runflow.load(write("a.yaml", FLOW))
    assert any(message in problem.message for problem in caught.value.problems)


def test_jsonpath_ng_of_the_project_is_the_meaning_of_a_bare_dollar(write: Write, demo: str) -> None:
    write("runflow.yaml", "jsonpath: ng\n")
    flow = write("a.yaml", f"base_url: {demo}\nsteps:\n  - get: /items\n    expect: {{ '$.items.`len`': 10 }}\n")
    assert runflow.run(flow).passed


def test_an_empty_project_file_is_a_project(write: Write, demo: str) -> None:
    write("runflow.yaml", "")
    write("file.txt", "text from above")
    flow = write(
        "deep/a.yaml",
        f"base_url: {demo}\nsteps:\n  - post: /echo\n    body: {{file: ../file.txt}}\n    expect: {{$.body: text from above}}\n",
    )
    assert runflow.run(flow).passed


def test_the_environment_of_one_project_reaches_no_workflow_of_another(write: Write, demo: str) -> None:
    for name, path in (("one", "health"), ("two", "echo")):
        write(f"{name}/runflow.yaml", f"environments: {{staging: {{base_url: {demo}, vars: {{path: {path}}}}}}}\n")
        write(
            f"{name}/a.yaml",
            f"vars: {{path: nope}}\nsteps:\n  - get: '/{{{{ path }}}}'\n    expect: {{status: 200, url: {demo}/{path}}}\n",
        )
    flows = [
        runflow.load(write(f"{name}/x.txt", "").parent / "a.yaml", environment="staging") for name in ("one", "two")
    ]
    assert runflow.run(flows).passed
