"""`runflow check`: findings in four forms, exit codes, comments, and what mends itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

WEAK = "base_url: http://api.example.com\nsteps:\n  - name: a\n    get: /x\n    expect: any\n"
WRONG = "steps:\n  - get: http://127.0.0.1/\n    expct: 200\n"


def test_warnings_pass_unless_they_are_to_be_strict(runflow: Any, write: Any) -> None:
    write("weak.yaml", WEAK)
    ended = runflow("check", "weak.yaml")
    assert ended.code == 0
    assert "weak.yaml:1:11: warning RF624: " in ended.err
    assert "weak.yaml:4:5: warning RF611: the step checks nothing" in ended.err
    assert "> 4 |     get: /x" in ended.err
    assert "2 warnings in 1 file" in ended.err
    assert runflow("check", "weak.yaml", "--strict").code == 1
    write("wrong.yaml", WRONG)
    both = runflow("check", ".")
    assert both.code == 2
    assert "1 problem and 2 warnings in 2 files; nothing was sent" in both.err


def test_json_sarif_and_github_say_the_same(runflow: Any, write: Any) -> None:
    write("weak.yaml", WEAK)
    write("wrong.yaml", WRONG)
    told = json.loads(runflow("check", ".", "--format", "json").out)
    places = [(each["code"], each["severity"], each["file"], each["line"]) for each in told["findings"]]
    assert places == [
        ("RF600", "error", "wrong.yaml", 3),
        ("RF624", "warning", "weak.yaml", 1),
        ("RF611", "warning", "weak.yaml", 4),
    ]
    assert [each["fixable"] for each in told["findings"]] == [True, False, False]
    sarif = json.loads(runflow("check", ".", "--format", "sarif").out)
    assert sarif["version"] == "2.1.0"
    (run,) = sarif["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules))
    for result, (code, severity, file, line) in zip(run["results"], places, strict=True):
        assert (result["ruleId"], result["level"], rules[result["ruleIndex"]]) == (code, severity, code)
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == file
        assert location["physicalLocation"]["region"]["startLine"] == line
    annotations = runflow("check", ".", "--format", "github").out.splitlines()
    assert [line.partition(" ")[0] for line in annotations] == ["::error", "::warning", "::warning"]
    assert annotations[0].startswith(
        "::error file=wrong.yaml,line=3,col=5,title=RF600%3A the file is invalid::unknown key 'expct'"
    )


def test_nothing_found_is_said_in_every_form(runflow: Any, write: Any) -> None:
    write("good.yaml", "steps: [{get: 'http://127.0.0.1/', expect: 200}]\n")
    assert runflow("check", "good.yaml").out == "1 workflow, 1 step: no problems\n"
    assert json.loads(runflow("check", "good.yaml", "--format", "json").out)["findings"] == []
    assert json.loads(runflow("check", "good.yaml", "--format", "sarif").out)["runs"][0]["results"] == []
    assert runflow("check", "good.yaml", "--format", "github").out == ""


MENDED = {
    "a misspelt key": ("steps:\n  - get: http://127.0.0.1/\n    expct: 200\n", "steps:\n  - get: http://127.0.0.1/\n    expect: 200\n"),
    "an unquoted template": ("vars: {a: 1}\nsteps:\n  - post: http://127.0.0.1/\n    json: {x: {{ a }}}\n    expect: 200\n",
        'vars: {a: 1}\nsteps:\n  - post: http://127.0.0.1/\n    json: {x: "{{ a }}"}\n    expect: 200\n'),
    "secrets, none yet": ("name: x\nsteps:\n  - {get: 'http://127.0.0.1/{{ env.API_KEY }}{{ env.PASSWORD }}', expect: 200}\n",
        "name: x\nsecrets: [API_KEY, PASSWORD]\nsteps:\n  - {get: 'http://127.0.0.1/{{ env.API_KEY }}{{ env.PASSWORD }}', expect: 200}\n"),
    "secrets, one more": ("secrets: [A]\nsteps:\n  - {get: 'http://127.0.0.1/{{ env.A }}{{ env.API_KEY }}', expect: 200}\n",
        "secrets: [A, API_KEY]\nsteps:\n  - {get: 'http://127.0.0.1/{{ env.A }}{{ env.API_KEY }}', expect: 200}\n"),
    "secrets, as a block": ("secrets:\n  - A  # mine\nsteps:\n  - {get: 'http://127.0.0.1/{{ env.A }}{{ env.API_KEY }}', expect: 200}\n", None),
    "with CRLF and a mark": ("\ufeffsteps:\r\n  - get: http://127.0.0.1/\r\n    expct: 200 # ü\r\n",
        "\ufeffsteps:\r\n  - get: http://127.0.0.1/\r\n    expect: 200 # ü\r\n"),
    "what hides more": ("stps:\n  - {get: 'http://127.0.0.1/', expct: 200}\n", "steps:\n  - {get: 'http://127.0.0.1/', expect: 200}\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", MENDED)
def test_what_has_one_remedy_mends_itself_and_is_then_stable(name: str, runflow: Any, write: Any) -> None:
    before, after = MENDED[name]
    path: Path = write("flow.yaml", "")
    path.write_bytes(before.encode())
    path.chmod(0o640)
    ended = runflow("check", "flow.yaml", "--fix")
    assert ended.code == 0, ended.err
    assert "fixed: flow.yaml" in ended.err
    mended = path.read_bytes().decode()
    if after is not None:
        assert mended == after
    assert "# mine" in mended or "mine" not in before
    assert path.stat().st_mode & 0o777 == 0o640
    again = runflow("check", "flow.yaml", "--fix")
    assert "mended" not in again.err
    assert path.read_bytes().decode() == mended


def test_what_may_be_meant_otherwise_is_left_alone(runflow: Any, write: Any) -> None:
    text = "steps:\n  - get: http://127.0.0.1/\n    expect: 200\n    expct: 201\n    qqqq: 1\n    timeout: 5\n"
    path = write("flow.yaml", text)
    assert runflow("check", "flow.yaml", "--fix").code == 2
    assert path.read_text() == text


def test_the_hooks_for_pre_commit_run_what_they_say(runflow: Any, write: Any) -> None:
    hooks = yaml.safe_load((Path(__file__).parent.parent.parent / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    write("a.flow.yaml", WEAK)
    ended = {}
    for hook in hooks:
        name, *words = hook["entry"].split()
        assert name == "runflow"
        ended[hook["id"]] = runflow(*words, "a.flow.yaml").code
    assert ended == {"runflow-check": 1, "runflow-fmt": 0}
