"""Each operator holds of what the reference says, fails on the rest, and is undecided on what it cannot judge."""

from __future__ import annotations

from typing import Any

import pytest
from fakes import answer, problems, run
from hypothesis import given
from hypothesis import strategies as st

from runflow.matchers.equality import canonical, same
from runflow.matchers.table import MATCHERS

YES, NO, CANNOT = "yes", "no", "cannot"


def judge(name: str, actual: Any, argument: Any) -> str:
    assert not MATCHERS[name].check(argument), MATCHERS[name].check(argument)
    miss = MATCHERS[name].judge(actual, argument)
    return YES if miss is None else CANNOT if miss.undecided else NO


@pytest.mark.parametrize(
    ("name", "actual", "argument", "verdict"),
    [
        ("equals", 1, 1.0, YES), ("equals", 1, "1", NO), ("equals", 1, True, NO), ("equals", True, True, YES), ("equals", None, None, YES),
        ("equals", 0, False, NO), ("equals", "", None, NO),
        ("equals", {"a": [1, {"b": 2}]}, {"a": [1.0, {"b": 2}]}, YES), ("equals", {"a": 1}, {"a": 1, "b": 2}, NO),
        ("equals", {"a": 1, "b": 2}, {"a": 1}, NO), ("equals", [1, 2], [2, 1], NO),
        ("equals", [1], [1, 2], NO), ("equals", {"a": 1}, [1], NO), ("equals", "0100000001", "0100000001", YES),
        ("equals", 9007199254740993, 9007199254740992, NO), ("equals", [1], {"a": 1}, NO),
        ("not_equals", 1, "1", YES), ("not_equals", 1, 1.0, NO),
        ("gt", 4, 3, YES), ("gt", 3, 3, NO), ("gt", "4", 3, YES), ("gt", "x", 3, CANNOT), ("gt", True, 0, CANNOT), ("gt", None, 0, CANNOT),
        ("gt", 0.6, "500ms", YES), ("gt", "2s", "500ms", YES), ("gt", 2000, "1kB", YES),
        ("gt", "2024-05-06T00:00:00Z", "2024-05-05", YES), ("gt", "Mon, 06 May 2024 00:00:00 GMT", "2024-05-05T00:00:00+02:00", YES),
        ("gt", "soon", "2024-05-05", CANNOT), ("gt", 5, "2024-05-05", CANNOT), ("gt", "x", "5s", CANNOT),
        ("gte", 3, 3, YES), ("lt", 2, 3, YES), ("lt", 0.4, "500ms", YES), ("lte", 3, 3, YES), ("lte", 4, 3, NO),
        ("between", 2, [1, 3], YES), ("between", 1, [1, 3], YES), ("between", 3, [1, 3], YES), ("between", 4, [1, 3], NO),
        ("between", "x", [1, 3], CANNOT), ("between", "2024-05-05", ["2024-05-01", "2024-05-31"], YES),
        ("approx", 1.0000001, 1, YES), ("approx", 1.1, 1, NO), ("approx", 10.4, {"value": 10, "within": 0.5}, YES),
        ("approx", 10.6, {"value": 10, "within": 0.5}, NO), ("approx", "1", 1, CANNOT),
        ("contains", "hello", "ell", YES), ("contains", "hello", "x", NO), ("contains", [1, 2], 2.0, YES),
        ("contains", [{"a": 1}], {"a": 1}, YES), ("contains", {"a": 1}, "a", YES), ("contains", {"a": 1}, "b", NO),
        ("contains", 12, "1", CANNOT), ("contains", "12", 1, CANNOT), ("contains", {"a": 1}, 1, CANNOT),
        ("not_contains", "hello", "x", YES), ("not_contains", "hello", "h", NO), ("not_contains", None, "h", CANNOT), ("not_contains", ["1"], 1, YES),
        ("starts_with", "hello", "he", YES), ("starts_with", "hello", "lo", NO), ("starts_with", 1, "1", CANNOT),
        ("ends_with", "hello", "lo", YES), ("matches", "abc123", r"\d+$", YES), ("matches", "abc", r"\d", NO), ("matches", 123, r"\d", CANNOT),
        ("includes", {"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": 2}}, YES), ("includes", {"a": 1}, {"a": 2}, NO),
        ("includes", {"a": 1}, {"b": 1}, NO), ("includes", {"a": 1}, {"a": {"b": 1}}, NO), ("includes", {"a": [1, 2]}, {"a": [1]}, NO),
        ("includes", [{"id": 1}, {"id": 2, "x": 1}], [{"id": 2}, {"id": 1}], YES), ("includes", [{"a": 1}], [{"a": 1}, {"a": 1}], NO),
        ("includes", [{"a": 1}, {"a": 1, "b": 2}], [{"a": 1}, {"b": 2}], YES),
        ("includes", [{"a": 1, "b": 2}, {"a": 1}], [{"a": 1}, {"b": 2}], YES), ("includes", "x", ["x"], CANNOT),
        ("includes", [1], {"a": 1}, CANNOT), ("includes", [3, 1, 2], [1, 3], YES),
        ("unordered", [1, 2, 2], [2, 1, 2], YES), ("unordered", [1, 2], [1, 1], NO), ("unordered", [1, 2, 3], [1, 2], NO),
        ("unordered", [{"a": 1, "b": 2}], [{"b": 2.0, "a": 1}], YES), ("unordered", [True], [1], NO), ("unordered", "ab", ["a"], CANNOT),
        ("in", 2, [1, 2], YES), ("in", "2", [1, 2], NO), ("not_in", 3, [1, 2], YES), ("not_in", 1.0, [1, 2], NO),
        ("exists", None, True, YES), ("exists", 0, False, NO), ("empty", "", True, YES), ("empty", [], True, YES),
        ("empty", {"a": 1}, False, YES), ("empty", [0], True, NO), ("empty", 0, True, CANNOT), ("empty", None, True, CANNOT),
        ("type", 1, "integer", YES), ("type", 1, "number", YES), ("type", 1.0, "integer", YES), ("type", 1.5, "integer", NO),
        ("type", 1.5, "number", YES), ("type", True, "integer", NO), ("type", None, ["string", "null"], YES), ("type", [], "array", YES),
        ("type", {}, "object", YES), ("type", "x", "boolean", NO),
        ("length", "äö", 2, YES), ("length", [1], 1, YES), ("length", {"a": 1}, 2, NO), ("length", 5, 1, CANNOT),
        ("format", "123e4567-e89b-12d3-a456-426614174000", "uuid", YES), ("format", "123e4567e89b12d3a456426614174000", "uuid", NO),
        ("format", "2024-05-06T07:08:09.5+02:00", "date-time", YES), ("format", "2024-05-06 07:08:09Z", "date-time", NO),
        ("format", "2024-13-01", "date", NO), ("format", "2024-02-29", "date", YES), ("format", "20240229", "date", NO),
        ("format", "a.b+c@example.com", "email", YES), ("format", "a@b@c", "email", NO), ("format", "http://x/y?z", "uri", YES),
        ("format", "x y", "uri", NO), ("format", "http://h:x/", "uri", NO),
        ("format", "api.example.com", "hostname", YES), ("format", "-x.com", "hostname", NO), ("format", "127.0.0.1", "ipv4", YES),
        ("format", "::1", "ipv6", YES), ("format", "1.2.3", "ipv4", NO), ("format", "YWJj", "base64", YES), ("format", "a", "base64", NO),
        ("format", "", "base64", NO),
        ("format", "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.x", "jwt", YES), ("format", "a.b", "jwt", NO), ("format", "MQ.MQ.x", "jwt", NO),
        ("format", 5, "uuid", CANNOT),
        ("schema", {"a": 1}, {"type": "object", "required": ["a"]}, YES), ("schema", {}, {"type": "object", "required": ["a"]}, NO),
        ("schema", "x", {"format": "email"}, NO), ("schema", [1, "a", "b", "c", "d"], {"items": {"type": "integer"}}, NO),
    ],
)  # fmt: skip
def test_an_operator_judges_as_the_reference_says(name: str, actual: Any, argument: Any, verdict: str) -> None:
    assert judge(name, actual, argument) == verdict


