"""Values keep their types, data never becomes structure, and every undefined name is named."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runflow.model.environment import Environment
from runflow.model.errors import StepError
from runflow.templating import values as module
from runflow.templating.functions import functions
from runflow.templating.jinja import template
from runflow.templating.names import TemplateProblem
from runflow.templating.values import (
    boolean,
    compile_expression,
    compile_text,
    compile_url,
    compile_value,
    expression_parts,
)

FUNCTIONS = functions(Random(1), lambda: 1_000_000_000.0, lambda _: b"file text")
NAMES: dict[str, Any] = {
    **FUNCTIONS, "env": Environment({"A": "1"}), "token": "abc", "n": 3, "f": 1.5, "yes": True, "nul": None,
    "order": {"items": [1, 2], "id": 7, "keys": "k"}, "xs": [{"id": 1}, {"id": 2}], "path": "a/b c", "up": "..",
    "url": "http://h/x?y=1", "zero": "0123", "hostile": "{{ 7*7 }}",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"), ("{{ n }}", 3), (" {{ n }}", " 3"), ("{{ f }}", 1.5), ("{{ yes }}", True), ("{{ nul }}", None),
        ("{{ zero }}", "0123"), ("{{ order.items }}", [1, 2]), ("{{ order.keys }}", "k"), ("{{ order['id'] }}", 7),
        ("x{{ yes }}{{ nul }}{{ order }}", 'xtruenull{"items":[1,2],"id":7,"keys":"k"}'), ("{{ env.A }}", "1"),
        ("{{ n + 1 }}", 4), ("{{ xs | map(attribute='id') }}", [1, 2]), ("{{ nope | default('d') }}", "d"),
        ("{{ env.B | default('q') }}", "q"), ("{% for x in xs %}{{ x.id }},{% endfor %}", "1,2,"), ("{{ hostile }}", "{{ 7*7 }}"),
        ("{# no comment #}", "{# no comment #}"), ("line\r\n{{ n * 2 }}\n", "line\r\n6\n"), ("{{ 'a\r\nb' }}", "a\r\nb"),
        ("{{ token.upper() }}", "ABC"), ("{{ range(3) }}", [0, 1, 2]), ("{{ 'a' is defined }}", True), ("{{ xs[1].id }}", 2),
        ("{{ missing is defined }}", False), ("a }} b", "a }} b"), ("{{ '{{' }}", "{{"), ("{{ n }}{{ n }}", "33"),
        ("{{ {'a': (1, 2)} }}", {"a": (1, 2)}), ("{{ (1, 2) }}", [1, 2]), ("{{ order.items | length }}", 2),
        ("{{ 'x' if yes else 'y' }}", "x"), ("{{ order | tojson }}", '{"items":[1,2],"id":7,"keys":"k"}'), ("{{ file('x') }}", "file text"),
        ("{{ '<a>' | tojson }}", '"<a>"'), ("{{ -7 }}", -7), ("{{ order.get('id') }}", 7), ("{{ xs.0.id }}", 1),
    ],
)  # fmt: skip
def test_a_template_gives_its_value_with_its_type(text: str, value: object) -> None:
    rendered = compile_text(text).render(NAMES)
    assert rendered == value
    assert type(rendered) is type(value)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("{{ tokn }}", "`tokn` is not defined", "did you mean 'token'?"), ("{{ zzzzzz }}", "`zzzzzz` is not defined", "names known here: env, f"),
        ("a{{ tokn }}", "`tokn` is not defined", "'token'"), ("{{ tokn + 1 }}", "`tokn` is not defined", "'token'"),
        ("{{ order.idd }}", "there is no key `idd`; did you mean 'id'?", ""), ("{{ env.B }}", "the environment variable B is not set", "--env-file"),
        ("{{ order.id.x }}", "a value of type integer has no `x`", ""), ("{{ xs[9] }}", "there is no element 9: the list has 2", ""),
        ("{{ order.items() }}", "not callable", "in {{"), ("{{ uuid }}", "the value is a function", "call it"), ("{{ n / 0 }}", "division", ""),
        ("{{ 'a' + 1 }}", "the template fails", ""), ("{{ 'x' | int }}", '"x" (string) is not a whole number', ""),
        ("{{ ''.__class__ }}", "the sandbox refuses", ""), ("{{ xs.append(1) }}", "the sandbox refuses", ""), ("{{ not tokn }}", "`tokn`", ""),
        ("{{ 'a' * 10**9 }}", "more than 10000000 characters", ""), ("{{ 10**9 * 'a' }}", "more than", ""), ("{{ [1] * 10**9 }}", "more than", ""),
        ("{{ 10**1000000000 }}", "more than", ""), ("{{ '%99999999d' % 1 }}", "more than", ""), ("{{ tokn == 1 }}", "`tokn`", ""),
        ("{{ tokn | list }}", "`tokn`", ""), ("{{ 2**9000000 * 2**9000000 }}", "more than", ""), ("{{ range(10**9) }}", "at most 100000", ""),
        ("{{ [] | random }}", "empty list", ""), ("{{ order.nope }}", "the keys are: id, items, keys", ""), ("{{ tokn.x }}", "`tokn`", ""),
        ("{{ random_int(3, 1) }}", "must not be larger", ""), ("{{ random_string(-1) }}", "0 to", ""), ("{{ now('soon') }}", "not a duration", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_rendered_says_why_and_what_to_do(text: str, message: str, hint: str) -> None:
    with pytest.raises(StepError) as caught:
        compile_text(text).render(NAMES)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.kind == "template"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("{{ x", "syntax error", "the braces do not match"), ("{{ x | nope }}", "there is no filter `nope`", "filters:"),
        ("{{ x | lenght }}", "there is no filter `lenght`", "did you mean 'length'?"), ("{{ x is odddd }}", "there is no test `odddd`", ""),
        ("{% include 'x' %}", "`{% include %}` is not part", "a step with `include:`"), ("{{ a && b }}", "syntax error", "`and` and `or`"),
        ("{{ $.a == 1 }}", "syntax error", "`response.json.name`"), ("{% if x %}", "syntax error", ""), ("{{ " + "(" * 2000 + " }}", "", ""),
    ],
)  # fmt: skip
def test_what_does_not_parse_is_refused_before_anything_runs(text: str, message: str, hint: str) -> None:
    with pytest.raises(TemplateProblem) as caught:
        compile_text(text)
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("/users/{{ path }}/x", "/users/a%2Fb%20c/x"), ("{{ url }}", "http://h/x?y=1"), ("{{ url }}/{{ path }}", "http://h/x?y=1/a%2Fb%20c"),
        ("/x?q={{ order }}", "/x?q=%7B%22items%22%3A%5B1%2C2%5D%2C%22id%22%3A7%2C%22keys%22%3A%22k%22%7D"), ("/static", "/static"),
        ("/x/{{ path | url }}", "/x/a/b c"), ("/x/{{ 'a/b' | urlencode }}", "/x/a%2Fb"), ("http://{{ 'evil.com/' }}h/", "http://evil.com%2Fh/"),
        ("{{ url | replace('x', 'z') }}", "http://h/z?y=1"), ("/x/{{ n + 1 }}", "/x/4"), ("/a/../b", "/a/../b"), ("/f/{{ 'a.b' }}", "/f/a.b"),
        ("/q?a={{ 'b&c=d' }}", "/q?a=b%26c%3Dd"), ("/..{{ token }}", "/..abc"),
    ],
)  # fmt: skip
def test_a_value_in_a_url_is_data_unless_it_stands_at_the_start(text: str, url: str) -> None:
    assert compile_url(text).render(NAMES) == url


@pytest.mark.parametrize(
    "text",
    ["/a/{{ up }}/b", "/a/{{ up }}", "/a/.{{ '.' }}/b", "/{{ '..' | url }}/x", "/a/%2e{{ '.' }}/", "/{{ up }}?x"],
)
def test_a_value_in_a_url_cannot_climb_its_path(text: str) -> None:
    with pytest.raises(StepError, match="changes the path"):
        compile_url(text).render(NAMES)


@given(st.text(max_size=12))
def test_no_value_changes_host_path_or_parameters(value: str) -> None:
    from urllib.parse import parse_qsl, urlsplit

    try:
        url = compile_url("http://host/a/{{ v }}/b?q={{ v }}").render({"v": value})
    except (StepError, UnicodeEncodeError):
        return
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.path.count("/")) == ("http", "host", 3)
    assert parse_qsl(parts.query, keep_blank_values=True) == [("q", value)]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3),
        max_leaves=6,
    )
)
def test_the_short_way_and_jinjas_way_give_the_same(value: object) -> None:
    names = {"v": value, "m": {"k": value}}
    for text in ("{{ v }}", "a{{ v }}b", "{{ m.k }}"):
        assert compile_text(text).render(names) == template(text).render(names)


def test_a_text_that_only_names_variables_never_reaches_jinja(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise AssertionError("Jinja was asked")

    module._template.cache_clear()
    monkeypatch.setattr(module, "_jinja", refuse)
    assert compile_text("Bearer {{ token }}").render(NAMES) == "Bearer abc"
    assert compile_text("{{ order.id }}").render(NAMES) == 7


def test_trees_render_values_and_keys_and_say_where_they_fail() -> None:
    tree = compile_value({"{{ token }}": ["{{ n }}", {"k": "{{ nope }}"}], "b": 1}, lambda *_: None)
    with pytest.raises(StepError) as caught:
        tree.render(NAMES)
    assert caught.value.below == (1, "k")
    assert tree.render({**NAMES, "nope": 1}) == {"abc": [3, {"k": 1}], "b": 1}
    with pytest.raises(StepError, match="two keys"):
        compile_value({"{{ token }}": 1, "abc": 2}, lambda *_: None).render(NAMES)
    literal = {"a": [1]}
    assert compile_value(literal, lambda *_: None).render(NAMES) is literal


def test_what_a_value_needs_is_known_before_it_runs() -> None:
    value = compile_text(
        "{{ a }}{{ b | default(1) }}{{ c.d if c is defined else e }}{{ env.X }}{{ env['Y'] }}{{ env.Z | default('') }}"
    )
    assert value.names == {"a", "b", "c", "e", "env"}
    assert value.needed == {"a", "e", "env"}
    assert value.env == {"X", "Y"}
    assert compile_text("{{ env.A }}{{ q }}").env == {"A"}


def test_expressions_are_bare_and_give_true_or_false() -> None:
    assert compile_expression("n > 2 and order.id == 7").render(NAMES) is True
    for text, message in (
        ("{{ n }}", "no braces here"),
        (" ", "is empty"),
        ("n ==", "syntax error"),
        ("a }}b{{ c", ""),
    ):
        with pytest.raises(TemplateProblem) as caught:
            compile_expression(text)
        assert message in caught.value.message
    assert boolean(True, "`if`") is True
    with pytest.raises(StepError, match='is "false" \\(string\\), not true or false'):
        boolean("false", "`if`")


def test_the_parts_of_an_expression_are_what_a_person_would_ask_for() -> None:
    text = "n == 3 and order.id + (xs | length) == xs[0]['id'] and token.upper() | default('x', boolean=true) and -n"
    assert [part for part, _ in expression_parts(text)] == [
        "n", "order.id", "xs | length", "xs", 'xs[0]["id"]', 'token.upper() | default("x", boolean=true)', "token.upper()",
    ]  # fmt: skip


def test_the_same_text_is_compiled_once() -> None:
    assert compile_text("{{ n + 40 }}") is compile_text("{{ n + 40 }}")
    assert compile_expression("n + 41") is compile_expression("n + 41")


def test_nothing_is_computed_when_a_template_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    from runflow.templating import jinja

    calls: list[Any] = []
    monkeypatch.setitem(jinja._environment(url=False).filters, "spy", lambda value: calls.append(value) or value)
    made = [compile_text(text) for text in ("{{ 'a' | spy }}", "x{{ 'a' | spy }}y", "{% if 'a' | spy %}z{% endif %}")]
    assert not calls
    assert [value.render({}) for value in made] == ["a", "xay", "z"]
    assert len(calls) == 3
