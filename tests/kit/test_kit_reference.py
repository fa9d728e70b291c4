from __future__ import annotations

import warnings
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

LARGEST = float(np.finfo(np.float32).max)

scales = st.floats(2.0**-20, 2.0**10, width=32)
zero_points = st.integers(-128, 127)
numbers = st.floats(width=32, allow_nan=False)


class Interpreter:
    """Stands in for a TensorFlow Lite interpreter with one int8 input and one int8 output of one quantisation."""

    def __init__(self, scale: float, zero_point: int, output: NDArray[Any] | None = None) -> None:
        self._detail = {"index": 3, "quantization": (scale, zero_point), "dtype": np.int8}
        self._output = output
        self.invoked = 0
        self.tensors: dict[int, NDArray[Any]] = {}

    def get_input_details(self) -> list[dict[str, Any]]:
        return [self._detail]

    get_output_details = get_input_details

    def set_tensor(self, index: int, value: NDArray[Any]) -> None:
        self.tensors[index] = value

    def get_tensor(self, index: int) -> NDArray[Any]:
        assert index == 3
        assert self._output is not None
        return self._output

    def invoke(self) -> None:
        self.invoked += 1


def int8_model(reference_lab: Any, interpreter: Interpreter) -> Any:
    """An INT8Model with this interpreter loaded."""
    model = object.__new__(reference_lab.INT8Model)
    model.model = interpreter
    return model


@given(number=numbers, scale=scales, zero_point=zero_points)
@example(number=LARGEST, scale=2.0**-20, zero_point=127)
@example(number=-LARGEST, scale=2.0**-20, zero_point=-128)
@example(number=3e38, scale=0.018, zero_point=-14)
@example(number=float("inf"), scale=0.018, zero_point=-14)
def test_input_is_quantised_without_overflow(reference_lab: Any, number: float, scale: float, zero_point: int) -> None:
    """The code is the nearest to x / scale + zero point that int8 has, for every float32, and nothing warns."""
    interpreter = Interpreter(scale, zero_point)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        int8_model(reference_lab, interpreter).preprocess_input(np.full((1, 2), number, dtype=np.float32))

    tensor = interpreter.tensors[3]
    assert tensor.dtype == np.int8
    assert tensor.shape == (1, 2)
    code = int(tensor[0, 0])
    if np.isinf(number):
        assert code == (127 if number > 0 else -128)
        return
    exact = Fraction(number) / Fraction(scale) + zero_point
    nearest = min(max(exact, Fraction(-128)), Fraction(127))
    assert abs(code - nearest) <= Fraction(1, 2)


@given(code=st.integers(-128, 127), scale=scales, zero_point=zero_points)
def test_output_is_dequantised_in_float32(reference_lab: Any, code: int, scale: float, zero_point: int) -> None:
    """A score is (code - zero point) * scale as a float32, with differences beyond int8 included."""
    interpreter = Interpreter(scale, zero_point)

    scores = int8_model(reference_lab, interpreter).postprocess_outputs(np.full((1, 2), code, dtype=np.int8))

    assert scores.dtype == np.float32
    assert scores.shape == (1, 2)
    assert scores[0, 0] == pytest.approx((code - zero_point) * scale, rel=1e-6)


def test_inference_only_invokes_and_fetches(reference_lab: Any) -> None:
    """run_inference invokes once, returns the raw output and sets no tensor."""
    output = np.array([[1, 2]], dtype=np.int8)
    interpreter = Interpreter(0.5, 3, output)

    result = int8_model(reference_lab, interpreter).run_inference()

    assert result is output
    assert interpreter.invoked == 1
    assert interpreter.tensors == {}


@pytest.fixture
def conversion(reference_lab: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Catches the calibration samples of each conversion, which then gives an empty file."""
    caught: list[Any] = []

    def quantize(originalmodel: Any, samples: Any) -> bytes:
        caught.append(list(samples()))
        return b""

    monkeypatch.setattr(reference_lab, "quantize_to_int8", quantize)
    return caught


class RecordedDataset:
    """Gives paths in place of prepared inputs."""

    dataX = ("a", "b", "c", "d")
    dataY = (5, 4, 5, 6)

    def prepare_input_sample(self, path: str) -> str:
        return f"prepared {path}"

    def calibration_dataset_generator(self, share: float, seed: int) -> Any:
        return iter([[f"share {share} seed {seed}"]])


def test_calibrates_with_share_and_seed(reference_lab: Any, conversion: list[Any], tmp_path: Any) -> None:
    """INT8Model calibrates with the data set's generator, the asked share and the seed 1234."""
    model = object.__new__(reference_lab.INT8Model)
    model.dataset, model.modelpath, model.calibrationdatasetpercent = RecordedDataset(), tmp_path / "m.tflite", 0.3

    model.optimize_model(tmp_path / "model.h5")

    assert conversion == [[["share 0.3 seed 1234"]]]
    assert model.modelpath.read_bytes() == b""


def test_calibrates_with_one_class(reference_lab: Any, conversion: list[Any], tmp_path: Any) -> None:
    """ImbalancedINT8Model calibrates with all training images of class id 5 and no others."""
    model = object.__new__(reference_lab.ImbalancedINT8Model)
    model.dataset, model.modelpath = RecordedDataset(), tmp_path / "m.tflite"

    model.optimize_model(tmp_path / "model.h5")

    assert conversion == [[["prepared a"], ["prepared c"]]]
