"""Compiles a step: its action, conditions, loop, retry and expectations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import UNSET

from ..language.document import ACTIONS, METHODS, REQUEST_ONLY, Defaults, Step
from ..language.structs import Retry
from ..model.errors import DocumentPath
from ..model.json_types import JSON
from ..model.kinds import Value
from ..model.wording import did_you_mean, listed
from ..selectors.failure import FailureSelector
from ..templating.names import NONE
from ..templating.values import Literal
from .conditions import Expectation
from .context import Context
from .expectations import ExpectCompiler, merged_expect
from .fragments import AssertPlan, NamedValue, Seconds
from .plan import IncludePlan, Plan, RequestPlan, RetryPlan, SetPlan, StepPlan
from .requests import RequestCompiler, merged

Include = Callable[[str, DocumentPath], Plan | None]


class StepCompiler:
    """Compiles the steps of one file."""

    def __init__(self, context: Context, defaults: Defaults, requests: RequestCompiler, include: Include) -> None:
        self.context = context
        self.defaults = defaults
        self.requests = requests
        self.include = include
        self.expects = ExpectCompiler(context)

    def step(self, step: Step, path: DocumentPath) -> StepPlan:
        """Compile one step, and report all its mistakes."""
        action_key = self._action(step, path)
        loop = self._loop_names(step, path)
        with self.context.collecting() as needs:
            for_each = None if step.for_each is UNSET else self.context.value(step.for_each, (*path, "for_each"))
            with self.context.local(*loop):
                return self._inside(step, path, action_key, for_each, needs)

    def _inside(self, step: Step, path: DocumentPath, key: str, for_each: Value | None, needs: set[str]) -> StepPlan:
        context = self.context
        is_request = key in METHODS or key == "request"
        action: RequestPlan | IncludePlan | SetPlan | None = None
        if is_request:
            action = self.requests.request(step, key, path)
        elif key == "include":
            action = self._include(step, path)
        elif key == "set":
            action = SetPlan(self.named(step.set if isinstance(step.set, dict) else {}, (*path, "set")))
        written = step.name if isinstance(step.name, str) else _default_name(step, key)
        status, others = self._expect(step, path, written, key if is_request else None)
        extracts = [] if step.extract is UNSET else self.expects.extracts(step.extract, (*path, "extract"))
        local = ("response",) if is_request else ()
        asserts = [] if step.assert_ is UNSET else step.assert_
        given = {extract.name for extract in extracts}
        if isinstance(action, SetPlan):
            given |= {named.name for named in action.values}
        with context.local(*given):
            conditions = tuple(
                context.condition(text, (*path, "assert", index), *local) for index, text in enumerate(asserts)
            )
        return StepPlan(
            name=context.value(written, (*path, "name")) if isinstance(step.name, str) else Literal(written),
            path=path,
            action=action,
            written_name=written,
            tags=tuple(step.tags) if isinstance(step.tags, list) else (),
            condition=None if step.if_ is UNSET else context.condition(step.if_, (*path, "if")),
            for_each=for_each,
            as_name=step.as_ if isinstance(step.as_, str) else "item",
            allow_empty=step.allow_empty is True,
            delay=None if step.delay is UNSET else context.duration(step.delay, (*path, "delay")),
            retry=self._retry(step, path, is_request=is_request),
            timeout=self.timeout(step, path, is_request=is_request),
            continue_on_failure=step.continue_on_failure is True,
            status=tuple(status),
            expectations=tuple(others),
            extracts=tuple(extracts),
            asserts=conditions,
            expects_failure=any(each.pick.text == FailureSelector.name for each in others),
            provides=frozenset(given) if given else NONE,
            needs=frozenset(needs) if needs else NONE,
        )

    def _action(self, step: Step, path: DocumentPath) -> str:
        keys = [key for key in ACTIONS if getattr(step, key) is not UNSET]
        if len(keys) > 1:
            message = f"a step has one action, this one has {' and '.join(keys)}"
            self.context.problem((*path, keys[1]), message, "write one step for each", on_key=True)
        key = keys[0] if keys else ""
        if not keys and step.assert_ is UNSET:
            hint = f"add an action, one of {', '.join(ACTIONS)}; or an `assert`"
            self.context.problem(path, "this step does nothing", hint)
        if step.assert_ == []:
            self.context.problem((*path, "assert"), "`assert` is empty", "write an expression", on_key=True)
        if key not in METHODS and key != "request":
            for name in REQUEST_ONLY:
                if getattr(step, name) is not UNSET:
                    message = f"`{name}` needs a request, and this step has none"
                    self.context.problem((*path, name), message, "add a request: `get: /path`", on_key=True)
            if key != "include":
                for name in ("expect", "extract"):
                    if getattr(step, name) is not UNSET:
                        message = f"`{name}` needs a response, and this step has none"
                        self.context.problem((*path, name), message, "write `assert` to check names", on_key=True)
        if step.with_ is not UNSET and key != "include":
            self.context.problem((*path, "with"), "`with` can only be used with `include`", on_key=True)
        return key

    def _loop_names(self, step: Step, path: DocumentPath) -> tuple[str, ...]:
        if step.for_each is UNSET:
            for key, name in (("as_", "as"), ("allow_empty", "allow_empty")):
                if getattr(step, key) is not UNSET:
                    self.context.problem((*path, name), f"`{name}` can only be used with `for_each`", on_key=True)
            return ()
        if step.for_each == [] and step.allow_empty is not True:
            self.context.problem(
                (*path, "for_each"), "`for_each` has an empty list, so the step would do nothing", "add values"
            )
        if isinstance(step.for_each, str) and "{{" not in step.for_each:
            hint = f'write "{{{{ {step.for_each} }}}}", or a list'
            self.context.problem(
                (*path, "for_each"), "`for_each` needs a list, or a template whose value is a list", hint
            )
        if isinstance(step.as_, str) and step.as_ != "item":
            self.context.check_name(step.as_, (*path, "as"))
        return (step.as_ if isinstance(step.as_, str) else "item", "index")

    def _expect(
        self, step: Step, path: DocumentPath, written: str, method: str | None
    ) -> tuple[list[Expectation], list[Expectation]]:
        place = (*path, "expect")
        if step.expect in ({}, []):
            self.context.problem(place, "`expect` is empty", "write what is expected: `expect: 200`", on_key=True)
        default = UNSET if method is None else self.defaults.expect
        merged = merged_expect(default, ("defaults", "expect"), step.expect, place)
        if method is None and "status" in merged:
            data, where = merged.pop("status")
            if step.include is not UNSET:
                self.context.problem(
                    where,
                    f"an include has no status that could be compared with {data!r}",
                    "write an expectation on its outputs: `$.name`",
                )
        status, others = self.expects.expectations(merged, written)
        if method is not None:
            graphql = step.graphql is not UNSET
            implied_status, implied = self.expects.implied(merged, (*path, method), graphql=graphql)
            status, others = [*status, *implied_status], [*others, *implied]
        return status, others

    def timeout(self, step: Step, path: DocumentPath, *, is_request: bool) -> Value | Seconds | None:
        """Seconds for one attempt: the step's, else those of `defaults`, else None."""
        if step.timeout is not UNSET:
            return self.context.duration(step.timeout, (*path, "timeout"), positive=True)
        if is_request and self.defaults.timeout is not UNSET:
            return self.context.duration(self.defaults.timeout, ("defaults", "timeout"), positive=True)
        return None

    def _retry(self, step: Step, path: DocumentPath, *, is_request: bool) -> RetryPlan | None:
        retry, place = step.retry, (*path, "retry")
        if is_request:
            if retry is UNSET:
                place = ("defaults", "retry")
            retry = merged(self.defaults.retry, retry)
        if retry is UNSET:
            return None
        if isinstance(retry, int):
            if retry < 0:
                self.context.problem(place, "`retry` is a number of further attempts and cannot be negative")
            return RetryPlan(retry, every=1.0)
        assert isinstance(retry, Retry)
        if retry.times is UNSET and retry.for_ is UNSET:
            self.context.problem(place, "`retry` has no end", "write how often or how long: `times: 5` or `for: 60s`")

        def seconds(text: Any, key: str) -> float | None:
            return None if text is UNSET else self.context.seconds(text, (*place, key))

        every = seconds(retry.every, "every")
        abort: AssertPlan | None = None
        if retry.abort_if is not UNSET:
            abort = self.context.condition(retry.abort_if, (*place, "abort_if"), *(("response",) if is_request else ()))
        return RetryPlan(
            times=retry.times if isinstance(retry.times, int) else None,
            every=1.0 if every is None else every,
            within=seconds(retry.for_, "for"),
            backoff=retry.backoff if isinstance(retry.backoff, (int, float)) else 1.0,
            max_every=seconds(retry.max_every, "max_every"),
            jitter=retry.jitter is True,
            abort_if=abort,
        )

    def named(self, entries: dict[str, JSON], path: DocumentPath) -> tuple[NamedValue, ...]:
        """Compile names and values in order; each may use those before it."""
        found = []
        for name, data in entries.items():
            self.context.check_name(name, (*path, name))
            found.append(NamedValue(name, self.context.value(data, (*path, name)), (*path, name)))
        return tuple(found)

    def _include(self, step: Step, path: DocumentPath) -> IncludePlan | None:
        name, place = str(step.include), (*path, "include")
        if "{{" in name:
            self.context.problem(
                place, "the path of an `include` cannot hold a template", "write a step with `if` for each file"
            )
            return None
        given = () if step.with_ is UNSET else self.named(step.with_, (*path, "with"))
        plan = self.include(name, place)
        if plan is None:
            return None
        if any(row.values for row in plan.rows):
            self.context.problem(place, f"{name} has `matrix` or `cases`, so it cannot be included")
        for each in given:
            if each.name not in plan.accepts:
                known = (
                    f"its inputs and vars: {listed(plan.accepts)}"
                    if plan.accepts
                    else "it has no `inputs` and no `vars`"
                )
                self.context.problem(
                    each.path,
                    f"{name} has no input `{each.name}`",
                    did_you_mean(each.name, plan.accepts) or known,
                    on_key=True,
                )
        missing = plan.inputs - {each.name for each in given}
        if missing:
            self.context.problem(place, f"{name} needs {listed(missing)}", "add it under `with`")
        return IncludePlan(plan, given)


def _default_name(step: Step, key: str) -> str:
    match key:
        case "":
            return "assert"
        case "set":
            return f"set {', '.join(step.set)}" if isinstance(step.set, dict) else "set"
        case "request":
            return str(step.request)
        case "include":
            return f"include {step.include}"
        case _:
            return f"{key.upper()} {getattr(step, key)}"
