"""The same submission, the same score: to the byte, times aside."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from graders.scoring import without_times

ROOT = Path(__file__).resolve().parents[2]


def grade(submission: str, folder: Path) -> dict[str, Any]:
    """Grades in a process of its own; the scorecard."""
    argv = [sys.executable, "-m", "pytest", "graders", f"--submission={submission}", f"--report-dir={folder}", "-q"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    scorecard: dict[str, Any] = json.loads((folder / "scorecard.json").read_text(encoding="utf-8"))
    return scorecard


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Two gradings of the reference, one after the other; nothing is kept between them."""
    return [grade("reference", tmp_path_factory.mktemp(f"time{number}")) for number in (1, 2)]


def test_scorecards_are_identical(twice: list[dict[str, Any]]) -> None:
    """Two gradings of one submission differ in nothing but durations and what code printed."""
    assert without_times(twice[0]) == without_times(twice[1])


def test_artefacts_are_identical(twice: list[dict[str, Any]]) -> None:
    """Every run leaves the same bytes each time, the reference's own kept files among them."""
    hashes = [
        {run["run"]: run["evidence"].get("sha256") for lab in card["labs"] for run in lab["runs"]} for card in twice
    ]
    assert hashes[0] == hashes[1]
    files = {name for name, digest in hashes[0].items() if digest}
    assert {"fp32", "int8-0.01", "int8-drawn", "imbalanced"} <= files
    assert len(set(hashes[0].values())) > 5, "calibration shares give different files"


def test_the_reference_earns_everything(twice: list[dict[str, Any]]) -> None:
    """The reference earns every automatic point of every lab."""
    for lab in twice[0]["labs"]:
        assert lab["points"]["earned"] == lab["points"]["automatic"]
    assert twice[0]["points"]["earned"] == twice[0]["points"]["automatic"] > 0
