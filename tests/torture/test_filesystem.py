"""Files that are not what they seem: nothing outside the file root is read or written, nothing hangs, every name is shown as what it is."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from faults import healthy
from limits import limit
from needs import without_root
from running import Runflow, Serve

from runflow.reporters.table import REPORTERS

FLOW = "steps: [{{get: {url}/, expect: 200}}]\n"
CONTENT = "s3cret-content-of-a-file-elsewhere"


def test_an_include_cycle_shows_its_chain(runflow: Runflow, write: Any) -> None:
    write("a.yaml", "steps: [{include: b.yaml}]\n")
    write("b.yaml", "steps: [{include: c/c.yaml}]\n")
    write("c/c.yaml", "steps: [{include: ../a.yaml}]\n")
    ended = runflow("run", "a.yaml")
    assert ended.code == 2
    assert "c/c.yaml:1:19: circular include: a.yaml → b.yaml → c/c.yaml → a.yaml" in ended.err


ELSEWHERE = {
    "a body": "steps: [{{post: 'http://a.test/', body: {{file: {path}}}}}]",
    "a part of a multipart": "steps: [{{post: 'http://a.test/', multipart: {{f: {{file: {path}}}}}}}]",
    "a template": "steps: [{{post: 'http://a.test/', body: \"{{{{ file('{path}') }}}}\"}}]",
    "cases": "cases: {{file: {path}}}\nsteps: [{{get: 'http://a.test/'}}]",
    "an include": "steps: [{{include: {path}}}]",
    "a schema": "steps: [{{get: 'http://a.test/', expect: {{$: {{schema: {{file: {path}}}}}}}}}]",
    "a need": "needs: [{path}]\nsteps: [{{get: 'http://a.test/'}}]",
}


@pytest.mark.parametrize(
    "kind", ["dots", "absolute", "link", "folder link", "pipe", "device", "folder", "circle", "unreadable"]
)
def test_nothing_but_a_regular_file_below_the_root_is_read(
    kind: str, runflow: Runflow, write: Any, tmp_path: Path
) -> None:
    elsewhere = write("elsewhere/x.json", f'["{CONTENT}"]')
    root = write("root/runflow.yaml", "{}\n").parent
    match kind:
        case "dots":
            path = "../elsewhere/x.json"
        case "absolute":
            path = str(elsewhere)
        case "link":
            path = "link.json"
            (root / path).symlink_to(elsewhere)
        case "folder link":
            path = "sub/x.json"
            (root / "sub").symlink_to(elsewhere.parent)
        case "pipe":
            path = "pipe.json"
            os.mkfifo(root / path)
        case "device":
            path = "/dev/zero"
        case "folder":
            path = "folder.json"
            (root / path).mkdir()
        case "circle":
            path = "circle.json"
            (root / path).symlink_to(root / path)
        case _:
            path = "unreadable.json"
            (root / path).write_text(f'["{CONTENT}"]')
            (root / path).chmod(0)
    for number, text in enumerate(ELSEWHERE.values()):
        write(f"root/flow{number}.yaml", text.format(path=path) + "\n")
    by = without_root()
    ended = runflow("run", *(f"root/flow{number}.yaml" for number in range(len(ELSEWHERE))), by=by)
    assert ended.code == 2, ended.out + ended.err
    for number, name in enumerate(ELSEWHERE):
        named = re.search(rf"^root/flow{number}\.yaml:[12]:", ended.err, re.MULTILINE) is not None
        assert named or name in {"a need", "an include"}, name
    assert f"in {len(ELSEWHERE)} files; nothing was sent" in ended.err
    assert CONTENT not in ended.out + ended.err
    assert "Traceback" not in ended.err
    assert ended.seconds < limit(1)


@pytest.mark.parametrize("kind", ["pipe", "device", "circle", "dangling", "folder", "unreadable", "link elsewhere"])
@pytest.mark.parametrize("words", [["check", "flows"], ["run", "flows/x.yaml"], ["list", "flows"]], ids=" ".join)
def test_a_workflow_that_is_no_file_of_its_folder_is_said_and_nothing_hangs(
    words: list[str], kind: str, runflow: Runflow, serve: Serve, write: Any
) -> None:
    server = serve(healthy())
    fine = write("flows/fine.yaml", FLOW.format(url=server.url))
    path = fine.parent / "x.yaml"
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "circle":
            path.symlink_to(path)
        case "dangling":
            path.symlink_to("nothing.yaml")
        case "folder":
            path.mkdir()
        case "unreadable":
            path.write_text(CONTENT)
            path.chmod(0)
        case _:
            path.symlink_to(write("elsewhere.yaml", CONTENT))
    by = without_root()
    ended = runflow(*words, by=by)
    if kind == "folder":
        assert ended.code == (5 if words[0] == "run" else 0), ended.err
    else:
        assert ended.code == 2, ended.out + ended.err
        assert "x.yaml" in ended.err
    assert CONTENT not in ended.out + ended.err
    assert "Traceback" not in ended.err
    assert server.asked == []
    assert ended.seconds < limit(1)
    assert ended.megabytes < 200


def test_a_folder_that_leads_back_to_itself_is_walked_once(runflow: Runflow, serve: Serve, write: Any) -> None:
    server = serve(healthy())
    folder = write("flows/a/flow.yaml", FLOW.format(url=server.url)).parent
    (folder / "up").symlink_to(folder.parent)
    ended = runflow("run", "flows")
    assert ended.code == 0
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "paths", [["theirs"], ["theirs/inner"], ["theirs/flow.yaml"], ["./mine/../theirs/flow.yaml"], []], ids=" ".join
)
def test_a_stranger_leads_nowhere_by_a_link(paths: list[str], runflow: Runflow, serve: Serve, write: Any) -> None:
    server = serve(healthy())
    home = write("home/hosts.yml", f"github.com:\n  oauth_token: {CONTENT}\n").parent
    write("mine/x", "")
    theirs = write("theirs/fine.yaml", FLOW.format(url=server.url)).parent
    (theirs / "inner").symlink_to(home)
    (theirs / "flow.yaml").symlink_to(home / "hosts.yml")
    (theirs / "runflow.yaml").symlink_to(home / "hosts.yml")
    write("runflow.yaml", "paths: [home]\n")
    ended = runflow("run", "--untrusted", "--allow-host", "127.0.0.1", *paths)
    assert ended.code == 2, ended.out + ended.err
    assert "--untrusted" in ended.err
    assert CONTENT not in ended.out + ended.err


def test_an_empty_path_is_not_the_whole_folder(runflow: Runflow, serve: Serve, write: Any) -> None:
    server = serve(healthy())
    write("flow.yaml", FLOW.format(url=server.url))
    ended = runflow("run", "")
    assert ended.code == 2
    assert "a path is empty" in ended.err
    assert server.asked == []


def test_a_report_of_the_project_stays_in_its_folder(runflow: Runflow, serve: Serve, write: Any) -> None:
    server = serve(healthy())
    write("root/flow.yaml", FLOW.format(url=server.url))
    for place in ("../out.xml", str(write("x", "").parent / "out.xml")):
        write("root/runflow.yaml", f"reports: {{junit: {place}}}\n")
        ended = runflow("run", "root", by=["env", "-C", "root"])
        ended = runflow("run", ".", by=["env", "-C", "root"])
        assert ended.code == 2, ended.out
        assert "outside the project's folder" in ended.err
    assert server.asked == []
    assert not (ended.folder / "out.xml").exists()


@pytest.mark.parametrize("place", ["folder", "", "flow.yaml/run.xml"])
def test_a_report_that_has_no_place_is_exit_4_and_the_verdict_is_shown(
    place: str, runflow: Runflow, serve: Serve, write: Any
) -> None:
    server = serve(healthy())
    write("flow.yaml", FLOW.format(url=server.url))
    write("folder/x", "")
    ended = runflow("run", "flow.yaml", "--report", f"junit={place}", "--report", "json=run.json")
    assert ended.code in {2, 4}, ended.out + ended.err
    assert "junit" in ended.err
    if ended.code == 4:
        assert "1 workflow passed" in ended.out
        assert (ended.folder / "run.json").exists()


NAMES = [
    "two\nlines.yaml",
    "e\x1b[31msc.yaml",
    "bidi\u202e.yaml",
    "::error::x.yaml",
    " space .yaml",
    "'\"<&>.yaml",
    "ünïcode.yaml",
    "-v.yaml",
    "a:12.yaml",
    "%41.yaml",
]


def test_any_name_of_a_file_runs_and_is_shown_as_what_it_is(runflow: Runflow, serve: Serve, write: Any) -> None:
    server = serve(healthy())
    for name in NAMES:
        write(f"flows/{name}", FLOW.format(url=server.url))
        write(f"bad/{name}", "steps: []\n")
    ended = runflow("run", "flows", "-v", *(f"--report={kind}=run.{kind}" for kind in REPORTERS))
    assert ended.code == 0, ended.out + ended.err
    assert len(server.asked) == len(NAMES)
    checked, listed = runflow("check", "bad"), runflow("list", "flows")
    assert (checked.code, listed.code) == (2, 0)
    assert len(listed.out.splitlines()) == len(NAMES)
    assert f"{len(NAMES)} problems in {len(NAMES)} files" in checked.err
    for text in (
        ended.out,
        checked.err,
        listed.out,
        *((ended.folder / f"run.{kind}").read_text() for kind in ("github", "tap", "markdown")),
    ):
        assert not {"\x1b", "\u202e"} & set(text)
        assert not any(line.startswith("lines.yaml") for line in text.splitlines())


def test_names_that_collide_are_told_apart(runflow: Runflow, serve: Serve, write: Any) -> None:
    server = serve(healthy())
    for folder in ("a", "b", "a/a"):
        write(f"{folder}/flow.yaml", "name: same\n" + FLOW.format(url=server.url).replace("get", "name: same, get"))
    ended = runflow(
        "run", "a", "b", "a/flow.yaml", "./a/../a/flow.yaml", "--report=jsonl=run.jsonl", "--report=junit=run.xml"
    )
    assert ended.code == 0, ended.err
    assert len(server.asked) == 3
    for file in ("a/flow.yaml", "a/a/flow.yaml", "b/flow.yaml"):
        assert (ended.folder / "run.jsonl").read_text().count(f'"{file}"') >= 1
        assert (ended.folder / "run.xml").read_text().count(f'"{file}"') >= 1


def test_a_file_that_cannot_be_mended_says_so_and_stays(runflow: Runflow, write: Any) -> None:
    text = "steps:\n  - get: http://127.0.0.1/\n    expct: 200\n"
    path = write("flows/flow.yaml", text)
    path.parent.chmod(0o555)
    by = without_root()
    ended = runflow("check", "flows", "--fix", by=by)
    path.parent.chmod(0o755)
    assert ended.code == 2
    assert "flows/flow.yaml cannot be written: permission denied" in ended.err
    assert path.read_text() == text
    assert [each.name for each in path.parent.iterdir()] == ["flow.yaml"]
