"""Text of any script in one form."""

from __future__ import annotations

import unicodedata

import pytest

from graders.written.claims.normalization import is_dense, normal


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Précision", "precision"),
        ("Größe", "grosse"),
        ("ŁÓDŹ", "lodz"),
        ("Dok\u00adładność", "dokladnosc"),
        ("a\u00a0b\u2009c\u2028d\u1680e", "a b c d e"),
        ("٣٫٥ ٪", "3.5 %"),
        ("९३", "93"),
        ("９３．７％", "93.7%"),
        ("−0·5 – 1’000", "-0.5 - 1'000"),
        ("93.7 %² ¹⁰", "93.7 % "),
        ("FP32 → INT8", "fp32   int8"),
        ("ÅB", "ab"),
        ("ABC 1.5", "abc 1.5"),
    ],
)
def test_one_form(text: str, form: str) -> None:
    """No accents, no capitals; digits, signs and spaces as they are in ASCII; nothing that is raised."""
    assert normal(text) == form
    assert normal(unicodedata.normalize("NFD", text)) == form


@pytest.mark.parametrize(
    ("first", "last"), [(0x0E00, 0x0EFF), (0x2E80, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF)]
)
def test_scripts_without_spaces(first: int, last: int) -> None:
    """Thai and Lao, Chinese, Japanese and what is compatible with them."""
    assert [is_dense(chr(code)) for code in (first - 1, first, last, last + 1)] == [False, True, True, False]
