"""No text, however made, breaks, hangs or runs anything."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.written.claims import (
    Claims,
    Question,
    check_complete,
    check_contradictions,
    check_placeholders,
    check_possible,
    find_answers,
    find_claims,
    look_at_images,
    read_document,
)

from .writing import BOTH, L02, L03

QUESTIONS = tuple(Question(str(number), number, ("fp32", "int8", "a*")) for number in range(1, 5))
SIZE = 300_000
LINES = SIZE // 4000


def everything(text: str, root: Path = Path("/nonexistent")) -> Claims:
    document = read_document(text)
    claims = find_claims(document, BOTH, parameters=32_021)
    check_complete(claims, BOTH)
    check_possible(claims, BOTH)
    check_contradictions(claims)
    check_placeholders(document, text[:5000])
    find_answers(document, QUESTIONS)
    look_at_images(document, root, BOTH)
    return claims


def repeated(unit: str) -> str:
    """Long lines of the same thing, each a little different, so that nothing is remembered."""
    line = unit * (3900 // len(unit))
    return "\n".join(f"{line} {number}" for number in range(LINES))


FLOODS = {
    "one line of 10 MB": lambda: "a" * 10_000_000,
    "one line of 10 MB of figures": lambda: "0.9 " * 2_500_000,
    "quotes": lambda: ">" * SIZE,
    "nested quotes": lambda: "> " * (SIZE // 2),
    "nested lists": lambda: "".join("  " * (n % 40) + f"* native {n}\n" for n in range(6000)),
    "dashes": lambda: "- " * (SIZE // 2) + "1",
    "brackets": lambda: repeated("["),
    "images": lambda: repeated("!["),
    "half images": lambda: repeated("![a](b "),
    "tags": lambda: repeated("<img src="),
    "comments": lambda: repeated("<!--"),
    "html rows": lambda: repeated("<tr><td>"),
    "stars": lambda: repeated("*"),
    "backticks": lambda: repeated("`"),
    "backslashes": lambda: repeated("\\"),
    "digits": lambda: repeated("9"),
    "dots": lambda: repeated("9."),
    "commas": lambda: repeated("9,"),
    "groups": lambda: repeated("9 999"),
    "plus minus": lambda: repeated("9±"),
    "percents": lambda: repeated("% "),
    "kinds": lambda: repeated("int8 "),
    "names": lambda: repeated("clustered-16-fp32 "),
    "pairs": lambda: repeated("int8 8 % "),
    "words": lambda: repeated("accuracy 0.9 "),
    "units": lambda: repeated("9 ms"),
    "combining": lambda: "a" + "\u0301" * SIZE,
    "directions": lambda: "\u202e" * SIZE,
    "ideographs": lambda: repeated("准确率"),
    "headings": lambda: "".join(f"{'#' * (1 + n % 6)} int8 accuracy {n}\n" for n in range(12_000)),
    "items": lambda: "".join(f"* native: accuracy {n} %\n" for n in range(12_000)),
    "numbered": lambda: "".join(f"{n}. fp32 int8 {n}\n\n" for n in range(12_000)),
    "rows": lambda: "|native|accuracy|\n|-|-|\n" + "|native|0.5|\n" * 20_000,
    "columns": lambda: "|" + "native|" * 1900 + "\n|" + "-|" * 1900 + "\n" + ("|" + "0.5|" * 900 + "\n") * 60,
    "references": lambda: "".join(f"[a{n}]: x\n" for n in range(12_000)),
    "fences": lambda: "```\n" * 20_000,
    "placeholders": lambda: "TODO\n\n" * 20_000,
    "deflations": lambda: "".join(
        f"* clustered-16 deflation {n % 100} % zip {n} KB size {n} KB\n" for n in range(5000)
    ),
    "tags over lines": lambda: "<img src='a'\n" * (SIZE // 13),
    "images over lines": lambda: "![a\nb](c\n" * (SIZE // 10),
    "listings": lambda: "```\n" + "-rw-r--r-- 1 a b 126504 Oct 18 13:31 clustered-2-fp32.tflite\n" * 4500,
    "half listings": lambda: repeated("-rw-r--r-- 1 a b 126504 Oct 18 13:31 "),
    "sizes and names": lambda: "126504 int8/clustered-2/fp32.tflite\n\n" * 7000,
    "statistics": lambda: repeated("median 9 ms max "),
    "nul": lambda: "\0" * SIZE,
}


@pytest.mark.parametrize("flood", FLOODS)
def test_floods_take_seconds_at_most(flood: str) -> None:
    """Each is read to its bounds in a few seconds of this processor's time, all checks included."""
    text = FLOODS[flood]()
    begun = time.process_time()
    everything(text)
    assert time.process_time() - begun < 15


PIECES = st.sampled_from(
    [*L02, *L03, "INT8", "FP32", "16 clusters", "accuracy", "G-mean", "czas", "准确率", "deflation", "ZIP", "93.7 %", "0,93",
     "4.17 ms", "131 KB", "±", "|", "\n", "\n\n", "|---|---|\n", "# ", "* ", "1. ", "```\n", "<table>", "<tr><td>", "![a](b.png)",
     "median", "max", "<img\n", "<img src='a'\n>", "-rw-r--r-- 1 a b 9 Oct 18 13:31 ", "126504 ", "fp32.tflite", "[x]: y", ": ", "=", "...", "TODO", "~", "(", ")", "-", " ", "\t", "\u202e", "\ufeff", "\\", "$", "**"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=80).map("".join) | st.text(max_size=300))
def test_any_text_gets_through(text: str) -> None:
    """Claims are bounded, of known quantities, and stand on lines that are there."""
    claims = everything(text)
    count = text.count("\n") + text.count("\r") + 1
    for claim in claims.claims:
        assert claim.low <= claim.value <= claim.high or claim.value < 0
        assert 1 <= claim.place.line <= count
        assert set(claim.variants) <= {variant.name for variant in BOTH}


@given(st.lists(PIECES, max_size=60).map("".join))
def test_reading_is_deterministic(text: str) -> None:
    """The same text gives the same claims."""
    assert find_claims(text, BOTH) == find_claims(text, BOTH)


@pytest.mark.parametrize("inserted", ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", "\x1b[31m", "::notice::x"])
def test_markup_is_text(inserted: str) -> None:
    """Nothing is interpreted, and figures beside it are read."""
    claims = everything(f"{inserted}\n\n* FP32 accuracy: 93.7 % {inserted}\n")
    assert [claim.value for claim in claims.claims] == [pytest.approx(0.937)]


def test_reading_needs_no_heavy_library() -> None:
    """Neither TensorFlow nor scikit-learn nor Pillow comes in with this package."""
    import subprocess
    import sys

    code = (
        "import sys; import graders.written.claims as c; c.find_claims('native: accuracy 0.9', [c.Variant.named('native')]);"
        "print(sorted({'tensorflow', 'sklearn', 'PIL', 'matplotlib', 'numpy'} & set(sys.modules)))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
