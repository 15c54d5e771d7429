"""`graphql:` a query with its variables, as JSON (GraphQL over HTTP §5)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from ..model.errors import StepError
from ..model.kinds import Encoded, Mistake, NamedFile, ReadFile
from ..model.wording import shown
from .json_body import encode_json


class GraphqlBody:
    """A GraphQL body."""

    name: ClassVar[str] = "graphql"

    def check(self, data: Any, /) -> Iterable[Mistake]:
        """Variables are a map."""
        variables = data.get("variables", {})
        if not isinstance(variables, (dict, str)):
            yield ("variables",), f"`variables` must be a map, not {shown(variables, 60)}", ""

    def files(self, _: Any, /) -> Iterable[NamedFile]:
        """None."""
        return ()

    def encode(self, data: Any, _: ReadFile, /) -> Encoded:
        """`query`, and `variables` and `operationName` where they are given."""
        content = {"query": data["query"]}
        if "variables" in data:
            if not isinstance(data["variables"], dict):
                message = f"`variables` must be a map, not {shown(data['variables'], 60)}"
                raise StepError(message, "template").under("variables")
            content["variables"] = data["variables"]
        if "operation" in data:
            content["operationName"] = data["operation"]
        return Encoded(encode_json(content), "application/json")
