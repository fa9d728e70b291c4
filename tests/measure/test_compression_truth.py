"""Compressed files that tfmot and the converter made: each is told from the others.

``tests/data/compression/make_compressed.py`` wrote the files, with 8 clusters and a sparsity of 0.5 unless the name says more.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from graders.measure.compression import (
    Compression,
    Misplaced,
    at_most,
    kernels,
    measure,
    overall,
    paired,
    pruned,
    tuning,
    unfinished,
)
from graders.measure.sizes import deflation
from graders.measure.tflite import MalformedModel
from graders.measure.tflite.facts import plain, typed
from graders.measure.tflite.reader import read_model
from graders.measure.tflite.weights import weights

DATA = Path(__file__).resolve().parents[1] / "data" / "compression"
CLUSTERED = ["clustered", "clustered_concrete", "clustered_int8", "clustered_float16"]
EVEN, ALIKE = 0.03, 0.01


def read(name: str) -> bytes:
    return (DATA / f"{name}.tflite").read_bytes()


@cache
def clustering(name: str, clusters: int = 8) -> Compression:
    return measure(read(name), read("original"), clusters=clusters)


@cache
def pruning(name: str, sparsity: float = 0.5) -> Compression:
    return measure(read(name), read("original"), sparsity=sparsity)


@pytest.mark.parametrize("name", CLUSTERED)
def test_clustered_files_have_few_values(name: str) -> None:
    """A clustered file, also of another conversion, quantised or in float16, has at most k values a kernel."""
    found = clustering(name)

    assert found.difference == ""
    assert [each.kind for each in found.distinct] == ["CONV_2D", "CONV_2D", "FULLY_CONNECTED"]
    assert at_most(found.distinct, 8)
    assert not at_most(found.distinct, 6)


def test_folding_multiplies_the_values() -> None:
    """Over the whole kernel, a folded convolution has more values than clusters; the dense kernel has not."""
    stem, project, dense = clustering("clustered").distinct

    assert stem.in_all > 8 >= stem.most_in_row
    assert project.in_all > 8 >= project.most_in_row
    assert dense.in_all <= 8
    # The projection has 8 weights a channel, which 8 clusters can't bound.
    assert [each.is_conclusive(8) for each in (stem, project, dense)] == [True, False, True]


@pytest.mark.parametrize(
    "name",
    ["original", "trained_on", "clustered_then_trained", "clustered_then_pruned", "pruned", "pruned_not_fitted"],
)
def test_other_files_have_many_values(name: str) -> None:
    """A file never clustered, trained on without the wrappers, or pruned afterwards, has more than k values."""
    assert not at_most(clustering(name).distinct, 8)


@pytest.mark.parametrize("name", [*CLUSTERED, "clustered_not_trained", "pruned_then_clustered"])
def test_linear_centroids_are_even(name: str) -> None:
    """Linear initialisation shows after fine-tuning, another conversion and quantisation."""
    found = overall(clustering(name).spacing)

    assert found.points > 50
    assert found.off < EVEN


@pytest.mark.parametrize("name", ["clustered_kmeans", "clustered_density", "pruned_then_clustered_kept"])
def test_other_centroids_are_uneven(name: str) -> None:
    """k-means++, density and sparsity-preserving centroids have few values too, which are not even."""
    found = clustering(name)

    assert at_most(found.distinct, 8)
    assert overall(found.spacing).off > 5 * EVEN
    assert found.shifts[0].mean > 10 * ALIKE


def test_two_clusters_are_judged_by_the_dense_kernel() -> None:
    """With 2 clusters all values are even, and the original's extremes tell linear centroids from others."""
    linear, other = clustering("clustered_2", 2), clustering("clustered_2_kmeans", 2)

    for found in (linear, other):
        assert at_most(found.distinct, 2)
        assert overall(found.spacing).points == 0
    assert linear.shifts[0].largest < ALIKE
    assert other.shifts[0].mean > 10 * ALIKE


