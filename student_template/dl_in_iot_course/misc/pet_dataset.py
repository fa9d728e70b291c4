"""The Oxford-IIIT Pet data set (Parkhi, Vedaldi, Zisserman, Jawahar 2012), and data sets laid out like it.

On disk::

    images/Name_123.jpg
    annotations/trainval.txt    one line an image: Name_123 class species breed
    annotations/test.txt        the same, for the test split

The part of an image's name before the last ``_`` is its class's name. Classes count from 1 in the files and from 0
everywhere in Python. Empty lines and lines that start with ``#`` mean nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from dl_in_iot_course.misc.utils import download_url

ARCHIVES = (
    "https://www.robots.ox.ac.uk/~vgg/data/pets/data/images.tar.gz",
    "https://www.robots.ox.ac.uk/~vgg/data/pets/data/annotations.tar.gz",
)
INPUT_SIZE = (224, 224)
TOP_K = 5
LINE_FORMAT = "Name_123 class species breed"

_LINE = re.compile(r"(?P<name>[^\s/\\]+)_[0-9]+\s+(?P<number>[1-9][0-9]*)\s+[0-9]+\s+[0-9]+")


class PetDataset:
    """Images of 37 breeds of cats and dogs, their classes, and the counts of an evaluation.

    Attributes:
        root: the data set's folder.
        dataX, dataY: the training images' paths (list of str) and class ids from 0 (list of int), in file order.
        testX, testY: the same for the test split.
        numclasses: the number of classes.
        classnames: class id to class name.
        onehotvectors: float64 (classes, classes); row ``i`` is the one-hot vector of class ``i``.
        mean, std: what an input is normalised with, float32 (3,) each.
        confusion_matrix: counts ``[truth, prediction]`` of what was evaluated since the last ``reset_metrics``.
        top_5_count, total: evaluated samples whose class was among the five best guesses, and all of them.
    """

    def __init__(self, root: Path, download_dataset: bool = False) -> None:
        """Read the annotations below ``root``, after downloading the data set to it if ``download_dataset``.

        Raises:
            FileNotFoundError: an annotation file is missing.
            ValueError: a line of an annotation file is malformed; the message names file, line and what was expected.
            OSError: the download failed.
        """
        self.root = Path(root)
        self.dataX: list[str] = []
        self.dataY: list[int] = []
        self.testX: list[str] = []
        self.testY: list[int] = []
        self.numclasses = 0
        self.classnames: dict[int, str] = {}
        if download_dataset:
            self.download_dataset()
        self.prepare()

    def prepare(self) -> None:
        """Read both annotation files and set every attribute anew. Raises as the constructor does."""
        trainval = _read_annotations(self.root / "annotations" / "trainval.txt")
        test = _read_annotations(self.root / "annotations" / "test.txt")
        self.classnames = _class_names(trainval, self.root / "annotations" / "trainval.txt")
        self.numclasses = len(self.classnames)
        for entry in test:
            if entry.label not in self.classnames:
                raise ValueError(f"{entry.place}: expected a class that trainval.txt has too, found {entry.label + 1}")
        self.dataX, self.dataY = self._paths(trainval), [entry.label for entry in trainval]
        self.testX, self.testY = self._paths(test), [entry.label for entry in test]
        self.onehotvectors: NDArray[np.float64] = np.eye(self.numclasses)
        self.mean, self.std = self.get_input_mean_std()
        self.reset_metrics()

    def reset_metrics(self) -> None:
        """Forget all that was evaluated."""
        self.confusion_matrix: NDArray[np.float64] = np.zeros((self.numclasses, self.numclasses))
        self.top_5_count = 0
        self.total = 0

    def download_dataset(self) -> None:
        """Fetch the Oxford-IIIT Pet data set (800 MB) and unpack it in ``root``. Raises ``OSError`` if it fails."""
        import tarfile
        import tempfile

        self.root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder) / url.rpartition("/")[2] for url in ARCHIVES]
            for url, file in zip(ARCHIVES, files, strict=True):
                download_url(url, file)
            for file in files:
                with tarfile.open(file) as archive:
                    archive.extractall(self.root, filter="data")

    def get_data(self) -> tuple[list[str], list[int]]:
        """All training images' paths and their class ids."""
        return self.dataX, self.dataY

    def split_dataset(
        self, percentage: float = 0.25, seed: int = 12345, usetest: bool = False
    ) -> tuple[list[str], list[str], list[int], list[int]]:
        """Split the training images (the test images if ``usetest``) in two, every class in the same proportion.

        The valid part holds ``ceil(percentage * n)`` of the n images, and of each class its proportional number rounded
        up or down; it may hold fewer images than there are classes. With 1.0 it holds all and the train part none.
        Both parts are shuffled. The same seed gives the same split.

        Args:
            percentage: the valid part's share, above 0 and up to 1.
            seed: of the random choice, 0 to 2**32 - 1.
            usetest: split the test images in place of the training images.

        Returns:
            Train paths, valid paths, train class ids, valid class ids.

        Raises:
            ValueError: ``percentage`` is outside of (0, 1], or there is nothing to split.
        """
        paths, labels = (self.testX, self.testY) if usetest else (self.dataX, self.dataY)
        train, valid = _stratified_split(labels, percentage, seed)
        return (
            [paths[i] for i in train],
            [paths[i] for i in valid],
            [labels[i] for i in train],
            [labels[i] for i in valid],
        )

    def calibration_dataset_generator(
        self, percentage: float = 0.25, seed: int = 12345
    ) -> Iterator[list[NDArray[np.float32]]]:
        """Yield the valid part of ``split_dataset(percentage, seed)`` as a representative data set for a converter.

        Each item is a list of one prepared input, float32 (1, 224, 224, 3). Raises ``ValueError`` as the split does.
        """
        _, paths, _, _ = self.split_dataset(percentage, seed)
        return ([self.prepare_input_sample(path)] for path in paths)

    def evaluate(self, predictions: ArrayLike, truth: ArrayLike) -> None:
        """Count one sample in ``confusion_matrix``, ``top_5_count`` and ``total``.

        Of equal scores the lower class id ranks first, and NaN ranks last.

        Args:
            predictions: a score for each class, higher is likelier, of shape (classes,) or (1, classes).
            truth: the one-hot vector of the true class, in either shape.

        Raises:
            ValueError: something has another shape.
        """
        scores = self._one_sample(predictions, "predictions")
        expected = int(np.argmax(self._one_sample(truth, "truth")))
        ranking = np.argsort(-np.where(np.isnan(scores), -np.inf, scores), kind="stable")
        self.confusion_matrix[expected, ranking[0]] += 1
        self.top_5_count += int(expected in ranking[:TOP_K])
        self.total += 1

    def get_input_mean_std(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """ImageNet's mean and standard deviation of each colour channel, of values from 0 to 1, float32 (3,) each."""
        mean = np.array([0.485, 0.456, 0.406], dtype=np.float32)
        std = np.array([0.229, 0.224, 0.225], dtype=np.float32)
        return mean, std

    def get_class_names(self) -> list[str]:
        """The classes' names in the order of their ids."""
        return [self.classnames[label] for label in range(self.numclasses)]

    def prepare_input_sample(self, sample: Path | str) -> NDArray[np.float32]:
        """Read an image as a model's input: RGB, 224 x 224, from 0 to 1, normalised; float32 (1, 224, 224, 3)."""
        with Image.open(sample) as image:
            resized = image.convert("RGB").resize(INPUT_SIZE)
        pixels = np.asarray(resized, dtype=np.float32) / np.float32(255)
        return np.expand_dims((pixels - self.mean) / self.std, axis=0)

    def prepare_output_sample(self, sample: int) -> NDArray[np.float64]:
        """The one-hot vector of a class id, float64 (classes,)."""
        vector: NDArray[np.float64] = self.onehotvectors[sample]
        return vector

    def _paths(self, entries: Sequence[_Annotation]) -> list[str]:
        return [str(self.root / "images" / f"{entry.image}.jpg") for entry in entries]

    def _one_sample(self, values: ArrayLike, what: str) -> NDArray[np.float64]:
        # float64 first: raw int8 codes would wrap around when they are negated for the ranking.
        array = np.asarray(values, dtype=np.float64)
        if array.shape not in ((self.numclasses,), (1, self.numclasses)):
            wanted = f"({self.numclasses},) or (1, {self.numclasses})"
            raise ValueError(f"{what} must be one sample's values of shape {wanted}, not {array.shape}")
        return array.reshape(-1)


@dataclass(frozen=True)
class _Annotation:
    place: str
    image: str
    name: str
    label: int


def _read_annotations(path: Path) -> list[_Annotation]:
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: expected the data set's folder, with images/ and annotations/ in it"
        )
    entries = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        text = line.strip()
        if text and not text.startswith("#"):
            entries.append(_parse_line(text, f"{path}, line {number}"))
    return entries


