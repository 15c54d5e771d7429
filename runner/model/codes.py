"""The stable codes of failures: what each means, what usually causes it, what to do. A code never changes its meaning."""

from __future__ import annotations

import msgspec

from ..version import REPORT_BUGS_TO
from .errors import ErrorKind
from .exchange import FailureKind
from .results import Check, Failure


class Code(msgspec.Struct, frozen=True):
    """What a code means.

    Attributes:
        title: In a few words.
        means: What happened, exactly.
        causes: What it usually comes from, the likeliest first.
        next: What to do.
    """

    title: str
    means: str
    causes: tuple[str, ...]
    next: tuple[str, ...]


CODES: dict[str, Code] = {
    "RF101": Code(
        "the status is not the expected one",
        "A whole answer came, and its status is none of those that `expect` names. Nothing else of this answer was judged, and nothing was extracted from it.",
        ("the request is not what the server wants (4xx)", "the server is broken or overloaded (5xx)", "a redirect that is not followed (3xx)"),
        ("read the body of the answer below the failure: most servers say there what they miss", "send it by hand: `runflow FILE --curl`", "`retry: {times: 3, every: 1s}` for a server that is sometimes busy; only for requests that may be repeated"),
    ),
    "RF102": Code(
        "a value is not the expected one",
        "The selector found a value, and the operator does not hold for it.",
        ("the API changed", 'another type than expected: the number 1 is not the text "1"', "test data that an earlier run left behind"),
        ("compare `expected` and `actual`, their types too", "for values that vary, say what matters of them: `type`, `matches`, `between`"),
    ),
    "RF103": Code(
        "nothing was found where something was expected",
        "The selector is valid, and the answer has nothing there.",
        ("a name that is written differently (`orderId`, `order_id`)", "an error body in place of the expected one", "an empty list, so that `[0]` is not there"),
        ("look at the answer's body below the failure", "`exists: false` where it may be missing"),
    ),
    "RF104": Code(
        "a value has another type",
        "The value was found, and it is not of the JSON type that `type` names.",
        ("a number that is sent as text, or the reverse", "null where a value was expected"),
        ("compare the types in the failure", 'several types may be allowed: `type: [string, "null"]`'),
    ),
    "RF105": Code(
        "a value does not fit its schema",
        "The value was held against a JSON Schema, and at least one rule of it does not hold.",
        ("the API and its schema have moved apart",),
        ("the failure names the place in the value and the rule", "decide which of the two is right, and mend that one"),
    ),
    "RF106": Code(
        "an assertion is false",
        "The expression under `assert` gave false.",
        ("one of the values is not what the author thought",),
        ("the failure shows the value of every part of the expression",),
    ),
    "RF107": Code(
        "it took too long",
        "The answer came whole and in time for `timeout`, but later than `expect: {duration: …}` allows.",
        ("the server is slower than it was", "the machine or the network is busy: CI runners often are"),
        ("`runflow diff` shows what became slower since the last run", "the waterfall of the HTML report shows which phase took the time (with `--driver curl`)"),
    ),
    "RF108": Code(
        "a request did not fail as expected",
        "The step expects the request itself to fail (`expect: {failure: …}`), and it was answered, or failed in another way.",
        ("a host that should not be reachable is", "a certificate that should be refused is accepted"),
        ("the failure shows what came in its place",),
    ),
    "RF109": Code(
        "the OpenAPI document does not allow it",
        "An exchange has what the document named under `openapi` does not know: a path, a status, a media type, a member, a value.",
        ("the server is newer or older than the document", "the document never said it, and nobody noticed"),
        ("the failure names the operation and the place: one of server and document is wrong",),
    ),
    "RF110": Code(
        "a threshold of a load test was not kept",
        "What was measured over all requests of a workflow is not within a limit under `load: {thresholds: …}`.",
        ("the server is slower under load than it may be", "the machine that sends has no time left: its own processor is the limit"),
        ("the table above the verdict shows which step is slow", "look at the sender's CPU, or send from several machines (`--master`, `--worker`)"),
    ),
    "RF201": Code(
        "no whole answer in time",
        "The try took longer than its `timeout`, counted from the name look-up to the last byte.",
        ("the server hangs or is overloaded", "a firewall drops the packets without a word", "the answer is large, or drips"),
        ("the failure names the phase: `connect` points to the network, `first byte` to the server, `body` to the size", "raise `timeout` where the answer may take that long"),
    ),
    "RF202": Code(
        "the host name is not known",
        "The name look-up (DNS) gave no address.",
        ("a typing error in the host", "a variable for the host that has the wrong value", "a name that only the VPN or the cluster knows"),
        ("`getent hosts NAME` on the same machine", "`http: {resolve: …}` with the curl driver sends to an address of your choice"),
    ),
    "RF203": Code(
        "the connection was refused",
        "The machine answered that nobody listens on that port.",
        ("the service is not running, or not yet", "the wrong port", "inside a container, `localhost` is the container itself"),
        ("start it, or wait for it: `retry: {for: 30s, every: 1s}`",),
    ),
    "RF204": Code(
        "the host cannot be reached",
        "There is no way to the address: the network or a router says so.",
        ("the machine is off", "no network, no VPN", "an IPv6 address on a machine without IPv6"),
        ("try the same host from the same machine with `curl -v`",),
    ),
    "RF205": Code(
        "the TLS connection could not be made",
        "The certificate could not be verified, or both sides found no common protocol. It is never tried again.",
        ("the certificate is expired, for another host, or from an authority that is not known here", "a port that speaks plain HTTP"),
        ("renew the certificate", "an authority of your own: `http: {verify: ca.pem}`", "`runflow` never hides this: `verify: false` is a warning in every report"),
    ),
    "RF206": Code(
        "the connection was reset",
        "The server, or something on the way, closed the connection before the answer was whole.",
        ("the server process died in the middle", "a load balancer's idle limit", "a limit on the size of requests"),
        ("the server's own log at that second", "`retry` for requests that may be repeated"),
    ),
    "RF207": Code(
        "the request could not be sent whole",
        "The connection broke while the request was going out.",
        ("the server refuses large bodies without reading them",),
        ("try a smaller body", "the server's limits on request bodies"),
    ),
    "RF208": Code(
        "the answer is no valid HTTP",
        "What came back breaks the rules of HTTP, so that nobody can say where the answer begins or ends.",
        ("the port speaks something else", "two different Content-Length lines, which is how requests are smuggled"),
        ("look at the bytes: `curl -v --raw URL`",),
    ),
    "RF209": Code(
        "the answer was cut short",
        "The connection ended before as many bytes came as the answer had promised.",
        ("the server process died in the middle", "a proxy with a limit on sizes or times"),
        ("the server's own log", "compare with a request that goes past the proxy"),
    ),
    "RF210": Code(
        "the answer could not be decoded",
        "Its Content-Encoding and its bytes do not fit together.",
        ("a proxy that packs what was packed already", "a handler that sets the header by hand"),
        ("ask for it unpacked: `http: {encodings: []}`",),
    ),
    "RF211": Code(
        "the answer is larger than its limit",
        "The decoded body passed `http: {max_response_size: …}` (64 MB if nothing is said), and was not read further.",
        ("an endpoint that returns everything, where a page was meant", "a bomb: a small body that unpacks to a huge one"),
        ("ask for less", "raise the limit for this step"),
    ),
    "RF301": Code(
        "a template has no value",
        "A `{{ … }}` could not be computed.",
        ("a name that no step before it gave", "a filter that cannot convert what it was given"),
        ("the failure names the name, with a near miss where there is one", "`runflow show FILE::STEP` shows the variables before the step"),
    ),
    "RF302": Code(
        "nothing to extract",
        "The selector of an `extract` found nothing, so the names that later steps need have no value.",
        ("the answer has another shape than the author thought", "an error body with status 200"),
        ("look at the answer's body below the failure", "`default:` where it may be missing"),
    ),
    "RF303": Code(
        "the body is not what it says it is",
        "Something asked for the body's JSON, XML or text, and the body is no such thing.",
        ("an HTML error page in place of JSON", "an empty body", "a charset in Content-Type that is not the body's"),
        ("look at the first bytes of the body in the failure",),
    ),
    "RF304": Code(
        "a value from outside could not be had",
        "A secret source did not give what was asked of it.",
        ("the source is locked, or is not reachable from here",),
        ("`runflow token` tries the same without running anything",),
    ),
    "RF305": Code(
        "the recording has no such answer",
        "With `--replay` nothing is sent, and the recording has no answer left to this method, URL and body.",
        ("a value that changes from run to run: now(), or uuid() with another `--seed`", "the workflow was changed after it was recorded", "another base URL than the recorded one"),
        ("the failure names what is nearest in the recording", "give what changes as a variable (`--var`), or record again: `--record DIR`"),
    ),
    "RF306": Code(
        "nothing came back from where it was run",
        "The workflow was handed to --executor, and how it ended is not known: its worker died, or could not run it. Its requests may have been sent.",
        ("the machine was shut down, or ran out of memory", "the worker has another version of runflow, or none", "the cluster gave the task up"),
        ("look at what the worker logged", "`idempotent: true` in a workflow that may do its work twice: it is run again on another worker"),
    ),
    "RF401": Code(
        "there is no token",
        "What must authenticate the request could not be had: the login or the refresh failed. Every step that needed it has this error.",
        ("a wrong or expired password or client secret", "the identity provider is down", "the login's own `extract` or `expect` does not hold"),
        ("`runflow token FILE NAME` shows the login alone", "the failure names the line of the login that did not pass"),
    ),
    "RF501": Code(
        "a limit was reached",
        "Something went on for longer than it may: redirects, pages, sizes.",
        ("a loop of redirects", "a `paginate` whose last page is never the last"),
        ("the failure names the limit and the key that raises it",),
    ),
    "RF502": Code(
        "a rule of runflow forbids it",
        "Sending this would break a promise: credentials to another host, a line break in a header, a secret too short to mask.",
        ("data from an answer at a place where it must not be", "a redirect to another host with a body"),
        ("the failure says which rule, and what allows it where anything does",),
    ),
    "RF503": Code(
        "the time was up",
        "The `timeout` of the workflow, of the include, or of the whole run (`--timeout`) was over. `finally` still ran.",
        ("one step that is slow; the report shows which", "retries that wait"),
        ("raise the limit, or find what is slow: `--slowest 10`",),
    ),
    "RF504": Code(
        "it was interrupted",
        "A signal (Ctrl-C, SIGTERM) broke the run off. `finally` and `logout` still ran.",
        ("somebody pressed Ctrl-C", "CI's own limit on the job"),
        ("run it again; `--from STEP` goes on where it stood",),
    ),
    "RF600": Code(
        "the file is invalid",
        "It cannot be run; nothing of it is sent.",
        ("a misspelt key", "an indentation or a quote", "a value of the wrong kind"),
        ("the message names the place and the remedy", "`runflow check --fix` mends what has only one remedy"),
    ),
    "RF601": Code(
        "a name is used before it has a value",
        "A step needs a name that only a later step gives, so it can never run.",
        ("two steps in the wrong order", "a name that is used twice for two things"),
        ("change the order of the steps", "give the name a first value under `vars`"),
    ),
    "RF602": Code(
        "only some branch gives a name",
        "A step needs a name that only a step with an `if` gives: where that is skipped, this one is skipped or fails too.",
        ("a login or a creation that is done only sometimes",),
        ("give both steps the same `if`", "give the name a value under `vars`"),
    ),
    "RF603": Code(
        "a name is never used",
        "A value is extracted or set, and nothing takes it. (That something is there is judged by `expect: {$.x: {exists: true}}`, and says so.)",
        ("what used it was taken out", "a misspelt name where it was meant to be used"),
        ("take it out", "begin the name with _ where it is there for people"),
    ),
    "RF604": Code(
        "a name is given twice",
        "A step gives a name that the file has given a value already, or that an earlier step gave and nothing used.",
        ("two things with one name", "a step that was copied"),
        ("choose another name for one of them",),
    ),
    "RF605": Code(
        "a loop over one value",
        "`for_each` has one value where a list belongs, so the step ends with an error.",
        ("a list that was written as a text",),
        ("write a list: `for_each: [a, b]`",),
    ),
    "RF606": Code(
        "an included file does not give that",
        "A step asks an included workflow for a name that is not among its `outputs`, so it ends with an error.",
        ("a misspelt name", "an output that was renamed"),
        ("name one of its `outputs`, or add it there",),
    ),
    "RF611": Code(
        "nothing is expected",
        "A request is sent, and nothing of its answer is judged: it passes whatever comes, a 500 too.",
        ("a step that prepares another one", "an `expect` that was forgotten"),
        ("`expect: 2xx` at least", "`defaults: {expect: {status: 2xx}}` for the whole file"),
    ),
    "RF612": Code(
        "an expectation that every answer meets",
        "What is expected holds of any answer, so it finds nothing.",
        ("a pattern that matches the empty text", "`exists: true` of what is always there"),
        ("say what matters of the value: `type`, `matches`, `equals`",),
    ),
    "RF613": Code(
        "any status passes",
        "`status: any` takes back every expectation on the status: an error page is judged like an answer.",
        ("an answer whose status varies",),
        ("name those that may come: `status: [200, 404]`",),
    ),
    "RF614": Code(
        "a path that the schema does not allow",
        "The step holds the answer against a JSON Schema that has no room for what another line of the step asks for.",
        ("the schema and the check have moved apart", "a misspelt name"),
        ("decide which of the two is right, and mend the other",),
    ),
    "RF615": Code(
        "a request that may do its work twice",
        "A POST or PATCH is tried again when its answer is lost or wrong, and the server may have done its work the first time.",
        ("`retry` that was meant for the reading that follows", "`defaults: {retry: …}` for the whole file"),
        ("retry the GET that follows", "send an `Idempotency-Key` header"),
    ),
    "RF616": Code(
        "the OpenAPI document knows nothing of it",
        "A path or method of a request, a status that it expects, or a path into the answer is not in the document named under `openapi`: the step cannot pass.",
        ("a slip of the pen", "the document is older than the server"),
        ("correct the one that is wrong",),
    ),
    "RF621": Code(
        "a secret that is not masked",
        "A name sounds secret (token, password, key), and is not named under `secrets`: reports and logs show its value.",
        ("a token that is extracted by hand instead of by `auth`",),
        ("name it under `secrets`", "`auth` masks what it fetches by itself", "`runflow check --fix` does it"),
    ),
    "RF622": Code(
        "a secret stands in the file",
        "A text has the shape of a token or a key, or stands where a password belongs. Everybody with the repository can read it.",
        ("a value that was pasted in to try something out",),
        ("take it from the environment, `{{ env.NAME }}`, and name it under `secrets`", "what was committed is known: have it replaced"),
    ),
    "RF623": Code(
        "certificates are not verified",
        "`verify: false`: whoever is on the way may answer in the server's place, and read what is sent.",
        ("a certificate that the company's own CA signed",),
        ("name that CA: `verify: ca.pem`",),
    ),
    "RF624": Code(
        "a request without TLS",
        "An `http://` URL leads to a host that is not near: what is sent and what comes can be read and changed on the way.",
        ("a redirect to https that hides it",),
        ("write https://",),
    ),
    "RF631": Code(
        "a finding is ignored without a reason",
        "A comment takes a finding back and does not say why.",
        ("haste",),
        ("write it behind the bracket: `# runflow: ignore[RF611] only warms the cache`",),
    ),
    "RF632": Code(
        "a comment that ignores nothing",
        "What it names is not found on its line (or on the line below, for a comment that stands alone).",
        ("the finding was mended", "the comment stands on another line than the finding"),
        ("take it out, or put it on the line that the finding names",),
    ),
    "RF901": Code(
        "a bug in runflow",
        "Something happened that should be impossible. The other workflows keep their verdicts.",
        ("us",),
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
