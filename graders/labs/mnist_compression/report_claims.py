"""What the checks of the notebook as handed in and of the report find wrong, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graders.core.errors import RunError
from graders.core.verdicts import Verdict
from graders.framework.checks import NeedsManualReview, check_threshold
from graders.labs.mnist_compression.stage_labels import LABELS

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.labs.mnist_compression.static_review import StaticReview
    from graders.submission.notebooks import NotebookReview, PrintedMetric
    from graders.written.claims.model import Claim
    from graders.written.lab_report import ReportReview

SHOWN = 3
MOST_CELLS = 6
QUANTITIES = {"bytes": "size", "zipped_bytes": "zipped", "zip_bytes": "zipped", "accuracy": "accuracy"}
# Files whose size does not hang on how they are saved.
SIZED = ("tflite", "ptq", "qat_tflite", "pruned_quantized")


def not_executed(found: NotebookReview) -> str:
    """The first thing for which a notebook as handed in does not count as executed, in words; ``""`` for none."""
    return {
        "no_outputs": "a script, which has no outputs"
        if not found.executed_known
        else f"cells that print have no output ({_cells(found.silent)})",
        "not_executed": f"{len(found.unexecuted)} of {len(found.code_cells)} code cells were not executed "
        f"({_cells(found.unexecuted)})"
        if found.unexecuted
        else "",
        "out_of_order": f"{found.order.value} ({_cells(found.order_cells)})",
        "errors_left": "; ".join(f"cell {each.cell + 1} ended with {each.text[:200]}" for each in found.errors[:1]),
    }[why_not_executed(found)]


def why_not_executed(found: NotebookReview) -> str:
    """The hint for it."""
    from graders.submission.notebooks import Order

    if not found.executed_known:
        return "no_outputs"
    if found.unexecuted:
        return "not_executed"
    if found.order in (Order.BROKEN, Order.REPEATED):
        return "out_of_order"
    if found.errors:
        return "errors_left"
    return "no_outputs" if found.silent else "not_executed"


def _cells(places: tuple[int, ...]) -> str:
    names = ", ".join(str(place + 1) for place in places[:MOST_CELLS])
    return f"cell{'s' if len(places) > 1 else ''} {names}{' …' if len(places) > MOST_CELLS else ''}"


def placeholders(review: ReportReview) -> Iterator[str]:
    """What was left to be filled in in the report."""
    from graders.written.claims import Check

    for finding in review.about(Check.PLACEHOLDER):
        if finding.sure:
            yield finding.measured


def contradictions(found: NotebookReview) -> Iterator[str]:
    """Figures in the outputs that can't be of one run."""
    from graders.submission.notebooks import disagreements

    for each in disagreements(found.metrics, LABELS):
        if each.sure:
            one, other = each.one, each.other
            yield f"{one.label}: {one.text} in cell {one.cell + 1}, {other.text} in cell {other.cell + 1}"


def other_sizes(found: NotebookReview, measured: Mapping[str, Mapping[str, float]], lab: Lab) -> Iterator[str]:
    """Figures in the outputs that the same code does not give when it is executed."""
    against = _Comparison(measured, lab)
    for each in found.metrics:
        said = against.with_measured(each, each.stage or "", QUANTITIES[each.quantity])
        if said:
            yield f"{each.label}: {each.text} in cell {each.cell + 1}, {said}"
    against.observe()


