"""Reviews of summaries and git histories: earned, partly earned, graded manually, or missing."""

from __future__ import annotations

import json
import math
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from graders.core.errors import RunError
from graders.core.paths import LABS
from graders.core.verdicts import Verdict
from graders.framework import static_review, static_review_charts
from graders.framework.checks import CheckFailed, NeedsManualReview, observing
from graders.framework.lab_toml import load
from graders.framework.model_stats import ModelStats
from graders.framework.summary_support import WorkShown
from graders.submission.history import Commit, FileChange, History, SubScore

REPOSITORY = LABS.parents[1]
LAB = load(LABS / "l02_quantization")
FP32 = REPOSITORY / "fixtures" / "models" / "pocket_pets" / "fp32.tflite"
SCHEMA = json.loads((REPOSITORY / "docs" / "scorecard.schema.json").read_text(encoding="utf-8"))
FIGURES = jsonschema.Draft202012Validator({"$ref": "#/$defs/figure", "$defs": SCHEMA["$defs"]})
SUMMARY = Path("summaries/l02_quantization/summary.md")


GIVEN = ModelStats(FP32.stat().st_size, 0, 30_000)


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    """The reference's summaries."""
    shutil.copytree(REPOSITORY / "reference" / "summaries", tmp_path / "summaries")
    return tmp_path


def review(root: Path, measured: dict[str, dict[str, Any]] | None = None) -> static_review.SummaryEvidence:
    return static_review.review(root, LAB, measured or {}, lambda: GIVEN)


def test_a_whole_summary_loses_nothing(submission: Path) -> None:
    """The reference's summary is complete and sound, and is recognised as one of the graded model."""
    found = review(submission)
    assert found.same_model
    static_review.require_figures(found, sizes=False)
    static_review.require_figures(found, sizes=True)
    static_review.require_images(found)
    static_review.require_sound(found)
    assert static_review_charts.claims_charts(found) == []


def test_no_summary_is_missing_and_asks_for_no_model(tmp_path: Path) -> None:
    """Where there is no summary, it is missing; nothing is measured for it."""

    def never() -> ModelStats:
        raise AssertionError("nothing is needed")

    with pytest.raises(RunError) as raised:
        static_review.review(tmp_path, LAB, {}, never)
    assert raised.value.verdict is Verdict.MISSING


def test_a_pdf_is_for_a_person(submission: Path) -> None:
    """A PDF is graded manually."""
    (submission / SUMMARY).unlink()
    (submission / SUMMARY).with_suffix(".pdf").write_bytes(b"%PDF-1.4")
    with pytest.raises(NeedsManualReview, match="a PDF"):
        review(submission)


def test_a_missing_row_costs_its_share(submission: Path) -> None:
    """A missing variant costs one seventh of the criterion, and is named."""
    path = submission / SUMMARY
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not re.match(r"\| tflite-int8-0.3 \| 0", line)]
    assert len(kept) == len(lines) - 1
    path.write_text("\n".join(kept), encoding="utf-8")
    with pytest.raises(CheckFailed) as raised:
        static_review.require_figures(review(submission), sizes=False)
    assert raised.value.holds == pytest.approx(6 / 7)
    assert "tflite-int8-0.3" in raised.value.measured


def test_claims_are_held_against_measurements(submission: Path) -> None:
    """A claim far from what was measured is unsound, and stands first in the table of both."""
    measured = {"fp32": {"accuracy": 0.5, "bytes": FP32.stat().st_size}, "int8-0.3": {"accuracy": 0.9}}
    found = review(submission, measured)
    with pytest.raises(CheckFailed) as raised:
        static_review.require_sound(found)
    assert raised.value.holds == 1 - static_review.FINDING
    assert "summary.md, line" in raised.value.measured
    (chart,) = static_review_charts.claims_charts(found)
    figure = chart.to_json()
    FIGURES.validate(figure)
    first, *others = figure["rows"]
    assert (first["variant"], first["agrees"]) == ("tflite-fp32", False)
    assert first["place"].startswith("summary.md, line ")
    assert all(row["agrees"] for row in others)
    assert {row["variant"] for row in figure["rows"]} == {"tflite-fp32", "tflite-int8-0.3"}


