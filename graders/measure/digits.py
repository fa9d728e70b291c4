"""The digits that quality is graded on: a held-back part of the data, each rotated, scaled and shifted a little.

The distortion is drawn from the grading's seed, so these images exist in no template and no repository.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SIDE = 28
TURN, SCALE, SHIFT = 10.0, 0.08, 1.5
"""At most: degrees, share of the size, pixels."""
SEED_OFFSET = 3 << 32


@dataclass(frozen=True, eq=False)
class Digits:
    """Grey pictures, uint8 (n, 28, 28), and what each shows, 0 to 9."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]


def draw(path: Path, count: int, seed: int, names: tuple[str, str] = ("x", "y")) -> Digits:
    """So many of the digits in a ``.npz`` file, disturbed; the same seed draws the same."""
    with np.load(path, allow_pickle=False) as stored:
        images, labels = stored[names[0]], stored[names[1]]
    random = np.random.Generator(np.random.PCG64(SEED_OFFSET + seed))
    chosen = random.permutation(len(images))[:count]
    return Digits(disturbed(images[chosen], random), labels[chosen].astype(np.int64))


def disturbed(images: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Each picture turned, scaled and shifted about its middle, with linear interpolation."""
    count = len(images)
    angle = np.deg2rad(random.uniform(-TURN, TURN, count))
    scale = 1 + random.uniform(-SCALE, SCALE, count)
    shift = random.uniform(-SHIFT, SHIFT, (count, 2))
    middle = (SIDE - 1) / 2
    row, column = np.mgrid[0:SIDE, 0:SIDE] - middle
    cosine, sine = (np.cos(angle) / scale)[:, None, None], (np.sin(angle) / scale)[:, None, None]
    rows = cosine * row - sine * column + middle + shift[:, :1, None]
    columns = sine * row + cosine * column + middle + shift[:, 1:, None]
    padded = np.pad(images.astype(np.float64), ((0, 0), (1, 2), (1, 2)))
    rows, columns = np.clip(rows, -1, SIDE), np.clip(columns, -1, SIDE)
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    down, right = rows - top, columns - left
    which = np.arange(count)[:, None, None]
    top, left = top + 1, left + 1
    upper = padded[which, top, left] * (1 - right) + padded[which, top, left + 1] * right
    lower = padded[which, top + 1, left] * (1 - right) + padded[which, top + 1, left + 1] * right
    turned: NDArray[np.uint8] = np.rint(upper * (1 - down) + lower * down).astype(np.uint8)
    return turned
