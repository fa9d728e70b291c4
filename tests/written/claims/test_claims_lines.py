"""Lines and sentences are read with care: what they state, and no more."""

from __future__ import annotations

import pytest

from graders.written.claims import MODEL, Claim, Form, Quantity, find_claims

from .writing import BOTH

Told = tuple[str, Quantity, float]
Q = Quantity


def told(text: str, *, parameters: float | None = None) -> list[Told]:
    claims = find_claims(text, BOTH, parameters=parameters).claims
    return [(claim.variant, claim.quantity, round(claim.value, 6)) for claim in claims]


def only(text: str) -> Claim:
    (claim,) = find_claims(text, BOTH).claims
    return claim


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* tflite-fp32: accuracy 93.2 %, precision 93.1 %, time 4.2 ms, size 131 KB",
         [("tflite-fp32", Q.ACCURACY, 0.932), ("tflite-fp32", Q.PRECISION, 0.931), ("tflite-fp32", Q.TIME_MS, 4.2),
          ("tflite-fp32", Q.BYTES, 131_000)]),
        ("- **FP32**: 93.2 % accuracy, 4.2 ms", [("tflite-fp32", Q.ACCURACY, 0.932), ("tflite-fp32", Q.TIME_MS, 4.2)]),
        ("FP32 TFLite model: ~16.48 MB", [("tflite-fp32", Q.BYTES, 16.48e6)]),
        ("INT8 model: 4.5 MB", [("tflite-int8-*", Q.BYTES, 4.5e6)]),
        ("- 16 clusters: deflated 57%, zip 56.6 KB",
         [("clustered-16-fp32", Q.DEFLATION, 0.57), ("clustered-16-fp32", Q.ZIP_BYTES, 56_600)]),
        ("FP32: 93.7 %, INT8 (8 %): 93.2 % accuracy", [("tflite-fp32", Q.ACCURACY, 0.937), ("tflite-int8-0.08", Q.ACCURACY, 0.932)]),
        ("Die Genauigkeit von FP32 beträgt 93,7 %.", [("tflite-fp32", Q.ACCURACY, 0.937)]),
        ("Dokładność modelu FP32 wynosi 93,7 %, a czas 4,17 ms.", [("tflite-fp32", Q.ACCURACY, 0.937), ("tflite-fp32", Q.TIME_MS, 4.17)]),
        ("FP32 的准确率为93.7%。", [("tflite-fp32", Q.ACCURACY, 0.937)]),
        ("Точность модели FP32 составляет 93,7 %.", [("tflite-fp32", Q.ACCURACY, 0.937)]),
        ("La précision du modèle FP32 est de 93,7 %.", [("tflite-fp32", Q.PRECISION, 0.937)]),
        ("The model has 4,164,967 parameters.", [(MODEL, Q.PARAMETERS, 4_164_967)]),
        ("Liczba parametrów: 4,16 mln", [(MODEL, Q.PARAMETERS, 4.16e6)]),
        ("模型参数量：32,021", [(MODEL, Q.PARAMETERS, 32_021)]),
        ("Model has 4.16M params", [(MODEL, Q.PARAMETERS, 4.16e6)]),
    ],
)  # fmt: skip
def test_what_lines_state(text: str, expected: list[Told]) -> None:
    """Variants, quantities and values of a line."""
    assert told(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "INT8 is 12 MB smaller than FP32.",
        "FP32 loses 0.2 % accuracy.",
        "tflite-imbint8: only 0.003 less accuracy",
        "The accuracy of INT8 (8 %) drops by 0.5 %.",
        "Das INT8-Modell mit 8 % Daten ist um 0,5 % schlechter als FP32.",
        "Zaskakująco dobre wyniki, tylko 0,003 różnicy accuracy względem INT8 0.08 w tym zadaniu.",
        "INT8 0.08 比 FP32 低 0.5%。",
        "FP32 is 11x faster.",
        "I trained for 4 epochs with a learning rate of 0.00001 and batch size 8.",
        "CPU: Intel i7-8550U, 1.80 GHz, 16 GB of memory",
        "native: Keras 2.21.0",
        "We calibrated with 8 % of the images.",
        "Figure 3 shows FP32.",
        "With 50% deflation, this model will be 2 times smaller than FP32.",
        "Between FP32 and native there is 0.1 % of accuracy.",
        "The FP32 model (see section 4) is used below.",
    ],
)
def test_what_lines_do_not_state(text: str) -> None:
    """Differences, settings, versions and other numbers are no claims."""
    assert told(text) == []


def test_a_sentence_is_not_beyond_doubt() -> None:
    """Claims in sentences are marked as such; labelled lines are as good as tables."""
    assert (
        only("We found that the accuracy of the model in the format FP32 on this machine is 93.7 %.").form is Form.PROSE
    )
    assert not only("We found that the accuracy of the model in the format FP32 on this machine is 93.7 %.").sure
    assert only("FP32 accuracy: 93.7 %").sure


def test_a_figure_belongs_to_the_variant_named_last() -> None:
    """Headings, "Model type" lines and items carry their variant to the lines below, and no further."""
    text = """
## FP32
* Accuracy: 0.91
## Results
* Accuracy: 0.92

Model type: native

* Accuracy: 0.93

## INT8
### 0.08
* Accuracy: 0.94
"""
    assert told(text) == [
        ("tflite-fp32", Q.ACCURACY, 0.91),
        ("native", Q.ACCURACY, 0.93),
        ("tflite-int8-0.08", Q.ACCURACY, 0.94),
    ]


