"""Whether a file is of a given network: real files of one network in every form, and networks that are not it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graders.core.paths import FIXTURES
from graders.measure.likeness import kernels_alike, outputs_alike
from graders.measure.scorer.operations import files
from graders.measure.tflite.reader import read_model
from graders.measure.tflite.weights import weights

DATA = Path(__file__).resolve().parents[1] / "data" / "tflite"
POCKET = FIXTURES / "models" / "pocket_pets"
SEED = 12


def alike(path: Path, given: Path) -> float:
    """How alike a file's kernels are to a given one's."""
    facts, _ = files.lineage(str(path), str(given), None)
    return float(facts["lineage"]["given"])


@pytest.mark.parametrize(
    "name",
    ["float32_concrete", "float16", "float_io", "uint8_io", "int16x8", "int8", "int8_concrete",
     "int8_other_calibration"],
)  # fmt: skip
def test_a_network_is_known_in_every_form(name: str) -> None:
    """Other converters, types and calibrations leave the kernels."""
    assert alike(DATA / f"{name}.tflite", DATA / "float32.tflite") > 0.99


@pytest.mark.parametrize("name", ["clustered-2", "clustered-4", "pruned-0.5"])
def test_a_compressed_network_is_known(name: str) -> None:
    """Two clusters are the most that is done to kernels."""
    assert alike(POCKET / "compressed" / f"{name}.tflite", POCKET / "fp32.tflite") > 0.8


def test_other_networks_are_not() -> None:
    """Neither a file without kernels of these sizes, nor one that has not the same values."""
    assert abs(alike(DATA / "float32.tflite", POCKET / "fp32.tflite")) < 0.1
    assert alike(POCKET / "fp32.tflite", DATA / "branches_float32.tflite") < 0.2


def test_order_layout_and_scales_do_not_count() -> None:
    """Kernels in another order, transposed, with normalisation folded in or quantised are the same."""
    draw = np.random.default_rng(SEED)
    convolution, dense = draw.normal(size=(8, 3, 3, 4)), draw.normal(size=(10, 30))
    scaled = convolution * draw.uniform(-3, 3, (8, 1, 1, 1))
    assert kernels_alike([dense, convolution], [convolution, dense]) == pytest.approx(1)
    assert kernels_alike([dense.T, scaled], [convolution, dense]) == pytest.approx(1)
    assert kernels_alike([np.round(dense * 40), np.round(convolution * 40)], [convolution, dense]) > 0.99


def test_freshly_drawn_kernels_are_not_alike() -> None:
    """The same network built again has nothing of the weights."""
    draw = np.random.default_rng(SEED)
    shapes = [(8, 3, 3, 4), (1, 3, 3, 8), (24, 1, 1, 8), (10, 30)]
    one, two = ([draw.normal(size=shape) for shape in shapes] for _ in range(2))
    assert abs(kernels_alike(one, two)) < 0.2


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0, 7.0])
def test_kernels_without_information_are_like_nothing(value: float) -> None:
    """Kernels of NaN, of infinities and of one number, and those that are not there."""
    kernel = np.random.default_rng(SEED).normal(size=(10, 30))
    assert kernels_alike([np.full_like(kernel, value)], [kernel]) == 0
    assert kernels_alike([kernel], [np.full_like(kernel, value)]) == 0
    assert kernels_alike([], [kernel]) == 0


def test_outputs_are_compared_by_how_they_follow_the_images() -> None:
    """What classes score on average is no likeness; a common factor, noise of rounding and a shift are no difference."""
    draw = np.random.default_rng(SEED)
    scores = draw.normal(size=(40, 37))
    classes = 100 * np.arange(37)
    assert outputs_alike(3 * scores + classes, scores) == pytest.approx(1)
    assert outputs_alike(np.round(scores * 10), scores) > 0.99
    assert outputs_alike(np.tile(classes, (40, 1)), scores + classes) == 0
    assert abs(outputs_alike(draw.normal(size=(40, 37)) + classes, scores + classes)) < 0.2
    assert outputs_alike(np.where(scores > 2, np.nan, scores), scores) == 0
    assert outputs_alike(scores[:, :36], scores) == 0


@pytest.mark.parametrize("part", ["kernel_tensor", "bias_tensor"])
def test_weights_that_are_no_numbers_are_noticed(part: str, tmp_path: Path) -> None:
    """One NaN, in a kernel or in a bias, whatever the rest is like."""
    data = bytearray((POCKET / "fp32.tflite").read_bytes())
    last = weights(bytes(data), read_model(bytes(data)))[-1]
    stored = getattr(last, part).stored
    data[stored.offset : stored.offset + 4] = np.float32(np.nan).tobytes()
    changed = tmp_path / "changed.tflite"
    changed.write_bytes(data)
    facts = [files.lineage(str(path), str(POCKET / "fp32.tflite"), None)[0] for path in (POCKET / "fp32.tflite", changed)]
    assert [each["lineage"]["finite"] for each in facts] == [True, False]
