"""The benchmark of training and noise, on lab 3's shipped files: both are on their side of the threshold by far."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from graders.core.paths import LABS, REPOSITORY
from graders.framework.lab_toml import load

SCRIPT = REPOSITORY / "benchmarks" / "training_evidence.py"


def test_the_references_files_are_far_from_noise(tmp_path: Path) -> None:
    """Right files are conclusive, and none of the imitations comes near the threshold."""
    specification = importlib.util.spec_from_file_location("training_evidence", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    script = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(script)
    lab = load(LABS / "l03_pruning_clustering")
    least = lab.thresholds["coherence"]
    rows = list(script.compression_rows(tmp_path))
    assert [len(right) for _, right, _ in rows] == [9, 6]
    for _, right, imitations in rows:
        assert min(right) > lab.settings["conclusive"] * least
        assert max(imitations) < least / 2
