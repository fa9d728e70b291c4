"""Lab 2's checks as a careful teacher writes them where the student's module is imported: shared by both peers.

Each takes the module's names (a mapping) and raises ``AssertionError`` with what is wrong. ``LAB2_PETS`` and
``LAB2_MODEL`` name the data set and the model; the reference is needed for what right conversions look like.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

Student = Mapping[str, Any]
Check = Callable[[Student], None]

SHARE = 0.01
HIDDEN_SHARE = 0.33
SAMPLES = 48
CHECKS: dict[str, tuple[float, Check]] = {}


def criterion(name: str, points: float) -> Callable[[Check], Check]:
    """Registers a check with the lab's own points."""

    def register(check: Check) -> Check:
        CHECKS[name] = (points, check)
        return check

    return register


def tensorflow() -> Any:
    """TensorFlow with Keras 2."""
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    return importlib.import_module("tensorflow")


@cache
def pets() -> Any:
    """The data set."""
    return importlib.import_module("dl_in_iot_course.misc.pet_dataset").PetDataset(Path(os.environ["LAB2_PETS"]))


def given() -> Path:
    """The given model's file."""
    return Path(os.environ["LAB2_MODEL"])


@cache
def given_model() -> Any:
    """The given model."""
    return tensorflow().keras.models.load_model(str(given()), compile=False)


@cache
def workdir() -> Path:
    """Where converted files go."""
    return Path(tempfile.mkdtemp())


@cache
def images() -> tuple[tuple[Any, int], ...]:
    """Test images with their classes; every ninth, so that all classes are in it."""
    pairs = list(zip(pets().testX, pets().testY, strict=True))[::9][:SAMPLES]
    return tuple((pets().prepare_input_sample(path), label) for path, label in pairs)


@cache
def native_scores() -> Any:
    """The given model's scores of these images."""
    return np.concatenate([given_model().predict_on_batch(image) for image, _ in images()])


_testers: dict[str, Any] = {}


def tester(student: Student, name: str, *arguments: Any) -> Any:
    """A student's class, made once with these arguments; what it raises is raised for each check."""
    key = "-".join([name, *map(str, arguments)])
    if key not in _testers:
        try:
            if name == "NativeModel":
                printed = io.StringIO()
                with contextlib.redirect_stdout(printed):
                    made = student[name](pets(), given())
                made.printed_by_check = printed.getvalue()
            else:
                made = student[name](pets(), workdir() / f"{key}.tflite", given(), *arguments)
            _testers[key] = made
        except Exception as problem:  # noqa: BLE001 - each check says why it can't be made
            _testers[key] = problem
    found = _testers[key]
    assert not isinstance(found, Exception), f"{name} can't be made: {found!r}"
    return found


def scores(made: Any) -> Any:
    """What a tester says of each image, float (images, classes)."""
    rows = []
    for image, _ in images():
        made.preprocess_input(image.copy())
        rows.append(np.array(made.postprocess_outputs(made.run_inference()), dtype=np.float64).reshape(-1))
    return np.array(rows)


def interpreter(path: Path) -> Any:
    """An interpreter with its tensors allocated."""
    made = tensorflow().lite.Interpreter(model_path=str(path))
    made.allocate_tensors()
    return made


def file_scores(path: Path) -> Any:
    """What a file says of each image, dequantised, float (images, classes)."""
    model = interpreter(path)
    into, out = model.get_input_details()[0], model.get_output_details()[0]
    rows = []
    for image, _ in images():
        value = image
        if into["dtype"] is not np.float32:
            scale, zero = into["quantization"]
            limits = np.iinfo(into["dtype"])
            value = np.clip(np.rint(image / scale) + zero, limits.min, limits.max).astype(into["dtype"])
        model.set_tensor(into["index"], value)
        model.invoke()
        row = model.get_tensor(out["index"]).reshape(-1).astype(np.float64)
        if out["dtype"] is not np.float32:
            row = (row - out["quantization"][1]) * out["quantization"][0]
        rows.append(row)
    return np.array(rows)


