"""Lists whose words are of no known language: units and order tell what each figure is."""

from __future__ import annotations

import pytest

from graders.written.claims import QUALITY, Basis, Claim, Quantity, Variant, find_claims

VARIANTS = (Variant.named("native"), Variant.named("tflite-fp32"))
WORDS = ("Akurasyon", "Zzz", "Duyarga", "Ortamean")
ALL = (*QUALITY, Quantity.TIME_MS)


def read(*items: str) -> tuple[Claim, ...]:
    """The claims of a list below the name of a variant."""
    return find_claims("native\n\n" + "".join(f"- {item}\n" for item in items), VARIANTS).claims


def shares(*figures: str) -> list[str]:
    return [f"{word}: {figure}" for word, figure in zip(WORDS, figures, strict=False)]


@pytest.mark.parametrize(
    ("items", "values"),
    [
        (shares("0.93", "0.92", "0.91", "0.90"), (0.93, 0.92, 0.91, 0.90)),
        ([*shares("0.93", "0.92", "0.91", "0.90"), "Vreme: 47.1"], (0.93, 0.92, 0.91, 0.90, 47.1)),
        ([*shares("93.7", "92.1", "91.5", "90.5"), "Vreme: 4.17"], (0.937, 0.921, 0.915, 0.905, 4.17)),
        ([*shares("93.7", "92.1", "91.5", "90.5"), "Vreme: 47.1"], (0.937, 0.921, 0.915, 0.905)),
        ([*shares("93.7 %", "92.1 %", "91.5 %", "90.5 %"), "Vreme: 4.2 ms"], (0.937, 0.921, 0.915, 0.905, 4.2)),
        (["Loss: 0.31", *shares("0.93", "0.92", "0.91", "0.90")], (0.93, 0.92, 0.91, 0.90)),
        (["Top-5: 0.99", *shares("0.93", "0.92", "0.91", "0.90"), "Vreme: 47.1"], (0.93, 0.92, 0.91, 0.90, 47.1)),
    ],
    ids=[
        "four shares",
        "and a time",
        "bare percentages",
        "maybe one more percentage",
        "units",
        "a known word before",
        "another known word",
    ],
)
def test_a_list_in_the_scripts_order(items: list[str], values: tuple[float, ...]) -> None:
    """Four shares in their order at least; a known word of something else among them is passed over."""
    found = read(*items)
    assert [claim.quantity for claim in found] == list(ALL[: len(values)])
    assert [claim.value for claim in found] == [pytest.approx(value) for value in values]
    assert {claim.variants for claim in found} == {("native",)}
    assert {claim.basis for claim in found if claim.quantity in QUALITY} == {Basis.ORDER}


@pytest.mark.parametrize(
    "items",
    [shares("0.93", "0.92", "0.91"), shares("0.91", "0.92", "0.90", "0.95"), shares("0.93", "92", "0.91", "0.90")],
    ids=["three", "a G-mean above the sensitivity", "of two scales"],
)
def test_what_no_order_explains_claims_nothing(items: list[str]) -> None:
    """Too few figures, or such as can't be those."""
    assert read(*items) == ()
