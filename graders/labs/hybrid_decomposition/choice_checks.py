"""What the choice of factors must be: by loss, by budget; and the budgets of layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graders.framework.checks import check, check_threshold
from graders.labs.hybrid_decomposition import checks, solution

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.labs.hybrid_decomposition.evidence import BudgetEvidence, Factors, Judged, LossEvidence
    from graders.labs.hybrid_decomposition.problems import BudgetCase, Chooser, LossCase

SLACK = 1e-6
LEAST_SAVED, LEAST_SPENT = 0.3, 0.5
"""Of what the best factors save, and of a budget; with less, nothing was looked at."""


def shown(factors: Factors | None) -> str:
    """Factors in words."""
    return "no factors" if factors is None else f"rank {factors.rank} with the share {factors.share:.4f}"


def mixed(case: LossCase | BudgetCase) -> bool:
    """Whether both parts may be used."""
    return case.chooser.kind == "hybrid"


def require_cheapest(evidence: LossEvidence, lab: Lab) -> None:
    """The factors cost as little as any that are accurate enough."""
    for case, found in checks.answered(evidence.found, lambda case: mixed(case) and case.least <= 1):
        check(
            found.factors is not None,
            measured=f"{case.chooser.structure}: no factors, so that the layer stays as it is",
            expected=f"{shown(found.best)}, which cost {found.best_cost:.1%} of the layer",
            hint="stays",
        )
        check(
            check_threshold(lab, "cost", found.cost / found.best_cost),
            measured=f"{case.chooser.structure}: {shown(found.factors)}, {found.cost:.1%} of the layer's cost",
            expected=f"at most {found.best_cost:.1%}, as {shown(found.best)} costs",
            hint="dearer",
        )


def require_accurate(evidence: LossEvidence) -> None:
    """The factors are accurate enough, and there are none if nothing is.

    No factors at all with ``tucker`` or ``spars`` cost the criterion of types.
    """
    for case, found in checks.working(evidence.found, lambda case: not mixed(case)):
        if case.least > 1:
            check(
                found.factors is None,
                measured=shown(found.factors),
                expected=f"None: nothing has an accuracy of {case.least:.2f}",
                hint="none_expected",
            )
            continue
        check(
            found.factors is not None or not mixed(case),
            measured=f"type {case.chooser.kind}: no factors",
            expected=f"factors with an accuracy of {case.least:.2f}",
            hint="stays",
        )
        check(
            found.accuracy >= case.least - SLACK,
            measured=f"type {case.chooser.kind}: {shown(found.factors)}, an accuracy of {found.accuracy:.2f}",
            expected=f"at least {case.least:.2f}",
            hint="not_accurate",
        )
        # Who takes the highest ranks need not look at any accuracy. What else costs too much is another criterion.
        most = 1 - LEAST_SAVED * (1 - found.best_cost)
        dense = solution.tucker_cost(case.kernel.shape, found.factors.rank if found.factors is not None else 0)
        check(
            dense <= most,
            measured=f"type {case.chooser.kind}: {shown(found.factors)}, whose rank alone costs {dense:.1%}",
            expected=f"at most {most:.1%}; {found.best_cost:.1%} is possible for both parts",
            hint="dearer",
        )


def _require_type(chooser: Chooser, found: Judged) -> None:
    factors = found.factors
    right = factors is not None and (
        factors.rank == 0 if chooser.kind == "spars" else factors.rank > 0 and factors.share == 0
    )
    expected = "rank 0 and a share" if chooser.kind == "spars" else "a rank and the share 0"
    check(
        right,
        measured=f"type {chooser.kind}: {shown(factors)}",
        expected=expected,
        hint="types",
        kind=chooser.kind,
        found=shown(factors),
    )


def require_loss_types(evidence: LossEvidence) -> None:
    """``tucker`` has no sparse part, and ``spars`` nothing else."""
    for case, found in checks.answered(evidence.found, lambda case: not mixed(case)):
        _require_type(case.chooser, found)


def require_budget_types(evidence: BudgetEvidence) -> None:
    """``tucker`` has no sparse part, and ``spars`` nothing else."""
    for case, found in checks.answered(evidence.found, lambda case: not mixed(case)):
        _require_type(case.chooser, found)


def require_budgets(evidence: BudgetEvidence, lab: Lab) -> None:
    """Each layer gets the factor times its spread relative to the mean of all, from 0 to 1."""
    for result in evidence.budgets:
        found = result.get()
        furthest = float(np.abs(np.subtract(found.found, found.expected)).max())
        check(
            np.isfinite(furthest) and check_threshold(lab, "budgets", furthest),
            measured=f"factor {found.factor}: {', '.join(f'{each:.3f}' for each in found.found)}",
            expected=", ".join(f"{each:.3f}" for each in found.expected),
            hint="budgets",
        )


def require_within(evidence: BudgetEvidence) -> None:
    """The factors cost no more than the budget."""
    some = 0
    answered = checks.working(evidence.found, lambda case: case.budget >= 1 or not mixed(case))
    for case, found in ((case, found) for case, found in answered if case.budget < 1):
        some += found.factors is not None
        check(
            found.factors is None or found.cost <= case.budget + SLACK,
            measured=f"type {case.chooser.kind}: {shown(found.factors)}, {found.cost:.2%} of the layer's cost",
            expected=f"at most {case.budget:.2%}",
            hint="over_budget",
        )
        check(
            found.factors is None or not mixed(case) or found.cost >= LEAST_SPENT * case.budget,
            measured=f"type {case.chooser.kind}: {shown(found.factors)}, {found.cost:.2%} of the layer's cost",
            expected=f"as much of {case.budget:.2%} as can be used",
            hint="less_exact_choice",
        )
    check(some > 0, measured="no factors at all", expected="factors within the budget", hint="less_exact_choice")


def require_exact(evidence: BudgetEvidence, lab: Lab) -> None:
    """No other factors within the budget are more exact; with the whole budget, the layer stays as it is."""
    for case, found in checks.answered(evidence.found, mixed):
        if case.budget >= 1:
            check(
                found.factors is None,
                measured=f"budget 1: {shown(found.factors)}",
                expected="None: the layer itself has no error",
                hint="full_budget",
            )
            continue
        relative = float("inf") if found.factors is None else found.error / found.best_error
        check(
            check_threshold(lab, "error", relative),
            measured=f"{case.chooser.structure}, budget {case.budget:.3f}: {shown(found.factors)}"
            + (f", {relative:.2f} times the least error" if np.isfinite(relative) else ""),
            expected=f"an error as of {shown(found.best)}",
            hint="less_exact_choice",
        )
