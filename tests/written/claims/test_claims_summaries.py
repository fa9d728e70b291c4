"""Whole summaries, as students write them: good ones have no findings, and each mistake in one has its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from graders.written.claims import (
    ALWAYS,
    MODEL,
    Check,
    Quantity,
    Question,
    Review,
    SummaryRules,
    Tolerance,
    Variant,
    read_document,
    review_summary,
)

from .pictures import put
from .writing import L02, L03, VARIANTS_L02, VARIANTS_L03

DATA = Path(__file__).resolve().parents[2] / "data" / "claims"
QUESTIONS_L02 = (
    Question("fp32", 1, ("fp32", "native", "natyw*", "keras")),
    Question("int8", 2, ("int8", "quanti*", "kwanty*")),
    Question("calibration", 3, ("calib*", "kalib*", "校准")),
    Question("imbalanced", 4, ("imb*", "class", "klas*", "one class")),
)
QUESTIONS_L03 = (
    Question("compare", 1, ("quanti*", "prun*", "cluster*", "量化", "剪枝", "聚类")),
    Question("sizes", 2, ("fp32", "zip", "size*")),
    Question("deflation", 3, ("deflat*", "zip")),
    Question("best", 4, ("best", "smallest")),
)
OTHERS = tuple(replace(variant, required=False) for variant in VARIANTS_L02[:2])
L02_RULES = SummaryRules(folder="summaries/l02", variants=VARIANTS_L02, questions=QUESTIONS_L02)
L03_RULES = SummaryRules(
    folder="summaries/l03",
    variants=VARIANTS_L03 + OTHERS,
    questions=QUESTIONS_L03,
    quantities=(*ALWAYS, Quantity.DEFLATION, Quantity.ZIP_BYTES),
    parameters=32_021,
)
CASES = {"l02_en": L02_RULES, "l02_pl": L02_RULES, "l03_de": L03_RULES, "l03_zh": L03_RULES}

Reviewing = Callable[..., Review]


@pytest.fixture
def review(tmp_path: Path) -> Reviewing:
    """Reviews a summary's text in a submission that has all the images."""

    def reviewing(name: str, change: Callable[[str], str] = lambda text: text, **more: object) -> Review:
        rules = CASES[name]
        root = tmp_path / "submission"
        folder = root / rules.folder
        folder.mkdir(parents=True, exist_ok=True)
        text = change((DATA / f"{name}.md").read_text(encoding="utf-8"))
        (folder / "summary.md").write_text(text, encoding="utf-8")
        names = sorted({target.rpartition("/")[2] for target in re.findall(r"img/[\w.-]+png", text)})
        put(folder / "img", names)
        return review_summary(root, rules, **more)

    return reviewing


@pytest.mark.parametrize("name", CASES)
def test_a_good_summary_has_no_findings(review: Reviewing, name: str) -> None:
    """Every required figure is found, nothing is impossible or contradictory, each variant's image is known."""
    found = review(name)
    assert found.findings == ()
    assert found.notes == ()
    names = L02 if "l02" in name else L03
    assert {one.variant for one in found.images} == set(names)
    for variant in names:
        for quantity in CASES[name].quantities:
            assert len(found.claims.of(variant, quantity)) >= 1
    assert {claim.value for claim in found.claims.of(MODEL, Quantity.PARAMETERS)} == {32_021}


@pytest.mark.parametrize("name", CASES)
def test_languages_give_the_same_figures(review: Reviewing, name: str) -> None:
    """The same lab in two languages and layouts reads the same."""
    other = {"l02_en": "l02_pl", "l02_pl": "l02_en", "l03_de": "l03_zh", "l03_zh": "l03_de"}[name]
    one, two = review(name).claims, review(other).claims
    for variant in L02 if "l02" in name else L03:
        for quantity in CASES[name].quantities:
            (first, *_), (second, *_) = one.of(variant, quantity), two.of(variant, quantity)
            assert first.value == pytest.approx(second.value, rel=1e-3, abs=1e-4), (variant, quantity)


