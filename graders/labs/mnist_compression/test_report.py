"""What was submitted: an executed, consistent notebook and a complete, correct report."""

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
def test_the_notebook_was_executed(static_review: StaticReview, lab: Lab) -> None:
    """Every cell was executed and has its outputs, without errors; little depends on the order."""
    report_claims.require_started(static_review)
    found = static_review.notebook.get()
    faults = report_claims.execution_faults(found)
    check(
        not faults,
        measured="; ".join(faults.values()) or f"{len(found.code_cells)} code cells, {found.order.value}",
        expected="every code cell executed, none again after cells below it, without errors, with its outputs",
        hint=report_claims.execution_hint(faults),
        share=report_claims.executed_share(found, lab.settings["order_share"]),
    )


@criterion("mnist.report.gaps")
def test_nothing_is_left_to_be_filled_in(static_review: StaticReview) -> None:
    """Neither the notebook nor the report has a gap; a TODO above finished code is none."""
    report_claims.require_started(static_review)
    found = static_review.notebook.get()
    if static_review.untouched:
        raise RunError(Verdict.MISSING, "the notebook is the unchanged template")
    left = list(report_claims.placeholders(static_review.review))
    gaps = [*(f"cell {gap.cell + 1}: {gap.text}" for gap in found.gaps), *left]
    cells = len({gap.cell for gap in found.gaps})
    check(
        not gaps,
        measured=report_claims.listed(gaps) if gaps else "no gap or placeholder was found",
        expected="no missing code, no placeholder, no cell unchanged from the template",
        hint="gaps",
        share=report_claims.gaps_share(static_review, cells, len(left)),
    )


@criterion("mnist.report.printed")
def test_printed_numbers_agree(static_review: StaticReview, lab: Lab) -> None:
    """The numbers in the notebook's outputs agree with each other and with the files that its code writes."""
    report_claims.require_started(static_review)
    found = static_review.notebook.get()
    if not found.metrics:
        raise RunError(Verdict.MISSING, "no accuracy or size was found in the notebook's outputs")
    compared = report_claims.compare_outputs(found, static_review.measured, lab)
    wrong, share = list(compared.wrong), compared.share
    if static_review.executed and not report_claims.any_confirmed(found.metrics, static_review.measured, lab):
        wrong.append(f"none of {len(found.metrics)} numbers match a file that the notebook writes when it is executed")
        share = 0.0
    check(
        not wrong,
        measured=report_claims.listed(wrong) if wrong else f"{len(found.metrics)} consistent numbers",
        expected="numbers from one run, which the code reproduces",
        hint="printed",
        share=share,
    )


@criterion("mnist.report.acceptance")
def test_the_report_is_complete(static_review: StaticReview) -> None:
    """The report shows every item of the acceptance list; each is worth the same share."""
    report_claims.require_started(static_review)
    report_claims.require_report(static_review.review)
    lacking = [each for each in static_review.review.acceptance if not each.shown]
    count = len(static_review.review.acceptance)
    names = ", ".join(each.item for each in lacking)
    check(
        not lacking,
        measured=f"the report does not show: {names}" if lacking else f"all {count} items are present",
        expected="conversion, post-training and quantisation-aware quantisation, pruning, the notebook, the report",
        hint="acceptance",
        share=(count - len(lacking)) / count if count else 0.0,
    )


@criterion("mnist.report.claims")
def test_the_report_is_true(static_review: StaticReview, lab: Lab) -> None:
    """The report's numbers agree with each other, the notebook's outputs and the files that its code writes."""
    report_claims.require_started(static_review)
    report_claims.require_report(static_review.review)
    if not static_review.review.claims.claims:
        raise RunError(Verdict.MISSING, "the report gives no accuracy or size of any stage")
    compared = report_claims.compare_claims(static_review, lab)
    wrong, share = list(compared.wrong), compared.share
    claims = static_review.review.claims.claims
    if static_review.executed and not report_claims.any_confirmed(claims, static_review.measured, lab):
        wrong.append(f"none of {len(claims)} numbers match a file that the notebook writes when it is executed")
        share = 0.0
    observe(claims=len(claims))
    check(
        not wrong,
        measured=report_claims.listed(wrong) if wrong else f"{len(claims)} consistent numbers",
        expected="numbers that agree with each other, with the notebook's outputs and with its files",
        hint="claims",
        share=share,
    )


@criterion("mnist.report.answers")
def test_answers_are_there(static_review: StaticReview, lab: Lab) -> None:
    """The answers are graded manually."""
    report_claims.require_started(static_review)
    report_claims.require_report(static_review.review)
    questions = {each["id"]: each["text"] for each in lab.settings["questions"]}
    quotes, lacking = {}, []
    for answer in static_review.review.answers:
        if answer.quote is None:
            lacking.append(questions.get(answer.question, answer.question))
        else:
            quotes[answer.question] = answer.quote.text[:1000]
    observe(passage="\n\n".join(quotes.values()), question=" ".join(questions.values()))
    found = f"{len(quotes)} of {len(questions)} questions have an answer"
    raise NeedsManualReview(f"{found}; no answer to: {'; '.join(lacking)}" if lacking else found)
