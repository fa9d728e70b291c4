"""TensorFlowClusteringOptimizer: the requested number of values, in the requested layers, with or without zeros."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.framework.checks import check, check_threshold, criterion, join_names
from graders.framework.definition import Lab
from graders.labs.kenning_compression import checks, training_checks

if TYPE_CHECKING:
    from graders.labs.kenning_compression.evidence import OptimizedEvidence

ALL = 0.999


@criterion("kenning.clustering.values", runs="clustered-drawn,clustered-sparse,clustered-tuned-drawn")
def test_number_of_values(evidence: OptimizedEvidence, lab: Lab) -> None:
    """Each kernel of a convolution or Dense layer has the requested number of distinct weights."""
    checks.require_values(evidence.weights.get().layers, evidence.parameters["clusters_number"], lab)


@criterion("kenning.clustering.frozen", runs="clustered-frozen")
def test_frozen_layers(evidence: OptimizedEvidence, lab: Lab) -> None:
    """Layers that are not trainable in the given model are clustered as well."""
    checks.require_values(evidence.weights.get().layers, evidence.parameters["clusters_number"], lab)


@criterion("kenning.clustering.centroids", runs="clustered-drawn")
def test_centroids(evidence: OptimizedEvidence, lab: Lab) -> None:
    """The values are where k-means++ puts centroids: at weights, or so that the weights' distances are small."""
    layers = [
        each for each in evidence.weights.get().layers if _is_clustered(evidence, each.distinct.in_all, each.same)
    ]
    check(bool(layers), measured="no layer is clustered", expected="clustered layers", hint="no_centroids")
    even = [each.spacing.off for each in layers if each.spacing is not None and each.spacing.points]
    least = min(even, default=1.0)
    check(
        check_threshold(lab, "uneven", least, at_least=True),
        measured=f"the values are evenly spaced ({least:.3f} spacings off an even grid)",
        expected="values where many weights are",
        hint="linear_centroids",
    )
    if evidence.weights.get().training.moved:
        # Centroids have moved, although nothing should have been trained: that is another criterion.
        return
    members = sum(each.members for each in layers) / len(layers)
    error = sum(each.error for each in layers) / len(layers)
    good = error * evidence.parameters["clusters_number"] ** 2
    check(
        check_threshold(lab, "members", members, at_least=True) or check_threshold(lab, "error", good),
        measured=f"{members:.0%} of the values are weights of the given model, the mean squared error {error:.2%}",
        expected="values that are weights of the given model, or means of those around them",
        hint="other_centroids",
    )


def _is_clustered(evidence: OptimizedEvidence, values: int, same: bool) -> bool:
    from graders.measure.compression.clusters import few

    return not same and values <= few(evidence.parameters["clusters_number"])


@criterion("kenning.clustering.dense", runs="clustered-dense")
def test_dense_layers_only(evidence: OptimizedEvidence) -> None:
    """With cluster_dense, Dense layers are clustered and no others."""
    checks.require_untouched(evidence.weights.get(), "cluster_dense")


@criterion("kenning.clustering.sparsity", runs="clustered-sparse")
def test_zeros_are_preserved(evidence: OptimizedEvidence) -> None:
    """With preserve_sparsity, every zero of the given model is zero still."""
    layers = evidence.weights.get().layers
    lost = [each for each in layers if each.kept_zeros < ALL * each.given_zeros]
    check(
        not lost,
        measured=join_names(
            [f"layer {each.name}: {each.kept_zeros:,} of {each.given_zeros:,} zeros left" for each in lost]
        )
        or "every zero is zero still",
        expected="every zero of the given model preserved",
        hint="sparsity_lost",
    )
    clustered = [each for each in layers if not each.same]
    check(bool(clustered), measured="no layer is clustered", expected="clustered layers", hint="no_centroids")


@criterion("kenning.clustering.sparsity", runs="clustered-plain")
def test_zeros_are_not_preserved(evidence: OptimizedEvidence) -> None:
    """Without preserve_sparsity, zeros are clustered as all other weights are, so that most kernels lose them."""
    layers = evidence.weights.get().layers
    clustered = [each for each in layers if not each.same]
    check(bool(clustered), measured="no layer is clustered", expected="clustered layers", hint="no_centroids")
    kept = [each for each in layers if each.kept_zeros >= ALL * each.given_zeros]
    check(
        len(kept) < len(layers),
        measured=f"all {len(kept)} layers have all of their zeros",
        expected="zeros preserved only if preserve_sparsity is set",
        hint="always_preserved",
    )


@criterion("kenning.clustering.fine_tune", runs="clustered-drawn")
def test_not_trained(evidence: OptimizedEvidence) -> None:
    """Without fine_tune, the model is not trained, whatever epochs says."""
    weights = evidence.weights.get()
    clustered = [each for each in weights.layers if not each.same]
    check(bool(clustered), measured="no layer is clustered", expected="clustered layers", hint="no_centroids")
    training = weights.training
    check(
        training.counted == 0 and not training.moved,
        measured="biases or statistics have changed, as training changes them",
        expected="no training unless fine_tune is set",
        hint="always_tuned",
    )


@criterion("kenning.clustering.fine_tune", runs="clustered-tuned-drawn")
def test_trained(evidence: OptimizedEvidence) -> None:
    """With fine_tune, the clustered model is trained."""
    training = evidence.weights.get().training
    check(
        training.moved,
        measured="the model was not trained",
        expected="the clustered model trained for the requested epochs",
        hint="never_tuned",
    )


@criterion("kenning.clustering.fine_tune", runs="clustered-tuned-drawn")
def test_batch_size(evidence: OptimizedEvidence) -> None:
    """Batches have the requested number of images."""
    training_checks.require_batch_size(evidence)


@criterion("kenning.clustering.fine_tune", runs="clustered-tuned-drawn")
def test_epochs(evidence: OptimizedEvidence) -> None:
    """The training images were seen as many times as there are epochs."""
    training_checks.require_epochs(evidence)


@criterion("kenning.clustering.fine_tune", runs="clustered-tuned-drawn")
def test_optimizer(evidence: OptimizedEvidence) -> None:
    """The last bias, whose gradient is known, moved as the requested optimizer moves it."""
    training_checks.require_optimizer(evidence)


@criterion("kenning.clustering.fine_tune", runs="clustered-tuned-drawn")
def test_scores_are_logits(evidence: OptimizedEvidence) -> None:
    """Without disable_from_logits, the loss takes the model's outputs for logits."""
    training_checks.require_logits(evidence)


@criterion("kenning.clustering.fine_tune", runs="clustered-probabilities")
def test_outputs_are_probabilities(evidence: OptimizedEvidence) -> None:
    """With disable_from_logits, outputs are probabilities: for a class that has all of it, nothing is left to learn."""
    training_checks.require_probabilities(evidence)
