"""What the scorer's process sees in a picture of a summary."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from PIL import Image

from graders.measure.matrix_pictures import LARGEST, diagonal_contrast
from graders.measure.scorer.operations.answers import Answer, Unmeasurable, one_line

FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
MOST_PIXELS = 24 << 20
# What a decoder raises for damaged pictures.
DAMAGED = (
    OSError, ValueError, SyntaxError, EOFError, MemoryError, OverflowError, LookupError, TypeError, AttributeError,
    struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip


def matrix_contrast(path: str) -> Answer:
    """How far a diagonal stands out in a picture, 0 to 1: see :mod:`graders.measure.matrix_pictures`."""
    try:
        with Image.open(path, formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise Unmeasurable(f"it has {opened.width} x {opened.height} pixels")
            opened.draft("RGB", (4 * LARGEST, 4 * LARGEST))
            picture = opened.convert("RGBA")
    except DAMAGED as error:
        raise Unmeasurable(f"the picture can't be shown: {one_line(error)}") from None
    # Browsers show what is transparent on white.
    flat = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    flat.thumbnail((LARGEST, LARGEST), Image.Resampling.BOX)
    return {"contrast": diagonal_contrast(np.asarray(flat))}, {}
