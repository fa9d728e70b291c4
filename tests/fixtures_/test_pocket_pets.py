"""The stand-in data set: what lies in the repository is what its generator draws, in the layout of the real one."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parents[2] / "fixtures" / "datasets" / "pocket_pets"
FELINES = {"cat", "cat2", "black_cat", "lion_face", "tiger", "tiger2", "leopard"}
PER_CLASS = {"trainval": 20, "test": 12}


def generated(folder: Path, *options: str) -> Path:
    """A data set of the generator's, as its command line makes it."""
    argv = [sys.executable, "-I", str(ROOT / "generate.py"), str(folder), *options]
    subprocess.run(argv, check=True, capture_output=True, timeout=300)
    return folder


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data set, generated once more."""
    return generated(tmp_path_factory.mktemp("pocket_pets"))


def rows(root: Path, name: str) -> list[list[str]]:
    """The rows of an annotation file, comments left out."""
    lines = (root / "annotations" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line.split() for line in lines if not line.startswith("#")]


def names() -> list[str]:
    """The classes in the order of the list."""
    return [line.split("\t")[0] for line in (ROOT / "classes.tsv").read_text(encoding="utf-8").splitlines() if line]


def pixels(path: Path) -> NDArray[np.int16]:
    """A picture's pixels."""
    with Image.open(path) as image:
        assert image.mode == "RGB"
        return np.asarray(image, dtype=np.int16)


def test_annotations_are_generated_alike(again: Path) -> None:
    """Generating the data set once more gives the same annotation files to the byte."""
    for name in ("list", "trainval", "test"):
        file = f"annotations/{name}.txt"
        assert (again / file).read_bytes() == (ROOT / file).read_bytes()


def test_pictures_are_generated_alike(again: Path) -> None:
    """Every picture in the repository is the one that the generator draws, but for rounding in the JPEG library."""
    kept = {path.name for path in (ROOT / "images").iterdir()}
    assert kept == {path.name for path in (again / "images").iterdir()}
    for name in kept:
        ours, theirs = pixels(ROOT / "images" / name), pixels(again / "images" / name)
        assert ours.shape == theirs.shape == (96, 96, 3)
        assert np.abs(ours - theirs).mean() < 2, name


def test_pictures_differ() -> None:
    """The comparison above means something: pictures of one class are far from each other."""
    first, second = (pixels(ROOT / "images" / f"cat_{number}.jpg") for number in (1, 2))
    assert np.abs(first - second).mean() > 20


def test_every_row_is_as_in_the_real_data_set() -> None:
    """A row is a name with a number, a class from 1, a species and a breed; classes follow the list, felines are 1."""
    for split, per_class in PER_CLASS.items():
        found = rows(ROOT, split)
        assert all(len(row) == 4 for row in found)
        assert Counter(int(row[1]) for row in found) == dict.fromkeys(range(1, 38), per_class)
        for name, label, species, breed in found:
            animal, number = name.rsplit("_", 1)
            assert animal == names()[int(label) - 1]
            assert int(number) > 0
            assert species == ("1" if animal in FELINES else "2")
            assert breed == label


def test_classes() -> None:
    """There are 37 classes, each with a name of its own and drawings by three artists."""
    assert len(set(names())) == len(names()) == 37
    for artist in ("noto", "fluent", "twemoji"):
        assert {path.stem for path in (ROOT / "drawings" / artist).glob("*.png")} == set(names())


def test_splits() -> None:
    """The splits share no picture; the list holds both; every picture listed is there, and no other."""
    trainval, test = ([row[0] for row in rows(ROOT, split)] for split in PER_CLASS)
    assert not set(trainval) & set(test)
    assert [row[0] for row in rows(ROOT, "list")] == trainval + test
    assert {path.stem for path in (ROOT / "images").iterdir()} == set(trainval) | set(test)
    assert len(trainval) + len(test) == 37 * 32 == len(list((ROOT / "images").glob("*.jpg")))


def test_more_pictures_leave_the_first_as_they_are(tmp_path: Path) -> None:
    """Asking for fewer or more pictures of a class never changes those that both have."""
    few = generated(tmp_path / "few", "--trainval", "1", "--test", "2")
    assert len(list((few / "images").iterdir())) == 37 * 3
    for path in sorted((few / "images").iterdir()):
        assert np.abs(pixels(path) - pixels(ROOT / "images" / path.name)).mean() < 2


def test_another_seed_draws_other_pictures(tmp_path: Path) -> None:
    """Another seed gives other pictures under the same names, and says so in the annotations."""
    other = generated(tmp_path / "other", "--trainval", "1", "--test", "1", "--seed", "7")
    assert "seed 7" in (other / "annotations" / "list.txt").read_text(encoding="utf-8").splitlines()[0]
    differences = [
        np.abs(pixels(path) - pixels(ROOT / "images" / path.name)).mean() for path in (other / "images").iterdir()
    ]
    assert len(differences) == 74
    assert min(differences) > 4
