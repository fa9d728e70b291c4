"""Running a model over the test images and writing down how good and how fast it is."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from dl_in_iot_course.misc import metrics
from dl_in_iot_course.misc.draw import draw_confusion_matrix
from dl_in_iot_course.misc.pet_dataset import PetDataset


class ModelTester:
    """Base of the labs' models: optimise a model, load it, run it and measure it.

    For each sample ``test_inference`` calls ``preprocess_input``, ``run_inference`` and ``postprocess_outputs``, and
    only ``run_inference`` is timed: whatever is not inference belongs in the other two.

    Attributes:
        dataset: the data set to evaluate on.
        modelpath: the file of the model under test.
        logdir: the folder for training logs, or ``None``.
        timemeasurements: the duration of each ``run_inference`` since the last reset, in milliseconds.
    """

    def __init__(
        self,
        dataset: PetDataset,
        modelpath: Path,
        originalmodel: Path | None = None,
        logdir: Path | None = None,
    ) -> None:
        """Optimise ``originalmodel`` into the file ``modelpath`` if it is given, then load ``modelpath``.

        Args:
            dataset: the data set to calibrate, train and evaluate with.
            modelpath: the model to test; ``optimize_model`` writes it.
            originalmodel: the model to optimise first; without it, ``modelpath`` must exist already.
            logdir: a folder for logs, made if it does not exist.
        """
        self.dataset = dataset
        self.modelpath = modelpath
        self.logdir = logdir
        self.timemeasurements: list[float] = []
        if logdir is not None:
            Path(logdir).mkdir(parents=True, exist_ok=True)
        if originalmodel is not None:
            self.optimize_model(originalmodel)
        self.prepare_model()

    def optimize_model(self, originalmodel: Path) -> None:
        """Optimise the model in the file ``originalmodel`` and save it as ``self.modelpath``. Does nothing here."""

    def prepare_model(self) -> None:
        """Load ``self.modelpath`` so that inference can start."""
        raise NotImplementedError(f"{type(self).__name__}.prepare_model: load the model in self.modelpath")

    def preprocess_input(self, X: Any) -> None:
        """Bring a sample into the form that the model needs, and put it where ``run_inference`` finds it.

        Args:
            X: what ``dataset.prepare_input_sample`` gave, float32 (1, 224, 224, 3).
        """
        raise NotImplementedError(f"{type(self).__name__}.preprocess_input: hand the sample X to the model")

    def run_inference(self) -> Any:
        """Run the model on the preprocessed sample. The only timed part.

        Returns:
            Anything that ``postprocess_outputs`` wants, ``None`` included.
        """
        raise NotImplementedError(f"{type(self).__name__}.run_inference: run the model on the preprocessed sample")

    def postprocess_outputs(self, Y: Any) -> Any:
        """Turn the model's raw output into a score for each class; returns ``Y`` itself here.

        Args:
            Y: what ``run_inference`` returned.

        Returns:
            A NumPy array of shape (classes,) or (1, classes).
        """
        return Y

    def reset_measurements(self) -> None:
        """Forget the measured times and the data set's counts."""
        self.timemeasurements = []
        self.dataset.reset_metrics()

    def test_inference(self, resultspath: Path, prefix: str, testdatasetpercentage: float = 0.3) -> None:
        """Evaluate the model on test images; write ``<prefix>-metrics.md`` and ``<prefix>-confusion-matrix.png``.

        Args:
            resultspath: the folder for both files, made if it does not exist.
            prefix: names the variant, in the files' names and in the metrics.
            testdatasetpercentage: the share of the test images to use, above 0 and up to 1.

        Raises:
            ValueError: the share is outside of (0, 1], there are no test images, or the model gives an array of
                another shape than (classes,) or (1, classes).
        """
        from tqdm import tqdm

        results = Path(resultspath)
        results.mkdir(parents=True, exist_ok=True)
        self.reset_measurements()
        paths, labels = self._test_samples(testdatasetpercentage)
        samples = zip(paths, labels, strict=True)
        for path, label in tqdm(samples, total=len(paths), desc=f"evaluating {prefix}"):
            self.preprocess_input(self.dataset.prepare_input_sample(path))
            predictions = self.postprocess_outputs(self._run_inference())
            self.dataset.evaluate(predictions, self.dataset.prepare_output_sample(label))
        (results / f"{prefix}-metrics.md").write_text(self._metrics_text(prefix), encoding="utf-8")
        draw_confusion_matrix(
            self.dataset.confusion_matrix,
            results / f"{prefix}-confusion-matrix.png",
            f"Confusion matrix of {prefix}",
            self.dataset.get_class_names(),
        )

    def _run_inference(self) -> Any:
        """Call ``run_inference``, keep its duration in ``timemeasurements`` and return its result."""
        start = time.perf_counter()
        result = self.run_inference()
        self.timemeasurements.append((time.perf_counter() - start) * 1000.0)
        return result

    def _test_samples(self, share: float) -> tuple[list[str], list[int]]:
        if share == 1.0 and self.dataset.testX:
            return self.dataset.testX, self.dataset.testY
        _, paths, _, labels = self.dataset.split_dataset(share, usetest=True)
        return paths, labels

    def _metrics_text(self, prefix: str) -> str:
        matrix = self.dataset.confusion_matrix
        # The first inference also pays for allocations and caches.
        durations = self.timemeasurements[1:] or self.timemeasurements
        lines = [
            f"Model type: {prefix}",
            "",
            f"* Accuracy: {metrics.accuracy(matrix)}",
            f"* Mean precision: {metrics.mean_precision(matrix)}",
            f"* Mean sensitivity: {metrics.mean_sensitivity(matrix)}",
            f"* G-Mean: {metrics.g_mean(matrix)}",
            f"* Mean inference time: {float(np.mean(durations))} ms",
            f"* Top-5 percentage: {self.dataset.top_5_count / self.dataset.total}",
        ]
        return "\n".join(lines) + "\n"