def close(got: Any, wanted: Any, what: str, tolerance: float = 1e-3) -> None:
    """Requires equal scores, within a share of their range."""
    assert got.shape == wanted.shape, f"{what}: shape {got.shape}, not {wanted.shape}"
    assert np.isfinite(got).all(), f"{what}: not all values are finite"
    off = np.abs(got - wanted).max()
    assert off <= tolerance * np.ptp(wanted), f"{what}: differ by up to {off:.3g}"


def details(path: Path) -> list[dict[str, Any]]:
    """All tensors of a file."""
    made: list[dict[str, Any]] = interpreter(path).get_tensor_details()
    return made


def quantisation(path: Path) -> list[tuple[Any, ...]]:
    """Shape, scale and zero point of all activations, in an order that names do not change."""
    return sorted(
        (tuple(each["shape"]), float(each["quantization"][0]), int(each["quantization"][1]))
        for each in details(path)
        if each["dtype"] is np.int8 and each["quantization"][0] and len(each["shape"])
    )


def convert(samples: Callable[[], Iterator[list[Any]]], name: str) -> Path:
    """The teacher's own conversion to int8."""
    path = workdir() / f"expected-{name}.tflite"
    if not path.exists():
        tf = tensorflow()
        converter = tf.lite.TFLiteConverter.from_keras_model(given_model())
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = samples
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        path.write_bytes(converter.convert())
    return path


def expected_int8(share: float) -> Path:
    """The right file for a share of the training images."""
    return convert(lambda: pets().calibration_dataset_generator(share, 1234), str(share))


def expected_imbalanced() -> Path:
    """The right file for class 5."""

    def samples() -> Iterator[list[Any]]:
        for path, label in zip(pets().dataX, pets().dataY, strict=True):
            if label == 5:
                yield [pets().prepare_input_sample(path)]

    return convert(samples, "imbalanced")


def duration(path: Path) -> float:
    """Median seconds of an inference."""
    model = interpreter(path)
    times = []
    for _ in range(15):
        started = time.perf_counter()
        model.invoke()
        times.append(time.perf_counter() - started)
    return float(np.median(times))


@criterion("native.summary", 0.25)
def native_summary(student: Student) -> None:
    """The summary names the right number of parameters."""
    count = str(given_model().count_params())
    assert count in tester(student, "NativeModel").printed_by_check.replace(",", ""), (
        f"no summary with {count} parameters was printed"
    )


@criterion("native.predictions", 0.75)
def native_predictions(student: Student) -> None:
    """Scores are the given model's."""
    close(scores(tester(student, "NativeModel")), native_scores(), "NativeModel")


@criterion("fp32.file", 0.5)
def fp32_file(student: Student) -> None:
    """All tensors are float."""
    types = {each["dtype"] for each in details(tester(student, "FP32Model").modelpath)}
    assert types <= {np.float32, np.int32, np.int64, np.bool_}, f"the file has tensors of {types}"


@criterion("fp32.weights", 1.0)
def fp32_weights(student: Student) -> None:
    """The file computes what the given model computes."""
    close(file_scores(tester(student, "FP32Model").modelpath), native_scores(), "the FP32 file", 1e-5)


@criterion("fp32.predictions", 1.0)
def fp32_predictions(student: Student) -> None:
    """Scores are the file's."""
    made = tester(student, "FP32Model")
    close(scores(made), file_scores(made.modelpath), "FP32Model")


@criterion("fp32.inference_only", 0.5)
def fp32_inference_only(student: Student) -> None:
    """Without preprocess_input, run_inference gives the same again."""
    made = tester(student, "FP32Model")
    image = images()[0][0].copy()
    made.preprocess_input(image)
    before = np.array(made.run_inference())
    image[:] = 0
    assert np.array_equal(before, np.array(made.run_inference())), "run_inference reads the image that it was given"


@criterion("fp32.latency", 0.5)
def fp32_latency(student: Student) -> None:
    """Not much slower than a right file."""
    tf = tensorflow()
    right = workdir() / "expected-fp32.tflite"
    right.write_bytes(tf.lite.TFLiteConverter.from_keras_model(given_model()).convert())
    assert duration(tester(student, "FP32Model").modelpath) <= 1.6 * duration(right), "slower than a right file"


@criterion("int8.io_dtype", 1.0)
def int8_io(student: Student) -> None:
    """int8 in and out."""
    model = interpreter(tester(student, "INT8Model", SHARE).modelpath)
    types = [model.get_input_details()[0]["dtype"], model.get_output_details()[0]["dtype"]]
    assert types == [np.int8, np.int8], f"input and output are {types}"


