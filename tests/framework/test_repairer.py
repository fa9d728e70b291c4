"""Repeating a run with repairs: which failures begin it again, how often, and what is stated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from graders.core.errors import GraderError, RunError, SourceLine
from graders.core.paths import LABS
from graders.core.result import Result
from graders.core.verdicts import Verdict
from graders.framework.checks import CheckFailed
from graders.framework.lab_toml import load
from graders.framework.model_tester.runner import Agreement
from graders.framework.repairer import MOST_REPAIRS, Repairer, stated
from graders.framework.repairs import Edits, Repair
from graders.framework.repairs.copies import code_edits, make_folders
from graders.framework.repairs.model import CellSource, NewText
from graders.framework.run_checks import RunReview
from graders.framework.runner import RunLog
from graders.labs.l02_quantization.evidence import NativeEvidence
from graders.labs.l02_quantization.work import require_work
from graders.sandbox import MakeFolder, WriteFile
from graders.scoring.outcomes import reason_of

LAB = load(LABS / "l02_quantization")
FILE = LAB.student_file
GIVEN = "dl_in_iot_course/misc/pet_dataset.py"
CODE = "import torch\nimport nni\nopen('logs/a.txt', 'w')\n"


class Tried:
    """A submission's folder, a run's log, and its repairer."""

    def __init__(self, folder: Path, code: str = CODE, cells: tuple[CellSource, ...] = (), wall_s: float = 180) -> None:
        """Writes the student's file and a given one."""
        for name in (FILE, GIVEN):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(code, encoding="utf-8")
        lab = replace(LAB, limits=replace(LAB.limits, wall_s=wall_s))
        context: Any = SimpleNamespace(lab=lab, code=folder, workdir=lambda name: folder / "workdirs" / name)
        self.log = RunLog("native")
        self.repairer = Repairer(context, self.log, cells)

    def fails(self, exception: str, message: str, line: int, *more: str, verdict: Verdict = Verdict.FAILED) -> bool:
        """Whether the run begins again after this error at a line of the student's file, and of files called by it."""
        places = [SourceLine(file, line, "") for file in (FILE, *more)]
        return self.repairer.accept(RunError(verdict, f"{exception}: {message}", places, exception=exception))


NO_MODULE = "No module named '{}'"
NO_FILE = "[Errno 2] No such file or directory: 'logs/a.txt'"


def test_each_failure_is_repaired_once_and_the_repairs_add_up(tmp_path: Path) -> None:
    """The last round has them all, and every line its number."""
    tried = Tried(tmp_path)
    assert tried.repairer.edits == Edits()
    assert tried.fails("ModuleNotFoundError", NO_MODULE.format("torch"), 1)
    assert tried.fails("ModuleNotFoundError", NO_MODULE.format("nni"), 2)
    assert tried.fails("FileNotFoundError", NO_FILE, 3)
    assert not tried.fails("ValueError", "something else", 3)
    assert [each.place.line for each in tried.log.repairs] == [1, 2, 3]
    assert len(stated(tried.log.repairs).split("; ")) == 3
    edits = code_edits(tmp_path, tried.repairer.edits)
    assert edits[0] == MakeFolder("logs")
    files = {each.path: each.data.decode() for each in edits if isinstance(each, WriteFile)}
    assert set(files) == {FILE, "optgrade_absent.py"}
    assert [line.split(";")[-1].strip() for line in files[FILE].splitlines()] == [
        "torch = optgrade_absent.Absent('torch')", "nni = optgrade_absent.Absent('nni')", "open('logs/a.txt', 'w')",
    ]  # fmt: skip


def test_a_repair_that_changes_nothing_is_not_stated(tmp_path: Path) -> None:
    """The same failure again: the run ends with it, and so do all repairs."""
    tried = Tried(tmp_path)
    assert tried.fails("FileNotFoundError", NO_FILE, 3)
    assert not tried.fails("FileNotFoundError", NO_FILE, 3)
    assert tried.log.repairs == []
    assert not tried.fails("ModuleNotFoundError", NO_MODULE.format("torch"), 1)


@pytest.mark.parametrize("verdict", [Verdict.MISSING, Verdict.TIMEOUT, Verdict.CRASHED, Verdict.TAMPERED, Verdict.LOST])
def test_only_an_exception_of_the_code_is_repaired(verdict: Verdict, tmp_path: Path) -> None:
    """A run that ended in any other way is not repeated."""
    assert not Tried(tmp_path).fails("ModuleNotFoundError", NO_MODULE.format("torch"), 1, verdict=verdict)


def test_the_line_is_the_innermost_of_the_students_own(tmp_path: Path) -> None:
    """Frames of given files are passed over; a failure in these alone is not repaired."""
    tried = Tried(tmp_path)
    assert tried.fails("FileNotFoundError", NO_FILE, 3, GIVEN)
    assert tried.log.repairs[0].place.file == FILE
    error = RunError(
        Verdict.FAILED, f"FileNotFoundError: {NO_FILE}", [SourceLine(GIVEN, 3, "")], exception="FileNotFoundError"
    )
    assert not Tried(tmp_path).repairer.accept(error)
    outside = RunError(
        Verdict.FAILED, f"FileNotFoundError: {NO_FILE}", [SourceLine("../x.py", 3, "")], exception="FileNotFoundError"
    )
    assert not Tried(tmp_path).repairer.accept(outside)


