"""The real grading: a submission as ``pytest graders`` grades it, with one run at a time."""

from __future__ import annotations

import os
import pickle
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graders.cohort.batch import GradingRequest, grade_quietly
from graders.cohort.engine.bench import GradingProcessDied, GradingTookTooLong, Workbench
from graders.cohort.engine.options import Secret
from graders.cohort.engine.parcel import deliver
from graders.cohort.engine.task import GradingOutcome, GradingTask
from graders.pipeline.output import REPORTS
from graders.pipeline.servers import ServerPool
from graders.submission.seeds import ENVIRONMENT


def grade_task(task: GradingTask, bench: Workbench) -> GradingOutcome:
    """Grades in this worker's grading process."""
    try:
        answer = bench.exchange(pickle.dumps(task), task.options.time_limit())
    except GradingTookTooLong as error:
        return GradingOutcome(fault=str(error))
    except GradingProcessDied as error:
        return GradingOutcome(fault=str(error), died=True)
    # From a process of this worker's, through a pipe that nobody else has.
    outcome: GradingOutcome = pickle.loads(answer)  # noqa: S301
    return outcome


def grade_here(task: GradingTask, servers: ServerPool) -> tuple[GradingOutcome, bool]:
    """Grades in this process; also whether all of it was graded.

    :raises OptgradeError: there is no scorecard; the message says why.
    """
    options = task.options
    with tempfile.TemporaryDirectory(prefix="optgrade-submission-") as folder:
        work = Path(folder)
        # A grading may read it as another user.
        work.chmod(0o711)
        submission = deliver(task.parcel, work)
        request = GradingRequest(
            submission=submission,
            labs=options.labs,
            select=options.select,
            seed=options.seed,
            wall_limit=options.wall_limit,
            cache=options.cache,
            workers=1,
            more=options.more(),
        )
        with _secret(options.secret):
            graded = grade_quietly(request, servers, work / "report")
        found = {name: work / "report" / name for name in REPORTS}
        files = {name: zlib.compress(path.read_bytes(), 6) for name, path in found.items() if path.is_file()}
    return GradingOutcome(files=files), not graded.scorecard.unscored


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
