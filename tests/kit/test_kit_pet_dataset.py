from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Annotated = Callable[..., Path]


def test_reads_a_data_set(kit: Any, annotated: Annotated) -> None:
    """Paths and class ids from 0 come in file order, and names are the images' up to the last underscore."""
    root = annotated("big_cat_1 1 1 1\ndog_10 2 2 1\nbig_cat_2 1 1 1\n", "dog_3 2 2 1\n")

    dataset = kit.pet_dataset.PetDataset(root)

    assert dataset.dataX == [str(root / "images" / f"{name}.jpg") for name in ("big_cat_1", "dog_10", "big_cat_2")]
    assert dataset.dataY == [0, 1, 0]
    assert (dataset.testX, dataset.testY) == ([str(root / "images" / "dog_3.jpg")], [1])
    assert dataset.get_data() == (dataset.dataX, dataset.dataY)
    assert dataset.numclasses == 2
    assert dataset.classnames == {0: "big_cat", 1: "dog"}
    np.testing.assert_array_equal(dataset.onehotvectors, np.eye(2))
    np.testing.assert_array_equal(dataset.prepare_output_sample(1), [0, 1])


def test_names_are_in_the_order_of_the_class_ids(kit: Any, annotated: Annotated) -> None:
    """get_class_names follows the ids, even where the file names a later class first."""
    dataset = kit.pet_dataset.PetDataset(annotated("ox_1 3 2 1\ncat_1 1 1 1\ndog_1 2 2 1\n"))

    assert dataset.get_class_names() == ["cat", "dog", "ox"]


def test_comments_blank_lines_and_windows_line_ends(kit: Any, annotated: Annotated) -> None:
    """Comments, blank lines, CRLF, a byte order mark and wide gaps change nothing."""
    text = "\ufeff# Image CLASS SPECIES BREED\r\n\r\ncat_1 1 1 1\r\n  \r\n  # more\r\n dog_1\t2  2 1 \r\n"

    dataset = kit.pet_dataset.PetDataset(annotated(text, text))

    assert dataset.dataY == dataset.testY == [0, 1]
    assert Path(dataset.dataX[1]).name == "dog_1.jpg"


@pytest.mark.parametrize(
    "line",
    [
        "dog_1",
        "dog_1 2 2",
        "dog_1 2 2 1 7",
        "dog_1 two 2 1",
        "dog_1 2 2 x",
        "dog_1 0 2 1",
        "dog_1 -1 2 1",
        "dog_1 2.0 2 1",
        "dog 2 2 1",
        "../dog_1 2 2 1",
    ],
)
@pytest.mark.parametrize("split", ["trainval", "test"])
def test_malformed_lines_are_named(kit: Any, annotated: Annotated, split: str, line: str) -> None:
    """A malformed line is an error with the file, the line's number, what was expected and what was found."""
    good = "# comment\ncat_1 1 1 1\ndog_9 2 2 1\n"
    bad = f"# comment\ncat_1 1 1 1\n{line}\n"
    root = annotated(bad, good) if split == "trainval" else annotated(good, bad)

    with pytest.raises(ValueError, match="expected") as caught:
        kit.pet_dataset.PetDataset(root)

    message = str(caught.value)
    assert f"{split}.txt, line 3" in message
    assert "Name_123 class species breed" in message
    assert repr(line) in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("trainval", "test", "said"),
    [
        ("cat_1 1 1 1\ndog_1 1 2 1\n", "", "line 2: expected an image of cat, the class 1; found dog"),
        ("cat_1 1 1 1\nox_1 3 2 1\n", "", "expected the classes 1 to 3, found none of class 2"),
        ("# nothing\n", "", "expected at least one line"),
        ("cat_1 1 1 1\n", "ox_1 2 2 1\n", "test.txt, line 1: expected a class that trainval.txt has too, found 2"),
    ],
)
def test_contradictions_are_named(kit: Any, annotated: Annotated, trainval: str, test: str, said: str) -> None:
    """Lines that do not fit together are errors that say where and why."""
    with pytest.raises(ValueError, match="expected") as caught:
        kit.pet_dataset.PetDataset(annotated(trainval, test))
    assert said in str(caught.value)


def test_a_missing_file_is_named(kit: Any, tmp_path: Path) -> None:
    """A folder without annotations is an error that names the missing file."""
    with pytest.raises(FileNotFoundError, match=r"trainval\.txt is missing"):
        kit.pet_dataset.PetDataset(tmp_path)