@dataclass
class _Comparison:
    """Figures held against what was measured; how far off they are at most becomes evidence, by threshold."""

    measured: Mapping[str, Mapping[str, float]]
    lab: Lab
    worst: dict[str, float] = field(default_factory=dict)

    def with_measured(self, figure: PrintedMetric | Claim, stage: str, quantity: str) -> str:
        """What was measured instead, in words; ``""`` where the figure is near enough, or nothing was measured."""
        right = self.measured.get(stage, {}).get(quantity)
        if right is None or (quantity == "size" and stage not in SIZED):
            return ""
        threshold = f"claimed_{quantity}"
        off = self._off(figure, quantity, right)
        self.worst[threshold] = max(off, self.worst.get(threshold, 0.0))
        return "" if off <= self.lab.thresholds[threshold] else f"{_told(quantity, right)} when it is executed"

    def _off(self, figure: PrintedMetric | Claim, quantity: str, right: float) -> float:
        """How far: of an accuracy the difference; of a size a share, the headers of an archive aside."""
        if quantity == "accuracy":
            return abs(figure.value - right)
        headers = self.lab.thresholds["archive_bytes"]
        return max(right - figure.high, figure.low - right - headers, 0.0) / max(right, 1.0)

    def observe(self) -> None:
        """Tells how far off the figures were."""
        for threshold, off in self.worst.items():
            check_threshold(self.lab, threshold, off)


def any_borne_out(
    figures: Iterable[PrintedMetric | Claim], measured: Mapping[str, Mapping[str, float]], lab: Lab
) -> bool:
    """Whether at least one figure is what the grader measured: of its stage, or where that is not told, of any."""
    return any(_is_borne_out(figure, measured, lab) for figure in figures)


def _is_borne_out(figure: PrintedMetric | Claim, measured: Mapping[str, Mapping[str, float]], lab: Lab) -> bool:
    quantity, stage = QUANTITIES.get(str(figure.quantity), ""), _stage(figure)
    for known in [measured[stage]] if stage in measured else measured.values():
        right = known.get(quantity)
        if right is None:
            continue
        slack = lab.thresholds[f"claimed_{quantity}"]
        if quantity != "accuracy":
            slack = slack * right + lab.thresholds["archive_bytes"]
        if figure.low - slack <= right <= figure.high + slack:
            return True
    return False


def _stage(figure: PrintedMetric | Claim) -> str:
    """The one stage that a figure speaks of, ``""`` where it may be of several or of none."""
    from graders.written.claims.model import Claim

    if isinstance(figure, Claim):
        return figure.variants[0] if len(figure.variants) == 1 else ""
    return figure.stage or ""


def _told(quantity: str, value: float) -> str:
    return f"{value:.1%}" if quantity == "accuracy" else f"{value:,.0f} bytes"


def require_report(review: ReportReview) -> None:
    """:raises RunError: where there is no report. :raises NeedsManualReview: where only a person can read it."""
    if review.missing:
        raise RunError(Verdict.MISSING, "no lab report in Markdown was found")
    if review.found.file is None:
        raise NeedsManualReview(f"the report is {review.found.pending}, which a person has to read")


def false_claims(static_review: StaticReview, lab: Lab) -> list[str]:
    """What the report states and can't be: against itself, against the notebook's outputs, against the files."""
    from graders.written.claims import Check

    review = static_review.review
    wrong = [finding.measured for finding in review.about(Check.CONTRADICTION) if finding.sure]
    printed = static_review.notebook.value
    against = _Comparison(static_review.measured, lab)
    for claim in review.claims.claims:
        quantity = QUANTITIES.get(claim.quantity.value, "")
        if len(claim.variants) != 1 or not claim.sure or not quantity:
            continue
        said = _against_outputs(claim.variants[0], quantity, claim.value, printed, lab)
        said = said or against.with_measured(claim, claim.variants[0], quantity)
        if said:
            wrong.append(f"{claim.variants[0]}: {claim.text.strip()[:60]} ({claim.place}), {said}")
    against.observe()
    return wrong


def _against_outputs(stage: str, quantity: str, value: float, printed: NotebookReview | None, lab: Lab) -> str:
    """What the notebook's outputs say of a stage where none of its figures is the one that is claimed."""
    figures = [
        each
        for each in (printed.metrics if printed is not None else ())
        if each.stage == stage and QUANTITIES[each.quantity] == quantity and quantity == "accuracy"
    ]
    slack = lab.thresholds["claimed_printed"]
    if not figures or any(each.low - slack <= value <= each.high + slack for each in figures):
        return ""
    return f"{figures[0].text} in the output of cell {figures[0].cell + 1}"
