"""The files that the notebook left in its working directory: taken in and measured."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from graders.core.errors import RunError, bad_file
from graders.core.result import attempt, measured
from graders.core.verdicts import Verdict
from graders.framework.context import LabContext
from graders.framework.model_tester.files import FileEvidence, encoding_of
from graders.labs.mnist_compression.evidence import ArchiveSize, KerasModel, LiteFile, StoredKernel
from graders.labs.mnist_compression.network import KERNELS, RANGES, WRAPPERS, Layers, layers_of
from graders.measure.digits import Digits
from graders.measure.evaluation import Evaluation, evaluate
from graders.measure.quantization import Encoding
from graders.measure.scorer.measurement import Measurement
from graders.measure.sizes import BEST, deflate_size
from graders.submission import Artifact
from graders.submission.artifacts import accept_artifact

# What each file is called in notebooks: its constants, the usual one first, and the names that the lab gives it.
WEIGHTS, NON_QUANTISED, POST_TRAINING, AWARE, PRUNED, PRUNED_QUANTISED = (
    "FILE_WEIGHTS", "FILE_NON_QUANTIZED_TFLITE", "FILE_PT_QUANTIZED", "FILE_QAT_QUANTIZED", "FILE_PRUNED_MODEL",
    "FILE_PRUNED_QUANTIZED_TFLITE",
)  # fmt: skip
OTHERS = {
    WEIGHTS: ("FILE_BASELINE_WEIGHTS",),
    POST_TRAINING: ("FILE_PT_QUANTIZED_TFLITE",),
    AWARE: ("FILE_QAT_QUANTIZED_TFLITE",),
    PRUNED: ("FILE_PRUNED_MODEL_H5", "FILE_PRUNED_MODEL_KERAS"),
}
NAMES = {
    WEIGHTS: "baseline_weights.h5",
    NON_QUANTISED: "non_quantized.tflite",
    POST_TRAINING: "post_training_quantized.tflite",
    AWARE: "quant_aware_quantized.tflite",
    PRUNED: "pruned_model.h5",
    PRUNED_QUANTISED: "pruned_quantized.tflite",
}
LITE, KERAS = "a .tflite file", "a Keras model in an .h5 or .keras file"
MOST_ENTRIES, DEEPEST = 500, 3
LITE_ENDINGS, KERAS_ENDINGS = (".tflite",), (".h5", ".hdf5", ".keras")
# Of a path from the working directory: its folders, the bytes of a name, and the characters that it is shown with.
MOST_PARTS, MOST_BYTES, MOST_NAMED = 20, 255, 60
MADE = (".tflite", ".h5", ".hdf5", ".keras", ".pb", ".ckpt", ".index", ".zip", ".gz", ".npz", ".npy", ".pkl", ".onnx")


@dataclass(frozen=True)
class Workdir:
    """A run's working directory after its end: where each file lies in it.

    ``constants`` name paths from it; a path that leads out of it is nobody's file.
    """

    context: LabContext
    run: str
    constants: Mapping[str, str]

    def name(self, constant: str) -> str:
        """Where a file should lie, from it."""
        return self.constants.get(self.called(constant), NAMES[constant])

    def called(self, constant: str) -> str:
        """What the notebook calls the constant."""
        names = (constant, *OTHERS.get(constant, ()))
        return next((each for each in names if each in self.constants), constant)

    def take(self, constant: str, expected: str) -> Artifact:
        """Copies a file. :raises RunError: if there is none that can be copied."""
        return self.take_path(self.name(constant), expected)

    def take_path(self, name: str, expected: str) -> Artifact:
        """As :meth:`take`, by its path from it."""
        workdir = self.context.workdir(self.run)
        parts = PurePosixPath(name).parts
        if not _is_nameable(parts):
            raise bad_file(f"a name of {len(name):,} characters is not a valid file name")
        outside = not parts or PurePosixPath(name).is_absolute() or ".." in parts or "\0" in name
        # A folder there may be a link to anywhere; every process of the run is dead by now.
        folder = os.path.realpath(workdir.joinpath(*parts[:-1])) if not outside else ""
        if outside or not f"{folder}/".startswith(f"{os.path.realpath(workdir)}/"):
            raise bad_file(f"{name} is outside the folder that the notebook runs in")
        # Files in several folders may have one name: each copy has a folder of its own.
        own = hashlib.sha256(name.encode()).hexdigest()[:16]
        target = self.context.work / "artifacts" / self.run / own / parts[-1][-MOST_NAMED:]
        artifact = accept_artifact(workdir / name, target, self.context.lab.artifact_bytes, expected)
        if not artifact.size:
            # Opened for writing, and then the conversion failed.
            raise RunError(Verdict.MISSING, f"{name} is empty")
        return artifact


def _is_nameable(parts: tuple[str, ...]) -> bool:
    """Whether a file can have this path: a constant of the notebook's is any text."""
    try:
        return len(parts) <= MOST_PARTS and all(len(part.encode()) <= MOST_BYTES for part in parts)
    except UnicodeEncodeError:
        return False


def without_models(source: Path, target: Path) -> Path:
    """A copy of a submission without models, archives and arrays: what counts is what its code makes of the digits."""
    patterns = [f"*{ending}" for ending in MADE]
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*patterns), dirs_exist_ok=True)
    return target


