"""From what a run sent back and wrote to the lab's evidence."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.core.errors import RunError
from graders.core.result import Result
from graders.core.verdicts import Verdict
from graders.framework.context import LabContext
from graders.labs.hybrid_decomposition import solution
from graders.labs.hybrid_decomposition.convolution import convolve
from graders.labs.hybrid_decomposition.evidence import Budgets, Factors, Judged, Kept, Parts, Replaced
from graders.labs.hybrid_decomposition.problems import (
    BudgetCase,
    Chooser,
    DecomposeCase,
    Layer,
    LossCase,
    SparseCase,
)
from graders.labs.hybrid_decomposition.runs import BAD_RETURN, array
from graders.sandbox import Reply
from graders.submission import accept_artifact

Array = NDArray[Any]
MOST_RANK, MOST_OWN = 1 << 16, 32
STEP = 0.01
"""Of accuracies: bisection may miss that much where they do not rise with each share."""
LEAST_LIKELY, MOST_LIKELY, CLEARLY_CHEAPER, TINY = 0.8, 1.7, 0.98, 1e-12
NOTHING = 1e-6
"""Weights are drawn with a deviation of 1."""
Best = Mapping[str, Factors | None]
"""The best factors by the part that begins."""
ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
}


def kept(case: SparseCase, reply: Reply) -> Kept:
    """What ``sparse_residual`` returned. :raises RunError: it is no kernel of that shape."""
    shape = case.residual.shape
    return Kept(array(reply, "kept", shape), array(reply, "given", shape))


def parts(case: DecomposeCase, reply: Reply) -> Parts:
    """What ``decompose_kernel`` returned. :raises RunError: it has no sparse kernel."""
    core, first, last = (array(reply, name) if name in reply.arrays else None for name in ("core", "first", "last"))
    if "sparse" not in reply.arrays:
        raise RunError(Verdict.LOST, "the decomposition has no sparse kernel", exception=BAD_RETURN)
    return Parts(core, first, last, array(reply, "sparse"), array(reply, "given", case.kernel.shape))


def replaced(context: LabContext, run: str, name: str, layer: Layer, images: Array) -> Replaced:
    """What the network with a replaced layer computes, and which layers it has."""
    files = {}
    for ending in ("tflite", "h5"):
        file = f"{name}.{ending}"
        target = context.work / "artifacts" / run / file
        files[ending] = accept_artifact(context.workdir(run) / file, target, context.lab.artifact_bytes).path
    with context.scorer.measure(files["h5"]) as measurement:
        weights = measurement.keras_weights()
    with context.scorer.measure(files["tflite"]) as measurement:
        outputs = measurement.infer_tensors(images).astype(np.float64)
    expected = outputs_of(layer, images)
    alike = {mistake: distance(outputs, other) for mistake, other in mistaken(layer, images).items()}
    likest = min(alike, key=lambda each: alike[each], default="")
    kernels = {
        key.split("/")[-2]: found for key, found in weights.arrays.items() if key.split("/")[-1].startswith("kernel")
    }
    # Layers of a nested model, too, as its weights show them.
    nested = (part for key in weights.arrays for part in key.split("/")[:-1])
    return Replaced(
        kernels=kernels,
        names=tuple(dict.fromkeys([*weights.groups, *nested])),
        numbers=(outputs.shape[1], expected.shape[1]),
        weights=sum(_weights(each) for each in weights.arrays.values() if each.ndim > 1),
        outputs=outputs,
        error=distance(outputs, expected),
        alike=likest if likest and alike[likest] < 1e-3 else "",
    )


def with_twins(found: Sequence[tuple[Layer, Result[Replaced]]]) -> tuple[tuple[Layer, Result[Replaced]], ...]:
    """Each layer with its error against what its twin computes; twins stay what they are."""
    by_name = {layer.name: result for layer, result in found}

    def one(layer: Layer, result: Result[Replaced]) -> Result[Replaced]:
        twin = by_name.get(layer.twin.name)
        if result.value is None or twin is None or twin.value is None:
            return result
        plain = twin.value.outputs.reshape(len(twin.value.outputs), -1)
        if layer.bias is not None:
            plain = plain + np.tile(layer.bias, plain.shape[1] // len(layer.bias))
        plain = ACTIVATIONS[layer.options["activation"]](plain)
        # Of the input, less the same of twice the input.
        expected = plain if layer.uses == 1 else -plain
        return Result(replace(result.value, by_twin=distance(result.value.outputs, expected)))

    return tuple((layer, one(layer, result)) for layer, result in found)


def _weights(kernel: Array) -> int:
    """How many weights are more than next to nothing; zeros that are not exact are another criterion."""
    return int((np.abs(kernel) > NOTHING).sum())


def distance(found: Array, expected: Array) -> float:
    """The largest difference, relative to the largest number expected; infinite without numbers to compare."""
    if found.shape != expected.shape or not np.isfinite(found).all():
        return math.inf
    return float(np.abs(found - expected).max()) / max(float(np.abs(expected).max()), 1e-6)


def outputs_of(layer: Layer, images: Array, *, bias: float = 1.0, activate: bool = True, parts: str = "both") -> Array:
    """What the layer with the decomposed kernel computes, flat: (n, numbers).

    :param bias: how many times it is added.
    """
    core, first, last, sparse = layer.parts
    kernel = {"both": solution.rebuilt(layer.parts), "sparse": sparse}.get(parts)
    if kernel is None:
        kernel = solution.rebuilt((core, first, last, np.zeros_like(sparse)))
    options = layer.options
    found = []
    for number in range(layer.uses):
        inputs = images * (number + 1)
        out = convolve(inputs, kernel, options["strides"], options["padding"], options["dilation_rate"])
        if layer.bias is not None:
            out = out + bias * layer.bias
        found.append(ACTIVATIONS[options["activation"]](out) if activate else out)
    whole = found[0] if len(found) == 1 else found[0] - found[1]
    return whole.reshape(len(whole), -1)


def mistaken(layer: Layer, images: Array) -> dict[str, Array]:
    """What the layer would compute with a mistake that is often made, by its name."""
    found: dict[str, Array] = {}
    if layer.bias is not None:
        found |= {"no_bias": outputs_of(layer, images, bias=0.0), "bias_twice": outputs_of(layer, images, bias=2.0)}
    if layer.options["activation"] != "linear":
        found["no_activation"] = outputs_of(layer, images, activate=False)
    if layer.parts[0] is not None and layer.parts[3].any():
        found["no_sparse"] = outputs_of(layer, images, parts="tucker")
        found["no_tucker"] = outputs_of(layer, images, parts="sparse")
    return found


def factors_of(described: object) -> Factors | None:
    """Factors as a run described them. :raises RunError: it described something else."""
    match described:
        case None:
            return None
        case [int(rank), int() | float() as share] if not isinstance(rank, bool):
            return checked(rank, float(share))
    raise RunError(Verdict.TAMPERED, "the factors that came out of the run are not in the form that was expected")


def checked(rank: int, share: float) -> Factors:
    """:raises RunError: there are no such factors."""
    if not (0 <= rank <= MOST_RANK and math.isfinite(share) and -1e-9 <= share <= 1 + 1e-9):
        message = f"rank {rank} and share {share:g} were chosen; a share is from 0 to 1"
        raise RunError(Verdict.LOST, message, exception=BAD_RETURN)
    return Factors(rank, min(max(share, 0.0), 1.0))


def cost(chooser: Chooser, kernel: Array, factors: Factors | None) -> float:
    """What they cost, as a share of the layer's; 1 for the layer itself."""
    if factors is None:
        return 1.0
    return solution.total_cost(kernel.shape, factors.rank, factors.share, chooser.sparsity_weight)