def test_another_model_is_not_held_against_measurements(submission: Path) -> None:
    """A summary about a model of another size is only checked for consistency."""
    path = submission / SUMMARY
    text = path.read_text(encoding="utf-8")
    for old, new in (("126,504", "16,640,120"), ("61,640", "4,420,812"), ("32,021", "4,160,000")):
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    found = review(submission, {"fp32": {"accuracy": 0.01}})
    assert not found.same_model
    assert found.compared == ()
    static_review.require_sound(found)


def test_headings_alone_earn_nothing(submission: Path) -> None:
    """A summary without numbers does not pass as consistent."""
    (submission / SUMMARY).write_text("# Results\n\nAll went well.\n", encoding="utf-8")
    found = review(submission)
    for require in (static_review.require_images, static_review.require_sound):
        with pytest.raises(CheckFailed) as raised:
            require(found)
        assert raised.value.holds == 0
    for sizes in (False, True):
        with pytest.raises(CheckFailed) as raised:
            static_review.require_figures(found, sizes=sizes)
        assert raised.value.holds == 0


def change(root: Path, old: str, new: str) -> None:
    """One place of the summary, put otherwise."""
    text = (root / SUMMARY).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (root / SUMMARY).write_text(text.replace(old, new), encoding="utf-8")


def test_a_figure_costs_once(submission: Path) -> None:
    """A number that is impossible and also differs from the measurement is one mistake; two numbers are two."""
    measured = {"fp32": {"bytes": FP32.stat().st_size}}
    change(submission, "| tflite-fp32 | 126,504 | 1.00 |", "| tflite-fp32 | 236,920 | 1.00 |")
    change(submission, "61,640 bytes in place of 126,504.", "half the bytes.")
    found = review(submission, measured)
    assert len([finding for finding in found.review.findings if finding.sure]) == 2
    with pytest.raises(CheckFailed) as raised:
        static_review.require_sound(found)
    assert raised.value.holds == 1 - static_review.FINDING
    change(submission, "| tflite-int8-0.8 | 0.9009 | 0.9046", "| tflite-int8-0.8 | 9009 % | 0.9046")
    with pytest.raises(CheckFailed) as raised:
        static_review.require_sound(review(submission, measured))
    assert raised.value.holds == 0


def test_a_place_is_named_once(submission: Path) -> None:
    """If a finding's text names its places, they are not repeated."""
    change(submission, "has 32,021 parameters.", "has 32,021 parameters. The file of `tflite-fp32` has 128,504 bytes.")
    with pytest.raises(CheckFailed) as raised:
        static_review.require_sound(review(submission))
    assert len(re.findall(r"line \d+", raised.value.measured)) == 2


def test_the_templates_page_is_called_so(submission: Path) -> None:
    """A copy of the template's page is reported as such, not as lacking numbers."""
    shutil.copyfile(static_review.TEMPLATE / LAB.paths[1] / "README.md", submission / SUMMARY)
    with pytest.raises(CheckFailed, match="lines are copied from the template") as raised:
        static_review.require_sound(review(submission))
    assert raised.value.holds == 0


def test_an_answer_is_quoted(submission: Path) -> None:
    """A question is always graded manually: the reason quotes the passage and its place, or says that there is no answer."""
    with observing() as observed, pytest.raises(NeedsManualReview, match=r"\d+ words, .*summary\.md, line \d+"):
        static_review.quote_answer(review(submission), "l02.question.3")
    assert "calibration" in observed["passage"]
    (submission / SUMMARY).write_text("# Results\n\n| variant | accuracy |\n|---|---|\n| native | 0.9 |\n")
    with observing() as observed, pytest.raises(NeedsManualReview, match="no answer found to: How does the number"):
        static_review.quote_answer(review(submission), "l02.question.3")
    assert "passage" not in observed


CHANGE = FileChange(LAB.student_file, "M", 900, 500, "0" * 40)


def commit(number: int, subject: str, *files: FileChange) -> Commit:
    when = datetime(2026, 10, 1 + number, 12, tzinfo=UTC)
    return Commit(f"{number:040x}", subject, "Ada", when, (), files or (CHANGE,))


def history(*subjects: str, **more: Any) -> History:
    return History(tuple(commit(number, subject) for number, subject in enumerate(subjects)), **more)


