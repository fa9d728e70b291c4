"""Whether a picture shows a confusion matrix of a model that is often right: the reference's own, noise, photographs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from graders.core.paths import FIXTURES, REFERENCE
from graders.framework.summary_support import LEAST_CONTRAST
from graders.measure.matrix_pictures import LARGEST, diagonal_contrast
from graders.measure.scorer.operations import pictures
from graders.measure.scorer.operations.answers import Unmeasurable

IMAGES = REFERENCE / "summaries"
SEED = 4


def contrast(path: Path) -> float:
    facts, _ = pictures.matrix_contrast(str(path))
    return float(facts["contrast"])


@pytest.mark.parametrize(
    "name",
    ["l02_quantization/img/native", "l02_quantization/img/tflite-imbint8", "l03_pruning_clustering/img/clustered-8-fp32",
     "l03_pruning_clustering/img/pruned-0.5-fp32"],
)  # fmt: skip
def test_matrices_have_a_diagonal(name: str) -> None:
    """Those of accuracies from 0.59 to 0.9."""
    assert contrast(IMAGES / f"{name}-confusion-matrix.png") > 2 * LEAST_CONTRAST


def test_a_model_that_is_never_right_has_none() -> None:
    """With two clusters, one class is predicted for everything."""
    assert contrast(IMAGES / "l03_pruning_clustering/img/clustered-2-fp32-confusion-matrix.png") < LEAST_CONTRAST / 2


def drawn(cells: NDArray[np.float64], low: tuple[int, int, int], high: tuple[int, int, int]) -> NDArray[np.uint8]:
    """A matrix in a corner of a white picture, its cells coloured between two colours."""
    canvas = np.full((90, LARGEST, 3), 255, np.uint8)
    big = np.kron(cells, np.ones((2, 2)))[..., None]
    colours = np.array(low) + big * (np.array(high) - np.array(low))
    canvas[6 : 6 + big.shape[0], 14 : 14 + big.shape[1]] = colours.astype(np.uint8)
    return canvas


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize(
    ("low", "high"),
    [((255, 255, 255), (0, 0, 120)), ((68, 1, 84), (253, 231, 37)), ((0, 0, 0), (255, 255, 255)), ((0, 0, 128), (128, 0, 0))],
)  # fmt: skip
def test_colours_and_direction_are_free(low: tuple[int, int, int], high: tuple[int, int, int], flip: bool) -> None:
    """White to blue, dark to yellow, black to white, blue to red; the first class above or below."""
    draw = np.random.default_rng(SEED)
    cells = np.eye(37) * draw.uniform(0.3, 0.9, 37) + draw.random((37, 37)) * 0.03
    assert diagonal_contrast(drawn(cells[::-1] if flip else cells, low, high)) > LEAST_CONTRAST


@pytest.mark.parametrize("side", [10, 37, 90])
def test_noise_has_none(side: int) -> None:
    """Neither noise of pixels, nor of blocks that look like cells."""
    noise = np.random.default_rng(SEED).integers(0, 256, (side, side, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((90, 90), Image.Resampling.NEAREST)
    assert diagonal_contrast(np.asarray(picture)) < LEAST_CONTRAST / 2


def test_photographs_and_plain_pictures_have_none() -> None:
    """What is no plot at all."""
    for path in sorted((FIXTURES / "datasets/pocket_pets/images").glob("*.jpg"))[::300]:
        assert contrast(path) < LEAST_CONTRAST
    for grey in (0, 128, 255):
        assert diagonal_contrast(np.full((60, 80, 3), grey, np.uint8)) == 0
    assert diagonal_contrast(np.zeros((1, 1, 3), np.uint8)) == 0


def test_transparent_pictures_are_shown_on_white(tmp_path: Path) -> None:
    """A matrix in black on nothing is one on white."""
    matrix = np.zeros((74, 74, 4), np.uint8)
    matrix[..., 3] = np.kron(np.eye(37), np.ones((2, 2))) * 255
    Image.fromarray(matrix).save(tmp_path / "matrix.png")
    assert contrast(tmp_path / "matrix.png") > LEAST_CONTRAST


@pytest.mark.parametrize("cut", [40, 3000])
def test_damaged_pictures_are_the_students(cut: int, tmp_path: Path) -> None:
    """Whatever decoding raises is the picture's fault."""
    data = (IMAGES / "l02_quantization/img/native-confusion-matrix.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[:cut])
    with pytest.raises(Unmeasurable, match="can't be shown"):
        contrast(tmp_path / "cut.png")
