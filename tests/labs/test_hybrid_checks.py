"""The decomposition lab's checks on results that are right, and on results with one mistake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from graders.core.errors import RunError
from graders.core.paths import LABS
from graders.core.result import Result, failure
from graders.core.verdicts import Verdict
from graders.framework.checks import CheckFailed, observing
from graders.framework.lab_toml import load
from graders.labs.hybrid_decomposition import (
    choice_checks,
    kernel_checks,
    layer_checks,
    measuring,
    problems,
    solution,
    stand_ins,
)
from graders.labs.hybrid_decomposition.evidence import (
    BudgetEvidence,
    Budgets,
    DecomposeEvidence,
    Factors,
    Kept,
    LossEvidence,
    Parts,
    Replaced,
    ReplaceEvidence,
    SparseEvidence,
)
from graders.labs.hybrid_decomposition.work import require_work

EITHER = solution.EITHER
Known = list[tuple[Any, measuring.Best]]
LAB = load(LABS / "hybrid_decomposition")
SEEDS = range(4)
BROKEN = RunError(Verdict.FAILED, "ValueError: no")


def source(seed: int) -> Any:
    return np.random.default_rng(seed)


def hint_of(check: Callable[[], None]) -> str:
    """The hint with which a check fails, "" if it holds."""
    try:
        with observing():
            check()
    except CheckFailed as fault:
        return LAB.hint(fault.hint) and fault.hint
    return ""


def sparse(seed: int, change: Callable[[problems.SparseCase], Any] | None = None) -> SparseEvidence:
    """What a function returned that is right but for a change."""
    found = []
    for case in problems.sparse_cases(source(seed)):
        structure = case.structure
        kept = solution.keep_largest(case.residual, case.share, structure.name, structure.block)
        found.append((case, Result(Kept(kept if change is None else change(case), case.residual))))
    return SparseEvidence(tuple(found))


def kept_with(**changes: Any) -> Callable[[problems.SparseCase], Any]:
    """The sparse part of a residual with another share, or of another residual."""

    def change(case: problems.SparseCase) -> Any:
        structure = changes.get("structure", lambda each: each)(case.structure)
        share = changes.get("share", lambda each: each)(case.share)
        seen = changes.get("residual", lambda each: each)(case.residual)
        chosen = solution.keep_largest(seen, share, structure.name, structure.block)
        return np.where(chosen != 0, case.residual, 0)

    return change


SPARSE_CHECKS = (kernel_checks.require_share, kernel_checks.require_groups, kernel_checks.require_largest)


def sparse_hints(evidence: SparseEvidence) -> list[str]:
    return [hint_of(lambda each=each: each(evidence)) for each in SPARSE_CHECKS]  # type: ignore[misc]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_right_sparse_part(seed: int) -> None:
    assert sparse_hints(sparse(seed)) == ["", "", ""]


@pytest.mark.parametrize("seed", SEEDS)
def test_mistakes_in_the_sparse_part_cost_one_criterion(seed: int) -> None:
    """Each its own, for every draw."""
    assert sparse_hints(sparse(seed, kept_with(share=lambda share: min(1.0, share + 0.12)))) == ["too_many_kept", "", ""]
    assert sparse_hints(sparse(seed, kept_with(residual=lambda each: np.sign(each) / (np.abs(each) + 1e-3)))) == [
        "", "", "not_largest",
    ]  # fmt: skip
    assert sparse_hints(sparse(seed, kept_with(residual=lambda each: np.sign(each) * np.sqrt(np.abs(each))))) == [
        "", "", "not_largest",
    ]  # fmt: skip
    one_by_one = sparse(seed, kept_with(structure=lambda _: problems.Structure()))
    assert sparse_hints(one_by_one)[1] == "not_whole"
    assert sparse_hints(sparse(seed, lambda case: case.residual * 0.5))[0] in ("too_many_kept", "changed_weights")


def test_nothing_at_all_earns_nothing() -> None:
    for value in (0.0, 1.0):
        found = sparse(0, lambda case, value=value: case.residual * np.float32(value))  # type: ignore[misc]
        assert all(sparse_hints(found))


def test_smaller_blocks_may_fill_the_rest() -> None:
    """A greedy choice keeps more than one that stops at the first block that does not fit."""

    def greedy(case: problems.SparseCase) -> Any:
        groups = case.structure.groups(case.residual.shape)
        sizes = np.bincount(groups.ravel())
        energies = np.bincount(groups.ravel(), weights=np.square(case.residual, dtype=np.float64).ravel())
        left, chosen = case.share * case.residual.size + 1e-6, []
        for number in np.argsort(-energies):
            if sizes[number] <= left:
                chosen.append(number)
                left -= sizes[number]
        return np.where(np.isin(groups, chosen), case.residual, 0)

    for seed in range(12):
        assert sparse_hints(sparse(seed, greedy)) == ["", "", ""]


def decomposed(seed: int, change: Callable[[problems.DecomposeCase], solution.Parts] | None = None) -> DecomposeEvidence:
    found = []
    for case in problems.decompose_cases(source(seed)):
        structure = case.structure
        parts = solution.decompose(case.kernel, case.rank, case.share, structure.name, structure.block)
        found.append((case, Result(Parts(*(parts if change is None else change(case)), case.kernel))))
    return DecomposeEvidence(tuple(found))


def decompose_hints(evidence: DecomposeEvidence) -> list[str]:
    return [
        hint_of(lambda: kernel_checks.require_tucker(evidence, LAB)),
        hint_of(lambda: kernel_checks.require_alternation(evidence, LAB)),
        hint_of(lambda: kernel_checks.require_parts(evidence)),
    ]


def one_pass(case: problems.DecomposeCase) -> solution.Parts:
    """Tucker, and the sparse part of what it leaves."""
    structure, exact = case.structure, case.kernel.astype(np.float64)
    if case.rank == 0:
        return solution.decompose(case.kernel, 0, case.share, structure.name, structure.block)
    core, (first, last) = solution.tucker(exact, case.rank)
    left = exact - solution.expand(core, first, last)
    kept = solution.keep_largest(left, case.share, structure.name, structure.block)
    return tuple(each.astype(np.float32) for each in (core, first, last, kept))  # type: ignore[return-value]


def in_turn(case: problems.DecomposeCase, rounds: int, *, sparse_first: bool) -> solution.Parts:
    """So many rounds with tensorly, as a student would write them."""
    structure, exact = case.structure, case.kernel.astype(np.float64)
    if case.rank == 0 or case.share == 0:
        return one_pass(case)

    def keep(residual: Any) -> Any:
        return solution.keep_largest(residual, case.share, structure.name, structure.block)

    kept = keep(exact) if sparse_first else np.zeros_like(exact)
    for _ in range(rounds):
        core, (first, last) = solution.tucker(exact - kept, case.rank)
        kept = keep(exact - solution.expand(core, first, last))
    return tuple(each.astype(np.float32) for each in (core, first, last, kept))  # type: ignore[return-value]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_right_decomposition(seed: int) -> None:
    assert decompose_hints(decomposed(seed)) == ["", "", ""]


@pytest.mark.parametrize("seed", range(6))
def test_either_part_may_begin(seed: int) -> None:
    """Five rounds are enough whichever begins; a single pass never is."""
    for sparse_first in (False, True):
        found = decomposed(seed, lambda case, first=sparse_first: in_turn(case, 5, sparse_first=first))  # type: ignore[misc]
        assert decompose_hints(found) == ["", "", ""], sparse_first
    assert decompose_hints(decomposed(seed, one_pass)) == ["", "single_pass", ""]
    sparse_once = decomposed(seed, lambda case: in_turn(case, 1, sparse_first=True))
    assert decompose_hints(sparse_once) == ["", "single_pass", ""]


def test_mistakes_in_a_decomposition() -> None:
    def changed(number: int, how: Callable[[Any], Any]) -> DecomposeEvidence:
        def change(case: problems.DecomposeCase) -> solution.Parts:
            structure = case.structure
            parts = list(solution.decompose(case.kernel, case.rank, case.share, structure.name, structure.block))
            parts[number] = None if parts[number] is None else how(parts[number])
            return tuple(parts)  # type: ignore[return-value]

        return decomposed(0, change)

    assert decompose_hints(changed(1, np.transpose)) == ["", "", "ranks"], "a transposed factor costs its form alone"
    assert decompose_hints(changed(0, lambda core: core.astype(np.float64))) == ["", "", "not_float32"]
    assert decompose_hints(changed(0, lambda core: core * 0.9))[0] == "less_exact"
    assert decompose_hints(changed(1, lambda first: first[:-1]))[0] == "ranks"


def test_a_kernel_alone_is_no_decomposition() -> None:
    """Whatever the sparse kernel holds, no more of it counts than the share allows."""
    whole = decomposed(0, lambda case: (None, None, None, case.kernel))
    assert decompose_hints(whole)[:2] == ["ranks", "ranks"]

    def everything_left(case: problems.DecomposeCase) -> solution.Parts:
        core, first, last, kept = one_pass(case)
        if core is None or first is None or last is None:
            return core, first, last, kept
        return core, first, last, (case.kernel - solution.expand(core, first, last)).astype(np.float32)

    assert decompose_hints(decomposed(0, everything_left)) == ["", "single_pass", "share_0"]


def replaced(change: Callable[[problems.Layer, dict[str, Any]], None] | None = None) -> ReplaceEvidence:
    """Layers as they should be but for a change of what is measured of them."""
    found = []
    for layer in problems.layers(source(0), "conv"):
        core, first, last, kept = layer.parts
        kernels: dict[str, Any] = {}
        if core is not None and first is not None and last is not None:
            kernels |= {f"{layer.name}_first": first[None, None], f"{layer.name}_core": core}
            kernels[f"{layer.name}_last"] = last.T[None, None]
        if core is None or kept.any():
            kernels[f"{layer.name}_sp"] = kept
        names = ("image", *kernels, layer.name, "flat")
        facts = {"kernels": kernels, "names": names, "numbers": (9, 9), "weights": 9, "error": 0.0, "alike": ""}
        facts["outputs"] = np.zeros((1, 9))
        if change is not None:
            change(layer, facts)
        found.append((layer, Result(Replaced(**facts))))
    return ReplaceEvidence(tuple(found))


def replace_hints(evidence: ReplaceEvidence) -> list[str]:
    outputs = [hint_of(lambda about=about: layer_checks.require_outputs(evidence, LAB, about)) for about in layer_checks.ABOUT]  # type: ignore[misc]
    return [
        *outputs[:3],
        hint_of(lambda: layer_checks.require_shared(evidence, LAB)),
        hint_of(lambda: layer_checks.require_names(evidence)),
        hint_of(lambda: layer_checks.require_zeros(evidence)),
    ]


def test_replaced_layers() -> None:
    assert replace_hints(replaced()) == [""] * 6

    def bias(layer: problems.Layer, facts: dict[str, Any]) -> None:
        if layer.bias is not None:
            facts |= {"error": 0.5, "alike": "no_bias"}

    assert replace_hints(replaced(bias)) == ["", "bias_lost", "", "", "", ""]

    def dense(layer: problems.Layer, facts: dict[str, Any]) -> None:
        for name, kernel in facts["kernels"].items():
            if name.endswith("_sp"):
                facts["kernels"] = {**facts["kernels"], name: kernel + 1e-9}

    assert replace_hints(replaced(dense)) == ["", "", "", "", "", "dense_sparse"]

    def unnamed(layer: problems.Layer, facts: dict[str, Any]) -> None:
        facts["names"] = tuple(name for name in facts["names"] if name != layer.name)

    assert replace_hints(replaced(unnamed)) == ["", "", "", "", "names", ""]

    def of_another_shape(layer: problems.Layer, facts: dict[str, Any]) -> None:
        facts["kernels"] = {name: kernel[:1, :1] for name, kernel in facts["kernels"].items()}

    assert replace_hints(replaced(of_another_shape))[4] == "names"

    def dense_weights(layer: problems.Layer, facts: dict[str, Any]) -> None:
        facts["weights"] = layer.kernel.size

    assert replace_hints(replaced(dense_weights))[:4] == ["not_decomposed"] * 4

    def twice(layer: problems.Layer, facts: dict[str, Any]) -> None:
        if layer.uses > 1:
            facts["kernels"] = {**facts["kernels"], f"{layer.name}_core_1": layer.parts[0]}

    assert replace_hints(replaced(twice)) == ["", "", "", "shared", "", ""]


def test_what_a_twin_shares_is_another_criterion() -> None:
    """A padding that is wrong everywhere costs the criterion of the function alone; a bias that is lost costs its own."""
    images = source(1).normal(size=(2, 9, 8, 3)).astype(np.float32)

    def pairs(bias: float) -> ReplaceEvidence:
        found = []
        for layer in problems.layers(source(0), "conv"):
            # Half of everything is lost.
            outputs = measuring.outputs_of(replace(layer, bias=None, options={**layer.options, "activation": "linear"}), images) * 0.5
            if layer.bias is not None:
                outputs = outputs + bias * np.tile(layer.bias, outputs.shape[1] // len(layer.bias))
            outputs = measuring.ACTIVATIONS[layer.options["activation"]](outputs)
            error = measuring.distance(outputs, measuring.outputs_of(layer, images))
            facts = {"kernels": {}, "names": (), "numbers": (9, 9), "weights": 9, "error": error, "alike": ""}
            found.append((layer, Result(Replaced(outputs=outputs, **facts))))
        return ReplaceEvidence(measuring.with_twins(found))

    def outputs(evidence: ReplaceEvidence) -> list[str]:
        return [hint_of(lambda about=about: layer_checks.require_outputs(evidence, LAB, about)) for about in layer_checks.ABOUT]  # type: ignore[misc]

    assert outputs(pairs(1.0)) == ["outputs", "", "", ""]
    assert outputs(pairs(0.5))[1] == "bias"


def test_a_layer_that_failed_costs_what_it_is_about() -> None:
    """Names and zeros are judged by the others."""
    found = replaced()
    pairs = [(layer, failure(BROKEN) if layer.about == "function" else result) for layer, result in found.found]
    broken = replace(found, found=tuple(pairs))
    with pytest.raises(RunError):
        layer_checks.require_outputs(broken, LAB, "function")
    assert hint_of(lambda: layer_checks.require_names(broken)) == ""
    assert hint_of(lambda: layer_checks.require_zeros(broken)) == ""
    assert hint_of(lambda: layer_checks.require_outputs(broken, LAB, "bias")) == ""


@pytest.mark.parametrize(
    ("structure", "failing"), [("block", [False, True, False]), ("unstructured", [True, False, False])]
)
def test_a_structure_that_failed_costs_one_criterion(structure: str, failing: list[bool]) -> None:
    """That of groups, or of the share if it is single weights that fail."""
    found = sparse(0).found
    broken = SparseEvidence(
        tuple((case, failure(BROKEN) if case.structure.name == structure else result) for case, result in found)
    )
    for check, fails in zip(SPARSE_CHECKS, failing, strict=True):
        if fails:
            with pytest.raises(RunError):
                check(broken)
        else:
            assert hint_of(lambda check=check: check(broken)) == ""  # type: ignore[misc]


def test_a_type_that_failed_costs_that_of_types(by_loss: Known, by_budget: Known) -> None:
    """Neither the accuracy nor the budget of the others."""

    def judged(known: Known) -> Any:
        return tuple(
            (case, failure(BROKEN) if case.chooser.kind == "spars" else Result(measuring.judge(case, best, best[EITHER])))
            for case, best in known
        )

    loss, budget = LossEvidence(judged(by_loss)), BudgetEvidence((), judged(by_budget))
    assert hint_of(lambda: choice_checks.require_accurate(loss)) == ""
    assert hint_of(lambda: choice_checks.require_within(budget)) == ""
    for check in (
        lambda: choice_checks.require_loss_types(loss),
        lambda: choice_checks.require_budget_types(budget),
    ):
        with pytest.raises(RunError):
            check()


def test_outputs_are_those_of_known_mistakes() -> None:
    """What a layer with a bias computes without it, and with it twice, can be told apart."""
    images = source(1).normal(size=(2, 9, 8, 3)).astype(np.float32)
    for layer in problems.layers(source(0), "conv"):
        right = measuring.outputs_of(layer, images)
        others = measuring.mistaken(layer, images)
        assert all(measuring.distance(other, right) > 0.01 for other in others.values())
        assert ("no_bias" in others) == (layer.bias is not None)


@pytest.fixture(scope="module")
def by_loss() -> Known:
    return [(case, measuring.cheapest(case)) for case in problems.loss_cases(source(0))]


@pytest.fixture(scope="module")
def by_budget() -> Known:
    return [(case, measuring.most_exact(case)) for case in problems.budget_cases(source(0))]


def loss_hints(known: Known, choose: Callable[[Any, Factors | None], Factors | None]) -> list[str]:
    evidence = LossEvidence(tuple((case, Result(measuring.judge(case, best, choose(case, best[EITHER])))) for case, best in known))
    return [
        hint_of(lambda: choice_checks.require_cheapest(evidence, LAB)),
        hint_of(lambda: choice_checks.require_accurate(evidence)),
        hint_of(lambda: choice_checks.require_loss_types(evidence)),
    ]


def test_factors_by_loss(by_loss: Known) -> None:
    assert loss_hints(by_loss, lambda _, best: best) == ["", "", ""]
    assert loss_hints(by_loss, lambda _, best: None) == ["stays", "stays", "types"], "nothing earns nothing"
    dearer = loss_hints(by_loss, lambda case, best: best and Factors(best.rank + (best.rank > 0), best.share))
    assert dearer == ["dearer", "", ""]
    cheap = loss_hints(by_loss, lambda case, best: best and Factors(min(best.rank, 1), 0.0))
    assert cheap == ["", "not_accurate", ""]
    always = loss_hints(by_loss, lambda case, best: best or Factors(4, 0.1))
    assert always == ["", "none_expected", ""]
    mixed = loss_hints(by_loss, lambda case, best: best and Factors(max(best.rank, 1), max(best.share, 0.001)))
    assert mixed[2] == "types"


def budget_hints(known: Known, choose: Callable[[Any, Factors | None], Factors | None]) -> list[str]:
    found = tuple((case, Result(measuring.judge(case, best, choose(case, best[EITHER])))) for case, best in known)
    evidence = BudgetEvidence((Result(Budgets(0.5, (0.2, 1.0), (0.2, 1.0))),), found)
    return [
        hint_of(lambda: choice_checks.require_budgets(evidence, LAB)),
        hint_of(lambda: choice_checks.require_within(evidence)),
        hint_of(lambda: choice_checks.require_exact(evidence, LAB)),
        hint_of(lambda: choice_checks.require_budget_types(evidence)),
    ]


def test_factors_by_budget(by_budget: Known) -> None:
    assert budget_hints(by_budget, lambda _, best: best) == ["", "", "", ""]
    assert budget_hints(by_budget, lambda _, best: None)[1:] == ["less_exact_choice", "less_exact_choice", "types"]
    over = budget_hints(by_budget, lambda case, best: best and Factors(best.rank, min(1.0, 2 * best.share)))
    assert over == ["", "over_budget", "", ""]
    left = budget_hints(by_budget, lambda case, best: best and Factors(best.rank, best.share / 2))
    assert left == ["", "", "less_exact_choice", ""]
    full = budget_hints(by_budget, lambda case, best: best or Factors(4, 0.2))
    assert full == ["", "", "full_budget", ""]


def test_budgets_of_layers() -> None:
    """An unbiased deviation is right as well; one that is not clipped is not."""
    kernels = problems.layer_kernels(source(0))
    deviations = np.array([each.std(ddof=1, dtype=np.float64) for each in kernels])
    plain = np.array([each.std(dtype=np.float64) for each in kernels])
    expected = tuple(np.clip(0.8 * plain / plain.mean(), 0, 1))
    for found, hint in (
        (np.clip(0.8 * deviations / deviations.mean(), 0, 1), ""),
        (0.8 * plain / plain.mean(), "budgets"),
        (np.full(len(kernels), np.nan), "budgets"),
    ):
        evidence = BudgetEvidence((Result(Budgets(0.8, tuple(found), expected)),), ())
        assert hint_of(lambda evidence=evidence: choice_checks.require_budgets(evidence, LAB)) == hint  # type: ignore[misc]


@pytest.mark.parametrize("described", [[1], [1, 2, 3], "x", [True, 0.5], [-1, 0.5], [4, 1.5], [4, float("nan")], {"a": 1}])
def test_factors_that_are_none(described: object) -> None:
    with pytest.raises(RunError):
        measuring.factors_of(described)


def test_a_run_without_an_answer_is_no_work() -> None:
    case = problems.sparse_cases(source(0))[0]
    with pytest.raises(RunError, match="no"):
        require_work(SparseEvidence(((case, failure(BROKEN)),)))
    require_work(sparse(0))


def test_a_run_holds_nothing_of_what_it_is_asked_for() -> None:
    """Where a decomposition is judged, there is no decomposition of the grader's."""
    alone = stand_ins.sparse_alone()
    assert list(alone) == ["sparse_residual"]
    assert "tucker" not in alone["sparse_residual"].lower()
    space: dict[str, Any] = {"__name__": "stand_in"}
    exec(stand_ins.both()["decompose_kernel"], space)
    case = problems.decompose_cases(source(0))[-1]
    arguments = (case.kernel, case.rank, case.share, case.structure.name, case.structure.block)
    for found, expected in zip(space["decompose"](*arguments), solution.decompose(*arguments), strict=True):
        assert np.array_equal(found, expected)
