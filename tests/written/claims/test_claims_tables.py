"""Tables whose headings say more, or less, than a column's name."""

from __future__ import annotations

import pytest

from graders.written.claims import Basis, Claim, Quantity, find_claims

from .writing import BOTH


def claimed(text: str) -> list[tuple[str, Quantity, float]]:
    return [(claim.variant, claim.quantity, round(claim.value, 4)) for claim in find_claims(text, BOTH).claims]


def only(text: str, variant: str, quantity: Quantity) -> Claim:
    (claim,) = find_claims(text, BOTH).of(variant, quantity)
    return claim


def test_a_table_below_a_variants_heading() -> None:
    """Two known quantities are enough to take its row for that variant's."""
    text = "## native\n\n| Accuracy | Precision |\n|---|---|\n| 0.9 | 0.8 |\n"
    assert claimed(text) == [("native", Quantity.ACCURACY, 0.9), ("native", Quantity.PRECISION, 0.8)]
    assert claimed(text.replace("native", "Results")) == []


def test_a_number_alone_goes_with_the_heading_above_it() -> None:
    """With the one right above, and with no other."""
    text = "## native\n\n### Clustered\n\n#### 16\n\n| Accuracy | Precision |\n|---|---|\n| 0.9 | 0.8 |\n"
    assert {variant for variant, _, _ in claimed(text)} == {"clustered-16-fp32"}


def test_two_quantities_in_one_column() -> None:
    """A cell without a stroke is one of both."""
    text = "| Model | Accuracy / G-mean |\n|---|---|\n| native | 0.90 / 0.89 |\n| tflite-fp32 | - |\n"
    found = find_claims(text, BOTH)
    assert claimed(text) == [("native", Quantity.ACCURACY, 0.9), ("native", Quantity.G_MEAN, 0.89)]
    assert [(blank.variant, blank.quantity) for blank in found.blanks] == [
        ("tflite-fp32", Quantity.ACCURACY),
        ("tflite-fp32", Quantity.G_MEAN),
    ]


@pytest.mark.parametrize(("heading", "guess"), [("FP32 accuracy", True), ("native accuracy", False), ("Accuracy", False)])
def test_a_column_of_another_variant_is_doubtful(heading: str, guess: bool) -> None:
    """It is hardly the accuracy of the row's."""
    text = f"| Model | {heading} | G-mean |\n|---|---|---|\n| native | 0.9 | 0.8 |\n"
    assert (only(text, "native", Quantity.ACCURACY).basis is Basis.GUESS) is guess
    assert only(text, "native", Quantity.G_MEAN).basis is Basis.WORD


@pytest.mark.parametrize(("heading", "guess"), [("Result", True), ("", False), ("%", False)])
def test_a_nameless_column_below_a_quantitys_heading(heading: str, guess: bool) -> None:
    """The heading tells what it states; a name of its own leaves doubt."""
    text = f"## Deflation\n\n| Model | {heading} |\n|---|---|\n| pruned-0.5-fp32 | 74.5 % |\n"
    claim = only(text, "pruned-0.5-fp32", Quantity.DEFLATION)
    assert claim.value == pytest.approx(0.745)
    assert (claim.basis is Basis.GUESS) is guess
