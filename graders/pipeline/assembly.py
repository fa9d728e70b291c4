"""Assembling the scorecard from everything that was executed, checked and reviewed."""

from __future__ import annotations

import contextlib
import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from graders.caching import environment
from graders.core.charts import Chart
from graders.core.errors import OptgradeError, RunError
from graders.core.verdicts import RunVerdict, Verdict
from graders.framework import static_review_charts
from graders.framework.checks import NeedsManualReview
from graders.framework.excerpts import ExcerptReader
from graders.framework.locations import locate_definitions
from graders.framework.repairer import stated
from graders.pipeline.config import AnyLab, GradingConfig
from graders.pipeline.device import DeviceCosts, device_costs
from graders.pipeline.execution import AnyResult, RunResults
from graders.pipeline.labs import OpenGrading, OpenLab
from graders.pipeline.review import Reviews
from graders.pipeline.stage import StagedSubmission
from graders.scoring import CheckOutcome, CriterionScore, LabScore, RunSummary, Scorecard, score_criterion

NOT_LOST = (Verdict.EARNED, Verdict.PENDING, Verdict.NOT_LOOKED_AT, Verdict.UNSCORED)
OUTPUT_TAIL = 8000
Outcomes = Mapping[str, Sequence[CheckOutcome]]
"""Outcomes of checks by the id of their criterion."""
LeftOut = Mapping[str, Sequence[str]]
"""Names of runs by the id of the criterion that they belong to."""


def assemble(
    grading: OpenGrading,
    results: RunResults,
    reviews: Reviews,
    outcomes: Outcomes,
    notices: Sequence[str] = (),
    left_out: LeftOut = MappingProxyType({}),
) -> Scorecard:
    """The scorecard of all labs.

    :param notices: what else whoever reads it must know, a line each. :param left_out: in a quick look, the runs of
        each criterion that were not made.
    """
    config, staged = grading.config, grading.staged
    # No criterion depends on these, so that a quick look goes without.
    without = staged.fault is not None or config.quick
    device = DeviceCosts() if without else device_costs(grading, results)
    return Scorecard(
        submission=staged.submission.name,
        root=staged.root,
        profile=config.profile.name,
        seed=staged.seed,
        seed_from=staged.seed_from,
        tier=config.isolation.tier,
        missing=config.isolation.missing,
        labs=tuple(
            replace(_lab_score(staged, lab, results, reviews, outcomes, left_out), device=device.by_lab.get(lab.id, ()))
            for lab in grading.labs
        ),
        notices=(*_data_notice(config), *staged.notices, *notices),
        environment=environment(),
        timing={**_timing(staged, results), "device_s": device.seconds},
        device=device.setup,
        quick=config.quick,
    )


def _data_notice(config: GradingConfig) -> tuple[str, ...]:
    """The profile's title, unless all labs are graded with data of their own."""
    return () if not any(plugin.lab.profile for plugin in config.labs) else (config.profile.title,)


def _timing(staged: StagedSubmission, results: RunResults) -> dict[str, float]:
    """Seconds, counts and memory of the grading."""
    everything = [result for of_lab in results.by_lab.values() for result in of_lab.values()]
    records = [record for result in everything if not result.cached for record in result.log.records]
    return {
        "wall_s": time.monotonic() - staged.started,
        "student_cpu_s": sum(record.cpu_s for record in records),
        "student_runs": float(len(records)),
        "kept_runs": float(sum(result.cached for result in everything)),
        "runs_peak_mib": max((record.peak_memory for record in records), default=0) / 2**20,
        "grader_peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "grader_cpu_s": time.process_time() - staged.cpu_started,
        **results.timing,
    }


def _lab_score(
    staged: StagedSubmission,
    lab: OpenLab,
    results: RunResults,
    reviews: Reviews,
    outcomes: Outcomes,
    left_out: LeftOut,
) -> LabScore:
    of_lab = results.of(lab.id)
    return LabScore(
        lab=lab.id,
        title=lab.lab.title,
        criteria=_criteria(staged, lab, outcomes, left_out),
        seed=lab.staged.seed,
        runs=tuple(run_summary(lab.plugin, result) for _, result in sorted(of_lab.items())),
        charts=() if staged.fault is not None else tuple(_charts(lab, of_lab, reviews)),
    )


def _criteria(
    staged: StagedSubmission, lab: OpenLab, outcomes: Outcomes, left_out: LeftOut
) -> tuple[CriterionScore, ...]:
    criteria = lab.lab.criteria
    scores = tuple(score_criterion(each, outcomes.get(each.id, ()), left_out.get(each.id, ())) for each in criteria)
    if staged.fault is not None:
        return scores
    notebook = lab.lab.student_file if lab.lab.is_notebook else ""
    reader = ExcerptReader((staged.view.root, staged.submission.root), notebook)
    return tuple(_located(lab, score, reader, staged.view.root) for score in scores)


def _located(lab: OpenLab, score: CriterionScore, reader: ExcerptReader, root: Path) -> CriterionScore:
    """A criterion that lost points, with the lines of the student's files that it is about."""
    if score.verdict in NOT_LOST:
        return score
    where = locate_definitions(root, lab.lab.student_file, lab.lab.criterion(score.id).where)
    failed = score.failed_checks
    lines = reader.locate_lines([check.lines for check in failed])
    shown = {check.name: replace(check, lines=found) for check, found in zip(failed, lines, strict=True)}
    checks = tuple(shown.get(check.name, check) for check in score.checks)
    return replace(score, where=reader.locate(where), checks=checks)


def _charts(lab: OpenLab, results: Mapping[str, AnyResult], reviews: Reviews) -> list[Chart]:
    """A lab's own charts, that of its summary's claims, and that of the git history."""
    in_order = {name: results[name] for name in lab.plugin.run_names if name in results}
    charts = lab.plugin.charts(lab.context, in_order)
    summary = reviews.requested_summary(lab.id)
    if summary is not None:
        charts += static_review_charts.claims_charts(summary)
    with contextlib.suppress(OptgradeError, NeedsManualReview):
        charts.append(_history_chart(lab, reviews))
    return charts


def _history_chart(lab: OpenLab, reviews: Reviews) -> Chart:
    return static_review_charts.history_chart(reviews.reviewed_history(lab.id))


def run_summary(plugin: AnyLab, result: AnyResult) -> RunSummary:
    """What reports show of a run."""
    records = result.log.records
    return RunSummary(
        run=result.plan.name,
        title=result.plan.title,
        verdict=run_verdict(result),
        note=_note(result),
        output_tail="\n".join(record.output for record in records)[-OUTPUT_TAIL:],
        output_bytes=sum(record.output_bytes for record in records),
        cpu_s=round(sum(record.cpu_s for record in records), 2),
        wall_s=round(sum(record.wall_s for record in records), 2),
        evidence=plugin.describe(result.evidence) if result.error is None else None,
    )


def run_verdict(result: AnyResult) -> RunVerdict:
    """How a run ended."""
    if result.error is None:
        return RunVerdict.FINISHED
    return RunVerdict(result.error.verdict) if isinstance(result.error, RunError) else RunVerdict.UNSCORED


def _note(result: AnyResult) -> str | None:
    """How a run went, in a line, if its verdict does not say all."""
    note = result.log.note if result.error is None else str(result.error)
    left = sum(record.left_running for record in result.log.records)
    stopped = f"{left} processes were still running at the end and were stopped" if left else ""
    repaired = f"repaired: {stated(result.log.repairs)}" if result.log.repairs else ""
    return "; ".join(text for text in (note, repaired, stopped) if text) or None
