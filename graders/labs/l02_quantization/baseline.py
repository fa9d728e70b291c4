"""What lab 2 is measured against: the reference's own files for the given model, and the ranges of its activations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graders.core.errors import GraderError
from graders.core.paths import TEMPLATE
from graders.framework.context import LabContext
from graders.framework.model_tester import references
from graders.framework.model_tester.references import ReferenceFile, ReferenceModel
from graders.labs.l02_quantization import dataset
from graders.labs.l02_quantization.dataset import Samples
from graders.measure.calibration import Quantisation, RangeTable
from graders.measure.float_noise import Computation, as_recorded, noise
from graders.measure.tflite import Model, aligned_activations

INT8, RANGES = "int8.tflite", "ranges.npz"
INT8_SHARE = 0.3
INT8_MODEL: tuple[str, dict[str, Any]] = ("INT8Model", {"calibrationdatasetpercent": INT8_SHARE})
KIT_SEED = 12345
AT_ONCE = 250
"""The images that one scorer process measures."""
# The defaults of INT8Model and of the starter code's generator.
CLASS_DEFAULT, KIT_DEFAULT = 0.5, 0.25


@dataclass(frozen=True)
class Baseline:
    """The reference's FP32 and INT8 files (calibrated on the share 0.3), read."""

    fp32_file: ReferenceFile
    int8_file: ReferenceFile
    fp32_model: Model
    int8_model: Model

    @property
    def fp32(self) -> Path:
        """Where the FP32 file is."""
        return self.fp32_file.path

    @property
    def int8(self) -> Path:
        """Where the INT8 file is."""
        return self.int8_file.path

    @property
    def activations(self) -> tuple[int, ...]:
        """Tensor numbers, in the FP32 file, of the network's input and of each operator's result."""
        pairs = aligned_activations(self.fp32_model, self.fp32_model).pairs
        if pairs is None:
            raise GraderError("the reference's FP32 file can't be followed")
        return tuple(pair.first.index for pair in pairs)


def baseline(context: LabContext) -> Baseline:
    """The baseline of this grading's profile: shipped for the embedded profile, else made by the reference's code."""
    return context.once("baseline", lambda: _baseline(context))


def _baseline(context: LabContext) -> Baseline:
    int8 = references.shipped_or_made(context, INT8, *INT8_MODEL)
    return _read(context, references.reference_model(context), int8)


def _read(context: LabContext, original: ReferenceModel, int8: ReferenceFile) -> Baseline:
    with context.scorer.measure(int8.path, own=True) as measurement:
        model = measurement.read(context.lab.artifact_bytes)
    return Baseline(original.file, int8, original.model, model)


def make_reference_files(context: LabContext, folder: Path) -> list[Path]:
    """Makes the reference files that a profile ships: the INT8 file, and the ranges of all training images.

    :param context: of a profile that keeps nothing.
    """
    int8 = references.make(context, folder / INT8, *INT8_MODEL)
    names = samples(context).train
    _measured(context, _read(context, references.reference_model(context), int8), names).save(folder / RANGES)
    return [int8.path, folder / RANGES]


@dataclass(frozen=True)
class Ranges:
    """Activation ranges for every training image, and which activations the table predicts in this environment."""

    table: RangeTable
    rows: Mapping[str, int]
    comparable: tuple[bool, ...]

    def expected(self, names: Sequence[str]) -> tuple[Quantisation, ...]:
        """Parameters after calibration on these training images, by file name."""
        return self.table.expected([self.rows[name] for name in names])


def samples(context: LabContext) -> Samples:
    """The profile's images and the calibration samples of every share that this grading uses."""
    return context.once("samples", lambda: _samples(context))


def _samples(context: LabContext) -> Samples:
    settings = context.lab.settings
    seed = settings["calibration_seed"]
    shares = {*settings["calibration_shares"], drawn_share(context), INT8_SHARE, CLASS_DEFAULT, KIT_DEFAULT}
    splits = [(share, seed) for share in sorted(shares)]
    # Other samples that students are known to use: the starter code's default seed, the remaining part.
    splits += [(share, KIT_SEED) for share in sorted(shares)]
    with context.scorer.measure(context.profile.model_path, dataset.DRIVER, own=True) as measurement:
        return dataset.read_samples(measurement, TEMPLATE, context.profile.dataset_root, splits)


def reference_samples(context: LabContext) -> tuple[str, ...]:
    """The training images that the reference's INT8 file is calibrated on."""
    return samples(context).splits[INT8_SHARE, context.lab.settings["calibration_seed"]]


