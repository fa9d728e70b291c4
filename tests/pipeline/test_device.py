"""Costs on a device within a grading: each distinct file once, from the cache if it is there, in the order of runs."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from graders.caching import Store
from graders.core.errors import SandboxError
from graders.framework.lab_plugin import LabPlugin
from graders.framework.runner import PlannedRun, RunLog, RunResult
from graders.measure.device import client, micro
from graders.measure.device.results import Arena, DeviceCost, FileCost
from graders.measure.tflite.cost import Cost
from graders.pipeline import device
from graders.pipeline.device import device_costs
from graders.pipeline.execution import RunResults
from graders.submission import Artifact

KNOWN = FileCost(Cost(1000, 10), ())


class Measured:
    """Stands in for the sandbox, and counts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **cost: Any) -> None:
        self.files: list[str] = []
        self.cost = {"file": KNOWN, "arena": Arena(300_000, 290_000, 10_000), "reason": "", "untried": "", **cost}
        monkeypatch.setattr(client, "measure", self.measure)

    def measure(self, scorer: Any, artifact: Artifact) -> DeviceCost:
        self.files.append(artifact.sha256)
        return DeviceCost(flash=artifact.size, agreement=None, **self.cost)


class Plugin(LabPlugin[Any]):
    run_names = ("first", "second", "third")


def grading(tmp_path: Path, store: Store | None = None) -> tuple[Any, list[str]]:
    """A grading of one lab, and what was done with its server."""
    done: list[str] = []
    plugin = Plugin(SimpleNamespace(id="lab"))  # type: ignore[arg-type]
    lab = SimpleNamespace(id="lab", plugin=plugin, context=SimpleNamespace(scorer=None))
    found = SimpleNamespace(
        labs=(lab,),
        config=SimpleNamespace(store=store, workers=2),
        staged=SimpleNamespace(work=tmp_path),
        servers=SimpleNamespace(scorers=SimpleNamespace(start=lambda: done.append("start"))),
    )
    return found, done


def results(tmp_path: Path, **contents: str) -> RunResults:
    by_run = {}
    for run, text in contents.items():
        data = b"\0\0\0\0TFL3" + text.encode()
        path = tmp_path / f"{run}.tflite"
        path.write_bytes(data)
        artifact = Artifact(path, len(data), sha256(data).hexdigest())
        plan = PlannedRun(name=run, title=run, execute=lambda *_: None)
        by_run[run] = RunResult(plan, artifact, None, RunLog(run))
    return RunResults({"lab": by_run})


def test_equal_files_are_measured_once_and_listed_in_the_order_of_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = Measured(monkeypatch)
    opened, done = grading(tmp_path)
    found = device_costs(opened, results(tmp_path, third="a", first="b", second="a"))
    assert [each.name for each in found.by_lab["lab"]] == ["first", "second", "third"]
    assert len(measured.files) == 2
    assert done == ["start"]


def test_what_was_measured_is_taken_from_the_cache_without_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = Measured(monkeypatch)
    files, store = results(tmp_path, first="a"), Store(tmp_path / "store")
    before = device_costs(grading(tmp_path, store)[0], files)
    opened, done = grading(tmp_path, store)
    assert device_costs(opened, files).by_lab == before.by_lab
    assert (len(measured.files), done) == (1, [])


def test_an_installed_runtime_is_no_result_of_its_absence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = Measured(monkeypatch)
    files, store = results(tmp_path, first="a"), Store(tmp_path / "store")
    for version in ("", "1.0", "1.0", "2.0"):
        monkeypatch.setattr(micro, "installed", lambda version=version: version)
        found = device_costs(grading(tmp_path, store)[0], files)
        assert found.setup is not None
        assert found.setup.runtime == (f"tflite-micro {version}" if version else "")
    assert len(measured.files) == 3


def test_what_may_be_the_machines_fault_is_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = Measured(monkeypatch, arena=None, reason="it crashed", conclusive=False)
    files, store = results(tmp_path, first="a"), Store(tmp_path / "store")
    for _ in range(2):
        found = device_costs(grading(tmp_path, store)[0], files)
    assert len(measured.files) == 2
    assert set(found.by_lab["lab"][0].boards.values()) == {"unknown"}


def test_a_file_that_is_refused_fits_on_no_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Measured(monkeypatch, arena=None, reason="no kernel", refused=True)
    found = device_costs(grading(tmp_path)[0], results(tmp_path, first="a"))
    assert found.by_lab["lab"][0].boards == {}


def test_nothing_is_started_if_there_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = Measured(monkeypatch)
    opened, done = grading(tmp_path)
    found = device_costs(opened, RunResults({"lab": {}}))
    assert (found.by_lab, found.setup, measured.files, done) == ({}, None, [], [])


def test_files_that_take_too_long_together_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = Measured(monkeypatch)
    monkeypatch.setattr(device, "MOST_SECONDS", -1.0)
    found = device_costs(grading(tmp_path)[0], results(tmp_path, first="a"))
    assert measured.files == []
    assert found.by_lab["lab"][0].arena is None
    assert "took over" in found.by_lab["lab"][0].reason


@pytest.mark.parametrize("error", [SandboxError("gone"), OSError("full"), RecursionError()])
def test_no_grading_ends_because_of_it(error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Measured(monkeypatch)
    opened, _ = grading(tmp_path)

    def fail() -> None:
        raise error

    opened.servers.scorers.start = fail
    assert device_costs(opened, results(tmp_path, first="a")) == device.DeviceCosts()
