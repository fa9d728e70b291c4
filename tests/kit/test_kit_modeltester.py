from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def dataset(kit: Any, small_dataset: Path) -> Any:
    return kit.pet_dataset.PetDataset(small_dataset)


@pytest.fixture
def tester_class(kit: Any) -> type:
    """A model that always ranks class 0 first, and notes what is called."""

    class Recorder(kit.modeltester.ModelTester):  # type: ignore[misc]  # a module loaded at run time has no types
        def optimize_model(self, originalmodel: Path) -> None:
            self.calls = [f"optimize {originalmodel}"]

        def prepare_model(self) -> None:
            self.calls = [*getattr(self, "calls", []), "prepare"]

        def preprocess_input(self, X: Any) -> None:
            assert X.shape == (1, 224, 224, 3)
            self.calls.append("preprocess")

        def run_inference(self) -> str:
            self.calls.append("run")
            return "raw"

        def postprocess_outputs(self, Y: Any) -> Any:
            assert Y == "raw"
            self.calls.append("postprocess")
            return np.array([[3.0, 2.0, 1.0]])

    return Recorder


def test_original_model_is_optimised_before_loading(dataset: Any, tester_class: Any, tmp_path: Path) -> None:
    """The constructor optimises the original model if there is one, then loads; and it makes the log folder."""
    with_original = tester_class(dataset, tmp_path / "m.tflite", Path("original.h5"), tmp_path / "logs" / "deep")
    without = tester_class(dataset, tmp_path / "m.tflite")

    assert with_original.calls == ["optimize original.h5", "prepare"]
    assert (tmp_path / "logs" / "deep").is_dir()
    assert without.calls == ["prepare"]
    assert (with_original.dataset, with_original.modelpath) == (dataset, tmp_path / "m.tflite")
    assert (with_original.logdir, without.logdir) == (tmp_path / "logs" / "deep", None)


def test_writes_metrics_and_a_plot(dataset: Any, tester_class: Any, tmp_path: Path) -> None:
    """The metrics file has the promised lines and numbers, and the confusion matrix is an image."""
    tester = tester_class(dataset, tmp_path / "m.tflite")
    tester.timemeasurements = [99.0]

    tester.test_inference(tmp_path / "new" / "results", "always-cat", 1.0)

    lines = (tmp_path / "new" / "results" / "always-cat-metrics.md").read_text().splitlines()
    mean = np.mean(tester.timemeasurements[1:])
    assert lines == [
        "Model type: always-cat",
        "",
        f"* Accuracy: {1 / 3}",
        f"* Mean precision: {1 / 9}",
        f"* Mean sensitivity: {1 / 3}",
        "* G-Mean: 0.0",
        f"* Mean inference time: {mean} ms",
        "* Top-5 percentage: 1.0",
    ]
    with Image.open(tmp_path / "new" / "results" / "always-cat-confusion-matrix.png") as plot:
        assert plot.format == "PNG"
    assert tester.calls == ["prepare", *["preprocess", "run", "postprocess"] * 6]
    assert len(tester.timemeasurements) == 6


def test_first_inference_is_left_out_of_the_mean_time(dataset: Any, tester_class: Any, tmp_path: Path) -> None:
    """The mean time skips the warm-up, unless it is the only measurement."""
    tester = tester_class(dataset, tmp_path / "m.tflite")
    dataset.evaluate([1, 0, 0], [1, 0, 0])

    tester.timemeasurements = [1000.0, 1.0, 3.0]
    assert "* Mean inference time: 2.0 ms" in tester._metrics_text("x").splitlines()
    tester.timemeasurements = [7.0]
    assert "* Mean inference time: 7.0 ms" in tester._metrics_text("x").splitlines()


def test_evaluates_on_a_share(dataset: Any, tester_class: Any, tmp_path: Path) -> None:
    """Half of six test images are three, one of each class."""
    tester_class(dataset, tmp_path / "m.tflite").test_inference(tmp_path, "half", 0.5)

    assert dataset.total == 3
    assert dataset.confusion_matrix[:, 0].tolist() == [1, 1, 1]


def test_progress_goes_to_standard_error(
    dataset: Any, tester_class: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output belongs to the student's code; the progress bar is on standard error."""
    tester_class(dataset, tmp_path / "m.tflite").test_inference(tmp_path, "quiet", 0.5)

    printed = capsys.readouterr()
    assert printed.out == ""
    assert "evaluating quiet" in printed.err


def test_nothing_to_evaluate_is_an_error(dataset: Any, tester_class: Any, tmp_path: Path) -> None:
    """Without test images there is an error and no metrics file."""
    dataset.testX, dataset.testY = [], []

    with pytest.raises(ValueError, match="no images"):
        tester_class(dataset, tmp_path / "m.tflite").test_inference(tmp_path / "results", "none", 1.0)
    assert not list((tmp_path / "results").iterdir())


def test_what_a_model_must_write_is_said(kit: Any, dataset: Any, tmp_path: Path) -> None:
    """A subclass that writes nothing fails at loading, and its class and the method are named."""

    class Empty(kit.modeltester.ModelTester):  # type: ignore[misc]  # as above
        pass

    with pytest.raises(NotImplementedError, match=r"Empty\.prepare_model: load the model"):
        Empty(dataset, tmp_path / "m.tflite")


@pytest.mark.parametrize("names", [["cat", "dog"], {0: "cat", 1: "dog"}], ids=["list", "dict"])
def test_draws_with_names_in_a_list_or_dict(kit: Any, tmp_path: Path, names: Any) -> None:
    """A plot takes class names either way, and the figure's size and resolution as asked."""
    kit.draw.draw_confusion_matrix(
        [[3, 1], [0, 0]], tmp_path / "m.png", "Title", names, cmap="viridis", figsize=(4, 3), dpi=50
    )

    with Image.open(tmp_path / "m.png") as plot:
        assert plot.size == (200, 150)


def test_a_plot_needs_a_name_for_each_class(kit: Any, tmp_path: Path) -> None:
    """Too few names are an error that says how many classes there are."""
    with pytest.raises(ValueError, match="2 classes need as many names, not 1"):
        kit.draw.draw_confusion_matrix([[3, 1], [0, 0]], tmp_path / "m.png", "Title", ["cat"])
