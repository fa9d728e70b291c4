"""What labs' tests are written with: checks that say why they failed, evidence that may be missing, shared values."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graders.caching.shared import MOST_CACHES, Lazy, SharedCache, SharedCachePool
from graders.core.errors import GraderError, RunError, UsageError
from graders.core.paths import LABS
from graders.core.result import Result, attempt, failure
from graders.core.verdicts import Verdict
from graders.framework import registry
from graders.framework.checks import THRESHOLDS, CheckFailed, check, check_threshold, criterion, observe, observing
from graders.framework.context import LabContext
from graders.framework.lab_toml import load
from graders.framework.runner import PlannedRun, RunLog, RunResult, execute_runs, heaviest_first

LAB = load(LABS / "l02_quantization")
NOWHERE: Any = None


def test_a_check_that_holds_is_silent() -> None:
    """A check that holds raises nothing, and what it measured is evidence."""
    with observing() as observed:
        check(True, measured="3", expected="3", hint="size")
    assert observed == {"measured": "3", "expected": "3"}


def test_a_check_that_fails_says_everything() -> None:
    """A check that does not hold raises what was measured, what was expected, the hint and its fillings."""
    with observing() as observed, pytest.raises(CheckFailed) as raised:
        check(False, measured="4", expected="3", hint="size", asked="three")
    error = raised.value
    assert (error.measured, error.expected, error.hint, error.filling) == ("4", "3", "size", {"asked": "three"})
    assert observed == {"measured": "4", "expected": "3"}
    assert isinstance(error, AssertionError)


def test_a_value_is_held_against_a_threshold() -> None:
    """A value within its threshold, at most or at least, is; both are evidence, with the way in which they compare."""
    limit = LAB.thresholds["size_ratio"]
    with observing() as observed:
        assert check_threshold(LAB, "size_ratio", limit)
        assert not check_threshold(LAB, "accuracy_drop", LAB.thresholds["accuracy_drop"] + 0.01)
        assert not check_threshold(LAB, "predictions", 0.0, at_least=True)
    assert observed[THRESHOLDS]["size_ratio"] == {"value": limit, "limit": limit, "side": "at most"}
    assert observed[THRESHOLDS]["predictions"]["side"] == "at least"
    assert len(observed[THRESHOLDS]) == 3
    assert check_threshold(LAB, "size_ratio", 0.1), "outside of a check, nothing is observed and the comparison is the same"


def test_observations_belong_to_one_check() -> None:
    """What is observed goes to the innermost check under way, later facts replace earlier ones, none leak out."""
    observe(lost=1)
    with observing() as outer:
        observe(a=1, b=1)
        with observing() as inner:
            observe(c=2)
        observe(b=3)
    observe(lost=2)
    assert outer == {"a": 1, "b": 3}
    assert inner == {"c": 2}


def test_observing_ends_with_an_exception() -> None:
    """After a check that raised, nothing is observed for it any more."""
    with pytest.raises(KeyError), observing() as observed:
        raise KeyError
    observe(late=True)
    assert observed == {}


def test_the_marker_names_criterion_and_runs() -> None:
    """The marker holds the criterion's id and the patterns of runs."""
    marker = criterion("l02.int8.size", runs="int8-*").mark
    assert (marker.name, marker.args, marker.kwargs) == ("criterion", ("l02.int8.size",), {"runs": "int8-*"})


@pytest.mark.parametrize("error", [RunError(Verdict.TIMEOUT, "too long"), GraderError("our fault")])
def test_evidence_that_did_not_come_about(error: RunError | GraderError) -> None:
    """Evidence stores the student's error or the grader's, and raises that same error when it is read."""

    def measure() -> int:
        raise error

    for kept in (attempt(measure), failure(error)):
        with pytest.raises(type(error)) as raised:
            kept.get()
        assert raised.value is error


def test_evidence_that_came_about() -> None:
    """Evidence holds the value, also one that is false."""
    assert attempt(lambda: 3).get() == 3
    assert attempt(lambda: False).get() is False
    assert attempt(lambda: 0) == Result(0)


