"""No template, path or pattern takes more than a second or 100 MB, when it is checked or when it runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from limits import STRETCH, limit

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parent.parent.parent
SECONDS = 1.0 * STRETCH
"""Of processor time, which other processes do not take."""

MEGABYTES = 100

COMPUTE = """
import json, resource, sys, time
from runflow.model.answer import Answer
from runflow.model.errors import StepError
from runflow.model.exchange import Response
from runflow.model.limits import limited
from runflow.plan import compile as _  # joins the filters
from runflow.selectors.table import compile_selector
from runflow.matchers.table import MATCHERS
from runflow.templating.names import TemplateProblem
from runflow.templating.values import compile_text
from random import Random
from runflow.templating.functions import functions

kind, text, data = json.load(sys.stdin)
for name in ("a", "$.a", "$..a", "ng $.a", "regex a", "xpath //a", "css a"):
    name == "a" and compile_text("{{ a | upper }}").render({"a": "x"})
    if name != "a":
        compile_selector(name)  # what is imported late is imported now
body = data if kind in {"markup", "raw"} else json.dumps(data)
types = {"markup": "text/html", "raw": "text/plain"}
headers = (("content-type", types.get(kind, "application/json")),)
answer = Answer(Response(200, "http://x/", headers=headers, body=body.encode()))
names = functions(Random(1), time.time, lambda name: b"") | {"a": 1, "text": "word " * 20_000, "list": list(range(5000))}
if kind != "schema":
    answer.json if kind == "path" else answer.text
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = time.process_time()
said = ""
try:
    if kind == "template":
        value = compile_text(text).render(names)
        said = f"made {type(value).__name__}"
    elif kind == "schema":
        said = str(MATCHERS["schema"].judge(data, text))[:60]
    else:
        compile_selector(text).select(answer)
except (StepError, TemplateProblem, ValueError) as error:
    said = str(error)
print(json.dumps([time.process_time() - before, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024, said]))
"""


def compute(kind: str, text: Any, data: Any = None) -> tuple[float, float, str]:
    """Seconds of processor time, megabytes, and what came of it, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", COMPUTE], input=json.dumps([kind, text, data]),
        capture_output=True, text=True, timeout=limit(6), cwd=PROJECT, check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")},  # which takes time
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    seconds, memory, said = json.loads(done.stdout)
    return seconds, memory, said


def growing(times: int, line: str = "{% set b = b ~ b %}", end: str = "{{ b | length }}") -> str:
    return "{% set b = 'aaaaaaaaaa' %}" + line * times + end


