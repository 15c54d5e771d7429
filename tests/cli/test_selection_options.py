"""Choosing what runs, from the command line: tags, names, steps, shards, failures, changes, needs; project file and reports."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import limits
import pytest
from needs import need

Write = Callable[[str, str], Path]
FLOW = "steps:\n  - get: /health\n    expect: {status}\n"


@pytest.fixture
def some(write: Write, demo: str) -> None:
    """Four workflows: two pass, one fails, one has cases."""
    top = f"base_url: {demo}\n"
    write("login.yaml", f"name: Log in\ntags: [smoke, auth]\n{top}{FLOW.format(status=200)}")
    write("orders.yaml", f"name: Orders\ntags: [smoke]\n{top}{FLOW.format(status=200)}")
    write("fails.yaml", f"name: Fails\ntags: [slow]\n{top}{FLOW.format(status=404)}")
    write(
        "cases.yaml",
        f"name: Cases\nmatrix: {{ n: [1, 2, 99] }}\n{top}steps:\n  - get: /items/{{{{ n }}}}\n    expect: 200\n",
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--tag", "smoke"], ["login", "orders"]), (["--tag", "auth,slow"], ["fails", "login"]),
        (["--tag", "smoke and not auth"], ["orders"]), (["--tag", "auth", "--tag", "slow"], ["fails", "login"]),
        (["--skip-tag", "smoke"], ["cases1", "cases2", "cases99", "fails"]),
        (["--skip-tag", "smoke,slow"], ["cases1", "cases2", "cases99"]), (["--tag", "not smoke"], ["cases1", "cases2", "cases99", "fails"]),
        (["-k", "log"], ["login"]), (["-k", "LOG or order"], ["login", "orders"]), (["-k", "'log in'"], ["login"]),
        (["-k", "n=99"], ["cases99"]), (["-k", "cases.yaml and not n=1"], ["cases2", "cases99"]),
        (["--tag", "smoke", "-k", "orders"], ["orders"]), (["--shard", "1/1"], ["cases1", "cases2", "cases99", "fails", "login", "orders"]),
    ],
)  # fmt: skip
def test_list_shows_what_the_same_options_would_run(
    some: None, runflow: Any, options: list[str], expected: list[str]
) -> None:
    ended = runflow("list", ".", *options)
    assert ended.code == 0, ended.err
    assert [
        line.split(".yaml")[0] + (line.partition("[n=")[2].partition("]")[0]) for line in ended.out.splitlines()
    ] == expected


def test_run_runs_what_list_shows(some: None, runflow: Any) -> None:
    ended = runflow(".", "--tag", "smoke", "--report", "jsonl=out.jsonl")
    assert ended.code == 0
    assert "2 workflows passed" in ended.out


def test_the_shards_of_a_run_are_exactly_the_whole(some: None, runflow: Any) -> None:
    whole = runflow("list", ".").out.splitlines()
    dealt = [line for index in (1, 2, 3) for line in runflow("list", ".", "--shard", f"{index}/3").out.splitlines()]
    assert sorted(dealt) == sorted(whole)


def test_shards_of_one_machine_stay_a_partition_while_they_run(some: None, runflow: Any, tmp_path: Path) -> None:
    """What a shard measures must not move runs of the next one."""
    assert runflow(".", "-q").code == 1
    begun: list[str] = []
    for index in (1, 2):
        runflow(".", "-q", "--shard", f"{index}/2", "--report", f"jsonl={index}.jsonl")
        lines = map(json.loads, (tmp_path / f"{index}.jsonl").read_text().splitlines())
        begun += [f"{line['file']} {line.get('label')}" for line in lines if line["event"] == "workflow_started"]
    assert len(begun) == len(set(begun)) == 6


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--shard", "0/5"], 2, "there is no shard 0 of 5"), (["--shard", "6/5"], 2, "there is no shard 6 of 5"),
        (["--tag", "a and"], 2, "--tag 'a and': a word is missing at its end"), (["--skip-tag", "(a"], 2, "a bracket is not closed"),
        (["-k", "nothing"], 5, "nothing is selected: 4 workflows found, none left by -k 'nothing'"),
        (["--tag", "none"], 5, "none left by --tag 'none'"), (["--failed"], 5, "--failed (nothing failed last time)"),
        (["--repeat", "0"], 2, "--repeat"),
        (["--timeout", "10"], 2, "--timeout"), (["--timeout", "0s"], 2, "greater than zero"), (["-j", "0"], 2, "-j"),
        (["--changed", "main"], 2, "git"), (["--report", "xml=a"], 2, "there is no report `xml`"),
        (["--report", "jsnl=a"], 2, "did you mean 'jsonl'?"), (["--report", "jsonl"], 2, "write KIND=FILE"),
        (["--report", "jsonl=a", "--report", "jsonl=./a"], 2, "two reports have the same file"), (["--driver", "urllib"], 2, "--driver"),
    ],
)  # fmt: skip
def test_an_option_that_makes_no_sense_says_so(
    some: None, runflow: Any, options: list[str], code: int, message: str
) -> None:
    ended = runflow(".", *options)
    assert (ended.code, message in ended.err) == (code, True), ended.err


def test_failed_runs_what_did_not_pass_last_time(some: None, runflow: Any, write: Write, demo: str) -> None:
    assert runflow(".", "-q").code == 1
    assert [line.split("  ")[0] for line in runflow("list", ".", "--failed").out.splitlines()] == [
        "cases.yaml",
        "fails.yaml",
    ]
    write("fails.yaml", f"base_url: {demo}\n{FLOW.format(status=200)}")
    assert runflow(".", "--failed", "-q").code == 1
    assert [line.split("  ")[0] for line in runflow("list", ".", "--failed").out.splitlines()] == ["cases.yaml"]


def test_failed_is_the_same_wherever_in_the_project_one_stands(
    runflow: Any, write: Write, demo: str, tmp_path: Path
) -> None:
    write("runflow.yaml", "")
    write("sub/a.yaml", f"base_url: {demo}\n{FLOW.format(status=404)}")
    write("sub/b.yaml", f"base_url: {demo}\n{FLOW.format(status=200)}")
    assert runflow("sub", "-q", "--repeat", "2").code == 1
    assert runflow("list", ".", "--failed", cwd=tmp_path / "sub").out == "a.yaml  a\n"
    assert not (tmp_path / "sub" / ".runflow").exists()


def test_nothing_is_stored_where_nothing_may_be(some: None, runflow: Any, tmp_path: Path) -> None:
    assert runflow("login.yaml", "--no-store").code == 0
    assert not (tmp_path / ".runflow").exists()
    (tmp_path / ".runflow").write_text("a file, not a folder")
    assert runflow("login.yaml").code == 0


STEPS = (
    "name: Steps\nbase_url: {url}\nsteps:\n  - name: one\n    get: /health\n  - name: two\n    get: /items/1\n"
    "    extract: {{ id: $.id }}\n  - name: three\n    get: /status/500\n    expect: 200\nfinally:\n  - name: clean\n"
    "    get: /items/{{{{ id }}}}\n    expect: 200\n"
)


@pytest.mark.parametrize(
    ("path", "passed", "skipped"),
    [
        ("a.yaml::one", ["one"], ["two", "three", "clean"]), ("a.yaml::two", ["one", "two", "clean"], ["three"]),
        ("a.yaml:4", ["one"], ["two", "three", "clean"]), ("a.yaml:8", ["one", "two", "clean"], ["three"]),
    ],
)  # fmt: skip
def test_a_step_is_run_with_all_before_it_and_the_cleanup(
    runflow: Any, write: Write, demo: str, path: str, passed: list[str], skipped: list[str]
) -> None:
    write("a.yaml", STEPS.format(url=demo))
    ended = runflow(path)
    assert ended.code == 0, ended.out
    assert [line.split()[1] for line in ended.out.splitlines() if "✓" in line] == passed
    assert [line.split()[1] for line in ended.out.splitlines() if line.startswith("  - ")] == skipped
    assert "it comes after the step that was selected" in ended.out


def test_an_output_that_only_a_step_left_out_could_give_is_left_out(runflow: Any, write: Write, demo: str) -> None:
    text = STEPS.format(url=demo).replace("name: two", "name: two\n    tags: [slow]").partition("finally")[0]
    write("a.yaml", text.replace("500", "200") + "outputs: {found: '{{ id }}'}\n")
    assert runflow("a.yaml").code == 0
    assert runflow("a.yaml::one").code == 0
    assert runflow("a.yaml", "--skip-tag", "slow").code == 0


@pytest.mark.parametrize(
    "path", ["a.yaml", "a.yaml::three", "a.yaml:1", "a.yaml:2", "a.yaml:10", "a.yaml:14", "a.yaml::clean"]
)
def test_what_is_outside_the_steps_means_all_of_the_file(runflow: Any, write: Write, demo: str, path: str) -> None:
    write("a.yaml", STEPS.format(url=demo))
    assert runflow(path, "-q").code == 1


@pytest.mark.parametrize(
    ("path", "message"),
    [("a.yaml::thre", "did you mean 'three'?"), ("a.yaml::zzz", "its steps: one, three, two"), ("a.yaml:99", "its last line is 15"),
        ("a.yaml:0", "has no line 0"), ("b.yaml::one", "no file or folder b.yaml"), ("b.yaml:3", "no file or folder b.yaml"),
        (".::one", ". is a folder, and only a file has steps"), (".:3", ". is a folder"), ("::one", "no file or folder ::one"),
        (":3", "no file or folder :3")],
)  # fmt: skip
def test_a_step_that_is_not_there_says_which_are(
    runflow: Any, write: Write, demo: str, path: str, message: str
) -> None:
    write("a.yaml", STEPS.format(url=demo))
    ended = runflow(path)
    assert (ended.code, message in ended.err) == (2, True), ended.err


def test_a_file_that_is_named_like_a_place_is_that_file(runflow: Any, write: Write, demo: str) -> None:
    write("a.yaml:12", f"base_url: {demo}\n{FLOW.format(status=200)}")
    assert runflow("a.yaml:12").code == 0


def test_changed_means_the_file_or_one_that_it_names(runflow: Any, write: Write, demo: str, tmp_path: Path) -> None:
    need("git")

    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )

    def changed(base: str = "main") -> list[str]:
        return [line.split("  ")[0] for line in runflow("list", ".", "--changed", base).out.splitlines()]

    top = f"base_url: {demo}\nsteps:\n"
    write("_inner.yaml", f"{top}  - get: /health\n")
    write("body.json", "{}")
    write("schema.json", '{"type": ["object", "array"]}')
    write("rows.csv", "a\n1\n")
    write("a.yaml", f"{top}  - include: _inner.yaml\n")
    write("b.yaml", f"{top}  - post: /echo\n    body: {{ file: body.json }}\n")
    write(
        "c.yaml",
        f"cases: {{ file: rows.csv }}\n{top}  - get: /health\n    expect: {{ $: {{ schema: {{ file: schema.json }} }} }}\n",
    )
    write("d.yaml", f"{top}  - get: /health\n    params: {{ x: \"{{{{ file('body.json') }}}}\" }}\n")
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    nothing = runflow("list", ".", "--changed", "main")
    assert nothing.code == 5, nothing.err
    write("_inner.yaml", f"{top}  - get: /health\n    expect: 200\n")
    assert changed() == ["a.yaml"]
    git("checkout", "-q", "-b", "branch")
    git("commit", "-qam", "two")
    assert changed() == ["a.yaml"]
    write("new.yaml", f"{top}  - get: /health\n")
    write("schema.json", '{"type": "object"}')
    assert changed() == ["a.yaml", "c.yaml", "new.yaml"]
    write("rows.csv", "a\n2\n")
    write("body.json", "[1]")
    assert changed() == ["a.yaml", "b.yaml", "c.yaml", "d.yaml", "new.yaml"]
    write("runflow.yaml", "")
    assert len(changed()) == 5
    git("add", ".")
    git("commit", "-qm", "three")
    write("runflow.yaml", "defaults: { timeout: 5s }\n")
    assert len(changed("branch")) == 5
    assert "git finds no common history with 'nope'" in runflow("list", ".", "--changed", "nope").err
    assert runflow("list", ".", "--changed=--output=x").code == 2


def test_needs_are_run_first_and_a_failed_one_skips_with_the_reason(runflow: Any, write: Write, demo: str) -> None:
    top = f"base_url: {demo}\n"
    write("runflow.yaml", "")
    write("sub/a.yaml", f"needs: [../setup.yaml]\n{top}{FLOW.format(status=200)}")
    write("setup.yaml", f"{top}{FLOW.format(status=200)}")
    ended = runflow("sub/a.yaml")
    assert ended.code == 0
    assert ended.out.index("(setup.yaml)") < ended.out.index("(sub/a.yaml)")
    write("setup.yaml", f"{top}{FLOW.format(status=404)}")
    ended = runflow("sub")
    assert ended.code == 1
    assert "skipped: it needs setup.yaml, which failed" in ended.out
    assert runflow("list", "sub/a.yaml", "-k", "sub/a").out.count("\n") == 2


def test_what_an_included_file_needs_is_needed_by_who_includes_it(runflow: Any, write: Write, demo: str) -> None:
    write("setup.yaml", f"base_url: {demo}\n{FLOW.format(status=404)}")
    write("_inner.yaml", f"needs: setup.yaml\nbase_url: {demo}\n{FLOW.format(status=200)}")
    write("a.yaml", "steps:\n  - include: _inner.yaml\n")
    ended = runflow("a.yaml")
    assert ended.code == 1
    assert "skipped: it needs setup.yaml, which failed" in ended.out


@pytest.mark.parametrize(
    ("needs", "message"),
    [("[zzz.yaml]", "a.yaml:1:9: there is no file zzz.yaml"), ("zzz.yaml", "there is no file zzz.yaml"),
        ("[b.yaml]", "circular needs: a.yaml → b.yaml → a.yaml"), ("[a.yaml]", "a.yaml needs itself"), ("[../x.yaml]", "outside the file root")],
)  # fmt: skip
def test_needs_that_make_no_sense_are_refused_before_anything_is_sent(
    runflow: Any, write: Write, demo: str, needs: str, message: str
) -> None:
    write("a.yaml", f"needs: {needs}\nbase_url: {demo}\n{FLOW.format(status=200)}")
    write("b.yaml", f"needs: a.yaml\nbase_url: {demo}\n{FLOW.format(status=200)}")
    for command in (["check", "."], ["a.yaml"], ["list"]):
        ended = runflow(*command)
        assert (ended.code, message in ended.err) == (2, True), (command, ended.err)


def test_a_lock_holds_across_files_and_includes(runflow: Any, write: Write, demo: str, tmp_path: Path) -> None:
    top = f"base_url: {demo}\nsteps:\n"
    write("_inner.yaml", f"lock: db\n{top}  - get: /delay/0.2\n")
    write("a.yaml", f"{top}  - include: _inner.yaml\n")
    write("b.yaml", f"lock: db\n{top}  - get: /delay/0.2\n")
    write("c.yaml", f"lock: db\n{top}  - get: /delay/0.2\n")
    ended = runflow(".", "--report", "jsonl=out.jsonl", "-j", "8")
    assert ended.code == 0
    last = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[-1])
    assert last["event"] == "run_finished"
    assert last["end"]["seconds"] > 0.6
    write("a.yaml", f"lock: other\n{top}  - include: _inner.yaml\n")
    assert "has the lock `db`, but this run already has the lock `other`" in runflow("check", ".").err


def test_keep_going_runs_what_is_valid_and_still_ends_with_2(some: None, runflow: Any, write: Write, demo: str) -> None:
    write("wrong.yaml", "stepz: []\n")
    write("hangs_on.yaml", f"needs: wrong.yaml\nbase_url: {demo}\n{FLOW.format(status=200)}")
    ended = runflow(".")
    assert (ended.code, ended.out) == (2, "")
    assert "nothing was sent" in ended.err
    ended = runflow(".", "--keep-going")
    assert ended.code == 2
    assert "these files are left out" in ended.err
    assert "skipped: it needs wrong.yaml, which could not be run" in ended.out
    assert "4 workflows passed, 2 workflows failed, 1 workflow skipped" in ended.out
    assert runflow("wrong.yaml", "--keep-going").code == 2
    assert runflow(".", "--keep-going", "-k", "nothing at all".replace(" ", "_")).code == 2


def test_repeat_and_shuffle_say_what_they_did(some: None, runflow: Any) -> None:
    ended = runflow("login.yaml", "--repeat", "3")
    assert ended.out.count("Log in #") == 3
    assert "3 workflows passed" in ended.out
    one, again, other = (runflow("list", ".", "--shuffle", "--seed", seed).out for seed in ("1", "1", "2"))
    assert one == again != other
    assert sorted(one.splitlines()) == sorted(other.splitlines())
    assert "random order (--shuffle --seed 7)" in runflow(".", "--shuffle", "--seed", "7").out


def test_max_failures_and_fail_fast_stop_and_say_so(some: None, runflow: Any) -> None:
    ended = runflow(".", "-j", "1", "--max-failures", "2")
    assert ended.code == 1
    assert "2 workflows before it did not pass (--max-failures 2)" in ended.out
    assert "a workflow before it did not pass (--fail-fast)" in runflow(".", "-j", "1", "--fail-fast").out


def test_the_project_names_paths_driver_and_reports(some: None, runflow: Any, write: Write, tmp_path: Path) -> None:
    write("runflow.yaml", "paths: [login.yaml, orders.yaml]\ndriver: auto\nreports: { jsonl: out/run.jsonl }\n")
    ended = runflow("run")
    assert ended.code == 0
    assert "2 workflows passed" in ended.out
    assert runflow("check").out.startswith("2 workflows")
    assert runflow("list").out.count("\n") == 2
    lines = [json.loads(line) for line in (tmp_path / "out" / "run.jsonl").read_text().splitlines()]
    assert [line["event"] for line in lines if line["event"].startswith("run_")] == ["run_started", "run_finished"]
    (tmp_path / "sub").mkdir()
    assert runflow("run", cwd=tmp_path / "sub").code == 0
    write("runflow.yaml", "reports: { jsonl: ../out.jsonl }\n")
    assert "is outside the project's folder" in runflow("login.yaml").err
    write("runflow.yaml", "reports: { jsnl: out.jsonl }\n")
    assert "did you mean 'jsonl'?" in runflow("login.yaml").err
    write("runflow.yaml", "paths: [nope]\n")
    assert "there is no file or folder nope" in runflow("run").err
    write("runflow.yaml", "")
    assert "(or `paths` in runflow.yaml)" in runflow("run").err


def test_a_report_that_cannot_be_written_is_exit_4_and_the_others_are_whole(
    some: None, runflow: Any, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    ended = runflow(
        "login.yaml", "--report", "jsonl=folder", "--report", "jsonl=good.jsonl", "--report", "jsonl=/dev/full"
    )
    assert ended.code == 4
    assert ended.err.count("the jsonl report could not be written") == 2
    assert "run_finished" in (tmp_path / "good.jsonl").read_text()


def test_two_projects_with_two_drivers_must_be_told_which(runflow: Any, write: Write, demo: str) -> None:
    flow = f"base_url: {demo}\n{FLOW.format(status=200)}"
    write("one/runflow.yaml", "driver: curl\n")
    write("one/a.yaml", flow)
    write("two/b.yaml", flow)
    ended = runflow("one", "two")
    assert ended.code == 2
    assert "name different drivers: curl for one/a.yaml, requests for two/b.yaml" in ended.err
    assert runflow("one", "two", "--driver", "curl").code == 0


def test_a_file_that_is_needed_must_be_meant_for_the_same_driver(runflow: Any, write: Write, demo: str) -> None:
    write("runflow.yaml", "")
    write("a.yaml", f"needs: sub/b.yaml\nbase_url: {demo}\n{FLOW.format(status=200)}")
    write("sub/runflow.yaml", "driver: curl\n")
    write("sub/b.yaml", f"base_url: {demo}\n{FLOW.format(status=200)}")
    for command in (["a.yaml"], ["check", "a.yaml"]):
        ended = runflow(*command)
        assert (ended.code, ended.out) == (2, "")
        assert "name different drivers: curl for sub/b.yaml, requests for a.yaml" in ended.err
    assert runflow("a.yaml", "--driver", "curl").code == 0


def test_a_driver_that_is_not_installed_says_what_to_install(
    runflow_process: Any, write: Write, demo: str, tmp_path: Path
) -> None:
    write("a.yaml", f"base_url: {demo}\n{FLOW.format(status=200)}")
    hides = "import importlib.util as u\nfind = u.find_spec\nu.find_spec = lambda name, *more: None if name == 'pycurl' else find(name, *more)\n"
    (tmp_path / "sitecustomize.py").write_text(hides)
    env = {"PYTHONPATH": f"{tmp_path}:{Path(__file__).parent.parent.parent}"}
    ended = runflow_process("a.yaml", "--driver", "curl", env=env)
    assert ended.code == 2
    assert "pip install 'runflow-http[curl]'" in ended.err
    write("runflow.yaml", "driver: curl\n")
    ended = runflow_process("a.yaml", env=env)
    assert ended.code == 2
    assert "runflow.yaml:1:9: the curl driver needs pycurl, which is not installed" in ended.err
    assert runflow_process("a.yaml", "--driver", "auto", env=env).code == 0


def test_steps_whose_tags_are_not_wanted_are_left_out_with_what_needs_them(
    runflow: Any, write: Write, demo: str
) -> None:
    steps = (
        "  - { name: one, get: /health, expect: 200 }\n  - { name: two, get: /items/1, tags: [slow], extract: { id: $.id } }\n"
        "  - { name: three, get: '/items/{{ id }}' }\n  - { name: four, get: /health, expect: 200 }\nfinally:\n"
        "  - { name: clean, get: '/items/{{ id }}' }\n  - { name: log, get: /health, tags: [slow, ci] }\n"
    )
    write("a.yaml", f"name: A\ntags: [smoke]\nbase_url: {demo}\nsteps:\n{steps}")
    ended = runflow("a.yaml", "--skip-tag", "slow")
    assert ended.code == 0
    told = [line.strip() for line in ended.out.splitlines()[1:7]]
    assert [line.split()[1] for line in told if line.startswith("✓")] == ["one", "four"]
    assert told[1] == "- two  skipped: its tags are left out (--skip-tag)"
    assert told[2] == "- three  skipped: it needs id, which an earlier step did not provide"
    assert "nothing to clean up: no step provided id" in told[4]
    assert told[5] == "- log  skipped: its tags are left out (--skip-tag)"
    assert runflow("list", "a.yaml", "--steps", "--skip-tag", "slow and not ci").out.split() == [
        "a.yaml",
        "A",
        "[smoke]",
        "one",
        "three",
        "four",
        "finally:",
        "clean",
        "finally:",
        "log",
    ]
    assert runflow("list", "a.yaml", "--skip-tag", "smoke").code == 5


@pytest.mark.parametrize("driver", ["requests", "curl"])
@pytest.mark.parametrize(
    ("limit", "told"),
    [("-S -n 70", ""), ("-n 84", "using -j 10 instead of -j 40: the limit of open files is 84 (ulimit -n)\n")],
    ids=["soft", "hard"],
)
def test_more_at_once_than_the_process_may_open_files_is_fewer_at_once(
    write: Write, demo: str, tmp_path: Path, driver: str, limit: str, told: str
) -> None:
    """A soft limit is raised; a hard one is kept to, and told."""
    for number in range(40):
        write(f"f{number}.yaml", f"base_url: {demo}\n{FLOW.format(status=200).replace('/health', '/delay/0.1')}")
    command = f"ulimit {limit}; exec {sys.executable} -m runflow . -q -j 40 --driver {driver}"
    env = {"PYTHONPATH": str(Path(__file__).parent.parent.parent), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=limits.limit(6),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == told


def test_of_several_wishes_for_a_file_the_widest_counts(runflow: Any, write: Write, demo: str) -> None:
    write("a.yaml", STEPS.format(url=demo))
    assert runflow("a.yaml::one", "a.yaml").out.count("after the step that was selected") == 0
    ended = runflow("a.yaml::two", "./a.yaml::one")
    assert ended.code == 0
    assert "✓ two" in ended.out
    assert ended.out.count("after the step that was selected") == 1
