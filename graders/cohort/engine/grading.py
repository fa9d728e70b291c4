"""The real grading: a submission as ``pytest graders`` grades it, with one run at a time."""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graders.cohort.batch import GradingRequest, grade_quietly
from graders.cohort.engine.bench import Workbench
from graders.cohort.engine.options import Secret
from graders.cohort.engine.parcel import deliver
from graders.cohort.engine.task import GradingOutcome, GradingTask
from graders.pipeline.output import REPORTS
from graders.submission.seeds import ENVIRONMENT


def grade_task(task: GradingTask, bench: Workbench) -> GradingOutcome:
    """Grades on this worker's servers. :raises OptgradeError: there is no scorecard; the message says why."""
    options = task.options
    servers = bench.servers(options)
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
    if graded.scorecard.unscored:
        # A server that is gone would fail the next submission too.
        bench.close()
    return GradingOutcome(files=files)


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
