"""Checks that pruning and clustering share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.framework.checks import check, check_threshold, join_names
from graders.labs.kenning_compression.work import FEW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graders.framework.definition import Lab
    from graders.labs.kenning_compression.evidence import LayerWeights, ModelFile, Weights

DEFAULT_FREQUENCY = 100


def require_zeros(layers: Sequence[LayerWeights], sparsity: float, weights: Weights, frequency: int, lab: Lab) -> None:
    """Fails if a kernel has not the requested number of exact zeros.

    :param frequency: the steps between prunings; with too few steps nothing was pruned.
    """
    from graders.measure.compression import pruned

    found = pruned([each.zeros for each in layers], sparsity, lab.thresholds["zeros"])
    names = {each.zeros.operator: each.name for each in layers}
    worst = names.get(int(found.worst.rsplit(" ", 1)[-1]), found.worst) if found.worst else ""
    steps = weights.training.counted
    none = found.most < FEW
    near = f", {found.near_zeros:,} nearly zero" if found.near_zeros else ""
    if none:
        hint = "too_few_steps" if steps < frequency else "not_pruned"
    elif any(each.zeros.share < FEW for each in layers):
        hint = "pruned_partly"
    elif found.near_zeros > found.expected / 4:
        hint = "near_zeros"
    else:
        hint = "global_threshold" if found.global_threshold else "other_sparsity"
    check(
        found.kernels > 0 and check_threshold(lab, "zeros", found.furthest),
        measured=f"{found.zeros:,} zeros in {found.weights:,} weights{near}; layer {worst} has {found.worst_zeros:,}",
        expected=f"{found.expected:,} zeros, {sparsity:.0%} of each layer; {found.worst_expected:,} in {worst}",
        hint=hint,
        steps=steps,
        found=f"{found.least:.0%}",
        requested=f"{sparsity:.0%}",
        without=join_names([each.name for each in layers if each.zeros.share < FEW]),
    )


def require_values(layers: Sequence[LayerWeights], clusters: int, lab: Lab) -> None:
    """Fails if a kernel has more values than clusters, or far fewer than it could have."""
    more = [each for each in layers if each.distinct.in_all > clusters]
    same = [each for each in layers if each.same]
    check(
        bool(layers) and not more,
        measured=join_names([f"layer {each.name} has {each.distinct.in_all:,} distinct weights" for each in more])
        or f"{len(layers)} layers have at most {clusters}",
        expected=f"at most {clusters} in each layer",
        hint="not_clustered" if len(same) == len(layers) else "clustered_partly" if same else "more_values",
        without=join_names([each.name for each in same]),
        clusters=clusters,
    )
    most = max(each.distinct.in_all for each in layers)
    check(
        check_threshold(lab, "fewer_values", most / clusters, at_least=True),
        measured=f"at most {most} distinct weights in a layer",
        expected=f"about {clusters}",
        hint="fewer_values",
        clusters=clusters,
    )


def require_untouched(weights: Weights, dense_only: str) -> None:
    """Fails if a convolution's kernel was compressed although only Dense layers should be.

    :param dense_only: the parameter that says so. Training moves the others, which is no compression.
    """
    others = [each for each in weights.layers if not each.dense]
    dense = [each for each in weights.layers if each.dense]
    wrong = [each for each in others if _is_compressed(each)]
    check(
        not wrong,
        measured=f"compressed although they are no Dense layers: {join_names([each.name for each in wrong])}",
        expected="compressed weights in Dense layers alone",
        hint="not_only_dense",
        parameter=dense_only,
    )
    left = [each for each in dense if not _is_compressed(each)]
    check(
        not left,
        measured=f"Dense layers that are not compressed: {join_names([each.name for each in left])}",
        expected="every Dense layer compressed",
        hint="dense_not_compressed",
        parameter=dense_only,
    )


def _is_compressed(layer: LayerWeights) -> bool:
    """Whether a kernel has zeros, or few values."""
    return layer.zeros.share >= FEW or layer.distinct.in_all * 2 <= layer.zeros.weights


def require_plain(file: ModelFile) -> None:
    """Fails if the file has an optimizer's state or wrappers in it, or no network."""
    check(
        not file.wrappers,
        measured=f"{len(file.wrappers)} arrays of tfmot's wrappers in the file, such as {file.wrappers[0]}"
        if file.wrappers
        else "no wrappers",
        expected="the given network's weights and nothing else",
        hint="not_stripped",
    )
    check(
        file.network,
        measured="the file has weights alone, so no model can be loaded from it",
        expected="a whole Keras model",
        hint="weights_only",
    )
    check(
        not file.optimizer,
        measured="the file has an optimizer's state in it",
        expected="a model without an optimizer's state",
        hint="optimizer_state",
    )
