"""The Oxford-IIIT Pet data set, or another one with its files: ``images/`` and ``annotations/list.txt``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from kenning.core.dataset import Dataset
from kenning.core.exceptions import ScenarioError
from kenning.core.measurements import Measurements


class PetDataset(Dataset):
    """Images of cats and dogs in 37 breeds; class ids begin with 0, in the annotations with 1."""

    arguments_structure: ClassVar[dict[str, dict[str, Any]]] = {
        "classify_by": {"description": "What the classes are", "default": "breeds", "enum": ["species", "breeds"]},
        "image_memory_layout": {"description": "The order of the axes", "default": "NHWC", "enum": ["NHWC", "NCHW"]},
    }

    def __init__(
        self,
        root: Path,
        batch_size: int = 1,
        download_dataset: bool = True,
        split_fraction_test: float = 0.2,
        split_seed: int = 1234,
        classify_by: str = "breeds",
        image_memory_layout: str = "NHWC",
        standardize: bool = True,
    ) -> None:
        """Reads the annotations. Raises ScenarioError if they are missing or have another form."""
        self.classify_by = classify_by
        self.image_memory_layout = image_memory_layout
        self.standardize = standardize
        self.classnames: dict[int, str] = {}
        self.numclasses = 0
        self.mean, self.std = self.get_input_mean_std()
        super().__init__(
            root,
            batch_size,
            download_dataset,
            split_fraction_test=split_fraction_test,
            split_seed=split_seed,
        )

    def prepare(self) -> None:
        """Fills ``dataX`` with the images' paths and ``dataY`` with class ids from 0."""
        listed = self.root / "annotations" / "list.txt"
        if not listed.is_file():
            raise ScenarioError(f"there is no data set in {self.root}: {listed} is missing")
        for number, line in enumerate(listed.read_text(encoding="utf-8-sig").splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            fields = line.split()
            if len(fields) < 3 or not all(each.isdecimal() for each in fields[1:3]):
                raise ScenarioError(f"{listed}, line {number}: expected 'Name_123 class species breed', found {line!r}")
            by_breed = self.classify_by == "breeds"
            label = int(fields[1 if by_breed else 2]) - 1
            self.dataX.append(str(self.root / "images" / f"{fields[0]}.jpg"))
            self.dataY.append(label)
            self.classnames.setdefault(label, fields[0].rsplit("_", 1)[0] if by_breed else ("cat", "dog")[label])
        self.numclasses = len(self.classnames)
        self._check(listed)

    def _check(self, listed: Path) -> None:
        if sorted(self.classnames) != list(range(self.numclasses)) or not self.classnames:
            raise ScenarioError(f"{listed}: class ids must be 1, 2, 3 … without gaps, found {len(self.classnames)} ids")
        missing = [path for path in self.dataX if not Path(path).is_file()]
        if missing:
            raise ScenarioError(f"{listed} has {len(missing)} images that do not exist; the first is {missing[0]}")

    def prepare_input_samples(self, samples: Sequence[str]) -> list[Any]:
        """Each image, float32 (224, 224, 3), standardised."""
        result = []
        for sample in samples:
            with Image.open(sample) as image:
                pixels = np.array(image.convert("RGB").resize((224, 224)), dtype=np.float32) / 255.0
            if self.standardize:
                pixels = (pixels - self.mean) / self.std
            result.append(np.transpose(pixels, (2, 0, 1)) if self.image_memory_layout == "NCHW" else pixels)
        return result

    def prepare_output_samples(self, samples: Sequence[int]) -> list[Any]:
        """Each class id as a one-hot vector, float64 (classes,)."""
        return list(np.eye(self.numclasses)[list(samples)])

    def evaluate(self, predictions: Sequence[Any], truth: Sequence[Any]) -> Measurements:
        """Confusion matrix (rows: truth), samples with the truth among the five best guesses, samples.

        Raises:
            ScenarioError: the model does not have a score for each class.
        """
        scored = np.size(predictions) // max(len(predictions), 1)
        if scored != self.numclasses:
            raise ScenarioError(f"the model has {scored} outputs, the data set has {self.numclasses} classes")
        matrix = np.zeros((self.numclasses, self.numclasses))
        among_five = 0
        for prediction, label in zip(predictions, truth, strict=True):
            scores, actual = np.ravel(prediction), int(np.argmax(label))
            matrix[actual, int(np.argmax(scores))] += 1
            among_five += int(actual in np.argsort(-scores, kind="stable")[:5])
        measured = Measurements()
        measured.accumulate("eval_confusion_matrix", matrix, lambda: np.zeros_like(matrix))
        measured.accumulate("top_5_count", among_five)
        measured.accumulate("total", len(predictions))
        return measured

    def get_input_mean_std(self) -> tuple[Any, Any]:
        """ImageNet's mean and standard deviation of each colour."""
        return np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)

    def get_class_names(self) -> list[str]:
        """The classes' names in the order of their ids."""
        return [self.classnames[label] for label in sorted(self.classnames)]
