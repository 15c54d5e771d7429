"""Folding events into finished runs."""

from __future__ import annotations

from runflow.model.events import SecretLearned, StepFinished, SuiteStarted, WorkflowFinished, WorkflowStarted
from runflow.model.results import StepResult, Verdict, WorkflowResult
from runflow.reporters.format.run_fold import FinishedRun, RunFold, RunStep
from runflow.reporters.format.writer import encoded_step

RESULT = WorkflowResult("n", "n.yaml", Verdict.PASSED)
STEP, INCLUDED, LOGIN = (
    StepResult(name, Verdict.PASSED, purpose=purpose) for name, purpose in (("a", ""), ("b", ""), ("c", "login of api"))
)


def test_a_finished_run_has_its_own_steps_and_the_logins_that_it_waited_for() -> None:
    fold = RunFold(record_steps=True)
    for number in (3, 4):
        started = WorkflowStarted("n", "n.yaml", number=number)
        assert fold.add(started) is started
        assert fold.add(StepFinished("n", "n.yaml", LOGIN, 1)) == RunStep(number, LOGIN)
        assert fold.add(StepFinished("n", "n.yaml", INCLUDED, 1)) is None
        assert fold.add(StepFinished("n", "n.yaml", STEP)) == RunStep(number, STEP)
        run = fold.add(WorkflowFinished(RESULT))
        assert run == FinishedRun(number, RESULT, (encoded_step(STEP),), (encoded_step(LOGIN),))


def test_a_fold_that_keeps_no_steps_still_says_which_belong_to_a_run() -> None:
    fold = RunFold(record_steps=False)
    fold.add(WorkflowStarted("n", "n.yaml", number=1))
    assert fold.add(StepFinished("n", "n.yaml", STEP)) == RunStep(1, STEP)
    assert fold.add(WorkflowFinished(RESULT)) == FinishedRun(1, RESULT, (), ())


def test_steps_outside_a_run_belong_to_none_and_other_events_pass() -> None:
    fold = RunFold(record_steps=True)
    started = SuiteStarted(1)
    assert fold.add(started) is started
    assert fold.add(StepFinished("n", "n.yaml", LOGIN, 1)) is None
    assert fold.add(SecretLearned("x", "secret")) is None
