"""Every report of one suite: well-formed whatever servers say, true to what happened, without a secret, made again from JSON Lines."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import junitparser
import msgspec
import pytest
import yaml
from lxml import etree
from report_files import REPORT_FILES

from runflow.model.codes import CODES
from runflow.model.exchange import Exchange, Request, Response
from runflow.model.results import AttemptResult, Check, StepResult, Verdict
from runflow.reporters.format.schema import CheckRecord, Report, ReportLine, StepFinishedLine, StepRecord
from runflow.reporters.format.writer import encoded, encoded_step
from runflow.reporters.table import REPORTERS

FILES = [*REPORT_FILES.values(), "summary.md"]
SECRETS = ["s3cret pass'word&", "s3cret+pass", "s3cret%20pass", "tok-3141592653", "dG9rLTMxNDE"]


def test_the_suite_ends_as_its_worst_run(suite: Path) -> None:
    assert (suite / "code").read_text() == "3"
    assert not list(suite.glob(".*.part"))


@pytest.mark.parametrize("file", [*FILES, "console"])
def test_no_secret_is_in_any_report_in_any_form(suite: Path, file: str) -> None:
    text = (suite / file).read_text(errors="replace")
    assert len(text) > 200
    assert [secret for secret in SECRETS if secret in text] == []


def test_no_secret_is_in_what_is_kept_of_the_run(suite: Path) -> None:
    (kept,) = (suite / ".runflow" / "runs").iterdir()
    text = kept.read_text()
    assert '"event":"run_finished"' in text
    assert [secret for secret in SECRETS if secret in text] == []


def test_json_is_the_documented_format_and_says_everything(suite: Path) -> None:
    report = msgspec.json.decode((suite / "out.json").read_bytes(), type=Report)
    json.loads((suite / "out.json").read_text())
    names = [(each.name, each.verdict.value, each.number) for each in report.workflows]
    assert names == [
        ("log in & look <around>", "passed", 0), ("hostile answers", "failed", 1), ("busy", "failed", 2), ("busy", "failed", 3),
        ("nobody listens", "error", 4), ("left out", "skipped", 5),
    ]  # fmt: skip
    assert (report.end.exit_code, report.end.totals) == (3, type(report.end.totals)(1, 3, 1, 1))  # type: ignore[misc]  # it is there
    login, look, first, second, include = report.workflows[0].steps
    assert report.workflows[0].variables == {"user": "ada", "limit": 3}
    assert (login.provided, look.provided) == ({"token": "***"}, {})
    assert login.where is not None
    assert login.where.line == 8
    assert "12345678901234567890" in login.attempts[0].exchanges[0].response.body.text  # type: ignore[union-attr]  # a number keeps its digits
    assert [check.subject for check in look.attempts[0].checks] == ["status", "duration", "limit == 3"]
    assert [(step.iteration, step.local) for step in (first, second)] == [
        (0, {"item": 1, "index": 0}),
        (1, {"item": 2, "index": 1}),
    ]
    assert include.attempts[0].variables["number"] == 7
    assert [step.name for step in include.attempts[0].steps] == ["inside"]
    picture = report.workflows[1].steps[1].attempts[0].exchanges[0].response
    assert picture is not None
    assert picture.body is not None
    assert (picture.body.size, picture.body.base64[:4]) == (124, b"\x89PNG")
    busy = report.workflows[2].steps[0]
    assert [len(one.exchanges) for one in busy.attempts] == [1, 1]
    assert busy.attempts[1].started >= busy.attempts[0].started > report.started - 1
    refused = report.workflows[4].steps[0].attempts[0]
    assert (refused.errors[0].code, refused.exchanges[0].failure.kind) == ("RF203", "refused")  # type: ignore[union-attr]  # there was no answer


@pytest.mark.parametrize("value", ["a\ud800b", {"\ud800": ["\udfff"]}, {None: 1}, 2**70, {"a": {1, 2}}])
def test_whatever_a_value_is_the_json_is_strict(value: Any) -> None:
    data = encoded(CheckRecord("$.a", "equals", actual=value))
    assert json.loads(data.decode("utf-8"))["subject"] == "$.a"
    line = encoded(StepFinishedLine(StepRecord("\ud800", Verdict.FAILED)))
    assert json.loads(line)["step"]["name"] == "?"


def test_a_step_that_is_huge_is_cut_with_a_marker() -> None:
    big = "x" * 6_000_000
    check = Check("body", "contains", "y", big)
    body = Response(200, "http://a/", body=big.encode())
    step = StepResult(
        "a",
        Verdict.FAILED,
        attempts=(AttemptResult((Exchange(Request("GET", "http://a/"), body),), (check,)),),
        provided={"all": [1] * 2_000_000},
    )
    record = msgspec.json.decode(encoded_step(step), type=StepRecord)
    assert len(encoded_step(step)) < 200_000
    kept = record.attempts[0].exchanges[0].response
    assert kept is not None
    assert kept.body is not None
    assert (kept.body.size, kept.body.left_out + len(kept.body.text)) == (6_000_000, 6_000_000)
    assert str(record.attempts[0].checks[0].actual).endswith("more characters]")
    assert record.provided["all"][-1] == "… [1999000 more]"


def test_json_lines_stream_in_the_documented_format(suite: Path) -> None:
    lines = [msgspec.json.decode(line, type=ReportLine) for line in (suite / "out.jsonl").read_bytes().splitlines()]
    kinds = [type(line).__name__.removesuffix("Line") for line in lines]
    assert kinds[:2] == ["SuiteStarted", "WorkflowStarted"]
    assert kinds[-1] == "SuiteFinished"
    assert kinds.count("WorkflowFinished") == 6


def test_the_committed_schema_is_generated_and_fits_the_reports(suite: Path) -> None:
    import jsonschema

    from runflow.cli.editor_schema import report_schema_text

    committed = Path(__file__).parent.parent.parent / "schemas" / "report.schema.json"
    assert committed.read_text() == report_schema_text()
    schema = json.loads(committed.read_text())
    whole = jsonschema.Draft202012Validator({**schema, "$ref": "#/$defs/Report"})
    whole.validate(json.loads((suite / "out.json").read_text()))
    line = jsonschema.Draft202012Validator({**schema, "$ref": "#/$defs/Line"})
    for text in (suite / "out.jsonl").read_text().splitlines():
        line.validate(json.loads(text))
    assert not line.is_valid({"event": "step_finished"})


def test_junit_is_valid_for_jenkins_and_read_back(suite: Path) -> None:
    schema = etree.XMLSchema(etree.parse(Path(__file__).parent / "data" / "junit-10.xsd"))
    schema.assertValid(etree.parse(suite / "out.xml"))
    read = junitparser.JUnitXml.fromfile(str(suite / "out.xml"))
    assert (read.tests, read.failures, read.errors) == (6, 3, 1)
    suites = {each.name: each for each in read}
    assert list(suites) == ["a_login.yaml", "b_hostile.yaml", "c_busy.yaml", "d_refused.yaml", "e_skipped.yaml"]
    login = suites["a_login.yaml"]
    assert {(each.name, each.value) for each in login.properties()} == {
        ("tag", "smoke"), ("tag", "slow"), ("user", "ada"), ("limit", "3"),
    }  # fmt: skip
    (case,) = login
    assert case.name == "log in & look <around>"
    assert "\n  passed  inside" in case.system_out
    kinds = [
        (case.name, type(case.result[0]).__name__, case.result[0].type)
        for suite in read
        for case in suite
        if case.result
    ]
    assert kinds == [
        ("hostile answers", "Failure", "RF102"), ("busy [1: n=1]", "Failure", "RF101"), ("busy [2: n=2]", "Failure", "RF101"),
        ("nobody listens", "Error", "RF203"), ("left out", "Skipped", None),
    ]  # fmt: skip
    assert "c_busy.yaml:9" in (suite / "out.xml").read_text()


def test_junit_can_make_each_step_a_case(suite: Path, call: Any, tmp_path: Path) -> None:
    assert (
        call(suite, "report", "out.jsonl", "--report", f"junit={tmp_path}/steps.xml", "--junit", "steps").returncode
        == 3
    )
    schema = etree.XMLSchema(etree.parse(Path(__file__).parent / "data" / "junit-10.xsd"))
    schema.assertValid(etree.parse(tmp_path / "steps.xml"))
    read = junitparser.JUnitXml.fromfile(str(tmp_path / "steps.xml"))
    names = [case.name for case in next(iter(read))]
    assert names == ["1. log in", "2. look", "3. each [0]", "4. each [1]", "5. include _inner.yaml"]
    assert (read.tests, read.failures, read.errors) == (15, 3, 1)


def test_tap_has_a_point_for_each_run_with_diagnostics_that_are_yaml(suite: Path) -> None:
    text = (suite / "out.tap").read_text()
    assert text.startswith("TAP version 14\n# Subtest: ")
    points = re.findall(r"^(not ok|ok) (\d) - (.+)$", text, re.MULTILINE)
    assert [(ok, number) for ok, number, _ in points] == [
        ("ok", "1"), ("not ok", "2"), ("not ok", "3"), ("not ok", "4"), ("not ok", "5"), ("ok", "6"),
    ]  # fmt: skip
    assert points[-1][2].endswith("# SKIP `if` is false: 1 == 2")
    assert text.rstrip().endswith("1..6")
    blocks = [
        yaml.safe_load(block) for block in re.findall(r"^ {6}---\n(.*?)^ {6}\.\.\.$", text, re.MULTILINE | re.DOTALL)
    ]
    assert [block["severity"] for block in blocks] == ["RF102", "RF101", "RF101", "RF203"]
    assert blocks[1]["at"].startswith("c_busy.yaml:9:")
    assert blocks[1]["status"] == 503


def test_har_holds_every_exchange(suite: Path) -> None:
    log = json.loads((suite / "out.har").read_text())["log"]
    assert (log["version"], log["creator"]["name"]) == ("1.2", "runflow")
    assert [page["id"] for page in log["pages"]] == [f"run_{number}" for number in range(6)]
    sent = [(entry["request"]["method"], entry["request"]["url"].partition("/" )[2].partition("/")[2].partition("/")[2],
        entry["response"]["status"]) for entry in log["entries"]]  # fmt: skip
    assert sent == [
        ("POST", "login", 200), ("GET", "items?key=***", 200), ("GET", "items/1", 200), ("GET", "items/2", 200),
        ("GET", "inner/7", 200), ("GET", "hostile", 200), ("GET", "png", 200), ("GET", "xml", 200), ("GET", "long", 200),
        ("GET", "busy?n=1", 503), ("GET", "busy?n=1", 503), ("GET", "busy?n=2", 503), ("GET", "busy?n=2", 503), ("GET", "x", 0),
    ]  # fmt: skip
    for entry in log["entries"]:
        assert entry["time"] >= 0
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["startedDateTime"])
    picture = next(entry for entry in log["entries"] if entry["request"]["url"].endswith("/png"))
    assert picture["response"]["content"]["encoding"] == "base64"
    assert log["entries"][-1]["response"]["_failure"] == "refused"


def test_github_marks_the_failing_line_and_nothing_else_is_a_command(suite: Path) -> None:
    lines = (suite / "out.github").read_text().splitlines()
    assert len(lines) == 4
    assert all(line.startswith(f"::error file={suite.name}/") for line in lines)
    assert f"::error file={suite.name}/c_busy.yaml,line=9,col=" in lines[1]
    assert "title=busy [1%3A n=1]%3A ask (RF101)::" in lines[1]
    assert "%0A" in lines[0]
    assert (suite / "summary.md").read_text() == (suite / "out.md").read_text()


def test_markdown_says_totals_and_folds_failures(suite: Path) -> None:
    text = (suite / "out.md").read_text()
    assert text.startswith("### ❌ runflow: 6 workflows, ")
    assert "✅ 1 passed · ❌ 3 failed · ⚠️ 1 with errors · ⏭️ 1 skipped" in text
    assert text.count("<details>") == text.count("</details>") == 4
    outside = re.sub(r"^(`{3,})text\n.*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert "<img" not in outside
    assert "@all" not in outside


@pytest.mark.parametrize("kind", sorted({*REPORTERS} - {"html"}))  # the page has its own test
def test_every_report_is_made_again_from_json_lines(suite: Path, call: Any, tmp_path: Path, kind: str) -> None:
    ended = call(suite, "report", "out.jsonl", "--report", f"{kind}={tmp_path}/again")
    assert (ended.returncode, ended.stderr) == (3, "")
    again, first = (tmp_path / "again").read_text(), (suite / REPORT_FILES[kind]).read_text()
    if kind == "har":
        again, first = (re.sub(r"\\[^\"]*", "", text)[:2000] for text in (again, first))
    assert again == first


def test_shards_become_one_report_in_the_order_of_one_run(suite: Path, call: Any, tmp_path: Path) -> None:
    for index in (1, 2, 3):
        call(
            suite,
            "run",
            ".",
            "-q",
            "--no-store",
            "--shard",
            f"{index}/3",
            "--report",
            f"jsonl={tmp_path}/{index}.jsonl",
        )
    files = [path for index in (3, 1, 2) if (path := tmp_path / f"{index}.jsonl").exists()]
    assert len(files) > 1
    assert call(suite, "report", *files, "--report", f"json={tmp_path}/all.json").returncode == 3
    merged, whole = (json.loads(path.read_text()) for path in (tmp_path / "all.json", suite / "out.json"))
    assert [each["name"] for each in merged["workflows"]] == [each["name"] for each in whole["workflows"]]
    assert merged["end"]["totals"] == whole["end"]["totals"]
    assert merged["runs"] == 6


def test_of_a_report_that_was_cut_the_whole_part_is_used_and_the_rest_is_named(
    suite: Path, call: Any, tmp_path: Path
) -> None:
    lines = (suite / "out.jsonl").read_bytes().splitlines(keepends=True)
    finished = [number for number, line in enumerate(lines) if b"workflow_finished" in line]
    (tmp_path / "cut.jsonl").write_bytes(b"".join(lines[: finished[0] + 3]) + lines[finished[0] + 3][:50])
    ended = call(tmp_path, "report", "cut.jsonl", "--report", "json=out.json")
    assert ended.returncode == 3
    assert "cut.jsonl was cut short: the complete lines are used; 4 runs of 6 are not in it" in ended.stderr
    report = json.loads((tmp_path / "out.json").read_text())
    assert [each["verdict"] for each in report["workflows"]] == ["passed", "error"]
    assert report["workflows"][1]["error"]["message"] == "the report ends before this run does"
    assert report["end"]["cut_short"]


def test_a_green_report_that_was_cut_is_not_green(call: Any, suite: Path, tmp_path: Path) -> None:
    lines = (suite / "out.jsonl").read_bytes().splitlines(keepends=True)
    end = next(number for number, line in enumerate(lines) if b"workflow_finished" in line)
    (tmp_path / "cut.jsonl").write_bytes(b"".join(lines[: end + 1]))
    assert call(tmp_path, "report", "cut.jsonl", "--report", "tap=-").returncode == 3
    html = call(tmp_path, "report", "cut.jsonl", "--report", "html=-").stdout
    assert "Not passed" in html
    assert "Cut short: this report is incomplete." in html


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is not a JSON Lines report"), ("{}\n", "is not a JSON Lines report"), ("PK\x03", "is not a JSON Lines report"),
        ('{"log": {"version": "1.2", "creator": {"name": "WebInspector"}, "entries": []}}', "is not a JSON Lines report"),
        ('{"event":"run_started","format":99,"runflow":"9.9"}\n', "has report format 99; this version of runflow reads format 1"),
        (None, "cannot be read"),
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused(call: Any, tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "x.jsonl").write_text(content)
    ended = call(tmp_path, "report", "x.jsonl", "--report", "tap=-")
    assert ended.returncode == 2
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_line_that_is_no_line_of_a_report_is_named_and_left_out(suite: Path, call: Any, tmp_path: Path) -> None:
    lines = (suite / "out.jsonl").read_text().splitlines(keepends=True)
    lines.insert(1, "what is this\n")
    (tmp_path / "odd.jsonl").write_text("".join(lines))
    ended = call(tmp_path, "report", "odd.jsonl", "--report", "junit=a.xml")
    assert "the line at byte" in ended.stderr
    assert junitparser.JUnitXml.fromfile(str(tmp_path / "a.xml")).tests == 6


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--report", "junlt=a"], "did you mean 'junit'?"), (["--report", "html"], "write KIND=FILE, or KIND=- for standard output"),
        (["--report", "html="], "write KIND=FILE"),
        (["--report", "html=a", "--report", "json=./a"], "two reports have the same file"),
        (["--report", "tap=-", "--report", "github"], "two reports have the same file"), ([], "name a report to write"),
    ],
)  # fmt: skip
def test_reports_that_are_asked_for_wrongly_are_refused(
    suite: Path, call: Any, tmp_path: Path, words: list[str], message: str
) -> None:
    ended = call(suite, "report", "out.jsonl", *words)
    assert ended.returncode == 2
    assert message in ended.stderr


def test_a_path_that_cannot_be_written_is_exit_4_and_the_other_reports_are_whole(
    suite: Path, call: Any, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "ok.yaml").write_text((suite / "a_login.yaml").read_text().partition("  - include")[0])
    kept = tmp_path / "kept.json"
    kept.write_text("the old one")
    ended = call(
        tmp_path, "run", "ok.yaml", "--report", "html=folder", "--report", "json=/dev/full", "--report", "junit=good.xml",
        "--report", "har=folder/below/x.har", "--report", "markdown=/proc/nope/x",
    )  # fmt: skip
    assert ended.returncode == 4
    for kind in ("html", "json", "markdown"):
        assert f"the {kind} report could not be written" in ended.stderr
    assert junitparser.JUnitXml.fromfile(str(tmp_path / "good.xml")).tests == 1
    assert json.loads((tmp_path / "folder" / "below" / "x.har").read_text())
    assert kept.read_text() == "the old one"


def test_a_report_that_is_not_whole_leaves_the_old_one_in_place(call: Any, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("inputs: [needed]\nsteps:\n  - {get: 'http://127.0.0.1:9/', expect: 200}\n")
    (tmp_path / "old.html").write_text("the old one")
    assert call(tmp_path, "run", "a.yaml", "--report", "html=old.html").returncode == 2
    assert (tmp_path / "old.html").read_text() == "the old one"
    assert not list(tmp_path.glob(".*.part"))


def test_a_report_on_standard_output_is_alone_there(suite: Path, call: Any) -> None:
    ended = call(suite, "run", "a_login.yaml", "--no-store", "--report", "json=-")
    assert json.loads(ended.stdout)["end"]["exit_code"] == 0
    assert "1 workflow passed" in ended.stderr
    both = call(suite, "run", "c_busy.yaml", "--no-store", "--report", "github")
    assert "2 workflows failed" in both.stdout
    assert "::error file=" in both.stdout


def test_every_code_in_a_report_is_explained(suite: Path, call: Any) -> None:
    codes = set(re.findall(r"RF\d{3}", (suite / "out.json").read_text()))
    assert codes == {"RF101", "RF102", "RF203"}
    for code in CODES:
        assert call is not None
        assert CODES[code].causes
        assert CODES[code].next
    explained = call(suite, "explain", "rf203").stdout
    assert "the connection was refused" in explained
    assert "what to do" in explained
    assert call(suite, "explain").stdout.count("RF") == len(CODES)
    wrong = call(suite, "explain", "RF999")
    assert wrong.returncode == 2
    assert "there is no code RF999" in wrong.stderr
