"""Images that may hold what a summary's text does not state: a screenshot of a table, a chart."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from graders.written.claims.image_claims import Shown
from graders.written.claims.model import QUALITY, Quantity
from graders.written.claims.normalization import normal
from graders.written.claims.vocabulary import finder

_NEAR = 2
_SEVERAL = "pictured"
_MATRIX = "matrix"
_LISTS = (_SEVERAL, _MATRIX, *(one.value for one in QUALITY), "accuracy_or_precision", "time_ms", "bytes", "zipped",
          "deflation")  # fmt: skip
_EITHER = {"accuracy_or_precision": QUALITY, "zipped": (Quantity.ZIP_BYTES,)}


def images_with(quantities: AbstractSet[Quantity], shown: Sequence[Shown]) -> tuple[Shown, ...]:
    """The images that may show one of these quantities: by their names, by what the text says beside them. Those of
    one variant are its confusion matrix.
    """
    return tuple(one for one in shown if not one.problem and not one.variant and _may_show(one, quantities))


def _may_show(one: Shown, quantities: AbstractSet[Quantity]) -> bool:
    stem = posixpath.splitext(posixpath.basename(one.image.target))[0][:200]
    text = normal(" ".join((stem, one.image.alternative, *one.image.near[:_NEAR]))[:400].replace("_", " "))
    names = finder(*_LISTS).names(text)
    if _MATRIX in names:
        return False
    known = {quantity.value: (quantity,) for quantity in Quantity} | _EITHER
    return _SEVERAL in names or any(not quantities.isdisjoint(known.get(name, ())) for name in names)