@pytest.mark.parametrize("name", CASES)
def test_answers_are_quoted_for_the_marker(review: Reviewing, name: str) -> None:
    """Each question's own passage is found, in order, with its place."""
    answers = review(name).answers
    lines = [answer.quote.place.line for answer in answers if answer.quote]
    assert len(lines) == 4
    assert lines == sorted(set(lines))
    text = (DATA / f"{name}.md").read_text(encoding="utf-8").split("\n")
    assert lines == [
        index + 1 for index, line in enumerate(text) if re.match(r"### \d\.|\d\. |### (FP32 a|Najl|Wpł|Kal|问题)", line)
    ]
    assert all(answer.words > 8 for answer in answers)


SLIPS: dict[str, tuple[str, Callable[[str], str], Check, str, tuple[str, ...]]] = {
    "FP32 size stated twice": (
        "l02_en",
        lambda text: text.replace("an FP32 file of 131 KB becomes one of 59.5 KB", "the FP32 file has 160 KB"),
        Check.CONTRADICTION, "tflite-fp32", ("| FP32 | 131,072 B |", "has 160 KB"),
    ),
    "accuracy stated twice": (
        "l02_en",
        lambda text: text.replace("accuracy of FP32 is 93.7 %", "accuracy of FP32 is 91.7 %"),
        Check.CONTRADICTION, "tflite-fp32", ("| tflite-fp32 | 0.9369", "is 91.7 %"),
    ),
    "accuracy stated twice, in Polish": (
        "l02_pl",
        lambda text: text.replace("## Macierze", "Dokładność FP32: 90,1 %\n\n## Macierze"),
        Check.CONTRADICTION, "tflite-fp32", ("TFLite FP32 | 93,69 %", "FP32: 90,1 %"),
    ),
    "size stated twice, in German": (
        "l03_de",
        lambda text: text.replace("## Wahrheits", "Die FP32-Datei hat 151,1 KB.\n\n## Wahrheits"),
        Check.CONTRADICTION, "tflite-fp32", ("131,1 KB", "151,1 KB"),
    ),
    "size stated twice, in Chinese": (
        "l03_zh",
        lambda text: text + "\n- FP32 文件大小：151 KB\n",
        Check.CONTRADICTION, "tflite-fp32", ("131,072 字节", "151 KB"),
    ),
    "a variant left out": (
        "l02_en",
        lambda text: re.sub(r"\| tflite-int8-0.3 .*\n", "", text),
        Check.MISSING, "tflite-int8-0.3", (),
    ),
    "a cell left out, in Polish": (
        "l02_pl",
        lambda text: text.replace("| 92,55 %", "| brak"),
        Check.MISSING, "tflite-int8-0.08", ("kalibracja 8 % | 93,24 %",),
    ),
    "a row left empty, in German": (
        "l03_de",
        lambda text: text.replace("| 16 | 90,8 | 91,5 | 90,8 | 89,7 | 4,17 |", "| 16 | - | - | - | - | - |"),
        Check.MISSING, "clustered-16-fp32", ("| 16 |",) * 5,
    ),
    "an image left out, in Chinese": (
        "l03_zh",
        lambda text: text.replace("![聚类 16](img/c16.png)\n", ""),
        Check.IMAGE, "clustered-16-fp32", (),
    ),
    "a G-mean above the sensitivity": (
        "l02_en",
        lambda text: text.replace("0.9255", "0.9555"),
        Check.IMPOSSIBLE, "tflite-int8-0.08", ("0.9555", "0.9555"),
    ),
    "a decimal comma lost, in Polish": (
        "l02_pl",
        lambda text: text.replace("| 93,24 % | 93,54 %", "| 932,4 % | 93,54 %"),
        Check.IMPOSSIBLE, "tflite-int8-0.08", ("932,4 %",),
    ),
    "the archive's size given as the file's": (
        "l03_de",
        lambda text: text.replace("131,1 KB", "56,6 KB"),
        Check.IMPOSSIBLE, "tflite-fp32", ("56,6 KB",),
    ),
    "one deflation inverted, in Chinese": (
        "l03_zh",
        lambda text: text.replace("74.5%", "25.5%"),
        Check.INVERTED, "clustered-4-fp32", ("压缩率", "ZIP", "131,072"),
    ),
    "a placeholder left, in German": (
        "l03_de",
        lambda text: text.replace("## Fragen", "## Zum Schluss\n\nwird noch ergänzt\n\n## Fragen"),
        Check.PLACEHOLDER, MODEL, ("wird noch ergänzt",),
    ),
    "a placeholder left, in Polish": (
        "l02_pl",
        lambda text: text.replace("## Wyniki", "## Wyniki\n\nDo uzupełnienia!\n"),
        Check.PLACEHOLDER, MODEL, ("Do uzupełnienia",),
    ),
}  # fmt: skip


