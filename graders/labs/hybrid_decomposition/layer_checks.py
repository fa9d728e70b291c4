"""What ``replace_layer`` must do: the same outputs, with the names and zeros of the assignment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graders.framework.checks import check, check_threshold, join_names
from graders.labs.hybrid_decomposition import checks

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.labs.hybrid_decomposition.evidence import Replaced, ReplaceEvidence
    from graders.labs.hybrid_decomposition.problems import Layer

PARTS = {"no_sparse": "sparse", "no_tucker": "Tucker"}
ABOUT = ("function", "bias", "activation", "shared")
"""What layers differ in, each with a criterion."""


def require_outputs(evidence: ReplaceEvidence, lab: Lab, about: str) -> None:
    """The layers that a criterion is about compute what the decomposed kernel does."""
    for layer, found in checks.answered(evidence.found, lambda layer: layer.about == about):
        if found.by_twin is not None and found.by_twin <= lab.thresholds["outputs"]:
            # Whatever else is wrong with it is wrong without a bias and an activation as well.
            _require_few_weights(layer, found, layer.uses)
            continue
        made, wanted = found.numbers
        check(
            made == wanted,
            measured=f"{described(layer)}: an output of {made:,} numbers",
            expected=f"{wanted:,} numbers, as the layer itself",
            hint="outputs",
        )
        check(
            check_threshold(lab, "outputs", found.error),
            measured=f"{described(layer)}: outputs differ by {found.error:.1%} of the largest",
            expected="the outputs of a convolution with the decomposition's kernel",
            hint=_likely_mistake(found.alike, about),
            part=PARTS.get(found.alike, ""),
        )
        _require_few_weights(layer, found, layer.uses)


def _likely_mistake(alike: str, about: str) -> str:
    """The hint for outputs like those of a known mistake, or for what the layer is about."""
    if alike in PARTS:
        return "part_missing"
    if alike == "no_bias":
        return "bias_lost"
    if alike == "bias_twice":
        return "bias_twice"
    if alike == "no_activation" or about == "activation":
        return "activation"
    if about == "bias":
        return "bias"
    return "shared" if about == "shared" else "outputs"


def require_shared(evidence: ReplaceEvidence, lab: Lab) -> None:
    """A layer that is used twice computes the same in both places, with one set of weights."""
    require_outputs(evidence, lab, "shared")
    for layer, found in checks.answered(evidence.found, lambda layer: layer.uses > 1):
        own = [name for name in found.names if name.startswith(layer.name)]
        kernels = [name for name in found.kernels if name.startswith(layer.name)]
        check(
            len(kernels) <= len(parts_of(layer)),
            measured=f"{len(kernels)} kernels in {len(own)} layers",
            expected=f"{len(parts_of(layer))} kernels, however often the layer is used",
            hint="shared",
        )
        _require_few_weights(layer, found, uses=1)


def require_names(evidence: ReplaceEvidence) -> None:
    """Each part is a layer of its name, and the last layer has the name of the one that was replaced."""
    for layer, found in checks.working(evidence.found):
        wanted = [*(f"{layer.name}_{part}" for part in parts_of(layer)), layer.name]
        # Without a Tucker part, _sp may well be the last layer of all.
        if layer.parts[0] is None and layer.name in found.kernels:
            wanted = [layer.name]
        missing = [name for name in wanted if name not in found.names or not _holds_its_part(layer, found, name)]
        shown = [name.removeprefix(layer.name) or "<name>" for name in missing]
        check(
            not missing,
            measured=f"layers {join_names([name for name in found.names if name not in ('image', 'flat')])}",
            expected=f"layers {', '.join(wanted)}",
            hint="names",
            missing=" and ".join("<name>" + each if each.startswith("_") else each for each in shown),
        )


def _holds_its_part(layer: Layer, found: Replaced, name: str) -> bool:
    """Whether a layer that is named for a part has a kernel of the part's shape."""
    core, first, last, sparse = layer.parts
    shapes: dict[str, tuple[int, ...]] = {f"{layer.name}_sp": sparse.shape}
    if core is not None and first is not None and last is not None:
        shapes |= {
            f"{layer.name}_first": (1, 1, *first.shape),
            f"{layer.name}_core": core.shape,
            f"{layer.name}_last": (1, 1, *last.T.shape),
        }
    kernel = found.kernels.get(name)
    return name not in shapes or (kernel is not None and kernel.shape == shapes[name])


def require_zeros(evidence: ReplaceEvidence) -> None:
    """``_sp`` has the decomposition's zeros, and is left out beside a Tucker part if it has no weights."""
    seen = 0
    for layer, found in checks.working(evidence.found):
        sparse, kernel = layer.parts[3], sparse_kernel(layer, found)
        if layer.parts[0] is not None and not sparse.any():
            check(
                kernel is None,
                measured="a _sp layer without a weight",
                expected="no _sp layer beside the Tucker part",
                hint="empty_sparse",
            )
        elif kernel is not None:
            seen += 1
            dense = int(np.count_nonzero(kernel[sparse == 0])) if kernel.shape == sparse.shape else kernel.size
            check(
                dense == 0,
                measured=f"{dense:,} weights where the decomposition has zeros",
                expected="none",
                hint="dense_sparse",
            )
    check(
        seen > 0,
        measured="no layer has a sparse kernel of its own",
        expected="a layer <name>_sp",
        hint="names",
        missing="<name>_sp",
    )


def _require_few_weights(layer: Layer, found: Replaced, uses: int) -> None:
    """The weights are those of the decomposition, and no more than two for each filter beside them, as for a bias."""
    core, first, last, sparse = layer.parts
    dense = sum(int(each.size) for each in (core, first, last) if each is not None)
    most = uses * (dense + int(np.count_nonzero(sparse))) + 2 * int(layer.kernel.shape[3])
    check(
        found.weights <= most,
        measured=f"{described(layer)}: {found.weights:,} weights in its place",
        expected=f"at most {most:,}, as the decomposition has",
        hint="not_decomposed",
    )


def sparse_kernel(layer: Layer, found: Replaced) -> Any:
    """The kernel of ``_sp``, or of whatever layer has one of its size if none has that name."""
    named = found.kernels.get(f"{layer.name}_sp")
    if named is not None:
        return named
    same = [each for each in found.kernels.values() if each.shape == layer.kernel.shape]
    core = layer.parts[0]
    return same[0] if same and (core is None or core.shape != layer.kernel.shape) else None


def parts_of(layer: Layer) -> list[str]:
    """The names of the parts that a replaced layer consists of."""
    core, _, _, sparse = layer.parts
    dense = [] if core is None else ["first", "core", "last"]
    return [*dense, "sp"] if core is None or sparse.any() else dense


def described(layer: Layer) -> str:
    """A layer in words."""
    options = layer.options
    words = [f"{options['kernel_size'][0]} x {options['kernel_size'][1]}", f"padding {options['padding']}"]
    if options["strides"] != [1, 1]:
        words.append(f"strides {tuple(options['strides'])}")
    if options["dilation_rate"] != [1, 1]:
        words.append(f"dilation {tuple(options['dilation_rate'])}")
    if layer.bias is not None:
        words.append("a bias")
    if options["activation"] != "linear":
        words.append(str(options["activation"]))
    if layer.parts[0] is None:
        words.append("no Tucker part")
    if not layer.parts[3].any():
        words.append("no sparse weights")
    if layer.uses > 1:
        words.append("used twice")
    return ", ".join(words)
