"""Runs a flow to its end: performs each effect that it yields and sends it the reply."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..model.effects import Effect, Flow, Reply
from ..model.errors import Interrupted, StepError

T = TypeVar("T")


def drive(flow: Flow[T], perform: Callable[[Effect], Reply]) -> T:
    """Run a flow to its end.

    Args:
        flow: Yields effects.
        perform: Performs an effect and returns the reply. It may raise Interrupted, which is thrown into the flow so that
            it can clean up, and StepError, where the flow of a `Once` failed.

    Returns:
        What the flow returns.
    """
    try:
        effect = next(flow)
        while True:
            try:
                reply = perform(effect)
            except (Interrupted, StepError) as stop:
                effect = flow.throw(stop)
            else:
                effect = flow.send(reply)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]  # a flow of T stops with a T