def test_rounds_and_their_time_are_bounded(tmp_path: Path) -> None:
    """Code that breaks in ever new ways is executed seven times at most, and once if a round takes long."""
    code = "".join(f"import absent{number}\n" for number in range(1, 20))
    tried = Tried(tmp_path, code)
    begun = [tried.fails("ModuleNotFoundError", NO_MODULE.format(f"absent{line}"), line) for line in range(1, 20)]
    assert sum(begun) == MOST_REPAIRS
    assert begun[:MOST_REPAIRS] == [True] * MOST_REPAIRS
    assert not Tried(tmp_path, code, wall_s=0).fails("ModuleNotFoundError", NO_MODULE.format("absent1"), 1)


def test_cells_are_edited_and_ordered(tmp_path: Path) -> None:
    """A cell's failure has the cell as its file."""
    cells = (CellSource(0, 2, "f()"), CellSource(2, 1, "def f():\n    import torch"))
    tried = Tried(tmp_path, cells=cells)
    place = [SourceLine("cell 1", 1, "")]
    error = RunError(Verdict.FAILED, "cell 1 raised NameError: name 'f' is not defined", place, exception="NameError")
    assert tried.repairer.accept(error)
    error = RunError(
        Verdict.FAILED,
        "cell 1 raised ModuleNotFoundError: No module named 'torch'",
        [SourceLine("cell 3", 2, "")],
        exception="ModuleNotFoundError",
    )
    assert tried.repairer.accept(error)
    assert tried.repairer.edits.order == (2, 0)
    assert {each.file for each in tried.repairer.edits.texts} == {"cell 3"}


def test_every_failure_of_a_run_gets_its_likely_cause(tmp_path: Path) -> None:
    """The one that is not repaired, and those after it."""
    tried = Tried(tmp_path)
    message, place = "NameError: name 'zzz' is not defined", [SourceLine(FILE, 3, "")]
    first, second = (RunError(Verdict.FAILED, message, place, exception="NameError") for _ in range(2))
    assert not tried.repairer.accept(first)
    tried.repairer.explain([second])
    assert first.advice == second.advice
    assert first.advice is not None
    assert "zzz is defined nowhere" in first.advice.cause


def test_folders_are_made_in_the_working_folder(tmp_path: Path) -> None:
    """Whatever user the run has, it can write there."""
    make_folders(tmp_path, Edits(folders=("a/b", "a/c")))
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["b", "c"]
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o777


def test_a_file_in_the_way_keeps_a_folder_from_being_made(tmp_path: Path) -> None:
    """An edit that can't be made would be the grader's fault."""
    (tmp_path / "logs").write_text("", encoding="utf-8")
    assert code_edits(tmp_path, Edits(folders=("logs/inner",))) == ()


def test_a_file_that_is_no_utf_8_is_left_alone(tmp_path: Path) -> None:
    """It would not be the same file afterwards."""
    (tmp_path / "a.py").write_bytes(b"# caf\xe9\nimport torch\n")
    assert code_edits(tmp_path, Edits(texts=(NewText("a.py", 2, 2, "pass"),))) == ()


REPAIR = Repair("a name", SourceLine(FILE, 3, ""), "this is wrong", "write that", Edits(folders=("logs",)))


def result(error: RunError | GraderError | None = None, *repairs: Repair) -> Any:
    """A run's result, with or without evidence."""

    def get() -> str:
        if error is not None:
            raise error
        return "evidence"

    return SimpleNamespace(get=get, log=RunLog("run", repairs=list(repairs)))


def works(evidence: object) -> None:
    """Takes any evidence for work."""


def test_a_repair_costs_the_criterion_and_is_named() -> None:
    """With its line, what is wrong there, and what to write instead; once, however many runs needed it."""
    review = RunReview({"native": result(None, REPAIR), "fp32": result(None, REPAIR), "int8": result()}, works)
    with pytest.raises(CheckFailed) as raised:
        review.require_as_submitted()
    verdict, reason = reason_of(raised.value, LAB)
    assert verdict is Verdict.LOST
    assert reason.measured == f"{FILE}, line 3: this is wrong (repaired in 2 of 3 runs)"
    assert reason.next == f"{FILE}, line 3: write that"
    assert raised.value.places == (REPAIR.place,)


def test_a_run_that_works_earns_the_criterion() -> None:
    """One is enough: what others lack costs what depends on them."""
    RunReview({"native": result(), "fp32": result(RunError(Verdict.FAILED, "x"))}, works).require_as_submitted()


def test_work_is_needed() -> None:
    """If nothing works, the criterion ends as the first run did that was started at all."""
    missing, failed = RunError(Verdict.MISSING, "not there"), RunError(Verdict.FAILED, "it raised")
    for results, expected in (
        ({"a": result(missing), "b": result(missing)}, missing),
        ({"a": result(missing), "b": result(failed)}, failed),
    ):
        with pytest.raises(RunError) as raised:
            RunReview(results, works).require_as_submitted()
        assert raised.value is expected
    with pytest.raises(GraderError):
        RunReview({}, works).require_as_submitted()
    with pytest.raises(GraderError):
        RunReview({"a": result(GraderError("ours"))}, works).require_as_submitted()


@pytest.mark.parametrize("worst", [0.5, 1e9])
def test_predictions_of_another_model_are_no_work(worst: float) -> None:
    """A class that returns anything at all runs, too."""
    found = NativeEvidence("", (1,), Result(Agreement(4, worst, "of the scores' range", False)))
    with pytest.raises(RunError):
        require_work(found, LAB)
    require_work(NativeEvidence("", (1,), Result(Agreement(4, 0.0, "of the scores' range", False))), LAB)