TEMPLATES = {
    "nested loops": "{% for x in range(99999) %}{% for y in range(99999) %}{% endfor %}{% endfor %}",
    "loops that write": "{% for x in range(99999) %}{% for y in range(99999) %}x{% endfor %}{% endfor %}",
    "loops that write much": "{% for x in range(99999) %}{{ text }}{% endfor %}",
    "loops of plain text": "{% for x in range(99999) %}" + "x" * 15_000 + "{% endfor %}",
    "a block of loops": "{% set b %}{% for x in range(99999) %}{{ text }}{% endfor %}{% endset %}{{ b | length }}",
    "recursion": "{% macro m(n) %}{{ m(n + 1) }}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
    "recursion that ends late": "{% macro m(n) %}{% if n < 60 %}{{ m(n + 1) }}{{ m(n + 1) }}{% endif %}{% endmacro %}{{ m(0) }}",
    "texts doubled by ~": growing(40),
    "texts doubled by +": growing(40, "{% set b = b + b %}"),
    "texts joined": growing(40, "{% set b = [b, b, b, b] | join %}"),
    "texts joined by a method": growing(40, "{% set b = b.join([b, b, b]) %}"),
    "texts replaced": growing(40, "{% set b = b | replace('a', b) %}"),
    "texts replaced by a method": growing(40, "{% set b = b.replace('a', b) %}"),
    "texts translated": growing(40, "{% set b = b.translate({97: b}) %}"),
    "texts formatted by %": growing(40, "{% set b = '%s%s%s%s' % (b, b, b, b) %}"),
    "texts formatted by a filter": growing(40, "{% set b = '%s%s%s%s' | format(b, b, b, b) %}"),
    "texts formatted by a method": growing(40, "{% set b = '{0}{0}{0}{0}'.format(b) %}"),
    "texts escaped": growing(40, "{% set b = (b ~ '<') | e | string %}"),
    "texts of JSON in JSON": growing(40, "{% set b = b | tojson | tojson | tojson %}"),
    "texts in capitals": growing(18) + "{% for i in range(99999) %}{{ b | upper }}{% endfor %}",
    "lists doubled": "{% set b = [1] %}" + "{% set b = b + b %}" * 40 + "{{ b | length }}",
    "lists of themselves": "{% set b = [1] %}" + "{% set b = [b, b, b, b] %}" * 40 + "{{ b | length }}",
    "lists of themselves, written": "{% set b = [1] * 1000 %}{% set b = [b] * 1000 %}{% set b = [b] * 1000 %}{{ b }}",
    "maps of themselves": "{% set b = {} %}" + "{% set b = {'a': b, 'b': b, 'c': b} %}" * 40 + "{{ b }}",
    "maps merged": "{% set b = {'a': text} %}" + "{% set b = {'a': b, 'b': b} | merge({'c': b}) %}" * 40 + "{{ b }}",
    "two bombs compared": "{% set b = [1] %}{% set c = [1] %}"
    + "{% set b = [b, b, b, b] %}{% set c = [c, c, c, c] %}" * 20
    + "{{ b == c }}",
    "lists filled": "{{ [1] | batch(10**9, 0) | list }}",
    "lists sliced": "{{ [1] | slice(10**9) | list }}",
    "lists added up": "{{ range(3000) | map('list') | sum(start=[]) }}",
    "a list of the letters": growing(20, end="{{ b | list | length }}"),
    "a list of the words": growing(20, "{% set b = b ~ ' ' ~ b %}", "{{ b.split() | length }}"),
    "a list of the lines": growing(20, "{% set b = b ~ '\n' ~ b %}", "{{ b.splitlines() | length }}"),
    "a wide text": "{{ 'a' | center(10**10) }}",
    "a wide text by a method": "{{ 'a'.rjust(10**10) }}",
    "a wide format": "{{ '{:>{}}'.format(1, 10**10) }}",
    "a wide format, written out": "{{ '{:>9999999999}'.format(1) }}",
    "a wide %": "{{ '%9999999999d' % 1 }}",
    "a wide % that is given": "{{ '%*d' % (10**9, 1) }}",
    "a wide indent": "{{ text | indent(10**9, true) }}",
    "a wide indent of JSON": "{{ list | tojson(indent=10**8) }}",
    "wide tabs": "{{ ('\t' * 1000).expandtabs(10**8) }}",
    "wide zeros": "{{ '1'.zfill(10**10) }}",
    "wide bytes": "{{ (1).to_bytes(10**10, 'big') }}",
    "repeated text": "{{ 'a' * 10**10 }}",
    "repeated list": "{{ ([1] * 10**9) | length }}",
    "a huge power": "{{ 9 ** 9 ** 9 }}",
    "powers of powers": "{% set b = 7 %}" + "{% set b = b ** 1000 %}" * 10 + "{{ b }}",
    "products of products": "{% set b = 7 %}" + "{% set b = b * b %}" * 60 + "{{ b }}",
    "a huge rounding": "{{ 1.5 | round(10**9, 'ceil') }}",
    "a slow codec": growing(18, end="{{ b.encode('idna') }}"),
    "a slow codec, again": growing(18, end="{{ b.encode('punycode') }}"),
    "tags taken out": growing(18, "{% set b = b ~ '<a' ~ b %}", "{{ b | striptags }}"),
    "words wrapped": growing(18, "{% set b = b ~ ' ' ~ b %}", "{{ b | wordwrap(1, true, b) }}"),
    "a pattern that backtracks": r"{{ ('a' * 40 ~ 'b') | regex('^(a|aa)+$') }}",
    "a pattern that backtracks slowly": r"{{ (text ~ '!') | regex('^(\\w+\\s?)*$') }}",
    "many patterns that backtrack": r"{% for x in list %}{{ ('a' * 40 ~ 'b') | regex('^(a|aa)+$') }}{% endfor %}",
    "a pattern of patterns": "{{ 'a' | regex('((((a{1000}){1000}){1000}){1000})') }}",
    "a long random text": "{{ random_string(10**10) }}",
    "many random texts": "{% for x in range(99999) %}{{ random_string(100000) }}{% endfor %}",
    "a long range": "{{ range(10**12) }}",
    "a long text of Faker": "{{ fake.text(10**9) }}",
    "many words of Faker": "{{ fake.words(nb=10**9) }}",
    "many bytes of Faker": "{{ fake.binary(length=10**9) }}",
    "a deep JSON": "{{ ('[' * 90000 ~ ']' * 90000) | from_json }}",
    "a wide JSON": growing(20, "{% set b = b ~ ',{}' ~ b %}", "{{ ('[' ~ b ~ ']') | from_json }}"),
    "paths in a loop": "{% for x in list %}{{ {'l': list} | jsonpath('$..[?@ == $..*]') }}{% endfor %}",
    "a long sum": "{{ " + "+".join(["a"] * 4900) + " }}",
    "deep parentheses": "{{ " + "(" * 4900 + "a" + ")" * 4900 + " }}",
    "many expressions": "{{ a + 1 }}" * 100_000,
    "many members": "{{ [" + "a," * 4900 + "] | length }}",
    "many comparisons": "{{ a" + "<a" * 4900 + " }}",
    "constants to fold": "{{ 'a' * 10**10 if false else 9**9**9 }}",
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_template_takes_more_than_a_second_or_100_mb(name: str) -> None:
    seconds, memory, said = compute("template", TEMPLATES[name])
    assert (seconds < SECONDS, memory < MEGABYTES) == (True, True), (seconds, memory, said)


WIDE = {"items": [{"id": number, "tags": ["a", "b"], "n": {"x": number}} for number in range(2000)]}
BAD_WORDS = {"items": [{"t": "word " * 3000 + "!"} for _ in range(200)]}


def nested(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = {"a": value}
    return value


PATHS = {
    "descendants of descendants": ("$..*..*..*..*..*", nested(300)),
    "a filter that walks": ("$..[?$..[?@..id]]", WIDE),
    "a filter that walks deeply": ("$..[?@..*..*]", nested(300)),
    "a filter that counts": ("$..[?count($..*..*) > 1]", WIDE),
    "a filter that compares": ("$..[?$..['items'] == @..['items']]", WIDE),
    "selectors doubled": ("$" + "[*,*]" * 300, nested(60)),
    "a pattern that backtracks": ("$..[?search(@.t, '([a-z]+ ?)*[0-9]')]", BAD_WORDS),
    "a match that backtracks": ("$..[?match(@.t, '([a-z]+ ?)*')]", BAD_WORDS),
    "deep brackets": ("$" + "[?@" * 2000, {}),
    "ng: descendants of descendants": ("ng $..*..*..*..*..*", nested(200)),
    "ng: a pattern that backtracks": (r"ng $.items[?(@.t =~ '(\w+\s?)*$')].t", BAD_WORDS),
    "ng: a substitution that backtracks": (r"ng $.items[*].t.`sub(/(\w+\s?)*$/, x)`", BAD_WORDS),
    "ng: a product": ("ng $.items[0].t * 100000000", BAD_WORDS),
    "ng: deep brackets": ("ng $" + "[?(@.a" * 800, {}),
}


@pytest.mark.parametrize("name", PATHS)
def test_no_path_takes_more_than_a_second_or_100_mb(name: str) -> None:
    seconds, memory, said = compute("path", *PATHS[name])
    assert (seconds < SECONDS, memory < MEGABYTES) == (True, True), (seconds, memory, said)


PAGE = "<html><body>" + "<div class='a b'><p>word word!</p></div>" * 3000
DEEP = "<html><body>" + "<div><p>x</p>" * 120
LONG = "<html><body>" + "<i>x</i>" * 30_000
MARKUP = {
    "predicates in predicates": ("xpath //*[//*[//*]]", PAGE),
    "steps over steps": ("xpath //*//*//*//*//*//*//*//*", DEEP),
    "a range": ("xpath count(1 to 10000000000)", PAGE),
    "variables that double": ("xpath for $a in concat('xxxxxxxx', 'xxxxxxxx') return " + "".join(
        f"for $b{n} in concat($a, $a, $a) return " for n in range(20)) + "string-length($a)", PAGE),
    "a pattern that backtracks": ("xpath matches(string(//body), '^((\\w+\\s?)+!?)*$')", PAGE),
    "a replacement that grows": ("xpath " + "replace(" * 9 + "string(//body)" + f", 'o', '{'o' * 90}')" * 9, PAGE),
    "siblings of siblings": ("css i ~ i ~ i ~ i ~ i", LONG),
    "anything in anything": ("css * * * * * *", DEEP),
    "members counted": ("css div:nth-child(3n) ~ div:nth-last-child(2n+1)", PAGE),
    "deep parentheses": ("xpath " + "(" * 900 + "1" + ")" * 900, PAGE),
    "a long selector": ("css " + ":not(a)" * 1000, PAGE),
}  # fmt: skip


@pytest.mark.parametrize("name", MARKUP)
def test_no_xpath_or_css_takes_more_than_a_second_or_100_mb(name: str) -> None:
    seconds, memory, said = compute("markup", *MARKUP[name])
    assert (seconds < SECONDS, memory < MEGABYTES) == (True, True), (seconds, memory, said)


PATTERNS = {
    "alternatives": ("regex ^(a|aa)+$", "a" * 50 + "b"),
    "words": (r"regex ^(\w+\s?)*$", "word " * 5000 + "!"),
    "polynomial": ("regex a*a*a*a*a*a*a*[bc]d", "a" * 20_000),
    "look-behind": (r"regex (?<=(a|aa)*)c(?<!(a+)*b)$", "a" * 20_000 + "c"),
    "back-references": (r"regex (a*)(a*)(a*)(a*)\1\2\3\4[bc]", "a" * 3000),
    "counted counts": ("regex ((((a{1000}){1000}){1000}){1000})", "a"),
    "a huge count": ("regex a{99999999}", "a"),
    "a fuzzy match": ("regex (?:word word word){e<=20}x{e<=20}$", "word " * 20_000),
    "many alternatives": ("regex " + "|".join(f"a{number}" for number in range(2500)), "a" * 20_000),
    "deep groups": ("regex " + "(" * 5000 + "a" + ")" * 5000, "a"),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_that_backtracks_is_stopped(name: str) -> None:
    seconds, memory, said = compute("raw", *PATTERNS[name])
    assert (seconds < SECONDS, memory < MEGABYTES) == (True, True), (seconds, memory, said)


def doubling(levels: int) -> dict[str, Any]:
    """A schema of which each part asks for the next one twice."""
    parts = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"}]} for n in range(levels)}
    return {"$ref": "#/$defs/d0", "$defs": parts | {f"d{levels}": {"type": "object"}}}


SCHEMAS = {
    "parts that double": (doubling(40), {}),
    "a pattern that backtracks": ({"type": "string", "pattern": "^(a|aa)+$"}, "a" * 50 + "b"),
    "names that backtrack": ({"patternProperties": {"^(a|aa)+$": {}}, "additionalProperties": False}, {"a" * 50 + "b": 1}),
    "unique members": ({"uniqueItems": True}, [[{"a": n}, []] for n in range(5000)]),
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEMAS)
def test_no_schema_takes_more_than_a_second_or_100_mb(name: str) -> None:
    seconds, memory, said = compute("schema", *SCHEMAS[name])
    assert (seconds < SECONDS, memory < MEGABYTES) == (True, True), (seconds, memory, said)
