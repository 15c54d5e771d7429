"""Takes each guard away in turn, in a copy, and sees a test fail. By hand: `python tests/torture/guards.py [WORD]`.

A guard is a piece of code that must be there once, what stands in its place when it is gone, and the tests that must then
fail. A guard that nobody misses is printed as SURVIVED, and the exit code is 1.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).parent.parent.parent
HTTP = "tests/torture/test_http.py"
MACHINE = "tests/torture/test_machine.py"
UNTRUSTED = "tests/torture/test_untrusted.py"
RESOURCES = "tests/torture/test_resources.py"
DASK = "tests/cluster/test_dask.py"
POOL = "tests/cluster/test_executor_pool.py"


class Guard(NamedTuple):
    """What is taken away, and who must notice. `tests` are pytest's words."""

    name: str
    file: str
    code: str
    gone: str
    tests: tuple[str, ...]


GUARDS = (
    Guard("deadline, requests", "drivers/requests/connection.py", "left = self.deadline - time.monotonic()", "left = 30.0",
        (HTTP, "-k", "(drip or silence) and requests")),
    Guard("deadline, curl", "drivers/curl/transfer.py", "handle.setopt(pycurl.TIMEOUT_MS, milliseconds)", "pass",
        (HTTP, "-k", "(drip or silence) and curl")),
    Guard("cap on the body", "drivers/decoding.py", "self._left = limit", "self._room = 10**12", (HTTP, "-k", "bomb or endless or too_large")),
    Guard("cap on informational responses", "drivers/response_head.py", "if self._informational >= MAX_INFORMATIONAL:", "if False:",
        (HTTP, "-k", "informational_flood")),
    Guard("a head that never ends", "drivers/requests/connection.py", 'raise CutShort("its headers never ended")', "pass",
        (HTTP, "-k", "head and requests")),
    Guard("a last chunk that never comes", "drivers/requests/driver.py", 'raise CutShort("the end of its last chunk is missing")', "pass",
        (HTTP, "-k", "last_chunk and requests")),
    Guard("lengths that make no sense", "drivers/response_head.py", "if len(every) > 1 or not _LENGTH.fullmatch(next(iter(every))):",
        "if False:", (HTTP, "-k", "length")),
    Guard("a length beside chunks", "drivers/response_head.py", 'return "the response has both Transfer-Encoding and Content-Length"',
        "return None", (HTTP, "-k", "length_and_chunks")),
    Guard("NUL in a header", "drivers/response_head.py", "return TOKEN.fullmatch(name) is None or _FORBIDDEN.search(value) is not None",
        "return not name", (HTTP, "-k", "nul or name")),
    Guard("CR in a line", "drivers/response_head.py", '_FORBIDDEN = re.compile(r"[\\0\\r\\n]")', '_FORBIDDEN = re.compile(r"[\\0\\n]")',
        (HTTP, "-k", "with_cr")),
    Guard("cap on redirects", "engine/exchange.py", "if len(redirects) > http.max_redirects:", "if len(redirects) > 10**9:",
        (HTTP, "-k", "redirect_loop")),
    Guard("credentials across origins", "engine/redirects.py", "return origin != origin_of(origin_url) and origin not in",
        "return False and origin not in", ("tests/engine",)),
    Guard("a redirect that names no host", "model/urls.py", "if _NO_AUTHORITY.match(raw):", "if False:", (HTTP, "-k", "nowhere")),
    Guard("a POST is never repeated by libcurl", "drivers/curl/transfer.py",
        "pycurl.PREREQFUNC_OK if self.attempts == 1 else pycurl.PREREQFUNC_ABORT", "pycurl.PREREQFUNC_OK", ("tests/drivers",)),
    Guard("bytes after a response", "drivers/requests/connection.py", " or bool(self.fp.peek(1))", "",
        ("tests/drivers", "-k", "half_a_response and requests")),
    Guard("the last request on a connection, requests", "drivers/requests/connection.py",
        "or closes_connection(connection.attempt.headers) ", "", ("tests/drivers", "-k", "says_close")),
    Guard("the last request on a connection, curl", "drivers/curl/transfer.py",
        "handle.setopt(pycurl.FORBID_REUSE, closes_connection(self.sent))", "pass", ("tests/drivers", "-k", "says_close")),
    Guard("hosts, by their URL", "engine/exchange.py", "hosts.check_url(request.url)", "pass", (UNTRUSTED,)),
    Guard("hosts, by their address, requests", "drivers/requests/connection.py", "attempt.check(address[0])", "pass",
        (UNTRUSTED, "-k", "inside and requests")),
    Guard("hosts, by their address, curl", "drivers/curl/transfer.py", "            handle.setopt(pycurl.OPENSOCKETFUNCTION, self._open)",
        "            pass", (UNTRUSTED, "-k", "inside and curl")),
    Guard("no environment for a stranger", "cli/options.py", "dict(extra or {}) if options.untrusted else read_environment",
        "read_environment", (UNTRUSTED,)),
    Guard("no file for a stranger", "plan/context.py",
        '        if self.settings.options.untrusted:\n            self.withheld(path, f"the content',
        '        if False:\n            self.withheld(path, f"the content', (UNTRUSTED,)),
    Guard("no transport for a stranger", "plan/transport.py", "for key in _WITHHELD if self.context.settings.options.untrusted else ():",
        "for key in ():", (UNTRUSTED,)),
    Guard("no hidden file for a stranger", "language/files.py", "if not self._hidden and any(", "if False and any(", (UNTRUSTED,)),
    Guard("file root", "language/files.py", "if not path.is_relative_to(self.root):", "if False:", ("tests/language/test_files.py", "tests/cli")),
    Guard("masking of texts", "redaction.py", "                text = text.replace(needle, MASK)", "                pass",
        ("tests/test_redaction.py",)),
    Guard("masking of bodies", "redaction.py", "masked = masked.replace(coded, MASK.encode(charset))", "pass",
        ("tests/test_redaction.py", "tests/torture/test_session_secrets.py")),
    Guard("masking before a cut", "redaction.py", "return self._cut(text) if CUT in text and self.needles else text", "return text",
        ("tests/test_redaction.py", "tests/torture/test_secrets.py")),
    Guard("masking of lines", "redaction.py", "*(line for line in lines if len(line) >= SHORTEST_LINE)", "",
        ("tests/test_redaction.py", "tests/torture/test_secrets.py")),
    Guard("masking of what a session did", "engine/auth/tokens.py", "frame.ports.mask(result)", "result", ("tests/torture/test_secrets.py",)),
    Guard("lines of a CI log, checks", "reporters/failures.py", '(("", flat(line)) for line in check_lines(check))',
        '(("", safe(line)) for line in check_lines(check))', ("tests/torture/test_ci_logs.py",)),
    Guard("lines of a CI log, text diffs", "reporters/text.py", 'f"  | {line}"', 'f"  {line}"', ("tests/torture/test_ci_logs.py",)),
    Guard("excerpts of what was refused", "reporters/problems.py", "if place is None or place.unread:", "if place is None:",
        ("tests/torture/test_filesystem.py",)),
    Guard("links of a stranger", "selection/discover.py", "if not links and _is_link(path):", "if False:",
        ("tests/torture/test_filesystem.py", "-k", "stranger")),
    Guard("no project file of a stranger by a link", "language/project.py", "if not links and (folder / PROJECT_FILE).is_symlink():",
        "if False:", ("tests/torture/test_filesystem.py", "-k", "stranger")),
    Guard("infinite numbers", "model/answer.py", "if math.isinf(number):", "if False:", ("tests/torture/test_jsonpath.py",)),
    Guard("escape for terminals", "reporters/text.py", "    return _UNSAFE.sub(", "    return text or _UNSAFE.sub(", ("tests/reporters",)),
    Guard("escape in XML", "reporters/junit.py", "return escape(_plain(text))", "return text", ("tests/reporters",)),
    Guard("escape in HTML", "reporters/html/__init__.py", "autoescape=True", "autoescape=False", ("tests/reporters/test_html.py",)),
    Guard("reports beside their place", "reporters/files.py", "self._temporary = None if streams or is_device else temporary",
        "self._temporary = None", ("tests/reporters", MACHINE)),
    Guard("a secret that was not extracted", "engine/judge.py",
        "if answer.response is not None and not set(secret) <= recorder.extracted.keys():", "if False:",
        ("tests/torture/test_secrets.py", "-k", "was_not")),
    Guard("the OpenAPI document", "engine/step.py", "frame.plan.contract is not None and step.token_reader is None", "False",
        ("tests/openapi/test_contract.py",)),
    Guard("no pass of a load test that sent nothing", "loadtest/thresholds.py", "if not measured.requests:", "if False:",
        ("tests/loadtest/test_thresholds.py",)),
    Guard("errors count without a threshold", "loadtest/thresholds.py", "if not any(each.measure ==",
        "if False and not any(each.measure ==", ("tests/loadtest/test_thresholds.py",)),
    Guard("a report that fails harms no other", "reporters/fan_out.py", "except OSError as error:", "except ZeroDivisionError as error:",
        (MACHINE, "-k", "full_disk")),
    Guard("depth of YAML", "language/yaml.py", "if len(self.stack) >= MAX_DEPTH:", "if False:",
        ("tests/language/test_yaml.py", "tests/torture/test_document.py")),
    Guard("expansion of aliases", "language/yaml.py", "if self.expanded > MAX_EXPANSION:", "if False:", ("tests/language/test_yaml.py",)),
    Guard("time of templates and paths", "model/limits.py", "elif spent > work.ends:", "elif False:",
        (RESOURCES, "-k", "nested or recursion or doubled")),
    Guard("length of templates", "templating/jinja.py", "if code > MAX_CODE:", "if False:",
        (RESOURCES, "-k", "many", "tests/torture/test_document.py")),
    Guard("size of made texts", "templating/size_limits.py", "    if size > MAX_TEXT:", "    if False:",
        (RESOURCES, "-k", "texts or wide or repeated")),
    Guard("a thread that dies", "execution/thread_pool.py", "found = [(each.number, RuntimeError",
        "found = [] and [(each.number, RuntimeError", ("tests/execution/test_executors.py", "-k", "dies")),
    Guard("a run is claimed before it begins", "cluster/dask.py",
        "begun_on = client.sync(_claim, client.scheduler, claim, get_worker().address)", "begun_on = None", (DASK, "-k", "killed")),
    Guard("no run twice unless the file says so, on Dask", "cluster/worker.py", "if begun_on and not request.idempotent:", "if False:",
        (DASK, "-k", "killed")),
    Guard("no run twice unless the file says so, in a pool", "cluster/remote_executor.py", "if sent.run.plan.idempotent and ", "if ",
        (POOL, "-k", "broken_pool")),
    Guard("no environment to workers unasked", "cluster/packing.py", "self._environment(plan) if self._secrets else ({}, {})",
        "self._environment(plan)", (DASK, "-k", "own_environment")),
    Guard("no secret of --var to workers unasked", "cluster/packing.py", "if name in self._inputs.variables:", "if False:",
        (DASK, "-k", "given_with_var")),
    Guard("no private key to workers unasked", "plan/http.py", 'private=key[0] == "cert"', "private=False", (DASK, "-k", "certificate")),
    Guard("what a source gave is masked on workers", "cluster/worker.py", "environment.found |= request.found",
        "environment.variables |= request.found", (DASK, "-k", "secret_source")),
    Guard("no file but those of the bundle", "language/bundle.py", 'raise FileMissing(f"{name} was not sent with the workflow", hint=hint)',
        "return super()._load(path, name)", ("tests/language/test_bundle.py",)),
    Guard("the same runflow on both sides", "cluster/registry.py", "    if others:", "    if False:", (DASK, "-k", "another_runflow")),
    Guard("the first files read by one thread at a time", "language/read.py", "with _ONE_AT_A_TIME:", "if True:", ("tests/language/test_read.py",)),
    Guard("no secret in a snapshot", "engine/judge.py", "if world.ports.mask(value) != value:", "if False:", ("tests/plan/test_snapshots.py",)),
    Guard("a snapshot of a step that passed", "engine/step.py", "if frame.ports.snapshots is not None and last.verdict is Verdict.PASSED:",
        "if frame.ports.snapshots is not None:", ("tests/plan/test_snapshots.py",)),
    Guard("no snapshot of a step that runs several times", "execution/snapshot_store.py", "if not same(known.value, snapshot.value):",
        "if False:", ("tests/execution/test_snapshot_store.py",)),
    Guard("a kept connection is looked at before it is used again", "drivers/curl/kept_connections.py",
        "return number is None or not _events(number, any_bytes=http1)", "return True", ("tests/drivers/curl/test_kept_connections.py",)),
    Guard("chunk sizes are hexadecimal digits", "drivers/chunked.py", "if found is None:", "if False:", ("tests/drivers/test_chunked.py",)),
    Guard("the end of TLS is the end of a body", "drivers/requests/driver.py", "self.suppress_ragged_eofs = False", "pass",
        ("tests/drivers/test_truncation.py",)),
)  # fmt: skip