def test_centroids_moved_only_by_training() -> None:
    """Not trained, the centroids are exactly those of linear initialisation; trained, they moved a little."""
    untouched, trained = clustering("clustered_not_trained").shifts[0], clustering("clustered").shifts[0]

    assert untouched.largest < 1e-6
    assert 1e-4 < trained.largest < ALIKE


@pytest.mark.parametrize(("name", "tuned"), [("clustered", True), ("clustered_not_trained", False)])
def test_clustered_files_tell_whether_they_were_trained(name: str, tuned: bool) -> None:
    """What clustering leaves alone moved in training and in nothing else."""
    found = tuning(clustering(name).weight_deltas, clustered=True)

    assert found.tuned == tuned
    assert not found.frozen
    assert "bias of CONV_2D 0" in (found.moved if tuned else found.still)
    assert "kernel of DEPTHWISE_CONV_2D 1" in (found.moved if tuned else found.still)


@pytest.mark.parametrize("name", ["pruned", "pruned_int8", "pruned_then_clustered_kept", "pruned_not_trained"])
def test_pruned_files_have_the_zeros(name: str) -> None:
    """A pruned file, also quantised, or clustered with its sparsity kept, has the zeros asked for in each kernel."""
    found = pruning(name)
    zeros = pruned(found.zeros, 0.5, tolerance=0.0)

    assert found.difference == ""
    assert zeros.each
    assert (zeros.zeros, zeros.weights, zeros.near_zeros) == (252, 504, 0)
    assert found.misplaced == ()
    assert [each.misordered for each in found.magnitudes] == [0, 0, 0]
    assert [each.residue for each in found.magnitudes] == [0, 0, 0]


@pytest.mark.parametrize(
    ("name", "near", "residues"),
    [
        ("original", 0, (1, 1)),
        ("pruned_not_fitted", 0, (1, 1)),
        ("pruned_seldom", 0, (0.9, 1.1)),
        ("pruned_then_trained", 0, (0.001, 0.05)),
        ("pruned_then_clustered", 0, (0.1, 0.5)),
        ("pruned_near_zeros", 252, (1e-12, 1e-6)),
    ],
)
def test_files_without_zeros_tell_why(name: str, near: int, residues: tuple[float, float]) -> None:
    """Never pruned, zeros trained away, clustered away, or only nearly zero: the small weights' size tells which."""
    found = pruning(name)
    zeros = pruned(found.zeros, 0.5, tolerance=0.01)

    assert (zeros.zeros, zeros.near_zeros, zeros.within) == (0, near, 0)
    for each in found.magnitudes:
        assert each.residue is not None
        assert residues[0] <= each.residue <= residues[1]


def test_one_global_threshold_is_recognised() -> None:
    """One threshold for all layers makes the zeros asked for in all, and other shares in each."""
    zeros = pruned(pruning("pruned_globally").zeros, 0.5, tolerance=0.01)

    assert zeros.global_threshold
    assert (zeros.zeros, zeros.worst) == (252, "FULLY_CONNECTED 4")


def test_zeros_at_random_are_recognised() -> None:
    """As many zeros as asked for, of any size, are not those of magnitude pruning."""
    found = pruning("pruned_at_random")

    assert pruned(found.zeros, 0.5, tolerance=0.0).each
    assert all(each.misordered > 20 for each in found.magnitudes)


def test_zeros_in_everything_are_recognised() -> None:
    """Pruned biases, depthwise kernels and batch normalisation leave zeros where none belong."""
    found = pruning("pruned_everything")

    assert {(each.kind, each.part) for each in found.misplaced} == {
        ("CONV_2D", "bias"),
        ("CONV_2D", "whole channel"),
        ("DEPTHWISE_CONV_2D", "bias"),
        ("DEPTHWISE_CONV_2D", "depthwise kernel"),
        ("DEPTHWISE_CONV_2D", "whole channel"),
        ("FULLY_CONNECTED", "bias"),
    }