def drawn_share(context: LabContext) -> float:
    """The calibration share that the template does not show, drawn from the seed."""
    low, high = context.lab.settings["drawn_share"]
    return round(context.drawn("calibration share").uniform(low, high), 3)


def ranges(context: LabContext) -> Ranges:
    """The ranges of all training images, measured once, and checked against the reference's INT8 file."""
    return context.once("ranges", lambda: _ranges(context))


def _ranges(context: LabContext) -> Ranges:
    base, known = baseline(context), samples(context)
    kept = context.profile.baseline
    table = RangeTable.load(kept / RANGES) if kept else _training_ranges(context, base, known)
    table = _recorded(context, table)
    rows = {name: row for row, name in enumerate(table.samples)}
    if set(known.train) - set(rows):
        raise GraderError("the shipped ranges belong to other images than the data set's: run make baseline")
    names = reference_samples(context)
    expected = table.expected([rows[name] for name in names])
    found = parameters(base, base.int8_model)
    if isinstance(found, str):
        raise GraderError(f"the reference's INT8 file is not the network of its FP32 file: {found}")
    comparable = tuple(ours is not None and ours.close_to(theirs) for ours, theirs in zip(found, expected, strict=True))
    knowable = [use for use, theirs in zip(comparable, expected, strict=True) if theirs.knowable]
    if sum(knowable) < len(knowable) / 2:
        raise GraderError(
            f"calibration can't be checked in this environment: only {sum(knowable)} of {len(knowable)} "
            "activations of the reference's INT8 file have the parameters expected for its samples"
        )
    return Ranges(table, rows, comparable)


def test_ranges(context: LabContext) -> RangeTable:
    """The ranges of all test images; measured only if a file was calibrated on unknown samples."""
    return context.once("test_ranges", lambda: measure_ranges(context, baseline(context), samples(context).test))


def measure_ranges(
    context: LabContext, base: Baseline, names: Sequence[str], transform: str = "prepared"
) -> RangeTable:
    """Ranges of the FP32 baseline's activations for these images of the data set, as a calibration records them."""
    return _recorded(context, _measured(context, base, names, transform))


def _training_ranges(context: LabContext, base: Baseline, known: Samples) -> RangeTable:
    """The ranges of all training images, which take minutes for a large network and are stored."""
    return context.lasting_cache.once("training ranges", lambda: _measured(context, base, known.train))


def _measured(context: LabContext, base: Baseline, names: Sequence[str], transform: str = "prepared") -> RangeTable:
    """The ranges of the values that the activations have."""
    folder, normalisation = context.profile.dataset_root / "images", context.profile.normalisation
    parts = []
    # A scorer's time is limited, and how long a network takes for an image is not known.
    for start in range(0, len(names), AT_ONCE):
        images = [str(folder / name) for name in names[start : start + AT_ONCE]]
        with context.scorer.measure(base.fp32, dataset.DRIVER, own=True) as measurement:
            parts.append(
                dataset.activation_ranges(measurement, TEMPLATE, images, base.activations, normalisation, transform)
            )
    low, high = (np.concatenate([getattr(part, end) for part in parts]) for end in ("low", "high"))
    return RangeTable(tuple(names), low, high)


def _recorded(context: LabContext, table: RangeTable) -> RangeTable:
    """What a calibration records where activations have these ranges, and the error that float arithmetic leaves."""
    found = _computations(context)
    low, high = as_recorded(found, table.low, larger=False), as_recorded(found, table.high, larger=True)
    return RangeTable(table.samples, low, high, noise(found, table.low, table.high))


def _computations(context: LabContext) -> tuple[Computation, ...]:
    """How the FP32 baseline computes its activations."""

    def measure() -> tuple[Computation, ...]:
        with context.scorer.measure(baseline(context).fp32, dataset.DRIVER, own=True) as measurement:
            return dataset.computations(measurement)

    return context.once("computations", measure)


def parameters(base: Baseline, model: Model) -> tuple[Quantisation | None, ...] | str:
    """A file's parameters for each of :attr:`Baseline.activations`, or why it is another network."""
    alignment = aligned_activations(base.fp32_model, model)
    if alignment.pairs is None:
        return alignment.reason
    found: dict[int, Quantisation | None] = {}
    for pair in alignment.pairs:
        quantization = pair.second.quantization
        usable = quantization is not None and len(quantization.scales) == 1 and pair.second.dtype == "int8"
        found[pair.first.index] = (
            Quantisation(quantization.scales[0], quantization.zero_points[0]) if usable and quantization else None
        )
    return tuple(found.get(index) for index in base.activations)
