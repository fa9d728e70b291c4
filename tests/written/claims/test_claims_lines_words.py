"""Of what a figure in a line is: the word beside it, its unit, the heading above."""

from __future__ import annotations

import pytest

from graders.written.claims import MODEL, Basis, Claim, Quantity, find_claims

from .writing import BOTH

Told = tuple[Quantity, float, Basis]
Q = Quantity
WORD, UNIT, GUESS = Basis.WORD, Basis.UNIT, Basis.GUESS
PARAMETERS = 32_021


def read(text: str, parameters: float | None = None) -> tuple[Claim, ...]:
    return find_claims(text, BOTH, parameters=parameters).claims


def told(text: str, parameters: float | None = None) -> list[Told]:
    return [(claim.quantity, round(claim.value, 6), claim.basis) for claim in read(text, parameters)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("93.2 % accuracy, 93.1 % precision, 4.2 ms time",
         [(Q.ACCURACY, 0.932, WORD), (Q.PRECISION, 0.931, WORD), (Q.TIME_MS, 4.2, WORD)]),
        ("accuracy 93.2 %, 93.1 % precision", [(Q.ACCURACY, 0.932, WORD), (Q.PRECISION, 0.931, WORD)]),
        ("accuracy 93.2 %, 93.1 % (precision)", [(Q.ACCURACY, 0.932, WORD), (Q.PRECISION, 0.931, WORD)]),
        ("accuracy: 93.2 % | 4 | precision: 93.1 %", [(Q.ACCURACY, 0.932, WORD), (Q.PRECISION, 0.931, WORD)]),
        ("accuracy: 93.2 %, 4 = precision 93.1 %", [(Q.ACCURACY, 0.932, WORD), (Q.PRECISION, 0.931, WORD)]),
        ("93.2 % for the accuracy", [(Q.ACCURACY, 0.932, WORD)]),
        ("accuracy 93.2 %, 4.2 ms", [(Q.ACCURACY, 0.932, WORD), (Q.TIME_MS, 4.2, UNIT)]),
        ("4.2 ms, 93.2 % accuracy", [(Q.TIME_MS, 4.2, UNIT), (Q.ACCURACY, 0.932, WORD)]),
        ("4.2 ms, accuracy 93.2 %", [(Q.TIME_MS, 4.2, UNIT), (Q.ACCURACY, 0.932, WORD)]),
        ("4.2 ms with an accuracy of 93.2 %", [(Q.TIME_MS, 4.2, UNIT), (Q.ACCURACY, 0.932, WORD)]),
        ("93.2 %, accuracy, 4.2 ms, time", [(Q.ACCURACY, 0.932, WORD), (Q.TIME_MS, 4.2, WORD)]),
        ("93.2 % (accuracy) 4.2 ms", [(Q.ACCURACY, 0.932, WORD), (Q.TIME_MS, 4.2, UNIT)]),
        ("0.932, time 4.2 ms", [(Q.TIME_MS, 4.2, WORD)]),
        ("131 KB, zip 53.5 KB", [(Q.BYTES, 131_000, GUESS), (Q.ZIP_BYTES, 53_500, WORD)]),
        ("131 KB (zip: 53.5 KB)", [(Q.BYTES, 131_000, GUESS), (Q.ZIP_BYTES, 53_500, WORD)]),
        ("131 KB, 53.5 KB zipped", [(Q.BYTES, 131_000, GUESS), (Q.ZIP_BYTES, 53_500, WORD)]),
        ("53.5 KB (54,784 bytes) zipped", [(Q.BYTES, 53_500, GUESS), (Q.ZIP_BYTES, 54_784, WORD)]),
        ("zip: 53.5 KB, 54,784 bytes", [(Q.ZIP_BYTES, 53_500, WORD), (Q.ZIP_BYTES, 54_784, GUESS)]),
        ("zip: 53.5 KB, file: 131 KB", [(Q.ZIP_BYTES, 53_500, WORD)]),
        ("zip, deflation 57 %, 53.5 KB", [(Q.DEFLATION, 0.57, WORD), (Q.ZIP_BYTES, 53_500, UNIT)]),
        ("准确率93.2%", [(Q.ACCURACY, 0.932, WORD)]),
        ("93.2%准确率", [(Q.ACCURACY, 0.932, WORD)]),
        ("accuracy (37 classes): 93.2 %", [(Q.ACCURACY, 0.932, WORD)]),
        ("93.7 % accuracy size 131 KB", [(Q.ACCURACY, 0.937, WORD), (Q.BYTES, 131_000, WORD)]),
    ],
)  # fmt: skip
def test_which_word_is_a_figure_s(line: str, expected: list[Told]) -> None:
    """The one before it, or one behind it that is not the next figure's."""
    assert told(f"- FP32: {line}") == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ZIP size: 53.5 KB", [(Q.ZIP_BYTES, 53_500, WORD)]),
        ("ZIP size bytes: 28736", [(Q.ZIP_BYTES, 28_736, WORD)]),
        ("Top-5 accuracy: 99.8 %", []),
        ("deflation ratio: 57 %", [(Q.DEFLATION, 0.57, WORD)]),
        ("time (mean ± std): 4.2 ± 0.1 ms", [(Q.TIME_MS, 4.2, WORD)]),
        ("(11x): 4.2 ms", [(Q.TIME_MS, 4.2, UNIT)]),
        ("(11x, 8 threads): 4.2 ms", [(Q.TIME_MS, 4.2, UNIT)]),
        ("111 images: 4.2 ms", []),
        ("2倍比率 53.5 KB", []),
    ],
)
def test_words_side_by_side(line: str, expected: list[Told]) -> None:
    """They name one thing; those of a spread, and the sign of a quotient within its figure, name none."""
    assert told(f"- FP32 {line}") == expected