@criterion("int8.integer_only", 1.0)
def int8_integer_only(student: Student) -> None:
    """No float tensor inside."""
    inner = {
        each["name"] for each in details(tester(student, "INT8Model", SHARE).modelpath) if each["dtype"] is np.float32
    }
    model = interpreter(tester(student, "INT8Model", SHARE).modelpath)
    ends = {each["name"] for each in [*model.get_input_details(), *model.get_output_details()]}
    assert inner <= ends, f"float tensors: {sorted(inner)[:5]}"


@criterion("int8.calibration", 1.5)
def int8_calibration(student: Student) -> None:
    """The same scales as a right conversion, for a shown share and one that is not."""
    for share in (SHARE, HIDDEN_SHARE):
        got = quantisation(tester(student, "INT8Model", share).modelpath)
        assert got == quantisation(expected_int8(share)), f"share {share}: other scales than a right conversion"


@criterion("int8.quantise", 0.75)
def int8_quantise(student: Student) -> None:
    """What preprocess_input puts into the input tensor."""
    made = tester(student, "INT8Model", SHARE)
    found = next((each for each in vars(made).values() if hasattr(each, "get_input_details")), None)
    assert found is not None, "no interpreter in the object"
    detail = found.get_input_details()[0]
    scale, zero = detail["quantization"]
    values = np.random.default_rng(7).uniform(-9, 9, (1, 224, 224, 3)).astype(np.float32)
    made.preprocess_input(values.copy())
    wanted = np.clip(np.rint(values.astype(np.float64) / scale) + zero, -128, 127)
    off = np.abs(found.get_tensor(detail["index"]).astype(np.float64) - wanted)
    assert (off > 1).sum() == 0, f"codes differ by up to {off.max():.0f}"
    assert (off > 0).mean() < 0.01, f"codes differ by up to {off.max():.0f}"


@criterion("int8.dequantise", 0.75)
def int8_dequantise(student: Student) -> None:
    """What postprocess_outputs makes of each code."""
    made = tester(student, "INT8Model", SHARE)
    scale, zero = interpreter(made.modelpath).get_output_details()[0]["quantization"]
    codes = np.arange(-128, 127, 7, dtype=np.int8)[:37][None]
    got = np.array(made.postprocess_outputs(codes.copy()), dtype=np.float64).reshape(-1)
    close(got, ((codes.astype(np.float64) - zero) * scale).reshape(-1), "postprocess_outputs")


@criterion("int8.accuracy", 0.5)
def int8_accuracy(student: Student) -> None:
    """Accuracy on the test split."""
    labels = np.array([label for _, label in images()])
    got = (file_scores(tester(student, "INT8Model", SHARE).modelpath).argmax(1) == labels).mean()
    wanted = (native_scores().argmax(1) == labels).mean()
    assert got >= wanted - 0.059, f"accuracy {got:.3f}, the given model's {wanted:.3f}"


@criterion("int8.size", 0.25)
def int8_size(student: Student) -> None:
    """Smaller than the float file."""
    small = tester(student, "INT8Model", SHARE).modelpath.stat().st_size
    large = tester(student, "FP32Model").modelpath.stat().st_size
    assert small <= 0.6 * large, f"{small} of {large} bytes"


@criterion("int8.latency", 0.25)
def int8_latency(student: Student) -> None:
    """Not much slower than a right file."""
    path = tester(student, "INT8Model", SHARE).modelpath
    assert duration(path) <= 1.6 * duration(expected_int8(SHARE)), "slower than a right file"


@criterion("imbalanced.calibration", 2.0)
def imbalanced_calibration(student: Student) -> None:
    """The same scales as a right conversion."""
    got = quantisation(tester(student, "ImbalancedINT8Model").modelpath)
    assert got == quantisation(expected_imbalanced()), "other scales than a calibration on class 5"


@criterion("imbalanced.integer_only", 1.0)
def imbalanced_integer_only(student: Student) -> None:
    """int8 throughout."""
    types = {each["dtype"] for each in details(tester(student, "ImbalancedINT8Model").modelpath)}
    assert np.float32 not in types, "the file has float tensors"
