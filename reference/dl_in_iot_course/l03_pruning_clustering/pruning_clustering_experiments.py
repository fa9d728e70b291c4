"""Lab 3, solved: a trained model whose weights are clustered or pruned, fine-tuned, and stored in TensorFlow Lite."""

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

from dl_in_iot_course.l02_quantization.quantization_experiments import FP32Model
from dl_in_iot_course.misc.pet_dataset import PetDataset


def load_keras_model(path: Path) -> Any:
    """A Keras model of its own: tfmot changes the layers that it is given, so no two uses may share one."""
    return tf.keras.models.load_model(str(path), compile=False)


def unfrozen(model: Any) -> Any:
    """The same model with every layer trainable: tfmot refuses to cluster those that are not."""
    model.trainable = True
    return model


def save_as_tflite(model: Any, path: Path) -> None:
    """Convert a Keras model to TensorFlow Lite in float32, with no further optimisation, and write the file."""
    tflite = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(tflite)


class TFMOTOptimizedModel(FP32Model):
    """Base of the models that TensorFlow's Model Optimization Toolkit compresses; run as lab 2's float32 model is."""

    def optimize_model(self, originalmodel: Path) -> None:
        """Set up what fine-tuning needs, then hand over to ``compress_and_fine_tune``."""
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

        ``augment`` varies brightness and contrast and mirrors half of the images, differently in each epoch.
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
            f"{type(self).__name__}.compress_and_fine_tune: compress the Keras model in originalmodel, fine-tune it "
            "and write it to self.modelpath"
        )

    def fine_tune(self, model: Any, *callbacks: Any) -> None:
        """Train a wrapped Keras model with what ``optimize_model`` set up; losses go to ``self.logdir``, if any."""
        logs = [tf.keras.callbacks.CSVLogger(str(Path(self.logdir) / "training.csv"))] if self.logdir else []
        model.compile(optimizer=self.optimizer, loss=self.loss, metrics=self.metrics)
        model.fit(
            self.traindataset,
            epochs=self.epochs,
            validation_data=self.validdataset,
            callbacks=[*callbacks, *logs],
            verbose=2,
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
        clustering = tfmot.clustering.keras
        model = clustering.cluster_weights(
            unfrozen(load_keras_model(originalmodel)),
            number_of_clusters=self.num_clusters,
            cluster_centroids_init=clustering.CentroidInitialization.LINEAR,
        )
        self.fine_tune(model)
        # Without the wrappers, which hold the weights a second time and recompute them in each inference.
        save_as_tflite(clustering.strip_clustering(model), self.modelpath)


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
        sparsity = tfmot.sparsity.keras
        self.epochs = 4
        self.sched = sparsity.ConstantSparsity(self.target_sparsity, begin_step=0, end_step=1, frequency=1)
        model = sparsity.prune_low_magnitude(load_keras_model(originalmodel), pruning_schedule=self.sched)
        self.fine_tune(model, sparsity.UpdatePruningStep())
        save_as_tflite(sparsity.strip_pruning(model), self.modelpath)


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
