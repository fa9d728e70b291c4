"""The images that accuracy is graded on: other ones for each seed, nameless where student code runs."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from graders.core.errors import GraderError
from graders.profiles import EvaluationSet, Profile, choose, draw

REPOSITORY = Path(__file__).resolve().parents[2]
POCKET_PETS = REPOSITORY / "fixtures" / "datasets" / "pocket_pets"
SIDE = 224


def frames_of(drawn: EvaluationSet) -> NDArray[np.uint8]:
    """The frames, from a file that holds plain numbers."""
    frames: NDArray[np.uint8] = np.load(drawn.frames, allow_pickle=False)
    return frames


def decoded(path: Path) -> NDArray[np.uint8]:
    """A picture as the labs' loader hands it to a model: decoded and resized."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB").resize((SIDE, SIDE)))


def rows(root: Path, split: str) -> dict[str, int]:
    """The pictures of a split and their classes, from 0."""
    lines = (root / "annotations" / f"{split}.txt").read_text(encoding="utf-8").splitlines()
    return {line.split()[0]: int(line.split()[1]) - 1 for line in lines if not line.startswith("#")}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvaluationSet]:
    """The embedded profile's images of seed 5."""
    folder = tmp_path_factory.mktemp("drawn")
    yield draw(choose("embedded", None, None), 5, folder / "new" / "folder")
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Profile:
    """The real profile on a copy of pocket_pets whose test split is the larger of the two."""
    root = tmp_path_factory.mktemp("pets")
    shutil.copytree(POCKET_PETS / "images", root / "images")
    (root / "annotations").mkdir()
    for here, there in (("trainval", "test"), ("test", "trainval")):
        shutil.copy(POCKET_PETS / "annotations" / f"{here}.txt", root / "annotations" / f"{there}.txt")
    return choose("oxford_pets", root, REPOSITORY / "fixtures" / "models" / "pocket_pets" / "pocket_mobilenet.h5")


@pytest.fixture(scope="module")
def real_drawn(real: Profile, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvaluationSet]:
    """The real profile's images of seed 5."""
    folder = tmp_path_factory.mktemp("real")
    yield draw(real, 5, folder)
    shutil.rmtree(folder)


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Path]:
    """A folder for another set; a set is too large to be kept after the test."""
    yield tmp_path / "out"
    shutil.rmtree(tmp_path / "out", ignore_errors=True)


def test_labels(drawn: EvaluationSet) -> None:
    """There are 444 images, twelve of each of the 37 classes, in an order that tells nothing."""
    assert len(drawn.labels) == 444
    assert Counter(drawn.labels) == dict.fromkeys(range(37), 12)
    assert list(drawn.labels) != sorted(drawn.labels)
    assert len(set(drawn.labels[:24])) > 8


def test_class_names() -> None:
    """The names of the classes are those of the data set's list, in its order."""
    lines = (POCKET_PETS / "classes.tsv").read_text(encoding="utf-8").splitlines()
    assert choose("embedded", None, None).class_names == tuple(line.split("\t")[0] for line in lines)


def test_frames(drawn: EvaluationSet) -> None:
    """Frames are uint8 pictures of 224 x 224, one for each label, and no two are the same."""
    frames = frames_of(drawn)
    assert frames.shape == (444, SIDE, SIDE, 3)
    assert frames.dtype == np.uint8
    assert len({frame.tobytes() for frame in frames}) == 444
    assert frames.min() == 0
    assert frames.max() == 255


def test_shown_images_are_the_first_frames(drawn: EvaluationSet) -> None:
    """Decoding and resizing a shown image gives, to the bit, the frame of its place."""
    assert len(drawn.shown) == 24
    frames = frames_of(drawn)
    for number, path in enumerate(drawn.shown):
        assert np.array_equal(decoded(path), frames[number])


def test_file_names_tell_nothing(drawn: EvaluationSet) -> None:
    """No file or folder that was written has a class's name or number in its name, and each has its place alone."""
    folder = drawn.frames.parent
    files = sorted(path.name for path in folder.rglob("*"))
    assert files == [*(f"{number:03d}.png" for number in range(24)), "frames.npy", "shown"]
    # Runs may read the shown ones, and them alone.
    assert {path.parent.name for path in drawn.shown} == {"shown"}
    assert drawn.frames.parent == folder
    assert not [path for path in drawn.shown for name in choose("embedded", None, None).class_names if name in path.name]


def test_images_carry_no_notes(drawn: EvaluationSet) -> None:
    """Nothing but pixels is in the shown images, and nothing of one size gives a class away."""
    for path in drawn.shown:
        with Image.open(path) as image:
            assert image.size == (96, 96)
            assert image.info == {}


def test_the_same_seed_draws_the_same(drawn: EvaluationSet, out: Path) -> None:
    """The same seed gives the same files to the byte."""
    again = draw(choose("embedded", None, None), 5, out)
    assert again.labels == drawn.labels
    assert again.frames.read_bytes() == drawn.frames.read_bytes()
    assert [path.read_bytes() for path in again.shown] == [path.read_bytes() for path in drawn.shown]


def test_another_seed_draws_others(drawn: EvaluationSet, out: Path) -> None:
    """Another seed gives other pictures in another order, and none of them is in the public data set."""
    other = draw(choose("embedded", None, None), 6, out)
    assert other.labels != drawn.labels
    ours = {frame.tobytes() for frame in frames_of(drawn)}
    assert not ours & {frame.tobytes() for frame in frames_of(other)}