@pytest.mark.parametrize(
    ("name", "argument", "message"),
    [
        ("gt", "soon", "takes a number, a duration"), ("gt", True, "takes a number"), ("between", [1], "a list of two bounds"),
        ("between", [3, 1], "must not be greater"), ("between", [1, "2024-01-01"], "of the same kind"), ("between", ["x", 1], "takes a number"),
        ("approx", "1", "takes a number or"), ("approx", {"value": "x", "within": 1}, "must be numbers"),
        ("approx", {"value": 1}, "takes a number or"), ("in", 1, "takes a list"), ("in", [], "not empty"),
        ("exists", "yes", "true or false"), ("empty", 1, "true or false"),
        ("type", "strng", "did you mean 'string'?"), ("type", [], "not empty"), ("length", -1, "a whole number"),
        ("length", True, "a whole number"), ("length", 1.5, "whole number"), ("format", "uid", "did you mean 'uuid'?"),
        ("format", "zzz", "formats:"), ("matches", "(", "is not valid"), ("matches", 3, "takes a text"),
        ("includes", {}, "match"), ("includes", 3, "takes a map or a list"), ("unordered", 3, "takes a list"),
        ("schema", {"type": "strng"}, "the schema is not valid"), ("schema", {}, "match"), ("schema", 3, "takes a JSON Schema"),
        ("starts_with", 1, "takes a text"),
    ],
)  # fmt: skip
def test_an_argument_that_can_never_be_right_is_refused(name: str, argument: Any, message: str) -> None:
    assert message in MATCHERS[name].check(argument)


