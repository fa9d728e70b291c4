"""As handed in: the notebook executed and sound, the report complete and true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.core.errors import RunError
from graders.core.verdicts import Verdict
from graders.framework.checks import NeedsManualReview, check, criterion, observe
from graders.labs.mnist_compression import report_claims

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.labs.mnist_compression.static_review import StaticReview


@criterion("mnist.report.executed")
def test_the_notebook_was_executed(static_review: StaticReview) -> None:
    """Every cell, from top to bottom, without errors, with its outputs."""
    found = static_review.notebook.get()
    problem = report_claims.not_executed(found)
    check(
        not problem,
        measured=problem or f"{len(found.code_cells)} code cells, {found.order.value}",
        expected="every code cell executed in order, without errors, with its outputs",
        hint=report_claims.why_not_executed(found),
    )


@criterion("mnist.report.gaps")
def test_nothing_is_left_to_be_filled_in(static_review: StaticReview) -> None:
    """Neither in the notebook nor in the report."""
    found = static_review.notebook.get()
    if static_review.untouched:
        raise RunError(Verdict.MISSING, "the notebook is the template's")
    cells = [f"cell {gap.cell + 1}: {gap.text}" for gap in found.gaps]
    gaps = [*cells, *report_claims.placeholders(static_review.review)]
    check(
        not gaps,
        measured="; ".join(gaps[: report_claims.SHOWN]) if gaps else "no gap was found",
        expected="no TODO, no placeholder, no cell as the template has it",
        hint="gaps",
    )


@criterion("mnist.report.printed")
def test_printed_figures_agree(static_review: StaticReview, lab: Lab) -> None:
    """The figures in the notebook's outputs fit each other and the files that its code writes."""
    found = static_review.notebook.get()
    if not found.metrics:
        raise RunError(Verdict.MISSING, "no figure was found in the notebook's outputs")
    wrong = [*report_claims.contradictions(found), *report_claims.other_sizes(found, static_review.measured, lab)]
    if static_review.executed and not report_claims.any_borne_out(found.metrics, static_review.measured, lab):
        wrong.append(f"none of {len(found.metrics)} figures is of a file that the notebook writes when it is executed")
    check(
        not wrong,
        measured="; ".join(wrong[: report_claims.SHOWN]) if wrong else f"{len(found.metrics)} figures",
        expected="figures of one run, which its code gives again",
        hint="printed",
    )


@criterion("mnist.report.acceptance")
def test_the_report_is_complete(static_review: StaticReview) -> None:
    """The acceptance list: converted, quantised both ways, pruned, the notebook, the report; each the same share."""
    report_claims.require_report(static_review.review)
    lacking = [each for each in static_review.review.acceptance if not each.shown]
    count = len(static_review.review.acceptance)
    names = ", ".join(each.item for each in lacking)
    check(
        not lacking,
        measured=f"nothing in the report shows: {names}" if lacking else f"all {count} items are there",
        expected="conversion, quantisation after and in training, pruning, the notebook, the report",
        hint="acceptance",
        share=(count - len(lacking)) / count if count else 0.0,
    )


@criterion("mnist.report.claims")
def test_the_report_is_true(static_review: StaticReview, lab: Lab) -> None:
    """What it states fits itself, the notebook's outputs and the files that the notebook's code writes."""
    report_claims.require_report(static_review.review)
    if not static_review.review.claims.claims:
        raise RunError(Verdict.MISSING, "the report states no accuracy and no size of any stage")
    wrong = report_claims.false_claims(static_review, lab)
    claims = static_review.review.claims.claims
    if static_review.executed and not report_claims.any_borne_out(claims, static_review.measured, lab):
        wrong.append(f"none of {len(claims)} figures is of a file that the notebook writes when it is executed")
    observe(claims=len(claims))
    check(
        not wrong,
        measured="; ".join(wrong[: report_claims.SHOWN]) if wrong else f"{len(claims)} figures",
        expected="figures that agree with each other, with the notebook's outputs and with its files",
        hint="claims",
    )


@criterion("mnist.report.answers")
def test_answers_are_there(static_review: StaticReview, lab: Lab) -> None:
    """The answers, for a person."""
    report_claims.require_report(static_review.review)
    questions = {each["id"]: each["text"] for each in lab.settings["questions"]}
    quotes, lacking = {}, []
    for answer in static_review.review.answers:
        if answer.quote is None:
            lacking.append(questions.get(answer.question, answer.question))
        else:
            quotes[answer.question] = answer.quote.text[:1000]
    observe(passage="\n\n".join(quotes.values()), question=" ".join(questions.values()))
    told = f"{len(quotes)} of {len(questions)} questions have an answer"
    raise NeedsManualReview(f"{told}; none was found to: {'; '.join(lacking)}" if lacking else told)