def test_sizes_without_units_are_told_by_the_models_size() -> None:
    """Kilobytes as `du` and `ls` count them; without the model's size they stay open."""
    text = "### num_clusters=16\n\n* deflated 42%\n* size 9 320\n"
    assert told(text) == [("clustered-16-fp32", Q.DEFLATION, 0.42)]
    assert told(text, parameters=4_164_967)[1] == ("clustered-16-fp32", Q.ZIP_BYTES, 9_320_000)
    assert told(f"The model has 4,164,967 parameters.\n\n{text}")[2] == ("clustered-16-fp32", Q.ZIP_BYTES, 9_320_000)
    assert told("FP32 size: 131072") == [("tflite-fp32", Q.BYTES, 131_072)]


def test_headings_tell_what_a_bare_list_states() -> None:
    """ "## Accuracy" above "native: 0.93"."""
    text = "## Dokładność\n\n- native: 0,93\n- FP32: 0,92\n\n## Deflation\n\n- 16 clusters: 57 %\n"
    assert told(text) == [
        ("native", Q.ACCURACY, 0.93),
        ("tflite-fp32", Q.ACCURACY, 0.92),
        ("clustered-16-fp32", Q.DEFLATION, 0.57),
    ]


def test_bounds_hold_what_is_not_known() -> None:
    """The last digit, a tilde, and 1000 or 1024 bytes in a kilobyte."""
    claim = only("FP32: 128 KB")
    assert (claim.low, claim.high) == (127_000, 129 * 1024)
    rough = only("FP32: ~128 KB")
    assert rough.low < 122_000
    exact = only("FP32: 131,072 B")
    assert (exact.low, exact.high) == (131_071, 131_073)


def test_tables_with_names_in_two_columns() -> None:
    """The kind in one column, its number in the next; or only a number below "clusters"."""
    text = """
| type | share | accuracy |
|---|---|---|
| INT8 | 0.08 | 0.91 |
| INT8 | 0.3 | 0.92 |
| FP32 | | 0.93 |

| number of clusters | accuracy |
|---|---|
| 16 | 0.94 |
| 32 | 0.95 |

## Pruning

| | accuracy |
|---|---|
| 50 % | 0.96 |
"""
    assert [(variant, value) for variant, _, value in told(text)] == [
        ("tflite-int8-0.08", 0.91),
        ("tflite-int8-0.3", 0.92),
        ("tflite-fp32", 0.93),
        ("clustered-16-fp32", 0.94),
        ("clustered-32-fp32", 0.95),
        ("pruned-0.5-fp32", 0.96),
    ]


def test_columns_that_are_none_of_the_quantities_are_left_alone() -> None:
    """Top-5, F1, speed-ups, training times, differences, and what has no figures."""
    text = """
| model | Top-5 | F1 | speedup | training time [s] | Δ accuracy | note | accuracy |
|---|---|---|---|---|---|---|---|
| native | 0.99 | 0.91 | 1x | 44 | 0.1 % | 3 runs | 0.90 |
| FP32 | 0.99 | 0.91 | 11x | 45 | 0.2 % | 4 runs | 0.90 |
"""
    assert told(text) == [("native", Q.ACCURACY, 0.9), ("tflite-fp32", Q.ACCURACY, 0.9)]


@pytest.mark.parametrize(
    ("file", "archive", "saved"),
    [
        ("Size (KB)", "ZIP size (KB)", "Deflation"),
        ("File size [KB]", "Compressed size [KB]", "Compression (%)"),
        ("Größe (KB)", "Größe gezippt (KB)", "Deflation (%)"),
        ("Rozmiar [KB]", "Rozmiar po kompresji [KB]", "Stopień kompresji"),
        ("Taille (Ko)", "Taille compressée (Ko)", "Déflation"),
        ("Размер, КБ", "Размер архива, КБ", "Степень сжатия"),
        ("大小 (KB)", "压缩后大小 (KB)", "压缩率"),
        ("サイズ (KB)", "ZIP サイズ (KB)", "圧縮率"),
        ("KB", "KB, zzz", "Deflation"),
    ],
)
def test_sizes_before_and_after(file: str, archive: str, saved: str) -> None:
    """File, archive and deflation are told apart by words, and two sizes without words by which one is smaller."""
    text = f"""
| model | {archive} | {saved} | {file} | ratio | size reduction |
|---|---|---|---|---|---|
| 16 clusters | 56.6 | 56.8 % | 131.1 | 2.3x | 57 % |
| 4 clusters | 33.4 | 74.5 % | 131.1 | 3.9x | 75 % |
"""
    assert told(text)[:3] == [
        ("clustered-16-fp32", Q.ZIP_BYTES, 56_600),
        ("clustered-16-fp32", Q.DEFLATION, 0.568),
        ("clustered-16-fp32", Q.BYTES, 131_100),
    ]
    assert len(told(text)) == 6


def test_a_row_of_figures_below_a_heading() -> None:
    """A table of one row, of the variant that the heading names."""
    text = "### FP32\n\n| accuracy | G-mean | time |\n|-|-|-|\n| 0.9 | 0.8 | 4.1 ms |\n"
    assert told(text) == [
        ("tflite-fp32", Q.ACCURACY, 0.9),
        ("tflite-fp32", Q.G_MEAN, 0.8),
        ("tflite-fp32", Q.TIME_MS, 4.1),
    ]


def test_lines_of_tables_that_lie_on_their_side_are_their_own() -> None:
    """A claim's place is the line that its figure stands on."""
    text = "| | native | tflite-fp32 |\n|-|-|-|\n| accuracy | 0.9 | 0.8 |\n| G-mean | 0.7 | 0.6 |\n"
    claims = find_claims(text, BOTH).claims
    assert [(claim.quantity, claim.place.line) for claim in claims] == [
        (Q.ACCURACY, 3), (Q.ACCURACY, 3), (Q.G_MEAN, 4), (Q.G_MEAN, 4),
    ]  # fmt: skip
