"""What the checks of the submitted notebook and of the report find wrong, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graders.core.errors import RunError
from graders.core.text import SHORT, plain_line
from graders.core.verdicts import Verdict
from graders.framework.checks import NeedsManualReview, check_threshold

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.labs.mnist_compression.static_review import StaticReview
    from graders.submission.notebooks import NotebookReview, PrintedMetric
    from graders.written.claims.model import Claim
    from graders.written.lab_report import ReportReview

SHOWN = 3
MOST_CELLS = 6
QUANTITIES = {"bytes": "size", "zipped_bytes": "zipped", "zip_bytes": "zipped", "size": "size", "accuracy": "accuracy"}
SAME_UNIT, OTHER_RUN = 0.03, 0.1
"""How far a stated size may be from an output, which may count 1,024 bytes as a kilobyte, and from another run's."""
# Files whose size does not depend on how they are saved.
SIZED = ("tflite", "ptq", "qat_tflite", "pruned_quantized")


def execution_faults(found: NotebookReview) -> dict[str, str]:
    """What is missing of a submitted notebook's execution, in words, by the hint for it."""
    from graders.submission.notebooks import Order

    if not found.executed_known:
        return {"no_outputs": "a script was submitted, which has no outputs"}
    if not found.code_cells:
        return {"not_executed": "the notebook has no code cells"}
    cells, faults = len(found.code_cells), {}
    if found.unexecuted:
        faults["not_executed"] = (
            f"{len(found.unexecuted)} of {cells} code cells were not executed ({_cells(found.unexecuted)})"
        )
    if found.silent:
        faults["no_outputs"] = f"cells that print something have no output ({_cells(found.silent)})"
    if found.errors:
        first = found.errors[0]
        faults["errors_left"] = f"cell {first.cell + 1} failed with {first.text[:200]}"
    if found.order is Order.BROKEN:
        faults["out_of_order"] = f"executed {found.order.value}: {_cells(found.order_cells)}, before a cell above"
    return faults


def execution_hint(faults: Mapping[str, str]) -> str:
    """The hint for the first of these faults."""
    if "not_executed" in faults:
        return "not_executed"
    if "no_outputs" in faults:
        return "no_outputs"
    return "errors_left" if "errors_left" in faults else "out_of_order"


def executed_share(found: NotebookReview, order_share: float) -> float:
    """How much of a submitted notebook's execution is there.

    :param order_share: what the order is worth; the rest is for the share of cells that are complete.
    """
    from graders.submission.notebooks import Order

    complete = 1 - len(found.incomplete) / len(found.code_cells) if found.code_cells else 0.0
    in_order = complete > 0 and found.order is not Order.BROKEN
    return (1 - order_share) * complete + order_share * in_order


def _cells(places: tuple[int, ...]) -> str:
    names = ", ".join(str(place + 1) for place in places[:MOST_CELLS])
    return f"cell{'s' if len(places) > 1 else ''} {names}{' …' if len(places) > MOST_CELLS else ''}"


def listed(faults: Sequence[str]) -> str:
    """The first faults, and how many more there are."""
    different = list(dict.fromkeys(faults))
    more = f"; and {len(different) - SHOWN} more" if len(different) > SHOWN else ""
    return "; ".join(different[:SHOWN]) + more


def placeholders(review: ReportReview) -> Iterator[str]:
    """The placeholders that were left in the report, each with its place."""
    from graders.written.claims import Check

    for finding in review.about(Check.PLACEHOLDER):
        if finding.sure:
            place = f" ({finding.quotes[0].place})" if finding.quotes else ""
            yield f"{finding.measured}{place}"


@dataclass(frozen=True)
class Compared:
    """Numbers that were compared: which are wrong, in words, and how many there were."""

    wrong: tuple[str, ...]
    count: int

    @property
    def share(self) -> float:
        """The share that is right; nothing if most are wrong: they are of other work."""
        return 0.0 if not self.count or 2 * len(self.wrong) > self.count else 1 - len(self.wrong) / self.count


def compare_outputs(found: NotebookReview, measured: Mapping[str, Mapping[str, float]], lab: Lab) -> Compared:
    """The notebook's outputs, compared with each other and with what the same code makes when it is executed.

    A stage may be measured more often than once, before it was trained or with other settings: at least one of its
    numbers must be reproduced.
    """
    against = _Comparison(measured, lab)
    groups: dict[tuple[str, str], list[PrintedMetric]] = {}
    for each in found.metrics:
        if each.stage is not None:
            groups.setdefault((each.stage, each.quantity), []).append(each)
    wrong = list(_contradictions(found))
    for (stage, quantity), metrics in groups.items():
        said = [against.with_measured(each, stage, quantity) for each in metrics]
        if all(said):
            last = metrics[-1]
            wrong.append(f"{last.label}: {last.text} in cell {last.cell + 1}, {said[-1]}")
    against.observe()
    compared = [key for key, metrics in groups.items() if len(metrics) > 1 or against.known(*key)]
    return Compared(tuple(wrong), len(compared))


def _contradictions(found: NotebookReview) -> Iterator[str]:
    """Numbers in the outputs that can't come from one run."""
    for each in found.disagreements:
        if each.sure:
            one, other = each.one, each.other
            yield f"{one.label}: {one.text} in cell {one.cell + 1}, {other.text} in cell {other.cell + 1}"


