"""The reference's summaries: nothing that they state is missing, impossible or contradictory, and all is answered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from graders.written.claims import ALWAYS, Check, Quantity, Question, Review, SummaryRules, Variant, review_summary

REPOSITORY = Path(__file__).resolve().parents[2]
REFERENCE = REPOSITORY / "reference"
L02 = ("native", "tflite-fp32", "tflite-int8-0.01", "tflite-int8-0.08", "tflite-int8-0.3", "tflite-int8-0.8",
       "tflite-imbint8")  # fmt: skip
L03 = ("clustered-2-fp32", "clustered-4-fp32", "clustered-8-fp32", "clustered-16-fp32", "clustered-32-fp32",
       "pruned-0.2-fp32", "pruned-0.4-fp32", "pruned-0.5-fp32")  # fmt: skip
KENNING = ("mobilenetv2", "pruning-0_15", "pruning-0_3", "pruning-clustering")
DECOMPOSED = (
    "original", "tucker-loss", "spars-loss", "hybrid-loss", "hybrid-loss-channel", "hybrid-loss-filter",
    "hybrid-loss-block", "tucker-params", "spars-params", "hybrid-params",
)  # fmt: skip
PARAMETERS = 32_021
MOST_OF_ALL_IMAGES = 400_000


def template(folder: str) -> str:
    return (REPOSITORY / "student_template" / folder / "README.md").read_text(encoding="utf-8")


def rules(folder: str, names: tuple[str, ...], questions: tuple[Question, ...], *more: object) -> SummaryRules:
    return SummaryRules(
        folder=folder,
        variants=tuple(Variant.named(name) for name in names),
        template=template(folder),
        quantities=(*ALWAYS, *more),
        questions=questions,
        parameters=PARAMETERS,
    )


LABS = {
    "l02": rules(
        "summaries/l02_quantization",
        L02,
        (
            Question("conversion", 1, ("native", "tensorflow lite")),
            Question("int8", 2, ("best int8", "fp32")),
            Question("calibration", 3, ("calibration images",)),
            Question("one class", 4, ("one class",)),
        ),
    ),
    "l03": rules(
        "summaries/l03_pruning_clustering",
        L03,
        (
            Question("compare", 1, ("quanti*", "cluster*", "prun*")),
            Question("sizes", 2, ("times smaller", "archive")),
            Question("deflation", 3, ("deflat*", "zip")),
            Question("best", 4, ("smallest", "best")),
        ),
        Quantity.BYTES,
        frozenset({Quantity.ZIP_BYTES, Quantity.DEFLATION}),
    ),
}


@pytest.fixture(params=LABS)
def lab(request: pytest.FixtureRequest) -> SummaryRules:
    """The rules of each lab."""
    return LABS[request.param]


@pytest.fixture
def review(lab: SummaryRules) -> Review:
    """The review of the reference's summary of a lab."""
    return review_summary(REFERENCE, lab)


def test_nothing_is_wrong(review: Review) -> None:
    """One Markdown file, read without a doubt, and no finding about it, sure or not."""
    assert [file.path.rpartition("/")[2] for file in review.summary.files] == ["summary.md"]
    assert review.notes == ()
    assert review.findings == ()


def test_lab_2_beside_lab_3_changes_nothing() -> None:
    """Lab 3's summary has sizes of lab 2's models: they are read as theirs, and contradict nothing."""
    lab = LABS["l03"]
    others = tuple(Variant.named(name, required=False) for name in L02)
    both = SummaryRules(
        folder=lab.folder, variants=lab.variants + others, quantities=lab.quantities, parameters=PARAMETERS
    )

    review = review_summary(REFERENCE, both)

    assert review.findings == ()
    sizes = {name: [claim.value for claim in review.claims.of(name, Quantity.BYTES)] for name in L02[1:4:2]}
    assert sizes == {"tflite-fp32": [126_504], "tflite-int8-0.08": [61_640]}


def test_both_labs_state_the_same_sizes() -> None:
    """What lab 3 takes over from lab 2 is what lab 2 states."""
    first, second = (
        review_summary(REFERENCE, SummaryRules(folder=lab.folder, variants=LABS["l02"].variants, parameters=PARAMETERS))
        for lab in LABS.values()
    )

    for name in ("tflite-fp32", "tflite-int8-0.08"):
        stated = {claim.value for one in (first, second) for claim in one.claims.of(name, Quantity.BYTES)}
        assert len(stated) == 1, name


def test_every_question_is_answered_at_length(review: Review) -> None:
    """Each answer stands below the heading with its question's number and is no single sentence."""
    for number, answer in enumerate(review.answers, start=1):
        assert answer.quote is not None, answer.question
        assert re.match(rf"{number}\. ", answer.quote.text), answer
        assert answer.words >= 80, answer


def test_every_variant_has_its_image(review: Review, lab: SummaryRules) -> None:
    """A confusion matrix for each variant, under the name that the script gives it, and none twice."""
    folder = f"{lab.folder}/img"
    expected = {variant.name: f"{folder}/{variant.name}-confusion-matrix.png" for variant in lab.variants}

    assert {one.variant: one.path for one in review.images} == expected
    assert len({one.sha256 for one in review.images}) == len(expected)
    assert {path.relative_to(REFERENCE).as_posix() for path in (REFERENCE / folder).iterdir()} == set(expected.values())


