"""Lab 3: cluster and prune a trained model's weights and fine-tune it. README.md beside this file is the assignment.

Write the methods that raise ``NotImplementedError``. The classes' names, the constructors, ``optimize_model`` and the
command line at the end of the file have to stay as they are; helper functions, helper modules and more imports are
welcome.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

# tf.keras has to be Keras 2 for this course, and TensorFlow decides that when it is imported.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import tensorflow as tf  # after the line above on purpose
import tensorflow_model_optimization as tfmot

from dl_in_iot_course.misc.modeltester import ModelTester
from dl_in_iot_course.misc.pet_dataset import PetDataset


class TFMOTOptimizedModel(ModelTester):
    """Base of the models that TensorFlow's Model Optimization Toolkit compresses; run as lab 2's float32 model is.

    ``optimize_model`` and ``batches`` are given. The four methods at the end of the class are those of ``FP32Model`` in
    lab 2: if you have it, derive this class from it in place of ``ModelTester`` and delete all four here.
    """

    model: Any

    def optimize_model(self, originalmodel: Path) -> None:
        """Set up what fine-tuning needs, then hand over to ``compress_and_fine_tune``. Given.

        Sets ``traindataset``, ``validdataset``, ``loss``, ``optimizer``, ``metrics`` and ``epochs`` for the subclasses.
        """
        self.batch_size = 8
        self.learning_rate = 1e-5
        self.epochs = 1
        train_paths, valid_paths, train_labels, valid_labels = self.dataset.split_dataset(0.4)
        self.traindataset = self.batches(train_paths, train_labels, augment=True)
        self.validdataset = self.batches(valid_paths, valid_labels, augment=False)
        self.loss = tf.keras.losses.CategoricalCrossentropy(from_logits=True)
        self.optimizer = tf.keras.optimizers.Adam(learning_rate=self.learning_rate)
        self.metrics = [tf.keras.metrics.CategoricalAccuracy()]
        self.compress_and_fine_tune(originalmodel)

    def batches(self, paths: Sequence[str], labels: Sequence[int], augment: bool) -> Any:
        """Batches of float32 images (n, 224, 224, 3), normalised, and one-hot vectors (n, classes), read from files.

        Given. ``augment`` varies brightness and contrast and mirrors half of the images, differently in each epoch.
        """

        def sample(path: Any, onehot: Any) -> tuple[Any, Any]:
            image = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
            image = tf.image.resize(image, (224, 224)) / 255.0
            if augment:
                image = tf.image.random_brightness(image, 0.1)
                image = tf.image.random_contrast(image, 0.7, 1.0)
                image = tf.image.random_flip_left_right(image)
            return (image - self.dataset.mean) / self.dataset.std, onehot

        onehots = self.dataset.onehotvectors[labels].astype("float32")
        samples = tf.data.Dataset.from_tensor_slices((list(paths), onehots))
        return samples.map(sample, num_parallel_calls=tf.data.AUTOTUNE).batch(self.batch_size).prefetch(1)

    def compress_and_fine_tune(self, originalmodel: Path) -> None:
        """Compress the Keras model in ``originalmodel``, fine-tune it, and write it to ``self.modelpath``."""
        raise NotImplementedError(
            f"{type(self).__name__}.compress_and_fine_tune: a subclass has to compress the model and fine-tune it"
        )

    def prepare_model(self) -> None:
        """Make an interpreter of ``self.modelpath``, ready to run."""
        raise NotImplementedError(
            "TFMOTOptimizedModel.prepare_model: create a TensorFlow Lite interpreter of self.modelpath as self.model, "
            "with the machine's threads, and allocate its tensors; or derive from lab 2's FP32Model"
        )

    def preprocess_input(self, X: Any) -> None:
        """Copy the sample into the input tensor."""
        raise NotImplementedError(
            "TFMOTOptimizedModel.preprocess_input: copy the sample X into the interpreter's input tensor; or derive "
            "from lab 2's FP32Model"
        )

    def run_inference(self) -> Any:
        """Run the interpreter on what is in its input tensor."""
        raise NotImplementedError(
            "TFMOTOptimizedModel.run_inference: invoke the interpreter, and do nothing that is not inference; or "
            "derive from lab 2's FP32Model"
        )

    def postprocess_outputs(self, Y: Any) -> Any:
        """The logits, float32 (classes,) or (1, classes)."""
        raise NotImplementedError(
            "TFMOTOptimizedModel.postprocess_outputs: return the content of the output tensor, the logits of all "
            "classes; or derive from lab 2's FP32Model"
        )


class ClusteredModel(TFMOTOptimizedModel):
    """The model with few distinct values in each layer's weights."""

    def __init__(
        self,
        dataset: PetDataset,
        modelpath: Path,
        originalmodel: Path | None = None,
        logdir: Path | None = None,
        num_clusters: int = 16,
    ) -> None:
        """As ``ModelTester``; ``num_clusters`` is how many distinct values a layer's weights may have."""
        self.num_clusters = num_clusters
        super().__init__(dataset, modelpath, originalmodel, logdir)

    def compress_and_fine_tune(self, originalmodel: Path) -> None:
        """Cluster the weights from evenly spaced centroids, fine-tune, and write the float32 model."""
        raise NotImplementedError(
            "ClusteredModel.compress_and_fine_tune: cluster the Keras model in originalmodel into self.num_clusters "
            "values per layer from linear centroids, fine-tune it, strip the wrappers, convert it to a float32 "
            "TensorFlow Lite model and write that to self.modelpath"
        )


