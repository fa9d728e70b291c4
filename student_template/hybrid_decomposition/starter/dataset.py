"""Labelled images from files, and three splits of them."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import CompressionError, in_one_line

ARRAYS = (("x_test", "y_test"), ("x", "y"))
CIFAR_RECORD = 2 + 3 * 32 * 32  # coarse class, fine class, the pixels of each colour
CHOOSING, STOPPING, JUDGING = range(3)
PATTERN = (CHOOSING, STOPPING, CHOOSING, JUDGING)  # a half and two quarters of each class


@dataclass(frozen=True)
class Samples:
    """Images as a model takes them, float32 (n, height, width, channels), and class ids, int64 (n,)."""

    images: NDArray[np.float32]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, positions: Any) -> Samples:
        return Samples(self.images[positions], self.labels[positions])


@dataclass(frozen=True)
class Splits:
    """Data for three purposes, of which no two share an image.

    Attributes:
        choosing: decides which ranks and shares are accurate enough.
        stopping: decides whether a compressed layer is taken, or left as it was.
        judging: measures the accuracy of the result, when nothing is chosen any more.
    """

    choosing: Samples
    stopping: Samples
    judging: Samples


def load(path: Path, size: int | None = None, seed: int = 12345) -> Samples:
    """The images in ``path``, or ``size`` of them drawn at random.

    ``path`` is an ``.npz`` file with ``x`` and ``y`` (or ``x_test`` and ``y_test``), a folder of CIFAR-100's binary
    version with ``test.bin`` in it, or a folder in the layout of the Oxford-IIIT Pet data set. Whole numbers from 0 to
    255 become numbers from 0 to 1.
    """
    try:
        if (path / "annotations").is_dir():
            return read_pets(path, size, seed)
        samples = read_cifar(path / "test.bin") if path.is_dir() else read_arrays(path)
    except (OSError, EOFError, TypeError, ValueError, KeyError, zipfile.BadZipFile) as problem:
        raise CompressionError(f"the data set {path} can't be read: {in_one_line(problem)}") from problem
    return samples[drawn(len(samples), size, seed)]


def drawn(total: int, size: int | None, seed: int) -> NDArray[np.intp]:
    """``size`` of ``total`` positions at random, in ascending order; all without a size."""
    if size is None:
        return np.arange(total)
    if size > total:
        raise CompressionError(f"--dataset_size is {size}, but the data set has {total} images")
    return np.sort(np.random.RandomState(seed).permutation(total)[:size])


def read_arrays(path: Path) -> Samples:
    """Images (n, height, width) or (n, height, width, channels), and labels (n,) or (n, 1)."""
    with path.open("rb") as file:
        arrays = np.load(file, allow_pickle=False)
        if not isinstance(arrays, np.lib.npyio.NpzFile):
            raise ValueError("expected an .npz file with two arrays, found a single array")
        names = next((names for names in ARRAYS if set(names) <= set(arrays)), None)
        if names is None:
            raise ValueError(f"expected the arrays x and y, or x_test and y_test; found {', '.join(arrays) or 'none'}")
        images, labels = (arrays[name] for name in names)
    if images.ndim == 3:
        images = images[..., np.newaxis]
    labels = labels.reshape(len(labels), -1)
    if images.ndim != 4 or labels.shape != (len(images), 1):
        raise ValueError(f"expected images and a label each, found shapes {images.shape} and {labels.shape}")
    return Samples(scaled(images), labels[:, 0].astype(np.int64))


def read_cifar(path: Path) -> Samples:
    """The images of CIFAR-100's binary version, with their fine classes."""
    records = np.fromfile(path, dtype=np.uint8)
    if records.size == 0 or records.size % CIFAR_RECORD:
        raise ValueError(f"{path.name} does not consist of records of {CIFAR_RECORD} bytes")
    records = records.reshape(-1, CIFAR_RECORD)
    images = records[:, 2:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return Samples(scaled(images), records[:, 1].astype(np.int64))


def read_pets(path: Path, size: int | None, seed: int) -> Samples:
    """Test images of the pet data set, prepared as in the other labs."""
    from dl_in_iot_course.misc.pet_dataset import PetDataset

    pets = PetDataset(path)
    positions = drawn(len(pets.testX), size, seed)
    images = [pets.prepare_input_sample(pets.testX[position])[0] for position in positions]
    return Samples(np.stack(images), np.array(pets.testY, dtype=np.int64)[positions])


def scaled(images: NDArray[Any]) -> NDArray[np.float32]:
    """Whole numbers from 0 to 255 as numbers from 0 to 1; others as they are."""
    if np.issubdtype(images.dtype, np.integer):
        return images.astype(np.float32) / np.float32(255)
    return images.astype(np.float32)


def split_in_three(samples: Samples, seed: int = 12345) -> Splits:
    """A half of the images to choose with, a quarter to stop with and a quarter to judge with, of each class.

    Equal images count as one, so that none of them is in two splits. The same seed gives the same splits.
    """
    digests = [hashlib.sha256(np.ascontiguousarray(image)).digest() for image in samples.images]
    _, firsts, group_of = np.unique(np.array(digests), return_index=True, return_inverse=True)
    purpose_of_group = assign_purposes(samples.labels[firsts], seed)
    purposes = purpose_of_group[group_of]
    parts = [samples[np.flatnonzero(purposes == purpose)] for purpose in (CHOOSING, STOPPING, JUDGING)]
    if min(map(len, parts)) == 0:
        raise CompressionError(f"the data set has {len(firsts)} different images, too few to split in three")
    return Splits(*parts)


def assign_purposes(labels: NDArray[np.int64], seed: int) -> NDArray[np.intp]:
    """A purpose for each label, in the same shares for each class."""
    random = np.random.RandomState(seed)
    shuffled = random.permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    purposes = np.empty(len(labels), dtype=np.intp)
    purposes[by_class] = np.resize(PATTERN, len(labels))
    return purposes
