"""The stable codes of failures: what each means, its usual causes, and what to do. A code never changes its meaning."""

from __future__ import annotations

import msgspec

from ..version import REPORT_BUGS_TO
from .errors import ErrorKind
from .exchange import FailureKind
from .results import Check, Failure


class Code(msgspec.Struct, frozen=True):
    """The explanation of a code.

    Attributes:
        title: What happened, in a few words.
        means: What happened, exactly.
        causes: Usual causes, the likeliest first.
        next: What to do.
    """

    title: str
    means: str
    causes: tuple[str, ...]
    next: tuple[str, ...]


CODES: dict[str, Code] = {
    "RF101": Code(
        "the status is not the expected one",
        "A complete response was received, but `expect` does not allow its status. Nothing else of this response was checked, and nothing was extracted from it.",
        ("the server rejects the request (4xx)", "the server failed or is overloaded (5xx)", "a redirect was not followed (3xx)"),
        ("read the body of the response below the failure: most servers say there what is wrong", "print a curl command that sends the same request: `runflow FILE --curl`", "retry a server that is sometimes busy: `retry: {times: 3, every: 1s}`; only for requests that are safe to repeat"),
    ),
    "RF102": Code(
        "a value is not the expected one",
        "The selector found a value, but the operator does not hold for it.",
        ("the API changed", 'the value has another type than expected: the number 1 is not the text "1"', "an earlier run left test data behind"),
        ("compare `expected` and `actual`, and their types", "where the value varies, check its properties: `type`, `matches`, `between`"),
    ),
    "RF103": Code(
        "an expected value was not found",
        "The selector is valid, but it found nothing in the response.",
        ("the name is spelt differently (`orderId`, `order_id`)", "the response is an error message", "a list is empty, so that `[0]` does not exist"),
        ("look at the body of the response below the failure", "if the value may be missing, use `exists: false` or remove the check"),
    ),
    "RF104": Code(
        "a value has another type",
        "The value was found, but it does not have the JSON type that `type` names.",
        ("a number is sent as text, or the reverse", "the value is null"),
        ("compare the types in the failure", 'allow several types: `type: [string, "null"]`'),
    ),
    "RF105": Code(
        "a value does not match its schema",
        "The value was checked against a JSON Schema, and at least one of its rules does not hold.",
        ("the API or the schema changed, and the other did not",),
        ("the failure names the place in the value and the rule", "decide which of the two is right, and correct the other"),
    ),
    "RF106": Code(
        "an assertion is false",
        "The expression under `assert` is false.",
        ("one of its values is not the expected one",),
        ("compare the values in the failure: it shows the value of every part of the expression",),
    ),
    "RF107": Code(
        "the response took too long",
        "The response was complete before its `timeout`, but took longer than `expect: {duration: …}` allows.",
        ("the server is slower than before", "the machine or the network is busy, which is common on CI runners"),
        ("see which steps became slower since the last run: `runflow diff`", "see which phase took the time in the waterfall of the HTML report (with `--driver curl`)"),
    ),
    "RF108": Code(
        "a request did not fail as expected",
        "The step expects the request itself to fail (`expect: {failure: …}`), but it got a response, or failed for another reason.",
        ("a host that should be unreachable can be reached", "a certificate that should be rejected is accepted"),
        ("the failure shows what happened instead",),
    ),
    "RF109": Code(
        "the OpenAPI document does not allow it",
        "A request or a response contains something that the document named under `openapi` does not describe: a path, a status, a media type, a field, a value.",
        ("the server is newer or older than the document", "the document never described it"),
        ("the failure names the operation and the place: correct the server or the document",),
    ),
    "RF110": Code(
        "a load test missed a threshold",
        "A measurement over all requests of a workflow is outside its limit under `load: {thresholds: …}`.",
        ("the server is too slow under this load", "the machine that sends the requests is itself overloaded"),
        ("find the slow step in the table above the verdict", "check the CPU of the machine that sends, or send from several machines (`--master`, `--worker`)"),
    ),
    "RF201": Code(
        "no complete response before the timeout",
        "The attempt took longer than its `timeout`, which counts from the DNS lookup to the last byte.",
        ("the server hangs or is overloaded", "a firewall drops the packets silently", "the response is large, or arrives slowly"),
        ("the failure names the phase: `connect` points to the network, `first byte` to the server, `body` to the size", "raise `timeout` where the response may take that long"),
    ),
    "RF202": Code(
        "the host name cannot be resolved",
        "The DNS lookup found no address.",
        ("a typing error in the host name", "a variable for the host has the wrong value", "the name is known only inside a VPN or a cluster"),
        ("try the lookup on the same machine: `getent hosts NAME`", "with the curl driver, `http: {resolve: …}` sends to an address that you choose"),
    ),
    "RF203": Code(
        "the connection was refused",
        "The machine was reached, but no service listens on that port.",
        ("the service is not running, or not yet", "the port is wrong", "inside a container, `localhost` is the container itself"),
        ("start the service, or wait for it: `retry: {for: 30s, every: 1s}`",),
    ),
    "RF204": Code(
        "the host cannot be reached",
        "The network or a router reports that there is no route to the address.",
        ("the machine is off", "there is no network or no VPN", "the address is IPv6, and this machine has no IPv6"),
        ("try the same URL from the same machine: `curl -v URL`",),
    ),
    "RF205": Code(
        "the TLS connection failed",
        "The certificate could not be verified, or both sides have no TLS version in common. Such a request is never retried.",
        ("the certificate is expired, is for another host, or is signed by an unknown authority", "the port speaks plain HTTP"),
        ("renew the certificate", "trust your own authority: `http: {verify: ca.pem}`", "`verify: false` switches verification off; every report then shows a warning"),
    ),
    "RF206": Code(
        "the connection was reset",
        "The server, or something between, closed the connection before the response was complete.",
        ("the server process crashed", "a load balancer closed an idle connection", "the request exceeds a size limit"),
        ("read the log of the server at that time", "use `retry` for requests that are safe to repeat"),
    ),
    "RF207": Code(
        "the request could not be sent completely",
        "The connection was closed while the request was being sent.",
        ("the server rejects large bodies without reading them",),
        ("try a smaller body", "check the server's limit on request bodies"),
    ),
    "RF208": Code(
        "the response is not valid HTTP",
        "The response breaks the rules of HTTP, so that it is unclear where it begins or ends.",
        ("the port speaks another protocol", "the response has two different Content-Length headers, as in request smuggling"),
        ("look at the bytes: `curl -v --raw URL`",),
    ),
    "RF209": Code(
        "the response was cut short",
        "The connection ended before all bytes of the response had arrived.",
        ("the server process crashed", "a proxy limits sizes or times"),
        ("read the log of the server", "compare with a request that bypasses the proxy"),
    ),
    "RF210": Code(
        "the response could not be decoded",
        "The bytes of the body do not match its Content-Encoding.",
        ("a proxy compresses what is already compressed", "the server sets the header, but does not compress the body"),
        ("ask for an uncompressed response: `http: {encodings: []}`",),
    ),
    "RF211": Code(
        "the response is larger than its limit",
        "The decoded body exceeds `http: {max_response_size: …}` (64 MB by default). The rest of it was not read.",
        ("the endpoint returns all entries at once, not one page", "a small compressed body expands to a huge one"),
        ("ask for less", "raise `max_response_size` for this step"),
    ),
    "RF301": Code(
        "a template has no value",
        "A `{{ … }}` could not be evaluated.",
        ("a name was not defined by an earlier step", "a filter cannot convert its value"),
        ("the failure names the cause, and a similar name where there is one", "see the variables before the step: `runflow show FILE::STEP`"),
    ),
    "RF302": Code(
        "nothing to extract",
        "The selector of an `extract` found nothing, so the names that later steps need have no value.",
        ("the response has another structure than expected", "the response is an error message with status 200"),
        ("look at the body of the response below the failure", "where the value may be missing, give a `default:`"),
    ),
    "RF303": Code(
        "the body does not have the expected format",
        "A selector needs the body as JSON, XML or text, but the body cannot be read that way.",
        ("the body is an HTML error page, not JSON", "the body is empty", "Content-Type names the wrong charset"),
        ("look at the first bytes of the body in the failure",),
    ),
    "RF304": Code(
        "a secret could not be read",
        "A secret source did not provide the value that a workflow needs.",
        ("the source is locked, or cannot be reached from here",),
        ("fetch one credential without running the workflow: `runflow token NAME FILE`",),
    ),
    "RF305": Code(
        "the recording has no such response",
        "With `--replay` nothing is sent, and the recording has no response left for this method, URL and body.",
        ("a value differs from run to run: now(), or uuid() with another `--seed`", "the workflow was changed after it was recorded", "the base URL is not the recorded one"),
        ("the failure names the nearest request of the recording", "set the value that differs as a variable (`--var`), or record again: `--record DIR`"),
    ),
    "RF306": Code(
        "the worker was lost before it reported a result",
        "The workflow was sent to a worker of `--executor`, and no result came back. Its requests may have been sent.",
        ("the machine was shut down, or ran out of memory", "the worker has another version of runflow, or none", "the cluster gave up the task"),
        ("read the log of the worker", "where a workflow may safely run twice, add `idempotent: true`: it is then run again on another worker"),
    ),
    "RF401": Code(
        "there is no token",
        "The login or the refresh failed, so the request could not be authenticated. Every step that needs this token has this error.",
        ("the password or the client secret is wrong or expired", "the identity provider is down", "the login's own `extract` or `expect` fails"),
        ("run the login alone: `runflow token NAME FILE`", "the failure names the line of the login that failed"),
    ),
    "RF501": Code(
        "a limit was reached",
        "There were too many redirects or pages, or a value was too large.",
        ("redirects form a loop", "`paginate` never reaches a last page"),
        ("the failure names the limit and the key that raises it",),
    ),
    "RF502": Code(
        "a safety rule forbids it",
        "The request was not sent, because it would break a safety rule: credentials to another host, a line break in a header, a secret too short to mask.",
        ("data from a response is used where it is not allowed", "a redirect to another host with a body"),
        ("the failure names the rule and, where there is one, the key that allows it",),
    ),
    "RF503": Code(
        "the time limit was reached",
        "The `timeout` of the workflow, of the include, or of the whole run (`--timeout`) was reached. `finally` still ran.",
        ("one step is slow: the report shows which", "retries wait too long"),
        ("raise the limit, or find the slow steps: `runflow FILE --slowest 10`",),
    ),
    "RF504": Code(
        "the run was interrupted",
        "A signal (Ctrl-C, SIGTERM) ended the run. `finally` and `logout` still ran.",
        ("Ctrl-C was pressed", "CI stopped the job at its time limit"),
        ("run it again, or continue at a step: `runflow FILE --from STEP`",),
    ),
    "RF600": Code(
        "the file is invalid",
        "The file cannot be run. Nothing of it is sent.",
        ("a misspelt key", "a wrong indentation, or a missing quote", "a value of the wrong type"),
        ("the message names the place and the remedy", "fix what has only one remedy: `runflow check FILE --fix`"),
    ),
    "RF601": Code(
        "a name is used before it has a value",
        "A step needs a name that only a later step defines, so it can never run.",
        ("two steps are in the wrong order", "one name is used for two things"),
        ("change the order of the steps", "define a first value for the name under `vars`"),
    ),
    "RF602": Code(
        "a name is defined only on some paths",
        "A step needs a name that is defined only by a step with an `if`. Where that step is skipped, this one is skipped or fails.",
        ("a login, or the creation of something, is conditional",),
        ("give both steps the same `if`", "define a value for the name under `vars`"),
    ),
    "RF603": Code(
        "a name is never used",
        "A value is extracted or set, but never used. (To check that a value exists, write `expect: {$.x: {exists: true}}`.)",
        ("the step that used it was removed", "the name is misspelt where it should be used"),
        ("remove it", "if it is meant for people, begin its name with _"),
    ),
    "RF604": Code(
        "a name is defined twice",
        "A step defines a name that already has a value from the file, or from an earlier step whose value was never used.",
        ("two things have the same name", "a step was copied"),
        ("rename one of them",),
    ),
    "RF605": Code(
        "a loop over a single value",
        "`for_each` needs a list, but has a single value, so the step ends with an error.",
        ("a list was written as text",),
        ("write a list: `for_each: [a, b]`",),
    ),
    "RF606": Code(
        "an included file does not define this output",
        "A step reads a name from an included workflow that is not among its `outputs`, so the step ends with an error.",
        ("a misspelt name", "an output was renamed"),
        ("use one of its `outputs`, or add the name there",),
    ),
    "RF611": Code(
        "nothing is expected",
        "A request is sent with `status: any`, and nothing else of its response is checked: the step passes whatever the response is, even a 500.",
        ("the step only prepares another one", "a check was forgotten"),
        ("expect at least a success: `expect: 2xx`", "for the whole file: `defaults: {expect: {status: 2xx}}`"),
    ),
    "RF612": Code(
        "an expectation that always holds",
        "The expectation holds for any response, so it can never fail.",
        ("a pattern matches the empty text", "`exists: true` is used where the value always exists"),
        ("check a property of the value: `type`, `matches`, `equals`",),
    ),
    "RF613": Code(
        "any status passes",
        "`status: any` removes every expectation on the status: an error page is then checked like a success.",
        ("the status of the response varies",),
        ("list the statuses that are allowed: `status: [200, 404]`",),
    ),
    "RF614": Code(
        "a path that the schema does not allow",
        "The step checks the response against a JSON Schema in which a path that the step also uses cannot exist.",
        ("the schema or the check was changed, and the other was not", "a misspelt name"),
        ("decide which of the two is right, and correct the other",),
    ),
    "RF615": Code(
        "a request that may be performed twice",
        "A POST or PATCH is retried when its response is lost or wrong, but the server may already have performed it.",
        ("`retry` was meant for the request that reads the result", "`defaults: {retry: …}` applies to the whole file"),
        ("retry the GET that follows", "send an `Idempotency-Key` header"),
    ),
    "RF616": Code(
        "the OpenAPI document does not describe it",
        "The path or method of a request, a status that it expects, or a path into its response is not in the document named under `openapi`. The step cannot pass.",
        ("a typing error", "the document is older than the server"),
        ("correct the one that is wrong",),
    ),
    "RF617": Code(
        "the verdict of a step may change",
        "The step says nothing of the status. Since 0.2, a status of 400 or more fails it; before, every status passed. Reported by `runflow check --changes`.",
        ("the step was written for 0.1",),
        ("write the expected status: `expect: {status: 404}`", "accept any status: `runflow check --changes --fix` adds `status: any`"),
    ),
    "RF621": Code(
        "a secret is not masked",
        "A name looks like a secret (token, password, key), but is not listed under `secrets`, so reports and logs show its value.",
        ("a token is extracted by a step, not by `auth`",),
        ("list it under `secrets`", "use `auth`, which masks the tokens that it fetches", "fix it automatically: `runflow check FILE --fix`"),
    ),
    "RF622": Code(
        "a secret is written in the file",
        "A text looks like a token or a key, or is used as a password. Everybody who can read the repository can read it.",
        ("a value was pasted to try something",),
        ("read it from the environment, `{{ env.NAME }}`, and list it under `secrets`", "revoke or replace a secret that was committed"),
    ),
    "RF623": Code(
        "certificates are not verified",
        "With `verify: false`, anybody on the network path can read what is sent, and can respond in the server's place.",
        ("the certificate is signed by a private authority",),
        ("trust that authority: `http: {verify: ca.pem}`",),
    ),
    "RF624": Code(
        "a request without TLS",
        "An `http://` URL leads to a remote host: requests and responses can be read and changed on the network path.",
        ("a redirect to https hides it",),
        ("write https://",),
    ),
    "RF631": Code(
        "a finding is ignored without a reason",
        "A comment ignores a finding, but does not say why.",
        ("the reason was forgotten",),
        ("write the reason after the bracket: `# runflow: ignore[RF611] only warms the cache`",),
    ),
    "RF632": Code(
        "a comment ignores nothing",
        "The comment names a finding that does not exist on its line (or on the next line, where the comment has a line of its own).",
        ("the finding was fixed", "the comment is on another line than the finding"),
        ("remove it, or move it to the line that the finding names",),
    ),
    "RF901": Code(
        "a bug in runflow",
        "Something happened that should be impossible. The other workflows keep their verdicts.",
        ("a mistake in runflow",),
        (f"report it, with the lines that were printed, to {REPORT_BUGS_TO}",),
    ),
}  # fmt: skip