def check(expect: str, body: Any) -> str:
    """How an expectation on `$.v` ends."""
    ran = run(f"steps:\n  - get: /x\n    expect: {{$.v: {expect}}}\n", [answer(200, body)])
    return "yes" if ran.verdict == "passed" else "no"


@pytest.mark.parametrize(
    ("expect", "value", "verdict"),
    [
        ("{each: {gt: 0}}", [1, 2], "yes"), ("{each: {gt: 0}}", [1, 0], "no"), ("{each: {gt: 0}}", [], "no"),
        ("{each: {gt: 0}}", "x", "no"), ("{each: a}", ["a", "a"], "yes"), ("{any: {gt: 1}}", [1, 2], "yes"),
        ("{any: {gt: 5}}", [1, 2], "no"), ("{any: {gt: 5}}", [], "no"),
        ("{any: {gt: 5}}", 5, "no"), ("{none: {gt: 5}}", [1], "yes"), ("{none: {gt: 0}}", [1], "no"), ("{none: {gt: 0}}", [], "yes"),
        ("{none: {gt: 0}}", ["x"], "no"), ("{none: {gt: 0}}", 3, "no"), ("{not: {gt: 3}}", 2, "yes"), ("{not: {gt: 3}}", 4, "no"),
        ("{not: {gt: 3}}", "x", "no"),
        ("{not: 3}", 4, "yes"), ("{not: {matches: x}}", 4, "no"), ("{not: {not: {gt: 3}}}", 4, "yes"),
        ("{any_of: [{gt: 5}, {lt: 0}]}", 7, "yes"), ("{any_of: [{gt: 5}, {lt: 0}]}", 3, "no"), ("{any_of: [1, 2]}", 2, "yes"),
        ("{not: {any_of: [{gt: 5}, {lt: 0}]}}", "x", "no"),
        ("{all_of: [{gt: 5}, {lt: 9}]}", 7, "yes"), ("{all_of: [{gt: 5}, {lt: 9}]}", 9, "no"),
        ("{not: {all_of: [{gt: 5}, {lt: 9}]}}", "x", "no"), ("{not: {all_of: [{gt: 5}, {lt: 9}]}}", 9, "yes"),
        ("{length: {gt: 1}}", [1, 2], "yes"), ("{length: {gt: 1}}", [1], "no"), ("{length: {gt: 1}}", 5, "no"),
        ("{each: {$.age: {gte: 18}, $.name: {type: string}}}", [{"age": 20, "name": "x"}], "yes"),
        ("{each: {$.age: {gte: 18}}}", [{"age": 3}], "no"), ("{each: {$.age: {gte: 18}}}", [{}], "no"),
        ("{$.a: 1, $.b: {exists: false}}", {"a": 1}, "yes"), ("{$.a: 1}", {"a": "1"}, "no"),
        ("{not: {$.age: {gte: 18}}}", {}, "no"), ("{equals: {a: 1}}", {"a": 1}, "yes"), ("{gt: 1, lt: 3}", 2, "yes"),
        ("{gt: 1, lt: 3}", 3, "no"), ("{not: {each: {gt: 5}}}", [1, 7], "yes"), ("{not: {each: {gt: 5}}}", ["x"], "no"),
        ("{not: {any: {gt: 5}}}", ["x"], "no"),
    ],
)  # fmt: skip
def test_conditions_combine_and_look_inside(expect: str, value: Any, verdict: str) -> None:
    assert check(expect, {"v": value}) == verdict


