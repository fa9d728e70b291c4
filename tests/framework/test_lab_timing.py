"""Latency as a test, over a scorer with a script: how many pairs are taken, and what comes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graders.caching import Fingerprint
from graders.core.errors import RunError
from graders.core.paths import LABS
from graders.core.verdicts import Verdict
from graders.framework.checks import THRESHOLDS, CheckFailed, Inconclusive, observing
from graders.framework.clock import ScorerClock
from graders.framework.lab_toml import load
from graders.framework.result_cache import ResultCache
from graders.framework.timing import MOST_ROUNDS, ROUNDS, Timing
from graders.measure.scorer.results import PairedTimes

LAB = load(LABS / "l02_quantization")
LIMIT = LAB.thresholds["latency_ratio"]
OURS, BASELINE = Path(__file__), Path("baseline.tflite")


@dataclass
class ScriptedScorer:
    """Stands for the scorer and its measurement: gives pairs of durations out of a function of their number."""

    pair: Callable[[int], tuple[float, float]]
    measured: list[Path] = field(default_factory=list)
    prepared: list[Path] = field(default_factory=list)
    taken: int = 0
    lab: Any = LAB
    cache: ResultCache = field(default_factory=lambda: ResultCache(None, Fingerprint(), Path()))

    @property
    def scorer(self) -> ScriptedScorer:
        """What a grading calls its scorer."""
        return self

    @contextmanager
    def measure(self, path: Path) -> Iterator[ScriptedScorer]:
        """A measurement of a file."""
        self.measured.append(path)
        yield self

    def prepare_pair(self, baseline: Path) -> None:
        """Takes the baseline."""
        self.prepared.append(baseline)

    def time_pair(self) -> PairedTimes:
        """The next pair."""
        self.taken += 1
        return PairedTimes(*self.pair(self.taken - 1))


class Benchmark:
    """Stands for pytest-benchmark's fixture: calls a function so many rounds."""

    def __init__(self) -> None:
        """Nothing was called yet."""
        self.extra_info: dict[str, Any] = {}

    def pedantic(self, function: Callable[[], None], rounds: int, iterations: int) -> None:
        """Calls the function, with nothing between the rounds."""
        assert iterations == 1
        for _ in range(rounds):
            function()


@dataclass
class Taken:
    """What a latency test did."""

    scorer: ScriptedScorer
    observed: dict[str, Any]
    clock: ScorerClock
    benchmark: Benchmark


def require(pair: Callable[[int], tuple[float, float]], raises: type[Exception] | None = None) -> tuple[Taken, Any]:
    """Runs the test over these pairs; what it did and what it raised."""
    scorer, clock, benchmark = ScriptedScorer(pair), ScorerClock(), Benchmark()
    grading: Any = scorer
    timing = Timing(grading, clock, lambda name: BASELINE if name == "int8" else Path("another"))
    error = None
    with observing() as observed:
        if raises is None:
            timing.require(OURS, "int8", benchmark)
        else:
            with pytest.raises(raises) as raised:
                timing.require(OURS, "int8", benchmark)
            error = raised.value
    return Taken(scorer, observed, clock, benchmark), error


def test_a_fast_file_passes() -> None:
    """A file as fast as its baseline passes with the first rounds, and the ratio is evidence under timing."""
    taken, _ = require(lambda number: (1e-3, 1e-3))
    assert taken.scorer.taken == ROUNDS
    assert taken.observed["limit"] == LIMIT
    timing = dict(taken.observed["timing"])
    assert timing.pop(THRESHOLDS) == {"latency_ratio": {"value": 1.0, "limit": LIMIT, "side": "at most"}}
    assert timing == {"ratio": 1.0, "low": 1.0, "high": 1.0, "pairs": ROUNDS}
    assert taken.benchmark.extra_info == {"ratio_to_baseline": 1.0}


def test_a_slow_file_loses() -> None:
    """A file that certainly takes longer than allowed loses, with a reason that names the ratio and the limit."""
    taken, error = require(lambda number: (LIMIT * 1.2e-3, 1e-3), CheckFailed)
    assert taken.scorer.taken == ROUNDS
    assert error.hint == "latency"
    assert f"{LIMIT * 1.2:.2f} times" in error.measured
    assert f"{LIMIT:g}" in error.expected


def test_noise_is_met_with_more_pairs_and_then_left_open() -> None:
    """If timing is too noisy, more pairs are measured, up to a bound; then the check is inconclusive."""
    noise = np.exp(np.random.default_rng(0).normal(0, 2, 10 * MOST_ROUNDS))
    taken, error = require(lambda number: (LIMIT * 1e-3 * noise[number], 1e-3), Inconclusive)
    assert taken.scorer.taken == MOST_ROUNDS
    assert "too noisy" in str(error)
    assert taken.observed["timing"]["pairs"] == MOST_ROUNDS


def test_no_more_pairs_than_needed() -> None:
    """Measuring ends as soon as the result is clear: later rounds outweigh noise in the first ones."""
    taken, _ = require(lambda number: (3e-3 if number < ROUNDS / 2 else 1e-3, 1e-3))
    assert ROUNDS < taken.scorer.taken < MOST_ROUNDS


def test_the_right_files_are_timed() -> None:
    """The student's file is measured against the baseline of the given name."""
    taken, _ = require(lambda number: (1e-3, 1e-3))
    assert taken.scorer.measured == [OURS]
    assert taken.scorer.prepared == [BASELINE]


def test_the_clock_shows_the_scorer_s_durations() -> None:
    """The clock of pytest-benchmark moves by the file's own durations and by nothing else."""
    taken, _ = require(lambda number: (2e-3, 5e-3))
    assert taken.clock() == pytest.approx(ROUNDS * 2e-3)


@pytest.mark.parametrize("pair", [(0.0, 1e-3), (1e-3, 0.0), (-1e-3, 1e-3)])
def test_durations_that_are_none(pair: tuple[float, float]) -> None:
    """A duration that is not positive is nothing to judge by: the file can't be measured."""
    _, error = require(lambda number: pair, RunError)
    assert error.verdict is Verdict.FAILED


def test_what_the_scorer_says_of_the_file_comes_through() -> None:
    """A file that can't be run is its own fault here too."""

    def broken(number: int) -> tuple[float, float]:
        raise RunError(Verdict.FAILED, "the file can't be run")

    _, error = require(broken, RunError)
    assert str(error) == "the file can't be run"
