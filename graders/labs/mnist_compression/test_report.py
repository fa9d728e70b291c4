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
def test_the_notebook_was_executed(handed_in: StaticReview) -> None:
    """Every cell, from top to bottom, without errors, with its outputs."""
    found = handed_in.notebook.get()
    problem = report_claims.not_executed(found)
    check(
        not problem,
        measured=problem or f"{len(found.code_cells)} code cells, {found.order.value}",
        expected="every code cell executed in order, without errors, with its outputs",
        hint=report_claims.why_not_executed(found),
    )


@criterion("mnist.report.gaps")
def test_nothing_is_left_to_be_filled_in(handed_in: StaticReview) -> None:
    """Neither in the notebook nor in the report."""
    found = handed_in.notebook.get()
    if handed_in.untouched:
        raise RunError(Verdict.MISSING, "the notebook is the template's")
    gaps = [*(f"cell {gap.cell + 1}: {gap.text}" for gap in found.gaps), *report_claims.placeholders(handed_in.review)]
    check(
        not gaps,
        measured="; ".join(gaps[: report_claims.SHOWN]) if gaps else "no gap was found",
        expected="no TODO, no placeholder, no cell as the template has it",
        hint="gaps",
    )


@criterion("mnist.report.printed")
def test_printed_figures_agree(handed_in: StaticReview, lab: Lab) -> None:
    """The figures in the notebook's outputs fit each other and the files that its code writes."""
    found = handed_in.notebook.get()
    if not found.metrics:
        raise RunError(Verdict.MISSING, "no figure was found in the notebook's outputs")
    wrong = [*report_claims.contradictions(found), *report_claims.other_sizes(found, handed_in.measured, lab)]
    if handed_in.executed and not report_claims.any_borne_out(found.metrics, handed_in.measured, lab):
        wrong.append(f"none of {len(found.metrics)} figures is of a file that the notebook writes when it is executed")
    check(
        not wrong,
        measured="; ".join(wrong[: report_claims.SHOWN]) if wrong else f"{len(found.metrics)} figures",
        expected="figures of one run, which its code gives again",
        hint="printed",
    )


@criterion("mnist.report.acceptance")
def test_the_report_is_complete(handed_in: StaticReview) -> None:
    """The acceptance list: converted, quantised both ways, pruned, the notebook, the report; each the same share."""
    report_claims.require_report(handed_in.review)
    lacking = [each for each in handed_in.review.acceptance if not each.shown]
    count = len(handed_in.review.acceptance)
    names = ", ".join(each.item for each in lacking)
    check(
        not lacking,
        measured=f"nothing in the report shows: {names}" if lacking else f"all {count} items are there",
        expected="conversion, quantisation after and in training, pruning, the notebook, the report",
        hint="acceptance",
        share=(count - len(lacking)) / count if count else 0.0,
    )


@criterion("mnist.report.claims")
def test_the_report_is_true(handed_in: StaticReview, lab: Lab) -> None:
    """What it states fits itself, the notebook's outputs and the files that the notebook's code writes."""
    report_claims.require_report(handed_in.review)
    if not handed_in.review.claims.claims:
        raise RunError(Verdict.MISSING, "the report states no accuracy and no size of any stage")
    wrong = report_claims.false_claims(handed_in, lab)
    claims = handed_in.review.claims.claims
    if handed_in.executed and not report_claims.any_borne_out(claims, handed_in.measured, lab):
        wrong.append(f"none of {len(claims)} figures is of a file that the notebook writes when it is executed")
    observe(claims=len(handed_in.review.claims.claims))
    check(
        not wrong,
        measured="; ".join(wrong[: report_claims.SHOWN]) if wrong else f"{len(handed_in.review.claims.claims)} figures",
        expected="figures that agree with each other, with the notebook's outputs and with its files",
        hint="claims",
    )


@criterion("mnist.report.answers")
def test_answers_are_there(handed_in: StaticReview, lab: Lab) -> None:
    """The answers, for a person."""
    report_claims.require_report(handed_in.review)
    questions = {each["id"]: each["text"] for each in lab.settings["questions"]}
    quotes, lacking = {}, []
    for answer in handed_in.review.answers:
        if answer.quote is None:
            lacking.append(questions.get(answer.question, answer.question))
        else:
            quotes[answer.question] = answer.quote.text[:1000]
    observe(passage="\n\n".join(quotes.values()), question=" ".join(questions.values()))
    told = f"{len(quotes)} of {len(questions)} questions have an answer"
    raise NeedsManualReview(f"{told}; none was found to: {'; '.join(lacking)}" if lacking else told)
