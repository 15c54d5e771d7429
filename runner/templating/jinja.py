"""Compiles and renders templates with Jinja2, sandboxed and strict. The only folder that imports Jinja2.

Jinja folds constants when it compiles; that is switched off, so that no template can do work before it is rendered.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, wraps
from random import Random
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from jinja2 import TemplateError, TemplateSyntaxError, UndefinedError, nodes, pass_context, pass_environment
from jinja2.environment import Environment as JinjaEnvironment
from jinja2.environment import Template as JinjaTemplate
from jinja2.exceptions import SecurityError
from jinja2.filters import make_attrgetter
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing
from jinja2.visitor import NodeTransformer

from ..model.environment import Environment, SecretTracker
from ..model.errors import StepError
from ..model.json_types import JSON
from ..model.kinds import Names, Value
from ..model.limits import limited
from ..model.plugins import kind_named
from ..model.wording import cut, did_you_mean, json_text, json_type, listed, shown
from . import size_limits
from .analysis import files_named, leaves, names_used, needs, source
from .filters import FILTERS, FilterError, UrlText
from .names import HIDDEN_RANDOM, TemplateProblem, undefined
from .text import as_text, joined_url

MAX_CODE = 10_000
"""Characters between the braces of one text; texts that only name variables may hold more."""

_NO_COMMENTS = "\ufdd0{#"  # `{#` is text in this language; a delimiter that no YAML text can hold
_RETURN = "\ufdd1"  # stands for a carriage return while Jinja, which would normalise it, looks at the text
T = TypeVar("T")
_UNKNOWN_NAME = re.compile(r"`(\w+)` is not defined")
_CODE = re.compile(r"\{[{%](?:.*?[%}]\}|.*)", re.DOTALL)
_MEASURED = " measured"  # names of filters that no template can contain
_CONCATENATED = " concatenated"


class _Undefined(Undefined):
    """A name without a value: every use but `default` and `is defined` raises."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        name, owner = self._undefined_name, self._undefined_obj
        if self._undefined_hint:
            return self._undefined_hint
        if owner is missing:
            return f"`{name}` is not defined"
        if isinstance(owner, (Environment, SecretTracker)):
            return f"the environment variable {name} is not set"
        if isinstance(owner, Mapping):
            near = did_you_mean(str(name), map(str, owner))
            return f"there is no key `{name}`; " + (near or f"the keys are: {listed(map(str, owner))}")
        if isinstance(owner, list):
            return f"there is no element {name}: the list has {len(owner)}"
        return f"a value of type {json_type(owner)} has no `{name}`"

    __iter__ = __str__ = __len__ = Undefined._fail_with_undefined_error  # noqa: SLF001  # as jinja2.StrictUndefined does
    __eq__ = __ne__ = __bool__ = __hash__ = Undefined._fail_with_undefined_error  # noqa: SLF001  # as above
    __contains__ = Undefined._fail_with_undefined_error  # noqa: SLF001  # as above


@pass_context
def _finalize(_: Context, value: JSON) -> str:
    """A value as text. It takes the context, so that Jinja cannot fold output when it compiles."""
    return size_limits.counted(_text(value))


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else json_text(plain(value))


def _concatenated(values: list[JSON]) -> str:
    """`a ~ b`, with each value as text."""
    return size_limits.concatenated(map(_text, values))


