"""What the starter code makes of the data set, through operations of the lab's own in the scorer's process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from graders.measure.calibration import RangeTable
from graders.measure.float_noise import Computation
from graders.measure.scorer.measurement import Measurement
from graders.measure.tflite.facts import typed
from graders.profiles import Normalisation

DRIVER = Path(__file__).with_name("scorer_driver.py")


@dataclass(frozen=True)
class Samples:
    """A data set's images by file name: training and test images with their classes, parts of both by (share, seed)."""

    train: tuple[str, ...]
    labels: tuple[int, ...]
    test: tuple[str, ...]
    splits: Mapping[tuple[float, int], tuple[str, ...]]
    test_labels: tuple[int, ...] = ()
    test_splits: Mapping[tuple[float, int], tuple[str, ...]] = field(default_factory=dict)


def read_samples(measurement: Measurement, starter: Path, root: Path, splits: Sequence[tuple[float, int]]) -> Samples:
    """What the starter code says of the data set at ``root``, with the valid parts of these (share, seed) splits.

    :param measurement: of any file, with this lab's ``DRIVER``.
    """
    pairs = [list(split) for split in splits]
    facts = measurement.call("samples", starter=str(starter), root=str(root), splits=pairs).facts
    parts, test_parts = (
        dict(zip(splits, (tuple(part) for part in facts[key]), strict=True)) for key in ("splits", "test_splits")
    )
    return Samples(
        tuple(facts["train"]),
        tuple(facts["labels"]),
        tuple(facts["test"]),
        parts,
        tuple(facts["test_labels"]),
        test_parts,
    )


def activation_ranges(
    measurement: Measurement,
    starter: Path,
    images: Sequence[str],
    activations: Sequence[int],
    normalisation: Normalisation,
    transform: str = "prepared",
) -> RangeTable:
    """The range of each activation for each image: see :func:`.scorer_driver.ranges`.

    :param measurement: of the float file, with this lab's ``DRIVER``.
    """
    reply = measurement.call(
        "ranges",
        path=str(measurement.path),
        starter=str(starter),
        images=list(images),
        activations=list(activations),
        transform=transform,
        mean=list(normalisation.mean),
        std=list(normalisation.std),
    )
    return RangeTable(tuple(images), reply.arrays["low"], reply.arrays["high"])


def computations(measurement: Measurement) -> tuple[Computation, ...]:
    """How each activation is computed. :param measurement: of the float file, with this lab's ``DRIVER``."""
    reply = measurement.call("computations", path=str(measurement.path))
    return tuple(typed(Computation, each, "computation") for each in reply.facts["computations"])
