"""`--update-snapshots` with the whole command: what is new, changed and removed; what it leaves alone; where it cannot write."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runflow.execution.snapshot_store import SnapshotStore
from runflow.matchers.equality import same
from runflow.model.results import Snapshot
from runflow.plan.snapshots import read_contents

PROJECT = Path(__file__).parent.parent.parent
Write = Callable[[str, str], Path]

FLOW = """\
base_url: "{{ env.API_URL }}"
cases: [{n: 1}, {n: 2}]
steps:
  - {name: item, get: "/items/{{ n }}", expect: {$.name: {snapshot: true}}}
  - {name: health, get: /health, expect: {$.status: {snapshot: true}}}
"""


def test_it_is_stored_held_against_and_stored_anew(
    write: Write, runflow: Any, demo_env: dict[str, str], tmp_path: Path
) -> None:
    flow, file = write("flow.yaml", FLOW), tmp_path / "__snapshots__" / "flow.yaml.json"

    def update(*words: str) -> str:
        ended = runflow("flow.yaml", "--update-snapshots", *words, env=demo_env)
        assert ended.code == 0, ended.out + ended.err
        return str(ended.err).partition("__snapshots__/flow.yaml.json: ")[2].strip()

    assert runflow("flow.yaml", env=demo_env).code == 3
    assert not file.exists()
    assert update() == "4 snapshots, 4 new"
    first = file.read_text(encoding="utf-8")
    assert json.loads(first)["item"]["$.name"] == {"[1: n=1]": "item 1", "[2: n=2]": "item 2"}
    assert runflow("flow.yaml", "--repeat", "2", env=demo_env).code == 0
    assert update() == "4 snapshots, nothing changed"

    file.write_text(first.replace("item 2", "thing 2"), encoding="utf-8")
    ended = runflow("flow.yaml", env=demo_env)
    assert ended.code == 1
    assert 'expected  "thing 2" (string)' in ended.out
    assert update("-k", "n=1") == "4 snapshots, nothing changed"  # the other case was not run
    assert update() == "4 snapshots, 1 changed"
    assert file.read_text(encoding="utf-8") == first

    flow.write_text(FLOW.replace("health, get", "other, get"), encoding="utf-8")
    assert update() == "4 snapshots, 2 new, 2 removed"
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_step_that_runs_several_times_with_another_answer_each_time_has_no_snapshot(
    write: Write, runflow: Any, demo_env: dict[str, str]
) -> None:
    included = 'base_url: "{{ env.API_URL }}"\ninputs: [n]\nsteps: [{name: item, get: "/items/{{ n }}", expect: {PATH: {snapshot: true}}}]\n'
    write("flow.yaml", "steps: [{include: _item.yaml, for_each: [1, 2], with: {n: '{{ item }}'}}]\n")
    write("_item.yaml", included.replace("PATH", "$.name"))
    ended = runflow("flow.yaml", "--update-snapshots", env=demo_env)
    assert ended.code == 3
    assert "the step runs several times, and `$.name` has a different value each time" in ended.out
    write("_item.yaml", included.replace("PATH", "header Content-Type"))
    ended = runflow("flow.yaml", "--update-snapshots", env=demo_env)
    assert (ended.code, "__snapshots__/_item.yaml.json: 1 snapshot, 1 new" in ended.err) == (0, True)
    assert runflow("flow.yaml", env=demo_env).code == 0


def test_where_nothing_can_be_written_the_command_says_so(
    write: Write, demo_env: dict[str, str], tmp_path: Path
) -> None:
    """Root may write anywhere, but no file of this process may have a byte."""
    write("flow.yaml", FLOW)
    words = (
        "import resource, sys; from runflow.cli import main; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); main()"
    )
    command = [sys.executable, "-B", "-c", words, "flow.yaml", "--update-snapshots", "--no-store"]
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT)}
    ended = subprocess.run(command, cwd=tmp_path, env=bare | demo_env, capture_output=True, text=True, check=False)
    assert ended.returncode == 4, ended.stdout + ended.stderr
    assert "the snapshots cannot be written: file too large" in ended.stderr
    assert list((tmp_path / "__snapshots__").iterdir()) == []


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_what_is_stored_is_what_was_found(value: Any) -> None:
    """Whatever JSON can hold: half of a surrogate pair, -0.0, large numbers."""
    with tempfile.TemporaryDirectory() as folder:
        file, taken = Path(folder) / "__snapshots__" / "flow.yaml.json", SnapshotStore()
        taken(Snapshot(file, "item [0]", "$", "", value))
        (line,) = taken.write([])
        assert line.endswith(": 1 snapshot, 1 new")
        assert same(read_contents(file.read_bytes())["item [0]"]["$"][""], value)


def test_a_stranger_and_a_cluster_write_none(write: Write, runflow: Any, demo_env: dict[str, str]) -> None:
    write("flow.yaml", FLOW)
    ended = runflow("flow.yaml", "--update-snapshots", "--untrusted", env=demo_env)
    assert (ended.code, "--untrusted workflows may write no file" in ended.err) == (2, True)
    ended = runflow("flow.yaml", "--update-snapshots", "--executor", "x:y", env=demo_env)
    assert (ended.code, "--update-snapshots works on this machine only" in ended.err) == (2, True)
