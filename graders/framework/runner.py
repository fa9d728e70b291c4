"""A lab's runs: what is planned, what happens while it runs, and what comes of it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from graders.core.errors import GraderError, RunError
from graders.core.verdicts import Verdict
from graders.framework.context import LabContext
from graders.framework.repairs import Repair
from graders.sandbox import RunRecord

E = TypeVar("E")
"""What a lab measures of a run."""


@dataclass(frozen=True, kw_only=True)
class PlannedRun(Generic[E]):
    """One run of a lab: its name, its title in reports, and what it does.

    ``execute`` gets the context and the run's :class:`RunLog` and returns the lab's evidence for this run.
    ``weight``: about how many seconds it takes; the heaviest run starts first.
    """

    name: str
    title: str
    execute: Callable[[LabContext, RunLog], E]
    weight: float = 1.0


@dataclass
class RunLog:
    """What is recorded while a run goes on: its processes, for reports.

    ``note``: how it went, in one line, if its end does not show that. ``repairs``: what was repaired so that it could
    go on; its last process had them all. ``say`` reports its progress to whoever waits.
    """

    name: str
    records: list[RunRecord] = field(default_factory=list)
    note: str = ""
    repairs: list[Repair] = field(default_factory=list)
    say: Callable[[str], None] = field(default=lambda _: None, repr=False, compare=False)


@dataclass(frozen=True)
class RunResult(Generic[E]):
    """What came of a run: the lab's evidence, or the reason why there is none, and its log.

    ``cached``: the result of an earlier grading of the same files.
    """

    plan: PlannedRun[E]
    evidence: E | None
    error: RunError | GraderError | None
    log: RunLog
    cached: bool = False

    def get(self) -> E:
        """The evidence. :raises RunError: the student's. :raises GraderError: ours."""
        if self.error is not None:
            raise self.error
        return cast("E", self.evidence)


# What drivers raise if the student's file lacks what the assignment names.
ABSENT = ("MissingClass", "MissingFunction")


def as_missing(error: RunError) -> RunError:
    """What is not written yet is missing, not wrong."""
    if error.exception not in (*ABSENT, "NotImplementedError"):
        return error
    message = error.message.split(": ", 1)[-1]
    return error.restated(message if error.exception in ABSENT else f"not written yet: {message}", Verdict.MISSING)


Job = tuple[LabContext, PlannedRun[Any]]
"""A run of a lab, with the context that it is executed in."""


def execute_runs(
    jobs: Sequence[Job],
    workers: int,
    on_result: Callable[[LabContext, RunResult[Any]], None],
    on_progress: Callable[[LabContext, str, str], None] = lambda *_: None,
    from_end: int = 0,
) -> Mapping[str, dict[str, RunResult[Any]]]:
    """Executes runs of one or more labs in their order, ``workers`` at a time; the results by lab and run.

    :param on_result: called with each result as it comes, one at a time.
    :param on_progress: called with a run's name and how far it has come.
    :param from_end: how many of the workers take the last run that is left, and not the first.
    """
    results: dict[str, dict[str, RunResult[Any]]] = {}
    lock = threading.Lock()
    left = deque(jobs)

    def one(job: Job) -> None:
        context, plan = job

        def say(text: str) -> None:
            with lock:
                on_progress(context, plan.name, text)

        log = RunLog(plan.name, say=say)
        try:
            result = RunResult(plan, plan.execute(context, log), None, log)
        except (RunError, GraderError) as error:
            result = RunResult(plan, None, error, log)
        except Exception as error:  # noqa: BLE001 - our own fault; the other runs go on
            fault = GraderError(f"the grader failed on run {plan.name}: {type(error).__name__}: {error}")
            fault.__cause__ = error
            result = RunResult(plan, None, fault, log)
        with lock:
            results.setdefault(context.lab.id, {})[plan.name] = result
            on_result(context, result)

    def work(take: Callable[[], Job]) -> None:
        while True:
            try:
                job = take()
            except IndexError:
                return
            one(job)

    takers = [left.pop if number < from_end else left.popleft for number in range(workers)]
    with ThreadPoolExecutor(max_workers=workers) as pool:
        list(pool.map(work, takers))
    return results


def heaviest_first(jobs: Sequence[Job]) -> list[Job]:
    """The order in which all of them end soonest."""
    return sorted(jobs, key=lambda job: -job[1].weight)


def cheapest_first(jobs: Sequence[Job]) -> list[Job]:
    """The order in which the first results come soonest.

    Some workers should take from its end: otherwise the heaviest would be left for last, when all workers but one have
    nothing to do.
    """
    return sorted(jobs, key=lambda job: job[1].weight)
