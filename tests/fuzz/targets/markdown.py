"""A summary and a lab report in Markdown: tables, lists, claims in many languages, images, answers."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import cache

from graders.core.errors import RunError
from graders.core.paths import LABS, TEMPLATE
from graders.framework import static_review
from graders.framework.checks import CheckFailed, NeedsManualReview
from graders.framework.lab_toml import load
from graders.framework.model_stats import ModelStats
from graders.framework.static_review_charts import claims_charts
from graders.labs.mnist_compression.report_items import report_items
from graders.labs.mnist_compression.stage_labels import LABELS
from graders.written.claims import Question
from graders.written.lab_report import ReportPlace, ReportRules, review_report
from tests.fuzz.mutations import combined, plain, text
from tests.fuzz.target import ROOT, Target, require_one_line, scratch
from tests.fuzz.targets import image

LAB2, LAB3, MNIST = (load(LABS / name) for name in ("l02_quantization", "l03_pruning_clustering", "mnist_compression"))
FACTS = {"accuracy": 0.9369, "precision": 0.94, "sensitivity": 0.9369, "g_mean": 0.93, "bytes": 126504.0, "deflate_bytes": 112654.0, "deflation": 0.11}
STATS = ModelStats(131072, 112654, 32021)
TOKENS = (
    "|", "|---|", "|:-:|---:|", "| accuracy |", "\t", "    ", "> ", "- ", "1. ", "# ", "```", "~~~", "<table><tr><td>", "</table>", "<td>", "<!--", "-->",
    "![", "](", "img/ok.png", "![x](img/ok.png)", "[a]: img/ok.png", "![][a]", "data:image/png;base64,", "**", "__", "`", "$$", "\\", "&nbsp;", "&#x110000;",
    "fp32", "int8", "accuracy", "93.7 %", "0,9369", "1 234,5", "1.2e400", "126 KB", "60 MiB", "32,021 parameters", "times smaller", "2x", "±", "~", "≈", "1/3",
    "from 0.93 to 0.92", "%", "‰", "KB", "ms", "12:30", "2026-11-30", "准确率", "百分之九十", "dokładność", "Genauigkeit", "+---+---+", "=====", "-----", "①", "½",
)  # fmt: skip


@cache
def report_rules() -> ReportRules:
    """As the MNIST lab has them."""
    given = tuple(path.read_text(encoding="utf-8") for path in sorted(TEMPLATE.rglob("*.md")))
    questions = tuple(Question(each["id"], number, tuple(each["keys"])) for number, each in enumerate(MNIST.settings["questions"], 1))
    place = ReportPlace(folder=MNIST.id, given=given, skip=("summaries",))
    return ReportRules(labels=LABELS, items=report_items(), place=place, questions=questions)


def run(data: bytes) -> None:
    """One of the three reviews of a text, for each takes a while; which one follows from the text."""
    place = zlib.crc32(data) % 3
    if place < 2:
        review_summary(data, (LAB2, LAB3)[place])
    else:
        review_as_report(data)


def review_as_report(data: bytes) -> None:
    """As the MNIST lab does it."""
    folder = scratch() / "report"
    if not folder.exists():
        (folder / "img").mkdir(parents=True)
        (folder / "img" / "ok.png").write_bytes(image.png())
    (folder / "report.md").write_bytes(data)
    measured = dict.fromkeys(LABELS.titles, FACTS)
    found = review_report(folder, report_rules(), measured=_by_quantity(measured))
    for note in found.notes:
        require_one_line(note)
    for finding in found.findings:
        require_one_line(finding.measured)


def _by_quantity(measured):
    from graders.written.claims import Quantity

    known = set(Quantity)
    return {stage: {Quantity(name): value for name, value in facts.items() if name in known} for stage, facts in measured.items()}


def review_summary(data: bytes, lab) -> None:
    """As a lab's checks do it: all that they raise is an outcome."""
    folder = scratch() / lab.id
    if not folder.exists():
        (folder / lab.summary.folder / "img").mkdir(parents=True)
        (folder / lab.summary.folder / "img" / "ok.png").write_bytes(image.png())
        (folder / lab.summary.folder / "img" / "native-confusion-matrix.png").write_bytes(image.png() + b"x")
        (folder / lab.summary.folder / "img" / "broken.png").write_bytes(b"GIF89a")
    (folder / lab.summary.folder / "summary.md").write_bytes(data)
    facts = dict.fromkeys(lab.summary.variants.values(), FACTS)
    static_review.summary_digest(folder, lab)
    try:
        found = static_review.review(folder, lab, facts, lambda: STATS)
    except RunError as error:
        require_one_line(error)
        return
    for chart in claims_charts(found):
        chart.to_json()
    checks = [
        lambda: static_review.require_figures(found, sizes=False), lambda: static_review.require_figures(found, sizes=True),
        lambda: static_review.require_images(found), lambda: static_review.require_sound(found),
        *(lambda each=each: static_review.quote_answer(found, each.id) for each in lab.summary.questions),
    ]  # fmt: skip
    for check in checks:
        try:
            check()
        except CheckFailed as failed:
            require_one_line(failed.measured)
        except NeedsManualReview:
            pass


def seeds() -> Sequence[bytes]:
    files = [*sorted((ROOT / "tests" / "data" / "claims").glob("*.md")), *sorted((ROOT / "tests" / "data" / "lab_reports").glob("*.md"))]
    forms = (
        "| a | b |\n|---|---|\n| fp32 | 0.93 |\n", "<table><tr><th>model<th>accuracy</tr><tr><td>fp32<td>0.93</table>\n",
        "+------+------+\n| fp32 | 0.93 |\n+------+------+\n", "- fp32: accuracy 93.7 %, 126 KB\n- int8: **91** %\n\n1. Because int8 is 4x smaller.\n",
        "```\nModel accuracy: 0.9369\nfp32      126504  0.93\n```\n\n![fp32](img/ok.png)\n\n![x][y]\n\n[y]: img/broken.png\n",
    )  # fmt: skip
    whole = [file.read_text(encoding="utf-8") for file in files]
    parts = [f"## {part}" for each in whole for part in each.split("\n## ")[1:]]
    return [each.encode() for each in (*forms, *parts, *whole[:2])]


TARGET = Target(
    name="markdown", reads="summaries and reports in Markdown, with their images", run=run, seeds=seeds,
    mutate=combined(text(*TOKENS, bases=seeds), text(*TOKENS, bases=seeds), text(*TOKENS), plain), suffix=".md",
    libraries=("markdown_it",), max_bytes=1 << 16, few=60,
)  # fmt: skip