def test_images_are_small() -> None:
    """All confusion matrices together weigh little in a clone, and are wide enough to be read."""
    paths = [path for lab in LABS.values() for path in (REFERENCE / lab.folder / "img").iterdir()]

    assert sum(path.stat().st_size for path in paths) < MOST_OF_ALL_IMAGES
    for path in paths:
        with Image.open(path) as image:
            assert image.format == "PNG"
            assert 600 <= image.width <= 800


def test_deflation_follows_from_the_sizes(lab: SummaryRules, review: Review) -> None:
    """Where archives are stated, deflation is 1 - archive / file; the archive's own headers are some 200 bytes."""
    for variant in lab.variants:
        for zipped in review.claims.of(variant.name, Quantity.ZIP_BYTES):
            (size,) = review.claims.of(variant.name, Quantity.BYTES)
            (deflation,) = review.claims.of(variant.name, Quantity.DEFLATION)
            assert deflation.value == pytest.approx(1 - (zipped.value - 200) / size.value, abs=0.001)


def test_shares_are_counts_of_test_images(lab: SummaryRules, review: Review) -> None:
    """An accuracy on 444 images is a whole number of them; with 12 of each class it is the mean sensitivity too."""
    for variant in lab.variants:
        (accuracy,) = review.claims.of(variant.name, Quantity.ACCURACY)
        (sensitivity,) = review.claims.of(variant.name, Quantity.SENSITIVITY)
        assert accuracy.value * 444 == pytest.approx(round(accuracy.value * 444), abs=444 * 0.00005 + 1e-9)
        assert sensitivity.value == accuracy.value


def test_the_pipeline_s_summary_is_sound() -> None:
    """Every variant has its metrics and sizes, reductions follow from the sizes, answers are long, charts are there."""
    questions = (
        Question("compare", 1, ("cluster*", "prun*")),
        Question("steps", 2, ("step*", "tutorial*")),
        Question("zeros", 3, ("preserve_sparsity", "zero*")),
    )
    lab = rules("summaries/kenning_compression", KENNING, questions, Quantity.BYTES, Quantity.ZIP_BYTES)

    review = review_summary(REFERENCE, lab)

    assert [file.path.rpartition("/")[2] for file in review.summary.files] == ["summary.md"]
    # This lab asks for the report's charts, not for confusion matrices.
    assert [found for found in review.findings if found.check is not Check.IMAGE] == []
    assert all(answer.quote is not None and answer.words >= 80 for answer in review.answers)
    text = (REFERENCE / lab.folder / "summary.md").read_text(encoding="utf-8")
    (original,) = {claim.value for claim in review.claims.of("mobilenetv2", Quantity.ZIP_BYTES)}
    for name in KENNING:
        (size,) = {claim.value for claim in review.claims.of(name, Quantity.ZIP_BYTES)}
        assert f" {100 * (1 - size / original):.2f} |" in text, name
    images = sorted(path.name for path in (REFERENCE / lab.folder / "img").iterdir())
    assert images == ["results-comparison.png", "results-metrics.png"]
    assert all(f"](img/{name})" in text for name in images)


def test_the_decomposition_s_summary_is_sound() -> None:
    """Every variant has its accuracy, a whole number of the 374 images that judge, and its sizes; answers are long."""
    questions = (
        Question("layers", 1, ("rank*", "layer*")),
        Question("types", 2, ("budget*", "hybrid", "tucker")),
        Question("splits", 3, ("chose*", "judg*")),
    )
    lab = SummaryRules(
        folder="summaries/hybrid_decomposition",
        variants=tuple(Variant.named(name) for name in DECOMPOSED),
        template=(REPOSITORY / "student_template" / "hybrid_decomposition" / "README.md").read_text(encoding="utf-8"),
        quantities=(Quantity.ACCURACY, Quantity.BYTES, Quantity.ZIP_BYTES),
        questions=questions,
        parameters=79_018,
    )

    review = review_summary(REFERENCE, lab)

    assert [file.path.rpartition("/")[2] for file in review.summary.files] == ["summary.md"]
    # This lab asks for plots, not for confusion matrices.
    assert [found for found in review.findings if found.check is not Check.IMAGE] == []
    assert all(answer.quote is not None and answer.words >= 80 for answer in review.answers)
    for name in DECOMPOSED:
        (accuracy,) = {claim.value for claim in review.claims.of(name, Quantity.ACCURACY)}
        assert accuracy * 374 == pytest.approx(round(accuracy * 374), abs=374 * 0.00005 + 1e-9), name
        (size,) = {claim.value for claim in review.claims.of(name, Quantity.BYTES)}
        (zipped,) = {claim.value for claim in review.claims.of(name, Quantity.ZIP_BYTES)}
        assert 0.7 * size < zipped < size, name
    text = (REFERENCE / lab.folder / "summary.md").read_text(encoding="utf-8")
    images = sorted(path.name for path in (REFERENCE / lab.folder / "img").iterdir())
    assert images == ["factors.png", "sizes.png"]
    assert all(f"](img/{name})" in text for name in images)
