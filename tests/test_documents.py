"""What README, CONTRIBUTING and the cookbook show is true: a test runs every block of code in them, and finds a block without a test."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from limits import limit

import runflow
from runflow.language.project import find_project
from runflow.lint.findings import findings_of
from runflow.loading import Loader, LoaderOptions
from runflow.model.errors import RunflowError
from runflow.selection.select import Target

PROJECT = Path(__file__).parent.parent
sys.path.insert(0, str(PROJECT / "tests" / "cluster"))
from workers import Cluster  # noqa: E402  # a helper of the tests in that folder

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "workflows/README.md", "workflows/TOKENS.md")
TESTED = {
    "# login_then_fetch.yaml": "test_the_first_workflow_says_what_the_readme_says",
    ".venv/bin/runflow --demo": ".ci/run",
    ".venv/bin/pytest": ".ci/run",
    "export API_URL": "test_the_shell_command_of_the_readme_sets_the_variables",
    "✓ fetch the profile": "test_the_first_workflow_says_what_the_readme_says",
    "token: $.tokn": "test_the_first_workflow_says_what_the_readme_says",
    "oauth2: { grant": "test_the_credentials_of_the_readme_work",
    "runflow init ": "test_every_command_of_the_readme_runs",
    "paths: [workflows]": "test_the_project_file_of_the_readme_is_found",
    "# runflow: ignore": "test_the_comments_of_the_readme_suppress_a_finding",
    "[language-server.runflow]": "test_the_editor_of_the_readme_can_start_its_server",
    "# .github/workflows/runflow.yml": "test_the_recipe_for_ci_is_what_init_writes",
    "-- --headless -u 50": "test_the_load_test_of_the_readme_runs",
    "think_time: 500ms": "test_the_load_test_of_the_readme_runs",
    "# .github/workflows/shards.yml": "test_the_shards_of_the_readme_become_one_report",
    "--executor dask=": "test_the_cluster_of_the_readme_runs_the_cookbook",
    "import runflow": "test_the_python_of_the_readme_runs",
    "def test_an_order": "test_the_tests_of_the_readme_run",
    "# .github/workflows/preview.yml": "test_untrusted_workflows_run_as_the_readme_says",
    "class MultipleOf": "test_a_matcher_is_added_as_contributing_says",
    "+        ordering.MultipleOf()": "test_a_matcher_is_added_as_contributing_says",
    '"multiple_of", 24': "test_a_matcher_is_added_as_contributing_says",
    '"multiple_of", 0': "test_a_matcher_is_added_as_contributing_says",
    "class LineSelector": "test_a_selector_and_an_auth_kind_are_added_as_contributing_says",
    "+        line.LineSelector()": "test_a_selector_and_an_auth_kind_are_added_as_contributing_says",
    '+        ("line 1"': "test_a_selector_and_an_auth_kind_are_added_as_contributing_says",
    "class TokenCredential": "test_a_selector_and_an_auth_kind_are_added_as_contributing_says",
    "+        token.TokenCredential()": "test_a_selector_and_an_auth_kind_are_added_as_contributing_says",
    "+    token: Annotated": "test_a_selector_and_an_auth_kind_are_added_as_contributing_says",
    '+    assert ("Authorization", "Token': "test_a_selector_and_an_auth_kind_are_added_as_contributing_says",
    "runflow schema --reference >": "test_a_matcher_is_added_as_contributing_says",
    "class Luhn": "test_the_python_of_contributing_runs",
    "class FolderSource": "test_the_python_of_contributing_runs",
    "from fakes import": "test_the_python_of_contributing_runs",
    '"runflow.matchers"]': "test_the_entry_points_of_contributing_are_those_of_the_package",
    '"runflow.secrets"]': "test_the_entry_points_of_contributing_are_those_of_the_package",
    "refresh_token: $.refresh_token": "test_the_credential_of_the_tokens_page_works",
    "runflow token api token_login.yaml  ": "test_the_token_command_of_the_tokens_page_runs",
}
"""Words that only one block has, and the test or script that runs it."""


def every_block() -> list[tuple[str, str]]:
    """The kind and text of each block, without the indentation of the list that it is in."""
    text = "\n".join((PROJECT / name).read_text(encoding="utf-8") for name in DOCUMENTS)
    found = re.findall(r"^( *)```(\w*)\n(.*?)^\1```$", text, re.DOTALL | re.MULTILINE)
    return [(kind, textwrap.dedent(body)) for _, kind, body in found]


def block(words: str) -> str:
    """The block that has these words."""
    (found,) = (body for _, body in every_block() if words in body)
    return found


def patched(text: str, diff: str) -> str:
    """A text with the changes of a diff, whose hunks are separated by `@@`."""
    for hunk in diff.split("@@\n"):
        lines = hunk.splitlines()
        before, after = ("\n".join(line[1:] for line in lines if line[:1] in kinds) for kinds in (" -", " +"))
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return text


class Copy:
    """A copy of the project, in which a recipe is followed."""

    def __init__(self, folder: Path, *parts: str) -> None:
        self.folder = folder
        for part in ("runner", "pyproject.toml", "tests/fakes.py", *parts):
            if (PROJECT / part).is_dir():
                shutil.copytree(PROJECT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                (folder / part).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(PROJECT / part, folder / part)
        (folder / "runflow").symlink_to("runner")  # found before the installed package, which is not the copy
        (folder / "tests" / "conftest.py").write_text("import sys\nsys.path.insert(0, 'tests')\n")

    def patch(self, file: str, words: str) -> None:
        """Change a file as the block with these words says."""
        path = self.folder / file
        path.write_text(patched(path.read_text(encoding="utf-8"), block(words)), encoding="utf-8")

    def run(self, *words: str) -> str:
        """The output of a module of Python, which must end with 0."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder)}
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def test(self, *words: str) -> str:
        """The output of pytest, all of whose tests must pass."""
        return self.run("pytest", "-o", "addopts=", "-p", "no:cacheprovider", "-q", *words)


