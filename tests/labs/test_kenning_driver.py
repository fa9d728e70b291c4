"""What Kenning's driver does beside a student's code, as far as it needs no TensorFlow: data, and reading scenarios."""

from __future__ import annotations

import importlib.util
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from graders.core.paths import LABS, TEMPLATE
from graders.labs.kenning_compression.networks import CLASSES, IMAGE
from graders.labs.kenning_compression.problems import Problem, make


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The driver, as a run imports it: beside the starter code."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(TEMPLATE))
    spec = importlib.util.spec_from_file_location("kenning_driver", LABS / "kenning_compression" / "driver.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("kenning", "kenning_problem"):
            del sys.modules[name]


def test_data_of_a_problem(driver: ModuleType, tmp_path: Path) -> None:
    """The training part has the requested size, and one image with a mark; the test part has none."""
    made = make(Problem(train=48), tmp_path, random.Random(1))
    driver.problem(str(made.images), CLASSES, made.specification)
    drawn: Any = sys.modules[driver.MODULE]
    dataset = drawn.DrawnDataset()
    train_x, test_x, train_y, _ = dataset.train_test_split_representations()
    assert (len(train_x), len(test_x)) == (48, 12)
    inputs, rest = (np.asarray(dataset.prepare_input_samples(part)) for part in (train_x, test_x))
    assert inputs.shape == (48, *IMAGE)
    assert (inputs[..., 0] == 1).all()
    assert [int(each) for each in inputs[:, 0, 0, 1]] == [1] + 47 * [0]
    assert not rest[..., 1].any()
    assert np.asarray(dataset.prepare_output_samples(train_y)).shape == (48, CLASSES)
    wrapper = drawn.DrawnModel(made.model, dataset)
    assert wrapper.get_io_specification() == made.specification
    assert wrapper.get_path() == made.model


def test_mixed_classes_of_the_tutorials_size(driver: ModuleType, tmp_path: Path) -> None:
    """As many steps an epoch as the tutorial has, with batches of 128."""
    made = make(Problem(train=5912, mixed=True), tmp_path, random.Random(1))
    driver.problem(str(made.images), CLASSES, made.specification)
    train, _, labels, _ = sys.modules[driver.MODULE].DrawnDataset().train_test_split_representations()  # type: ignore[attr-defined]
    assert -(-len(train) // 128) == 47
    assert set(labels) == set(range(CLASSES))


def test_scenarios_in_files(driver: ModuleType, tmp_path: Path) -> None:
    """Every JSON or YAML file with optimizers or a model, and those that can't be read; none of the starter code."""
    files = {
        "a.json": json.dumps({"optimizers": []}),
        "deep/b.yml": "model_wrapper: {type: x}\n",
        "deep/c.yaml": "a: [",
        "other.json": "[1]",
        "report.json": "{}",
        "kenning/d.json": json.dumps({"optimizers": []}),
        "big.json": " " * (driver.MOST_BYTES + 1),
        "dates.yaml": "optimizers: 2026-01-01\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "link.json").symlink_to(tmp_path / "a.json")
    found = driver.scenarios(str(tmp_path))[0]["scenarios"]
    assert [each["path"] for each in found] == ["a.json", "dates.yaml", "deep/b.yml", "deep/c.yaml"]
    assert [bool(each["fault"]) for each in found] == [False, True, False, True]
    assert found[2]["content"] == {"model_wrapper": {"type": "x"}}
