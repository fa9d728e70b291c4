"""Latency as a test: pytest-benchmark's rounds over the scorer's own clock, as a ratio to the baseline's file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graders.core.errors import RunError
from graders.core.verdicts import Verdict
from graders.framework.checks import THRESHOLDS, CheckFailed, Inconclusive, observe, threshold_record
from graders.framework.clock import ScorerClock
from graders.framework.context import LabContext
from graders.measure.latency import LatencyRatio, ratio_of

ROUNDS = 25
MOST_ROUNDS = 200


@dataclass
class Timing:
    """Times a file against the baseline's. ``baselines`` gives the baseline's path by its name."""

    context: LabContext
    clock: ScorerClock
    baselines: Callable[[str], Path]

    def require(self, path: Path, baseline: str, benchmark: Any) -> None:
        """Fails if the file is certainly slower than allowed.

        :raises Inconclusive: if the timing is too noisy to decide.
        """
        limit = self.context.lab.thresholds["latency_ratio"]
        file = hashlib.sha256(path.read_bytes()).hexdigest()
        ratio = self.context.cache.once(
            f"latency of {file} against {baseline}, limit {limit}",
            lambda: self.measure(path, baseline, limit, benchmark),
            lambda found: found.verdict(limit) is not None,
        )
        # Only a file that is certainly too slow fails, so the interval's lower end is compared with the limit.
        against = {"latency_ratio": threshold_record(ratio.low, limit)}
        timing = {"ratio": ratio.ratio, "low": ratio.low, "high": ratio.high, "pairs": ratio.pairs, THRESHOLDS: against}
        observe(limit=limit, timing=timing)
        verdict = ratio.verdict(limit)
        if verdict is None:
            raise Inconclusive(f"not graded: timing too noisy ({ratio}; the limit is {limit:g})")
        if not verdict:
            raise CheckFailed(str(ratio), f"at most {limit:g} times the baseline's latency", "latency", {})

    def measure(self, path: Path, baseline: str, limit: float, benchmark: Any) -> LatencyRatio:
        """The ratio, from as many pairs as are needed to separate it from the limit, within bounds."""
        ours: list[float] = []
        theirs: list[float] = []
        with self.context.scorer.measure(path) as measurement:
            measurement.prepare_pair(self.baselines(baseline))

            def one() -> None:
                times = measurement.time_pair()
                if min(times.ours, times.baseline) <= 0:
                    raise RunError(Verdict.FAILED, "the file's latency can't be measured")
                ours.append(times.ours)
                theirs.append(times.baseline)
                self.clock.now += times.ours

            benchmark.pedantic(one, rounds=ROUNDS, iterations=1)
            ratio = ratio_of(np.array(ours), np.array(theirs))
            while ratio.verdict(limit) is None and len(ours) < MOST_ROUNDS:
                for _ in range(ROUNDS):
                    one()
                ratio = ratio_of(np.array(ours), np.array(theirs))
        benchmark.extra_info["ratio_to_baseline"] = ratio.ratio
        return ratio