@pytest.mark.parametrize("slip", SLIPS)
def test_each_slip_has_its_own_finding(review: Reviewing, slip: str) -> None:
    """One mistake, one finding, with the places that show it; everything else stays without."""
    name, change, check, variant, snippets = SLIPS[slip]
    found = review(name, change)
    (finding,) = found.findings
    assert (finding.check, finding.variant) == (check, variant)
    lines = found.summary.files[0].text.split("\n")
    assert len(finding.quotes) == len(snippets)
    for quote, snippet in zip(finding.quotes, snippets, strict=True):
        assert quote.place.file == f"{CASES[name].folder}/summary.md"
        assert snippet in lines[quote.place.line - 1]
        assert quote.text in lines[quote.place.line - 1].replace("`", "")
    assert finding.measured
    assert finding.expected
    assert finding.cause
    assert finding.next


def test_all_deflations_inverted_is_one_finding_a_kind(review: Reviewing) -> None:
    """Kept for saved throughout: the trend tells, for clusters and for sparsities."""

    def invert(text: str) -> str:
        before, after = text.split("## Deflation")
        turned = re.sub(r"(\d+),(\d) %", lambda m: f"{100 - float(m[1] + '.' + m[2]):.1f} %".replace(".", ","), after)
        return before + "## Deflation" + turned

    findings = review("l03_de", invert).findings
    assert {finding.check for finding in findings} == {Check.INVERTED}
    assert {finding.variant for finding in findings} >= {"clustered-2-fp32", "pruned-0.2-fp32"}


def test_claims_beside_evidence(review: Reviewing) -> None:
    """What was measured is compared within tolerances, and only what was measured."""
    measured = {
        "tflite-fp32": {Quantity.BYTES: 131_072.0, Quantity.ACCURACY: 0.937},
        "native": {Quantity.ACCURACY: 0.90},
    }
    tolerances = {Quantity.BYTES: Tolerance(relative=0.001), Quantity.ACCURACY: Tolerance(absolute=0.02)}
    (finding,) = review("l02_en", measured=measured, tolerances=tolerances).findings
    assert finding.check is Check.EVIDENCE
    assert finding.variant == "native"
    assert "93.69 %" in finding.measured
    assert "90 %" in finding.expected


def test_the_given_page_is_no_summary(tmp_path: Path) -> None:
    """The template alone is no submission; beside a summary it is not read."""
    given = (
        "# What belongs here\n\nWrite `summary.md` in this folder, with a table of accuracies: native, tflite-fp32.\n"
    )
    folder = tmp_path / "summaries" / "l02"
    folder.mkdir(parents=True)
    (folder / "README.md").write_text(given.replace("\n", "\r\n"))
    rules = replace(L02_RULES, template=given)
    found = review_summary(tmp_path, rules)
    assert found.summary.missing
    assert found.findings == ()
    assert all(answer.quote is None for answer in found.answers)
    (folder / "summary.md").write_text("native: accuracy 93 %\n")
    assert [file.path for file in review_summary(tmp_path, rules).summary.files] == ["summaries/l02/summary.md"]


def test_notes_of_documents_come_through(review: Reviewing) -> None:
    """Text beyond the bounds is left out, and that is said."""
    notes = review("l02_en", lambda text: text + "x" * 5000).notes
    assert len(notes) == 1
    assert "longer than" in notes[0]
    assert read_document("a\n" * 30_000).notes


def test_variants_that_are_not_required_cost_nothing(review: Reviewing) -> None:
    """A summary of lab 3 need not have lab 2's variants."""
    assert Variant.named("native", required=False) in L03_RULES.variants
    assert not review("l03_zh").about(Check.MISSING)
