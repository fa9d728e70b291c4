"""The base of data sets: samples, their split, and how predictions are evaluated."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from kenning.core.arguments import parsed_arguments
from kenning.core.exceptions import ScenarioError

if TYPE_CHECKING:
    from typing import Self

    from kenning.core.measurements import Measurements


class Dataset(ABC):
    """Samples for training and testing.

    Attributes:
        dataX: what stands for each sample, such as its file's path.
        dataY: what stands for each sample's truth, such as its class id.
        dataXtrain, dataXtest, dataYtrain, dataYtest: the split, once it was made.
        batch_size: how many samples iterating yields at a time.
    """

    arguments_structure: ClassVar[dict[str, dict[str, Any]]] = {
        "root": {
            "argparse_name": "--dataset-root",
            "description": "The folder of the data set",
            "type": Path,
            "required": True,
        },
        "batch_size": {
            "argparse_name": "--inference-batch-size",
            "description": "How many samples are given to the model at a time",
            "type": int,
            "default": 1,
        },
        "download_dataset": {"description": "Download it first", "type": bool, "default": True},
        "split_fraction_test": {"description": "The share of samples for testing", "type": float, "default": 0.2},
        "split_seed": {"description": "The seed of the split", "type": int, "default": 1234},
        # Kenning has these and downloading as well; they have no effect here.
        "force_download_dataset": {"description": "Download it again", "type": bool, "default": False},
        "external_calibration_dataset": {
            "description": "The folder of data for calibration",
            "type": Path,
            "nullable": True,
            "default": None,
        },
        "split_fraction_val": {
            "description": "The share of samples for validation",
            "type": float,
            "nullable": True,
            "default": None,
        },
    }

    def __init__(
        self,
        root: Path,
        batch_size: int = 1,
        download_dataset: bool = True,
        force_download_dataset: bool = False,
        external_calibration_dataset: Path | None = None,
        split_fraction_test: float = 0.2,
        split_fraction_val: float | None = None,
        split_seed: int = 1234,
    ) -> None:
        """Prepares the samples. Downloads nothing: the data set has to be there.

        Raises:
            ScenarioError: a parameter makes no sense.
        """
        if batch_size < 1:
            raise ScenarioError(f"{type(self).__name__}: the batch size must be at least 1, not {batch_size}")
        if not 0 < split_fraction_test < 1:
            raise ScenarioError(
                f"{type(self).__name__}: 'split_fraction_test' must be between 0 and 1, not {split_fraction_test}"
            )
        self.root = Path(root)
        self.batch_size = batch_size
        self.split_fraction_test = split_fraction_test
        self.split_seed = split_seed
        self.dataX: list[Any] = []
        self.dataY: list[Any] = []
        self.dataXtrain: list[Any] = []
        self.dataXtest: list[Any] = []
        self.dataYtrain: list[Any] = []
        self.dataYtest: list[Any] = []
        self.prepare()

    @classmethod
    def from_json(cls, json_dict: Mapping[str, Any]) -> Self:
        """A data set from a scenario's ``parameters``. Raises ScenarioError where they are wrong."""
        return cls(**parsed_arguments(cls, json_dict))

    @abstractmethod
    def prepare(self) -> None:
        """Fills ``dataX`` and ``dataY``."""

    def prepare_input_samples(self, samples: Sequence[Any]) -> Any:
        """The model's input for each of these elements of ``dataX``; a tuple each if it has several inputs."""
        return list(samples)

    def prepare_output_samples(self, samples: Sequence[Any]) -> Any:
        """The truths for these elements of ``dataY``."""
        return list(samples)

    @abstractmethod
    def evaluate(self, predictions: Sequence[Any], truth: Sequence[Any]) -> Measurements:
        """What these predictions add to the measurements."""

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        """Batches of inputs and truths."""
        for start in range(0, len(self.dataX), self.batch_size):
            rows = slice(start, start + self.batch_size)
            yield self.prepare_input_samples(self.dataX[rows]), self.prepare_output_samples(self.dataY[rows])

    def __len__(self) -> int:
        """The number of batches."""
        return (len(self.dataX) + self.batch_size - 1) // self.batch_size

    def get_data_unloaded(self) -> tuple[list[Any], list[Any]]:
        """All of ``dataX`` and ``dataY``."""
        return self.dataX, self.dataY

    def train_test_split_representations(
        self, test_fraction: float | None = None, seed: int | None = None
    ) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
        """Elements of ``dataX`` and ``dataY`` in two parts, every class in the same proportion.

        Returns:
            Training X, test X, training Y, test Y: the same whenever fraction and seed are.

        Raises:
            ScenarioError: one of the parts would be empty.
        """
        fraction = self.split_fraction_test if test_fraction is None else test_fraction
        mix = random.Random(self.split_seed if seed is None else seed)
        by_class: dict[Any, list[int]] = {}
        for index, label in enumerate(self.dataY):
            by_class.setdefault(label, []).append(index)
        train: list[int] = []
        test: list[int] = []
        for label in sorted(by_class):
            indices = by_class[label]
            mix.shuffle(indices)
            cut = round(len(indices) * fraction)
            test += indices[:cut]
            train += indices[cut:]
        if not train or not test:
            raise ScenarioError(
                f"{self.root}: {len(self.dataX)} samples can't be split into training and test parts with a test share "
                f"of {fraction}"
            )
        mix.shuffle(train)
        mix.shuffle(test)
        self.dataXtrain, self.dataYtrain = [self.dataX[i] for i in train], [self.dataY[i] for i in train]
        self.dataXtest, self.dataYtest = [self.dataX[i] for i in test], [self.dataY[i] for i in test]
        return self.dataXtrain, self.dataXtest, self.dataYtrain, self.dataYtest

    def iter_test(self) -> Self:
        """The test part as a data set of its own."""
        _, test_x, _, test_y = self.train_test_split_representations()
        return self._part(test_x, test_y)

    def iter_train(self) -> Self:
        """The training part as a data set of its own."""
        train_x, _, train_y, _ = self.train_test_split_representations()
        return self._part(train_x, train_y)

    def _part(self, inputs: list[Any], truths: list[Any]) -> Self:
        part = copy(self)
        part.dataX, part.dataY = inputs, truths
        return part

    def get_class_names(self) -> list[str]:
        """The classes' names in the order of their ids."""
        raise NotImplementedError

    def get_input_mean_std(self) -> Any:
        """Mean and standard deviation of the inputs."""
        raise NotImplementedError
