"""All operators by name: each is a class in a file here and has a line below."""

from __future__ import annotations

from ..model.kinds import Matcher
from ..model.plugins import kind_named
from . import collections, combine, equality, ordering, schema, snapshot, text
from . import type_and_exists as kind

MATCHERS: dict[str, Matcher] = {
    matcher.name: matcher
    for matcher in (
        equality.Equals(),
        equality.NotEquals(),
        ordering.Gt(),
        ordering.Gte(),
        ordering.Lt(),
        ordering.Lte(),
        ordering.Between(),
        equality.Approx(),
        collections.Contains(),
        collections.NotContains(),
        text.StartsWith(),
        text.EndsWith(),
        text.MatchesPattern(),
        collections.Includes(),
        collections.Unordered(),
        equality.In(),
        equality.NotIn(),
        kind.Exists(),
        collections.Empty(),
        kind.Type(),
        collections.Length(),
        text.Format(),
        collections.Each(),
        collections.AnyMember(),
        collections.NoMember(),
        combine.Not(),
        combine.AnyOf(),
        combine.AllOf(),
        schema.Schema(),
        snapshot.SnapshotMatcher(),
    )
}

OTHER_NAMES = {
    "eq": "equals", "==": "equals", "equal": "equals", "is": "equals", "ne": "not_equals", "!=": "not_equals",
    ">": "gt", ">=": "gte", "<": "lt", "<=": "lte", "greater_than": "gt", "less_than": "lt", "regex": "matches",
    "match": "matches", "has": "contains", "one_of": "in", "len": "length", "size": "length", "count": "length",
    "startswith": "starts_with", "endswith": "ends_with", "all": "each", "some": "any", "is_empty": "empty",
    "subset": "includes", "or": "any_of", "and": "all_of", "present": "exists",
}  # fmt: skip
"""The names of other tools, and ours."""

ENTRY_POINTS = "runflow.matchers"


def matcher_named(name: str) -> Matcher | None:
    """The operator of this name, ours or an installed package's.

    Raises:
        RunflowError: it is a plugin that does not load, or is not a matcher.
    """
    found: Matcher | None = kind_named(
        MATCHERS, name, ENTRY_POINTS, "the matcher", "argument", "summary", "check", "judge"
    )
    return found
