"""Analyses a parsed template: the names that it needs, the files that it names, and its parts. Renders nothing."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import meta, nodes

from ..model.wording import json_text
from .names import NONE


def names_used(tree: nodes.Template) -> frozenset[str]:
    """The variables that a template needs from outside.

    This is `jinja2.meta.find_undeclared_variables` without the optimizer, which would compute constants before the
    template is rendered.
    """
    generator = meta.TrackingCodeGenerator(tree.environment)  # type: ignore[arg-type]  # every parsed tree has one
    generator.optimizer = None
    generator.visit(tree)
    return frozenset(generator.undeclared_identifiers)


def leaves(node: nodes.Node) -> Iterator[nodes.Expr]:
    """The smallest parts whose values explain a result: no constants, and not the operators that join them."""
    if isinstance(node, (nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Call, nodes.Filter)):
        yield node
        if isinstance(node, nodes.Filter) and node.node is not None:
            yield from leaves(node.node)
        return
    for child in node.iter_child_nodes():
        yield from leaves(child)


def source(node: nodes.Node | None) -> str:
    """The text of an expression, for the message of a failure."""
    match node:
        case nodes.Name():
            return node.name
        case nodes.Const():
            return json_text(node.value)
        case nodes.Getattr():
            return f"{source(node.node)}.{node.attr}"
        case nodes.Getitem():
            return f"{source(node.node)}[{source(node.arg)}]"
        case nodes.Filter():
            return f"{source(node.node)} | {node.name}{_arguments(node, optional=True)}"
        case nodes.Call():
            return f"{source(node.node)}{_arguments(node, optional=False)}"
        case nodes.Neg():
            return f"-{source(node.node)}"
        case _:
            return "…"


def _arguments(node: nodes.Filter | nodes.Call, *, optional: bool) -> str:
    every = [source(argument) for argument in node.args] + [f"{pair.key}={source(pair.value)}" for pair in node.kwargs]
    return f"({', '.join(every)})" if every or not optional else ""


def needs(tree: nodes.Template, names: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The names, and the environment variables, that must have a value."""
    guarded = {
        name
        for test in tree.find_all(nodes.Test)
        if test.name in {"defined", "undefined"}
        for name in _named(test.node)
    }
    for each in tree.find_all(nodes.Filter):
        if each.name in {"default", "d"} and each.node is not None:
            guarded |= set(_named(each.node))
    env = frozenset(
        name
        for node in tree.find_all((nodes.Getattr, nodes.Getitem))
        for name in _named(node)
        if name.startswith("env.") and name not in guarded
    )
    needed = names - {name for name in guarded if "." not in name}
    return needed, frozenset(name[4:] for name in env) if "env" in names else NONE


def files_named(tree: nodes.Template, names: frozenset[str]) -> frozenset[str]:
    """The files that a template names literally, as in `file('x.txt')`."""
    if "file" not in names:
        return NONE
    return frozenset(
        call.args[0].value
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name == "file"
        if len(call.args) == 1 and isinstance(call.args[0], nodes.Const) and isinstance(call.args[0].value, str)
    )


def _named(node: nodes.Node) -> Iterator[str]:
    """The variable of a part (`token`), or the environment variable (`env.TOKEN`)."""
    match node:
        case nodes.Name(name=name):
            yield name
        case nodes.Getattr(node=nodes.Name(name="env"), attr=attribute):
            yield f"env.{attribute}"
        case nodes.Getitem(node=nodes.Name(name="env"), arg=nodes.Const(value=key)):
            yield f"env.{key}"
        case nodes.Getattr(node=inner) | nodes.Getitem(node=inner):
            yield from _named(inner)