def lite_file(context: LabContext, artifact: Artifact, digits: Digits) -> LiteFile:
    """A ``.tflite`` file of the lab's network. :raises RunError: if it is not one."""
    with context.scorer.measure(artifact.path) as measurement:
        model = measurement.read(context.lab.artifact_bytes)
        stored = measurement.tensors()
        file = FileEvidence(artifact, model, encoding_of(model, "inputs"), encoding_of(model, "outputs"))
        quality = measured(lambda: _quality(measurement, file, digits))
    layers = _layers(artifact, (each.values for each in stored))
    sizes = {layers.size(name): name for name in KERNELS}
    twice = [name for size, name in sizes.items() if sum(each.values.size == size for each in stored) > 1]
    if twice:
        # It is unknown which of them is used: one may be unconnected.
        raise bad_file(f"{artifact.path.name} contains more than one {twice[0]}")
    kernels = {
        sizes[each.values.size]: StoredKernel(each.dtype, each.scale) for each in stored if each.values.size in sizes
    }
    return LiteFile(artifact.path.name, file, layers, kernels, quality)


def _layers(artifact: Artifact, arrays: Iterable[NDArray[np.generic]]) -> Layers:
    """The network's arrays among those of a file. :raises RunError: if it is another network, or has no numbers."""
    layers, name = layers_of(arrays), artifact.path.name
    if isinstance(layers, str):
        raise bad_file(f"{name} contains a different network than the lab's: {layers}")
    wrong = [part for part, values in layers.arrays.items() if not np.isfinite(values).all()]
    if wrong:
        # NaN compares as neither larger nor smaller than anything, so no check of the weights would notice.
        raise bad_file(f"{name} contains weights that are NaN or infinite in the {' and the '.join(wrong)}")
    return layers


def _quality(measurement: Measurement, file: FileEvidence, digits: Digits) -> Evaluation:
    """By the scale of grey values that suits the file: the lab's is 0 to 1, and 0 to 255 is no mistake."""
    found = []
    for scale in (1 / 255, 1.0):
        outputs = measurement.infer_tensors(lite_input(file, digits, scale))
        if outputs.shape[1] != 10:
            raise bad_file(f"the file outputs {outputs.shape[1]} scores per digit, not 10")
        found.append(evaluate(outputs, digits.labels))
    return max(found, key=lambda quality: quality.accuracy)


def lite_input(file: FileEvidence, digits: Digits, scale: float) -> NDArray[np.generic]:
    """Digits as the file takes them: grey values times ``scale``, in its shape and its type."""
    shape = file.model.main.tensors[file.model.main.inputs[0]].shape
    tensors = _encoded(digits.pixels.astype(np.float32) * np.float32(scale), file.input)
    if len(shape) == 4:
        return tensors[..., None]
    return tensors.reshape(len(tensors), -1) if len(shape) == 2 else tensors


def accuracy_of(context: LabContext, path: Path, digits: Digits, scale: float) -> float:
    """The share of digits that a float file of the lab's network gets right, with grey values times ``scale``."""
    tensors = digits.pixels.astype(np.float32) * np.float32(scale)
    with context.scorer.measure(path) as measurement:
        outputs = measurement.infer_tensors(tensors)
    return float((outputs.argmax(axis=1) == digits.labels).mean())


def _encoded(real: NDArray[np.float32], encoding: Encoding) -> NDArray[np.generic]:
    if not encoding.quantised:
        plain: NDArray[np.generic] = real.astype(encoding.dtype)
        return plain
    limits = np.iinfo(encoding.dtype)
    codes = np.rint(real / np.float32(encoding.scale)) + encoding.zero_point
    stored: NDArray[np.generic] = np.clip(codes, limits.min, limits.max).astype(encoding.dtype)
    return stored


def keras_model(context: LabContext, artifact: Artifact, digits: Digits) -> KerasModel:
    """A Keras file's weights and their accuracy. :raises RunError: if it is not of the lab's network."""
    with context.scorer.measure(artifact.path) as measurement:
        found = measurement.keras_weights()
    layers = _layers(artifact, found.arrays.values())
    left = [word for word in WRAPPERS if any(word in name for name in found.arrays)]
    accuracy = max(_accuracy(layers, digits, scale) for scale in (1 / 255, 1.0))
    # Single numbers are a metric's or a step's; they weigh nothing.
    numbers = sum(int(array.size) for array in found.arrays.values() if array.size > 1)
    aware = any(word in name for name in found.arrays for word in RANGES)
    return KerasModel(artifact.path.name, layers, numbers, tuple(left), found.optimizer, accuracy, aware)


def _accuracy(layers: Layers, digits: Digits, scale: float) -> float:
    return float((layers.scores(digits.pixels, scale).argmax(axis=1) == digits.labels).mean())


def archive_size(workdir: Workdir, stage: str, name: str) -> ArchiveSize | None:
    """What DEFLATE leaves of a file; ``None`` if the run did not write it."""
    artifact = attempt(lambda: workdir.take_path(name, "a file")).value
    if artifact is None:
        return None
    data = artifact.path.read_bytes()
    return ArchiveSize(stage, name, len(data), deflate_size(data), deflate_size(data, BEST))


def written_files(folder: Path, endings: tuple[str, ...]) -> list[str]:
    """Files of a folder with one of these endings, by their paths from it, in order.

    Links are not followed, and the number of files is bounded.
    """
    return sorted(_walked(folder, "", endings, DEEPEST, [MOST_ENTRIES]))


def _walked(folder: Path, above: str, endings: tuple[str, ...], deep: int, left: list[int]) -> Iterator[str]:
    # A run may leave a folder that nobody but its owner may open.
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            left[0] -= 1
            if left[0] < 0:
                return
            name = f"{above}{entry.name}"
            if entry.is_dir(follow_symlinks=False) and deep:
                yield from _walked(folder / entry.name, f"{name}/", endings, deep - 1, left)
            elif entry.name.endswith(endings) and entry.is_file(follow_symlinks=False):
                yield name