@pass_context
def _finalize_url(_: Context, value: JSON) -> str:
    return value if isinstance(value, UrlText) else quote(as_text(plain(value)), safe="")


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A key if there is one, else an attribute: `order.items` is the key."""
        if isinstance(obj, Mapping):
            try:
                return obj[attribute]
            except KeyError:
                pass
        return super().getattr(obj, attribute)

    def call_binop(self, context: Context, operator: str, left: JSON, right: JSON) -> JSON:
        size_limits.check_operation(operator, left, right)
        result: JSON = size_limits.counted(super().call_binop(context, operator, left, right))
        return result

    def call(self, context: Context, function: Callable[..., T], /, *args: JSON, **kwargs: JSON) -> T:
        size_limits.check_call(function, args, kwargs)
        result: T = size_limits.counted(super().call(context, function, *args, **kwargs))
        return result

    concat = staticmethod(size_limits.concatenated)


@lru_cache(maxsize=2)
def _environment(*, url: bool) -> _Environment:
    environment = _Environment(
        undefined=_Undefined,
        finalize=_finalize_url if url else _finalize,
        keep_trailing_newline=True,
        optimized=False,
        comment_start_string=_NO_COMMENTS,
        comment_end_string=_NO_COMMENTS[::-1],
        cache_size=0,
    )
    environment.globals.clear()
    for removed in ("pprint", "xmlattr", "urlize"):
        del environment.filters[removed]  # they make Python text or HTML, which no workflow needs
    environment.filters.update(FILTERS)
    environment.filters |= {"random": _random, "join": _join, "string": _text, "sum": _sum}
    environment.filters = {name: _measured(name, each) for name, each in environment.filters.items()}
    environment.filters |= {_MEASURED: size_limits.counted, _CONCATENATED: _measured(_CONCATENATED, _concatenated)}
    return environment


def _measured(name: str, function: Callable[..., T]) -> Callable[..., T]:
    """The filter, limited in the size of what it makes."""
    guard = size_limits.LIMITED_FILTERS.get(name)
    first = 0 if getattr(function, "jinja_pass_arg", None) is None else 1

    @wraps(function)  # which also keeps what Jinja passes to it
    def measured(*args: JSON, **kwargs: JSON) -> T:
        if guard is not None:
            guard(*args[first:], **kwargs)
        return size_limits.counted(function(*args, **kwargs))

    return measured


@pass_context
def _random(context: Context, values: Iterable[JSON]) -> JSON:
    """A member of a list, chosen by the run's own random source, so that `--seed` fixes it."""
    every = list(values)
    if not every:
        raise FilterError("`random` was given an empty list")
    random: Random = context.parent[HIDDEN_RANDOM]
    return random.choice(every)


@pass_environment
def _join(environment: JinjaEnvironment, values: Iterable[JSON], d: str = "", attribute: str | None = None) -> str:
    """The members as one text, each as text."""
    if attribute is not None:
        values = map(make_attrgetter(environment, attribute), values)
    return size_limits.concatenated(
        piece
        for number, member in enumerate(values)
        for piece in ((_text(d), _text(member)) if number else (_text(member),))
    )


@pass_environment
def _sum(
    environment: JinjaEnvironment, values: Iterable[JSON], attribute: str | None = None, start: float = 0
) -> float:
    """The sum of numbers."""
    if attribute is not None:
        values = map(make_attrgetter(environment, attribute), values)
    total = start
    for member in values:
        if not isinstance(member, (int, float)):
            raise FilterError(f"`sum` adds numbers, not {shown(member, 60)}")
        total += member
    return total


class _MeasuringTransformer(NodeTransformer):
    """Adds a measuring filter to every expression that makes a list, a map or a text without a filter or a call."""

    def _measured(self, node: nodes.Expr) -> nodes.Node:
        self.generic_visit(node)
        if getattr(node, "ctx", "load") != "load":
            return node  # the target of an assignment
        return _filtered(node, _MEASURED)

    visit_List = visit_Tuple = visit_Dict = _measured  # noqa: N815  # the visitor's own way of naming

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802  # as above
        """With each value as text, as the language defines it."""
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), _CONCATENATED)