_TRANSPORT: dict[FailureKind, str] = {
    "timeout": "RF201", "dns": "RF202", "refused": "RF203", "unreachable": "RF204", "tls": "RF205", "reset": "RF206",
    "send": "RF207", "protocol": "RF208", "truncated": "RF209", "decode": "RF210", "too_large": "RF211",
}  # fmt: skip
_KINDS: dict[ErrorKind, str] = {
    "template": "RF301", "extract": "RF302", "decode": "RF303", "input": "RF304", "replay": "RF305", "lost": "RF306", "auth": "RF401", "limit": "RF501",
    "policy": "RF502", "timeout": "RF503", "interrupted": "RF504", "transport": "RF206", "bug": "RF901",
}  # fmt: skip
_SUBJECTS = {"status": "RF101", "duration": "RF107", "failure": "RF108"}
_OPERATORS = {"assert": "RF106", "type": "RF104", "schema": "RF105", "openapi": "RF109", "threshold": "RF110"}


def code_of(problem: Check | Failure) -> str:
    """The code of a failed expectation or of an error."""
    if isinstance(problem, Failure):
        return _TRANSPORT[problem.cause] if problem.cause else _KINDS[problem.kind]
    subject = problem.subject.split(" ", 1)[0]
    if problem.operator in _OPERATORS:
        return _OPERATORS[problem.operator] if problem.found else "RF103"
    return _SUBJECTS.get(subject, "RF102" if problem.found else "RF103")