class PrunedModel(TFMOTOptimizedModel):
    """The model with the smallest weights of each layer set to zero."""

    def __init__(
        self,
        dataset: PetDataset,
        modelpath: Path,
        originalmodel: Path | None = None,
        logdir: Path | None = None,
        target_sparsity: float = 0.3,
    ) -> None:
        """As ``ModelTester``; ``target_sparsity`` is the share of each layer's weights that becomes zero."""
        self.target_sparsity = target_sparsity
        super().__init__(dataset, modelpath, originalmodel, logdir)

    def compress_and_fine_tune(self, originalmodel: Path) -> None:
        """Set the smallest weights to zero, fine-tune the others, and write the float32 model."""
        self.epochs = 4
        self.sched = tfmot.sparsity.keras.ConstantSparsity(self.target_sparsity, begin_step=0, end_step=1, frequency=1)
        raise NotImplementedError(
            "PrunedModel.compress_and_fine_tune: prune the Keras model in originalmodel with self.sched, fine-tune it "
            "for self.epochs epochs, strip the wrappers, convert it to a float32 TensorFlow Lite model and write that "
            "to self.modelpath"
        )


CLUSTERS = (2, 4, 8, 16, 32)
SPARSITIES = (0.2, 0.4, 0.5)


def run_clustered(dataset: PetDataset, args: argparse.Namespace, clusters: int) -> None:
    """Cluster, fine-tune and evaluate, for one number of clusters."""
    tflite = args.results_path / f"{args.model_path.stem}.clustered-{clusters}.tflite"
    logs = args.results_path / f"clusterlog-{clusters}"
    tester = ClusteredModel(dataset, tflite, args.model_path, logs, clusters)
    tester.test_inference(args.results_path, f"clustered-{clusters}-fp32", args.test_dataset_fraction)


def run_pruned(dataset: PetDataset, args: argparse.Namespace, sparsity: float) -> None:
    """Prune, fine-tune and evaluate, for one sparsity."""
    tflite = args.results_path / f"{args.model_path.stem}.pruned-{sparsity}.tflite"
    logs = args.results_path / f"prunelog-{sparsity}"
    tester = PrunedModel(dataset, tflite, args.model_path, logs, sparsity)
    tester.test_inference(args.results_path, f"pruned-{sparsity}-fp32", args.test_dataset_fraction)


TASKS: dict[str, Callable[[PetDataset, argparse.Namespace], None]] = {
    **{f"clustered-{clusters}-fp32": partial(run_clustered, clusters=clusters) for clusters in CLUSTERS},
    **{f"pruned-{sparsity}-fp32": partial(run_pruned, sparsity=sparsity) for sparsity in SPARSITIES},
}
GROUPS = {"all": "", "clustered-all": "clustered-", "pruned-all": "pruned-"}


def chosen_tasks(names: Sequence[str]) -> list[str]:
    """The tasks that these names of tasks and of groups stand for, each once."""
    found: dict[str, None] = {}
    for name in names:
        group = [task for task in TASKS if task.startswith(GROUPS[name])] if name in GROUPS else [name]
        found.update(dict.fromkeys(group))
    return list(found)


class OneLineParser(argparse.ArgumentParser):
    """A parser with one-line error messages."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and exit with code 2."""
        self.exit(2, f"error: {message}\n")


def dataset_fraction(text: str) -> float:
    """A share above 0 and up to 1, as argparse wants it."""
    fraction = float(text)
    if not 0 < fraction <= 1:
        raise argparse.ArgumentTypeError(f"must be above 0 and at most 1, not {text}")
    return fraction


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line; exits with one line where it is wrong."""
    parser = OneLineParser(description="Clusters, prunes and evaluates a model.")
    parser.add_argument("--model-path", type=Path, required=True, help="the trained Keras model")
    parser.add_argument("--dataset-root", type=Path, required=True, help="the folder with images/ and annotations/")
    parser.add_argument("--download-dataset", action="store_true", help="download the data set first (800 MB)")
    parser.add_argument("--results-path", type=Path, required=True, help="the folder for models, metrics and plots")
    parser.add_argument(
        "--test-dataset-fraction",
        type=dataset_fraction,
        default=1.0,
        metavar="SHARE",
        help="the share of the test images to evaluate on (default: 1.0)",
    )
    parser.add_argument(
        "--tasks", nargs="+", choices=[*TASKS, *GROUPS], default=["all"], help="what to run (default: all)"
    )
    args = parser.parse_args(argv)
    if not args.model_path.exists():
        parser.error(f"there is no model {args.model_path}")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Run the chosen tasks; returns 1 if one of them is not written yet, 2 if the data set is unusable, else 0."""
    args = parse_arguments(argv)
    try:
        args.results_path.mkdir(parents=True, exist_ok=True)
        dataset = PetDataset(args.dataset_root, args.download_dataset)
    except (OSError, ValueError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    unfinished = False
    for task in chosen_tasks(args.tasks):
        try:
            TASKS[task](dataset, args)
        except NotImplementedError as missing:
            print(f"{task}: not implemented yet: {missing}", file=sys.stderr)
            unfinished = True
    return int(unfinished)


if __name__ == "__main__":
    raise SystemExit(main())
