"""The same submission, the same score: to the byte, times aside, whether it is graded again or cached."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from graders.scoring import without_times

ROOT = Path(__file__).resolve().parents[2]
L02 = "dl_in_iot_course/l02_quantization/quantization_experiments.py"
L03 = "dl_in_iot_course/l03_pruning_clustering/pruning_clustering_experiments.py"
FEW = "test_native or (test_fp32 and not latency) or test_base"
FEW_RUNS = 3
# Servers that must not be used: what is cached needs no TensorFlow.
NO_SERVERS = """
import tempfile
from pathlib import Path

class Unused:
    def __getattr__(self, name):
        raise AssertionError(f"the servers are used: {name}")

def pytest_optgrade_servers():
    from graders.caching.shared import SharedCachePool
    from graders.pipeline.servers import ServerPool
    scratch = Path(tempfile.mkdtemp(prefix="optgrade-"))
    return ServerPool(Unused(), Unused(), scratch, SharedCachePool(scratch / "shared"))
"""


@dataclass(frozen=True)
class Grader:
    """Grades in processes of their own that share a store."""

    folder: Path

    def __call__(self, submission: str | Path, *more: str) -> dict[str, Any]:
        """The scorecard."""
        out = self.folder / f"report-{sum(1 for _ in self.folder.iterdir())}"
        argv = [sys.executable, "-m", "pytest", *more, "graders", f"--submission={submission}", f"--report-dir={out}"]
        environment = os.environ | {"PYTHONPATH": str(self.folder), "OPTGRADE_CACHE": str(self.folder / "store")}
        done = subprocess.run(
            [*argv, "-q"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900, check=False
        )
        assert done.returncode in (0, 1, 3), done.stdout + done.stderr
        scorecard: dict[str, Any] = json.loads((out / "scorecard.json").read_text(encoding="utf-8"))
        return scorecard


@pytest.fixture(scope="module")
def grade(tmp_path_factory: pytest.TempPathFactory) -> Grader:
    """A grader with a store of its own."""
    folder = tmp_path_factory.mktemp("gradings")
    (folder / "no_servers.py").write_text(NO_SERVERS)
    return Grader(folder)


@pytest.fixture(scope="module")
def three(grade: Grader) -> list[dict[str, Any]]:
    """Gradings of the reference: one that fills the cache, one without a cache, one from the cache."""
    return [grade("reference"), grade("reference", "--no-cache"), grade("reference", "-p", "no_servers")]


def runs(scorecard: Mapping[str, Any]) -> tuple[int, int]:
    """How many runs were executed, and how many results are of an earlier grading."""
    return int(scorecard["timing"]["student_runs"]), int(scorecard["timing"]["kept_runs"])


def test_scorecards_are_identical(three: list[dict[str, Any]]) -> None:
    """Gradings of one submission differ in nothing but durations and what code printed."""
    first, again, cached = (without_times(card) for card in three)
    assert first == again
    assert first == cached


def test_what_was_executed(three: list[dict[str, Any]]) -> None:
    """Everything, the first two times; nothing, the third, for which no server was started."""
    count = sum(len(lab["runs"]) for lab in three[0]["labs"])
    assert [runs(card) for card in three] == [(count, 0), (count, 0), (0, count)]


def test_artifacts_are_identical(three: list[dict[str, Any]]) -> None:
    """Every run leaves the same bytes each time, the reference's own files among them."""
    hashes = [
        {run["run"]: run["evidence"].get("sha256") for lab in card["labs"] for run in lab["runs"]} for card in three
    ]
    assert hashes[0] == hashes[1]
    files = {name for name, digest in hashes[0].items() if digest}
    assert {"fp32", "int8-0.01", "int8-drawn", "imbalanced"} <= files
    assert len(set(hashes[0].values())) > 5, "calibration shares give different files"


def test_the_reference_earns_everything(three: list[dict[str, Any]]) -> None:
    """The reference earns every automatic point of every lab."""
    for lab in three[0]["labs"]:
        assert lab["points"]["earned"] == lab["points"]["automatic"]
    assert three[0]["points"]["earned"] == three[0]["points"]["automatic"] > 0


def test_the_reference_s_files_have_a_cost_on_a_device(three: list[dict[str, Any]]) -> None:
    """Each .tflite file's: its arena, or why there is none."""
    files = [file for lab in three[0]["labs"] for file in lab.get("device", [])]
    assert len(files) >= 6
    for file in files:
        assert file["macs"] > 0, file
        assert file["accuracy"] is not None, file
        assert bool(file["reason"]) == (file["arena"] is None), file
        assert file["agreement"] is None or file["agreement"]["agree"], file


def add(folder: Path, file: str) -> None:
    """Adds an empty comment to a file."""
    with (folder / file).open("a", encoding="utf-8") as stream:
        stream.write("\n#\n" if file.endswith(".py") else "\n")


@pytest.mark.parametrize(
    ("change", "cached"),
    [
        (lambda folder: None, 3),
        (lambda folder: add(folder, "summaries/l02_quantization/README.md"), 3),
        (lambda folder: add(folder, "README.md"), 3),
        (lambda folder: add(folder, L03), 2),
        # Lab 3's reference imports lab 2's classes.
        (lambda folder: add(folder, L02), 0),
        (lambda folder: (folder / "dl_in_iot_course/l02_quantization/helper.py").write_text(""), 0),
    ],
    ids=["nothing", "a summary", "a text", "lab 3", "lab 2, on which lab 3 depends", "a new file of lab 2"],
)
def test_only_what_depends_on_a_change_runs(
    three: list[dict[str, Any]], grade: Grader, tmp_path: Path, change: Callable[[Path], Any], cached: int
) -> None:
    """Runs whose files are as they were are not executed again, in whichever folder they lie."""
    folder = tmp_path / "copy"
    shutil.copytree(ROOT / "reference", folder, ignore=shutil.ignore_patterns("__pycache__"))
    change(folder)
    assert runs(grade(folder, "-k", FEW)) == (FEW_RUNS - cached, cached)


def test_a_part_graded_first_changes_nothing(grade: Grader, tmp_path: Path) -> None:
    """What is read beside runs that were never asked for is not taken for what is read beside runs that failed."""
    submission = tmp_path / "submission"
    shutil.copytree(ROOT / "reference" / "mnist_compression", submission / "mnist_compression")
    (submission / "mnist_compression" / "quantization_and_pruning.ipynb").write_text("{", encoding="utf-8")
    grade(submission, "--lab=mnist", "-k", "test_report")
    after, again = grade(submission, "--lab=mnist"), grade(submission, "--lab=mnist", "--no-cache")
    assert without_times(after) == without_times(again)
    found = {each["id"]: each["verdict"] for each in after["labs"][0]["criteria"]}
    assert found["mnist.report.claims"] == "lost"
