"""Which gradings a calibration needs, and carrying out those that are missing."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graders import profiles
from graders.caching import environment
from graders.core import paths
from graders.core.errors import GraderError
from graders.core.paths import REPOSITORY
from graders.core.verdicts import Verdict
from graders.framework.definition import Lab
from graders.framework.lab_plugin import LabPlugin
from graders.selftest.calibration import grading
from graders.selftest.calibration.grading import Grader
from graders.selftest.calibration.records import CORRECT, MISTAKES, REFERENCE, Job, Measured, Results, samples_of
from graders.selftest.corpus import cases as corpus
from graders.selftest.corpus.cases import Case

RESULTS = REPOSITORY / "benchmarks" / "results" / "calibration"
CORPUS_SEED = 7
# These measure nothing that is compared with a threshold, and would only take time.
SELECT = "not history and not question"
# Of all measurements, only this can depend on the load of the machine.
SELECT_BUSY = "latency"


def inputs_digest(lab: Lab) -> str:
    """A digest of the reference's code, or its notebook, the given model, the lab's settings and the libraries.

    The grader's own code is not in it: after a change to how something is measured, measure again.
    """
    digest = hashlib.sha256()
    environment_ = {name: version for name, version in environment().items() if name not in ("system", "cores")}
    digest.update(json.dumps([environment_, lab.settings], sort_keys=True).encode())
    models = sorted(profiles.choose("embedded", None, None).model_path.parent.glob("*.h5"))
    for path in [*sorted(paths.REFERENCE.rglob("*.py")), *models]:
        digest.update(path.read_bytes())
    if lab.is_notebook:
        digest.update((paths.REFERENCE / lab.student_file).read_bytes())
    return digest.hexdigest()[:16]


def results_file(lab: Lab) -> Path:
    """The file with the measured results that the thresholds in ``lab.toml`` rest on."""
    return RESULTS / f"{lab.short}.jsonl"


def of_reference(seeds: int, load: bool) -> Iterator[Job]:
    """Gradings of the reference, one for each seed.

    :param load: every other seed again, its latency alone, while as many processes as there are cores keep them busy.
    """
    cores = os.cpu_count() or 1
    for seed in range(1, seeds + 1):
        yield Job(kind=REFERENCE, case=REFERENCE, seed=seed)
        if load and seed % 2 == 0:
            yield Job(kind=REFERENCE, case=REFERENCE, seed=seed, load=cores)


def of_corpus(lab: Lab, reference: Iterable[Measured]) -> Iterator[Job]:
    """Gradings of the corpus's cases: what is right but different, and mistakes that a threshold may show.

    :param reference: results that show which criteria have thresholds.
    """
    with_thresholds = {sample.criterion for measured in reference for sample in measured.samples}
    for case in cases(lab):
        kind = case.path.parent.parent.name
        measured = {cost.criterion for cost in case.costs if cost.verdict in (Verdict.LOST, Verdict.PARTIAL)}
        if kind == CORRECT or measured & with_thresholds:
            yield Job(kind=kind, case=case.path.stem, seed=CORPUS_SEED)


def cases(lab: Lab) -> Sequence[Case]:
    """The corpus's cases of a lab: right-but-different submissions, and mistakes."""
    return corpus.load_all(lab.short)


def costs_of(lab: Lab) -> Mapping[str, frozenset[str]]:
    """The criteria that each mistake of the corpus must cost, by the case's name."""
    return {case.path.stem: frozenset(cost.criterion for cost in case.costs) for case in cases(lab)}


@dataclass
class Budget:
    """How many gradings may be carried out now, any number for None; and how many were left for another time."""

    gradings: int | None = None
    left_to_do: int = 0

    def take(self, jobs: Sequence[Job]) -> Sequence[Job]:
        """The jobs that fit."""
        fitting = jobs if self.gradings is None else jobs[: self.gradings]
        if self.gradings is not None:
            self.gradings -= len(fitting)
        self.left_to_do += len(jobs) - len(fitting)
        return fitting


def collect(entry: LabPlugin[Any], jobs: Sequence[Job], results: Results, budget: Budget) -> None:
    """Carries out the gradings that ``results`` does not hold, as far as ``budget`` goes; adds each as it ends.

    :raises GraderError: if one gives no scorecard.
    """
    made = inputs_digest(entry.lab)
    there = {each.job for each in results.of(made)}
    now = budget.take([job for job in jobs if job not in there])
    if not now:
        return
    known = {case.path.stem: case for case in cases(entry.lab)}
    with grading.running_grader([entry.lab.id]) as grader, tempfile.TemporaryDirectory(prefix="optgrade-") as work:
        for number, job in enumerate(now, start=1):
            folder = Path(work) / str(number)
            folder.mkdir()
            measured = _measured(job, known.get(job.case), entry.lab, made, grader, folder)
            results.add(measured)
            wrong = f"; lost {', '.join(measured.lost)}" if measured.lost and job.kind != MISTAKES else ""
            print(f"[{number}/{len(now)}] {job}: {len(measured.samples)} values{wrong}", flush=True)


def _measured(job: Job, case: Case | None, lab: Lab, made: str, grader: Grader, folder: Path) -> Measured:
    submission, select = paths.REFERENCE, SELECT_BUSY if job.load else SELECT
    if case is not None:
        submission, select = corpus.build(case, folder / job.case), case.select
    with grading.busy(job.load):
        card = grader.graded(submission, [lab.id], seed=job.seed, select=select)
    criteria = grading.criteria_of(card)
    verdicts = {each.id: each.verdict for each in criteria}
    dead = [each for each in criteria if each.verdict is Verdict.UNSCORED]
    if dead and not any(True for _ in samples_of(criteria)):
        reason = dead[0].reason.measured if dead[0].reason else "no reason was recorded"
        raise GraderError(f"{job}: nothing could be measured: {reason}")
    fine = (Verdict.EARNED, Verdict.PENDING, Verdict.UNSCORED)
    return Measured(
        job=job,
        inputs_digest=made,
        lost=tuple(name for name, verdict in verdicts.items() if verdict not in fine),
        unscored=tuple(name for name, verdict in verdicts.items() if verdict is Verdict.UNSCORED),
        samples=tuple(samples_of(criteria)),
    )
