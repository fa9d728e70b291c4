"""A summary is read as well in any language, layout and way to write numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.written.claims import Basis, Quantity, find_claims

from .writing import BOTH, L02, L03, LANGUAGES, LAYOUTS, QUANTITIES, VARIANTS_L02, figures_of, in_rows, read_back, table


def close(found: dict[str, dict[Quantity, float]], expected: dict[str, dict[Quantity, float]]) -> None:
    assert set(found) == set(expected)
    for name, values in expected.items():
        assert found[name] == pytest.approx(values, abs=6e-3, rel=0), name


@pytest.mark.parametrize("percent", [True, False], ids=["percent", "fractions"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("names", [L02, L03], ids=["l02", "l03"])
def test_every_figure_is_found(names: tuple[str, ...], language: str, layout: str, percent: bool) -> None:
    """All five quantities of every variant are read, and nothing else is."""
    figures = figures_of(names)
    text = f"# Lab\n\nIntel i7-8550U, 8 x 1.80 GHz, 224 x 224, 2024-11-05\n\n{LAYOUTS[layout](figures, LANGUAGES[language], percent)}"
    close(read_back(find_claims(text, BOTH)), figures)


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "unknown"])
def test_known_words_tell_columns_in_any_order(language: str) -> None:
    """Where words are known, the order of columns does not matter, and what they tell is beyond doubt."""
    known = LANGUAGES[language]
    figures = figures_of(L02)
    order = (4, 3, 1, 0, 2)
    rows = [
        [name, *(f"{values[QUANTITIES[i]]:.4f}".replace(".", known.point) for i in order)]
        for name, values in figures.items()
    ]
    claims = find_claims(table([known.model, *(known.words[i] for i in order)], rows), VARIANTS_L02)
    close(read_back(claims), figures)
    assert all(claim.sure and claim.basis is Basis.WORD for claim in claims.claims)


def test_unknown_words_leave_doubt() -> None:
    """Where only the order of columns tells, claims are not sure."""
    claims = find_claims(in_rows(figures_of(L02), LANGUAGES["unknown"], True), VARIANTS_L02)
    assert {claim.basis for claim in claims.claims if claim.quantity is not Quantity.TIME_MS} == {Basis.ORDER}
    assert not any(claim.sure for claim in claims.claims if claim.quantity is not Quantity.TIME_MS)


def test_an_order_that_can_not_be_is_not_assumed() -> None:
    """A G-mean above the sensitivity refutes the usual order: nothing is claimed then."""
    rows = [["native", "0.90", "0.91", "0.80", "0.95"], ["tflite-fp32", "0.90", "0.91", "0.80", "0.95"]]
    assert find_claims(table(["?", "a1", "b1", "c1", "d1"], rows), VARIANTS_L02).claims == ()


@pytest.mark.parametrize("place", [4, 5])
def test_a_sixth_unknown_column_is_told_from_the_time(place: int) -> None:
    """Top-5 before or after the time, both without unit and word."""
    figures = figures_of(L02)
    rows = []
    for name, values in figures.items():
        cells = [f"{values[quantity]:.4f}" for quantity in QUANTITIES]
        cells.insert(place, "0.9991")
        rows.append([name, *cells])
    header = ["?", "aa", "bb", "cc", "dd", "ee", "ff"]
    close(read_back(find_claims(table(header, rows), VARIANTS_L02)), figures)


@given(
    st.dictionaries(st.sampled_from(L02), st.tuples(st.integers(0, 10_000), st.integers(1, 90_000)), min_size=1),
    st.sampled_from(sorted(LANGUAGES)),
    st.sampled_from(["rows", "columns", "lists", "nested", "html"]),
    st.booleans(),
)
def test_any_figures_come_back(drawn: dict[str, tuple[int, int]], language: str, layout: str, percent: bool) -> None:
    """Whatever the figures, what is written is what is read."""
    figures = {
        name: {**dict.fromkeys(QUANTITIES[:4], share / 10_000), Quantity.TIME_MS: time / 100}
        for name, (share, time) in drawn.items()
    }
    text = LAYOUTS[layout](figures, LANGUAGES[language], percent)
    for name, values in read_back(find_claims(text, VARIANTS_L02)).items():
        for quantity, value in values.items():
            assert value == pytest.approx(figures[name][quantity], abs=1e-9)