def test_a_bias_of_zeros_is_recognised() -> None:
    """A bias that is all zeros is not in the file at all; it is missed, and the rest compared as ever."""
    found = pruning("pruned_bias")

    assert found.difference == ""
    assert found.misplaced == (Misplaced(4, "FULLY_CONNECTED", "bias", 10, 10),)
    assert pruned(found.zeros, 0.5, tolerance=0.0).each
    assert "kernel of FULLY_CONNECTED 4" in tuning(found.weight_deltas, clustered=False).moved


def test_clusters_lose_to_pruning() -> None:
    """Pruned after clustering, equal weights are zero or not together, so neither count comes out."""
    found = pruning("clustered_then_pruned")

    assert not pruned(found.zeros, 0.5, tolerance=0.01).each
    assert sum(each.misordered for each in found.magnitudes) > 0


@pytest.mark.parametrize(
    ("name", "tuned", "frozen"),
    [("pruned", True, False), ("pruned_not_trained", False, False), ("pruned_frozen", True, True)],
)
def test_pruned_files_tell_what_was_trained(name: str, tuned: bool, frozen: bool) -> None:
    """All parts moved, none, or only those of the layer that was left trainable."""
    found = tuning(pruning(name).weight_deltas, clustered=False)

    assert (found.tuned, found.frozen) == (tuned, frozen)
    if frozen:
        assert found.moved == ("kernel of FULLY_CONNECTED 4", "bias of FULLY_CONNECTED 4")


def test_steps_of_training_show_in_the_dense_layer() -> None:
    """Adam with a rate of 0.0001 moved the dense weights by at most that much in each of 20 steps, and by most of it."""
    (largest,) = [
        each.largest for each in pruning("pruned").weight_deltas if each.kind == "FULLY_CONNECTED" and each.part == "kernel"
    ]

    assert 15 <= largest / 1e-4 <= 20.5


def test_sparse_storage_changes_nothing_else() -> None:
    """A file that stores the non-zeros alone has the same zeros as the dense one, and says so."""
    dense, sparse = pruning("pruned_0.9", 0.9), pruning("pruned_0.9_sparse", 0.9)

    assert pruned(dense.zeros, 0.9, tolerance=0.0).each
    assert not any(each.stored_sparse for each in dense.zeros)
    assert any(each.stored_sparse for each in sparse.zeros)
    assert [each.zeros for each in sparse.zeros] == [each.zeros for each in dense.zeros]
    assert [(each.misordered, each.residue) for each in sparse.magnitudes] == [(0, 0.0)] * 3


@pytest.mark.parametrize(
    ("name", "wrapper"), [("clustered_not_stripped", "clustering"), ("pruned_not_stripped", "pruning")]
)
def test_wrappers_left_in_are_recognised(name: str, wrapper: str) -> None:
    """A file that was not stripped is another network, of twice the size, and names the wrapper."""
    found = clustering(name)

    assert found.wrapper_residue.wrapper == wrapper
    assert found.wrapper_residue.size_ratio > 2
    assert {"VAR_HANDLE", "ASSIGN_VARIABLE"} <= {each.operator for each in found.wrapper_residue.extra}
    assert "operators in the first" in found.difference


@pytest.mark.parametrize("name", [path.stem for path in sorted(DATA.glob("*.tflite")) if "stripped" not in path.stem])
def test_stripped_files_have_nothing_left(name: str) -> None:
    """Every other file has the original's operators, but for those that change a form."""
    found = clustering(name).wrapper_residue

    assert found.wrapper is None
    assert {each.operator for each in found.extra} <= {"DEQUANTIZE", "DENSIFY", "QUANTIZE"}
    assert 0.85 < found.size_ratio < 1.05


