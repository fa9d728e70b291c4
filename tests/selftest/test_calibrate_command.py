"""python -m graders calibrate: which gradings it carries out, and what it prints and writes."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graders import cli
from graders.framework import registry
from graders.framework.lab_plugin import LabPlugin
from graders.framework.lab_toml import load
from graders.selftest.calibration import collection, grading
from graders.selftest.calibration.records import CORRECT, MISTAKES, Job, Measured, Results, Sample

ENTRY = registry.select_labs(["l02"])[0]
LAB = ENTRY.lab
VALUES = {
    "weights": 0.0,
    "predictions": 1e-7,
    "code_differences": 0.0,
    "accuracy_drop": 0.0,
    "size_ratio": 0.5,
    "latency_ratio": 1.0,
}


def result(job: Job) -> Measured:
    """As if it had been graded: every threshold is met, with values that differ a little from seed to seed."""
    samples = [
        Sample(name, VALUES.get(name, 0.001) + 1e-9 * (job.seed % 5), "at most", f"l02.{name}", "run", lost=False)
        for name in LAB.all_thresholds
    ]
    return Measured(job=job, inputs_digest=collection.inputs_digest(LAB), lost=(), unscored=(), samples=tuple(samples))


@pytest.fixture
def graded(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The jobs that were carried out, in the place of grading."""
    done: list[Job] = []

    def measured(job: Job, *_: object) -> Measured:
        done.append(job)
        return result(job)

    monkeypatch.setattr(collection, "_measured", measured)
    monkeypatch.setattr(grading, "running_grader", lambda _: contextlib.nullcontext())
    return done


def test_gradings_of_the_reference_and_of_the_corpus() -> None:
    """A grading for each seed, every other again while busy; right cases all, mistakes where a threshold can show them."""
    jobs = list(collection.of_reference(4, load=True))
    assert [(job.seed, job.load > 0) for job in jobs] == [
        (1, False),
        (2, False),
        (2, True),
        (3, False),
        (4, False),
        (4, True),
    ]
    met = replace(
        result(jobs[0]), samples=(Sample("accuracy_drop", 0.0, "at most", "l02.int8.accuracy", "run", lost=False),)
    )
    found = list(collection.of_corpus(LAB, [met]))
    assert {job.case for job in found if job.kind == CORRECT} >= {"ai-edge-litert", "round-half-up"}
    mistakes = {job.case for job in found if job.kind == MISTAKES}
    costs = collection.costs_of(LAB)
    assert mistakes
    assert all("l02.int8.accuracy" in costs[name] for name in mistakes)
    assert "no-rounding" not in mistakes


def test_a_stopped_calibration_goes_on(graded: list[Job], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Gradings that are there are not repeated; what is left is told; a dry run leaves lab.toml alone."""
    before = (LAB.folder / "lab.toml").read_bytes()
    argv = ["calibrate", "l02", "--seeds", "3", "--no-corpus", "--results", str(tmp_path / "kept.jsonl")]
    cli.main([*argv, "--at-most", "2"])
    assert [job.seed for job in graded] == [1, 2]
    assert "1 gradings are left" in capsys.readouterr().out
    assert cli.main([*argv, "--json", str(tmp_path / "found.json")]) == 0
    assert [job.seed for job in graded] == [1, 2, 3]
    printed = capsys.readouterr().out
    assert all(f"| `{name}` |" in printed for name in LAB.all_thresholds)
    assert "gradings are left" not in printed
    assert "accuracy_drop" in (tmp_path / "found.json").read_text()
    assert (LAB.folder / "lab.toml").read_bytes() == before


def test_results_of_another_reference_do_not_count(graded: list[Job], tmp_path: Path) -> None:
    """After a change to the reference, the model or a library, everything is graded again."""
    kept = tmp_path / "kept.jsonl"
    Results(kept).add(replace(result(Job(kind="reference", case="reference", seed=1)), inputs_digest="something else"))
    cli.main(["calibrate", "l02", "--seeds", "1", "--no-corpus", "--results", str(kept)])
    assert [job.seed for job in graded] == [1]


def test_writing(
    graded: list[Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--write puts the tables into the lab's file, and the lab can be read as before."""
    folder = tmp_path / LAB.folder.name
    shutil.copytree(LAB.folder, folder)
    entry: LabPlugin[Any] = LabPlugin(load(folder))
    monkeypatch.setattr(registry, "select_labs", lambda _: [entry])
    argv = ["calibrate", "l02", "--seeds", "4", "--no-corpus", "--write", "--results", str(tmp_path / "kept.jsonl")]
    assert cli.main(argv) == 0
    assert "lab.toml: written" in capsys.readouterr().out
    assert load(folder).thresholds == LAB.thresholds
    assert "[accuracy_drop]\nn = 4\n" in (folder / "calibration.toml").read_text()
    assert cli.main(argv) == 0
    assert "lab.toml: unchanged" in capsys.readouterr().out


def test_one_lab_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that fits no lab, or several, is a usage error."""
    assert cli.main(["calibrate", "nothing"]) == 4
    assert "nothing" in capsys.readouterr().err


def test_cores_are_kept_busy_and_let_go(tmp_path: Path) -> None:
    """Busy processes are there within, and gone after, also where the grading raises."""
    import psutil

    mine = psutil.Process()

    def helpers() -> int:
        return sum(grading.BUSY in each.cmdline() for each in mine.children())

    def fails() -> None:
        with grading.busy(2):
            assert helpers() == 2
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert helpers() == 0