def approximation(chooser: Chooser, kernel: Array, factors: Factors | None, begins: str) -> Array:
    """The kernel that they give."""
    if factors is None:
        return kernel
    name, block = chooser.structure.name, chooser.structure.block
    return solution.rebuilt(solution.decompose(kernel, factors.rank, factors.share, name, block, begins))


def squared_error(kernel: Array, other: Array) -> float:
    """The mean squared error."""
    return float(np.mean(np.square(kernel.astype(np.float64) - other)))


def judged(known: tuple[LossCase | BudgetCase, Best], reply: Reply) -> Judged:
    """The factors that a function chose in a case, beside the best ones."""
    case, best = known
    result = judge(case, best, factors_of(reply.facts.get("factors")))
    return by_own_kernels(case, result, array(reply, "own")) if "own" in reply.arrays else result


def judge(case: LossCase | BudgetCase, best: Best, found: Factors | None) -> Judged:
    """Factors beside the best ones; of the ways to fit both parts, the one in which they look best.

    A function that has a decomposition of its own may well choose other factors than with the grader's.
    """
    chooser, kernel = case.chooser, case.kernel
    ways = []
    for begins, right in best.items():
        near, nearest = (approximation(chooser, kernel, each, begins) for each in (found, right))
        ways.append(
            Judged(
                factors=found,
                cost=cost(chooser, kernel, found),
                accuracy=case.accuracy(near) if isinstance(case, LossCase) else 0.0,
                error=squared_error(kernel, near),
                best=right,
                best_cost=cost(chooser, kernel, right),
                best_error=squared_error(kernel, nearest),
            )
        )
    if isinstance(case, LossCase):
        return max(ways, key=lambda each: (each.accuracy >= case.least, each.best_cost))
    return min(ways, key=lambda each: each.error / each.best_error if each.best_error else each.error)


