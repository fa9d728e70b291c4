"""What a claim is called."""

from __future__ import annotations

import pytest

from graders.written.claims import MODEL, Basis, Claim, Form, Quantity
from graders.written.claims.model import Place


@pytest.mark.parametrize(
    ("variants", "name"),
    [
        ((), MODEL),
        (("native",), "native"),
        (("tflite-int8-0.01", "tflite-int8-0.08"), "tflite-int8-*"),
        (("tflite-int8-0.01", "tflite-int8-0.08", "tflite-int8-0.8"), "tflite-int8-*"),
        (("tflite-int8-0.08", "tflite-int8"), "tflite-int8-*"),
        (("clustered-16-fp32", "clustered-4-fp32"), "clustered-*"),
    ],
)
def test_a_family_is_called_by_what_its_names_share(variants: tuple[str, ...], name: str) -> None:
    """One variant by its name, several by its common part, the model by nothing."""
    claim = Claim(
        variants, Quantity.BYTES, 1.0, 1.0, 1.0, Place("summary.md", 1), "131 KB", Form.TABLE, Basis.WORD
    )  # fmt: skip
    assert claim.variant == name
