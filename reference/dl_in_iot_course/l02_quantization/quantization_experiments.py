"""Lab 2, solved: a trained model in TensorFlow, in TensorFlow Lite, and quantised to int8."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

# tf.keras has to be Keras 2 for this course, and TensorFlow decides that when it is imported.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import tensorflow as tf  # after the line above on purpose

from dl_in_iot_course.misc.modeltester import ModelTester
from dl_in_iot_course.misc.pet_dataset import PetDataset

CALIBRATION_SEED = 1234
IMBALANCED_CLASS = 5

Samples = Callable[[], Iterator[list[np.ndarray]]]


def keras_converter(originalmodel: Path) -> Any:
    """A TensorFlow Lite converter of the Keras model in a file."""
    # Without its training configuration: a custom loss or optimizer would stop the loading, and neither is needed.
    return tf.lite.TFLiteConverter.from_keras_model(tf.keras.models.load_model(str(originalmodel), compile=False))


def save(tflite: bytes, path: Path) -> None:
    """Write a converted model, and the folders to it."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(tflite)


def quantize_to_int8(originalmodel: Path, samples: Samples) -> bytes:
    """Full integer quantisation with int8 input and output.

    Args:
        originalmodel: the Keras model's file.
        samples: called by the converter; yields lists of one input each, float32 (1, 224, 224, 3).

    Returns:
        The ``.tflite`` file's content.
    """
    converter = keras_converter(originalmodel)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    # Makes the converter fail where an operator has no integer version, in place of leaving it in float.
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    tflite: bytes = converter.convert()
    return tflite


