"""Decides whether a step makes another attempt and how long it waits before. Pure arithmetic."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from random import Random

from ..model.exchange import Response
from ..plan.plan import RetryPlan

PATIENCE = 60.0
"""Seconds: the longest `Retry-After` that is respected if the file has neither `for` nor `max_every`."""


def wait_before(plan: RetryPlan, retries: int, random: Random) -> float:
    """Seconds before the next attempt.

    Args:
        plan: How to retry.
        retries: Retries made so far.
        random: The run's random source, for `jitter`.
    """
    wait = plan.every * plan.backoff**retries
    if plan.max_every is not None:
        wait = min(wait, plan.max_every)
    return wait * random.uniform(0.5, 1.0) if plan.jitter else wait


def retry_after(response: Response | None, now: float) -> float:
    """Seconds that a response asks to wait (RFC 9110 §10.2.3), or 0.

    Args:
        response: The response, or None.
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
    plan: RetryPlan, retries: int, *, asked: float, elapsed: float, left: float | None, random: Random
) -> tuple[float | None, str]:
    """Seconds to wait before the next attempt; or None, and the reason where there is more to say than `times`.

    Args:
        plan: How to retry.
        retries: Retries made so far.
        asked: Seconds that the server asks to wait.
        elapsed: Seconds since the first attempt began.
        left: Seconds until the run's deadline, or None.
        random: The run's random source.
    """
    if plan.times is not None and retries >= plan.times:
        return None, ""
    wait = max(wait_before(plan, retries, random), asked)
    if plan.within is not None and elapsed + wait > plan.within:
        return None, f"the next one would begin after the {plan.within:g} s of `for`"
    if plan.within is None and asked > max(plan.max_every or 0.0, PATIENCE):
        return None, f"the server asks to wait {asked:.0f} s; to wait that long, write `for: {asked + 60:.0f}s`"
    if left is not None and wait >= left:
        return None, "the workflow's timeout would end before it"
    return wait, ""
