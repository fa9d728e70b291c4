"""Latency as a ratio with an interval: what pairs of durations prove, and what they leave open."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graders.measure.latency import LatencyRatio, ratio_of

LIMIT = 1.6
PAIRS = 40

Pairs = tuple[NDArray[np.float64], NDArray[np.float64]]


def pairs(factor: float, noise: float, seed: int = 0, count: int = PAIRS) -> Pairs:
    """Durations of a file and its baseline, each with noise that only ever slows down."""
    rng = np.random.default_rng(seed)
    mine, theirs = 1 + rng.exponential(noise, size=(2, count))
    return 1e-3 * factor * mine, 1e-3 * theirs


def test_equal_series() -> None:
    """A file that takes as long as its baseline has a ratio of 1, and is within any limit above."""
    durations = pairs(1, 0.3)[0]
    found = ratio_of(durations, durations)
    assert (found.ratio, found.low, found.high, found.pairs) == (1.0, 1.0, 1.0, PAIRS)
    assert found.verdict(1.0) is True


@pytest.mark.parametrize("seed", range(10))
def test_alike_files(seed: int) -> None:
    """Two files of the same speed on a usual machine have a ratio near 1 and pass."""
    found = ratio_of(*pairs(1, 0.05, seed))
    assert found.ratio == pytest.approx(1, abs=0.05)
    assert found.verdict(LIMIT) is True


@pytest.mark.parametrize("seed", range(10))
def test_twice_as_slow(seed: int) -> None:
    """A file that takes twice as long fails."""
    found = ratio_of(*pairs(2, 0.05, seed))
    assert found.ratio == pytest.approx(2, abs=0.1)
    assert found.verdict(LIMIT) is False


@pytest.mark.parametrize("factor", [1.4, LIMIT, 1.8])
def test_noise_leaves_it_open(factor: float) -> None:
    """Where noise is as large as what is to be told, there is no verdict."""
    rng = np.random.default_rng(1)
    noise = np.exp(rng.normal(0, 1, PAIRS))
    assert ratio_of(factor * noise, np.ones(PAIRS)).verdict(LIMIT) is None


def test_a_few_outliers_decide_nothing() -> None:
    """A tenth of the rounds, taken while the machine was busy, changes no verdict."""
    mine, theirs = pairs(1, 0.02)
    mine[::10] *= 50
    assert ratio_of(mine, theirs).verdict(LIMIT) is True


def test_load_that_slows_both_cancels_out() -> None:
    """A machine that grows slower all the while slows both of a pair, and the ratio stays."""
    load = np.linspace(1, 20, PAIRS)
    mine, theirs = pairs(1, 0.02)
    assert ratio_of(mine * load, theirs * load).verdict(LIMIT) is True
    assert ratio_of(2 * mine * load, theirs * load).verdict(LIMIT) is False


@pytest.mark.parametrize(
    ("low", "high", "limit", "verdict"),
    [
        (1.0, 1.6, 1.6, True),
        (1.0, 1.61, 1.6, None),
        (1.6, 1.7, 1.6, None),
        (1.61, 1.7, 1.6, False),
        (0.2, 0.4, 1.6, True),
    ],
)
def test_verdict_at_the_limit(low: float, high: float, limit: float, verdict: bool | None) -> None:
    """The whole interval must be within the limit to pass, and wholly beyond it to fail."""
    assert LatencyRatio((low + high) / 2, low, high, PAIRS).verdict(limit) is verdict


durations = st.floats(1e-7, 1e3)
series = st.lists(st.tuples(durations, durations), min_size=3, max_size=30).map(
    lambda rows: tuple(np.array(rows).T.copy())
)


@given(series)
def test_ratio_is_the_median(both: Pairs) -> None:
    """The ratio is the median of the pairs' ratios (on the scale of logarithms), within the interval's outer pairs."""
    mine, theirs = both
    found = ratio_of(mine, theirs)
    ratios = mine / theirs
    assert found.ratio == pytest.approx(np.exp(np.median(np.log(ratios))))
    assert ratios.min() * (1 - 1e-9) <= found.low <= found.high <= ratios.max() * (1 + 1e-9)
    assert found.pairs == len(mine)


@given(series)
def test_same_pairs_same_answer(both: Pairs) -> None:
    """Nothing about it is drawn again: the same pairs give the same answer to the last bit."""
    assert ratio_of(*both) == ratio_of(*both)


@given(series, st.floats(1e-3, 1e3), st.floats(0.1, 10))
def test_only_the_ratio_counts(both: Pairs, unit: float, factor: float) -> None:
    """Another unit of time changes nothing, and a file that is so many times slower has so many times the ratio."""
    mine, theirs = both
    found, scaled, slower = (
        ratio_of(mine, theirs),
        ratio_of(mine * unit, theirs * unit),
        ratio_of(mine * factor, theirs),
    )
    for name in ("ratio", "low", "high"):
        assert getattr(scaled, name) == pytest.approx(getattr(found, name), rel=1e-9)
        assert getattr(slower, name) == pytest.approx(getattr(found, name) * factor, rel=1e-9)


@given(series)
def test_exchanging_the_files_inverts_the_ratio(both: Pairs) -> None:
    """A baseline is as many times slower than a file as the file is faster."""
    assert ratio_of(both[1], both[0]).ratio == pytest.approx(1 / ratio_of(*both).ratio, rel=1e-9)


@given(series, st.floats(0.1, 10), st.floats(0.1, 10))
def test_a_higher_limit_is_never_harder(both: Pairs, one: float, other: float) -> None:
    """What passes under a limit passes under a higher one, what fails fails under a lower one."""
    found = ratio_of(*both)
    order = {False: 0, None: 1, True: 2}
    low, high = sorted((one, other))
    assert order[found.verdict(low)] <= order[found.verdict(high)]


def test_more_pairs_narrow_the_interval() -> None:
    """Taking sixteen times as many pairs makes the interval narrower."""
    few, many = ratio_of(*pairs(1, 0.3, count=20)), ratio_of(*pairs(1, 0.3, count=320))
    assert many.high / many.low < few.high / few.low


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ([1, 2], [1, 2]),
        ([], []),
        ([1, 2, 3], [1, 2, 3, 4]),
        ([[1, 2, 3]], [[1, 2, 3]]),
        ([1, 2, 0], [1, 2, 3]),
        ([1, 2, 3], [1, 2, -3]),
        ([1, 2, np.nan], [1, 2, 3]),
        ([1, 2, 3], [1, 2, np.inf]),
    ],
)
def test_what_is_no_series_of_pairs_is_refused(mine: list[float], theirs: list[float]) -> None:
    """Fewer than three pairs, unequal lengths, and durations that are no positive numbers are refused."""
    with pytest.raises(ValueError, match="at least three pairs of positive durations"):
        ratio_of(np.array(mine, dtype=np.float64), np.array(theirs, dtype=np.float64))


def test_how_it_is_told() -> None:
    """A reader sees the ratio and the interval with two digits."""
    assert str(LatencyRatio(1.234, 1.1, 2.0, 40)) == "1.23 times the baseline (99 % interval 1.10 to 2.00)"


def test_the_interval_holds_99_percent_of_the_medians() -> None:
    """The interval lies between the 0.5th and the 99.5th percentile of 2000 medians, which are drawn alike each time."""
    mine, theirs = pairs(1.3, 0.3, count=50)
    logs = np.log(mine / theirs)
    medians = np.median(np.random.Generator(np.random.PCG64(0)).choice(logs, size=(2000, 50)), axis=1)
    found = ratio_of(mine, theirs)
    assert [found.low, found.high] == pytest.approx(np.exp(np.percentile(medians, [0.5, 99.5])), rel=1e-12)
