"""Secrets come from where they are kept, when they are needed, and are masked without being named."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes import answer, run

import runflow
from runflow.model.environment import Environment
from runflow.model.errors import RunflowError, StepError
from runflow.sources.file import SecretsFile, read_assignments
from runflow.sources.table import open_source

FLOW = """
base_url: "{{ env.API_URL }}"
steps:
  - get: /echo
    headers: { X-Secret: "{{ env.HIDDEN }}" }
    expect: { "$.headers['x-secret']": nothing-like-it }
"""


class Counting:
    """A source that remembers what it was asked."""

    def __init__(self, **values: str) -> None:
        self.values = values
        self.asked: list[str] = []

    def get(self, name: str, /) -> str | None:
        self.asked.append(name)
        return self.values.get(name)


def test_a_source_is_asked_once_and_only_for_what_is_looked_up() -> None:
    source = Counting(A="aaaa", B="bbbb")
    environment = Environment({"C": "cccc"}, [("it", source)])
    assert source.asked == []
    assert (environment["A"], environment["C"], environment["A"], environment.get("X"), environment.get("X")) == (
        "aaaa",
        "cccc",
        "aaaa",
        None,
        None,
    )
    assert source.asked == ["A", "X"]
    assert "B" not in environment
    assert dict(environment) == {"C": "cccc", "A": "aaaa"}
    assert len(environment) == 2
    assert environment.found == {"A": "aaaa"}


def test_the_first_source_that_knows_a_name_gives_it_and_the_environment_comes_before_all() -> None:
    one, two = Counting(A="from-one"), Counting(A="from-two", B="b-from-two")
    environment = Environment({"B": "b-set"}, [("one", one), ("two", two)])
    assert environment["A"] == "from-one"
    assert environment["B"] == "b-set"
    assert two.asked == []


def test_a_source_that_fails_is_named() -> None:
    class Broken:
        def get(self, _: str, /) -> str | None:
            raise ConnectionError("vault is sealed")

    class Refusing:
        def get(self, _: str, /) -> str | None:
            raise RunflowError("it is locked", hint="unlock it")

    with pytest.raises(StepError, match=r"the vault failed to read A: ConnectionError: vault is sealed"):
        Environment({}, [("the vault", Broken())])["A"]
    with pytest.raises(StepError, match=r"the ring cannot read A: it is locked"):
        Environment({}, [("the ring", Refusing())])["A"]


def test_what_a_source_gives_is_a_secret_without_being_named_also_where_a_template_may_do_without_it() -> None:
    environment = Environment({}, [("it", Counting(HIDDEN="very-hidden"))])
    done = run(
        "steps:\n  - {get: /x, headers: {X: \"{{ env.HIDDEN | default('none') }}\"}}\n", [answer()], env=environment
    )
    assert ("X", "very-hidden") in done.sent().headers
    assert "very-hidden" in done.secrets


def test_an_unused_step_asks_for_nothing() -> None:
    source = Counting(HIDDEN="very-hidden")
    run(
        "secrets: [token]\nsteps:\n  - {get: /x, if: false, headers: {X: '{{ env.HIDDEN }}'}}\n  - {get: /t, extract: {token: $.t}}\n",
        [answer(200, {"t": "abcdef"})],
        env=Environment({}, [("it", source)]),
    )
    assert source.asked == []


def test_a_secrets_file_is_read_when_a_name_is_first_needed(tmp_path: Path) -> None:
    path = tmp_path / "secrets.env"
    path.write_text("# a comment\nexport A='quoted value'\nB=\"x # y\"\nC = plain # comment\n\n", encoding="utf-8")
    source = SecretsFile(path)
    assert [source.get(name) for name in "ABCD"] == ["quoted value", "x # y", "plain", None]
    path.unlink()
    assert source.get("A") == "quoted value"
    with pytest.raises(RunflowError, match="cannot be read"):
        SecretsFile(path).get("A")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"A=1\nnot an assignment", r":2: write NAME=VALUE"),
        (b"1A=x", r":1: write"),
        (b"\xff\xfe", "not UTF-8"),
        (b"=x", r":1: write"),
    ],
)
def test_a_line_that_is_wrong_is_named_by_its_number_and_never_shown(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "s"
    path.write_bytes(content)
    with pytest.raises(RunflowError, match=message) as caught:
        read_assignments(path)
    assert "not an assignment" not in caught.value.message


def test_an_unknown_source_has_a_suggestion() -> None:
    with pytest.raises(RunflowError, match="no secret source `keyrin`") as caught:
        open_source("keyrin:x")
    assert "keyring" in caught.value.hint


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """Another distribution with secret sources of its own, as `pip` would leave it, and a keyring backend."""
    folder = tmp_path / "site"
    info = folder / "acme_vault-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-vault\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[runflow.secrets]\nvault = acme_vault:Vault\nbroken = acme_vault:nothing\nhollow = acme_vault:Hollow\n"
    )
    (folder / "acme_vault.py").write_text(
        "class Vault:\n    def __init__(self, argument):\n        self.path = argument\n    def get(self, name):\n"
        "        return f'{self.path}-{name}-secret' if name == 'HIDDEN' else None\n"
        "class Hollow:\n    def __init__(self, argument):\n        pass\n"
    )
    (folder / "ring.py").write_text(
        "import keyring.backend, keyring.errors\nclass Ring(keyring.backend.KeyringBackend):\n    priority = 1\n"
        "    def get_password(self, service, name):\n"
        "        if service == 'locked':\n            raise keyring.errors.KeyringLocked('the keyring is locked')\n"
        "        return 'ring-' + service if name == 'HIDDEN' else None\n"
        "    def set_password(self, *_): ...\n    def delete_password(self, *_): ...\n"
    )
    return folder


@pytest.mark.parametrize(
    ("options", "secret"),
    [
        (["--secrets", "vault:kv/ci"], "kv/ci-HIDDEN-secret"), (["--secrets", "keyring"], "ring-runflow"),
        (["--secrets", "keyring:ci"], "ring-ci"), (["--secrets-file", "s.env"], "from-the-file"),
        (["--secrets", "keyring", "--secrets-file", "s.env"], "from-the-file"),
    ],
)  # fmt: skip
def test_each_source_gives_a_workflow_its_secret_and_no_output_shows_it(
    runflow_process: Callable[..., Any], write: Any, demo: str, plugin: Path, options: list[str], secret: str
) -> None:
    write("flow.yaml", FLOW)
    write("s.env", "HIDDEN=from-the-file\n")
    env = {
        "API_URL": demo,
        "PYTHONPATH": f"{plugin}:{Path(__file__).parents[2]}",
        "PYTHON_KEYRING_BACKEND": "ring.Ring",
    }
    ended = runflow_process("-vv", "flow.yaml", *options, env=env)
    assert ended.code == 1, ended.err
    assert "x-secret" in ended.out
    assert secret not in ended.out + ended.err
    set_already = runflow_process("flow.yaml", *options, env=env | {"HIDDEN": "nothing-like-it"})
    assert set_already.code == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--secrets", "broken"], "cannot be imported: AttributeError"), (["--secrets", "hollow"], "has no method `get`"),
        (["--secrets", "valt:x"], "did you mean 'vault'?"), (["--secrets-file", "none.env"], "there is no file none.env"),
        (["--secrets", "keyring:locked"], "the secret source `keyring:locked` cannot read HIDDEN: the keyring is locked"),
        (["--secrets-file", "bad.env"], "bad.env:1: write NAME=VALUE"),
        (["--secrets-file", "short.env"], "the secret HIDDEN has fewer than 4 characters"),
        (["--secrets-file", "other.env"], "the environment variable HIDDEN is not set"),
    ],
)  # fmt: skip
def test_a_source_that_cannot_give_is_an_error_before_anything_is_sent(
    runflow_process: Callable[..., Any], write: Any, plugin: Path, options: list[str], message: str
) -> None:
    write("flow.yaml", FLOW)
    write("bad.env", "HIDDEN\n")
    write("short.env", "HIDDEN=abc\n")
    write("other.env", "OTHER=abcd\n")
    env = {
        "API_URL": "http://127.0.0.1:1",
        "PYTHONPATH": f"{plugin}:{Path(__file__).parents[2]}",
        "PYTHON_KEYRING_BACKEND": "ring.Ring",
    }
    ended = runflow_process("flow.yaml", *options, env=env)
    assert ended.code == 2, ended.out
    assert message in ended.err
    checked = runflow_process("check", "flow.yaml", *options, env=env)
    assert (checked.code == 0) is (options[1] not in {"broken", "hollow", "valt:x", "none.env"}), (
        "checking reads no secret"
    )


def test_without_the_extra_the_keyring_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(RunflowError, match="not installed") as caught:
        open_source("keyring")
    assert caught.value.hint == "pip install 'runflow-http[keyring]'"


def test_python_programs_give_a_source_of_their_own(write: Any, demo: str) -> None:
    flow = write("flow.yaml", FLOW.replace("nothing-like-it", '"{{ env.HIDDEN }}"'))
    source = Counting(HIDDEN="very-hidden")
    result = runflow.run(flow, env=runflow.Environment({"API_URL": demo}, [("the vault", source)]))
    assert result.passed
    assert source.asked == ["HIDDEN"]
    assert "very-hidden" not in str(result)


def test_a_secret_is_masked_from_the_first_line_on_though_it_is_used_later(
    runflow: Callable[..., Any], write: Any, demo: str
) -> None:
    write(
        "flow.yaml",
        'base_url: "{{ env.API_URL }}"\nsteps:\n  - {name: from-the-file, get: /echo?x=from-the-file, expect: 404}\n'
        "  - {get: /echo, headers: {X: '{{ env.HIDDEN }}'}}\n",
    )
    write("s.env", "HIDDEN=from-the-file\n")
    ended = runflow("flow.yaml", "--secrets-file", "s.env", env={"API_URL": demo})
    assert ended.code == 1
    assert "from-the-file" not in ended.out + ended.err
