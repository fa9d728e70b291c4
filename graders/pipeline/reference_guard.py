"""What the reference comes to on a real profile: what it loses itself is held against no submission.

The thresholds of a lab rest on the embedded profile. On another model and other data a check may be out of place, and
if the reference fails it for the same seed and settings, it says nothing of a submission that fails it too. So such a
check is graded manually, with both results. The reference's run is executed when the first check fails that needs it,
once for each seed, and stored with the results of runs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graders.core.errors import GraderError, ReferenceFailed, RunError
from graders.core.verdicts import Verdict
from graders.framework.checks import CheckFailed, Inconclusive, NeedsManualReview, observing
from graders.framework.runner import RunLog
from graders.pipeline.execution import CachedRun
from graders.pipeline.labs import OpenLab

CHARGED = frozenset({Verdict.LOST, Verdict.FAILED, Verdict.TIMEOUT, Verdict.OUT_OF_MEMORY, Verdict.CRASHED})
"""How a run may end because of the model and the data, as one that is missing or tampered with does not."""
NEXT = "No action needed; whoever teaches compares the two results and adds the marks."
Check = Callable[..., object]


@dataclass
class PlainRounds:
    """Stands for pytest-benchmark's fixture, which a test can use once only."""

    extra_info: dict[str, object] = field(default_factory=dict)

    def pedantic(self, function: Callable[[], object], rounds: int, iterations: int) -> None:
        """Calls the function as often."""
        for _ in range(rounds * iterations):
            function()


def judged(
    lab: OpenLab, run: str, check: Check, fixtures: Mapping[str, Callable[[], object]], error: BaseException
) -> BaseException:
    """What a failed check of a run comes to: the same error, or that it is graded manually.

    :param check: the test's function. :param fixtures: makes its parameters, except the run's evidence.
    :param error: what it raised for the submission.
    """
    if not lab.lab.profile or not lab.context.profile.real or not _is_charged(error):
        return error
    try:
        with observing():
            check(**_parameters(check, fixtures, reference_evidence(lab, run)))
    except (CheckFailed, RunError) as fault:
        return NeedsManualReview(f"{_text(error)}; the reference on the same model and data: {_text(fault)}", NEXT)
    except ReferenceFailed as fault:
        return fault
    except (NeedsManualReview, Inconclusive):
        return error
    except Exception as fault:  # noqa: BLE001 - our own fault, which is no student's loss
        return GraderError(f"it is not known what the reference comes to: {type(fault).__name__}: {fault}")
    return error


def _is_charged(error: BaseException) -> bool:
    return isinstance(error, CheckFailed) or (isinstance(error, RunError) and error.verdict in CHARGED)


def _text(error: BaseException) -> str:
    return f"{error.measured}, expected {error.expected}" if isinstance(error, CheckFailed) else str(error)


def _parameters(
    check: Check, fixtures: Mapping[str, Callable[[], object]], evidence: Callable[[], object]
) -> dict[str, object]:
    made = {"benchmark": PlainRounds, **fixtures, "evidence": evidence}
    return {name: made[name]() for name in inspect.signature(check).parameters}


def reference_evidence(lab: OpenLab, run: str) -> Callable[[], Any]:
    """What is measured of a run of the reference, or raises why there is nothing, as for a submission's run."""

    def get() -> Any:
        result: CachedRun = lab.context.once(f"reference run {run}", lambda: _stored(lab, run))
        if result.error is not None:
            raise result.error
        return result.evidence

    return get


def _stored(lab: OpenLab, run: str) -> CachedRun:
    cache = lab.context.lasting_cache
    key = cache.key(reference_run=run)
    stored: CachedRun | None = cache.get(key)
    if stored is not None:
        return stored
    result = _executed(lab, run)
    cache.put(key, result)
    return result


def _executed(lab: OpenLab, run: str) -> CachedRun:
    context = lab.context.for_reference(run)
    plan = next(plan for plan in lab.plugin.plan_runs(context) if plan.name == run)
    log = RunLog(run)
    try:
        evidence, error = plan.execute(context, log), None
    except RunError as fault:
        evidence, error = None, fault
    return CachedRun(evidence, error, tuple(log.records), log.note, tuple(log.repairs))