@pytest.mark.parametrize(
    ("line", "variant"),
    [
        ("0.5 sparsity: accuracy 93.2 %", "pruned-0.5-fp32"),
        ("50 % sparsity: accuracy 93.2 %", "pruned-0.5-fp32"),
        ("原生93.2%准确率", "native"),
        ("原生准确率93.2%", "native"),
    ],
)
def test_where_a_name_ends(line: str, variant: str) -> None:
    """A figure in a name is none of its own; what stands right behind a name is no part of it."""
    assert [(claim.variant, claim.value) for claim in read(f"- {line}")] == [(variant, pytest.approx(0.932))]


@pytest.mark.parametrize(
    ("line", "basis"),
    [
        ("- FP32: 4.2 ms", UNIT),
        ("- FP32: 4.2 s", GUESS),
        ("- FP32: median time 4.2 ms", GUESS),
        ("- FP32: 0.105 中位数4.2 ms", GUESS),
        ("FP32: 4.2 ms (tflite-fp32)", UNIT),
        ("FP32 in 4.2 ms", GUESS),
    ],
)
def test_how_sure_a_time_is(line: str, basis: Basis) -> None:
    """Seconds may be those of training; a median, or half a sentence without a label, may be something else."""
    assert [(claim.quantity, claim.basis) for claim in read(line)] == [(Q.TIME_MS, basis)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("## Archives (KB)\n\n- 16 clusters: 53.5\n", [(Q.ZIP_BYTES, 53_500, UNIT)]),
        ("### 16 clusters\n\n#### Archive (KB)\n\n- 53.5 (2.37x)\n", []),
        ("## Archives (KB)\n\n- clustered-16-fp32: 53.5 (2.37x)\n", []),
        ("## Archives (KB)\n\n- 原生2倍: 53.5\n", []),
        ("## Accuracy\n\n- FP32: 0.93 (11x)\n", [(Q.ACCURACY, 0.93, UNIT)]),
        ("## Accuracy\n\n- FP32: 0.93 0.92\n", []),
        ("## Accuracy\n\n- FP32: 131 KB\n", [(Q.BYTES, 131_000, UNIT)]),
        ("## Accuracy\n\n- FP32: 32k\n", []),
        ("## Accuracy\n\nAfter all of this we can say that the model called FP32 reaches 0.93 on it.\n", []),
        ("## Deflation ratio\n\n- 16 clusters: 57 %\n", [(Q.DEFLATION, 0.57, UNIT)]),
        ("## Size ratio\n\n- 16 clusters: 57\n", []),
    ],
)
def test_what_a_heading_tells(text: str, expected: list[Told]) -> None:
    """Of what a lone figure without a word is; a bare one beside a quotient is no size."""
    assert told(text) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("- FP32, accuracy: 93.7", 0.937), ("- FP32, accuracy: 1", 1.0), ("- FP32, deflation: 1.5", 0.015),
        ("- FP32, time [µs]: 107", 0.107), ("### FP32\n\n- KB size: 131", 131_000),
        ("- FP32, accuracy 0.93, size 131 KB, zip 28736", 28_736),
    ],
)  # fmt: skip
def test_figures_without_a_unit(line: str, expected: float) -> None:
    """A share above 1 is in percent; else the unit stands before, behind the figure before it."""
    assert read(line)[-1].value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("line", "parameters", "expected"),
    [
        ("size: 131072", None, [(Q.BYTES, 131_072, WORD)]),
        ("size: 10000", None, [(Q.BYTES, 10_000, WORD)]),
        ("size: 9320", PARAMETERS, [(Q.BYTES, 9_320, GUESS)]),
        ("size: 123504.5", PARAMETERS, [(Q.BYTES, 123_504.5, GUESS)]),
        ("size: 16.48", 4_164_967, [(Q.BYTES, 16_480_000, GUESS)]),
        ("zip: 28736", None, [(Q.ZIP_BYTES, 28_736, WORD)]),
        ("zip: 2.37", PARAMETERS, []),
    ],
)
def test_sizes_without_a_unit(line: str, parameters: float | None, expected: list[Told]) -> None:
    """Many whole bytes are bytes; less is a guess, and a small number without a word for bytes a quotient."""
    assert told(f"- FP32 {line}", parameters) == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("MobileNet, 32,021 parameters", "x", "y"), [(MODEL, Q.PARAMETERS, 32_021.0)]),
        (("speed", "FP32 4.2 ms, native 47.0 ms", "y"), []),
    ],
)
def test_parameters_in_any_table(cells: tuple[str, ...], expected: list[tuple[str, Quantity, float]]) -> None:
    """A table that is about something else tells the number of parameters, and nothing else."""
    claims = read(f"| what | note | more |\n|---|---|---|\n| {' | '.join(cells)} |\n")
    assert [(claim.variant, claim.quantity, claim.value) for claim in claims] == expected
