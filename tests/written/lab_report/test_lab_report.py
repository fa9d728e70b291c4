"""A lab report in Markdown: found wherever it lies, read in any language, held against evidence."""

from __future__ import annotations

import struct
import time
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from graders.written.claims import Check, Quantity, Question, Tolerance, read_document
from graders.written.lab_report import review_report
from graders.written.lab_report.acceptance import acceptance

from .mnist_lab import ITEMS, LABELS, PLACE, RULES, find_report, items_of, report_claims

REPORTS = Path(__file__).resolve().parents[2] / "data" / "lab_reports"
SOUND = ("report_en.md", "verslag_nl.md", "raport_pl.md", "bericht_de.md", "report_zh.md")
PAGE = "# MNIST compression\n\nConvert the model, quantize it after training, prune it, and write a report in Markdown.\n\n- [ ] Prune the model\n"
TRUTH = {
    ("baseline", "accuracy"): 0.9455,
    ("baseline", "bytes"): 98_928,
    ("tflite", "bytes"): 85_096,
    ("ptq", "accuracy"): 0.9457,
    ("ptq", "bytes"): 24_336,
    ("qat", "accuracy"): 0.9477,
    ("pruned", "accuracy"): 0.966,
    ("pruned", "zip_bytes"): 25_659,
    ("pruned_quantized", "accuracy"): 0.9664,
    ("pruned_quantized", "zip_bytes"): 8_370,
}
MEASURED = {
    "baseline": {Quantity.ACCURACY: 0.95, Quantity.BYTES: 98_928, Quantity.ZIP_BYTES: 78_073},
    "pruned": {Quantity.ACCURACY: 0.96, Quantity.ZIP_BYTES: 25_700},
    "pruned_quantized": {Quantity.ACCURACY: 0.96, Quantity.ZIP_BYTES: 8_400},
}
TOLERANCES = {Quantity.ACCURACY: Tolerance(absolute=0.02), Quantity.BYTES: Tolerance(relative=0.02), Quantity.ZIP_BYTES: Tolerance(relative=0.05)}
CHECKED = replace(RULES, place=replace(PLACE, given=(PAGE,)), tolerances=TOLERANCES)


def placed(root: Path, *names: str, to: str = "mnist_compression/report.md") -> Path:
    target = root / to
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join((REPORTS / name).read_text(encoding="utf-8") for name in names), encoding="utf-8")
    return target


