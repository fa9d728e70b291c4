"""The real grading: a submission as ``pytest graders`` grades it, with one run at a time."""

from __future__ import annotations

import os
import pickle
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graders.cohort.engine.bench import GradingProcessDied, GradingTookTooLong, Workbench
from graders.cohort.engine.in_process import grade_quietly
from graders.cohort.engine.options import Secret
from graders.cohort.engine.parcel import deliver
from graders.cohort.engine.task import GradingOutcome, GradingTask
from graders.core.verdicts import Verdict
from graders.pipeline.output import REPORTS
from graders.pipeline.servers import ServerPool
from graders.submission.seeds import ENVIRONMENT


def grade_task(task: GradingTask, bench: Workbench) -> GradingOutcome:
    """Grades in this worker's grading process."""
    try:
        answer = bench.exchange(pickle.dumps(task), task.chosen.time_limit())
    except GradingTookTooLong as error:
        return GradingOutcome(fault=str(error))
    except GradingProcessDied as error:
        return GradingOutcome(fault=str(error), died=True)
    # From a process of this worker's, through a pipe that nobody else has.
    outcome: GradingOutcome = pickle.loads(answer)  # noqa: S301
    return outcome


def grade_here(task: GradingTask, servers: ServerPool) -> tuple[GradingOutcome, bool]:
    """Grades in this process; also whether all that was selected was graded.

    :raises OptgradeError: there is no scorecard; the message says why.
    """
    options = task.chosen
    with tempfile.TemporaryDirectory(prefix="optgrade-submission-") as folder:
        work = Path(folder)
        # A grading may read it as another user.
        work.chmod(0o711)
        submission = deliver(task.parcel, work)
        with _secret(options.secret):
            graded = grade_quietly(submission, options, servers, work / "report")
        found = {name: work / "report" / name for name in REPORTS}
        files = {name: zlib.compress(path.read_bytes(), 6) for name, path in found.items() if path.is_file()}
    outcome = GradingOutcome(files=files, exit_code=graded.exit_code, terminal=graded.terminal)
    return outcome, all(each.verdict is not Verdict.UNSCORED for each in graded.criteria.values())


@contextmanager
def _secret(secret: Secret | None) -> Iterator[None]:
    """Has the grading find the secret in this process's memory, and nothing else."""
    before = os.environb.pop(ENVIRONMENT.encode(), None)
    if secret is not None:
        os.environb[ENVIRONMENT.encode()] = secret.value
    try:
        yield
    finally:
        os.environb.pop(ENVIRONMENT.encode(), None)
        if before is not None:
            os.environb[ENVIRONMENT.encode()] = before
