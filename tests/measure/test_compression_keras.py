"""Kernels of two Keras files in pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.measure.compression import DENSE, count_zeros, distinct_values, layer_of, misplaced_zeros, pair_keras

Arrays = dict[str, NDArray[Any]]
RANDOM = np.random.Generator(np.random.PCG64(7))


def given() -> Arrays:
    """A small network of each kind of layer."""
    shapes: dict[str, tuple[int, ...]] = {
        "conv/conv/kernel": (3, 3, 2, 4),
        "conv/conv/bias": (4,),
        "depthwise/depthwise/depthwise_kernel": (3, 3, 4, 1),
        "depthwise/depthwise/bias": (4,),
        "norm/norm/gamma": (4,),
        "scores/scores/kernel": (4, 3),
        "scores/scores/bias": (3,),
    }
    return {f"model_weights/{name}:0": RANDOM.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def test_the_same_file() -> None:
    """Every kernel has its partner and nothing has changed."""
    arrays = given()
    pairs = pair_keras(arrays, arrays)
    assert (list(pairs.pairs), pairs.changed, pairs.difference, pairs.wrappers) == (
        ["conv", "depthwise", "scores"],
        (),
        "",
        (),
    )
    kernel = pairs.pairs["conv"].found
    assert kernel.rows.shape == (4, 18)
    assert kernel.bias is arrays["model_weights/conv/conv/bias:0"]
    assert [each.found.compressible for each in pairs.pairs.values()] == [True, False, True]
    assert pairs.pairs["scores"].found.kind == DENSE


def test_values_are_counted_over_the_whole_kernel() -> None:
    """Batch normalisation is no part of a kernel, so equal weights are equal across channels."""
    arrays = given()
    name = "model_weights/conv/conv/kernel:0"
    clustered = {**arrays, name: np.sign(arrays[name])}
    assert distinct_values(pair_keras(clustered, arrays).pairs["conv"].found).counted == 2


def test_wrappers_left_in() -> None:
    """Wrapped layers have other folders and arrays of their own."""
    arrays = given()
    wrapped = {
        name.replace("model_weights/conv/", "model_weights/prune_low_magnitude_conv/"): each
        for name, each in arrays.items()
    }
    wrapped["model_weights/prune_low_magnitude_conv/conv/mask:0"] = np.ones((3, 3, 2, 4), np.float32)
    pairs = pair_keras(wrapped, arrays)
    assert (pairs.difference, len(pairs.pairs)) == ("", 3)
    assert pairs.wrappers == ("model_weights/prune_low_magnitude_conv/conv/mask:0",)


def test_another_network() -> None:
    """What has no counterpart is named."""
    arrays = given()
    other = {**arrays, "model_weights/scores/scores/kernel:0": np.zeros((4, 7), np.float32)}
    assert pair_keras(other, arrays).difference == "no kernel of 4 x 3 numbers, as the layer scores has"
    assert pair_keras({}, arrays).pairs == {}


def test_layers_of_one_shape_are_told_apart() -> None:
    """By their names first, whatever the order in the file is."""
    arrays = {f"model_weights/{name}/{name}/kernel:0": RANDOM.normal(size=(3, 3)) for name in ("b", "a")}
    pairs = pair_keras(dict(sorted(arrays.items())), arrays)
    assert pairs.changed == ()
    assert all((pair.found.rows == pair.original.rows).all() for pair in pairs.pairs.values())


def test_zeros_and_what_changed() -> None:
    """Zeros of biases are misplaced; arrays that are no kernels are named if they changed."""
    arrays = given()
    bias = "model_weights/conv/conv/bias:0"
    pairs = pair_keras({**arrays, bias: np.zeros(4, np.float32)}, arrays)
    assert pairs.changed == (bias,)
    assert [(each.part, each.zeros) for each in misplaced_zeros(pairs.pairs.values())] == [("bias", 4)]
    assert count_zeros(pairs.pairs["conv"].found).zeros == 0
    assert layer_of(bias) == "conv"


def test_kernels_of_clustering_wrappers() -> None:
    """A wrapped layer computes with centroids, whatever its kernel still is; indices that lead nowhere change nothing."""
    before = {"model_weights/a/a/kernel:0": np.arange(6, dtype=np.float32).reshape(2, 3)}
    kernel = "model_weights/cluster_a/a/kernel:0"
    wrapper = "model_weights/cluster_a/cluster_a"
    wrapped = {
        f"{wrapper}/cluster_centroids_kernel:0": np.array([7, 9], np.float32),
        f"{wrapper}/pulling_indices_kernel:0": np.array([[0, 1, 1], [0, 0, 1]], np.int64),
        kernel: before["model_weights/a/a/kernel:0"],
    }
    pairs = pair_keras(wrapped, before)
    assert len(pairs.wrappers) == 2
    (computed,) = pairs.arrays.values()
    assert computed.tolist() == [[7, 9, 9], [7, 7, 9]]
    for indices in (np.array([[0, 1, 2], [0, 0, 1]]), np.zeros((2, 3)), np.zeros(6, np.int64), np.array([[0, 1, -1]] * 2)):
        lies = {**wrapped, f"{wrapper}/pulling_indices_kernel:0": indices}
        (left,) = pair_keras(lies, before).arrays.values()
        assert left.tolist() == [[0, 1, 2], [3, 4, 5]]
