"""The scorer's look at compressed files: wrappers left in, the reference's kept files, and files that can't be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.core.errors import RunError
from graders.core.paths import LABS
from graders.core.verdicts import Verdict
from graders.framework.lab_toml import load
from graders.labs.l03_pruning_clustering.plan import FOLDER, Target, targets
from graders.measure.compression import at_most, overall, pruned, tuning
from graders.measure.scorer.client import Scorer
from graders.measure.scorer.results import Compressed
from graders.profiles import choose

DATA = Path(__file__).resolve().parents[1] / "data" / "compression"
LAB = load(LABS / "l03_pruning_clustering")
KEPT = choose("embedded", None, None).baseline
assert KEPT is not None


def looked_at(scorer: Scorer, name: str, clusters: int | None = None, sparsity: float | None = None) -> Compressed:
    with scorer.measure(DATA / f"{name}.tflite") as measurement:
        return measurement.compress(DATA / "original.tflite", clusters=clusters, sparsity=sparsity)


def test_clusters_under_wrappers_are_counted(scorer: Scorer) -> None:
    """In a file that was not stripped the kernels have the values asked for, evenly spaced."""
    found = looked_at(scorer, "clustered_not_stripped", clusters=3).weights
    assert found.wrapper_residue.wrapper == "clustering"
    assert found.difference
    assert [each.kind for each in found.distinct] == ["CONV_2D", "CONV_2D", "FULLY_CONNECTED"]
    assert at_most(found.distinct, 3)
    assert not at_most(found.distinct, 2)
    assert overall(found.spacing).off < LAB.thresholds["spacing"]
    assert [each.mean < LAB.thresholds["shift"] for each in found.shifts] == [True]


def test_zeros_under_wrappers_are_counted(scorer: Scorer) -> None:
    """The same of pruning: the masked weights that the file computes have the zeros asked for."""
    found = looked_at(scorer, "pruned_not_stripped", sparsity=0.5).weights
    assert found.wrapper_residue.wrapper == "pruning"
    assert pruned(found.zeros, 0.5, tolerance=0.0).each
    assert found.misplaced == ()
    assert sum(each.misordered for each in found.magnitudes) == 0


@pytest.mark.parametrize(("name", "clustered"), [("clustered_not_stripped", True), ("pruned_not_stripped", False)])
def test_fine_tuning_shows_beside_wrappers(name: str, clustered: bool, scorer: Scorer) -> None:
    """What is not wrapped is compared all the same: depthwise kernels moved, and nothing stood still."""
    found = looked_at(scorer, name, clusters=3 if clustered else None, sparsity=None if clustered else 0.5).weights
    tuned = tuning(found.weight_deltas, clustered=clustered)
    assert any(part.startswith("kernel of DEPTHWISE_CONV_2D") for part in tuned.moved)
    assert tuned.still == ()


def test_sizes_are_those_of_the_file(scorer: Scorer) -> None:
    """Size and archive are measured on the file's own bytes."""
    found = looked_at(scorer, "clustered", clusters=8)
    assert found.bytes == (DATA / "clustered.tflite").stat().st_size
    assert 0.3 < found.deflation < 0.8
    assert found.deflated == round((1 - found.deflation) * found.bytes)


def test_what_is_no_file_is_the_files_fault(scorer: Scorer, tmp_path: Path) -> None:
    """A file that can't be read fails for its author, with a reason."""
    path = tmp_path / "none.tflite"
    path.write_bytes(b"none")
    with scorer.measure(path) as measurement, pytest.raises(RunError) as raised:
        measurement.compress(DATA / "original.tflite", clusters=8)
    assert raised.value.verdict is Verdict.FAILED
    assert raised.value.message.startswith("the file's weights can't be read")


def test_every_value_that_may_be_drawn_has_its_file() -> None:
    """The reference's files are kept for every shown and every drawn value, and for no other."""
    assert {path.stem for path in (KEPT / FOLDER).iterdir()} == {target.name for target in targets(LAB)}
    drawn = {*LAB.settings["drawn_clusters"], *LAB.settings["drawn_sparsities"]}
    assert not drawn & {*LAB.settings["clusters"], *LAB.settings["sparsities"]}


@pytest.mark.parametrize("target", targets(LAB), ids=lambda target: target.name)
def test_kept_files_are_what_they_are_called(target: Target, scorer: Scorer) -> None:
    """Each kept file is clustered or pruned as its name says, fine-tuned and stripped."""
    clusters, sparsity = target.clusters, target.sparsity
    with scorer.measure(KEPT / FOLDER / f"{target.name}.tflite") as measurement:
        found = measurement.compress(KEPT / "fp32.tflite", clusters=clusters, sparsity=sparsity).weights
    assert (found.difference, found.wrapper_residue.wrapper, found.wrapper_residue.extra) == ("", None, ())
    if clusters is not None:
        assert at_most(found.distinct, clusters)
        assert overall(found.spacing).off < LAB.thresholds["spacing"] / 4
        assert all(each.mean < LAB.thresholds["shift"] / 4 for each in found.shifts)
    else:
        assert pruned(found.zeros, sparsity, LAB.thresholds["zeros"]).each
        assert sum(each.misordered for each in found.magnitudes) == 0
    tuned = tuning(found.weight_deltas, clustered=clusters is not None)
    assert tuned.tuned
    assert not tuned.frozen
