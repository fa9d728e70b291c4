"""What the reference loses itself on a real profile is held against no submission, and nothing else is let off."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from graders.core.errors import GraderError, ReferenceFailed, RunError
from graders.core.paths import LABS
from graders.core.verdicts import Verdict
from graders.framework.checks import CheckFailed, Inconclusive, NeedsManualReview, check
from graders.framework.lab_toml import load
from graders.framework.runner import PlannedRun
from graders.pipeline.reference_guard import judged
from graders.scoring.outcomes import reason_of

LAB = load(LABS / "l02_quantization")
LOST = CheckFailed("61 %", "at least 70 %", "accuracy", {})


class Memory:
    """A cache that keeps everything, and counts."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def key(self, **parts: str) -> str:
        return str(parts)

    def get(self, key: str) -> Any:
        return self.kept.get(key)

    def put(self, key: str, value: Any) -> None:
        self.kept[key] = value


def opened(execute: Callable[..., Any], *, real: bool = True, memory: Memory | None = None) -> Any:
    """A lab that is graded on a profile, whose reference has such runs."""
    context = SimpleNamespace(
        profile=SimpleNamespace(real=real),
        lasting_cache=memory or Memory(),
        once=lambda _, make: make(),
        for_reference=lambda _: "the reference's context",
    )
    plugin = SimpleNamespace(plan_runs=lambda _: [PlannedRun(name="int8-0.3", title="", execute=execute)])
    return SimpleNamespace(lab=LAB, context=context, plugin=plugin)


def accurate(evidence: Any, lab: Any) -> None:
    """A check like those of labs."""
    assert lab is LAB
    check(evidence() >= 0.7, measured=f"{evidence():.0%}", expected="at least 70 %", hint="accuracy")


def outcome(execute: Callable[..., Any], error: BaseException = LOST, **settings: Any) -> BaseException:
    return judged(opened(execute, **settings), "int8-0.3", accurate, {"lab": lambda: LAB}, error)


def of(value: Any) -> Callable[..., Any]:
    """A run of the reference that comes to this, or raises it."""

    def execute(context: Any, _: Any) -> Any:
        assert context == "the reference's context"
        if isinstance(value, BaseException):
            raise value
        return lambda: value

    return execute


def test_what_the_reference_loses_is_graded_manually() -> None:
    """The check is pending, and both results are in its reason."""
    found = outcome(of(0.62))
    verdict, reason = reason_of(found, LAB)
    assert verdict is Verdict.PENDING
    assert "61 %, expected at least 70 %; the reference on the same model and data: 62%" in reason.measured


def test_what_the_reference_earns_is_lost() -> None:
    """The submission's own error stays."""
    assert outcome(of(0.71)) is LOST


def test_the_embedded_profile_asks_no_reference() -> None:
    """There, thresholds rest on the reference: nothing is executed."""
    assert outcome(of(AssertionError("executed")), real=False) is LOST


@pytest.mark.parametrize(
    "error",
    [
        RunError(Verdict.MISSING, "no class INT8Model"),
        RunError(Verdict.TAMPERED, "wrote to the grader's descriptors"),
        Inconclusive("too noisy"),
        NeedsManualReview("a PDF"),
        GraderError("no scorer"),
    ],
)
def test_only_losses_are_compared(error: BaseException) -> None:
    """What is missing, tampered with or undecided stays so without a run of the reference."""
    assert outcome(of(AssertionError("executed")), error) is error


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.TIMEOUT, Verdict.OUT_OF_MEMORY, Verdict.CRASHED])
def test_runs_that_fail_as_the_reference_does(verdict: Verdict) -> None:
    """A run that ends as the reference's does is no loss; one that the reference finishes is."""
    ended = RunError(verdict, "ValueError: Layer Conv1 has no weights to cluster")
    assert isinstance(outcome(of(RunError(verdict, "the same")), ended), NeedsManualReview)
    assert outcome(of(0.9), ended) is ended


def test_a_reference_without_files_to_compare_with() -> None:
    """If the reference's files can't be made, the check is pending, not unscored."""
    verdict, reason = reason_of(outcome(of(ReferenceFailed("the reference can't make clustered-4.tflite"))), LAB)
    assert verdict is Verdict.PENDING
    assert "can't make clustered-4.tflite" in reason.measured


@pytest.mark.parametrize("fault", [GraderError("the sandbox broke"), OSError("disk full")])
def test_our_own_fault_is_no_loss(fault: Exception) -> None:
    """If it can't be known what the reference comes to, the check is unscored and says why."""
    verdict, reason = reason_of(outcome(of(fault)), LAB)
    assert verdict is Verdict.UNSCORED
    assert str(fault) in reason.measured


def test_a_reference_that_is_undecided_excuses_nothing() -> None:
    """A reference too noisy to measure has not failed."""

    def noisy(evidence: Any) -> None:
        evidence()
        raise Inconclusive("too noisy")

    assert judged(opened(of(0.9)), "int8-0.3", noisy, {}, LOST) is LOST


def test_the_reference_is_executed_once() -> None:
    """What its run came to is stored, an error of the run's included."""
    memory, count = Memory(), []

    def execute(*_: Any) -> Any:
        count.append(1)
        raise RunError(Verdict.FAILED, "as ever")

    for _ in range(3):
        assert isinstance(outcome(execute, memory=memory), NeedsManualReview)
    assert len(count) == 1


def test_latency_checks_get_rounds_of_their_own() -> None:
    """pytest-benchmark's fixture works once for a test, so the reference's check has a plain one."""

    def timed(evidence: Any, benchmark: Any) -> None:
        benchmark.pedantic(lambda: calls.append(evidence()), rounds=3, iterations=1)
        raise CheckFailed("2 times", "at most 1.6 times", "latency", {})

    calls: list[Any] = []
    assert isinstance(judged(opened(of(1)), "int8-0.3", timed, {}, LOST), NeedsManualReview)
    assert calls == [1, 1, 1]
