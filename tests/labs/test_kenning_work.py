"""What counts as work, and what all runs of Kenning's lab show together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graders.core.errors import RunError
from graders.labs.kenning_compression.work import overview, require_work, share_of_zeros

from .kenning_weights import NONE, STILL, layer, optimized


def test_work() -> None:
    """Changed weights are work, and so is training; the given model, or no file, is none."""
    require_work(optimized(layer(30)))
    require_work(optimized(layer(same=True), training=replace(STILL, moved=True)))
    with pytest.raises(RunError, match="no optimizer changed the model"):
        require_work(optimized(layer(same=True)))
    with pytest.raises(RunError, match="no file was written"):
        require_work(replace(optimized(layer()), weights=NONE))


def test_whether_anything_is_pruned() -> None:
    """One run with zeros is enough; a few runs without any say nothing, and neither do runs that failed."""
    assert share_of_zeros(optimized(layer(30)).weights.get()) == 0.3
    assert overview([optimized(layer())] * 3).prunes
    assert overview([optimized(layer())] * 4 + [optimized(layer(30)), None]).prunes
    assert not overview([optimized(layer())] * 4 + [None]).prunes
    assert not overview([replace(optimized(layer()), weights=NONE)] * 4).prunes
