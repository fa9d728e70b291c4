"""The reference, graded as people grade it: it loses nothing, and nothing of the grader fails on the way."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from graders.core.paths import REPOSITORY
from graders.framework import registry

# Of a lab that takes minutes, some runs of each kind; docs/test_same_again.py grades all of them.
PARTS = {"l03_pruning_clustering": "base or clustered-2 or pruned-0.2 or summary"}
WHOLE, UNSCORED = {"earned", "pending"}, {"earned", "pending", "unscored"}


@pytest.mark.parametrize("lab", [entry.lab.id for entry in registry.select_labs([])])
def test_the_reference_loses_nothing(lab: str, tmp_path: Path) -> None:
    """Each criterion that was looked at is earned or waits for manual grading."""
    words = [sys.executable, "-m", "pytest", "graders", "--submission=reference", f"--lab={lab}"]
    whole = lab not in PARTS
    words += [] if whole else ["-k", PARTS[lab]]
    words += ["--no-cache", "-p", "no:cacheprovider", "--wall-limit=600", f"--report-dir={tmp_path}"]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == (0 if whole else 3), done.stdout + done.stderr
    (card,) = json.loads((tmp_path / "scorecard.json").read_text(encoding="utf-8"))["labs"]
    # A bonus that the reference does not go for costs nothing.
    verdicts = [each["verdict"] for each in card["criteria"] if each["maximum"]]
    assert set(verdicts) <= (WHOLE if whole else UNSCORED)
    assert verdicts.count("earned") >= 5
    # Each file's cost on a device: its arena, or why there is none.
    assert len(card["device"]) >= 2
    for file in card["device"]:
        assert file["macs"] > 0, file
        assert file["accuracy"] is not None, file
        assert bool(file["reason"]) == (file["arena"] is None), file
        assert file["agreement"] is None or file["agreement"]["agree"], file
