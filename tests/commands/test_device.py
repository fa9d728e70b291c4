"""``python -m graders device``: files measured, a scorecard's shown, and a line for whatever can't be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graders.cli import main
from graders.commands.device import Row, table
from graders.commands.doctor import device_line
from graders.core.exit_codes import ExitCode
from graders.measure.device import micro
from tests.reports import devices, samples

DATA = Path(__file__).resolve().parents[1] / "data" / "tflite"


@pytest.mark.process
def test_files_are_measured_in_the_sandbox(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["device", str(DATA / "int8.tflite"), str(DATA / "flex.tflite")]) == ExitCode.OK
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[2].startswith("| int8.tflite | 4,816 | ")
    assert "| 12,712 | 421 |" in lines[2]
    assert lines[3].endswith("| 0 | 0 | TensorFlow Lite Micro has no kernel for CUSTOM FlexMatrixInverse |")


def test_of_a_scorecard_files_of_equal_cost_are_shown_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "scorecard.json"
    path.write_text(json.dumps(samples.full_marks()), encoding="utf-8")
    assert main(["device", str(path)]) == ExitCode.OK
    names = [line.split("|")[1].strip() for line in capsys.readouterr().out.splitlines()[2:]]
    assert names == ["int8-0.01", "fp32", "hybrid"]


@pytest.mark.parametrize("name", ["absent.tflite", "absent.json"])
def test_what_cannot_be_read_is_one_line(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["device", str(tmp_path / name)]) == ExitCode.USAGE
    found = capsys.readouterr()
    assert found.out == ""
    assert name in found.err
    assert found.err.count("\n") == 1


def test_a_scorecard_without_the_part_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "scorecard.json"
    path.write_text(json.dumps(samples.five_mistakes()), encoding="utf-8")
    assert main(["device", str(path)]) == ExitCode.USAGE
    assert "grade again" in capsys.readouterr().err


def test_a_cell_holds_no_markup_of_a_table() -> None:
    *_, line = table([Row("a|b\x1b[31m\nc", (1, None, 3, 4), "x")])
    assert line.count("|") == 7
    assert "\x1b" not in line


@pytest.mark.parametrize(("version", "line"), [("", "tflite-micro: not installed; "), ("0.dev1", "tflite-micro 0.dev1")])
def test_the_doctor_says_whether_the_runtime_is_there(version: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(micro, "installed", lambda: version)
    assert device_line().startswith(line)
    assert devices.setup()["runtime"].startswith(micro.PACKAGE)
