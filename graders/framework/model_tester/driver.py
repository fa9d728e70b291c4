"""What the runner does with a ModelTester of the course: builds the class, passes it inputs, returns its outputs.

It runs beside the student's code, so the grader trusts nothing from here; it imports nothing of optgrade.
"""

from __future__ import annotations

import gc
import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

_made: dict[str, Any] = {}
# Far apart, and neither at the end of the range.
TWO_CODES = (-50, 40)


class MissingClass(Exception):
    """The student's file has no class of that name."""


class BadPrediction(Exception):
    """What postprocess_outputs returned is not one score for each class."""


def start(
    module: str,
    class_name: str,
    dataset_root: str,
    model_path: str,
    original_model: str | None,
    arguments: dict[str, Any],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Imports the student's file and builds the class, which optimises the model and prepares it."""
    imported = importlib.import_module(module)
    if not hasattr(imported, class_name):
        raise MissingClass(f"no class {class_name} in {module.replace('.', '/')}.py")
    from dl_in_iot_course.misc.pet_dataset import PetDataset

    _made["dataset"] = dataset = PetDataset(Path(dataset_root))
    original = Path(original_model) if original_model else None
    if "logdir" in arguments:
        arguments["logdir"] = Path(arguments["logdir"])
    _made["tester"] = getattr(imported, class_name)(dataset, Path(model_path), original, **arguments)
    return {}, {}


def plain(
    module: str,
    class_names: list[str],
    dataset_root: str,
    model_path: str,
    original_model: str,
    images: list[str],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The predictions of the first of these classes that is written, with an uncompressed file.

    Its methods may be in the base class or in one derived from it.
    """
    imported = importlib.import_module(module)
    from dl_in_iot_course.misc.pet_dataset import PetDataset

    there = [name for name in class_names if hasattr(imported, name)]
    if not there:
        raise MissingClass(f"no class {class_names[0]} in {module.replace('.', '/')}.py")
    _made["dataset"] = dataset = PetDataset(Path(dataset_root))
    unwritten: NotImplementedError | None = None
    for name in there:
        kind = type(name, (getattr(imported, name),), {"compress_and_fine_tune": _convert})
        try:
            _made["tester"] = kind(dataset, Path(model_path), Path(original_model))
            return predict(images, thorough=True)
        except NotImplementedError as error:
            unwritten = unwritten or error
    assert unwritten is not None
    raise unwritten


def _convert(self: Any, originalmodel: Path) -> None:
    """Replaces compression: converts the model to float32 unchanged."""
    import tensorflow as tf

    model = tf.keras.models.load_model(str(originalmodel), compile=False)
    Path(self.modelpath).write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())


def _kinds() -> tuple[type, ...]:
    """The classes of interpreters that the student's code can have."""
    modules = [sys.modules.get(name) for name in ("tensorflow.lite.python.interpreter", "ai_edge_litert.interpreter")]
    return tuple(module.Interpreter for module in modules if module is not None)


def _interpreters() -> list[Any]:
    """Every living TensorFlow Lite interpreter, those of the tester itself first."""
    kinds = _kinds()
    if not kinds:
        return []
    own = [value for value in vars(_made["tester"]).values() if isinstance(value, kinds)]
    if not own and "found" not in _made:
        # It may be wrapped in a helper.
        _made["found"] = _everywhere()[-1:]
    return own or _made["found"]


def _everywhere() -> list[Any]:
    """Every living interpreter, wherever it is stored. Searching all objects takes a while."""
    kinds = _kinds()
    return [thing for thing in gc.get_objects() if isinstance(thing, kinds)] if kinds else []


def _input_tensor() -> np.ndarray | None:
    """The current content of the interpreter's input tensor; None if there is no interpreter."""
    held = (_input_of(interpreter) for interpreter in _interpreters())
    return next((tensor for tensor in held if tensor is not None), None)


def _input_of(interpreter: Any) -> np.ndarray | None:
    """The current content of an interpreter's input tensor; None if it can't be read."""
    try:
        return np.array(interpreter.get_tensor(interpreter.get_input_details()[0]["index"]))
    except (ValueError, IndexError):
        return None


def _prediction(returned: Any) -> np.ndarray:
    array = np.asarray(returned)
    if array.dtype.kind not in "biuf" or array.size == 0:
        raise BadPrediction(f"postprocess_outputs returned {type(returned).__name__}, not an array of scores")
    return array.reshape(-1).astype(np.float64)


def predict(images: list[str], *, thorough: bool = False) -> tuple[dict[str, Any], dict[str, Any]]:
    """Runs the tester on image files as ModelTester.test_inference does; returns input tensors and predictions.

    :param thorough: whether to probe if run_inference does more than inference.
    """
    tester, dataset = _made["tester"], _made["dataset"]
    predictions: list[np.ndarray] = []
    before: list[np.ndarray] = []
    after: list[np.ndarray] = []
    for image in images:
        tester.preprocess_input(dataset.prepare_input_sample(image))
        held = _input_tensor()
        returned = tester.postprocess_outputs(tester.run_inference())
        predictions.append(_prediction(returned))
        now = _input_tensor()
        if held is not None and now is not None and len(before) < 4:
            before.append(held)
            after.append(now)
    if len({len(row) for row in predictions}) > 1:
        raise BadPrediction("postprocess_outputs returned a different number of scores for different images")
    arrays = {"predictions": np.stack(predictions)}
    if before:
        arrays["before"], arrays["after"] = np.stack(before), np.stack(after)
    facts: dict[str, Any] = {"interpreters": len(_interpreters())}
    if thorough:
        facts["others_filled"] = _others_filled(images[1:3])
        arrays |= _without_the_input(images[0])
    return facts, arrays


def _others_filled(images: list[str]) -> bool:
    """Whether run_inference changes the input tensor of any interpreter that is alive anywhere."""
    tester, dataset, watched = _made["tester"], _made["dataset"], _everywhere()
    for image in images:
        tester.preprocess_input(dataset.prepare_input_sample(image))
        held = [_input_of(each) for each in watched]
        tester.postprocess_outputs(tester.run_inference())
        now = [_input_of(each) for each in watched]
        for before, after in zip(held, now, strict=True):
            if before is not None and (after is None or not np.array_equal(before, after)):
                return True
    return False


def _without_the_input(image: str) -> dict[str, np.ndarray]:
    """The output for an image, once as usual and once with the array passed to preprocess_input overwritten."""
    tester, dataset, found = _made["tester"], _made["dataset"], {}
    # The first pass is for classes that return the output for the previous image.
    for name in ("", "usual", "written_over"):
        sample = np.array(dataset.prepare_input_sample(image))
        tester.preprocess_input(sample)
        if name == "written_over":
            np.negative(sample, out=sample)
        returned = _prediction(tester.postprocess_outputs(tester.run_inference()))
        if name:
            found[name] = returned
    return found


def quantise(values: np.ndarray) -> tuple[dict[str, Any], dict[str, Any]]:
    """Passes one float32 input to preprocess_input; returns the input tensor after it, or after inference."""
    tester = _made["tester"]
    tester.preprocess_input(np.array(values))
    held = _input_tensor()
    if held is None:
        return {}, {}
    if _made.get("filled_by_inference") is None:
        tester.preprocess_input(np.array(-values))
        again = _input_tensor()
        _made["filled_by_inference"] = again is not None and np.array_equal(held, again)
        tester.preprocess_input(np.array(values))
    if _made["filled_by_inference"]:
        tester.run_inference()
    held = _input_tensor()
    return {"late": _made["filled_by_inference"]}, {} if held is None else {"tensor": held}


def dequantise(codes: np.ndarray) -> tuple[dict[str, Any], dict[str, Any]]:
    """The scores for output codes, which postprocess_outputs is given or finds in the output tensor.

    Nothing is returned for a class whose scores depend on neither, such as one that keeps a copy of its output.
    """
    if "responds" not in _made:
        _made["returned"] = _made["tester"].run_inference()
        low, high = (_scores(np.full_like(codes, code)) for code in TWO_CODES)
        _made["responds"] = low is not None and high is not None and not np.array_equal(low, high)
    found = _scores(codes) if _made["responds"] else None
    return {}, {} if found is None else {"values": found}


def _scores(codes: np.ndarray) -> np.ndarray | None:
    """The scores for these codes; None if they can't be passed on in either way."""
    filled = [_fill_output(interpreter, codes) for interpreter in _interpreters()]
    returned = _made["returned"]
    raw = np.asarray(returned)
    if raw.dtype == codes.dtype and raw.size == codes.size:
        returned = codes.reshape(raw.shape).copy()
    elif not any(filled):
        return None
    return _prediction(_made["tester"].postprocess_outputs(returned))


def _fill_output(interpreter: Any, codes: np.ndarray) -> bool:
    """Writes codes to an interpreter's output tensor; whether it has one for them."""
    try:
        # No view may be left when the interpreter runs again.
        view = interpreter.tensor(interpreter.get_output_details()[0]["index"])()
        if view.dtype != codes.dtype or view.size != codes.size:
            return False
        view[...] = codes.reshape(view.shape)
    except (ValueError, IndexError, RuntimeError):
        return False
    return True


OPERATIONS = {"start": start, "plain": plain, "predict": predict, "quantise": quantise, "dequantise": dequantise}