@pytest.mark.parametrize(
    ("expect", "verdict"),
    [
        ("{exists: false}", "yes"), ("{exists: true}", "no"), ("{not: {exists: true}}", "no"), ("{not_equals: 1}", "no"),
        ("{not_in: [1]}", "no"), ("{not_contains: a}", "no"), ("{not: {equals: 1}}", "no"), ("{none: {gt: 1}}", "no"), ("{empty: true}", "no"),
        ("{type: 'null'}", "no"), ("null", "no"), ("{any_of: [{exists: false}, {equals: 1}]}", "yes"),
        ("{any_of: [{equals: 2}, {equals: 1}]}", "no"), ("{all_of: [{exists: false}]}", "yes"), ("{not: {any_of: [{equals: 1}]}}", "no"),
        ("{not: {all_of: [{equals: 1}]}}", "no"), ("{$.a: {exists: false}}", "no"),
        ("{length: {gte: 0}}", "no"), ("{not: {length: {gte: 0}}}", "no"),
    ],
)  # fmt: skip
def test_what_is_not_there_fails_everything_but_exists_false(expect: str, verdict: str) -> None:
    assert check(expect, {"w": 1}) == verdict


@pytest.mark.parametrize(
    ("selector", "expect", "verdict"),
    [
        ("$.data[?@.late]", "[]", "yes"), ("$.data[?@.late]", "{exists: false}", "yes"), ("$.data[?@.late]", "{exists: true}", "no"),
        ("$.data[?@.id]", "{exists: true}", "yes"), ("$.data[*].id", "[1, 2]", "yes"), ("$.data[*].id", "{length: 2}", "yes"),
        ("$.data[*].id", "1", "no"), ("$.data[?@.late]", "{not: {exists: true}}", "no"), ("$.data[?@.late]", "{any_of: [{exists: false}]}", "yes"),
    ],
)  # fmt: skip
def test_an_indefinite_path_is_judged_as_a_list(selector: str, expect: str, verdict: str) -> None:
    text = f"steps:\n  - get: /x\n    expect:\n      {selector}: {expect}\n"
    ran = run(text, [answer(200, {"data": [{"id": 1}, {"id": 2}]})])
    assert ("yes" if ran.verdict == "passed" else "no") == verdict


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-5, 5) | st.text("ab1", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_equality_is_reflexive_symmetric_and_what_canonical_says(left: Any, right: Any) -> None:
    assert same(left, left)
    assert same(left, right) == same(right, left) == (canonical(left) == canonical(right))


@given(JSON)
def test_includes_and_unordered_are_reflexive(value: Any) -> None:
    if isinstance(value, (dict, list)) and value:
        assert MATCHERS["includes"].judge(value, value) is None
    if isinstance(value, list):
        assert MATCHERS["unordered"].judge(value, list(reversed(value))) is None


@given(JSON, st.integers(-3, 3))
def test_not_inverts_what_can_be_judged_and_nothing_else(value: Any, bound: int) -> None:
    def inner(actual: Any) -> Any:
        return MATCHERS["gt"].judge(actual, bound)

    plain, inverted = inner(value), MATCHERS["not"].judge(value, inner)
    if plain is not None and plain.undecided:
        assert inverted is not None
    else:
        assert (plain is None) != (inverted is None)


def test_a_schema_may_stand_in_a_file_and_templates_in_arguments_are_checked_when_they_run() -> None:
    text = "steps:\n  - get: /x\n    expect: {$.a: {schema: {file: s.json}}, $.b: {gt: '{{ low }}'}}\nvars: {low: 3}\n"
    files = {"s.json": '{"type": "string"}'}
    assert run(text, [answer(200, {"a": "x", "b": 4})], files=files).verdict == "passed"
    wrong = run(text, [answer(200, {"a": 1, "b": 4})], files=files)
    assert "is not of type 'string'" in wrong.checks[0].detail
    late = run(text.replace("low: 3", "low: soon"), [answer(200, {"a": "x", "b": 4})], files=files)
    assert "takes a number" in late.errors[0].message


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ("{$.a: {eqals: 1}}", "unknown operator 'eqals'"), ("{$.a: {eq: 1}}", "unknown operator 'eq'"),
        ("{$.a: {zzzzz: 1}}", "unknown operator"), ("{$.a: {}}", "nothing is expected"), ("{$.a: {any_of: []}}", "at least one condition"),
        ("{$.a: {any_of: 3}}", "at least one condition"), ("{$.a: {not: {}}}", "nothing is expected"),
        ("{$.a: {schema: {file: nope.json}}}", "there is no file nope.json"), ("{$.a: {schema: {file: bad.json}}}", "bad.json is not JSON"),
        ("{$.a: {schema: {type: x}}}", "the schema is not valid"), ("{header X: 3}", "is always a text and never equal to 3"),
        ("{body: {equals: true}}", "never equal to true"),
        ("{failure: tlz}", "unknown failure 'tlz'"), ("{status: 900}", "is not a valid status"),
        ("{status: [200, abc]}", "is not a valid status"), ("{status: []}", "at least one code"),
        ("{status: 6xx}", "is not a valid status"), ("{}", "`expect` is empty"), ("[]", "`expect` is empty"),
        ("{$.a: {$.x-y: 1}}", "is not a valid JSONPath"),
    ],
)  # fmt: skip
def test_an_expectation_that_is_wrong_is_refused_before_anything_is_sent(expect: str, message: str) -> None:
    found = problems(f"steps:\n  - get: /x\n    expect: {expect}\n", files={"bad.json": "{"})
    assert message in found[0].message


@pytest.mark.parametrize(
    ("actual", "expected", "hint"),
    [
        (1, "1", "remove the quotes, or add `| int` to a variable that is a text"),
        (1.5, "1.5", "remove the quotes, or add `| float` to a variable that is a text"),
        (True, "true", "remove the quotes"),
        (None, "null", "remove the quotes"),
        ("1", 1, "the response has a text, so write the expected value in quotes"),
        ("false", False, "the response has a text, so write the expected value in quotes"),
        (1, "2", ""),
        (1, "one", ""),
        ("1", "2", ""),
        (1, 2, ""),
        ([1], ["1"], '$[0] is 1 (integer), expected "1" (string)'),
    ],
)
def test_what_differs_only_in_its_type_is_told_what_to_do(actual: Any, expected: Any, hint: str) -> None:
    """Quotes of YAML and fields of a CSV make texts of numbers."""
    miss = MATCHERS["equals"].judge(actual, expected)
    assert miss is not None
    assert miss.detail.removeprefix("the types differ: ") == hint
