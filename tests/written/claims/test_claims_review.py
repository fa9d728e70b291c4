"""What a lab's rules say reaches each check, and what every file of a summary says counts."""

from __future__ import annotations

from pathlib import Path

from graders.written.claims import Check, Quantity, Question, Review, SummaryRules, Variant, review_summary
from graders.written.claims.plausibility import Bounds

VARIANT = "tflite-fp32"


def reviewed(root: Path, *texts: str, **rules: object) -> Review:
    """The review of a summary in as many files, by the rules of a lab with one variant."""
    (root / "s").mkdir(exist_ok=True)
    for number, text in enumerate(texts):
        (root / "s" / f"{number}.md").write_text(text, encoding="utf-8")
    return review_summary(root, SummaryRules(folder="s", variants=(Variant.named(VARIANT),), **rules))


def test_findings_are_told_apart_by_their_checks(tmp_path: Path) -> None:
    """Those that were asked for, and no others."""
    found = reviewed(tmp_path, f"- {VARIANT}: accuracy 150 %\n\nTODO\n")
    assert {Check.IMPOSSIBLE, Check.PLACEHOLDER, Check.MISSING} <= {one.check for one in found.findings}
    assert [one.check for one in found.about(Check.PLACEHOLDER)] == [Check.PLACEHOLDER]
    assert found.about() == ()


def test_the_models_parameters_bound_its_sizes(tmp_path: Path) -> None:
    """A file too small for the model is impossible only where the model is known, and by the lab's own bounds."""
    text = f"- {VARIANT}: size 128084 bytes\n"
    assert reviewed(tmp_path, text).about(Check.IMPOSSIBLE) == ()
    assert reviewed(tmp_path, text, parameters=32_021).about(Check.IMPOSSIBLE) == ()
    assert len(reviewed(tmp_path, text, parameters=900_000).about(Check.IMPOSSIBLE)) == 1
    strict = Bounds(fp32_share=(2.0, 3.0))
    assert len(reviewed(tmp_path, text, parameters=32_021, bounds=strict).about(Check.IMPOSSIBLE)) == 1


def test_the_models_parameters_tell_what_a_bare_size_is(tmp_path: Path) -> None:
    """A size without a unit is of kilobytes where the model has that many."""
    text = f"| Model | Accuracy | Size |\n|---|---|---|\n| {VARIANT} | 0.9 | 125.1 |\n"
    assert reviewed(tmp_path, text).claims.of(VARIANT, Quantity.BYTES) == ()
    (size,) = reviewed(tmp_path, text, parameters=32_021).claims.of(VARIANT, Quantity.BYTES)
    assert size.low <= 125_100 <= size.high


def test_an_answer_may_stand_in_any_file(tmp_path: Path) -> None:
    """The first file that has one; none where no file has."""
    questions = (Question("calibration", 1, ("calib*",)), Question("best", 2, ("smallest",)))
    other = "# Two\n\n## 1. Why calibrate?\n\nCalibration gives the ranges of the activations, which are not known before.\n"
    found = reviewed(tmp_path, "# One\n\nNothing of the kind here.\n", other, questions=questions)
    assert [bool(one.quote) for one in found.answers] == [True, False]
    assert found.answers[0].quote is not None
    assert found.answers[0].quote.place.file == "s/1.md"
