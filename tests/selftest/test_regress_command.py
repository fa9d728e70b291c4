"""python -m graders regress: what it says when it is stopped, and of what it can't compare with."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders import cli
from graders.selftest import regression

ARGUMENTS = ["regress", "history/never-committed", "--isolation", "bare"]


@pytest.mark.parametrize(("more", "said"), [([], "type the same command again"), (["--no-cache"], "interrupted\n")])
def test_ctrl_c(
    more: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says how to go on; nothing is written that could pass for a whole run."""

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(regression, "run_all", stopped)
    assert cli.main([*ARGUMENTS, *more, "--save", str(tmp_path / "run.json")]) == 2
    assert said in capsys.readouterr().out
    assert not (tmp_path / "run.json").exists()


@pytest.mark.parametrize("name", ["none.json", "no-class"])
def test_nothing_to_compare_with(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither a file nor a class's folder: one line, before anything is graded."""
    (tmp_path / "no-class").mkdir()
    assert cli.main([*ARGUMENTS, "--against", str(tmp_path / name)]) == 4
    printed = capsys.readouterr()
    assert name in printed.err
    assert len(printed.err.splitlines()) == 1
    assert "to grade" not in printed.out
