"""The schema in editors that have no runflow, by yaml-language-server: its diagnostics are on our lines, and it completes and explains keys."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import pytest_lsp
from limits import awaited
from lsprotocol import types
from needs import node
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

PROJECT = Path(__file__).parent.parent.parent
FOLDER = Path(__file__).parent / "yaml_server"
PROGRAM = FOLDER / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
NODE = node(PROGRAM)
pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.filterwarnings(
        "ignore::pytest_lsp.LspSpecificationWarning"
    ),  # how that server keeps to the protocol is not tested here
]


@pytest_lsp.fixture(config=ClientServerConfig(server_command=[NODE, str(PROGRAM), "--stdio"]))
async def client(client: LanguageClient, tmp_path: Path) -> Any:  # type: ignore[misc]  # a fixture of pytest-lsp is a generator
    schema = str(PROJECT / "schemas" / "workflow.schema.json")
    settings = {
        "schemas": {schema: "*"},
        "validate": True,
        "completion": True,
        "hover": True,
        "schemaStore": {"enable": False},
    }
    client.set_configuration(settings, section="yaml")
    for other in ("http", "[yaml]", "editor", "files", "telemetry"):
        client.set_configuration({}, section=other)

    @client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def registered(_: types.RegistrationParams) -> None: ...

    @client.feature(types.TELEMETRY_EVENT)
    def counted(_: Any) -> None: ...

    capabilities = client_capabilities("visual-studio-code")
    await client.initialize_session(types.InitializeParams(capabilities=capabilities, root_uri=tmp_path.as_uri()))
    yield
    await client.shutdown_session()


async def theirs(client: LanguageClient, texts: dict[Path, str]) -> dict[Path, list[int]]:
    """The lines that it marks in each, from 1."""
    for path, text in texts.items():
        item = types.TextDocumentItem(uri=path.as_uri(), language_id="yaml", version=1, text=text)
        client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    uris = [path.as_uri() for path in texts]
    await awaited(
        lambda: all(uri in client.diagnostics for uri in uris), expected=6, what="the diagnostics of each file"
    )
    return {path: sorted({each.range.start.line + 1 for each in client.diagnostics[path.as_uri()]}) for path in texts}


def ours(runflow: Any, paths: Iterable[Path]) -> dict[Path, list[int]]:
    """The lines of errors in each."""
    every = list(paths)
    findings = json.loads(runflow("check", *map(str, every), "--format", "json").out)["findings"]
    errors = [
        ((every[0].parent / each["file"]).resolve(), each["line"]) for each in findings if each["severity"] == "error"
    ]
    return {path: sorted({line for file, line in errors if file == path}) for path in every}


STEP = "steps:\n  - get: http://127.0.0.1/\n    expect: 200\n"
BOTH = {
    "an unknown key of a step": STEP + "    expct: 200\n",
    "an unknown key at the top": "stps: 1\n" + STEP,
    "an unknown key below": STEP + "    retry: {tims: 3}\n",
    "an unknown kind of credential": "auth: {a: {baerer: x}}\n" + STEP,
    "an unknown operator": STEP.replace(" 200", "\n      status: 200\n      $.a: {equal: 1}"),
    "an unknown selector": STEP.replace(" 200", "\n      statuss: 200"),
    "an unknown key of an extract": STEP + "    extract:\n      a: {form: $.a}\n",
    "no steps": "name: x\n",
    "empty steps": "steps: []\n",
    "a step that is a text": "steps: [get]\n",
    "a list in place of a map": STEP + "    headers: [a]\n",
    "a bare number for a duration": STEP + "    timeout: 30\n",
    "a key that is there twice": STEP + "    expect: 201\n",
    "a tag": "vars: {a: !x 1}\n" + STEP,
    "no YAML": STEP + "   x: 1\n",
}
OURS_ALONE = {
    "a name that nothing gives": STEP.replace("0.1/", "0.1/{{ x }}"),
    "two actions": STEP + "    post: /b\n",
    "no action": "steps:\n  - expect: 200\n",
    "an unquoted template": STEP + "    json: {{ x }}\n",
    "a version of HTTP that is not there": STEP + "    http: {version: 5}\n",
    "a path that is none": STEP.replace(" 200", "\n      $.a[: 1"),
}


async def test_it_finds_nothing_in_good_files(client: LanguageClient, runflow: Any) -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in (PROJECT / "workflows").glob("*.yaml")}
    assert await theirs(client, texts) == ours(runflow, texts) == {path: [] for path in texts}


async def test_what_the_structs_forbid_it_finds_on_the_same_lines(
    client: LanguageClient, tmp_path: Path, runflow: Any
) -> None:
    paths = {name: tmp_path / f"{name.replace(' ', '_')}.yaml" for name in BOTH | OURS_ALONE}
    texts = {paths[name]: text for name, text in (BOTH | OURS_ALONE).items()}
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    found, own = await theirs(client, texts), ours(runflow, texts)
    for name, path in paths.items():
        assert own[path], name
        assert found[path] == (own[path] if name in BOTH else []), name


async def test_it_completes_keys_and_explains_them(client: LanguageClient, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    document = types.TextDocumentIdentifier(path.as_uri())
    await theirs(client, {path: STEP + "    \n"})
    completed = await client.text_document_completion_async(types.CompletionParams(document, types.Position(3, 4)))
    assert isinstance(completed, types.CompletionList)
    assert {"extract", "retry", "headers", "for_each", "continue_on_failure"} <= {
        item.label for item in completed.items
    }
    hovered = await client.text_document_hover_async(types.HoverParams(document, types.Position(2, 6)))
    assert hovered
    assert "the expected status" in str(hovered.contents)