def test_a_sub_score_is_earned_in_part() -> None:
    """Two of three commits earn that part of the steps; what costs is named with its commit."""
    found = static_review.review_history(history("Convert the model to FP32", "Quantise with class 5 alone"), LAB).scores
    with pytest.raises(CheckFailed) as raised:
        static_review.require_history(found, "commits")
    assert raised.value.holds == pytest.approx(2 / 3, abs=1e-3)
    static_review.require_history(found, "files")
    poor = static_review.review_history(history("Convert the model to FP32", "fix", "Print the summary"), LAB).scores
    with observing() as observed, pytest.raises(CheckFailed) as raised:
        static_review.require_history(poor, "subjects")
    assert "00000000 'fix'" in raised.value.measured
    assert observed["commits"]


def test_a_history_is_drawn_with_its_commits() -> None:
    """The report has each part with the commits that cost it, and the lab's own commits with their times."""
    summary = FileChange("summaries/l02_quantization/summary.md", "A", 10, None, "1" * 40)
    elsewhere = FileChange("notes.txt", "A", 10, None, "2" * 40)
    merge = replace(commit(3, "Merge branch 'x'"), parents=("a", "b"))
    commits = (commit(0, "fix"), commit(1, "x" * 300, CHANGE, summary), commit(2, "Notes", elsewhere), merge)
    found = History(commits)
    figure = static_review_charts.history_chart(static_review.review_history(found, LAB)).to_json()
    FIGURES.validate(figure)
    assert [(each["commit"], each["time"], each["files"]) for each in figure["commits"]] == [
        ("00000000", "2026-10-01 12:00 UTC", 1),
        ("00000000", "2026-10-02 12:00 UTC", 2),
    ]
    assert len(figure["commits"][1]["subject"]) == static_review_charts.LONGEST_SUBJECT
    parts = {part["name"]: part for part in figure["parts"]}
    assert sum(part["share"] for part in parts.values()) == pytest.approx(1)
    assert [each["subject"][:3] for each in parts["subjects"]["commits"]] == ["fix", "xxx"]
    assert parts["files"]["commits"] == []


def test_a_long_history_is_cut() -> None:
    """Of hundreds of commits, the first are listed and the others counted."""
    found = History(tuple(replace(commit(0, f"fix {number}"), id=f"{number:040x}") for number in range(300)))
    figure = static_review_charts.history_chart(static_review.review_history(found, LAB)).to_json()
    most = static_review_charts.MOST_COMMITS
    assert (len(figure["commits"]), figure["more"]) == (most, 300 - most)
    assert all(len(part["commits"]) <= most for part in figure["parts"])


def test_nothing_of_the_lab_is_missing() -> None:
    """A lab that no commit touches counts as not submitted."""
    other = commit(1, "Write lab 3", replace(CHANGE, path="dl_in_iot_course/l03_pruning_clustering/a.py"))
    with pytest.raises(RunError) as raised:
        static_review.review_history(History((other,)), LAB)
    assert raised.value.verdict is Verdict.MISSING


def test_a_shallow_clone_is_for_a_person() -> None:
    """What a shallow clone hides is graded manually, with the command for a full clone."""
    found = static_review.review_history(history("Convert the model to FP32", shallow=True), LAB).scores
    with pytest.raises(NeedsManualReview) as raised:
        static_review.require_history(found, "commits")
    assert "shallow" in raised.value.measured
    assert "unshallow" in raised.value.next


def test_sub_scores_are_the_criteria() -> None:
    """Each part of the history has a criterion of its own in every lab, worth its share of what the history is worth."""
    from graders.submission.history.rules import SHARES

    for folder in LABS.glob("*/lab.toml"):
        lab = load(folder.parent)
        points = {each.id.split(".")[2]: each.points for each in lab.criteria if ".history." in each.id}
        assert sum(points.values()) == pytest.approx(1 if lab.is_notebook else 2)
        assert points == {name: pytest.approx(sum(points.values()) * share) for name, share in SHARES.items()}


def test_whole_sub_scores_lose_nothing() -> None:
    """A part that holds is earned without a word."""
    whole = SubScore("spread", 0.2, 1.0, "3 times", "3 times", "", "", ())
    static_review.require_history({"spread": whole}, "spread")


