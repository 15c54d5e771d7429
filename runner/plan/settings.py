"""The settings with which the files of a run are compiled: options, the driver, folders, and where files are read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from ..language.document import Defaults
from ..language.files import FileRefused, Files
from ..model.errors import InvalidArgument, StepError
from ..model.exchange import AllowedHosts
from ..model.kinds import Selector
from ..selectors.json_path import jsonpath_filter
from ..selectors.table import DRIVER_FACTS, compile_selector
from ..templating.filters import FILTERS

FILTERS["jsonpath"] = jsonpath_filter  # added here because selectors and templates do not import each other

NEEDS_CURL = "it needs the curl driver: --driver curl, or `driver: curl` in runflow.yaml"


class CompileOptions(msgspec.Struct, frozen=True):
    """What the command line and the project file say about all files of a run.

    Attributes:
        given: Names that the command line defines (`--var`).
        environment_names: Names and values of the environment chosen with `-e`.
        base_url: The chosen environment's, in place of a file's own; "" without one.
        defaults: The project's, under a file's own; None without them.
        hosts: The only hosts that requests may be sent to; None allows any.
        untrusted: The files get nothing that is not in them.
        record_uses: The plan records which names its values use.
        openapi: The project's OpenAPI document as it is named, and the file that names it.
    """

    given: frozenset[str] = frozenset()
    environment_names: dict[str, Any] = {}
    base_url: str = ""
    defaults: Defaults | None = None
    hosts: AllowedHosts | None = None
    untrusted: bool = False
    record_uses: bool = False
    openapi: tuple[str, Path] | None = None

    @property
    def known_names(self) -> frozenset[str]:
        """Names that are defined outside the files."""
        return self.given | self.environment_names.keys()


class Dialect(msgspec.Struct, frozen=True):
    """The driver that will send, and what a file may say because of it and of the project's choice of JSONPath.

    Attributes:
        driver: The driver's name.
        features: What it can do beyond HTTP/1.1 over TCP (`version 2`, `resolve`, `encoding gzip`).
        jsonpath_ng: A selector that begins with `$` is in jsonpath-ng's dialect.
    """

    driver: str = "requests"
    features: frozenset[str] = frozenset()
    jsonpath_ng: bool = False

    def selector(self, text: str) -> Selector:
        """Compile a selector.

        Raises:
            InvalidArgument: it is wrong, or the driver cannot tell what it asks for.
        """
        word = text.partition(" ")[0]
        if word in DRIVER_FACTS and word not in self.features:
            raise InvalidArgument(f"the {self.driver} driver cannot tell `{word}`", NEEDS_CURL)
        return compile_selector(f"ng {text}" if self.jsonpath_ng and text.startswith("$") else text)


class Folders(msgspec.Struct, frozen=True):
    """The folders from which files are named.

    Attributes:
        shown_from: Paths that people read are relative to it.
        named_from: Names that are remembered from one run to the next are relative to it.
        project_file: The project file, or None.
    """

    shown_from: Path
    named_from: Path
    project_file: Path | None = None


class FileReader(msgspec.Struct, frozen=True):
    """Reads the files that a workflow names while it runs.

    Attributes:
        files: The files of the run.
        folder: The workflow's folder.
        untrusted: Nothing is read.
    """

    files: Files
    folder: Path
    untrusted: bool = False

    def __call__(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            StepError: it may not be read, or cannot be.
        """
        if self.untrusted:
            raise StepError(f"--untrusted refuses the content of {name}", "policy")
        try:
            return self.files.read(name, self.folder)
        except FileRefused as error:
            raise StepError(error.message, "policy", hint=error.hint) from None

    def on_disk(self, name: str, *, private: bool) -> str:
        """The path at which the driver reads a file itself.

        Args:
            name: The path as written.
            private: Its content is a secret.

        Raises:
            StepError: it may not be read, or cannot be.
        """
        try:
            return self.files.on_disk(name, self.folder, private=private)
        except FileRefused as error:
            raise StepError(error.message, "policy", hint=error.hint) from None


class Settings(msgspec.Struct, frozen=True):
    """Everything that holds for all files of a run.

    Attributes:
        files: Reads what files name.
        folders: From where files are named.
        options: What the command line and the project file say.
        dialect: The driver, and the dialect of selectors.
        environment: The environment variables that are set.
    """

    files: Files
    folders: Folders
    options: CompileOptions = CompileOptions()
    dialect: Dialect = Dialect()
    environment: Mapping[str, str] = {}

    def without_environment(self, files: Files) -> Settings:
        """The same for other files, and without the environment variables, which stay on this machine."""
        options = msgspec.structs.replace(self.options, record_uses=False)
        return Settings(files, self.folders, options, self.dialect)

    def shown(self, path: Path) -> str:
        """A path as people read it: relative to the current folder if it is below it."""
        return _below(path, self.folders.shown_from)

    def named(self, path: Path) -> str:
        """A path as it is remembered, whatever the current folder is."""
        return _below(path, self.folders.named_from)


def _below(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
