"""Rules about what a new version changes: reported on request (`runflow check --changes`)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..model.errors import DocumentPath, Edit
from .rule import Remark
from .subject import Subject

_BLOCK = re.compile(r"[\s-]*")


def status_is_judged(subject: Subject) -> Iterator[Remark]:
    """A step that says nothing of the status: since 0.2 it fails with a status of 400 or more."""
    for step, request in subject.requests:
        if any(each.implied for each in step.status):
            message = "since 0.2, a status of 400 or more fails this step"
            hint = "write the expected status, or accept any: `status: any`"
            yield Remark(request.url_path, message, hint, on_key=True, edit=_accept_any(subject, request.url_path))


def _accept_any(subject: Subject, action: DocumentPath) -> Edit | None:
    """The edit that adds `status: any` to a step, in its own style; None where its place is not known."""
    step, source = action[:-1], subject.source
    written = subject.data[step[0]][step[1]].get("expect")
    if isinstance(written, dict) and written:
        first = source.span((*step, "expect", next(iter(written))), on_key=True)
        if first is None:
            return None
        before = source.lines[first.line][: first.column]
        text = f"status: any\n{' ' * first.column}" if _BLOCK.fullmatch(before) else "status: any, "
        return Edit(first.line, first.column, first.line, first.column, text)
    key, value = source.span(action, on_key=True), source.span(action)
    if key is None or value is None:
        return None
    if not _BLOCK.fullmatch(source.lines[key.line][: key.column]):
        return Edit(value.end_line, value.end_column, value.end_line, value.end_column, ", expect: any")
    end = len(source.lines[value.end_line])
    return Edit(value.end_line, end, value.end_line, end, f"\n{' ' * key.column}expect: any")