@dataclass
class _Comparison:
    """Stated numbers compared with measurements; the smallest difference of each becomes evidence, by threshold."""

    measured: Mapping[str, Mapping[str, float]]
    lab: Lab
    worst: dict[str, float] = field(default_factory=dict)

    def known(self, stage: str, quantity: str) -> tuple[str, ...]:
        """What a number of this quantity may be that was measured of a stage: the file's size, or its archive's too."""
        facts = self.measured.get(stage, {})
        own = QUANTITIES.get(quantity, "")
        if own == "accuracy" or not own:
            return (own,) if own in facts else ()
        # A file that is not sized may be saved in several ways, each with another size.
        decided = stage in SIZED or own == "zipped"
        return tuple(name for name in (own, "size", "zipped") if name in facts) if decided and own in facts else ()

    def with_measured(self, number: PrintedMetric | Claim, stage: str, quantity: str) -> str:
        """What was measured instead, in words; ``""`` if the number is close enough, or nothing was measured."""
        known = self.known(stage, quantity)
        if not known:
            return ""
        facts = self.measured[stage]
        fits = [name for name in known if self._off(number, name, facts[name]) <= self._allowed(name)]
        nearest = fits[0] if fits else known[0]
        off, threshold = self._off(number, nearest, facts[nearest]), f"claimed_{nearest}"
        self.worst[threshold] = max(off, self.worst.get(threshold, 0.0))
        return "" if fits else f"but {_formatted(nearest, facts[nearest])} when it is executed"

    def _allowed(self, name: str) -> float:
        return self.lab.thresholds[f"claimed_{name}"]

    def _off(self, number: PrintedMetric | Claim, name: str, right: float) -> float:
        """How far: of an accuracy the difference; of a size a share, the headers of an archive aside."""
        if name == "accuracy":
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
    quantity, stage = str(number.quantity), _stage(number)
    own = QUANTITIES.get(quantity, "")
    names = {own, "zipped"} if quantity == "size" else {own}
    for known in [measured[stage]] if stage in measured else measured.values():
        for name in names & known.keys():
            slack = lab.thresholds[f"claimed_{name}"]
            if name != "accuracy":
                slack = slack * known[name] + lab.thresholds["archive_bytes"]
            if number.low - slack <= known[name] <= number.high + slack:
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


def require_started(static_review: StaticReview) -> None:
    """:raises RunError: if nothing of the notebook is the student's work: what lies beside it is not theirs either."""
    if static_review.not_started:
        raise RunError(Verdict.MISSING, static_review.not_started)


def require_report(review: ReportReview) -> None:
    """:raises RunError: if there is no report. :raises NeedsManualReview: if it is in a format that can't be parsed."""
    if review.missing:
        raise RunError(Verdict.MISSING, "no lab report in Markdown was found")
    if not review.found.files:
        names = ", ".join(plain_line(name, SHORT) for name in review.found.pending[:SHOWN])
        raise NeedsManualReview(f"the report must be read manually, as it is no Markdown of its own: {names}")


def compare_claims(static_review: StaticReview, lab: Lab) -> Compared:
    """The report's numbers, compared with each other, the notebook's outputs and the files."""
    from graders.written.claims import Check

    review = static_review.review
    wrong = [finding.measured for finding in review.about(Check.CONTRADICTION) if finding.sure]
    printed = static_review.notebook.value
    against, count = _Comparison(static_review.measured, lab), len(wrong)
    for claim in review.claims.claims:
        quantity = claim.quantity.value
        if len(claim.variants) != 1 or not claim.sure or quantity not in QUANTITIES:
            continue
        stage = claim.variants[0]
        shown = _printed_of(stage, quantity, printed)
        count += bool(shown or against.known(stage, quantity))
        said = (
            _against_outputs(claim.value, shown, lab)
            or against.with_measured(claim, stage, quantity)
            or _size_of_no_run(claim, stage, printed, static_review.measured)
        )
        if said:
            wrong.append(f"{stage}: {claim.text.strip()[:60]} ({claim.place}), {said}")
    against.observe()
    return Compared(tuple(wrong), count)


def _printed_of(stage: str, quantity: str, printed: NotebookReview | None) -> list[PrintedMetric]:
    """The accuracies that the notebook's outputs show for a stage."""
    if printed is None or QUANTITIES[quantity] != "accuracy":
        return []
    return [each for each in printed.metrics if each.stage == stage and each.quantity == quantity]


def _size_of_no_run(
    claim: Claim, stage: str, printed: NotebookReview | None, measured: Mapping[str, Mapping[str, float]]
) -> str:
    """What the outputs show of a stage, if a size is neither one of theirs nor near one that was measured.

    A size may have been taken outside of the notebook, and archives of two runs differ by some percent.
    """
    sizes = ("size", "zipped")
    facts = [value for name, value in measured.get(stage, {}).items() if name in sizes]
    of_stage = [each for each in printed.metrics if each.stage == stage] if printed is not None else []
    shown = [each for each in of_stage if QUANTITIES.get(each.quantity) in sizes]
    if QUANTITIES[claim.quantity.value] not in sizes or not facts or not shown:
        return ""

    def near(value: float, slack: float) -> bool:
        return claim.low * (1 - slack) <= value <= claim.high * (1 + slack)

    if any(near(each.value, SAME_UNIT) for each in shown) or any(near(value, OTHER_RUN) for value in facts):
        return ""
    return f"but {shown[-1].text} in the output of cell {shown[-1].cell + 1}"


def _against_outputs(value: float, shown: Sequence[PrintedMetric], lab: Lab) -> str:
    """What the outputs show, if none of its numbers is the claimed one."""
    slack = lab.thresholds["claimed_printed"]
    if not shown or any(each.low - slack <= value <= each.high + slack for each in shown):
        return ""
    return f"but {shown[0].text} in the output of cell {shown[0].cell + 1}"


def gaps_share(static_review: StaticReview, cells: int, placeholders: int) -> float:
    """How much is written of what the template asks for: of the notebook or of the report, whichever is less."""
    asked = static_review.asked
    return min(1 - cells / max(asked.cells, cells, 1), 1 - placeholders / max(asked.placeholders, placeholders, 1))
