"""Figures, claims and findings as people read them."""

from __future__ import annotations

import pytest

from graders.written.claims import Check, Finding, Quantity
from graders.written.claims.model import Place, Quote
from graders.written.claims.rendering import in_order, shown


@pytest.mark.parametrize(
    ("quantity", "value", "text"),
    [
        (Quantity.ACCURACY, 0.93704, "93.7 %"),
        (Quantity.DEFLATION, 0.5, "50 %"),
        (Quantity.TIME_MS, 4.1666, "4.167 ms"),
        (Quantity.ZIP_BYTES, 131072.4, "131,072 bytes"),
        (Quantity.PARAMETERS, 32021.0, "32,021"),
    ],
)
def test_a_figure_has_its_unit(quantity: Quantity, value: float, text: str) -> None:
    """Shares in per cent, four digits; sizes in whole bytes."""
    assert shown(quantity, value) == text


def finding(name: str, *places: tuple[str, int]) -> Finding:
    quotes = tuple(Quote(Place(*place), "") for place in places)
    return Finding(Check.PLACEHOLDER, measured=name, expected="", cause="", next="", quotes=quotes)


def test_findings_come_in_the_order_of_a_summarys_lines() -> None:
    """By file and line of the first place; those without one first, and those of one place as they were found."""
    findings = [
        finding("b9", ("b.md", 9)), finding("a2 first", ("a.md", 2), ("a.md", 8)),
        finding("a2 second", ("a.md", 2), ("a.md", 5)), finding("everywhere"), finding("a10", ("a.md", 10)),
    ]  # fmt: skip
    names = [one.measured for one in in_order(findings)]
    assert names == ["everywhere", "a2 first", "a2 second", "a10", "b9"]
