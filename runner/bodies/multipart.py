"""`multipart:` fields and files (multipart/form-data, RFC 7578)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any, ClassVar

from ..model.errors import DocumentPath
from ..model.kinds import Encoded, Mistake, NamedFile, ReadFile
from ..model.pairs import scalar_text
from ..model.wording import did_you_mean, shown
from .json_body import encode_json

_SOURCES = ("file", "json", "text")
_KEYS = (*_SOURCES, "filename", "type")
_TYPES = {".json": "application/json", ".txt": "text/plain", ".csv": "text/csv", ".xml": "application/xml", ".png": "image/png",
          ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".pdf": "application/pdf", ".html": "text/html",
          ".zip": "application/zip", ".svg": "image/svg+xml", ".yaml": "application/yaml"}  # fmt: skip


class MultipartBody:
    """A multipart body."""

    name: ClassVar[str] = "multipart"

    def check(self, data: Any, /) -> Iterable[Mistake]:
        """Each field is a text or a map with exactly one source, or a list of them."""
        for path, part in _parts(data):
            if isinstance(part, dict):
                for below, message, hint in _check_part(part):
                    yield (*path, *below), message, hint
            elif part is None or isinstance(part, list):
                yield (
                    path,
                    f"a field must be a text or {{file: …}}, {{json: …}}, {{text: …}}, not {shown(part, 60)}",
                    "",
                )

    def files(self, data: Any, /) -> Iterable[NamedFile]:
        """Those of its fields."""
        for path, part in _parts(data):
            if isinstance(part, dict) and isinstance(part.get("file"), str):
                yield (*path, "file"), part["file"]

    def encode(self, data: Any, read: ReadFile, /) -> Encoded:
        """The boundary is made from the content, so that the same fields produce the same bytes."""
        parts = [
            _part(name, part, read)
            for name, value in data.items()
            for part in (value if isinstance(value, list) else [value])
        ]
        boundary = "runflow-" + hashlib.sha256(b"\0".join(head + content for head, content in parts)).hexdigest()[:32]
        lines = [b"--%b\r\n%b\r\n%b\r\n" % (boundary.encode(), head, content) for head, content in parts]
        whole = b"".join(lines) + b"--%b--\r\n" % boundary.encode()
        return Encoded(whole, f"multipart/form-data; boundary={boundary}")


def _parts(data: dict[str, Any]) -> Iterable[tuple[DocumentPath, Any]]:
    """Each part, with its path."""
    for name, value in data.items():
        if isinstance(value, list):
            yield from (((name, index), part) for index, part in enumerate(value))
        else:
            yield (name,), value


def _check_part(part: dict[str, Any]) -> Iterable[Mistake]:
    sources = [key for key in _SOURCES if key in part]
    if len(sources) != 1:
        yield (
            (),
            f"a field needs exactly one of `file`, `json` and `text`; this one has {' and '.join(sources) or 'none'}",
            "",
        )
    for key, value in part.items():
        if key not in _KEYS:
            yield (
                (key,),
                f"unknown key '{key}' in a multipart field",
                did_you_mean(key, _KEYS) or f"known keys: {', '.join(_KEYS)}",
            )
        elif key != "json" and not isinstance(value, (str, int, float)):
            yield (key,), f"`{key}` must be a text, not {shown(value, 60)}", ""
    if "filename" in part and "file" not in part:
        yield ("filename",), "`filename` can only be used with `file`", ""


def _quoted(text: str) -> str:
    """A field or file name as browsers send it (RFC 7578 §4.2, WHATWG form-data)."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _part(name: str, part: Any, read: ReadFile) -> tuple[bytes, bytes]:
    """The headers and the content of one part."""
    if not isinstance(part, dict):
        part = {"text": part}
    disposition, kind = f'form-data; name="{_quoted(name)}"', part.get("type", "")
    if "file" in part:
        path = scalar_text(part["file"], "file")
        content = read(path)
        filename = part.get("filename") or PurePosixPath(path).name
        disposition += f'; filename="{_quoted(str(filename))}"'
        kind = kind or _TYPES.get(PurePosixPath(path).suffix.lower(), "application/octet-stream")
    elif "json" in part:
        content, kind = encode_json(part["json"]), kind or "application/json"
    else:
        content = scalar_text(part["text"], name).encode("utf-8")
    head = f"Content-Disposition: {disposition}\r\n" + (f"Content-Type: {_quoted(str(kind))}\r\n" if kind else "")
    return head.encode("utf-8"), content
