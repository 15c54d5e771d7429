"""`paginate`: finds the next page and collects the values of all pages. Sends nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from ..model.answer import Answer
from ..model.errors import StepError
from ..model.json_types import JSON
from ..model.kinds import MISSING, Names
from ..model.pairs import scalar_text
from ..model.urls import target_of, with_params
from ..plan.plan import PagePlan
from .frame import Frame
from .redirects import crosses_origin, short_origin
from .request import Outgoing

_LINK = re.compile(r'<([^>]*)>((?:\s*;\s*[^,;="]+(?:=(?:"[^"]*"|[^,;"]*))?)*)')
_NEXT = re.compile(r';\s*rel\s*=\s*"?(?:[^";]*\s)?next(?:\s[^";]*)?"?', re.IGNORECASE)


class Pages:
    """The pages that one attempt has read so far."""

    def __init__(self, plan: PagePlan, names: Iterable[str]) -> None:
        self.plan = plan
        self.count = 0
        self.seen: set[str] = set()
        self.values: dict[str, list[JSON]] = {name: [] for name in names}

    @property
    def collected(self) -> dict[str, JSON]:
        """The values of all pages, by name."""
        return {name: list(values) for name, values in self.values.items()}

    def add(self, extracted: dict[str, JSON]) -> None:
        """Count one more page and append the values that it provided."""
        self.count += 1
        for name, value in extracted.items():
            self.values[name].append(value)


def next_link(header: str) -> str | None:
    """The target of the link whose relation is `next` (RFC 8288 §3)."""
    for found in _LINK.finditer(header):
        if _NEXT.search(found[2]):
            return found[1]
    return None


def next_page(pages: Pages, answer: Answer, outgoing: Outgoing, frame: Frame, names: Names) -> str | None:
    """The URL of the next page, or None where this was the last.

    Raises:
        StepError: there are more pages than `max`, or the next page was read already or is on another origin.
    """
    plan, path = pages.plan, (*pages.plan.path, "next")
    try:
        text, selector = plan.pick.resolve(names)
        found = selector.select(answer)
        if text.lower() == "header link" and isinstance(found, str):
            found = next_link(found)
        if isinstance(found, list) and len(found) == 1:
            found = found[0]
        if found is MISSING or found is None or found in ("", False, []):
            return None
        here = answer.require_response().url
        value = scalar_text(found, "next")
        url = _with_param(outgoing.request.url, plan.param, value) if plan.param else target_of(value, here)
        pages.seen.add(here)
        if url in pages.seen:
            raise StepError(f"the next page was read already: {url}", "limit")
        if pages.count >= plan.most:
            raise StepError(
                f"there are more than {plan.most} pages",
                "limit",
                hint="raise `paginate: {max: …}`, or find out why the pages do not end",
            )
        if crosses_origin(outgoing.request.url, url, outgoing.http.trust_redirects):
            hint = f"if this is intended, allow it: `http: {{trust_redirects: [{short_origin(url)}]}}`"
            raise StepError(f"the next page is on another origin, {short_origin(url)}", "policy", hint=hint)
    except StepError as error:
        raise error.at(frame.plan.file, path) from None
    return url


def _with_param(url: str, name: str, value: str) -> str:
    """The URL with one parameter replaced."""
    parts = urlsplit(url)
    kept = [(key, text) for key, text in parse_qsl(parts.query, keep_blank_values=True) if key != name]
    return with_params(urlunsplit(parts._replace(query="")), [*kept, (name, value)])