def by_own_kernels(case: LossCase | BudgetCase, result: Judged, own: Array) -> Judged:
    """The same for code that gets to a decomposition of its own, where it chose right for that one.

    What comes out of a run may be made up, so it counts only as far as it is like the grader's: see :func:`likely`.

    :param own: the kernels that the chosen factors and others give: see the driver.
    """
    kernel = case.kernel
    if own.shape[1:] != kernel.shape or not 0 < len(own) <= MOST_OWN or not np.isfinite(own).all():
        return result
    if result.factors is None or not likely(case, [result.factors, *_others(case, result)], own):
        return result
    if isinstance(case, BudgetCase):
        errors = [squared_error(kernel, each) for each in own]
        least = min(errors)
        nearer = errors[0] * result.best_error < result.error * least
        return replace(result, error=errors[0], best_error=least) if nearer else result
    accuracies = [case.accuracy(each) for each in own]
    if accuracies[0] < case.least or max(accuracies[1:], default=0.0) > case.least + STEP + 1e-9:
        return result
    return replace(result, accuracy=accuracies[0], best=result.factors, best_cost=result.cost)


def likely(case: LossCase | BudgetCase, factors: Sequence[Factors], own: Array) -> bool:
    """Whether kernels may be what a decomposition makes of these factors, of which the first are the chosen ones.

    No decomposition is clearly better than the grader's, and one that is worse is so for all factors: else anything
    could be chosen and made to look best.
    """
    if len(factors) != len(own):
        return False
    chooser, kernel = case.chooser, case.kernel
    ratios = []
    for each, found in zip(factors, own, strict=True):
        least = squared_error(kernel, approximation(chooser, kernel, each, solution.EITHER))
        ratios.append((squared_error(kernel, found) + TINY) / (least + TINY))
    return ratios[0] >= LEAST_LIKELY and max(ratios) <= MOST_LIKELY * max(1.0, ratios[0])


def _others(case: LossCase | BudgetCase, result: Judged) -> list[Factors]:
    """The factors that the driver compares with the chosen ones."""
    if isinstance(case, BudgetCase):
        return [Factors(*pair) for pair in tried_by_budget(case)]
    cheaper = [each for each in tried_by_loss(case) if each[2] < CLEARLY_CHEAPER * result.cost]
    return [Factors(rank, share) for rank, share, _ in {each[0]: each for each in cheaper}.values()]


def ways_to_fit(chooser: Chooser) -> tuple[str, ...]:
    """Which part may begin; with one part alone, there is one way."""
    every = (solution.EITHER, solution.TUCKER_FIRST, solution.SPARSE_FIRST)
    return every if chooser.kind == "hybrid" else every[:1]


def cheapest(case: LossCase) -> Best:
    """The cheapest factors that are accurate enough, by a search of all that cost less than the layer."""
    return {begins: _cheapest(case, begins) for begins in ways_to_fit(case.chooser)}


def tried_by_loss(case: LossCase) -> list[tuple[int, float, float]]:
    """All factors that cost less than the layer: rank, share and cost, in ascending order of shares."""
    chooser, shape = case.chooser, case.kernel.shape
    shares = [0.0] if chooser.kind == "tucker" else solution.candidate_shares()
    pairs = [Factors(rank, share) for rank in solution.candidate_ranks(shape, chooser.kind) for share in shares]
    priced = [(each.rank, each.share, cost(chooser, case.kernel, each)) for each in pairs]
    return [each for each in priced if each[2] < 1]


def tried_by_budget(case: BudgetCase) -> list[tuple[int, float]]:
    """For each rank that fits the share that the rest of the budget pays for."""
    chooser, shape = case.chooser, case.kernel.shape
    found = []
    for rank in solution.candidate_ranks(shape, chooser.kind, case.budget):
        rest = max(0.0, case.budget - solution.tucker_cost(shape, rank))
        found.append((rank, 0.0 if chooser.kind == "tucker" else min(1.0, rest / chooser.sparsity_weight)))
    return found


def _cheapest(case: LossCase, begins: str) -> Factors | None:
    if case.least > 1:
        return None
    for rank, share, _ in sorted(tried_by_loss(case), key=lambda each: each[2]):
        factors = Factors(rank, share)
        if case.accuracy(approximation(case.chooser, case.kernel, factors, begins)) >= case.least:
            return factors
    return None


def most_exact(case: BudgetCase) -> Best:
    """The most exact factors within the budget: for each rank, the rest goes to the sparse part."""
    return {begins: _most_exact(case, begins) for begins in ways_to_fit(case.chooser)}


def _most_exact(case: BudgetCase, begins: str) -> Factors | None:
    chooser, kernel = case.chooser, case.kernel
    if case.budget >= 1:
        return None
    found = [
        (squared_error(kernel, approximation(chooser, kernel, factors, begins)), factors)
        for factors in (Factors(*pair) for pair in tried_by_budget(case))
    ]
    return min(found, key=lambda each: each[0])[1] if found else None


def budgets(kernels: Sequence[Array], factor: float, reply: Reply) -> Budgets:
    """What ``layer_budgets`` returned, beside the formula's: factor * standard deviation / mean of all, from 0 to 1."""
    found = array(reply, "budgets", (len(kernels),))
    deviations = np.array([each.std(dtype=np.float64) for each in kernels])
    expected = np.clip(factor * deviations / deviations.mean(), 0, 1)
    return Budgets(factor, tuple(map(float, found)), tuple(map(float, expected)))
