"""A law of every report: whatever stands in a result, what is written is well-formed, and nothing in it is live."""

from __future__ import annotations

import io
import json
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runflow.model.events import StepFinished, SuiteFinished, SuiteStarted, WorkflowFinished, WorkflowStarted
from runflow.model.exchange import Exchange, Request, Response
from runflow.model.results import AttemptResult, Check, Failure, Result, StepResult, Verdict, WorkflowResult
from runflow.reporters.format.writer import encoded, step_record
from runflow.reporters.table import REPORTERS, reporter_named

TEXTS = st.text(st.characters(), max_size=30) | st.sampled_from((
    "</script><script>alert(1)</script>", "]]>", "<!--", "&#0;", "\x00\x0b\x1b[31m", "\ud800", "\ufffe\uffff", "\u202e", "::error::x",
    "`\n```\n", "# SKIP\n1..9", "\r\n",
))  # fmt: skip


def written(kind: str, text: str, body: bytes) -> bytes:
    stream = io.BytesIO()
    reporter = reporter_named(kind)(stream)
    answer = Response(200, "http://a/", text, headers=(("X-A", text), ("content-type", text)), body=body, elapsed=0.1)
    exchange = Exchange(Request("POST", "http://a/", (("X-B", text),), body), answer, note=text)
    check = Check("$.a", "equals", text, {text: [text, 1.5, None]}, detail=text)
    error = Failure("template", text, text)
    steps = tuple(
        StepResult(text, verdict, "POST", "http://a/", 200, attempts=(AttemptResult((exchange,), (check,), (error,)),),
            provided={text: text}, reason=text)
        for verdict in Verdict
    )  # fmt: skip
    runs = tuple(
        WorkflowResult(text, text, verdict, text, steps=steps, tags=(text,), reason=text, error=error, variables={text: text}) for verdict in Verdict
    )  # fmt: skip
    reporter.handle(SuiteStarted(len(runs)))
    for number, result in enumerate(runs):
        reporter.handle(WorkflowStarted(text, text, text, number))
        for step in steps:
            reporter.handle(StepFinished(text, text, step))
        reporter.handle(WorkflowFinished(result))
    reporter.handle(SuiteFinished(Result(runs, 1.0)))
    return stream.getvalue()


@pytest.mark.parametrize("kind", sorted(REPORTERS))
@given(text=TEXTS, body=st.binary(max_size=30))
@example(text="</script>\x00\ud800\ufffe\x1b", body=b"\xff\xfe</script>")
def test_whatever_stands_in_a_result_the_report_is_well_formed(kind: str, text: str, body: bytes) -> None:
    told = written(kind, text, body)
    whole = told.decode("utf-8")
    match kind:
        case "junit":
            cases = ET.fromstring(told).findall(".//testcase")
            assert [len(case.findall(tag)) for tag in ("failure", "error", "skipped") for case in cases].count(1) == 3
        case "json":
            assert len(msgspec.json.decode(told)["workflows"]) == len(Verdict)
        case "har":
            assert len(json.loads(told)["log"]["entries"]) == len(Verdict) ** 2
        case "jsonl":
            assert len([json.loads(line) for line in whole.removesuffix("\n").split("\n")]) == 2 + len(Verdict) * 6
        case "tap":
            points = [line for line in whole.split("\n") if line.startswith(("ok ", "not ok "))]
            assert (len(points), whole.split("\n").count(f"1..{len(Verdict)}")) == (len(Verdict), 1)
        case "html":
            assert whole.count("<script") == whole.count("</script>") == 3
            assert "<!--" not in whole.partition("<body")[2].replace("<!-- ", "")
        case _:
            assert "\x1b" not in whole
            assert "\x00" not in whole


@pytest.mark.parametrize("text", ["plain", "\ud800"])
def test_a_record_has_the_names_of_the_format_also_where_a_text_cannot_be_encoded(text: str) -> None:
    step = StepResult("a step", Verdict.PASSED, iteration=2, attempts=(AttemptResult(),), provided={"x": text})
    record = msgspec.json.decode(encoded(step_record(step)))
    assert (record["turn"], record["gave"]) == (2, {"x": text.replace("\ud800", "?")})
    assert len(record["tries"]) == 1
    assert record.keys() <= {"name", "verdict", "turn", "tries", "gave", "started", "seconds"}