def test_other_errors_are_not_held() -> None:
    """A fault in our own code is not evidence: it comes through."""
    with pytest.raises(ZeroDivisionError):
        attempt(lambda: 1 // 0)


def test_a_shared_value_is_made_once() -> None:
    """Threads that want a value at the same time all get the one that one of them made."""
    made: list[object] = []
    barrier = threading.Barrier(8)

    def make() -> object:
        made.append(object())
        return made[-1]

    once, found = Lazy(make), []

    def want() -> None:
        barrier.wait()
        found.append(once.get())

    threads = [threading.Thread(target=want) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert found == made * 8


def test_a_shared_error_is_raised_to_everybody() -> None:
    """Where making a value fails, everybody who wants it gets that error, and it is not tried again."""
    tried = []

    def make() -> int:
        tried.append(1)
        raise GraderError("can't")

    once = Lazy(make)
    for _ in range(3):
        with pytest.raises(GraderError, match="can't"):
            once.get()
    assert tried == [1]


def grading(seed: int = 0, work: Path = Path("nowhere"), lab: Any = LAB) -> LabContext:
    return LabContext(lab=lab, profile=NOWHERE, seed=seed, code=NOWHERE, work=work, server=NOWHERE, scorer=NOWHERE)


def jobs(plans: list[PlannedRun]) -> list[tuple[LabContext, PlannedRun]]:
    """The plans as runs of one grading."""
    one = grading()
    return [(one, each) for each in plans]


def test_runs_of_several_labs_go_on_together() -> None:
    """Results are by lab, so that labs may have runs of the same name; the heaviest of all labs begins first."""
    began: list[str] = []
    other = grading(lab=type("OtherLab", (), {"id": "l03_other"}))
    mixed = [
        (grading(), plan("same", 1, 1, began)),
        (other, plan("same", 2, 5, began)),
        (other, plan("b", 3, 2, began)),
    ]
    heard: list[tuple[str, str]] = []
    results = execute_runs(
        heaviest_first(mixed), 1, lambda which, result: heard.append((which.lab.id, result.plan.name))
    )
    assert {lab: {name: each.get() for name, each in found.items()} for lab, found in results.items()} == {
        LAB.id: {"same": 1}, "l03_other": {"same": 2, "b": 3}
    }  # fmt: skip
    assert began == ["same", "b", "same"]
    assert heard == [("l03_other", "same"), ("l03_other", "b"), (LAB.id, "same")]


def test_what_is_drawn_depends_on_seed_and_purpose_alone() -> None:
    """The same seed and purpose draw the same; another seed, purpose or lab draws something else."""
    drawn = grading(1).drawn("share").random()
    assert grading(1).drawn("share").random() == drawn
    assert grading(2).drawn("share").random() != drawn
    assert grading(1).drawn("class").random() != drawn
    other = type("OtherLab", (), {"id": "l03_other"})
    assert grading(1, lab=other).drawn("share").random() != drawn


def test_a_grading_keeps_values_by_name() -> None:
    """A grading makes each named value once, and a value may be made from others."""
    one = grading()
    made: list[str] = []
    inner: Callable[[], str] = lambda: made.append("inner") or "inner"  # type: ignore[func-returns-value] # noqa: E731
    assert one.once("outer", lambda: one.once("inner", inner) + "!") == "inner!"
    assert one.once("inner", inner) == "inner"
    assert one.once("outer", lambda: "another") == "inner!"
    assert made == ["inner"]


def test_artifacts_are_copied_out_of_a_run_s_own_box(tmp_path: Path) -> None:
    """What is taken is the run's own file, as a copy; another run's file is not there."""
    one = grading(work=tmp_path)
    one.workdir("a").mkdir(parents=True)
    (one.workdir("a") / "model.tflite").write_bytes(b"bytes")
    taken = one.acquire("a", "model.tflite")
    assert taken.path.read_bytes() == b"bytes"
    assert one.workdir("a") not in taken.path.parents
    with pytest.raises(RunError) as raised:
        one.acquire("b", "model.tflite")
    assert raised.value.verdict is Verdict.MISSING


def plan(name: str, outcome: Any, weight: float = 1.0, began: list[str] | None = None) -> PlannedRun:
    def execute(_: LabContext, log: RunLog) -> Any:
        if began is not None:
            began.append(log.name)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    return PlannedRun(name=name, title=name, execute=execute, weight=weight)


def test_every_run_has_a_result() -> None:
    """A run that fails costs itself alone; a fault of ours in it is ours, with its cause; progress hears of each."""
    student, ours, fault = RunError(Verdict.FAILED, "raised"), GraderError("ours"), ValueError("a slip")
    heard: list[RunResult] = []
    plans = [plan("good", 3), plan("student", student), plan("ours", ours), plan("slip", fault)]
    results = execute_runs(jobs(plans), 2, lambda _, result: heard.append(result))[LAB.id]
    assert {name: result.evidence for name, result in results.items()} == {
        "good": 3, "student": None, "ours": None, "slip": None
    }  # fmt: skip
    assert results["good"].get() == 3
    for name, error in (("student", student), ("ours", ours)):
        with pytest.raises(type(error)) as raised:
            results[name].get()
        assert raised.value is error
    with pytest.raises(GraderError, match="run slip: ValueError: a slip") as raised_by_us:
        results["slip"].get()
    assert raised_by_us.value.__cause__ is fault
    assert sorted(result.plan.name for result in heard) == sorted(results)


def test_heavy_runs_begin_first() -> None:
    """The heaviest run begins first, so that it is not the one that everybody waits for; equals keep their order."""
    began: list[str] = []
    plans = [plan("a", 0, 1, began), plan("b", 0, 3, began), plan("c", 0, 1, began), plan("d", 0, 2, began)]
    execute_runs(heaviest_first(jobs(plans)), 1, lambda *_: None)
    assert began == ["b", "d", "a", "c"]


def test_runs_go_on_side_by_side() -> None:
    """As many runs are under way at once as there are workers."""
    barrier = threading.Barrier(3, timeout=30)

    def execute(*_: Any) -> bool:
        barrier.wait()
        return True

    plans = [PlannedRun(name=str(number), title="", execute=execute) for number in range(3)]
    results = execute_runs(jobs(plans), 3, lambda *_: None)[LAB.id]
    assert all(result.get() for result in results.values())


def test_some_workers_take_the_heaviest_that_is_left() -> None:
    """One worker goes through them from the cheapest on, the other from the heaviest, until they meet."""
    began = {name: threading.Event() for name in "abcd"}
    waits_for = {"a": "d", "b": "c", "c": "b", "d": "b"}

    def begin(name: str) -> Callable[..., bool]:
        def execute(*_: Any) -> bool:
            began[name].set()
            return began[waits_for[name]].wait(30)

        return execute

    plans = [PlannedRun(name=name, title="", execute=begin(name)) for name in "abcd"]
    results = execute_runs(jobs(plans), 2, lambda *_: None, from_end=1)[LAB.id]
    assert [results[name].get() for name in "abcd"] == [True] * 4


# The catalogue


def test_labs_by_name() -> None:
    """A lab is found by its id or by what stands before the underscore; no name means all of them."""
    everything = [entry.lab.id for entry in registry.select_labs([])]
    assert "l02_quantization" in everything
    assert [entry.lab.id for entry in registry.select_labs(["l02"])] == ["l02_quantization"]
    assert [entry.lab.id for entry in registry.select_labs(["l02_quantization"])] == ["l02_quantization"]
    assert [entry.lab.id for entry in registry.select_labs(["l02", "l02_quantization"])] == ["l02_quantization"]
    assert [entry.lab.id for entry in registry.select_labs(everything[::-1])] == everything


@pytest.mark.parametrize("name", ["l0", "l02_", "quantization", "L02", "", "../l02_quantization", "l02*"])
def test_labs_that_there_are_not(name: str) -> None:
    """Anything else is refused in one line that names what there is."""
    with pytest.raises(UsageError, match=r"no such lab; there are .*l02_quantization") as raised:
        registry.select_labs([name])
    assert "\n" not in str(raised.value)


def test_runs_of_lab_2() -> None:
    """Lab 2 has a run for each class and share, one for a drawn share, and one with other class numbers."""
    (entry,) = registry.select_labs(["l02"])
    shares = [f"int8-{share}" for share in (0.01, 0.08, 0.3, 0.8)]
    assert entry.run_names == ["native", "fp32", *shares, "int8-drawn", "imbalanced", "imbalanced-renumbered"]


def test_what_is_kept_is_made_once_and_the_longest_unused_forgotten(tmp_path: Path) -> None:
    """Gradings with the same key share values; a shelf forgets the files of what was used longest ago, never in use."""
    shelf = SharedCachePool(tmp_path)
    first = shelf.acquire("lab/1")
    assert first.once("value", lambda: 7) == shelf.acquire("lab/1").once("value", lambda: 8) == 7
    (first.folder / "file").write_text("kept")
    for number in range(2, 3 + MOST_CACHES):
        shelf.release(shelf.acquire(f"lab/{number}"))
    assert first.folder.joinpath("file").exists(), "it is still in use"
    shelf.release(first)
    shelf.release(first)
    shelf.release(shelf.acquire("lab/last"))
    assert not first.folder.joinpath("file").exists()


def test_an_error_is_not_kept(tmp_path: Path) -> None:
    """What could not be made once is tried again by the next who asks."""
    kept = SharedCache(tmp_path / "kept")
    with pytest.raises(ZeroDivisionError):
        kept.once("value", lambda: 1 // 0)
    assert kept.once("value", lambda: 2) == 2