def test_prepares_an_image(kit: Any, small_dataset: Path) -> None:
    """An input is RGB, 224 x 224 by Pillow's default filter, /255, minus mean, over deviation; float32, batch first."""
    dataset = kit.pet_dataset.PetDataset(small_dataset)
    path = dataset.dataX[0]

    sample = dataset.prepare_input_sample(path)

    pixels = np.array(Image.open(path).convert("RGB").resize((224, 224))).astype(np.float32) / 255.0
    mean, std = (np.array(values, dtype=np.float32) for values in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    assert sample.dtype == np.float32
    assert sample.shape == (1, 224, 224, 3)
    np.testing.assert_array_equal(sample[0], (pixels - mean) / std)
    np.testing.assert_array_equal(dataset.mean, mean)
    np.testing.assert_array_equal(dataset.std, std)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P"])
def test_prepares_images_of_any_mode(kit: Any, small_dataset: Path, tmp_path: Path, mode: str) -> None:
    """Grey, transparent and palette images become three channels, whatever their file is called."""
    path = tmp_path / "image.jpg"
    Image.new("RGB", (9, 7), (10, 200, 30)).convert(mode).save(path, format="PNG")

    sample = kit.pet_dataset.PetDataset(small_dataset).prepare_input_sample(path)

    assert sample.shape == (1, 224, 224, 3)


@pytest.fixture
def seven_classes(kit: Any, annotated: Annotated) -> Any:
    return kit.pet_dataset.PetDataset(annotated("".join(f"pet{i}_1 {i} 1 1\n" for i in range(1, 8))))


SCORES = [0.1, 0.9, 0.3, 0.5, 0.4, 0.2, 0.8]
BEST_FIVE = {1, 6, 3, 4, 2}


@pytest.mark.parametrize("shape", [(7,), (1, 7)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, list])
@pytest.mark.parametrize("truth", range(7))
def test_evaluates_one_sample(seven_classes: Any, shape: tuple[int, ...], dtype: Any, truth: int) -> None:
    """Both shapes count one sample, at [truth, prediction], and as Top-5 if the truth is among the five best."""
    scores = np.reshape(SCORES, shape)

    seven_classes.evaluate(scores.tolist() if dtype is list else scores.astype(dtype), np.eye(7)[truth])

    assert seven_classes.confusion_matrix[truth, 1] == 1
    assert seven_classes.confusion_matrix.sum() == 1
    assert seven_classes.top_5_count == (truth in BEST_FIVE)
    assert seven_classes.total == 1


def test_evaluates_int8_codes(seven_classes: Any) -> None:
    """Raw int8 scores are ranked as the numbers they are, -128 included."""
    codes = np.array([-128, 127, 0, 0, 0, 0, 0], dtype=np.int8)

    seven_classes.evaluate(codes, np.eye(7)[0])

    assert seven_classes.confusion_matrix[0, 1] == 1
    assert seven_classes.top_5_count == 0


def test_equal_scores_rank_by_class_id(seven_classes: Any) -> None:
    """A model that scores all classes alike predicts class 0 and has the first five in its Top-5."""
    for truth in range(7):
        seven_classes.evaluate(np.zeros(7), np.eye(7)[truth])

    assert seven_classes.confusion_matrix[:, 0].tolist() == [1] * 7
    assert (seven_classes.top_5_count, seven_classes.total) == (5, 7)


def test_nan_ranks_last(seven_classes: Any) -> None:
    """A score that is NaN is never the prediction while another is a number."""
    seven_classes.evaluate([np.nan, -np.inf, -5, np.nan, -6, -7, np.nan], np.eye(7)[2])

    assert seven_classes.confusion_matrix[2, 2] == 1
    assert seven_classes.top_5_count == 1


@pytest.mark.parametrize("shape", [(6,), (8,), (2, 7), (7, 1), (1, 1, 7), ()])
def test_other_shapes_are_refused(seven_classes: Any, shape: tuple[int, ...]) -> None:
    """Scores that are not one sample's are an error that names both shapes, and nothing is counted."""
    with pytest.raises(ValueError, match=r"\(7,\) or \(1, 7\)") as caught:
        seven_classes.evaluate(np.zeros(shape), np.eye(7)[0])
    assert str(shape) in str(caught.value)
    assert seven_classes.total == 0


def test_reset_forgets_what_was_counted(seven_classes: Any) -> None:
    """After reset_metrics nothing has been evaluated."""
    seven_classes.evaluate(SCORES, np.eye(7)[1])

    seven_classes.reset_metrics()

    assert not seven_classes.confusion_matrix.any()
    assert (seven_classes.top_5_count, seven_classes.total) == (0, 0)


def test_downloads_and_unpacks_both_archives(
    kit: Any, small_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With download_dataset the two archives land below root and are read."""
    import tarfile

    fetched = []

    def pack(url: str, target: Path) -> None:
        folder = Path(url).name.removesuffix(".tar.gz")
        with tarfile.open(target, "w:gz") as archive:
            archive.add(small_dataset / folder, arcname=folder)
        fetched.append(folder)

    monkeypatch.setattr(kit.pet_dataset, "download_url", pack)

    dataset = kit.pet_dataset.PetDataset(tmp_path / "new" / "root", download_dataset=True)

    assert fetched == ["images", "annotations"]
    assert dataset.prepare_input_sample(dataset.dataX[0]).shape == (1, 224, 224, 3)


def test_download_url_stores_the_file(kit: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """download_url copies what the address gives and shows its progress on standard error only."""
    source = tmp_path / "source.bin"
    source.write_bytes(b"x" * 20_000)

    kit.utils.download_url(source.as_uri(), tmp_path / "copy.bin")

    assert (tmp_path / "copy.bin").read_bytes() == source.read_bytes()
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "source.bin" in printed.err