def test_every_file_that_a_document_names_exists() -> None:
    table = (
        (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("| you look for |")[2].partition("\n\n")[0]
    )
    for row in table.splitlines()[2:]:
        folder = ""  # a name alone is beside the one before it
        for name in re.findall(r"`([\w./]+(?:\.\w+|/))`", row):
            folder = name.rpartition("/")[0] or folder
            places = [PROJECT / name, PROJECT / "runner" / name, PROJECT / "runner" / folder / Path(name).name]
            assert any(place.exists() for place in places), row
    for document in DOCUMENTS:
        for name in re.findall(
            r"`((?:tests|runner|schemas)/[\w./]+)`", (PROJECT / document).read_text(encoding="utf-8")
        ):
            assert (PROJECT / name).exists(), (document, name)


def test_every_block_has_a_test() -> None:
    here = Path(__file__).read_text(encoding="utf-8")
    for _, body in every_block():
        assert sum(words in body for words in TESTED) == 1, body
    for words, name in TESTED.items():
        assert any(words in body for _, body in every_block()), words
        assert f"\ndef {name}(" in here or (PROJECT / name).is_file(), name


def test_the_first_workflow_says_what_the_readme_says(runflow: Any, write: Any) -> None:
    write("login_then_fetch.yaml", block("# login_then_fetch.yaml"))

    def said() -> str:
        text = runflow("--demo", "login_then_fetch.yaml").out
        return re.sub(r"http://127.0.0.1:\d+", "https://api.example.com", re.sub(r"\d+ ms", "N ms", text))

    def told(words: str) -> str:
        shown = re.sub(r"\d+ ms", "N ms", block(words)).removeprefix("$ runflow login_then_fetch.yaml\n")
        return shown.removesuffix("…\n")

    assert said() == told("✓ fetch the profile")
    write("login_then_fetch.yaml", block("# login_then_fetch.yaml").replace("$.token\n", "$.tokn\n"))
    assert said().startswith(told("token: $.tokn"))


def test_the_shell_command_of_the_readme_sets_the_variables() -> None:
    done = subprocess.run(
        ["sh", "-euc", block("export API_URL") + "echo $API_URL"], capture_output=True, check=True, text=True
    )
    assert done.stdout == "https://api.example.com\n"


def test_the_project_file_of_the_readme_is_found(tmp_path: Path) -> None:
    (tmp_path / "runflow.yaml").write_text(block("paths: [workflows]"), encoding="utf-8")
    assert find_project(tmp_path) is not None


def test_the_credentials_of_the_readme_work(tmp_path: Path, demo_env: dict[str, str]) -> None:
    (tmp_path / "flow.yaml").write_text(
        f'base_url: "{{{{ env.API_URL }}}}"\n{block("oauth2: { grant")}', encoding="utf-8"
    )
    result = runflow.run(tmp_path / "flow.yaml", env=demo_env)
    assert result.passed
    assert {session.name for session in result.sessions} == {"api", "service"}


def test_every_command_of_the_readme_runs(runflow: Any, tmp_path: Path, demo_env: dict[str, str]) -> None:
    lines = [shlex.split(line, comments=True)[1:] for line in block("runflow init ").splitlines()]
    assert len(lines) > 15
    here = {
        "PATH…": "workflows/first.yaml",
        "[FILE::STEP]": "workflows/first.yaml::the service is up",
        "FILE": "workflows/first.yaml",
        "NAME": "api",
    }
    served = {"demo", "lsp", "load"}  # these run until they are stopped
    reported = ["report", "run.jsonl", "--report", "html=run.html"]
    for words in lines:
        asked = [here.get(word, word) for word in words]
        if words[0] in served:
            asked = [words[0], "--help"]
        elif words == ["run"] or words[0] == "PATH…":
            asked += ["--report", "jsonl=run.jsonl"]
        elif words[:2] == ["report", "run.jsonl"]:
            asked = reported
        ended = runflow(*asked, env=demo_env)
        assert ended.code == 0, (asked, ended.out, ended.err)
    assert (tmp_path / "run.html").exists()


def test_the_recipe_for_ci_is_what_init_writes() -> None:
    """Which `tests/cli/test_init.py` runs."""
    written = (PROJECT / "runner" / "cli" / "scaffold" / "github.yml").read_text(encoding="utf-8")
    assert block("# .github/workflows/runflow.yml").partition("\n")[2] == written.partition("\n")[2]


def test_the_shards_of_the_readme_become_one_report(runflow: Any, write: Any, demo: str, tmp_path: Path) -> None:
    write("runflow.yaml", f"paths: [flows]\nenvironments: {{staging: {{base_url: '{demo}'}}}}\n")
    for number in range(7):
        write(f"flows/f{number}.yaml", f"steps: [{{get: /health, expect: {500 if number == 3 else 200}}}]\n")
    jobs = yaml.safe_load(block("# .github/workflows/shards.yml"))["jobs"]
    (command,) = (step["run"] for step in jobs["part"]["steps"] if step.get("run", "").startswith("runflow"))
    parts = jobs["part"]["strategy"]["matrix"]["part"]
    codes = [runflow(*command.replace("${{ matrix.part }}", str(part)).split()[1:]).code for part in parts]
    assert set(codes) <= {0, 1, 5}  # a part of seven files may be none
    assert codes.count(1) == 1
    (report,) = (step["run"] for step in jobs["whole"]["steps"] if step.get("run", "").startswith("runflow"))
    files = sorted(path.name for path in tmp_path.glob("part-*.jsonl"))
    words = [word for each in report.split()[1:] for word in (files if "*" in each else [each])]
    ended = runflow(*words)
    assert ended.code == 1, ended.err
    assert 'tests="7" failures="1"' in (tmp_path / "all.xml").read_text()


def test_untrusted_workflows_run_as_the_readme_says(runflow: Any, write: Any, demo: str) -> None:
    write("theirs/workflows/a.yaml", f"base_url: {demo}\nsteps: [{{get: /health, expect: 200}}]\n")
    job = yaml.safe_load(block("# .github/workflows/preview.yml"))["jobs"]["preview"]
    (command,) = (step["run"] for step in job["steps"] if "--untrusted" in step.get("run", ""))
    asked = [word.replace("preview.example.com", "127.0.0.1") for word in command.split()[1:]]
    ended = runflow(*asked)
    assert ended.code == 0, ended.err
    assert runflow(*(word.replace("127.0.0.1", "preview.example.com") for word in asked)).code == 3


def test_the_editor_of_the_readme_can_start_its_server(tmp_path: Path) -> None:
    settings = tomllib.loads(block("[language-server.runflow]"))
    server = settings["language-server"]["runflow"]
    assert "runflow" in settings["language"][0]["language-servers"]
    assert server["command"] == "runflow"
    words = [sys.executable, "-m", "runflow", *server["args"]]
    done = subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=tmp_path,
        check=False,
        timeout=limit(6),
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    assert done.returncode == 0, done.stderr


def test_the_python_of_the_readme_runs(
    demo_env: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PROJECT)
    names = {"url": demo_env["API_URL"], "password": demo_env["API_PASSWORD"]}
    exec(compile(block("import runflow"), "README.md", "exec"), names)
    assert "fetch the profile passed 200" in capsys.readouterr().out


@pytest.mark.slow
def test_the_load_test_of_the_readme_runs(runflow_process: Any, write: Any, demo_env: dict[str, str]) -> None:
    """With smaller numbers, which its thresholds need not keep."""
    steps = 'base_url: "{{ env.API_URL }}"\nsteps: [{name: health, get: /health, expect: 200}]\n'
    write("flow.yaml", block("think_time: 500ms") + steps)
    words = shlex.split(block("-- --headless -u 50"))[1:]
    smaller = {"50": "2", "5m": "1s"}
    ended = runflow_process(*(smaller.get(word, word) for word in words), env=demo_env)
    assert ended.code == 1, ended.err
    assert "✗ rps >= 100" in ended.out
    assert "✓ error_rate <= 1%: 0.00%" in ended.out


@pytest.mark.slow
def test_the_cluster_of_the_readme_runs_the_cookbook(
    runflow_process: Any, demo_env: dict[str, str], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The workers have the environment variables; this machine does not."""
    shutil.copytree(PROJECT / "workflows", tmp_path / "workflows")
    with Cluster(tmp_path_factory.mktemp("logs")) as cluster:
        cluster.start("ann", **demo_env)
        words = shlex.split(block("--executor dask=").replace("tcp://scheduler:8786", cluster.address))[1:]
        ended = runflow_process(*words)
    assert ended.code == 0, ended.out + ended.err
    assert 'failures="0" errors="0"' in (tmp_path / "all.xml").read_text(encoding="utf-8")


def test_the_tests_of_the_readme_run(pytester: pytest.Pytester, demo_env: dict[str, str]) -> None:
    app = "import flask\napp = flask.Flask('shop')\napp.route('/orders/<user>')(lambda user: {'user': user})\n"
    order = "inputs: [user]\nsteps:\n" + "  - {get: '/orders/{{ user }}', expect: {$.user: ada}}\n" * 2
    health = "steps: [{get: /health, expect: {$.status: ok}}]\n"
    for name, content in {
        "shop.py": app, "test_shop.py": block("def test_an_order").replace("https://staging.example.com", demo_env["API_URL"]),
        "order.flow.yaml": order, "health.flow.yaml": health,
    }.items():  # fmt: skip
        (pytester.path / name).write_text(content, encoding="utf-8")
    pytester.runpytest_subprocess(
        "test_shop.py", "-p", "no:xdist", "-p", "no:pytest-lsp", "-p", "no:hypothesispytest"
    ).assert_outcomes(passed=2)


def test_the_comments_of_the_readme_suppress_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flow.yaml").write_text(f"base_url: https://api.test\n{block('# runflow: ignore')}", encoding="utf-8")
    loader = Loader(LoaderOptions(for_lint=True))
    assert findings_of(loader.plans([Target(tmp_path / "flow.yaml")]), loader.problems) == []


def test_the_python_of_contributing_runs() -> None:
    names: dict[str, Any] = {}
    for words in ("class Luhn", "class FolderSource", "from fakes import"):
        exec(compile(block(words), "CONTRIBUTING.md", "exec"), names)
    with pytest.raises(RunflowError, match="cannot be read"):
        names["FolderSource"]("/nonexistent").get("API_PASSWORD")
    assert names["FolderSource"](str(PROJECT)).get("NOT_THERE") is None


def test_the_entry_points_of_contributing_are_those_of_the_package() -> None:
    """What they name is installed, and used, by `tests/plugins/test_plugins.py`."""
    code = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "runner").rglob("*.py"))
    for words in ('"runflow.matchers"]', '"runflow.secrets"]'):
        for group in tomllib.loads(block(words))["project"]["entry-points"]:
            assert f'"{group}"' in code


@pytest.mark.slow
def test_a_matcher_is_added_as_contributing_says(tmp_path: Path) -> None:
    """In a copy: its class, its line, its rows; then its tests are run, and a workflow."""
    copy = Copy(tmp_path, "tests/matchers")
    family = tmp_path / "runner" / "matchers" / "ordering.py"
    family.write_text(f"{family.read_text()}\n\n{block('class MultipleOf')}")
    copy.patch("runner/matchers/table.py", "+        ordering")
    copy.patch("tests/matchers/test_matchers.py", ", 24")
    copy.patch("tests/matchers/test_matchers.py", ", 0,")
    schema, reference, tests = (shlex.split(line) for line in block("runflow schema --reference >").splitlines())
    assert schema[-1] == "schemas/workflow.schema.json"
    assert '"multiple_of"' in copy.run("runflow", *schema[1:-2])
    assert "| `multiple_of` | a whole number of times another number |" in copy.run("runflow", *reference[1:-2])
    assert "passed" in copy.test("-k", "judges_as or never_be_right", *tests[2:])
    assert "multiple_of-24-12-yes" in copy.test("--collect-only", *tests[2:])


@pytest.mark.slow
def test_a_selector_and_an_auth_kind_are_added_as_contributing_says(tmp_path: Path) -> None:
    """In a copy: their classes, lines, field and rows; then the tests of all kinds pass, and a workflow that uses both."""
    tests = ("tests/test_kinds.py", "tests/language/test_schema.py", "tests/selectors", "tests/credentials")
    read = ("schemas", "workflows", "tests/bodies", "tests/engine", "tests/matchers", "tests/plan")  # by those tests
    copy = Copy(tmp_path, *tests, *read)
    (tmp_path / "runner/selectors/line.py").write_text(block("class LineSelector"))
    (tmp_path / "runner/credentials/token.py").write_text(block("class TokenCredential"))
    copy.patch("runner/selectors/table.py", "+        line.LineSelector()")
    copy.patch("runner/credentials/table.py", "+        token.TokenCredential()")
    copy.patch("runner/language/document.py", "+    token: Annotated")
    copy.patch("tests/selectors/test_selectors.py", '+        ("line 1"')
    copy.patch("tests/credentials/test_credentials.py", '+    assert ("Authorization", "Token')
    schema, reference, _ = (shlex.split(line) for line in block("runflow schema --reference >").splitlines())
    for words in (schema, reference):
        (tmp_path / words[-1]).write_text(copy.run("runflow", *words[1:-2]), encoding="utf-8")
    written = json.loads((tmp_path / schema[-1]).read_text(encoding="utf-8"))
    assert "token" in written["$defs"]["Auth"]["properties"]
    assert "^line " in json.dumps(written)
    assert "| `line N` | the Nth line of the body, from 1 |" in (tmp_path / reference[-1]).read_text(encoding="utf-8")
    assert "passed" in copy.test(*tests)
    assert "line 1-id=42; caf" in copy.test("--collect-only", *tests)
    (tmp_path / "flow.yaml").write_text(
        'base_url: "{{ env.API_URL }}"\nvars: {token: tok-12345}\n'
        "auth: {django: {token: '{{ token }}'}}\ndefaults: {auth: django}\n"
        "steps: [{get: /echo, expect: {line 1: {contains: Token tok-12345}, line 2: {exists: false}}}]\n",
        encoding="utf-8",
    )
    copy.run("runflow", "check", "flow.yaml")
    said = copy.run("runflow", "--demo", "flow.yaml", "-vv")
    assert "Authorization: Token " in said
    assert "tok-12345" not in said


def test_the_credential_of_the_tokens_page_works(tmp_path: Path, demo_env: dict[str, str]) -> None:
    shown = block("refresh_token: $.refresh_token")
    steps = "steps: [{get: /users/me, expect: 200}]\n"
    (tmp_path / "flow.yaml").write_text(f'base_url: "{{{{ env.API_URL }}}}"\n{shown}{steps}', encoding="utf-8")
    result = runflow.run(tmp_path / "flow.yaml", env=demo_env)
    assert result.passed
    (session,) = result.sessions
    assert [step.purpose for step in session.steps] == ["login", "logout"]


def test_the_token_command_of_the_tokens_page_runs(runflow: Any, demo_env: dict[str, str]) -> None:
    for line in block("runflow token api token_login.yaml  ").splitlines():
        words = shlex.split(line, comments=True)[1:]
        assert runflow(*words, cwd=PROJECT / "workflows", env=demo_env).code == 0


def messages() -> list[str]:
    """Every text in the code, with … in place of inserted values, and every line of the expected outputs."""
    found = [
        line
        for path in (PROJECT / "tests" / "cases").glob("*.txt")
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    for path in (PROJECT / "runner").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                found.append(
                    "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
                )
    return found


def test_the_messages_of_the_tokens_page_are_those_of_the_code() -> None:
    page = (PROJECT / "workflows" / "TOKENS.md").read_text(encoding="utf-8")
    rows = page.partition("| message | what to do |\n")[2].splitlines()[1:]
    assert len(rows) > 5
    for row in rows:
        message = row.split("|")[1].strip()
        fixed = [part.strip() for part in re.split(r"…|`\w+`|\b\d+\b|text/html|with invalid_client", message)]
        assert any(all(part in text for part in fixed) for text in messages()), message


def test_a_folder_is_not_one_workflow(tmp_path: Path) -> None:
    with pytest.raises(runflow.WorkflowError, match="folder of 0 workflows"):
        runflow.load(tmp_path)
