"""``choose_by_loss``, ``layer_budgets`` and ``choose_by_budget``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.framework.checks import criterion

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.labs.hybrid_decomposition.evidence import BudgetEvidence, LossEvidence


@criterion("hybrid.loss.cheapest", runs="loss-*")
def test_cheapest(evidence: LossEvidence, lab: Lab) -> None:
    """The factors cost as little as any that are accurate enough."""
    from graders.labs.hybrid_decomposition import choice_checks

    choice_checks.require_cheapest(evidence, lab)


@criterion("hybrid.loss.accurate", runs="loss-*")
def test_accurate(evidence: LossEvidence) -> None:
    """The factors are accurate enough, and there are none if nothing is."""
    from graders.labs.hybrid_decomposition import choice_checks

    choice_checks.require_accurate(evidence)


@criterion("hybrid.loss.types", runs="loss-*")
def test_types_by_loss(evidence: LossEvidence) -> None:
    """With tucker there is no sparse part, with spars nothing else."""
    from graders.labs.hybrid_decomposition import choice_checks

    choice_checks.require_loss_types(evidence)


@criterion("hybrid.budget.layers", runs="budget-*")
def test_layers(evidence: BudgetEvidence, lab: Lab) -> None:
    """Each layer gets its share of the budget."""
    from graders.labs.hybrid_decomposition import choice_checks

    choice_checks.require_budgets(evidence, lab)


@criterion("hybrid.budget.within", runs="budget-*")
def test_within(evidence: BudgetEvidence) -> None:
    """The factors cost no more than the budget."""
    from graders.labs.hybrid_decomposition import choice_checks

    choice_checks.require_within(evidence)


@criterion("hybrid.budget.exact", runs="budget-*")
def test_exact(evidence: BudgetEvidence, lab: Lab) -> None:
    """No other factors within the budget are more exact."""
    from graders.labs.hybrid_decomposition import choice_checks

    choice_checks.require_exact(evidence, lab)


@criterion("hybrid.budget.types", runs="budget-*")
def test_types_by_budget(evidence: BudgetEvidence) -> None:
    """With tucker there is no sparse part, with spars nothing else."""
    from graders.labs.hybrid_decomposition import choice_checks

    choice_checks.require_budget_types(evidence)
