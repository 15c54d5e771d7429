"""The language server: handles the requests of an editor. The only module that imports pygls."""

from __future__ import annotations

import asyncio
import os
import time
import traceback
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from ..loading import LoaderOptions
from ..model.errors import DocumentPath
from ..model.finding import Finding
from ..model.results import Where, WorkflowResult
from ..reporters.failures import reason_of_run
from ..version import __version__
from .draft import Cursor, Draft, cursor_at, read
from .findings import findings_in, is_workflow
from .last_run import LastRuns, value_of
from .names import NameDefinition, steps_of
from .run_process import is_saved, run
from .suggestions import credential_path, definitions_of, hover_text, suggestions, value_text

RUN = "runflow.run"
_PAUSE = 0.1
"""Seconds without a change after which a text is checked."""
_KINDS = {
    "variable": types.CompletionItemKind.Variable,
    "function": types.CompletionItemKind.Function,
    "field": types.CompletionItemKind.Field,
    "constant": types.CompletionItemKind.Constant,
}
_SEVERITIES = {"error": types.DiagnosticSeverity.Error, "warning": types.DiagnosticSeverity.Warning}


class Server(LanguageServer):
    """Offers diagnostics, completion, definitions, hover texts, and code lenses that run workflows.

    Args:
        loader_options: How workflows are read, as for `runflow check`.
        options: The options of `runflow run` for the code lenses.
    """

    def __init__(self, loader_options: LoaderOptions, options: Sequence[str]) -> None:
        super().__init__("runflow", __version__)
        self.loader_options = loader_options
        self.options = tuple(options)
        self.last_runs = LastRuns()
        self._drafts: dict[str, Draft] = {}
        self._checking: asyncio.Task[None] | None = None
        self._shown: set[str] = set()
        self._failed: dict[str, list[types.Diagnostic]] = {}
        feature = self.feature  # it sets attributes on functions, which methods do not allow
        feature(types.INITIALIZED)(partial(self._initialized))
        feature(types.TEXT_DOCUMENT_DID_OPEN)(partial(self._changed))
        feature(types.TEXT_DOCUMENT_DID_CHANGE)(partial(self._changed))
        feature(types.TEXT_DOCUMENT_DID_SAVE)(partial(self._changed))
        feature(types.TEXT_DOCUMENT_DID_CLOSE)(partial(self._changed))
        triggers = types.CompletionOptions(trigger_characters=["{", " ", ".", "|"])
        feature(types.TEXT_DOCUMENT_COMPLETION, triggers)(partial(self._complete))
        feature(types.TEXT_DOCUMENT_DEFINITION)(partial(self._define))
        feature(types.TEXT_DOCUMENT_HOVER)(partial(self._hover))
        feature(types.TEXT_DOCUMENT_CODE_LENS)(partial(self._lenses))
        self.command(RUN)(partial(self._run))

    def _initialized(self, _: types.InitializedParams) -> None:
        """Work in the open folder: file names are shown relative to it, and projects are found from it."""
        root = self.workspace.root_path
        if root and Path(root).is_dir():
            os.chdir(root)

    # diagnostics

    def _changed(
        self,
        params: types.DidOpenTextDocumentParams
        | types.DidChangeTextDocumentParams
        | types.DidSaveTextDocumentParams
        | types.DidCloseTextDocumentParams,
    ) -> None:
        if isinstance(params, types.DidChangeTextDocumentParams):
            self._failed.pop(params.text_document.uri, None)
        if isinstance(params, types.DidCloseTextDocumentParams):
            self._drafts.pop(params.text_document.uri, None)
        if self._checking is not None:
            self._checking.cancel()
        self._checking = asyncio.get_running_loop().create_task(self._check())
        self._checking.add_done_callback(self._checked)

    def _checked(self, task: asyncio.Task[None]) -> None:
        """Report an exception of a check: it is a bug in runflow, and the text was not checked."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            lines = "".join(traceback.format_exception(error))
            self.window_log_message(types.LogMessageParams(types.MessageType.Error, lines))
            self._say(
                types.MessageType.Error,
                f"this is a bug in runflow {__version__}; the log of the language server has the details to report: {error}",
            )

    async def _check(self) -> None:
        await asyncio.sleep(_PAUSE)
        uris = {_path(uri): uri for uri in self.workspace.text_documents}
        texts = {path: self.workspace.text_documents[uri].source for path, uri in uris.items()}
        found = await asyncio.to_thread(findings_in, texts, self.loader_options)
        diagnostics: dict[str, list[types.Diagnostic]] = {uri: [] for uri in (*uris.values(), *self._shown)}
        for path, where, finding in found:
            uri = uris.get(path) or from_fs_path(str(path)) or ""
            diagnostics.setdefault(uri, []).append(self._diagnostic(uri, where, finding))
        for uri, each in diagnostics.items():
            every = [*each, *self._failed.get(uri, ())]
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri=uri, diagnostics=every))
        self._shown = {uri for uri, each in diagnostics.items() if each}

    def _diagnostic(self, uri: str, where: Where | None, finding: Finding) -> types.Diagnostic:
        return types.Diagnostic(
            range=self._range(uri, where),
            message=f"{finding.message}\n→ {finding.hint}" if finding.hint else finding.message,
            severity=_SEVERITIES[finding.severity],
            code=finding.code,
            source="runflow",
        )

    def _range(self, uri: str, where: Where | None) -> types.Range:
        if where is None:
            return types.Range(types.Position(0, 0), types.Position(0, 1))
        begin = types.Position(where.line - 1, where.column - 1)
        end = types.Position(begin.line, begin.character + where.width)
        lines = self.workspace.get_text_document(uri).lines
        return self.workspace.position_codec.range_to_client_units(lines, types.Range(begin, end))

    # completion, definitions and hover texts

    def _draft(self, uri: str, line: int) -> Draft | None:
        """The readable part of the text, or the last one that could be read."""
        draft = read(self.workspace.get_text_document(uri).source, line)
        if draft is not None:
            self._drafts[uri] = draft
        return self._drafts.get(uri)

    def _cursor(self, uri: str, position: types.Position) -> tuple[Cursor, Draft] | None:
        document = self.workspace.get_text_document(uri)
        draft = self._draft(uri, position.line)
        if draft is None or not is_workflow(Path(document.path), document.source):
            return None
        at = self.workspace.position_codec.position_from_client_units(document.lines, position)
        return cursor_at(document.source, draft, at.line, at.character), draft

    def _last(self, uri: str) -> WorkflowResult | None:
        return self.last_runs.result(_path(uri))

    def _external_names(self, uri: str) -> list[NameDefinition]:
        """Names that are defined outside the file, as far as they are known."""
        result = self._last(uri)
        last = [NameDefinition(name, (), "defined in the last run") for name in (result.variables if result else ())]
        return [
            *last,
            *(NameDefinition(name, (), "defined on the command line") for name in self.loader_options.variable_names),
        ]

    def _complete(self, params: types.CompletionParams) -> types.CompletionList:
        found = self._cursor(params.text_document.uri, params.position)
        if found is None:
            return types.CompletionList(is_incomplete=False, items=[])
        cursor, draft = found
        every = suggestions(cursor, draft.data, self._external_names(params.text_document.uri))
        items = [
            types.CompletionItem(label=each.name, kind=_KINDS[each.kind], detail=each.what, sort_text=f"{number:04}")
            for number, each in enumerate(every)
        ]
        return types.CompletionList(is_incomplete=False, items=items)

    def _define(self, params: types.DefinitionParams) -> list[types.Location]:
        uri = params.text_document.uri
        found = self._cursor(uri, params.position)
        if found is None:
            return []
        cursor, draft = found
        if cursor.path[-1:] == ("include",) and cursor.before is None:
            return self._included(uri, draft, cursor.path)
        credential = credential_path(cursor, draft.data)
        paths = (
            [credential] if credential else [each.path for each in definitions_of(cursor, draft.data, ()) if each.path]
        )
        spans = [draft.source.span(path, on_key=True) for path in paths]
        document = self.workspace.get_text_document(uri)
        return [
            types.Location(uri, self.workspace.position_codec.range_to_client_units(
                document.lines,
                types.Range(types.Position(span.line, span.column), types.Position(span.end_line, span.end_column)),
            ))
            for span in spans if span is not None
        ]  # fmt: skip

    @staticmethod
    def _included(uri: str, draft: Draft, path: DocumentPath) -> list[types.Location]:
        name = next((step.get("include") for at, step in steps_of(draft.data) if at == path[:2]), None)
        file = _path(uri).parent / str(name)
        start = types.Range(types.Position(0, 0), types.Position(0, 0))
        return [types.Location(from_fs_path(str(file)) or "", start)] if file.is_file() else []

    def _hover(self, params: types.HoverParams) -> types.Hover | None:
        uri = params.text_document.uri
        found = self._cursor(uri, params.position)
        if found is None or not found[0].word:
            return None
        cursor, draft = found
        definitions = definitions_of(cursor, draft.data, self._external_names(uri))
        text = hover_text(cursor, definitions, self._last_value(uri, definitions))
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text)) if text else None

    def _last_value(self, uri: str, definitions: Iterable[NameDefinition]) -> list[str]:
        result = self._last(uri)
        for each in definitions:
            value = value_of(each, result) if result is not None else None
            if result is not None and value is not None:
                return [value_text(value.value, result.verdict.value, max(time.time() - result.started, 0))]
        return []

    # code lenses

    def _lenses(self, params: types.CodeLensParams) -> list[types.CodeLens]:
        uri = params.text_document.uri
        document = self.workspace.get_text_document(uri)
        draft = self._draft(uri, -1)
        if draft is None or not is_workflow(Path(document.path), document.source):
            return []
        lenses = [_lens(0, "▶ run this workflow", [uri, 0])]
        for path, _ in steps_of(draft.data):
            span = draft.source.span(path)
            if span is not None and path[0] == "steps":
                lenses.append(_lens(span.line, "▶ run to this step", [uri, span.line + 1]))
        return lenses

    async def _run(self, uri: str, line: int) -> None:
        """Run a workflow up to the step at a line (from 1), or the whole workflow (0), and show why it did not pass."""
        document = self.workspace.get_text_document(uri)
        path = Path(document.path)
        if not is_saved(path, document.source):
            self._say(types.MessageType.Warning, f"save {path.name} first: the file on the disk is run")
            return
        outcome = await run(path, line, self.options)
        self.window_log_message(types.LogMessageParams(types.MessageType.Log, outcome.output))
        self._say(
            types.MessageType.Info if outcome.passed else types.MessageType.Error, f"{path.name}: {outcome.summary}"
        )
        result = None if outcome.passed else self._last(uri)
        self._failed.pop(uri, None)
        if result is not None and result.verdict.is_bad:
            self._failed[uri] = [self._failure(uri, result)]
        await self._check()

    def _failure(self, uri: str, result: WorkflowResult) -> types.Diagnostic:
        """Why a run did not pass, at its place if it is in this file."""
        reason = reason_of_run(result)
        here = reason.where is not None and Path(reason.where.file).name == _path(uri).name
        return types.Diagnostic(
            range=self._range(uri, reason.where if here else None),
            message=f"{reason.title}: {reason.text}",
            severity=types.DiagnosticSeverity.Error,
            code=reason.code,
            source="runflow run",
        )

    def _say(self, kind: types.MessageType, text: str) -> None:
        self.window_show_message(types.ShowMessageParams(kind, text))


def _lens(line: int, title: str, arguments: list[str | int]) -> types.CodeLens:
    place = types.Range(types.Position(line, 0), types.Position(line, 0))
    return types.CodeLens(place, types.Command(title, RUN, arguments=arguments))


def _path(uri: str) -> Path:
    return Path(to_fs_path(uri) or uri).resolve()