def test_the_template_is_nobodys_work() -> None:
    """Files that are still identical to the template's make no commit a student's, though they had other versions."""
    found = static_review.read_history_of(static_review.TEMPLATE)
    if isinstance(found, History):
        assert not [each for each in found.commits if each.touches(LAB.paths)]


RUNS = {"native", "fp32", "int8-0.01", "int8-0.08", "int8-0.3", "int8-0.8", "imbalanced"}


def with_work(found: static_review.SummaryEvidence, tried: set[str], working: set[str]) -> static_review.SummaryEvidence:
    return replace(found, work=WorkShown(frozenset(tried), frozenset(working)))


def all_checks(found: static_review.SummaryEvidence) -> None:
    static_review.require_figures(found, sizes=False)
    static_review.require_figures(found, sizes=True)
    static_review.require_images(found)
    static_review.require_sound(found)


@pytest.mark.parametrize(
    ("tried", "working"),
    [
        (set(), set()),
        (RUNS, RUNS),
        (RUNS, {"native", "fp32", "int8-0.01", "int8-0.08"}),
        ({"native"}, {"native"}),
        ({"int8-drawn", "imbalanced-renumbered"}, set()),
    ],
)
def test_code_that_works_supports_a_summary(submission: Path, tried: set[str], working: set[str]) -> None:
    """Half of the variants are enough, and runs that were not executed, or are of no variant, say nothing."""
    all_checks(with_work(review(submission), tried, working))


@pytest.mark.parametrize("working", [set(), {"native"}, {"native", "fp32", "int8-0.01"}])
def test_a_summary_of_what_no_code_makes_is_for_a_person(submission: Path, working: set[str]) -> None:
    """Its numbers may be true and may be made up: they are neither earned nor lost."""
    found = with_work(review(submission), RUNS, working)
    for check in (
        lambda: static_review.require_figures(found, sizes=False),
        lambda: static_review.require_figures(found, sizes=True),
        lambda: static_review.require_images(found),
        lambda: static_review.require_sound(found),
    ):
        with pytest.raises(NeedsManualReview, match=f"makes {len(working)} of the 7 variants"):
            check()


def test_a_summary_of_a_part_needs_only_the_code_of_that_part(submission: Path) -> None:
    """Who writes about two variants, and has code for these, loses the others' share and nothing else."""
    path = submission / SUMMARY
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line for line in lines if "int8" not in line and "imbint8" not in line), encoding="utf-8")
    found = with_work(review(submission), RUNS, {"native", "fp32"})
    with pytest.raises(CheckFailed) as raised:
        static_review.require_figures(found, sizes=False)
    assert raised.value.holds == pytest.approx(2 / 7)
    static_review.require_sound(found)


def about_another_model(submission: Path) -> None:
    path = submission / SUMMARY
    text = path.read_text(encoding="utf-8")
    for old, new in (("126,504", "16,640,120"), ("61,640", "4,420,812"), ("32,021", "4,160,000")):
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("contrast", [0.9, 0.31])
def test_matrices_of_another_model_are_looked_at(submission: Path, contrast: float) -> None:
    """Those that show a diagonal are right."""
    about_another_model(submission)
    looked: list[str] = []

    def look(path: str) -> float:
        looked.append(path)
        return contrast

    all_checks(static_review.review(submission, LAB, {}, lambda: GIVEN, look))
    assert len(looked) == 7


@pytest.mark.parametrize("contrast", [0.0, 0.29, math.nan, None])
def test_pictures_of_something_else_are_for_a_person(submission: Path, contrast: float | None) -> None:
    """Pictures without a diagonal, and those that can't be shown, are no matrices of such accuracies."""
    about_another_model(submission)
    found = static_review.review(submission, LAB, {}, lambda: GIVEN, lambda _: contrast)
    with pytest.raises(NeedsManualReview, match="7 images show no diagonal"):
        static_review.require_images(found)
    static_review.require_figures(found, sizes=False)
    static_review.require_sound(found)


def test_images_of_the_graded_model_are_not_looked_at(submission: Path) -> None:
    """Its numbers are compared with measurements."""

    def never(path: str) -> float:
        raise AssertionError(path)

    all_checks(static_review.review(submission, LAB, {}, lambda: GIVEN, never))