def test_drawn_images_are_not_the_data_set(drawn: EvaluationSet) -> None:
    """No drawn image is close to any picture of its class in the data set, JPEG or not."""
    frames = frames_of(drawn)[:24].astype(np.int16)
    for split in ("trainval", "test"):
        pictures = rows(POCKET_PETS, split)
        for number, frame in enumerate(frames):
            for name in (name for name, label in pictures.items() if label == drawn.labels[number]):
                assert np.abs(frame - decoded(POCKET_PETS / "images" / f"{name}.jpg")).mean() > 4


@pytest.mark.parametrize("seed", [0, 2**31, 2**40])
def test_any_seed(seed: int, out: Path) -> None:
    """Seeds of any size draw a whole set."""
    assert len(draw(choose("embedded", None, None), seed, out).labels) == 444


def test_real_images_are_of_the_test_split(real: Profile, real_drawn: EvaluationSet) -> None:
    """Each frame of the real profile is a picture of the test split with that picture's class, each taken once."""
    test = rows(real.dataset_root, "test")
    pictures = {decoded(real.dataset_root / "images" / f"{name}.jpg").tobytes(): name for name in test}
    frames = frames_of(real_drawn)
    assert frames.shape == (444, SIDE, SIDE, 3)
    names = [pictures[frame.tobytes()] for frame in frames]
    assert len(set(names)) == 444
    assert [test[name] for name in names] == list(real_drawn.labels)


def test_real_images_are_a_share(real: Profile, real_drawn: EvaluationSet, out: Path) -> None:
    """Another seed takes another share, and the same seed the same."""
    other = draw(real, 6, out / "other")
    again = draw(real, 5, out / "again")
    ours = {frame.tobytes() for frame in frames_of(real_drawn)}
    assert 150 < len(ours & {frame.tobytes() for frame in frames_of(other)}) < 400
    assert again.frames.read_bytes() == real_drawn.frames.read_bytes()


def test_real_shown_images(real_drawn: EvaluationSet) -> None:
    """Shown images of the real profile are the first frames too, and have no class's name."""
    frames = frames_of(real_drawn)
    for number, path in enumerate(real_drawn.shown):
        assert np.array_equal(decoded(path), frames[number])
        assert path.name == f"{number:03d}.png"


def test_real_class_names(real: Profile) -> None:
    """Class names come from the annotations, underscores within a name kept."""
    assert real.class_names == choose("embedded", None, None).class_names


def small(real: Profile, tmp_path: Path, lines: list[str]) -> Profile:
    """The real profile with another list of test images."""
    root = tmp_path / "small"
    (root / "annotations").mkdir(parents=True)
    (root / "images").symlink_to(real.dataset_root / "images")
    shutil.copy(real.dataset_root / "annotations" / "trainval.txt", root / "annotations")
    (root / "annotations" / "test.txt").write_text("\n".join(lines), encoding="utf-8")
    return replace(real, dataset_root=root)


def test_a_small_data_set(real: Profile, tmp_path: Path) -> None:
    """A test split smaller than what is wanted is taken whole; comments, blanks and Windows line ends do no harm."""
    names = list(rows(real.dataset_root, "test"))[:30]
    few = small(real, tmp_path, ["# comment", "", *(f"{name} 3 1 3\r" for name in names), " "])
    found = draw(few, 1, tmp_path / "out")
    assert found.labels == (2,) * 30
    assert len(found.shown) == 24


def test_pictures_of_other_kinds(real: Profile, tmp_path: Path) -> None:
    """Grey pictures and pictures with transparency become colour frames."""
    few = small(real, tmp_path, ["grey_1 1 1 1", "clear_1 2 1 2"])
    (few.dataset_root / "images").unlink()
    (few.dataset_root / "images").mkdir()
    Image.new("L", (50, 80), 77).save(few.dataset_root / "images" / "grey_1.jpg")
    Image.new("RGBA", (20, 30), (9, 9, 9, 0)).save(few.dataset_root / "images" / "clear_1.jpg", format="PNG")
    found = draw(few, 1, tmp_path / "out")
    assert frames_of(found).shape == (2, SIDE, SIDE, 3)
    assert sorted(found.labels) == [0, 1]


BROKEN = {
    "a missing image": ["nobody_1 1 1 1"],
    "a class that is no number": ["monkey_1 x 1 1"],
    "half a line": ["monkey_1"],
    "no images": ["# nothing"],
}


@pytest.mark.parametrize("lines", list(BROKEN.values()), ids=list(BROKEN))
def test_what_can_not_be_drawn(real: Profile, tmp_path: Path, lines: list[str]) -> None:
    """A data set that can't be read is the grader's fault, told in one line."""
    with pytest.raises(GraderError) as caught:
        draw(small(real, tmp_path, lines), 1, tmp_path / "out")
    assert "could not be made" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_generator_that_is_not_there(tmp_path: Path) -> None:
    """A drawn profile without its generator is the grader's fault too."""
    profile = replace(choose("embedded", None, None), dataset_root=tmp_path)
    with pytest.raises(GraderError, match="could not be made"):
        draw(profile, 1, tmp_path / "out")