def _filtered(node: nodes.Expr, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


Kind = Literal["text", "url", "expression"]
"""What was compiled: a text with templates, a URL with templates, a bare expression."""


class Compiled:
    """A template or expression that Jinja compiled."""

    __slots__ = ("_kind", "_template", "_typed", "env", "files", "names", "needed", "text")
    literal = False

    def __init__(self, text: str, tree: nodes.Template, *, kind: Kind, typed: bool) -> None:
        environment = _environment(url=kind == "url")
        self.text = text
        self._kind = kind
        self._typed = typed
        self.names = names_used(tree)
        self.needed, self.env = needs(tree, self.names)
        self.files = files_named(tree, self.names)
        try:
            code = limited("compiling the template", environment.compile, _MeasuringTransformer().visit(tree))
        except StepError as error:
            raise TemplateProblem(error.message, hint=error.hint) from None
        self._template = JinjaTemplate.from_code(environment, code, {}, None)

    def __reduce__(self) -> tuple[Callable[[Kind, str], Compiled], tuple[Kind, str]]:
        """The code of a template cannot be pickled: it is compiled again from its text."""
        return _compile_again, (self._kind, self.text)

    def render(self, names: Names, /) -> JSON:
        """The value of an expression, or the text.

        Raises:
            StepError: a name has no value, a filter or an operator does not fit its value, or the sandbox refuses.
        """
        try:
            return limited("the template", self._render, names)
        except UndefinedError as error:
            raise self._undefined(error, names) from None
        except FilterError as error:
            raise StepError(str(error), "template") from None
        except SecurityError as error:
            raise StepError(f"the sandbox refuses: {error}", "template") from None
        except (
            TemplateError,
            ArithmeticError,
            LookupError,
            TypeError,
            ValueError,
            AttributeError,
            RecursionError,
        ) as error:
            raise StepError(f"the template fails: {error}", "template", hint=f"in {cut(self.text, 120)}") from None
        except MemoryError:
            raise StepError("the template needs too much memory", "template") from None

    def _render(self, names: Names) -> JSON:
        size_limits.begin_counting()
        context = self._template.new_context(names, shared=True)  # type: ignore[arg-type]  # any mapping does, unchanged
        text = size_limits.concatenated(self._template.root_render_func(context))
        return plain(context.vars["result"]) if self._typed else text

    @staticmethod
    def _undefined(error: UndefinedError, names: Names) -> StepError:
        message = str(error)
        unknown = _UNKNOWN_NAME.fullmatch(message)
        if unknown:
            return undefined(unknown[1], names)
        hint = (
            "export it, or put it into a file for --env-file" if message.startswith("the environment variable") else ""
        )
        return StepError(message, "template", hint=hint)


class CompiledUrl(Compiled):
    """A URL that Jinja compiled."""

    __slots__ = ()

    def render(self, names: Names, /) -> str:
        """The URL, its values encoded."""
        return joined_url("", as_text(super().render(names)))


_JSON_TYPES = frozenset({str, int, float, bool, list, dict})


def plain(value: JSON | complex | Iterable[JSON] | Undefined) -> JSON:
    """A value as JSON: an iterator that a filter returned becomes a list.

    Raises:
        StepError: it is a function.
    """
    if value is None or (isinstance(value, (str, int, float, list, dict)) and type(value) in _JSON_TYPES):
        return value
    if isinstance(value, Undefined):
        str(value)  # raises with the name that is missing
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if callable(value):
        raise StepError("the value is a function", "template", hint="add () to call it")
    if isinstance(value, Iterable):
        return [plain(member) for member in value]
    if isinstance(value, (int, float)):
        return value
    return str(value)


def _parse(text: str, *, url: bool = False) -> nodes.Template:
    code = sum(len(found[0]) for found in _CODE.finditer(text))
    if code > MAX_CODE:
        raise TemplateProblem(
            f"the template has {code} characters between braces; the limit is {MAX_CODE}",
            hint="split it with `set`",
        )
    try:
        with warnings.catch_warnings():  # a pattern such as '\d' in a template is not a mistake
            warnings.simplefilter("ignore", DeprecationWarning)
            tree = _environment(url=url).parse(text.replace("\r", _RETURN))
    except TemplateSyntaxError as error:
        raise TemplateProblem(f"the template has a syntax error: {error.message}", hint=_syntax_hint(text)) from None
    if "\r" in text:
        _restore_returns(tree)
    _check_names(tree)
    return tree


def _restore_returns(tree: nodes.Template) -> None:
    for data in tree.find_all(nodes.TemplateData):
        data.data = data.data.replace(_RETURN, "\r")
    for constant in tree.find_all(nodes.Const):
        if isinstance(constant.value, str):
            constant.value = constant.value.replace(_RETURN, "\r")


def _add_plugin(name: str) -> bool:
    """Add the filter of this name from an installed package, if there is one. Raises RunflowError."""
    found = kind_named(FILTERS, name, "runflow.filters", "the filter", "__call__")
    if found is not None:
        for url in (False, True):
            _environment(url=url).filters[name] = _measured(name, found)
    return found is not None


def _check_names(tree: nodes.Template) -> None:
    environment = _environment(url=False)
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        known = environment.filters if isinstance(node, nodes.Filter) else environment.tests
        if node.name not in known and not (isinstance(node, nodes.Filter) and _add_plugin(node.name)):
            kind = "filter" if isinstance(node, nodes.Filter) else "test"
            near = did_you_mean(node.name, known)
            raise TemplateProblem(f"there is no {kind} `{node.name}`", hint=near or f"{kind}s: {listed(known, 80)}")
    for statement in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        name = type(statement).__name__.lower()
        raise TemplateProblem(f"`{{% {name} %}}` is not part of the language", hint="use a step with `include:`")


def _syntax_hint(text: str) -> str:
    if text.count("{{") != text.count("}}") or text.count("{%") != text.count("%}"):
        return "the braces do not match: write an expression between {{ and }}"
    if "$." in text or "$[" in text:
        return (
            "an expression cannot contain a JSONPath: write `response.json.name`, or extract the value and use its name"
        )
    if "&&" in text or "||" in text:
        return "write `and` and `or`"
    return f"in {cut(text, 120)}"


def _cached(compiler: Callable[[str], T]) -> Callable[[str], T]:
    """A compiler with a cache; a template that is nested too deeply for it is an error of the template."""

    @lru_cache(maxsize=16384)
    def compiles(text: str) -> T:
        try:
            return compiler(text)
        except RecursionError:
            raise TemplateProblem("the template is nested too deeply") from None

    return compiles


@_cached
def template(text: str) -> Compiled:
    """Compile a text with templates; if it is exactly one expression, its value keeps its type."""
    tree = _parse(text)
    match tree.body:
        case [nodes.Output(nodes=[nodes.Expr() as only])] if not isinstance(only, nodes.TemplateData):
            return Compiled(text, _result_of(only), kind="text", typed=True)
    return Compiled(text, tree, kind="text", typed=False)


@_cached
def url_template(text: str) -> Compiled:
    """Compile a URL with templates: a value at its start is part of the URL, every other value is data."""
    tree = _parse(text, url=True)
    first = tree.body[0] if tree.body else None
    if isinstance(first, nodes.Output) and not isinstance(first.nodes[0], nodes.TemplateData):
        first.nodes[0] = nodes.Filter(first.nodes[0], "url", [], [], None, None, lineno=1)
        return Compiled(text, tree, kind="url", typed=False)
    return CompiledUrl(text, tree, kind="url", typed=False)


@_cached
def expression(text: str) -> Compiled:
    """Compile a bare expression."""
    if "{{" in text or "{%" in text:
        raise TemplateProblem("an expression has no braces here", hint="remove {{ and }}")
    if not text.strip():
        raise TemplateProblem("the expression is empty")
    only = _expression_node(text)
    return Compiled(text, _result_of(only), kind="expression", typed=True)


def _compile_again(kind: Kind, text: str) -> Compiled:
    return {"text": template, "url": url_template, "expression": expression}[kind](text)


def _expression_node(text: str) -> nodes.Expr:
    tree = _parse("{{ " + text + " }}")
    match tree.body:
        case [nodes.Output(nodes=[nodes.Expr() as only])] if not isinstance(only, nodes.TemplateData):
            return only
    raise TemplateProblem("this is not one expression", hint=f"in {cut(text, 120)}")


def _result_of(node: nodes.Expr) -> nodes.Template:
    """A template that assigns the value of an expression to `result`."""
    assign = nodes.Assign(nodes.Name("result", "store", lineno=1), node, lineno=1)
    tree = nodes.Template([assign], lineno=1)
    return tree.set_environment(_environment(url=False))  # type: ignore[return-value]  # it returns itself


def parts(text: str) -> Iterator[tuple[str, Value]]:
    """Every variable, member, call and filter in an expression, from left to right, as text and compiled."""
    seen: set[str] = set()
    for node in leaves(_expression_node(text)):
        shown = source(node)
        if shown and shown not in seen:
            seen.add(shown)
            yield shown, Compiled(shown, _result_of(node), kind="expression", typed=True)
