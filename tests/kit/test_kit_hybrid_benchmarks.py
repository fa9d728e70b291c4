"""What the decomposition lab's benchmarks measure, on files whose figures are known."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def measures(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The benchmarks' module."""
    monkeypatch.syspath_prepend(repository / "benchmarks")
    monkeypatch.delitem(sys.modules, "hybrid_measures", raising=False)
    import hybrid_measures

    return hybrid_measures


@pytest.fixture
def files(repository: Path) -> Path:
    """The models of labs 2 and 3, whose costs docs/device.md has."""
    return repository / "fixtures" / "models" / "pocket_pets"


def test_weights_without_zeros_count_in_full(measures: Any, files: Path) -> None:
    """A model that was never pruned has no MACs to save."""
    found = measures.measure(files / "fp32.tflite")

    assert (found.size, found.macs) == (126_504, 13_847_040)
    assert found.useful_macs == found.macs
    assert found.deflated < found.size


def test_zeros_do_not_count(measures: Any, files: Path) -> None:
    """Half of the weights of ordinary convolutions and dense layers are zero; depthwise ones are not pruned."""
    found = measures.measure(files / "compressed" / "pruned-0.5.tflite")

    assert found.macs == 13_847_040
    assert 0.5 < found.useful_macs / found.macs < 0.65


def test_the_arena_is_that_of_the_device_page(measures: Any, files: Path) -> None:
    """TensorFlow Lite Micro's own figure."""
    found = measures.arena(files / "fp32.tflite")
    if found is None:
        pytest.skip("tflite-micro is not installed")

    assert found == 1_013_936
