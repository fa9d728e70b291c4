"""Figures are read as they are meant, whatever the signs and the script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.written.claims.normalization import normal
from graders.written.claims.numerals import MAX_DIGITS, Kind, figures, unit_of, writes_commas
from graders.written.claims.vocabulary import units_data

SCRIPTS = {"arabic": 0x0660, "persian": 0x06F0, "devanagari": 0x0966, "bengali": 0x09E6, "thai": 0x0E50, "wide": 0xFF10}


@pytest.mark.parametrize(
    ("text", "commas", "value", "kind", "scaled"),
    [
        ("93.7 %", False, 93.7, Kind.PERCENT, 0.937),
        ("93,7%", True, 93.7, Kind.PERCENT, 0.937),
        ("%93,7", True, 93.7, Kind.PERCENT, 0.937),
        ("937 ‰", False, 937, Kind.PERCENT, 0.937),
        ("93,7 Prozent", True, 93.7, Kind.PERCENT, 0.937),
        ("93,7 процента", True, 93.7, Kind.PERCENT, 0.937),
        ("0,934", False, 0.934, None, 0.934),
        ("0.934", True, 0.934, None, 0.934),
        ("1,234,567 B", False, 1_234_567, Kind.BYTES, 1_234_567),
        ("1.234.567 Bajtów", True, 1_234_567, Kind.BYTES, 1_234_567),
        ("131.072 Byte", True, 131_072, Kind.BYTES, 131_072),
        ("131,072 bytes", False, 131_072, Kind.BYTES, 131_072),
        ("131 072 байт", True, 131_072, Kind.BYTES, 131_072),
        ("131\u202f072 octets", True, 131_072, Kind.BYTES, 131_072),
        ("131'072 B", False, 131_072, Kind.BYTES, 131_072),
        ("131_072 B", False, 131_072, Kind.BYTES, 131_072),
        ("131072字节", False, 131_072, Kind.BYTES, 131_072),
        ("16.48 MB", False, 16.48, Kind.BYTES, 16.48e6),
        ("16,48 МБ", True, 16.48, Kind.BYTES, 16.48e6),
        ("128 KiB", False, 128, Kind.BYTES, 131_072),
        ("128 Ko", False, 128, Kind.BYTES, 128_000),
        ("12 345,67 KB", True, 12_345.67, Kind.BYTES, 12_345_670),
        ("4.17 ms", False, 4.17, Kind.TIME, 4.17),
        ("4,17 мс", True, 4.17, Kind.TIME, 4.17),
        ("4.17毫秒", False, 4.17, Kind.TIME, 4.17),
        ("4170 µs", False, 4170, Kind.TIME, 4.17),
        ("4170 μs", False, 4170, Kind.TIME, 4.17),
        ("0.00417 s", False, 0.00417, Kind.TIME, 4.17),
        ("4.17e-3 s", False, 0.00417, Kind.TIME, 4.17),
        ("4,17 Millisekunden", True, 4.17, Kind.TIME, 4.17),
        ("4.17 ± 0.30 ms", False, 4.17, Kind.TIME, 4.17),
        ("4.17 ms ± 0.30 ms", False, 4.17, Kind.TIME, 4.17),
        ("4.17 +/- 0.3 ms", False, 4.17, Kind.TIME, 4.17),
        ("−0.5", False, -0.5, None, -0.5),
        ("٩٣٫٧٪", False, 93.7, Kind.PERCENT, 0.937),
        ("４．１７ｍｓ", False, 4.17, Kind.TIME, 4.17),
        ("93.7¹ %", False, 93.7, Kind.PERCENT, 0.937),
        ("准确率为93.7%的模型", False, 93.7, Kind.PERCENT, 0.937),
        ("1.234,5", False, 1234.5, None, 1234.5),
        ("1,234,567.8", True, 1_234_567.8, None, 1_234_567.8),
        ("10,125", False, 10_125, None, 10_125),
        ("10.125", True, 10_125, None, 10_125),
        ("93 (%)", False, 93, Kind.PERCENT, 0.93),
        ("47 [ms]", False, 47, Kind.TIME, 47),
        ("4.16 M", False, 4.16, Kind.SCALE, 4.16e6),
        ("416万", False, 416, Kind.SCALE, 4.16e6),
        ("-131,072 B", False, -131_072, Kind.BYTES, -131_072),
        ("+131.072 B", True, 131_072, Kind.BYTES, 131_072),
        ("-0,125", False, -0.125, None, -0.125),
        ("1234.567", True, 1234.567, None, 1234.567),
        ("1234,567", False, 1234.567, None, 1234.567),
    ],
)  # fmt: skip
def test_figures(text: str, commas: bool, value: float, kind: Kind | None, scaled: float) -> None:
    """One figure, its unit, and its value in milliseconds, bytes or shares."""
    (found,) = figures(normal(text), commas)
    assert found.value == pytest.approx(value)
    assert found.kind() is kind
    assert found.value * (found.unit.factor if found.unit else 1) == pytest.approx(scaled)


@pytest.mark.parametrize(
    "text",
    ["2024-11-05", "2.21.0", "v1.2.3", "224x224", "224 × 224 × 3", "353/444", "int8", "fp32", "tflite-int8-0.08", "Top-5",
     "10-20", "< 0.5 ms", "≥ 90 %", "12:30", "5600G", "nan", "abc", "", "1.2.3.4", "9" * 50],
)  # fmt: skip
def test_what_is_no_figure(text: str) -> None:
    """Dates, versions, dimensions, ratios, names, ranges and bounds state no value."""
    assert [one for one in figures(normal(text)) if one.kind() is not Kind.OTHER] == []


@pytest.mark.parametrize(
    "text", ["11x", "11 × faster", "4 mal", "3 раза", "2 pp", "2 Prozentpunkte", "5倍", "4 razy", "1,5 p.p."]
)
def test_ratios_and_points_are_other_figures(text: str) -> None:
    """How many times, and differences between percentages, are told from values."""
    assert {one.kind() for one in figures(normal(text), True)} == {Kind.OTHER}


@pytest.mark.parametrize(
    ("text", "unit"),
    [("Time [ms]", 1.0), ("size, KB", 1e3), ("accuracy (%)", 0.01), ("Größe in MB", 1e6), ("推理时间（毫秒）", 1.0),
     ("Час, мс", 1.0), ("Latency/us", 1e-3), ("Size (B)", 1.0), ("Size, B", 1.0), ("Time / s", 1e3), ("t [ms]", 1.0)],
)  # fmt: skip
def test_units_of_headings(text: str, unit: float) -> None:
    """A heading's unit is that of its column."""
    found = unit_of(normal(text))
    assert found is not None
    assert found.factor == unit