def wrote(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", SOUND)
def test_the_figures_of_every_stage_are_read_in_any_language(name):
    claims = report_claims(read_document((REPORTS / name).read_text(encoding="utf-8"), name))
    for (stage, quantity), value in TRUTH.items():
        found = [one for one in claims.claims if (one.variant, one.quantity) == (stage, quantity)]
        assert [one.sure for one in found] == [True], (stage, quantity)
        assert found[0].low <= value <= found[0].high


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_report_has_no_finding_and_shows_every_item(tmp_path, name):
    placed(tmp_path, name)
    found = review_report(tmp_path, CHECKED, measured=MEASURED)
    assert found.findings == ()
    assert [one.item for one in found.acceptance if one.shown] == [item.id for item in ITEMS]


@pytest.mark.parametrize("name", SOUND)
def test_figures_of_another_model_are_found_in_any_language(tmp_path, name):
    placed(tmp_path, name)
    measured = {"pruned": {Quantity.ACCURACY: 0.81, Quantity.ZIP_BYTES: 78_000}}
    found = review_report(tmp_path, CHECKED, measured=measured).about(Check.EVIDENCE)
    assert [(one.variant, one.sure) for one in found] == [("pruned", True)] * 2


def test_a_report_that_contradicts_itself_is_shown_both_places(tmp_path):
    placed(tmp_path, "contradicting.md")
    (found,) = review_report(tmp_path, CHECKED).findings
    assert (found.check, found.variant, found.sure) == (Check.CONTRADICTION, "pruned", True)
    assert [quote.place.line for quote in found.quotes] == [6, 8]
    assert not any("qq" in quote.text for quote in found.quotes)


def test_placeholders_are_named_and_boxes_left_empty_show_nothing(tmp_path):
    placed(tmp_path, "placeholders.md")
    found = review_report(tmp_path, CHECKED)
    assert len(found.about(Check.PLACEHOLDER)) == 4
    by = {one.item: (one.by, one.unticked) for one in found.acceptance}
    assert (by["convert"], by["ptq"], by["qat"]) == (("tick", False), ("", True), ("", True))


def test_a_figure_in_a_sentence_is_never_sure():
    claims = report_claims(read_document("The pruned model reached an accuracy of 96.6 %."))
    assert not any(claim.sure for claim in claims.claims)


@pytest.mark.parametrize(
    "table",
    [
        "| | Baseline | Pruned |\n|---|---|---|\n| Accuracy | 0.9455 | 0.9660 |\n| Size (bytes) | 98928 | 98000 |",
        "| Model | Accuracy | Size (bytes) |\n|---|---|---|\n| Baseline | 0.9455 | 98928 |\n| Pruned | 0.9660 | 98000 |",
        (
            "<table><tr><th>Model</th><th>Accuracy</th><th>Size [kB]</th></tr><tr><td>Baseline</td><td>94.55%</td>"
            "<td>98.9</td></tr><tr><td>Pruned</td><td>96.6 %</td><td>98.0</td></tr></table>"
        ),
        "- Baseline: accuracy 0.9455, size 98928 bytes\n- Pruned: accuracy 0.9660, size 98000 bytes",
        "## Baseline\n\n- Accuracy: 0.9455\n- Size: 98928 bytes\n\n## Pruned\n\n- Accuracy: 0.9660\n- Size: 98000 bytes",
    ],
)
def test_figures_stand_in_rows_columns_lists_and_below_headings(table):
    claims = report_claims(read_document(table))
    found = {(one.variant, one.quantity.value): round(one.value, 4) for one in claims.claims}
    assert found["baseline", "accuracy"] == 0.9455
    assert found["pruned", "accuracy"] == 0.966
    assert found["pruned", "bytes"] == 98_000


@pytest.mark.parametrize(
    "text, items",
    [
        ("Convert the model to TFLite", {"convert"}), ("Zet het model om: omgezet naar TFLite", {"convert"}),
        ("Post-training quantization", {"ptq"}), ("Kwantisatie na het trainen", {"ptq"}), ("Quantization aware training", {"qat"}),
        ("Prune the model", {"prune"}), ("Model przycięty", {"prune"}), ("剪枝", {"prune"}),
        ("The executed notebook quantization_and_pruning.ipynb", {"notebook"}), ("Uitgevoerd notebook", {"notebook"}),
        ("Prune the model in the notebook", {"prune", "notebook"}), ("Report in Markdown", {"report"}), ("Something else", set()),
    ],
)  # fmt: skip
def test_which_items_a_line_speaks_of(text, items):
    assert items_of(text) == items


@pytest.mark.parametrize("mark, shown", [("[x]", True), ("[X]", True), ("[✓]", True), ("[ ]", False), ("[]", False), ("☑", True), ("✅", True), ("☐", False), ("❌", False)])
def test_ticks_of_every_kind(mark, shown):
    document = read_document(f"- {mark} Prune the model")
    (found,) = acceptance(document, report_claims(document), [item for item in ITEMS if item.id == "prune"], LABELS)
    assert (found.shown, found.unticked) == (shown, not shown)


def test_boxes_in_a_language_that_nobody_knows_are_in_the_lists_order():
    document = read_document("\n".join(f"- [{'x' if at != 3 else ' '}] zzz {at}" for at in range(6)))
    assert [one.shown for one in acceptance(document, report_claims(document), ITEMS, LABELS)] == [True, True, True, False, True, True]


@pytest.mark.parametrize(
    "path",
    ["report.md", "lab-report.md", "verslag.md", "Labverslag MNIST.markdown", "docs/raport.md", "Bericht.md", "a/b/c/rapport.md", "实验报告.md",
     "mnist_compression/README.md", "reports/mnist.md", "labreport3.MD"],
)  # fmt: skip
def test_the_report_is_found_wherever_it_lies(tmp_path, path):
    placed(tmp_path, "report_en.md", to=path)
    wrote(tmp_path / "README.md", "# My labs\n\nAll of my work.\n")
    wrote(tmp_path / "mnist_compression" / "ASSIGNMENT.md", PAGE)
    found = find_report(tmp_path, given=(PAGE,))
    assert found.file is not None
    assert found.file.path == path


@pytest.mark.parametrize("path", ["mnist_compression/README.md", "report.md", "mnist_compression/report.md"])
def test_the_given_page_is_nobodys_report(tmp_path, path):
    wrote(tmp_path / path, PAGE.replace("\n", "\r\n"))
    found = find_report(tmp_path, given=(PAGE,))
    assert found.file is None
    assert "own page" in found.notes[0]


def test_a_page_that_was_written_over_is_a_report(tmp_path):
    wrote(tmp_path / "mnist_compression/README.md", PAGE + (REPORTS / "report_en.md").read_text(encoding="utf-8"))
    assert find_report(tmp_path, given=(PAGE,)).file is not None


@pytest.mark.parametrize("path", ["README.md", "notes.md", "LICENSE.md", ".github/report.md", "node_modules/report.md", "summaries/l03/report.md"])
def test_what_is_about_something_else_is_no_report(tmp_path, path):
    wrote(tmp_path / path, "# Cats\n\nA pruned cat, and a summary of another lab: report.\n")
    found = review_report(tmp_path, replace(RULES, place=replace(PLACE, skip=("summaries",))))
    assert found.missing
    assert found.acceptance == ()


def test_a_page_of_another_lab_is_no_report_but_a_readme_beside_the_notebook_is(tmp_path):
    placed(tmp_path, "report_en.md", to="l03/README.md")
    assert find_report(tmp_path).file is None
    wrote(tmp_path / "l03" / "lab.ipynb", "{}")
    assert find_report(tmp_path).file is not None


def test_figures_below_a_title_are_of_no_stage():
    text = "# Quantization and pruning\n\n- Accuracy: 0.5\n\n## Pruning and quantization\n\n- Accuracy: 0.6\n\n## Pruned\n\n- Accuracy: 0.7\n"
    claims = report_claims(read_document(text)).claims
    assert [(claim.variant, claim.value) for claim in claims] == [("pruned", 0.7)]


def test_an_overview_of_the_course_is_no_report(tmp_path):
    wrote(tmp_path / "README.md", "# Labs\n\n- Lab 2: post-training quantization of a baseline\n- Lab three: pruned models\n")
    assert find_report(tmp_path).file is None


def test_a_report_in_another_format_is_for_a_person(tmp_path):
    wrote(tmp_path / "report.pdf", "%PDF")
    found = review_report(tmp_path, CHECKED)
    assert (found.missing, found.found.pending) == (False, ("report.pdf",))


def test_of_two_reports_the_one_in_the_labs_folder_is_taken_and_that_is_said(tmp_path):
    placed(tmp_path, "report_en.md", to="old/report.md")
    placed(tmp_path, "report_en.md")
    found = find_report(tmp_path)
    assert found.file is not None
    assert found.file.path == "mnist_compression/report.md"
    assert found.others == ("old/report.md",)
    assert "old/report.md" in found.notes[-1]


def test_no_link_is_followed(tmp_path):
    outside = placed(tmp_path, "report_en.md", to="outside/report.md")
    root = tmp_path / "root"
    root.mkdir()
    (root / "report.md").symlink_to(outside)
    (root / "folder").symlink_to(outside.parent)
    assert find_report(root).file is None


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 32, 32, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 33 * 32)) + chunk(b"IEND", b"")


