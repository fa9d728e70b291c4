"""Whether a picture shows a confusion matrix of a model that is often right: a diagonal that stands out.

Nothing is read of the picture but this. Colours, sizes, labels, and where in the picture the matrix is, are free.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGEST = 96
"""The longer side, in pixels, of what is looked at."""
SMALLEST_SHARE = 0.35
"""The least that a matrix takes of the picture's height or width."""
ASPECTS = (0.75, 0.87, 1.0, 1.15, 1.33)
STEP = 3
SAMPLES = 30
BESIDE = (-0.4, -0.25, -0.12, 0.12, 0.25, 0.4)
"""Where beside the diagonal its surroundings are looked at, as shares of the matrix's width."""
COLOURS = 3

Grey = NDArray[Any]


def diagonal_contrast(pixels: NDArray[np.uint8]) -> float:
    """How far the best diagonal stands out from its surroundings, 0 to 1; about 0 where there is none.

    :param pixels: (height, width, 3), with no side longer than :data:`LARGEST`.
    """
    found = 0.0
    for grey in _from_backgrounds(pixels):
        for flipped in (grey, grey[:, ::-1]):
            found = max(found, _best(flipped))
    return found


def _from_backgrounds(pixels: NDArray[np.uint8]) -> Iterator[Grey]:
    """The distance of each pixel from each of the most frequent colours: cells of zero have one of these."""
    coarse = (pixels >> 4).astype(np.int64)
    codes = (coarse[..., 0] << 8 | coarse[..., 1] << 4 | coarse[..., 2]).ravel()
    values, counts = np.unique(codes, return_counts=True)
    for code in values[np.argsort(-counts, kind="stable")[:COLOURS]]:
        colour = pixels.reshape(-1, 3)[codes == code].astype(np.float32).mean(axis=0)
        distance = np.abs(pixels.astype(np.float32) - colour).max(axis=2)
        top = float(np.quantile(distance, 0.995))
        if top > 0:
            yield np.minimum(distance / top, 1).astype(np.float32)


def _best(grey: Grey) -> float:
    height, width = grey.shape
    best = 0.0
    for tall in range(max(8, int(SMALLEST_SHARE * height)), height + 1, STEP):
        for wide in sorted({round(tall * aspect) for aspect in ASPECTS}):
            if 8 <= wide <= width and wide >= SMALLEST_SHARE * width:
                best = max(best, _at(grey, tall, wide))
    return best


def _at(grey: Grey, tall: int, wide: int) -> float:
    """The best contrast of the diagonals of this height and width, wherever in the picture they begin."""
    on = _mean(grey, tall, wide, 0.0)
    off = [_mean(grey, tall, wide, share) for share in BESIDE]
    return float((on - 2 * np.mean(off, axis=0)).max())


def _mean(grey: Grey, tall: int, wide: int, beside: float) -> Grey:
    """The mean along a line beside the diagonal, for each place where the diagonal may begin."""
    rows, columns = grey.shape[0] - tall + 1, grey.shape[1] - wide + 1
    total, count = np.zeros((rows, columns), np.float32), 0
    for share in (np.arange(SAMPLES) + 0.5) / SAMPLES:
        if not 0 <= share + beside < 1:
            continue
        y, x = int(share * tall), int((share + beside) * wide)
        total += grey[y : y + rows, x : x + columns]
        count += 1
    return total / np.float32(max(1, count))
