from __future__ import annotations

import math
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

labels_in_any_order = st.lists(st.integers(0, 5), min_size=1, max_size=60)
shares = st.integers(1, 1000).map(lambda thousandths: thousandths / 1000)
seeds = st.integers(0, 2**32 - 1)


def dataset_of(kit: Any, labels: list[int]) -> Any:
    """A data set of these training labels, whose images' paths are their positions."""
    dataset = object.__new__(kit.pet_dataset.PetDataset)
    dataset.dataX, dataset.dataY = [str(i) for i in range(len(labels))], labels
    dataset.testX, dataset.testY = [], []
    return dataset


@given(labels=labels_in_any_order, share=shares, seed=seeds)
def test_parts_are_disjoint_and_complete(kit: Any, labels: list[int], share: float, seed: int) -> None:
    """Every image is in exactly one part, and its class id stays with it."""
    train, valid, train_labels, valid_labels = dataset_of(kit, labels).split_dataset(share, seed)

    pairs = [*zip(train, train_labels, strict=True), *zip(valid, valid_labels, strict=True)]
    assert sorted(pairs) == sorted((str(i), label) for i, label in enumerate(labels))


@given(labels=labels_in_any_order, share=shares, seed=seeds)
@example(labels=[0] * 100, share=0.07, seed=0)  # 7.000000000000001 in floating point
def test_valid_part_has_the_share_rounded_up(kit: Any, labels: list[int], share: float, seed: int) -> None:
    """The valid part holds ceil(share * n) images, as exact arithmetic on the written share gives it."""
    _, valid, _, _ = dataset_of(kit, labels).split_dataset(share, seed)

    assert len(valid) == math.ceil(Decimal(str(share)) * len(labels))


@given(labels=labels_in_any_order, share=shares, seed=seeds)
def test_classes_keep_their_proportions(kit: Any, labels: list[int], share: float, seed: int) -> None:
    """Each class is in the valid part with its proportional number, rounded up or down."""
    _, valid, _, valid_labels = dataset_of(kit, labels).split_dataset(share, seed)

    found = Counter(valid_labels)
    for label, size in Counter(labels).items():
        assert abs(found[label] - len(valid) * size / len(labels)) < 1


@given(labels=labels_in_any_order, share=shares, seed=seeds)
def test_same_seed_gives_same_split(kit: Any, labels: list[int], share: float, seed: int) -> None:
    """A split is a function of the data set, the share and the seed, its order included."""
    dataset = dataset_of(kit, labels)

    assert dataset.split_dataset(share, seed) == dataset.split_dataset(share, seed)


def test_another_seed_gives_another_split(kit: Any) -> None:
    """The seed decides which images are chosen, which classes get a rest, and the order."""
    dataset = dataset_of(kit, [i % 37 for i in range(740)])

    splits = [dataset.split_dataset(0.01, seed) for seed in (1, 2)]

    assert set(splits[0][1]) != set(splits[1][1])
    assert set(splits[0][3]) != set(splits[1][3])
    assert splits[0][0] != sorted(splits[0][0], key=int)


def test_fewer_images_than_classes(kit: Any) -> None:
    """One per cent of 740 images in 37 classes is 8 images of 8 different classes."""
    _, valid, _, valid_labels = dataset_of(kit, [i % 37 for i in range(740)]).split_dataset(0.01, 1234)

    assert len(valid) == 8
    assert len(set(valid_labels)) == 8


def test_split_is_the_same_on_every_machine(kit: Any) -> None:
    """The chosen images are pinned: calibration, and so the quantised models, depend on them."""
    _, valid, _, _ = dataset_of(kit, [i % 5 for i in range(50)]).split_dataset(0.1, 1234)

    assert valid == ["42", "25", "44", "23", "16"]


def test_everything_can_be_valid(kit: Any) -> None:
    """The share 1.0 puts all images into the valid part and leaves an empty train part."""
    train, valid, train_labels, valid_labels = dataset_of(kit, [0, 1, 1, 2]).split_dataset(1.0)

    assert (train, train_labels) == ([], [])
    assert sorted(valid) == ["0", "1", "2", "3"]
    assert sorted(valid_labels) == [0, 1, 1, 2]


def test_parts_are_plain_lists(kit: Any) -> None:
    """Paths are str and class ids int, in lists, as dataX and dataY have them."""
    train, valid, train_labels, valid_labels = dataset_of(kit, [0, 0, 1, 1]).split_dataset(0.5)

    assert [type(part) for part in (train, valid, train_labels, valid_labels)] == [list] * 4
    assert {type(path) for path in train + valid} == {str}
    assert {type(label) for label in train_labels + valid_labels} == {int}


@pytest.mark.parametrize("share", [0, -0.1, 1.0001, 25, math.nan, math.inf])
def test_other_shares_are_refused(kit: Any, share: float) -> None:
    """A share outside of (0, 1] is an error that names it, for the calibration data too, and at once."""
    dataset = dataset_of(kit, [0, 0, 1, 1])

    for split in (dataset.split_dataset, dataset.calibration_dataset_generator):
        with pytest.raises(ValueError, match="above 0 and at most 1") as caught:
            split(share)
        assert str(share) in str(caught.value)


def test_nothing_to_split_is_an_error(kit: Any) -> None:
    """An empty test split is named as such and not split into two empty parts."""
    with pytest.raises(ValueError, match="no images"):
        dataset_of(kit, [0, 1]).split_dataset(0.5, usetest=True)


def test_test_images_are_split_on_demand(kit: Any, small_dataset: Path) -> None:
    """With usetest the parts come from the test split."""
    dataset = kit.pet_dataset.PetDataset(small_dataset)

    train, valid, _, _ = dataset.split_dataset(0.5, usetest=True)

    assert sorted(train + valid) == sorted(dataset.testX)


def test_calibration_data_are_the_valid_part_in_its_order(kit: Any, small_dataset: Path) -> None:
    """The calibration generator yields each valid image, prepared, in a list of one."""
    dataset = kit.pet_dataset.PetDataset(small_dataset)
    _, valid, _, _ = dataset.split_dataset(0.4, 1234)

    samples = list(dataset.calibration_dataset_generator(0.4, 1234))

    assert len(samples) == len(valid) == 5
    for sample, path in zip(samples, valid, strict=True):
        assert isinstance(sample, list)
        np.testing.assert_array_equal(sample, [dataset.prepare_input_sample(path)])
