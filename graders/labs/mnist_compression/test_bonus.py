"""Optional steps: float16 weights, and all steps for the student's own network. Leaving them out costs nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from graders.framework.checks import check, criterion
from graders.labs.mnist_compression import checks

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.labs.mnist_compression.evidence import ExtraFile, NotebookEvidence
    from graders.labs.mnist_compression.network import Layers

SIXTEEN = 2.0**-10
"""Rounding to 16 bits changes a weight by at most 2 ** -11 of itself; of a kernel's largest, twice that is enough."""
STEPS = ("post-training quantisation", "quantisation-aware training", "pruning")


@criterion("mnist.bonus.float16", runs="notebook")
def test_weights_in_16_bits(evidence: NotebookEvidence, lab: Lab) -> None:
    """An additional file has the baseline's weights in float16."""
    sixteen = [extra for extra in evidence.extras if extra.layers is not None and "float16" in extra.kernels]
    check(
        bool(sixteen),
        measured=_files("no additional file has float16 weights", evidence.extras),
        expected="a .tflite file of the baseline with float16 weights",
        hint="no_float16",
    )
    checks.require_trained(evidence, lab)
    before = checks.baselines(evidence, lab)
    # Weights that are in the file but unused show in its accuracy.
    least = checks.baseline_accuracy(evidence) - lab.thresholds["quantisation"]
    own = [
        extra.name
        for extra in sixteen
        if extra.layers is not None
        and any(_rounded(extra.layers, layers) for layers in before)
        and extra.accuracy >= least
    ]
    check(
        bool(own),
        measured=f"{own[0]}: the baseline's weights"
        if own
        else _files("the float16 weights are not the baseline's", sixteen),
        expected="the baseline's weights, rounded to float16",
        hint="float16_other_model",
    )


def _rounded(found: Layers, before: Layers) -> bool:
    sizes = {name: float(abs(values).max()) for name, values in before.arrays.items()}
    return all(found.worst(before, name) <= SIXTEEN * size for name, size in sizes.items())


@criterion("mnist.bonus.network", runs="notebook")
def test_a_network_of_ones_own(evidence: NotebookEvidence, lab: Lab) -> None:
    """The student's own network has an accurate file for each step; each is worth a third."""
    networks: dict[tuple[int, ...], list[ExtraFile]] = {}
    for extra in evidence.extras:
        if extra.layers is None and extra.accuracy >= lab.thresholds["learned"]:
            networks.setdefault(extra.network, []).append(extra)
    done = max((_done(files, lab) for files in networks.values()), key=len, default=[])
    missing = ", ".join(step for step in STEPS if step not in done)
    check(
        not missing,
        measured=_files(f"missing for another network: {missing}", evidence.extras) if missing else "all three steps",
        expected=f"files of one other trained network: {', '.join(STEPS)}",
        hint="no_own_network",
        share=len(done) / 3,
    )


def _done(files: Iterable[ExtraFile], lab: Lab) -> list[str]:
    """The steps that a network's files show."""
    done = set()
    for file in files:
        floating = any("float" in dtype for dtype in checks.activations_of(file.file))
        if floating and file.largest in checks.INT8:
            done.add(STEPS[0])
        if not floating and file.kernels <= checks.INT8:
            done.add(STEPS[1])
        if file.zeros >= lab.thresholds["own_zeros"]:
            done.add(STEPS[2])
    return [step for step in STEPS if step in done]


def _files(text: str, extras: Sequence[ExtraFile]) -> str:
    names = ", ".join(f"{extra.name} ({extra.accuracy:.0%} accuracy)" for extra in extras[: checks.SHOWN])
    return f"{text}; additional files: {names or 'none'}"
