"""Whether a run shows work of the student's, and which mistakes of functions a whole network must not cost again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from graders.core.errors import RunError
from graders.core.verdicts import Verdict
from graders.framework.checks import CheckFailed, first_fault
from graders.labs.hybrid_decomposition import choice_checks, kernel_checks, layer_checks
from graders.labs.hybrid_decomposition.evidence import (
    BudgetEvidence,
    DecomposeEvidence,
    Evidence,
    LossEvidence,
    ModelEvidence,
    ReplaceEvidence,
    SparseEvidence,
)

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.framework.runner import RunResult

Check = Callable[[], None]
COMMON = ("sparse-drawn", "decompose-drawn", "replace-drawn")


@dataclass(frozen=True)
class Overview:
    """The first mistake of each function's, by the name of its run; none for one that is right or was not run."""

    faults: Mapping[str, CheckFailed | RunError]

    def behind(self, *, by_loss: bool) -> CheckFailed | RunError | None:
        """A mistake that may be the reason why a network is not as it should be."""
        for run in (*COMMON, "loss-drawn" if by_loss else "budget-drawn"):
            if run in self.faults:
                return self.faults[run]
        return None


def overview(lab: Lab, results: Mapping[str, RunResult[Evidence]]) -> Overview:
    """Of the runs so far."""
    found = {name: fault for name, each in results.items() if (fault := _fault(lab, each)) is not None}
    return Overview(found)


def _fault(lab: Lab, result: RunResult[Evidence]) -> CheckFailed | RunError | None:
    if isinstance(result.error, RunError):
        return result.error
    if result.evidence is None:
        return None
    try:
        return first_fault(*_checks(lab, result.evidence))
    except RunError as error:
        return error


def _checks(lab: Lab, evidence: Evidence) -> list[Check]:
    """What the criteria of a function check."""
    match evidence:
        case SparseEvidence():
            every = (kernel_checks.require_share, kernel_checks.require_groups, kernel_checks.require_largest)
            return [partial(each, evidence) for each in every]
        case DecomposeEvidence():
            both = (kernel_checks.require_tucker, kernel_checks.require_alternation)
            return [*(partial(each, evidence, lab) for each in both), partial(kernel_checks.require_parts, evidence)]
        case ReplaceEvidence():
            outputs = [partial(layer_checks.require_outputs, evidence, lab, about) for about in layer_checks.ABOUT]
            rest = (layer_checks.require_names, layer_checks.require_zeros)
            return [*outputs, *(partial(each, evidence) for each in rest)]
        case LossEvidence():
            return [
                partial(choice_checks.require_cheapest, evidence, lab),
                partial(choice_checks.require_accurate, evidence),
                partial(choice_checks.require_loss_types, evidence),
            ]
        case BudgetEvidence():
            return [
                partial(choice_checks.require_budgets, evidence, lab),
                partial(choice_checks.require_within, evidence),
                partial(choice_checks.require_exact, evidence, lab),
                partial(choice_checks.require_budget_types, evidence),
            ]
        case ModelEvidence():
            return []


def require_work(evidence: Evidence) -> None:
    """Fails unless a function returned something in the right form. :raises RunError: what the run lacks."""
    if isinstance(evidence, ModelEvidence):
        if not any(factors is not None for factors in evidence.layers.get().values()):
            raise RunError(Verdict.LOST, "no layer was compressed")
        evidence.file.get()
        return
    results = [result for _, result in evidence.found]
    if not any(result.error is None for result in results):
        results[0].get()
