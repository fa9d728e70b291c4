"""Medians and the like are not the mean, and contradict it never; a bare zero is a small share."""

from __future__ import annotations

import pytest

from graders.written.claims import Quantity, check_contradictions, find_claims

from .writing import BOTH

Q = Quantity
TABLE = "| model | {} | accuracy |\n|---|---|---|\n| tflite-fp32 | 0.1069 | 0.9032 |\n\n"
MEAN = TABLE.format("inference time (ms)")
SENTENCES = [
    "Sprawdziłem: mediany 1500 wywołań to 0,105 ms dla FP32 i od 0,072 do 0,074 ms dla wszystkich pięciu plików INT8.",
    "Sprawdziłem: mediany 1500 wywołań to 0,105 ms dla FP32 i od 0,072 do 0,074 ms\ndla wszystkich pięciu plików INT8.",
    "FP32, Median von 1500 Aufrufen: 0,105 ms", "FP32, std of 1500 calls: 0.004 ms", "Mediana dla FP32: 0,105 ms", "Median von FP32: 0,105 ms", "FP32, Median: 0,105 ms", "La mediana de FP32: 0,105 ms",
    "Médiane de FP32 : 0,105 ms", "La mediana di FP32: 0,105 ms", "Mediana do FP32: 0,105 ms", "Медиана FP32: 0,105 мс",
    "Медіана FP32: 0,105 мс", "Medián FP32: 0,105 ms", "FP32 的中位数：0.105 ms", "FP32の中央値：0.105 ms", "FP32 중앙값: 0.105 ms",
    "FP32 min: 0.098 ms", "FP32 max: 0.31 ms", "FP32 minimum: 0.098 ms", "FP32, najlepszy czas: 0,098 ms", "FP32 maksimum: 0,31 ms",
    "FP32 Bestzeit: 0,098 ms", "FP32 worst case: 0.31 ms", "FP32 最小值：0.098 ms", "FP32 最大値：0.31 ms", "FP32 минимум: 0,098 мс",
    "FP32 std: 0.004 ms", "FP32 Standardabweichung: 0,004 ms", "FP32 odchylenie standardowe: 0,004 ms", "FP32 écart-type : 0,004 ms",
    "FP32 desviación estándar: 0,004 ms", "FP32 desvio padrão: 0,004 ms", "FP32 deviazione standard: 0,004 ms",
    "FP32 стандартное отклонение: 0,004 мс", "FP32 стандартне відхилення: 0,004 мс", "FP32 směrodatná odchylka: 0,004 ms",
    "FP32 标准差：0.004 ms", "FP32 標準偏差：0.004 ms",
]  # fmt: skip


@pytest.mark.parametrize("mark", ["", "- "])
@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_second_statistic_is_no_contradiction(sentence: str, mark: str) -> None:
    """In a paragraph and in a list, in the languages known."""
    assert check_contradictions(find_claims(f"{MEAN}{mark}{sentence}\n", BOTH)) == ()


@pytest.mark.parametrize(
    "heading",
    ["median (ms)", "median time (ms)", "mediana czasu (ms)", "min. time (ms)", "max time (ms)", "Zeit, Median (ms)", "time std (ms)",
     "czas minimalny (ms)", "медианное время (мс)", "推理时间中位数 (ms)", "推論時間の最大値 (ms)", "temps médian (ms)"],
)  # fmt: skip
def test_a_second_column_is_no_contradiction(heading: str) -> None:
    """Beside the mean, in the same table or in another one; the mean stays beyond doubt."""
    beside = MEAN.replace("accuracy", heading)
    apart = MEAN + TABLE.format(heading).replace("0.1069", "0.105")
    for text in (beside, apart):
        claims = find_claims(text, BOTH)
        assert check_contradictions(claims) == ()
        (time,) = claims.of("tflite-fp32", Q.TIME_MS)
        assert (time.value, time.sure) == (0.1069, True)


@pytest.mark.parametrize("heading", ["median time (ms)", "mediana czasu (ms)", "推理时间中位数 (ms)"])
def test_a_median_alone_is_a_time(heading: str) -> None:
    """Where no mean is stated nothing is missing, and a person may look."""
    (time,) = find_claims(TABLE.format(heading), BOTH).of("tflite-fp32", Q.TIME_MS)
    assert (time.value, time.sure) == (0.1069, False)


@pytest.mark.parametrize(
    "heading", ["time (mean ± std) [ms]", "Czas (średnia ± odchylenie) [ms]", "latency, mean +/- stdev (ms)"]
)
def test_a_spread_behind_a_mean_leaves_it_a_mean(heading: str) -> None:
    """It only says by how much the mean varies."""
    (time,) = find_claims(TABLE.format(heading), BOTH).of("tflite-fp32", Q.TIME_MS)
    assert time.sure


def test_half_a_sentence_is_doubtful() -> None:
    """A paragraph's line may lack the word that says of what a time is; a labelled one does not."""
    text = MEAN + "In einer zweiten Reihe brauchte\nFP32 danach 0.105 ms,\nalso etwas weniger.\n"
    assert check_contradictions(find_claims(text, BOTH)) == ()
    (finding,) = check_contradictions(find_claims(f"{MEAN}FP32: 0.125 ms\n", BOTH))
    assert finding.sure


def test_words_of_statistics_leave_sizes_and_shares_alone() -> None:
    """The smallest and the largest file have sizes."""
    text = "- max: pruned-0.2-fp32, 100,071 bytes\n- min: clustered-2-fp32, accuracy 1.35 %\n"
    found = [(one.variant, one.quantity) for one in find_claims(text, BOTH).claims]
    assert found == [("pruned-0.2-fp32", Q.BYTES), ("clustered-2-fp32", Q.ACCURACY)]


@pytest.mark.parametrize("cells", [("0", "0"), ("0 %", "0 %"), ("0", "77"), ("0%", "77%")])
@pytest.mark.parametrize("heading", ["deflation (%)", "deflation"])
def test_a_bare_zero_is_half_a_percent_at_most(heading: str, cells: tuple[str, str]) -> None:
    """What a ZIP tool prints of a stored file."""
    text = f"| model | {heading} |\n|---|---|\n| tflite-fp32 | {cells[0]} |\n| clustered-2-fp32 | {cells[1]} |\n"
    claim = find_claims(text, BOTH).of("tflite-fp32", Q.DEFLATION)[0]
    assert (claim.value, claim.low, claim.high) == (0, 0, 0.005)
    contradicted = f"{text}\n- tflite-fp32: deflated 11 %\n"
    (finding,) = check_contradictions(find_claims(contradicted, BOTH))
    assert finding.sure


def test_a_zero_among_shares_is_a_percent_at_most() -> None:
    """Also of other shares; what has decimals is what it was."""
    text = "| model | accuracy | G-mean |\n|---|---|---|\n| tflite-fp32 | 0.5 | 0 |\n| native | 0.6 | 0.00 |\n"
    claims = find_claims(text, BOTH)
    assert [claims.of(name, Q.G_MEAN)[0].high for name in ("tflite-fp32", "native")] == [0.01, 0.01]