def test_kernels_are_paired_along_the_graph() -> None:
    """A file paired with itself has each kernel with its equal; with another network, a reason."""
    data = read("original")
    model = read_model(data)
    found = kernels(weights(data, model))

    pairing = paired(model, found, model, found)

    assert pairing.pairs is not None
    assert [(each.found.operator, each.original.operator) for each in pairing.pairs] == [(0, 0), (1, 1), (2, 2), (4, 4)]
    assert all(np.array_equal(each.found.rows, each.original.rows) for each in pairing.pairs)
    narrower = replace(found[0], rows=found[0].rows[:, 1:])
    for others in (found[1:], (narrower, *found[1:])):
        assert paired(model, others, model, found).reason == "the kernel of CONV_2D 0 has no counterpart"


def test_deflation_orders_the_files() -> None:
    """Fewer values and more zeros compress better; near zeros and wrappers do not."""
    names = ["original", "pruned", "clustered", "clustered_2"]
    shares = [deflation(read(name)) for name in names]

    assert shares == sorted(shares)
    assert deflation(read("pruned_near_zeros")) < deflation(read("pruned")) - 0.05
    assert deflation(read("pruned_0.9")) > deflation(read("pruned")) + 0.05


@pytest.mark.parametrize("name", ["clustered", "pruned_everything", "clustered_not_stripped"])
def test_measurements_cross_as_json(name: str) -> None:
    """All that is measured is plain, finite data that JSON carries there and back."""
    found = measure(read(name), read("original"), clusters=8, sparsity=0.5)

    there = json.loads(json.dumps(plain(found), allow_nan=False))

    assert typed(Compression, there, "compression") == found
    assert json.dumps(asdict(found), allow_nan=False)


def test_what_is_no_model_is_refused() -> None:
    """Anything but a .tflite file is malformed, as for the reader."""
    with pytest.raises(MalformedModel):
        measure(b"none", read("original"))


def test_clusters_under_wrappers_are_compared_all_the_same() -> None:
    """The converter folds clustered kernels into constants: wrappers are all that is different."""
    found = clustering("clustered_not_stripped", 3)
    assert found.difference
    assert found.wrapper_residue.wrapper == "clustering"
    assert at_most(found.distinct, 3)
    assert len(found.shifts) == 1
    assert found.weight_deltas
    assert 1 <= len(found.histograms) <= 2


def test_masked_kernels_as_an_inference_computes_them() -> None:
    """Masked kernels are no constants; computed, they are counted in the graph's order and compared as far as possible."""
    data = read("pruned_not_stripped")
    running = Interpreter(
        model_content=data,
        num_threads=1,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    running.allocate_tensors()
    running.invoke()
    masked = unfinished(read_model(data))
    computed = {operator: running.get_tensor(tensor).copy() for operator, tensor in masked.items()}
    found = measure(data, read("original"), sparsity=0.5, computed=computed)
    without = pruning("pruned_not_stripped")
    assert [each.kind for each in found.distinct] == ["CONV_2D", "CONV_2D", "FULLY_CONNECTED"]
    assert len(without.distinct) < 3
    assert found.difference == without.difference != ""
    assert without.weight_deltas == ()
    assert found.weight_deltas
    assert pruned(found.zeros, 0.5, tolerance=0.0).each


def test_another_network_is_not_compared_by_order() -> None:
    """A file without wrappers whose graph is another one is compared with nothing."""
    found = measure(read("original"), read("clustered_not_stripped"), clusters=8)
    assert found.difference
    assert found.wrapper_residue.wrapper is None
    assert (found.weight_deltas, found.shifts, found.misplaced) == ((), (), ())


def test_a_kernel_that_is_not_there_has_no_counterpart() -> None:
    """It is not any other kernel of the same shape."""
    data = read("original")
    model = read_model(data)
    first = next(kernel for kernel in kernels(weights(data, model)) if kernel.operator == 1)
    pairing = paired(model, [first], model, [replace(first, operator=99)])
    assert pairing.pairs is None
    assert pairing.reason == f"the kernel of {first.kind} 99 has no counterpart"
