"""Reviews of what needs no run: the git history, summaries, and whatever else a lab reads of a submission."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from graders.caching.fingerprints import digest_of
from graders.caching.shared import Lazy
from graders.core.errors import OptgradeError, RunError
from graders.framework import static_review
from graders.framework.checks import NeedsManualReview
from graders.framework.own_work import own_paths, require_started
from graders.framework.static_review import ReviewedHistory, SummaryEvidence, WrittenSummary
from graders.framework.summary_support import work_shown
from graders.pipeline.labs import OpenGrading, OpenLab
from graders.pipeline.running import ResultsOfLabs
from graders.pipeline.stage import StagedSubmission
from graders.submission.history import History, NoHistory, SubScore

LazyHistory = Lazy[History | NoHistory]
WrittenByLab = Mapping[str, Lazy[WrittenSummary]]


@dataclass(frozen=True)
class Reviews:
    """Reviews by the id of their lab, each made when it is first requested: a deselected test costs nothing."""

    commits: LazyHistory
    histories: Mapping[str, Lazy[ReviewedHistory]]
    summaries: Mapping[str, Lazy[SummaryEvidence]]
    static_reviews: Mapping[str, Lazy[Any]]

    def history(self, lab: str) -> Mapping[str, SubScore]:
        """The git history's sub-scores for a lab, by name.

        :raises NeedsManualReview: if there is no history to judge. :raises RunError: if it has nothing of the lab.
        """
        return self.reviewed_history(lab).scores

    def reviewed_history(self, lab: str) -> ReviewedHistory:
        """The same with the lab's commits."""
        return self.histories[lab].get()

    def summary(self, lab: str) -> SummaryEvidence:
        """A lab's summary as far as it can be read, with its claims beside what was measured.

        :raises RunError: if none was submitted. :raises NeedsManualReview: if it can't be read by a machine.
        """
        return self.summaries[lab].get()

    def static_review(self, lab: str) -> Any:
        """What the lab itself reads of the submission. :raises RunError: if the submission can't be read."""
        return self.static_reviews[lab].get()

    def requested_summary(self, lab: str) -> SummaryEvidence | None:
        """The summary if a test has requested it and it could be read."""
        if not self.summaries[lab].requested:
            return None
        with contextlib.suppress(OptgradeError, NeedsManualReview):
            return self.summary(lab)
        return None


def read_history(staged: StagedSubmission) -> LazyHistory:
    """The git history; reading it begins at once, in the background."""
    labs = [lab.lab for lab in staged.labs]
    history: LazyHistory = Lazy(partial(static_review.read_history_of, staged.submission.root, labs))
    if staged.fault is None:
        threading.Thread(target=_read_ahead, args=(history,), daemon=True).start()
    return history


def _read_ahead(*wanted: Lazy[Any]) -> None:
    for each in wanted:
        # An error comes up again where the value is requested.
        with contextlib.suppress(Exception):
            each.get()


def read_summaries(grading: OpenGrading, wanted: Collection[str]) -> WrittenByLab:
    """The summaries of the wanted labs, by lab; reading them begins at once, in the background, one after the other."""
    staged = grading.staged
    found = {
        lab.id: Lazy(partial(static_review.read_summary, staged.submission.root, lab.plugin.lab))
        for lab in grading.labs
        if lab.id in wanted and lab.plugin.lab.summary is not None
    }
    if staged.fault is None and found:
        threading.Thread(target=_read_ahead, args=tuple(found.values()), daemon=True).start()
    return found


def review(
    grading: OpenGrading,
    results: ResultsOfLabs,
    history: LazyHistory | None = None,
    summaries: WrittenByLab | None = None,
) -> Reviews:
    """The reviews of a submission; none is made yet. :param history: and ``summaries``: what is being read already."""
    staged, labs, written = grading.staged, grading.labs, summaries or {}
    commits = history or read_history(staged)
    return Reviews(
        commits,
        {lab.id: Lazy(partial(_judge_history, staged, lab, commits)) for lab in labs},
        {lab.id: Lazy(partial(_review_summary, staged, lab, results, written.get(lab.id))) for lab in labs},
        {lab.id: Lazy(partial(_review_statically, staged, lab, results)) for lab in labs},
    )


def _judge_history(staged: StagedSubmission, lab: OpenLab, commits: LazyHistory) -> ReviewedHistory:
    staged.require_readable()
    require_started(staged.view.root, lab.plugin, lab.lab)
    history = commits.get()
    if isinstance(history, NoHistory):
        raise NeedsManualReview(history.reason, history.next)
    located = [each.lab for each in staged.labs]
    return static_review.review_history(history, lab.lab, located, own_paths(staged.view.root, lab.lab))


def _review_summary(
    staged: StagedSubmission, lab: OpenLab, results: ResultsOfLabs, written: Lazy[WrittenSummary] | None
) -> SummaryEvidence:
    staged.require_readable()
    root, definition, measured = staged.submission.root, lab.plugin.lab, _measured(lab, results)

    def reviewed() -> SummaryEvidence:
        given = partial(lab.plugin.model_stats, lab.context)
        ahead = None if written is None else written.get
        return static_review.review(root, definition, measured, given, partial(_contrast, lab, root), ahead)

    files = static_review.summary_digest(root, definition)
    tolerances = digest_of([measured, repr(definition.summary)])
    found = reviewed() if files is None else lab.context.cache.once(f"summary {files} beside {tolerances}", reviewed)
    return replace(found, work=work_shown(results.of(lab.id), lab.plugin.require_work))


def _contrast(lab: OpenLab, root: Path, path: str) -> float | None:
    """How far a diagonal stands out in an image of the submission; its copy is looked at in the scorer's sandbox."""
    # Not where tests are only collected.
    from graders.written.claims.files import read_inside
    from graders.written.claims.image_claims import MAX_IMAGE

    data = read_inside(root, path, MAX_IMAGE)
    copy = lab.context.work / "pictures" / hashlib.sha256(data).hexdigest()
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(data)
    try:
        with lab.context.scorer.measure(copy) as measurement:
            return measurement.matrix_contrast()
    except RunError:
        return None


def _review_statically(staged: StagedSubmission, lab: OpenLab, results: ResultsOfLabs) -> Any:
    staged.require_readable()
    of_lab = results.of(lab.id)
    # What is read says whether the runs were tried, too.
    ended = {name: type(result.error).__name__ for name, result in sorted(of_lab.items())}
    files = digest_of([sorted(staged.view.files.items()), _measured(lab, results), ended])
    read = partial(lab.plugin.static_review, staged.view.root, lab.lab, of_lab)
    return lab.context.cache.once(f"static review of {files}", read)


def _measured(lab: OpenLab, results: ResultsOfLabs) -> dict[str, Any]:
    """What was measured of each run that finished."""
    return lab.plugin.comparable(results.of(lab.id))