def available_cpus() -> int:
    """The processors that this process may use; in a container often fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load_interpreter(modelpath: Path) -> Any:
    """An interpreter of a ``.tflite`` file with its tensors allocated."""
    interpreter = tf.lite.Interpreter(model_path=str(modelpath), num_threads=available_cpus())
    interpreter.allocate_tensors()
    return interpreter


def run(interpreter: Any) -> np.ndarray:
    """Invoke an interpreter and fetch its only output, as it stands in the tensor."""
    interpreter.invoke()
    output: np.ndarray = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    return output


class NativeModel(ModelTester):
    """The trained model, run by TensorFlow itself."""

    def prepare_model(self) -> None:
        """Load the Keras model and print its summary."""
        self.model = tf.keras.models.load_model(str(self.modelpath), compile=False)
        self.model.summary()

    def preprocess_input(self, X: Any) -> None:
        """Keep the sample; TensorFlow takes it as it is."""
        self.X = X

    def run_inference(self) -> Any:
        """The logits of the kept sample, float32 (1, classes)."""
        return self.model.predict_on_batch(self.X)


class FP32Model(ModelTester):
    """The model converted to TensorFlow Lite without any optimisation."""

    def optimize_model(self, originalmodel: Path) -> None:
        """Convert the Keras model in the file ``originalmodel`` and save it as ``self.modelpath``."""
        save(keras_converter(originalmodel).convert(), self.modelpath)

    def prepare_model(self) -> None:
        """Make an interpreter of ``self.modelpath``, ready to run."""
        self.model = load_interpreter(self.modelpath)

    def preprocess_input(self, X: Any) -> None:
        """Copy the sample into the input tensor: here, so that the copy is not timed."""
        self.model.set_tensor(self.model.get_input_details()[0]["index"], X)

    def run_inference(self) -> Any:
        """Invoke and fetch; the logits, float32 (1, classes)."""
        return run(self.model)

    def postprocess_outputs(self, Y: Any) -> Any:
        """The logits, float32 (1, classes), as they came."""
        return Y


class INT8Model(ModelTester):
    """The model quantised to int8 throughout: weights, activations, input and output."""

    def __init__(
        self,
        dataset: PetDataset,
        modelpath: Path,
        originalmodel: Path | None = None,
        calibrationdatasetpercent: float = 0.5,
    ) -> None:
        """As ``ModelTester``; ``calibrationdatasetpercent`` is the share of the training images that calibrates."""
        self.calibrationdatasetpercent = calibrationdatasetpercent
        super().__init__(dataset, modelpath, originalmodel)

    def optimize_model(self, originalmodel: Path) -> None:
        """Quantise the Keras model in the file ``originalmodel`` and save it as ``self.modelpath``."""

        def samples() -> Iterator[list[np.ndarray]]:
            return self.dataset.calibration_dataset_generator(self.calibrationdatasetpercent, CALIBRATION_SEED)

        save(quantize_to_int8(originalmodel, samples), self.modelpath)

    def prepare_model(self) -> None:
        """Make an interpreter of ``self.modelpath``, ready to run."""
        self.model = load_interpreter(self.modelpath)

    def preprocess_input(self, X: Any) -> None:
        """Quantise the sample and copy it into the input tensor: clip(round(x / scale) + zero point)."""
        detail = self.model.get_input_details()[0]
        scale, zero_point = detail["quantization"]
        limits = np.iinfo(detail["dtype"])
        # float64, because the largest float32 over a small scale overflows; and clipped while still in float, because
        # a cast wraps around.
        codes = np.rint(np.asarray(X, dtype=np.float64) / scale) + zero_point
        self.model.set_tensor(detail["index"], np.clip(codes, limits.min, limits.max).astype(detail["dtype"]))

    def run_inference(self) -> Any:
        """Invoke and fetch; the quantised logits, int8 (1, classes)."""
        return run(self.model)

    def postprocess_outputs(self, Y: Any) -> Any:
        """The dequantised logits, float32 (1, classes): (code - zero point) * scale."""
        scale, zero_point = self.model.get_output_details()[0]["quantization"]
        # float32 before the difference: int8 arithmetic would wrap around.
        return (np.asarray(Y, dtype=np.float32) - np.float32(zero_point)) * np.float32(scale)


class ImbalancedINT8Model(INT8Model):
    """The int8 model, calibrated with the images of a single class."""

    def optimize_model(self, originalmodel: Path) -> None:
        """Quantise as ``INT8Model`` does, with all training images of class id 5 and no others as calibration data."""

        def samples() -> Iterator[list[np.ndarray]]:
            for path, label in zip(self.dataset.dataX, self.dataset.dataY, strict=True):
                if label == IMBALANCED_CLASS:
                    yield [self.dataset.prepare_input_sample(path)]

        save(quantize_to_int8(originalmodel, samples), self.modelpath)


CALIBRATION_SHARES = (0.01, 0.08, 0.3, 0.8)


def run_native(dataset: PetDataset, args: argparse.Namespace) -> None:
    """Evaluate the model as TensorFlow runs it."""
    tester = NativeModel(dataset, args.model_path)
    tester.test_inference(args.results_path, "native", args.test_dataset_fraction)


def run_fp32(dataset: PetDataset, args: argparse.Namespace) -> None:
    """Convert without optimisation and evaluate."""
    tflite = args.results_path / f"{args.model_path.stem}.fp32.tflite"
    tester = FP32Model(dataset, tflite, args.model_path)
    tester.test_inference(args.results_path, "tflite-fp32", args.test_dataset_fraction)


def run_int8(dataset: PetDataset, args: argparse.Namespace) -> None:
    """Quantise and evaluate, once for each share of the training images that calibrates."""
    for share in CALIBRATION_SHARES:
        tflite = args.results_path / f"{args.model_path.stem}.int8-{share}.tflite"
        tester = INT8Model(dataset, tflite, args.model_path, share)
        tester.test_inference(args.results_path, f"tflite-int8-{share}", args.test_dataset_fraction)


def run_imbint8(dataset: PetDataset, args: argparse.Namespace) -> None:
    """Quantise with one class as calibration data and evaluate."""
    tflite = args.results_path / f"{args.model_path.stem}.imbint8.tflite"
    tester = ImbalancedINT8Model(dataset, tflite, args.model_path)
    tester.test_inference(args.results_path, "tflite-imbint8", args.test_dataset_fraction)


TASKS: dict[str, Callable[[PetDataset, argparse.Namespace], None]] = {
    "native": run_native,
    "fp32": run_fp32,
    "int8": run_int8,
    "imbint8": run_imbint8,
}


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
    parser = OneLineParser(description="Converts, quantises and evaluates a model.")
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
        "--tasks", nargs="+", choices=[*TASKS, "all"], default=["all"], help="what to run (default: all)"
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
    for task in TASKS if "all" in args.tasks else dict.fromkeys(args.tasks):
        try:
            TASKS[task](dataset, args)
        except NotImplementedError as missing:
            print(f"{task}: not implemented yet: {missing}", file=sys.stderr)
            unfinished = True
    return int(unfinished)


if __name__ == "__main__":
    raise SystemExit(main())
