"""What shows an item of the acceptance list, and what metrics of a report are passed on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from graders.written.claims import Check, Quantity, Tolerance, read_document
from graders.written.lab_report import ReportItem, review_report
from graders.written.lab_report.acceptance import acceptance

from .mnist_lab import ITEMS, LABELS, PLACE, RULES, items_of, report_claims


def shown(text: str) -> dict[str, str]:
    document = read_document(text)
    return {one.item: one.by for one in acceptance(document, report_claims(document), ITEMS, LABELS)}


def test_figures_of_a_stage_show_its_item():
    found = shown("# Lab\n\n- Pruned: accuracy 0.96\n- PTQ: size 24336 bytes\n")
    assert (found["prune"], found["ptq"], found["qat"]) == ("metrics", "metrics", "")


def test_a_box_is_of_what_it_alone_speaks_of():
    document = read_document("- [x] Prune the model in the notebook\n- [ ] The notebook\n")
    found = {one.item: (one.by, one.unticked) for one in acceptance(document, report_claims(document), ITEMS, LABELS)}
    assert (found["notebook"], found["prune"]) == (("", True), ("tick", False))


@pytest.mark.parametrize(
    ("text", "items"), [("Convert the model", {"convert"}), ("Convert the pruned model to TFLite", {"prune"})]
)
def test_the_conversion_as_such_is_one_of_no_stage(text, items):
    assert items_of(text) == items


@pytest.mark.parametrize(
    ("text", "by"), [("# Pruning", ""), ("# Lab\n\n## Pruning", "text"), ("# Lab\n\nPruning.", "text"), ("# Lab", "")]
)
def test_the_title_shows_nothing(text, by):
    assert shown(text)["prune"] == by


def test_of_an_open_figure_it_is_known_whose_it_is():
    claims = report_claims(read_document("| Model | Accuracy |\n|---|---|\n| Pruned | 0.9 |\n| Baseline | TODO |\n"))
    assert [(blank.variant, blank.quantity, blank.text) for blank in claims.blanks] == [
        ("baseline", Quantity.ACCURACY, "TODO")
    ]


def test_a_label_stands_in_the_first_columns():
    claims = report_claims(
        read_document("| No. | Model | Note | Accuracy |\n|---|---|---|---|\n| 1 | Pruned | no PTQ | 0.9 |\n")
    )
    assert [(claim.variants, claim.value) for claim in claims.claims] == [(("pruned",), 0.9)]


def test_what_stands_in_the_third_column_is_no_label():
    """A remark names other stages than the row's."""
    table = "| No. | Run | Compared with | Accuracy |\n|---|---|---|---|\n| 1 | mine | Pruned | 0.9 |\n"
    assert report_claims(read_document(table)).claims == ()


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("- Pruned accuracy: 1.0\n", [1.0]),
        ("- Pruned accuracy: 10000 digits\n", []),
        ("- Pruned accuracy: 0.9 of 150 digits\n", [0.9]),
        ("- Pruned accuracy: 150 digits\n", []),
    ],
)
def test_what_is_more_than_all_is_a_count_and_no_accuracy(text, values):
    assert [claim.value for claim in report_claims(read_document(text)).claims] == values


def test_items_and_stages_are_those_of_the_lab_that_asks():
    """Nothing of the MNIST lab is left when another one's list is passed in."""
    document = read_document("# Lab\n\n- Pruned: accuracy 0.96\n- Explained why\n")
    items = (ReportItem("why", stems=("explain",)), ReportItem("sparse", stages=("pruned",)))
    found = acceptance(document, report_claims(document), items, LABELS)
    assert [(one.item, one.by) for one in found] == [("why", "text"), ("sparse", "metrics")]


def test_a_review_without_a_report_says_why(tmp_path: Path):
    page = "# The page\n\nThe page's own sentence."
    (tmp_path / "report.md").write_text(page, encoding="utf-8")
    assert review_report(tmp_path, replace(RULES, place=replace(PLACE, given=(page,)))).notes == (
        "report.md is still the lab's own page, not a report",
    )


def test_findings_are_told_apart_by_their_checks(tmp_path: Path):
    text = "# Lab\n\n- Pruned: accuracy 0.9\n- PTQ: accuracy 0.9\n\nTODO\n"
    (tmp_path / "report.md").write_text(text, encoding="utf-8")
    rules = replace(RULES, tolerances={Quantity.ACCURACY: Tolerance(absolute=0.01)})
    found = review_report(tmp_path, rules, measured={"pruned": {Quantity.ACCURACY: 0.5}})
    assert {one.check for one in found.findings} == {Check.EVIDENCE, Check.PLACEHOLDER}
    assert [one.check for one in found.about(Check.PLACEHOLDER)] == [Check.PLACEHOLDER]


def test_figures_of_no_stage_are_passed_over():
    assert report_claims(read_document("# Lab\n\n- Number of parameters: 32,021\n")).claims == ()


@pytest.mark.parametrize(
    ("line", "sure"),
    [
        ("- Size: 8,704 bytes", True),
        ("- Size of the file 8,704 bytes", True),
        ("1. Zeros pack well. With eight bits a weight on top the archive has a size of\n   8,704 bytes, a ninth of before.", False),
        ("1. Zeros pack well, and with eight bits a weight on top the file is 8,704 bytes.", False),
    ],
)
def test_a_sentence_in_a_list_is_a_sentence(line, sure):
    claims = report_claims(read_document(f"# Lab\n\n## Pruned\n\n{line}\n")).claims
    assert any(claim.sure for claim in claims) == sure
