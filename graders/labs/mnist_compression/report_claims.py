"""What the checks of the submitted notebook and of the report find wrong, in words."""

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
# Files whose size does not depend on how they are saved.
SIZED = ("tflite", "ptq", "qat_tflite", "pruned_quantized")


def not_executed(found: NotebookReview) -> str:
    """The first reason why a submitted notebook does not count as executed, in words; ``""`` for none."""
    return {
        "no_outputs": "a script was submitted, which has no outputs"
        if not found.executed_known
        else f"cells that print something have no output ({_cells(found.silent)})",
        "not_executed": f"{len(found.unexecuted)} of {len(found.code_cells)} code cells were not executed "
        f"({_cells(found.unexecuted)})"
        if found.unexecuted
        else "",
        "out_of_order": f"{found.order.value} ({_cells(found.order_cells)})",
        "errors_left": "; ".join(f"cell {each.cell + 1} failed with {each.text[:200]}" for each in found.errors[:1]),
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
    """The placeholders that were left in the report."""
    from graders.written.claims import Check

    for finding in review.about(Check.PLACEHOLDER):
        if finding.sure:
            yield finding.measured


def contradictions(found: NotebookReview) -> Iterator[str]:
    """Numbers in the outputs that can't come from one run."""
    from graders.submission.notebooks import disagreements

    for each in disagreements(found.metrics, LABELS):
        if each.sure:
            one, other = each.one, each.other
            yield f"{one.label}: {one.text} in cell {one.cell + 1}, {other.text} in cell {other.cell + 1}"


def other_sizes(found: NotebookReview, measured: Mapping[str, Mapping[str, float]], lab: Lab) -> Iterator[str]:
    """Numbers in the outputs that the same code does not reproduce when it is executed."""
    against = _Comparison(measured, lab)
    for each in found.metrics:
        said = against.with_measured(each, each.stage or "", QUANTITIES[each.quantity])
        if said:
            yield f"{each.label}: {each.text} in cell {each.cell + 1}, {said}"
    against.observe()


@dataclass
class _Comparison:
    """Stated numbers compared with measurements; the largest differences become evidence, by threshold."""

    measured: Mapping[str, Mapping[str, float]]
    lab: Lab
    worst: dict[str, float] = field(default_factory=dict)

    def with_measured(self, number: PrintedMetric | Claim, stage: str, quantity: str) -> str:
        """What was measured instead, in words; ``""`` if the number is close enough, or nothing was measured."""
        right = self.measured.get(stage, {}).get(quantity)
        if right is None or (quantity == "size" and stage not in SIZED):
            return ""
        threshold = f"claimed_{quantity}"
        off = self._off(number, quantity, right)
        self.worst[threshold] = max(off, self.worst.get(threshold, 0.0))
        return "" if off <= self.lab.thresholds[threshold] else f"but {_formatted(quantity, right)} when it is executed"

    def _off(self, number: PrintedMetric | Claim, quantity: str, right: float) -> float:
        """How far: of an accuracy the difference; of a size a share, the headers of an archive aside."""
        if quantity == "accuracy":
            return abs(number.value - right)
        headers = self.lab.thresholds["archive_bytes"]
        return max(right - number.high, number.low - right - headers, 0.0) / max(right, 1.0)

    def observe(self) -> None:
        """Records how far off the numbers were."""
        for threshold, off in self.worst.items():
            check_threshold(self.lab, threshold, off)


def any_confirmed(
    numbers: Iterable[PrintedMetric | Claim], measured: Mapping[str, Mapping[str, float]], lab: Lab
) -> bool:
    """Whether at least one number is what the grader measured: of its stage, or if that is unknown, of any."""
    return any(_is_confirmed(number, measured, lab) for number in numbers)


def _is_confirmed(number: PrintedMetric | Claim, measured: Mapping[str, Mapping[str, float]], lab: Lab) -> bool:
    quantity, stage = QUANTITIES.get(str(number.quantity), ""), _stage(number)
    for known in [measured[stage]] if stage in measured else measured.values():
        right = known.get(quantity)
        if right is None:
            continue
        slack = lab.thresholds[f"claimed_{quantity}"]
        if quantity != "accuracy":
            slack = slack * right + lab.thresholds["archive_bytes"]
        if number.low - slack <= right <= number.high + slack:
            return True
    return False


def _stage(number: PrintedMetric | Claim) -> str:
    """The one stage that a number belongs to, ``""`` if it may belong to several or none."""
    from graders.written.claims.model import Claim

    if isinstance(number, Claim):
        return number.variants[0] if len(number.variants) == 1 else ""
    return number.stage or ""


def _formatted(quantity: str, value: float) -> str:
    return f"{value:.1%}" if quantity == "accuracy" else f"{value:,.0f} bytes"


def require_report(review: ReportReview) -> None:
    """:raises RunError: if there is no report. :raises NeedsManualReview: if it is in a format that can't be parsed."""
    if review.missing:
        raise RunError(Verdict.MISSING, "no lab report in Markdown was found")
    if review.found.file is None:
        raise NeedsManualReview(f"the report is {review.found.pending}, which must be read manually")


def false_claims(static_review: StaticReview, lab: Lab) -> list[str]:
    """Numbers of the report that contradict each other, the notebook's outputs or the files."""
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
    """What the notebook's outputs show for a stage, if none of its numbers is the claimed one."""
    numbers = [
        each
        for each in (printed.metrics if printed is not None else ())
        if each.stage == stage and QUANTITIES[each.quantity] == quantity and quantity == "accuracy"
    ]
    slack = lab.thresholds["claimed_printed"]
    if not numbers or any(each.low - slack <= value <= each.high + slack for each in numbers):
        return ""
    return f"but {numbers[0].text} in the output of cell {numbers[0].cell + 1}"
