"""Every guard of `guards.py` names code that exists: that is cheap to check, and running them all is not."""

from __future__ import annotations

import guards
import pytest


@pytest.mark.parametrize("guard", guards.GUARDS, ids=lambda guard: guard.name)
def test_the_code_of_a_guard_is_there_once(guard: guards.Guard) -> None:
    assert (guards.PROJECT / "runner" / guard.file).read_text(encoding="utf-8").count(guard.code) == 1