def missed(guard: Guard, copy: Path) -> bool:
    """Whether a test fails without it."""
    path = copy / "runner" / guard.file
    text = path.read_text(encoding="utf-8")
    assert text.count(guard.code) == 1, f"{guard.name}: its code is there {text.count(guard.code)} times"
    path.write_text(text.replace(guard.code, guard.gone), encoding="utf-8")
    words = [
        sys.executable,
        "-m",
        "pytest",
        "--no-cov",
        "-x",
        "-q",
        "-n",
        "2",
        "-p",
        "no:cacheprovider",
        "-m",
        "",
        *guard.tests,
    ]
    try:
        done = subprocess.run(words, cwd=copy, capture_output=True, check=False, timeout=120)
        noticed = b"FAILED tests" in done.stdout or b"ERROR tests" in done.stdout
        assert done.returncode == 0 or noticed, (done.stdout + done.stderr).decode()[
            -2000:
        ]  # pytest's own trouble is none
    except subprocess.TimeoutExpired:  # hanging is noticed too
        return True
    finally:
        path.write_text(text, encoding="utf-8")
    return done.returncode != 0


def main(word: str) -> int:
    """Every guard whose name has this word in it."""
    survived = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        ignored = shutil.ignore_patterns(".venv", ".git", "__pycache__", ".hypothesis", ".*_cache")
        shutil.copytree(PROJECT, copy, ignore=ignored)
        (copy / "runflow").symlink_to("runner")  # found before the installed package, which is not the copy
        for guard in (each for each in GUARDS if word in each.name):
            begun = time.monotonic()
            bites = missed(guard, copy)
            survived += not bites
            print(
                f"{'a test failed' if bites else 'SURVIVED':14} {guard.name} ({time.monotonic() - begun:.0f} s)",
                flush=True,
            )
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