def test_images_must_be_there_and_be_images(tmp_path):
    path = placed(tmp_path, "report_en.md")
    wrote(path, path.read_text(encoding="utf-8") + "\n![a](a.png)\n![b](b.png)\n![c](none.png)\n![d](../../outside.png)\n")
    (path.parent / "a.png").write_bytes(png())
    (path.parent / "b.png").write_text("no image")
    found = review_report(tmp_path, CHECKED)
    assert [bool(one.problem) for one in found.images] == [False, True, True, True]
    assert len([one for one in found.about(Check.IMAGE) if one.sure]) == 3


def test_answers_are_quoted_for_a_person(tmp_path):
    placed(tmp_path, "report_en.md")
    question = Question("zeros", 1, ("pruning", "zip*", "zero*"))
    (answer,) = review_report(tmp_path, replace(RULES, questions=(question,))).answers
    assert answer.quote is not None
    assert "eight tenths" in answer.quote.text


@settings(deadline=2_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_reviewed(tmp_path, data):
    path = tmp_path / "mnist_compression" / "report.md"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"# pruned, baseline: accuracy\n" + data)
    review_report(tmp_path, CHECKED, measured=MEASURED)


WORDS = st.sampled_from(["Baseline", "Pruned", "PTQ", "QAT", "x", "| a | b |", "- [x] Prune", "0.95", "96,6 %", "accuracy:", "qqaqq", "TODO", "\n", "\n\n", "|---|---|"])


@settings(deadline=2_000)
@given(st.lists(WORDS, max_size=25).map(" ".join))
@example("- [x] Prune PTQ accuracy: 0.95")
def test_any_order_of_labels_and_figures_is_read(text):
    document = read_document(text)
    claims = report_claims(document)
    assert len(acceptance(document, claims, ITEMS, LABELS)) == len(ITEMS)
    stages = {"baseline", "pruned", "ptq", "qat", "pruned_quantized"}
    assert all(set(claim.variants) <= stages or "qqaqq" in text for claim in claims.claims)


@pytest.mark.parametrize("text", ["pruned " * 40_000, "| pruned " * 20_000, "- [x] " * 30_000, "qqaqq" * 40_000, "- pruned: 0.9\n" * 3_000])
def test_no_report_takes_long(tmp_path, text):
    wrote(tmp_path / "report.md", "# pruned and baseline\n" + text)
    before = time.process_time()
    review_report(tmp_path, CHECKED)
    assert time.process_time() - before < 5


def test_the_reports_of_this_folder_are_all_looked_at():
    assert {path.name for path in REPORTS.iterdir()} == {*SOUND, "placeholders.md", "contradicting.md"}
