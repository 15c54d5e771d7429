"""What fuzzing found to be interesting stays harmless."""

from __future__ import annotations

import pytest
from targets import CORPUS, TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_of_each_target_ends_as_it_may(name: str) -> None:
    every = sorted((CORPUS / name).iterdir())
    assert len(every) > 10
    for path in every:
        TARGETS[name](path.read_bytes())
