"""``replace_layer``: the same outputs, with the names and zeros of the assignment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.framework.checks import criterion

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.labs.hybrid_decomposition.evidence import ReplaceEvidence


@criterion("hybrid.replace.function", runs="replace-*")
def test_function(evidence: ReplaceEvidence, lab: Lab) -> None:
    """Replaced layers compute the same, with strides, both paddings and dilation."""
    from graders.labs.hybrid_decomposition import layer_checks

    layer_checks.require_outputs(evidence, lab, "function")


@criterion("hybrid.replace.bias", runs="replace-*")
def test_bias(evidence: ReplaceEvidence, lab: Lab) -> None:
    """The bias is added once, with both parts, with one of them, and with nothing kept."""
    from graders.labs.hybrid_decomposition import layer_checks

    layer_checks.require_outputs(evidence, lab, "bias")


@criterion("hybrid.replace.activation", runs="replace-*")
def test_activation(evidence: ReplaceEvidence, lab: Lab) -> None:
    """The activation comes after the sum of both parts."""
    from graders.labs.hybrid_decomposition import layer_checks

    layer_checks.require_outputs(evidence, lab, "activation")


@criterion("hybrid.replace.shared", runs="replace-*")
def test_shared(evidence: ReplaceEvidence, lab: Lab) -> None:
    """A layer that is used twice keeps one set of weights."""
    from graders.labs.hybrid_decomposition import layer_checks

    layer_checks.require_shared(evidence, lab)


@criterion("hybrid.replace.names", runs="replace-*")
def test_names(evidence: ReplaceEvidence) -> None:
    """Each part is a layer of its name, and the last layer has that of the one that was replaced."""
    from graders.labs.hybrid_decomposition import layer_checks

    layer_checks.require_names(evidence)


@criterion("hybrid.replace.zeros", runs="replace-*")
def test_zeros(evidence: ReplaceEvidence) -> None:
    """The sparse kernel has the decomposition's zeros, and is there only if it has weights."""
    from graders.labs.hybrid_decomposition import layer_checks

    layer_checks.require_zeros(evidence)
