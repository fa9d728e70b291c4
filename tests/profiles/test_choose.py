"""Choosing a profile from the command line's options."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.core.errors import UsageError
from graders.profiles import PROFILES, choose


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A folder laid out as the real data set is."""
    root = tmp_path / "pets"
    (root / "images").mkdir(parents=True)
    (root / "annotations").mkdir()
    for name in ("trainval", "test"):
        (root / "annotations" / f"{name}.txt").touch()
    return root


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model's file."""
    path = tmp_path / "model.h5"
    path.touch()
    return path


def refused(name: str, dataset_root: Path | None, model_path: Path | None) -> str:
    """The one line that refuses these options."""
    with pytest.raises(UsageError) as caught:
        choose(name, dataset_root, model_path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_embedded() -> None:
    """The embedded profile needs nothing, and everything that it names is in the repository."""
    profile = choose("embedded", None, None)
    assert profile.name == "embedded"
    assert profile.drawn
    assert profile.model_path.is_file()
    assert (profile.dataset_root / "annotations" / "trainval.txt").is_file()
    assert (profile.dataset_root / "generate.py").is_file()
    assert profile.baseline is not None
    assert (profile.baseline / "fp32.tflite").is_file()
    assert (profile.baseline / "int8.tflite").is_file()


def test_oxford_pets(dataset: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real profile takes its data set and model from the paths given, made absolute."""
    monkeypatch.chdir(dataset.parent)
    profile = choose("oxford_pets", Path("pets"), Path("model.h5"))
    assert profile.dataset_root == dataset.resolve()
    assert profile.model_path == model.resolve()
    assert not profile.drawn
    assert profile.baseline is None


def test_every_profile_can_be_chosen(dataset: Path, model: Path) -> None:
    """Each name that is offered is a profile of that name."""
    for name in PROFILES:
        paths = (None, None) if name == "embedded" else (dataset, model)
        assert choose(name, *paths).name == name


@pytest.mark.parametrize("name", ["nonsense", "", "Embedded"])
def test_unknown_names(name: str) -> None:
    """A name that is no profile is refused with the names that are."""
    told = refused(name, None, None)
    assert all(known in told for known in PROFILES)


def test_paths_that_the_embedded_profile_has_no_use_for(dataset: Path, model: Path) -> None:
    """Paths given without a real profile are refused rather than ignored, with the option to add."""
    for paths in ((dataset, None), (None, model), (dataset, model)):
        assert "--profile oxford_pets" in refused("embedded", *paths)


def test_paths_that_are_lacking(dataset: Path, model: Path) -> None:
    """A real profile without its data set or its model says which options it needs."""
    for paths in ((dataset, None), (None, model), (None, None)):
        told = refused("oxford_pets", *paths)
        assert "--dataset-root" in told
        assert "--model-path" in told


@pytest.mark.parametrize("part", ["images", "annotations/trainval.txt", "annotations/test.txt", "annotations"])
def test_an_incomplete_data_set(dataset: Path, model: Path, part: str) -> None:
    """A data set that lacks a part is refused, and the part is named."""
    (dataset / part).rename(dataset / "moved")
    told = refused("oxford_pets", dataset, model)
    assert part in told
    assert str(dataset) in told


def test_a_data_set_that_is_not_there(tmp_path: Path, model: Path) -> None:
    """A data set's folder that does not exist, or is a file, is refused."""
    assert "absent" in refused("oxford_pets", tmp_path / "absent", model)
    assert "model.h5" in refused("oxford_pets", model, model)


def test_a_model_that_is_not_there(dataset: Path) -> None:
    """A model that does not exist, or is a folder, is refused."""
    assert "--model-path" in refused("oxford_pets", dataset, dataset / "absent.h5")
    assert "--model-path" in refused("oxford_pets", dataset, dataset)
