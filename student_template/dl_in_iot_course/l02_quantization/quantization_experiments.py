"""Lab 2: convert a trained model to TensorFlow Lite and quantise it. README.md beside this file is the assignment.

Write the methods that raise ``NotImplementedError``. The classes' names, the constructors and the command line at the
end of the file have to stay as they are; helper functions, helper modules and more imports are welcome.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

# tf.keras has to be Keras 2 for this course, and TensorFlow decides that when it is imported.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import tensorflow as tf  # noqa: F401  (for your methods; after the line above on purpose)

from dl_in_iot_course.misc.modeltester import ModelTester
from dl_in_iot_course.misc.pet_dataset import PetDataset


class NativeModel(ModelTester):
    """The trained model, run by TensorFlow itself."""

    model: Any

    def prepare_model(self) -> None:
        """Load the Keras model and print its summary."""
        raise NotImplementedError(
            "NativeModel.prepare_model: load the Keras model in self.modelpath as self.model and print its summary"
        )

    def preprocess_input(self, X: Any) -> None:
        """Keep the sample; TensorFlow takes it as it is."""
        self.X = X

    def run_inference(self) -> Any:
        """The logits of the kept sample, float32 (1, classes)."""
        return self.model.predict_on_batch(self.X)


class FP32Model(ModelTester):
    """The model converted to TensorFlow Lite without any optimisation."""

    model: Any

    def optimize_model(self, originalmodel: Path) -> None:
        """Convert the Keras model in the file ``originalmodel`` and save it as ``self.modelpath``."""
        raise NotImplementedError(
            "FP32Model.optimize_model: convert the Keras model in originalmodel to TensorFlow Lite without "
            "optimisation and write it to self.modelpath"
        )

    def prepare_model(self) -> None:
        """Make an interpreter of ``self.modelpath``, ready to run."""
        raise NotImplementedError(
            "FP32Model.prepare_model: create a TensorFlow Lite interpreter of self.modelpath as self.model, with the "
            "machine's threads, and allocate its tensors"
        )

    def preprocess_input(self, X: Any) -> None:
        """Copy the sample into the input tensor: here, so that the copy is not timed."""
        self.model.set_tensor(self.model.get_input_details()[0]["index"], X)

    def run_inference(self) -> Any:
        """Run the interpreter on what is in its input tensor."""
        raise NotImplementedError(
            "FP32Model.run_inference: invoke the interpreter, and do nothing that is not inference"
        )

    def postprocess_outputs(self, Y: Any) -> Any:
        """The logits, float32 (classes,) or (1, classes)."""
        raise NotImplementedError(
            "FP32Model.postprocess_outputs: return the content of the output tensor, the logits of all classes"
        )


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
        raise NotImplementedError(
            "INT8Model.optimize_model: quantise the Keras model in originalmodel to full int8, calibrated with "
            "self.calibrationdatasetpercent of the training images and seed 1234, and write it to self.modelpath"
        )

    def prepare_model(self) -> None:
        """Make an interpreter of ``self.modelpath``, ready to run."""
        raise NotImplementedError(
            "INT8Model.prepare_model: create a TensorFlow Lite interpreter of self.modelpath as self.model, with the "
            "machine's threads, and allocate its tensors"
        )

    def preprocess_input(self, X: Any) -> None:
        """Quantise the sample and copy it into the input tensor."""
        raise NotImplementedError(
            "INT8Model.preprocess_input: quantise the float sample X to int8 with the input tensor's scale and zero "
            "point and put it into the input tensor"
        )

    def run_inference(self) -> Any:
        """Run the interpreter on what is in its input tensor."""
        raise NotImplementedError(
            "INT8Model.run_inference: invoke the interpreter, and do nothing that is not inference"
        )

    def postprocess_outputs(self, Y: Any) -> Any:
        """The dequantised logits, float32 (classes,) or (1, classes)."""
        raise NotImplementedError(
            "INT8Model.postprocess_outputs: return the content of the output tensor, turned from int8 into real "
            "numbers with that tensor's scale and zero point"
        )


class ImbalancedINT8Model(INT8Model):
    """The int8 model, calibrated with the images of a single class."""

    def optimize_model(self, originalmodel: Path) -> None:
        """Quantise as ``INT8Model`` does, with all training images of class id 5 and no others as calibration data."""
        raise NotImplementedError(
            "ImbalancedINT8Model.optimize_model: quantise as INT8Model does, but calibrate with all training images "
            "of class id 5 (counted from 0, as in self.dataset.dataY) and no others"
        )


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
