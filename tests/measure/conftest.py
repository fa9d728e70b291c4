"""What the tests of measuring share: a scorer, the embedded model's files, what is known of its images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ai_edge_litert.schema_py_generated as schema
import flatbuffers
import numpy as np
import pytest
from PIL import Image

from graders.core.paths import LABS
from graders.framework.lab_toml import load
from graders.labs.l02_quantization import dataset
from graders.labs.l02_quantization.dataset import Samples
from graders.measure.calibration import Quantisation, RangeTable
from graders.measure.scorer.client import Scorer, start_server
from graders.measure.tflite import Model, aligned_activations
from graders.profiles import choose
from graders.profiles.profile import IMAGENET
from graders.sandbox.host.isolation import Bare

REPOSITORY = Path(__file__).resolve().parents[2]
KIT = REPOSITORY / "student_template"
MAX_BYTES = 64 << 20
LAB = load(LABS / "l02_quantization")
SEED, KIT_SEED = LAB.settings["calibration_seed"], 12345
SHARES = tuple(LAB.settings["calibration_shares"])


@dataclass(frozen=True)
class Pocket:
    """The embedded profile: its data set, its model, and the reference's two files of it."""

    dataset: Path
    model: Path
    fp32: Path
    int8: Path


@pytest.fixture(scope="session")
def pocket() -> Pocket:
    """The embedded profile's files."""
    profile = choose("embedded", None, None)
    assert profile.baseline is not None
    baseline = profile.baseline
    return Pocket(profile.dataset_root, profile.model_path, baseline / "fp32.tflite", baseline / "int8.tflite")


@pytest.fixture(scope="session")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scorer]:
    """A scorer over a real server."""
    with start_server(Bare()) as server:
        yield Scorer(server, tmp_path_factory.mktemp("scorers"))


Edit = Callable[[Any], object]


@pytest.fixture
def edited(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file like another one, after a change to its objects (those of the generated flatbuffer schema)."""

    def write(origin: Path, change: Edit, name: str = "edited.tflite") -> Path:
        model = schema.ModelT.InitFromPackedBuf(bytearray(origin.read_bytes()), 0)
        change(model)
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        path = tmp_path / name
        path.write_bytes(bytes(builder.Output()))
        return path

    return write


@pytest.fixture(scope="session")
def pictures(pocket: Pocket) -> list[Path]:
    """Forty test images, more than the scorer takes in one batch."""
    return sorted((pocket.dataset / "images").glob("*_10[0-9][0-9].jpg"))[::11][:40]


@pytest.fixture(scope="session")
def frames(pictures: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same images as the scorer takes them: a uint8 .npy file, (40, 224, 224, 3)."""
    path = tmp_path_factory.mktemp("frames") / "frames.npy"
    np.save(path, np.stack([np.asarray(Image.open(each).convert("RGB").resize((224, 224))) for each in pictures]))
    return path


@dataclass(frozen=True)
class Calibration:
    """What is known of the embedded model's calibration: samples, ranges of every training image, the reference's file.

    ``found`` are the parameters of the reference's INT8 file, calibrated on a share of 0.3.
    """

    samples: Samples
    table: RangeTable
    found: tuple[Quantisation | None, ...]

    def expected(self, names: tuple[str, ...]) -> tuple[Quantisation, ...]:
        """The parameters that these training images give."""
        rows = {name: row for row, name in enumerate(self.samples.train)}
        return self.table.expected([rows[name] for name in names])

    def of_share(self, share: float, seed: int = SEED) -> tuple[Quantisation, ...]:
        """The parameters that a share of the training images gives."""
        return self.expected(self.samples.splits[share, seed])

    def of_class(self, number: int) -> tuple[Quantisation, ...]:
        """The parameters that the training images of a class give."""
        pairs = zip(self.samples.train, self.samples.labels, strict=True)
        return self.expected(tuple(name for name, label in pairs if label == number))

    @property
    def comparable(self) -> list[bool]:
        """Which activations of the reference's file have the parameters that its samples give."""
        pairs = zip(self.found, self.of_share(0.3), strict=True)
        return [found is not None and found.close_to(expected) for found, expected in pairs]


@pytest.fixture(scope="session")
def drawn_shares() -> tuple[float, ...]:
    """The shares that the lab draws for twenty seeds."""
    from graders.framework.context import LabContext
    from graders.labs.l02_quantization.baseline import drawn_share

    nowhere: Any = None
    gradings = [
        LabContext(lab=LAB, profile=nowhere, seed=seed, code=nowhere, work=Path("nowhere"), server=nowhere, scorer=nowhere)
        for seed in range(20)
    ]
    return tuple(drawn_share(grading) for grading in gradings)


@pytest.fixture(scope="session")
def calibration(scorer: Scorer, pocket: Pocket, drawn_shares: tuple[float, ...]) -> Calibration:
    """The embedded model's calibration, measured by the scorer."""
    models: list[Model] = []
    for path in (pocket.fp32, pocket.int8):
        with scorer.measure(path) as measurement:
            models.append(measurement.read(MAX_BYTES))
    pairs = aligned_activations(*models).pairs
    assert pairs is not None
    around = [round(share * factor, 3) for share in drawn_shares for factor in (0.8, 1.0, 1.2)]
    wanted = dict.fromkeys([*SHARES, 0.5, *around])
    splits = [(share, SEED) for share in wanted] + [(share, KIT_SEED) for share in (*SHARES, *drawn_shares)]
    with scorer.measure(pocket.model, dataset.DRIVER) as measurement:
        samples = dataset.read_samples(measurement, KIT, pocket.dataset, list(dict.fromkeys(splits)))
    images = [str(pocket.dataset / "images" / name) for name in samples.train]
    with scorer.measure(pocket.fp32, dataset.DRIVER) as measurement:
        table = dataset.activation_ranges(measurement, KIT, images, [pair.first.index for pair in pairs], IMAGENET)
    found = []
    for pair in pairs:
        parameters = pair.second.quantization
        found.append(Quantisation(parameters.scales[0], parameters.zero_points[0]) if parameters else None)
    return Calibration(samples, table, tuple(found))
