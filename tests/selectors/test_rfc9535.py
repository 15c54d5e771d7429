"""JSONPath as RFC 9535 defines it: a table of our own after the examples of its sections 1.5 and 2.3 to 2.6.

The compliance suite of the JSONPath working group runs too where there is a copy of it: `RUNFLOW_CTS` names the file.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from runflow.model.kinds import MISSING
from runflow.selectors.json_path import compile_path

SHOP = {
    "shop": {
        "orders": [
            {"kind": "gift", "by": "ann", "what": "kite", "cost": 7.5},
            {"kind": "bulk", "by": "bob", "what": "rope", "cost": 15},
            {"kind": "bulk", "by": "cid", "what": "sail", "tag": "s-1", "cost": 9.25},
            {"kind": "bulk", "by": "dot", "what": "mast", "tag": "s-2", "cost": 40},
        ],
        "van": {"colour": "blue", "cost": 900},
    }
}
ORDERS = SHOP["shop"]["orders"]
ODD = {"a b": {"c.d": {"'": 1}}, '"': {"\\": 2}, "": 3, "ünï": 4, "\t": 5}
PAIRS = {"o": {"j": 1, "k": 2}, "a": [5, 3]}
LETTERS = ["a", "b", "c", "d", "e", "f", "g"]
MIXED = {
    "a": [3, 5, 1, 2, 4, 6, {"b": "j"}, {"b": "k"}, {"b": {}}, {"b": "kilo"}],
    "o": {"p": 1, "q": 2, "r": 3, "s": 5, "t": {"u": 6}},
    "e": "f",
}
COMPARED = {"obj": {"x": "y"}, "arr": [2, 3]}
NESTED = {"o": {"j": 1, "k": 2}, "a": [5, 3, [{"j": 4}, {"k": 6}]]}
NULLS = {"a": None, "b": [None], "c": [{}], "null": 1}
WORDS = {"w": ["", "x", "xy", "xyz", "éa", ["x", "y"], {"x": 1}, 7, None], "t": "xy", "many": [1, 2], "one": [1]}

FINDS: list[tuple[str, str, Any, list[Any]]] = [
    # 1.5: an overview
    ("1.5", "$.shop.orders[*].by", SHOP, ["ann", "bob", "cid", "dot"]),
    ("1.5", "$..by", SHOP, ["ann", "bob", "cid", "dot"]),
    ("1.5", "$.shop.*", SHOP, [ORDERS, SHOP["shop"]["van"]]),
    ("1.5", "$.shop..cost", SHOP, [7.5, 15, 9.25, 40, 900]),
    ("1.5", "$..orders[2]", SHOP, [ORDERS[2]]),
    ("1.5", "$..orders[2].by", SHOP, ["cid"]),
    ("1.5", "$..orders[2].sender", SHOP, []),
    ("1.5", "$..orders[-1]", SHOP, [ORDERS[3]]),
    ("1.5", "$..orders[0,1]", SHOP, ORDERS[:2]),
    ("1.5", "$..orders[:2]", SHOP, ORDERS[:2]),
    ("1.5", "$..orders[?@.tag]", SHOP, ORDERS[2:]),
    ("1.5", "$..orders[?@.cost<10]", SHOP, [ORDERS[0], ORDERS[2]]),
    # 2.3.1: names, in either kind of quotes, with escapes; a name is not a method and not an index
    ("2.3.1", "$['a b']['c.d']", ODD, [{"'": 1}]),
    ("2.3.1", "$[\"a b\"]['c.d']['\\'']", ODD, [1]),
    ("2.3.1", "$['\"']['\\\\']", ODD, [2]),
    ("2.3.1", "$['']", ODD, [3]),
    ("2.3.1", "$.ünï", ODD, [4]),
    ("2.3.1", "$['\\u00fcn\\u00ef']", ODD, [4]),
    ("2.3.1", "$['\\t']", ODD, [5]),
    ("2.3.1", "$['missing']", ODD, []),
    ("2.3.1", "$['0']", LETTERS, []),
    ("2.3.1", "$.length", LETTERS, []),
    # 2.3.2: the wildcard
    ("2.3.2", "$[*]", PAIRS, [{"j": 1, "k": 2}, [5, 3]]),
    ("2.3.2", "$.o[*]", PAIRS, [1, 2]),
    ("2.3.2", "$.o[*,*]", PAIRS, [1, 2, 1, 2]),
    ("2.3.2", "$.a[*]", PAIRS, [5, 3]),
    ("2.3.2", "$.a[*][*]", PAIRS, []),
    # 2.3.3: an index, also from the end; an object has none
    ("2.3.3", "$[1]", LETTERS, ["b"]),
    ("2.3.3", "$[-2]", LETTERS, ["f"]),
    ("2.3.3", "$[7]", LETTERS, []),
    ("2.3.3", "$[-8]", LETTERS, []),
    ("2.3.3", "$.o[0]", PAIRS, []),
    # 2.3.4: slices
    ("2.3.4", "$[1:3]", LETTERS, ["b", "c"]),
    ("2.3.4", "$[5:]", LETTERS, ["f", "g"]),
    ("2.3.4", "$[1:5:2]", LETTERS, ["b", "d"]),
    ("2.3.4", "$[5:1:-2]", LETTERS, ["f", "d"]),
    ("2.3.4", "$[::-1]", LETTERS, ["g", "f", "e", "d", "c", "b", "a"]),
    ("2.3.4", "$[-2:]", LETTERS, ["f", "g"]),
    ("2.3.4", "$[:-5]", LETTERS, ["a", "b"]),
    ("2.3.4", "$[2:100]", LETTERS, ["c", "d", "e", "f", "g"]),
    ("2.3.4", "$[3:1]", LETTERS, []),
    ("2.3.4", "$[1:3:0]", LETTERS, []),
    ("2.3.4", "$[0:2]", {"0": 1}, []),
    # 2.3.5: filters: whether something is there, comparisons, logic
    ("2.3.5", "$.a[?@.b == 'kilo']", MIXED, [{"b": "kilo"}]),
    ("2.3.5", "$.a[?(@.b == 'kilo')]", MIXED, [{"b": "kilo"}]),
    ("2.3.5", "$.a[?@>3.5]", MIXED, [5, 4, 6]),
    ("2.3.5", "$.a[?@.b]", MIXED, [{"b": "j"}, {"b": "k"}, {"b": {}}, {"b": "kilo"}]),
    ("2.3.5", "$[?@.*]", MIXED, [MIXED["a"], MIXED["o"]]),
    ("2.3.5", "$[?@[?@.b]]", MIXED, [MIXED["a"]]),
    ("2.3.5", "$.o[?@<3, ?@<3]", MIXED, [1, 2, 1, 2]),
    ("2.3.5", '$.a[?@<2 || @.b == "k"]', MIXED, [1, {"b": "k"}]),
    ("2.3.5", '$.a[?match(@.b, "[jk]")]', MIXED, [{"b": "j"}, {"b": "k"}]),
    ("2.3.5", '$.a[?search(@.b, "[jk]")]', MIXED, [{"b": "j"}, {"b": "k"}, {"b": "kilo"}]),
    ("2.3.5", "$.o[?@>1 && @<4]", MIXED, [2, 3]),
    ("2.3.5", "$.o[?@.u || @.x]", MIXED, [{"u": 6}]),
    ("2.3.5", "$.o[?!@.u]", MIXED, [1, 2, 3, 5]),
    ("2.3.5", "$.a[?@.b == $.x]", MIXED, [3, 5, 1, 2, 4, 6]),
    ("2.3.5", "$.a[?@ == @]", MIXED, MIXED["a"]),
    ("2.3.5", "$.a[?@.b == $.e || @ == 6]", MIXED, [6]),
    # 2.4: functions
    ("2.4.4", "$.w[?length(@) == 2]", WORDS, ["xy", "éa", ["x", "y"]]),
    ("2.4.4", "$.w[?length(@) == 1]", WORDS, ["x", {"x": 1}]),
    ("2.4.4", "$.w[?length(@) < 1]", WORDS, [""]),
    ("2.4.4", "$.w[?length(@) == length($.t)]", WORDS, ["xy", "éa", ["x", "y"]]),
    ("2.4.5", "$[?count(@.*) > 1]", WORDS, [WORDS["w"], [1, 2]]),
    ("2.4.5", "$[?count(@.*) == 1]", WORDS, [[1]]),
    ("2.4.6", "$.w[?match(@, 'x.')]", WORDS, ["xy"]),
    ("2.4.6", "$.w[?match(@, 'x.*')]", WORDS, ["x", "xy", "xyz"]),
    ("2.4.7", "$.w[?search(@, 'y')]", WORDS, ["xy", "xyz"]),
    ("2.4.7", "$.w[?search(@, '^y')]", WORDS, []),
    ("2.4.8", "$.w[?value(@..x) == 1]", WORDS, [{"x": 1}]),
    ("2.4.8", "$[?value(@.*) == 1]", WORDS, [[1]]),
    # 2.5.1: child segments
    ("2.5.1", "$[0, 3]", LETTERS, ["a", "d"]),
    ("2.5.1", "$[0:2, 5]", LETTERS, ["a", "b", "f"]),
    ("2.5.1", "$[0, 0]", LETTERS, ["a", "a"]),
    ("2.5.1", "$.o['k', 'j']", PAIRS, [2, 1]),
    ("2.5.1", "$ .o ['j']", PAIRS, [1]),
    # 2.5.2: descendant segments
    ("2.5.2", "$..j", NESTED, [1, 4]),
    ("2.5.2", "$..[0]", NESTED, [5, {"j": 4}]),
    ("2.5.2", "$..o", NESTED, [{"j": 1, "k": 2}]),
    ("2.5.2", "$.o..[*, *]", NESTED, [1, 2, 1, 2]),
    ("2.5.2", "$.a..[0, 1]", NESTED, [5, 3, {"j": 4}, {"k": 6}]),
    ("2.5.2", "$..nothing", NESTED, []),
    # 2.6: null is a value, and is there
    ("2.6", "$.a", NULLS, [None]),
    ("2.6", "$.a[0]", NULLS, []),
    ("2.6", "$.a.d", NULLS, []),
    ("2.6", "$.b[0]", NULLS, [None]),
    ("2.6", "$.b[*]", NULLS, [None]),
    ("2.6", "$.b[?@]", NULLS, [None]),
    ("2.6", "$.b[?@==null]", NULLS, [None]),
    ("2.6", "$.c[?@.d==null]", NULLS, []),
    ("2.6", "$.null", NULLS, [1]),
]  # fmt: skip
"""Section, path, document, and the values that it finds in order."""

HOLDS = {
    "$.no1 == $.no2": True, "$.no1 <= $.no2": True, "$.no == 'g'": False, "$.no1 != $.no2": False, "$.no != 'g'": True,
    "1 <= 2": True, "1 > 2": False, "13 == '13'": False, "1 == 1.0": True, "true == 1": False, "null == $.no": False,
    "'a' <= 'b'": True, "'a' > 'b'": False, "'a' < 'aa'": True, "'Z' < 'a'": True,
    "$.obj == $.arr": False, "$.obj != $.arr": True, "$.obj == $.obj": True, "$.obj != $.obj": False,
    "$.arr == $.arr": True, "$.arr != $.arr": False, "$.obj == 17": False, "$.obj != 17": True,
    "$.obj <= $.arr": False, "$.obj < $.arr": False, "$.obj <= $.obj": True, "$.arr <= $.arr": True,
    "1 <= $.arr": False, "1 >= $.arr": False, "1 > $.arr": False, "1 < $.arr": False,
    "true <= true": True, "true > true": False, "false < true": False,
}  # fmt: skip
"""Comparisons (section 2.3.5.2.2), and whether they hold."""

INVALID = {
    "2.1": ["", "a", "$ ", " $", "$.", "$..", "$.a.", "$[", "$]", "$.a b"],
    "2.3.1": ["$['\\x41']", "$['a\"]", "$.1a", "$.a-b", "$['\\ud800']"],
    "2.3.3": ["$[01]", "$[-0]", "$[1.0]", "$[9007199254740992]", "$[+1]"],
    "2.3.4": ["$[1:2:3:4]", "$[01:2]", "$[1: 2:-0]"],
    "2.3.5": ["$[?]", "$[?@.a == ]", "$[?@.a = 1]", "$[?@.* == 1]", "$[?@..a == 1]", "$[?'a']", "$[?@ == [1]]", "$[?1]"],
    "2.4.3": [
        "$[?length(@)]", "$[?length(@.*) < 3]", "$[?count(1) == 1]", "$[?match(@.a, 'x') == true]", "$[?value(@.a)]",
        "$[?length(@, @) == 1]", "$[?nothing(@)]", "$[?Length(@) == 1]", "$[?length (@) == 1]",
    ],
    "2.5": ["$.['a']", "$...a", "$..", "$.[0]"],
}  # fmt: skip
"""Paths that are not well-formed or not well-typed, by section."""


def found(path: str, document: Any) -> list[Any]:
    """The list of nodes as RFC 9535 has it; a path of one node gives its value in runflow."""
    compiled = compile_path(path)
    value = compiled.find(document)
    if compiled.indefinite:
        return list(value)
    return [] if value is MISSING else [value]


@pytest.mark.parametrize(
    ("section", "path", "document", "values"), FINDS, ids=[f"{each[0]} {each[1]}" for each in FINDS]
)
def test_a_path_finds_what_the_standard_says(section: str, path: str, document: Any, values: list[Any]) -> None:
    assert found(path, document) == values


@pytest.mark.parametrize(("comparison", "holds"), HOLDS.items())
def test_a_comparison_holds_as_the_standard_says(comparison: str, holds: bool) -> None:
    # a filter tests each of the two members of the document
    assert found(f"$[?{comparison}]", COMPARED) == (list(COMPARED.values()) if holds else [])


@pytest.mark.parametrize("path", [path for paths in INVALID.values() for path in paths])
def test_what_the_standard_does_not_allow_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="JSONPath"):
        compile_path(path)


def _compliance_suite() -> list[Any]:
    beside = Path(__file__).parents[2] / ".." / "shared" / "jsonpath-cts" / "cts.json"
    path = Path(os.environ.get("RUNFLOW_CTS") or beside)
    if not path.is_file():
        reason = "the compliance suite is missing: RUNFLOW_CTS=PATH of cts.json (github.com/jsonpath-standard)"
        return [pytest.param({}, marks=pytest.mark.skip(reason=reason), id="missing")]
    cases = json.loads(path.read_text(encoding="utf-8"))["tests"]
    return [pytest.param(case, id=case["name"]) for case in cases]


@pytest.mark.parametrize("case", _compliance_suite())
def test_the_compliance_suite_is_met(case: dict[str, Any]) -> None:
    if case.get("invalid_selector"):
        with pytest.raises(ValueError, match=r"JSONPath|deeply"):
            compile_path(case["selector"])
        return
    assert found(case["selector"], case["document"]) in ([case["result"]] if "result" in case else case["results"])
