"""Sizes in what tools list of files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.written.claims import Claim, Quantity, check_contradictions, check_possible, find_claims
from graders.written.claims.listings import MOST_CHARACTERS

from .writing import BOTH

Q = Quantity
PARAMETERS = 32_021


def read(text: str, parameters: float | None = PARAMETERS) -> tuple[Claim, ...]:
    return find_claims(f"```\n{text}\n```\n", BOTH, parameters=parameters).claims


@pytest.mark.parametrize(
    "name", ["clustered-2-fp32.tflite", "build/pocket_mobilenet.clustered-2.tflite", "./clustered_2.tflite"]
)
@pytest.mark.parametrize(
    "listed",
    [
        "-rw-r--r-- 1 ada ada 126504 Oct 18 13:31 ", "-rw-r--r--. 1 ada ada 126504 Oct 18  2025 ",
        "-rw-r--r--@ 1 ada  staff  126504 18 Oct 13:31 ", "-rwxrwxrwx 1 1000 1000 126504 18 paź 13:31 ",
        "-rw-r--r-- 1 ada 197121 126504 18. Okt 13:31 ", "-rw-r--r-- 1 ada ada 126504 10月 18 13:31 ",
        "-rw-r--r-- 1 ada ada 126504 2026-10-18 13:31 ", "-rw-r--r-- 1 ada ada 126504 2026-10-18 13:31:22.123456789 +0200 ",
        "18.10.2026  13:31           126 504 ", "18.10.2026  13:31           126.504 ", "10/18/2026  01:31 PM           126,504 ",
        "2026-10-18  13:31           126\u00a0504 ", "-a----        18.10.2026     13:31         126504 ",
        "126504 ", "126504\t", "  126504 ",
    ],
)  # fmt: skip
def test_a_file_s_size(listed: str, name: str) -> None:
    """As ls, dir, PowerShell, wc and du print it, in any language, to the byte and beyond doubt."""
    (claim,) = read(listed + name)
    assert (claim.variant, claim.quantity, claim.value) == ("clustered-2-fp32", Q.BYTES, 126_504)
    assert (claim.low, claim.high) == (126_503, 126_505)
    assert claim.sure
    assert claim.place.line == 2


@pytest.mark.parametrize(
    "name", ["clustered-2-fp32.zip", "clustered-2-fp32.tflite.zip", "zips/clustered-2-fp32.tflite.gz"]
)
def test_an_archive_s_size(name: str) -> None:
    """Its headers are no contradiction to what the packed file alone has."""
    (claim,) = read(f"-rw-r--r-- 1 ada ada 28736 Oct 18 13:31 {name}")
    assert (claim.variant, claim.quantity, claim.value) == ("clustered-2-fp32", Q.ZIP_BYTES, 28_736)
    assert claim.low < 28_536 < claim.high < 28_740


@pytest.mark.parametrize("listed", ["-rw-r--r-- 1 ada ada 124K Oct 18 13:31 ", "124K\t"])
def test_rounded_sizes(listed: str) -> None:
    """A kilobyte may have 1000 or 1024 bytes; what du counts are blocks, which is doubtful."""
    (claim,) = read(f"{listed}clustered-2-fp32.tflite")
    assert claim.low < 126_504 < claim.high
    assert claim.sure == ("ada" in listed)


@pytest.mark.parametrize(
    "line",
    [
        "-rw-r--r-- 1 ada ada 12650 Oct 18 13:31 img/clustered-2-fp32-confusion-matrix.png",
        "-rw-r--r-- 1 ada ada 412 Oct 18 13:31 clustered-2-fp32-metrics.md",
        "-rw-r--r-- 1 ada ada 412650 Oct 18 13:31 clustered-2.h5", "-rw-r--r-- 1 ada ada 412650 Oct 18 13:31 clustered-2.h5.zip",
        "drwxr-xr-x 2 ada ada 4096 Oct 18 13:31 clustered-2-fp32", "-rw-r--r-- 1 ada ada 126504 Oct 18 13:31 model.tflite",
        "-rw-r--r-- 1 ada ada 126504 Oct 18 13:31 best.tflite", "-rw-r--r-- 1 ada ada 412650 Oct 18 13:31 clustered.zip",
        "-rw-r--r-- 1 ada ada 0 Oct 18 13:31 clustered-2-fp32.tflite", "total 1012", "1012032 total", "  8 clustered-2-fp32.tflite",
        "-rw-r--r-- 1 ada ada 126504 Oct 18 13:31 clustered-2-and-clustered-4.tflite",
    ],
)  # fmt: skip
def test_what_is_not_listed(line: str) -> None:
    """Pictures, metrics, Keras files, folders, files of several variants or of none."""
    assert read(line) == ()


@pytest.mark.parametrize("name", ["clustered-2-fp32-unstripped.tflite", "old-clustered-2-fp32.tflite"])
def test_other_files_of_a_variant_are_doubtful(name: str) -> None:
    """They may have another size."""
    (claim,) = read(f"-rw-r--r-- 1 ada ada 226504 Oct 18 13:31 {name}")
    assert not claim.sure


def test_blocks_are_doubtful() -> None:
    """What has no date may be counted in kilobytes, unless it fits the model as bytes."""
    assert [claim.sure for claim in read("126504 clustered-2-fp32.tflite", None)] == [False]
    (claim,) = read("124 clustered-2-fp32.tflite")
    assert (claim.value, claim.sure) == (124_000, False)


def test_one_size_for_all_int8_files() -> None:
    """A file of the family stands for its members."""
    (claim,) = read("-rw-r--r-- 1 ada ada 61640 Oct 18 13:31 build/model-int8.tflite")
    assert claim.variant == "tflite-int8-*"


def test_a_listing_beside_a_table() -> None:
    """Nothing contradicts; a stored archive is found in a listing too."""
    table = "| variant | file (bytes) | archive (bytes) |\n|-|-|-|\n| clustered-2-fp32 | 126,504 | 28,536 |\n"
    listed = "```\n-rw-r--r-- 1 a a 126504 Oct 18 13:31 clustered-2-fp32.tflite\n"
    listed += "-rw-r--r-- 1 a a {} Oct 18 13:31 clustered-2-fp32.zip\n```\n\n"
    claims = find_claims(listed.format(28_736) + table, BOTH, parameters=PARAMETERS)
    assert len(claims.claims) == 4
    assert check_contradictions(claims) == check_possible(claims, BOTH, parameters=PARAMETERS) == ()
    (finding,) = check_possible(find_claims(listed.format(126_716), BOTH), BOTH, parameters=PARAMETERS)
    assert "ZIP_STORED" in finding.cause
    assert finding.sure


def test_a_size_in_blocks_of_two_digits() -> None:
    """As du counts; a lone digit is no size."""
    assert [(claim.value, claim.sure) for claim in read("96\tclustered-2-fp32.tflite")] == [(96_000, False)]


def test_a_file_of_one_byte() -> None:
    """It is a size too, and not a right one; only an empty file has none."""
    assert [claim.value for claim in read("-rw-r--r-- 1 ada ada 1 Oct 18 13:31 clustered-2-fp32.tflite")] == [1]


def test_a_size_with_a_decimal() -> None:
    """What is not known is the last digit, and whether 1000 or 1024 bytes are meant."""
    (claim,) = read("-rw-r--r-- 1 ada ada 1.2M Oct 18 13:31 clustered-2-fp32.tflite")
    assert (claim.low, claim.value) == pytest.approx((1.1e6, 1.2e6))
    assert claim.high == pytest.approx(1.3 * 2**20)


def test_what_no_tool_lists() -> None:
    """A line that is too long, or that has signs that can't be seen, is left to the reading of other lines."""
    line = "-rw-r--r-- 1 ada ada 126504 Oct 18 13:31 clustered-2-fp32.tflite"
    longest = line.replace("clustered", f"{'x' * (MOST_CHARACTERS - len(line) - 1)}/clustered")
    assert [claim.sure for claim in read(longest)] == [True]
    assert read(longest.replace("x/", "xx/")) == ()
    assert read(line.replace("/", "").replace("clustered-2", "a\u200b/clustered-2")) == ()


@given(st.text(alphabet="-rwx 0123456789KM.,:abcOct/\\", max_size=120))
def test_anything_like_a_listing_gets_through(text: str) -> None:
    """Whatever stands before a file's name, a claim's bounds hold its value."""
    for claim in read(f"{text} clustered-2-fp32.tflite"):
        assert claim.low <= claim.value <= claim.high