@pytest.mark.parametrize("text", ["b", "accuracy", "s", "model", "k", "sensitivity (mean)", ""])
def test_headings_without_units(text: str) -> None:
    """A lone letter is a name."""
    assert unit_of(normal(text)) is None


@pytest.mark.parametrize(("text", "values"), [("fp32:0.937", [0.937]), ("int8:93.7%", [93.7]), ("13:31", []), ("2.37:1", [])])
def test_a_colon_behind_a_name_with_digits_is_no_ratios(text: str, values: list[float]) -> None:
    """As in "FP32:0.937", where Chinese writes no space."""
    assert [figure.value for figure in figures(text, commas=False)] == values


def test_decimal_commas_are_told_by_the_whole_text() -> None:
    """What may be read in two ways follows the rest of the text."""
    assert writes_commas("0,93 und 47,1 und 131.072")
    assert not writes_commas("0.93 and 47.1 and 131,072")


@given(
    st.floats(0, 1e9, allow_nan=False),
    st.integers(0, 6),
    st.booleans(),
    st.sampled_from(["", " ", "'", "\u00a0", "\u202f"]),
)
def test_any_number_comes_back(value: float, digits: int, commas: bool, group: str) -> None:
    """However thousands are separated and decimals written, the number is the same."""
    text = f"{value:,.{digits}f}".replace(",", "\0").replace(".", "," if commas else ".").replace("\0", group)
    (found,) = figures(normal(f"x {text} y"), commas)
    assert found.value == pytest.approx(float(f"{value:.{digits}f}"), rel=1e-12)
    assert found.step == pytest.approx(10.0**-digits)


@given(st.integers(0, 99_999), st.sampled_from(sorted(SCRIPTS)))
def test_digits_of_any_script(number: int, script: str) -> None:
    """Ten digits are ten digits."""
    text = "".join(chr(SCRIPTS[script] + int(digit)) for digit in str(number))
    (found,) = figures(normal(f"{text} ms"))
    assert found.value == number


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    """No text breaks the reading, and figures lie within it."""
    plain = normal(text)
    for found in figures(plain):
        assert 0 <= found.start < found.digits_end <= found.end <= len(plain)
        assert found.step > 0


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("93 (%) of", "93 (%)"),
        ("93 (% of", "93 (%"),
        ("93 (%; of", "93 (%"),
        ("47 [ms]", "47 [ms]"),
        ("(93 %)", "93 %"),
    ],
)
def test_a_bracket_belongs_to_the_unit_in_it(text: str, written: str) -> None:
    """Where it is closed right behind the unit."""
    (figure,) = figures(text)
    assert figure.text == written


@pytest.mark.parametrize("text", ["1,2.3,4", "1.2,3", "1,234.567,890", "1,234.567.890"])
def test_separators_in_no_order_are_no_figure(text: str) -> None:
    """Commas and points of which no one can be the decimal sign."""
    assert figures(text) == ()


@pytest.mark.parametrize("word", units_data()["approximate"]["words"])
def test_each_word_for_about_makes_a_figure_rough(word: str) -> None:
    """However long the word is, and whatever stands before it."""
    assert [one.rough for one in figures(normal(f"accuracy: {word} 93 %"))] == [True]


@pytest.mark.parametrize("text", ["about the 93 %", "93 % about", "turnaround 93 %", "ca 90 and 93 %"])
def test_a_word_for_about_stands_right_before_its_figure(text: str) -> None:
    """Elsewhere it speaks of something else."""
    assert not figures(text)[-1].rough


@pytest.mark.parametrize(
    ("text", "step"), [("4.17e-3 s", 1e-5), ("4e2 kb", 100), ("1,5e3", 100), ("93.70 %", 0.01), ("131,072", 1)]
)
def test_the_last_digit_is_worth_a_step(text: str, step: float) -> None:
    """With its power of ten."""
    (figure,) = figures(text)
    assert figure.step == pytest.approx(step)


@pytest.mark.parametrize("text", ["224 x 224 pixels, 93.7 %", "224x224x3: 93.7 %", "2024-11-05: 93.7 %"])
def test_figures_behind_what_is_none_are_read(text: str) -> None:
    """Dimensions and dates do not hide what follows."""
    assert [one.value for one in figures(text) if one.unit] == [93.7]


def test_numbers_have_a_length() -> None:
    """Nobody measures that exactly."""
    assert [len(one.text) for one in figures("1" * MAX_DIGITS)] == [MAX_DIGITS]
    assert figures("1" * (MAX_DIGITS + 1)) == ()
