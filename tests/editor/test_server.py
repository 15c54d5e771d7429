"""The language server with a real client: what an editor shows of a workflow."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_lsp
from limits import awaited
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

pytestmark = pytest.mark.asyncio

FLOW = """\
name: Log in, then fetch
base_url: "{{ env.API_URL }}"
secrets: [API_PASSWORD, token]
vars: {user: ada}
auth:
  named: {bearer: "{{ token }}"}
steps:
  - name: log in
    post: /login
    json: {username: "{{ user }}", password: "{{ env.API_PASSWORD }}"}
    expect: 200
    extract:
      token: $.token
      lasts: $.expires_in
  - name: fetch
    get: /users/me
    auth: named
    expect: 200
    assert: [lasts > 0]
    extract: {name: $.username}
outputs: {name: "{{ name }}"}
"""
ENVIRONMENT = {**os.environ, "PYTHONWARNINGS": "default"}


@pytest_lsp.fixture(
    config=ClientServerConfig(server_command=[sys.executable, "-m", "runflow", "lsp", "--demo"], server_env=ENVIRONMENT)
)
async def client(client: LanguageClient, tmp_path: Path) -> Any:  # type: ignore[misc]  # a fixture of pytest-lsp is a generator
    capabilities = client_capabilities("visual-studio-code")
    await client.initialize_session(types.InitializeParams(capabilities=capabilities, root_uri=tmp_path.as_uri()))
    yield
    await client.shutdown_session()


def opened(client: LanguageClient, path: Path, text: str) -> str:
    """Open a text in the editor, on the disk or not."""
    item = types.TextDocumentItem(uri=path.as_uri(), language_id="yaml", version=1, text=text)
    client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    return path.as_uri()


def changed(client: LanguageClient, uri: str, text: str, version: int = 2) -> None:
    """Replace the text."""
    document = types.VersionedTextDocumentIdentifier(uri=uri, version=version)
    change = types.TextDocumentContentChangeWholeDocument(text=text)
    client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))


async def told(client: LanguageClient, uri: str) -> list[types.Diagnostic]:
    """The next diagnostics of a file."""
    await awaited(lambda: uri in client.diagnostics, what=f"the diagnostics of {uri}")
    return list(client.diagnostics.pop(uri))


def place(text: str, words: str, offset: int = 0) -> types.Position:
    """The position of words as an editor counts: from 0, in UTF-16."""
    before = text[: text.index(words) + offset]
    line = before.rpartition("\n")[2]
    return types.Position(before.count("\n"), len(line.encode("utf-16-le")) // 2)


async def names(client: LanguageClient, uri: str, position: types.Position) -> list[str]:
    """What completion offers."""
    found = await client.text_document_completion_async(
        types.CompletionParams(types.TextDocumentIdentifier(uri), position)
    )
    assert isinstance(found, types.CompletionList)
    return [item.label for item in found.items]


CHECKED = {
    "good": FLOW,
    "an unknown key": FLOW.replace("    expect: 200\n    assert", "    expct: 200\n    assert"),
    "weak": "steps:\n  - get: http://api.example.com/\n",
    "a name that nothing gives": FLOW.replace("{{ user }}", "{{ usr }}"),
    "half a line": FLOW[: FLOW.index("$.username")] + "{{",
    "behind an emoji": 'steps:\n  - {name: "😀😀", get: http://127.0.0.1/, expct: 1}\n',
    "nothing yet": "steps:\n",
}


@pytest.mark.parametrize("name", CHECKED)
async def test_an_editor_shows_what_check_finds(
    client: LanguageClient, tmp_path: Path, runflow: Any, name: str
) -> None:
    text = CHECKED[name]
    path = tmp_path / "a.flow.yaml"
    path.write_text(text, encoding="utf-8")
    uri = opened(client, path, text)
    shown = await told(client, uri)
    findings = json.loads(runflow("check", str(path), "--format", "json").out)["findings"]
    lines = text.split("\n")
    expected = [
        (
            each["code"],
            each["message"],
            each["line"] - 1,
            len(lines[each["line"] - 1][: each["column"] - 1].encode("utf-16-le")) // 2,
        )
        for each in findings
    ]
    assert [
        (each.code, each.message.partition("\n→ ")[0], each.range.start.line, each.range.start.character)
        for each in shown
    ] == expected
    assert (name == "good") == (not shown)


async def test_a_text_is_checked_as_it_is_typed_before_any_disk_has_it(client: LanguageClient, tmp_path: Path) -> None:
    uri = opened(client, tmp_path / "new.flow.yaml", "")
    assert [each.message.partition("\n")[0] for each in await told(client, uri)] == ["the file is empty"]
    changed(client, uri, "steps:\n  - get: http://127.0.0.1/\n    expect: any\n")
    assert [each.code for each in await told(client, uri)] == ["RF611"]
    changed(client, uri, "steps:\n  - get: http://127.0.0.1/\n    expect: 200\n", 3)
    assert await told(client, uri) == []


async def test_what_is_wrong_in_an_included_file_is_shown_there(client: LanguageClient, tmp_path: Path) -> None:
    part = tmp_path / "_part.yaml"
    part.write_text("steps:\n  - get: /x\n    auth: api\n    expct: 200\n", encoding="utf-8")
    text = 'base_url: http://127.0.0.1\nauth: {api: {bearer: "{{ env.T }}"}}\nsteps:\n  - include: _part.yaml\n'
    (tmp_path / "all.yaml").write_text(text, encoding="utf-8")
    opened(client, tmp_path / "all.yaml", text)
    assert [each.range.start.line for each in await told(client, part.as_uri())] == [3]
    # in the editor, it has the credentials of the file that includes it
    uri = opened(client, part, "steps:\n  - get: /x\n    auth: api\n    expect: 200\n")
    assert await told(client, uri) == []


async def test_other_yaml_is_left_alone(client: LanguageClient, tmp_path: Path) -> None:
    text = "services: {web: {image: nginx}}\n"
    uri = opened(client, tmp_path / "compose.yaml", text)
    assert await told(client, uri) == []
    assert await names(client, uri, place(text, "web")) == []


@pytest.mark.parametrize(
    ("line", "there", "missing"),
    [
        ("    get: /{{ | }}", {"user", "token", "lasts", "uuid", "env"}, {"name", "response"}),
        ('    get: "/{{ to|', {"user", "token"}, {"name"}),
        ("    headers: {X: {{ |", {"user", "token"}, {"name"}),
        ("    assert: [|]", {"user", "name", "response"}, set()),
        ("    assert: [response.|]", {"status", "json"}, {"user"}),
        ("    get: /{{ token | |}}", {"b64encode", "jwt_claims"}, {"user"}),
        ("    get: /{{ env.| }}", {"PATH"}, {"user"}),
        ("    auth: |", {"named"}, {"user"}),
        ("    name: |", set(), {"user", "token"}),
    ],
)  # fmt: skip
async def test_completion_offers_the_names_that_have_a_value_there(
    client: LanguageClient, tmp_path: Path, line: str, there: set[str], missing: set[str]
) -> None:
    begin = FLOW[: FLOW.index("    get: /users")]
    text = (
        begin + line.replace("|", "", 1)
        if line.count("|") == 1
        else begin + "|".join(line.rsplit("|", 1)[0:1]) + line.rsplit("|", 1)[1]
    )
    rest = "\n    extract: {name: $.username}\n"
    uri = opened(client, tmp_path / "a.flow.yaml", text + rest)
    column = line.rindex("|")
    offered = set(await names(client, uri, types.Position(begin.count("\n"), column)))
    assert there <= offered
    assert not missing & offered


async def test_a_name_leads_to_where_it_is_extracted(client: LanguageClient, tmp_path: Path) -> None:
    (tmp_path / "_part.yaml").write_text("steps: [{get: /x, expect: 200}]\n", encoding="utf-8")
    text = FLOW.replace("outputs:", "  - include: _part.yaml\noutputs:")
    uri = opened(client, tmp_path / "a.flow.yaml", text)

    async def lead(words: str, offset: int = 1) -> list[tuple[str, int]]:
        asked = types.DefinitionParams(types.TextDocumentIdentifier(uri), place(text, words, offset))
        found = await client.text_document_definition_async(asked)
        assert isinstance(found, Sequence)
        return [(Path(each.uri).name, each.range.start.line) for each in found if isinstance(each, types.Location)]

    assert await lead("lasts > 0") == [("a.flow.yaml", 13)]
    assert await lead("token]") == [("a.flow.yaml", 12)]  # under `secrets`
    assert await lead("user }}") == [("a.flow.yaml", 3)]
    assert await lead("named\n") == [("a.flow.yaml", 5)]
    assert await lead("_part.yaml") == [("_part.yaml", 0)]
    assert await lead("log in") == []


async def test_hover_shows_the_last_value_of_a_name_and_no_secret(
    client: LanguageClient, tmp_path: Path, runflow: Any
) -> None:
    path = tmp_path / "a.flow.yaml"
    path.write_text(FLOW, encoding="utf-8")
    uri = opened(client, path, FLOW)

    async def hovered(words: str) -> str:
        asked = types.HoverParams(types.TextDocumentIdentifier(uri), place(FLOW, words, 1))
        found = await client.text_document_hover_async(asked)
        return found.contents.value if found and isinstance(found.contents, types.MarkupContent) else ""

    assert await hovered("lasts > 0") == "`lasts` — extracted by 'log in'"  # it never ran
    ran = types.ExecuteCommandParams("runflow.run", [uri, 0])
    await client.workspace_execute_command_async(ran)
    assert "passed" in client.messages[-1].message, client.log_messages[-1].message
    assert "300.0 (integer)" in await hovered("lasts > 0")
    assert '"***"' in await hovered("token }}")
    assert '"ada" (string)' in await hovered("user }}")
    assert '"ada" (string)' in await hovered("name: $.username")
    assert "environment variable" in await hovered("API_URL")


async def test_a_lens_runs_to_its_step_and_shows_why_it_failed(client: LanguageClient, tmp_path: Path) -> None:
    text = FLOW.replace("lasts > 0", "lasts > 9999")
    path = tmp_path / "a.flow.yaml"
    path.write_text(text, encoding="utf-8")
    uri = opened(client, path, text)
    await told(client, uri)
    lenses = await client.text_document_code_lens_async(types.CodeLensParams(types.TextDocumentIdentifier(uri)))
    assert lenses
    assert [lens.range.start.line for lens in lenses] == [0, 7, 14]
    whole, first, _ = [lens.command for lens in lenses]
    assert first
    assert whole
    await client.workspace_execute_command_async(types.ExecuteCommandParams(first.command, first.arguments))
    assert client.messages[-1].type is types.MessageType.Info, client.log_messages[-1].message
    client.diagnostics.clear()
    await client.workspace_execute_command_async(types.ExecuteCommandParams(whole.command, whole.arguments))
    assert client.messages[-1].type is types.MessageType.Error
    (failure,) = await told(client, uri)
    assert (failure.source, failure.range.start.line) == ("runflow run", 18)
    assert "lasts > 9999" in failure.message
    changed(client, uri, text + "\n")
    assert await told(client, uri) == []  # the text has changed since the run
    await client.workspace_execute_command_async(types.ExecuteCommandParams(whole.command, whole.arguments))
    assert client.messages[-1].message == "save a.flow.yaml first: the file on the disk is run"


async def test_the_server_ends_with_its_editor(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "runflow",
        "lsp",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=tmp_path,
    )
    assert process.stdin
    process.stdin.close()
    assert await asyncio.wait_for(process.wait(), 20) == 0


async def test_a_text_whose_folder_is_gone_is_checked_all_the_same(client: LanguageClient, tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    uri = opened(client, folder / "a.flow.yaml", FLOW)
    assert await told(client, uri) == []
    folder.rmdir()
    changed(client, uri, FLOW.replace("{{ user }}", "{{ usr }}"))
    assert [each.code for each in await told(client, uri)] == ["RF600"]
