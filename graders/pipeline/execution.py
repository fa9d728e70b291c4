"""Executing runs: those with a cached result are not executed again, all others of all labs go on side by side."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from graders.core.errors import GraderError, OptgradeError, RunError
from graders.framework.context import LabContext
from graders.framework.definition import Lab
from graders.framework.repairs import Repair
from graders.framework.runner import PlannedRun, RunLog, RunResult, cheapest_first, execute_runs, heaviest_first
from graders.pipeline.labs import OpenGrading, OpenLab
from graders.sandbox import RunRecord

Names = Mapping[str, Sequence[str]]
"""Names of runs by the id of their lab."""
AnyRun = PlannedRun[Any]
AnyResult = RunResult[Any]
"""A run's result, of a lab whose type of evidence is not known here."""
Results = Mapping[str, Mapping[str, AnyResult]]
"""Results by lab and run."""


@dataclass(frozen=True)
class CachedRun:
    """A run's result as it is cached between gradings."""

    evidence: Any
    error: RunError | GraderError | None
    records: tuple[RunRecord, ...]
    note: str
    repairs: tuple[Repair, ...]


@dataclass(frozen=True)
class RunResults:
    """The results of runs by lab and name. ``timing``: seconds of imports, until the first run, and of all runs."""

    by_lab: Mapping[str, Mapping[str, AnyResult]] = field(default_factory=dict)
    timing: Mapping[str, float] = field(default_factory=dict)

    def of(self, lab: str) -> Mapping[str, AnyResult]:
        """A lab's results by run."""
        return self.by_lab.get(lab, {})

    def get(self, lab: str, run: str) -> AnyResult:
        """The result of one run. :raises GraderError: if it was not executed."""
        result = self.of(lab).get(run)
        if result is None:
            raise GraderError(f"run {run} of {lab} was not executed")
        return result


class RunListener(Protocol):
    """Hears of runs while they go on, one call at a time."""

    def ended(self, lab: Lab, result: AnyResult, done: int, count: int) -> None:
        """A run has ended, as number ``done`` of ``count``."""

    def on_step(self, lab: Lab, run: str, text: str) -> None:
        """How far a run has come."""


class Silence:
    """Does nothing with what it hears."""

    def ended(self, lab: Lab, result: AnyResult, done: int, count: int) -> None:
        """Does nothing."""

    def on_step(self, lab: Lab, run: str, text: str) -> None:
        """Does nothing."""


SILENCE = Silence()


def execute(grading: OpenGrading, requested: Names, listener: RunListener = SILENCE) -> RunResults:
    """Executes the requested runs. What they raise is part of their results."""
    known = known_results(grading, requested)
    return execute_rest(grading, requested, known, listener)


def known_results(grading: OpenGrading, requested: Names) -> Results:
    """The results that need no execution."""
    return {lab.id: _known_results(lab, requested[lab.id]) for lab in grading.labs if requested.get(lab.id)}


def runs_left(requested: Names, known: Results) -> Names:
    """The requested runs that have to be executed."""
    return {lab: [name for name in requested[lab] if name not in found] for lab, found in known.items()}


def execute_rest(grading: OpenGrading, requested: Names, known: Results, listener: RunListener = SILENCE) -> RunResults:
    """The results of all requested runs, of which some are known; the others are executed."""
    left = runs_left(requested, known)
    if any(left.values()):
        executed = _execute(grading, left, listener)
        merged = {lab: {**found, **executed.of(lab)} for lab, found in known.items()}
        return RunResults(merged, executed.timing)
    if all(lab.staged.absent is not None for lab in grading.labs if lab.id in known):
        return RunResults(known)
    start_s = time.monotonic() - grading.staged.started
    return RunResults(known, {"imports_s": 0.0, "start_s": start_s, "runs_s": 0.0})


def _known_results(lab: OpenLab, names: Sequence[str]) -> dict[str, AnyResult]:
    """The results that need no execution: cached ones, or all of them if nothing of the lab was submitted."""
    if lab.staged.absent is not None:
        return _failed(names, lab.staged.absent)
    if not lab.context.cache.enabled:
        return {}
    plans = {plan.name: plan for plan in lab.plugin.plan_runs(lab.context)}
    cached = {name: _cached_result(lab, plans[name]) for name in names if name in plans}
    return {name: result for name, result in cached.items() if result is not None}


def _cached_result(lab: OpenLab, plan: AnyRun) -> AnyResult | None:
    cached: CachedRun | None = lab.context.cache.get(lab.cache_key(plan.name))
    if cached is None:
        return None
    log = RunLog(plan.name, list(cached.records), cached.note, list(cached.repairs))
    return RunResult(plan, cached.evidence, cached.error, log, cached=True)


def _failed(names: Sequence[str], error: OptgradeError) -> dict[str, AnyResult]:
    """The results of runs that could not be executed."""
    fault = error if isinstance(error, RunError | GraderError) else GraderError(str(error))
    plans = {name: PlannedRun(name=name, title=name, execute=lambda *_: None) for name in names}
    return {name: RunResult(plan, None, fault, RunLog(name)) for name, plan in plans.items()}


def _execute(grading: OpenGrading, names: Names, listener: RunListener) -> RunResults:
    labs = [lab for lab in grading.labs if names.get(lab.id)]
    grading.servers.start()
    with _preparation(labs):
        try:
            imports_s = grading.servers.runner.wait_ready().seconds
            jobs = [(lab.context, plan) for lab in labs for plan in _plans(lab, names[lab.id])]
        except OptgradeError as error:
            return RunResults({lab.id: _failed(names[lab.id], error) for lab in labs})
        began = time.monotonic()
        results = _run_jobs(jobs, grading.config.workers, grading.config.quick, listener)
    _cache_results(labs, results)
    start_s, runs_s = began - grading.staged.started, time.monotonic() - began
    return RunResults(results, {"imports_s": imports_s, "start_s": start_s, "runs_s": runs_s})


def _plans(lab: OpenLab, names: Sequence[str]) -> list[AnyRun]:
    return [plan for plan in lab.plugin.plan_runs(lab.context) if plan.name in names]


@contextmanager
def _preparation(labs: Sequence[OpenLab]) -> Iterator[None]:
    """Measures in the background what runs are compared with."""
    thread = threading.Thread(target=_prepare, args=(labs,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _prepare(labs: Sequence[OpenLab]) -> None:
    """What goes wrong here goes wrong again in the run that needs it, and is reported there."""
    for lab in labs:
        with suppress(OptgradeError):
            lab.plugin.prepare(lab.context)


def _run_jobs(
    jobs: Sequence[tuple[LabContext, AnyRun]], workers: int, quick: bool, listener: RunListener
) -> Mapping[str, Mapping[str, AnyResult]]:
    done = 0

    def ended(context: LabContext, result: AnyResult) -> None:
        nonlocal done
        done += 1
        listener.ended(context.lab, result, done, len(jobs))

    def on_step(context: LabContext, run: str, text: str) -> None:
        listener.on_step(context.lab, run, text)

    if quick:
        return execute_runs(cheapest_first(jobs), workers, ended, on_step, from_end=workers // 2)
    return execute_runs(heaviest_first(jobs), workers, ended, on_step)


def _cache_results(labs: Sequence[OpenLab], results: Mapping[str, Mapping[str, AnyResult]]) -> None:
    """Caches what was executed for later gradings."""
    for lab in labs:
        for name, result in results.get(lab.id, {}).items():
            log = result.log
            cached = CachedRun(result.evidence, result.error, tuple(log.records), log.note, tuple(log.repairs))
            lab.context.cache.put(lab.cache_key(name), cached)
