"""The part of the report about costs on a device."""

from __future__ import annotations

import copy

import pytest

from graders.reports.html import render_summary
from graders.scoring import Scorecard

from . import devices, samples
from .labs import Json
from .page import parse


def rendered(files: list[Json], setup: Json | None = None) -> str:
    card = samples.full_marks()
    card["labs"][0]["device"] = files
    card["device"] = setup or devices.setup()
    return render_summary(Scorecard.from_json(card))


def rows(html: str) -> list[str]:
    """The text of each row of the table of files."""
    return [" ".join(row.text.split()) for row in parse(html).all("tr", class_="og-device-row")]


def test_files_of_equal_cost_share_a_row() -> None:
    found = rows(rendered(devices.files()))
    assert len(found) == 3
    assert found[0].startswith("int8-0.01, int8-0.08 61.6 kB 261.7 kB 13.8 M 29.6 k agree fits on Disco, Micro")
    assert "too little RAM: Nano" in found[0]
    assert found[1].startswith("fp32 126.5 kB 1.0 MB")


def test_what_the_runtime_cannot_run_says_why_and_fits_on_no_board() -> None:
    (row,) = rows(rendered([devices.refused("hybrid")]))
    assert "no kernel for FULLY_CONNECTED with float32 values and int8 weights" in row
    assert "fits on" not in row


def test_a_disagreement_is_the_runtimes() -> None:
    codes = {"inputs": 2, "unit": "codes", "reference": 1.0, "xnnpack": 31.0, "agree": False}
    share = {"inputs": 2, "unit": "share", "reference": 0.25, "xnnpack": 0.0, "agree": False}
    found = rows(rendered([devices.file(name, 9, 9, (), agreement=each) for name, each in (("a", codes), ("b", share))]))
    assert "differ by 31 codes: a matter of the runtimes, not of your file" in found[0]
    assert "differ by 25.00% of the largest output: a matter of the runtimes" in found[1]


def test_without_the_runtime_one_line_says_so() -> None:
    boards = dict.fromkeys(devices.BOARDS, "unknown")
    absent = devices.file("int8", 61_640, None, (), reason="TensorFlow Lite Micro is not installed", boards=boards)
    html = rendered([absent], devices.setup(""))
    assert html.count("TensorFlow Lite Micro is not installed where this was graded") == 1
    (row,) = rows(html)
    assert "61.6 kB" in row
    assert "13.8 M" in row
    assert "too little" not in row


@pytest.mark.parametrize("name", ["full_marks", "five_mistakes"])
def test_a_scorecard_without_the_part_has_no_section(name: str) -> None:
    card = copy.deepcopy(getattr(samples, name)())
    card.pop("device", None)
    for each in card["labs"]:
        each.pop("device", None)
    assert 'id="og-device"' not in render_summary(Scorecard.from_json(card))


def test_the_arena_is_drawn_against_accuracy_if_there_is_a_difference() -> None:
    assert "RAM against accuracy" in rendered(devices.files())
    assert "RAM against accuracy" not in rendered(devices.files()[:2])


def test_every_number_of_a_file_that_could_not_be_read_is_missing() -> None:
    lost = devices.file("x", 17, None, (), macs=None, parameters=None, reason="no valid .tflite file", boards={})
    (row,) = rows(rendered([lost]))
    assert row.startswith("x 17 B – – – –")
