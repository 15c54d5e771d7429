"""When a step is tried again and how long it waits. Pure arithmetic; knows no request."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from random import Random

from ..model.exchange import Response
from ..plan.plan import RetryPlan

PATIENCE = 60.0
"""Seconds: the longest `Retry-After` that is waited for where the file says neither `for` nor `max_every`."""


def wait_before(plan: RetryPlan, done: int, random: Random) -> float:
    """Seconds before the next try.

    Args:
        plan: How to try again.
        done: Further tries made so far.
        random: The run's random source, for `jitter`.
    """
    wait = plan.every * plan.backoff**done
    if plan.max_every is not None:
        wait = min(wait, plan.max_every)
    return wait * random.uniform(0.5, 1.0) if plan.jitter else wait


def retry_after(response: Response | None, now: float) -> float:
    """Seconds that an answer asks to wait (RFC 9110 §10.2.3), or 0.

    Args:
        response: The answer, if one came.
        now: Epoch seconds.
    """
    value = (response.header("retry-after") if response else None) or ""
    if value.strip().isdigit():
        return float(value)
    try:
        return max(parsedate_to_datetime(value).timestamp() - now, 0.0)
    except (ValueError, TypeError):
        return 0.0


def next_wait(
    plan: RetryPlan, done: int, *, asked: float, elapsed: float, left: float | None, random: Random
) -> tuple[float, str]:
    """Seconds to wait, or -1 and why there is no further try.

    Args:
        plan: How to try again.
        done: Further tries made so far.
        asked: Seconds that the server asks for.
        elapsed: Seconds since the first try began.
        left: Seconds until the run's deadline, or None.
        random: The run's random source.
    """
    if plan.times is not None and done >= plan.times:
        return -1.0, ""
    wait = max(wait_before(plan, done, random), asked)
    if plan.within is not None and elapsed + wait > plan.within:
        return -1.0, f"{plan.within:g} s of `for` are used up"
    if plan.within is None and asked > max(plan.max_every or 0.0, PATIENCE):
        return -1.0, f"the server asks to wait {asked:.0f} s; say `for:` to wait that long"
    if left is not None and wait >= left:
        return -1.0, "the workflow's time would be over before the next try"
    return wait, ""