def _parse_line(text: str, place: str) -> _Annotation:
    match = _LINE.fullmatch(text)
    if match is None:
        raise ValueError(f'{place}: expected "{LINE_FORMAT}" with numbers, the class from 1; found {text!r}')
    return _Annotation(place, text.split(maxsplit=1)[0], match["name"], int(match["number"]) - 1)


def _class_names(entries: Sequence[_Annotation], path: Path) -> dict[int, str]:
    names: dict[int, str] = {}
    for entry in entries:
        known = names.setdefault(entry.label, entry.name)
        if known != entry.name:
            raise ValueError(
                f"{entry.place}: expected an image of {known}, the class {entry.label + 1}; found {entry.name}"
            )
    if not names:
        raise ValueError(f'{path}: expected at least one line "{LINE_FORMAT}", found none')
    if max(names) >= len(names):
        missing = next(label for label in count() if label not in names)
        raise ValueError(f"{path}: expected the classes 1 to {max(names) + 1}, found none of class {missing + 1}")
    return dict(sorted(names.items()))


def _stratified_split(labels: Sequence[int], percentage: float, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Positions of the train part and of the valid part."""
    if not 0 < percentage <= 1:
        raise ValueError(f"percentage must be above 0 and at most 1 (0.25 is a quarter), not {percentage}")
    if not labels:
        raise ValueError("there are no images to split")
    random = np.random.RandomState(seed)
    _, position, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    chosen = []
    for number, taken in enumerate(_apportion(sizes, _valid_size(len(labels), percentage), random)):
        chosen.append(random.permutation(np.flatnonzero(position == number))[:taken])
    valid = random.permutation(np.concatenate(chosen))
    train = random.permutation(np.setdiff1d(np.arange(len(labels)), valid))
    return train, valid


def _valid_size(total: int, percentage: float) -> int:
    # 0.07 * 100 is 7.000000000000001 in floating point: without the margin its ceiling would be 8.
    return min(total, max(1, math.ceil(percentage * total - 1e-9)))


def _apportion(sizes: NDArray[np.intp], seats: int, random: np.random.RandomState) -> NDArray[np.intp]:
    """Share out ``seats`` in proportion to ``sizes`` by largest remainder, ties by lot; exact, as all are integers."""
    whole, remainder = np.divmod(sizes * seats, sizes.sum())
    by_lot = random.permutation(len(sizes))
    first = np.lexsort((by_lot, -remainder))[: seats - int(whole.sum())]
    whole[first] += 1
    return whole
