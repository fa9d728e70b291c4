"""How a file's input and output hold numbers; what no image and no score can be held in is the file's fault."""

from __future__ import annotations

from typing import Any

import pytest

from graders.core.errors import GraderError, RunError
from graders.core.result import attempt, measured
from graders.core.verdicts import Verdict
from graders.framework.model_tester.files import encoding_of
from graders.measure.quantization import Encoding
from graders.measure.tflite.model import Model, Quantization, Subgraph, Tensor
from graders.measure.tflite.schema import DTYPES


def model(dtype: str, scale: float | None = None, zero_point: int = 0) -> Model:
    """A file with one input, which is its output as well."""
    quantization = None if scale is None else Quantization((scale,), (zero_point,), 0)
    tensor = Tensor(0, "", (1, 2), (1, 2), dtype, False, 0, quantization, None, None, None, False)
    return Model(0, 3, "", (Subgraph(0, "", (0,), (0,), (tensor,), ()),), (), (), (), False)


@pytest.mark.parametrize("dtype", sorted({*DTYPES.values()}))
@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_every_type_of_the_format_is_taken_or_blamed(dtype: str, side: str) -> None:
    """Types that hold plain numbers are taken; complex numbers, texts, resources and tiny floats are not."""
    plain = dtype in ("bool", "float16", "float32", "float64") or dtype.removeprefix("u") in (
        "int8",
        "int16",
        "int32",
        "int64",
    )
    if plain:
        assert encoding_of(model(dtype), side) == Encoding(dtype, 0.0, 0)
        return
    with pytest.raises(RunError, match=f"{side} are of type {dtype}, .*expected float32 or int8") as raised:
        encoding_of(model(dtype), side)
    assert raised.value.verdict is Verdict.FAILED


@pytest.mark.parametrize(("scale", "zero_point"), [(7.8e-9, -128), (0.0187, 127), (4.0, 0), (0.0, 0), (-1.0, 0)])
def test_usual_scales_are_taken(scale: float, zero_point: int) -> None:
    """Also that of a range without width; whether a scale of zero or less is right is not decided here."""
    assert encoding_of(model("int8", scale, zero_point), "inputs") == Encoding("int8", scale, zero_point)


@pytest.mark.parametrize(
    ("dtype", "scale", "zero_point", "said"),
    [
        ("int8", 3e38, 0, "the scale 3e\\+38"),
        ("int8", 1e-45, 0, "the scale 1.4e-45|the scale 1e-45"),
        ("int8", 0.1, 128, "the zero point 128, which int8 can't hold"),
        ("uint8", 0.1, -1, "the zero point -1, which uint8 can't hold"),
        ("int16", 0.1, 2**62, "zero point"),
        ("float32", 0.1, -(2**62), "zero point"),
    ],
)
def test_scales_of_nothing_real_are_the_file_s_fault(dtype: str, scale: float, zero_point: int, said: str) -> None:
    """Whatever would be computed with them has no meaning, so nothing is."""
    with pytest.raises(RunError, match=said):
        encoding_of(model(dtype, scale, zero_point), "outputs")


@pytest.mark.parametrize(
    "raised",
    [ValueError("a\nb"), TypeError(), OverflowError(), ZeroDivisionError(), KeyError("x"), RuntimeWarning("overflow")],
)
def test_what_values_raise_is_the_run_s_fault(raised: Exception) -> None:
    """Hostile values end in one line about what the run wrote; a plain attempt leaves them alone."""

    def measure() -> Any:
        raise raised

    error = measured(measure).error
    assert isinstance(error, RunError)
    assert error.verdict is Verdict.FAILED
    assert f"what the run wrote can't be measured: {type(raised).__name__}" in str(error)
    assert "\n" not in str(error)
    with pytest.raises(type(raised)):
        attempt(measure)


@pytest.mark.parametrize("raised", [ImportError(), FileNotFoundError(), OSError(28, "full"), MemoryError()])
def test_what_the_machine_lacks_is_not(raised: Exception) -> None:
    """A missing library, a missing file and a full disk are nobody's values."""

    def measure() -> Any:
        raise raised

    with pytest.raises(type(raised)):
        measured(measure)


def test_faults_of_the_grader_stay_its_own() -> None:
    """They are kept as they are."""

    def measure() -> Any:
        raise GraderError("ours")

    assert isinstance(measured(measure).error, GraderError)
