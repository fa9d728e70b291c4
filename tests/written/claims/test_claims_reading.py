"""A whole summary at once: which model it is about, how it writes decimals, and what one figure tells of another."""

from __future__ import annotations

import pytest

from graders.written.claims import Basis, Quantity, find_claims

from .writing import BOTH

Q = Quantity


def values(text: str, variant: str, quantity: Quantity, parameters: float | None = None) -> list[float]:
    """What is claimed of a variant."""
    return [claim.value for claim in find_claims(text, BOTH, parameters=parameters).of(variant, quantity)]


SIZE = "\n| Model | Size |\n|---|---|\n| tflite-fp32 | 126504 |\n"
NONZERO = "\n| Model | Parameters | Size |\n|---|---|---|\n| tflite-fp32 | 16,010 | 126504 |\n"


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        (SIZE, 32_021),
        ("Total params: 32,021\n\nNon-trainable params: 1,021\n" + SIZE, 1_000),
        ("Total params: 32,021\n\nNon-trainable params: 1,021\n" + SIZE, None),
        (NONZERO, 32_021),
    ],
    ids=["given", "stated beside others", "stated only", "stated of one variant"],
)
def test_the_model_tells_what_bare_sizes_mean(text: str, parameters: float | None) -> None:
    """The largest number of parameters that is stated of the model, not that of a variant's weights that are left."""
    assert values(text, "tflite-fp32", Q.BYTES, parameters) == [126_504]


@pytest.mark.parametrize(("accuracy", "kept"), [("0.90", True), ("0.80", True), ("0.50", False)])
def test_a_guess_beside_what_is_sure(accuracy: str, kept: bool) -> None:
    """It is dropped where it agrees with nothing that is stated beyond doubt."""
    lines = "- native: accuracy 0.90\n- native: accuracy 0.80\n"
    claims = find_claims(f"{lines}\n| Model | FP32 accuracy |\n|---|---|\n| native | {accuracy} |\n", BOTH)
    guesses = [claim.value for claim in claims.claims if claim.basis is Basis.GUESS]
    assert guesses == [float(accuracy)] * kept


def test_blanks_of_all_tables() -> None:
    """Each table has its own."""
    text = "".join(f"\n| Model | {word} |\n|---|---|\n| native | - |\n" for word in ("Accuracy", "G-mean"))
    blanks = find_claims(text, BOTH).blanks
    assert [(blank.variant, blank.quantity) for blank in blanks] == [("native", Q.ACCURACY), ("native", Q.G_MEAN)]


TIME = "\n| Modell | Inferenzzeit |\n|---|---|\n| native | 47,125 ms |\n"


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("| Modell | Genauigkeit |\n|---|---|\n| native | 0,9371 |\n" + TIME, 47.125),
        ("Die Genauigkeit ist 0,93.\n" + TIME, 47.125),
        ("Die Modelle tflite-int8-0.08 und tflite-int8-0.3 erreichen 0,93.\n" + TIME, 47.125),
        ("The accuracy is 0.93.\n" + TIME, 47_125),
        ("Die Genauigkeit ist 93,7.\n\n2.1. Zeiten\n" + TIME, 47.125),
    ],
    ids=["another table", "a line before", "names with points", "points", "a numbered section"],
)
def test_how_decimals_are_written(text: str, milliseconds: float) -> None:
    """The whole summary tells, tables and lines; points in the names of variants do not."""
    assert values(text, "native", Q.TIME_MS) == [milliseconds]


NAME = "clustered-16-fp32"


@pytest.mark.parametrize(
    ("lines", "files", "archives"),
    [
        (("file size: 126,504 B", "size: 53,488 B"), [126_504], [53_488]),
        (("size: 53,488 B", "deflation: 57.7 %"), [], [53_488]),
        (("size: 53,488 B",), [53_488], []),
        (("size: 100,071 B", "deflation: 20.9 %"), [], [100_071]),
        (("size: 100,071 B", "deflation: 79.1 %"), [], [100_071]),
        (("size: 100,071 B", "deflation: 40 %"), [100_071], []),
        (("size: 131,072 B", "deflation: 5 %"), [131_072], []),
    ],
    ids=["beside the file's", "beside its deflation", "alone", "what the deflation leaves", "the deflation mistaken",
         "another deflation", "a file with a small deflation"],
)  # fmt: skip
def test_a_size_that_is_the_archives(lines: tuple[str, ...], files: list[float], archives: list[float]) -> None:
    """Too small for 32,021 weights of four bytes, or what the deflation leaves; never where nothing else tells."""
    text = f"## {NAME}\n\n" + "".join(f"- {line}\n" for line in lines)
    assert values(text, NAME, Q.BYTES, 32_021) == files
    assert values(text, NAME, Q.ZIP_BYTES, 32_021) == archives
