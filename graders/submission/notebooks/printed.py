"""Metrics that a notebook printed, accuracies and sizes, with the label beside each.

They are read from dictionaries (``{'baseline h5': 98968}``), from lines (``Pruned test accuracy: 0.9660``), from
listings of files, and from a value that is all of a cell's result, whose label is the cell's last line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from graders.core.text import SHORT, plain_line
from graders.submission.notebooks.labels import StageLabels, begins_word, spaced
from graders.submission.notebooks.model import Cell, Notebook

ACCURACY, BYTES, ZIPPED = "accuracy", "bytes", "zipped_bytes"
MAX_METRICS = 500
MAX_LINE = 2_000
MAX_IN_LINE = 20
MAX_WORDS = 48
LEAST_STEP = 1e-6
_DIGITS = r"\d{1,15}(?:[.,' _]\d{1,18}){0,5}"
_NUMBER = rf"(?P<number>{_DIGITS})(?P<power>e[+-]?\d\d)?"
_UNIT = (
    r"(?:[ \t]{0,2}(?P<unit>%|percent\b|procent\b|prozent\b|(?:[kKmM]i?)?[bB](?:ytes?|ajt\w{0,3})?\b|[kKmM]i?[oO]\b"
    r"|字节|バイト))?"
)
_PAIR = re.compile(
    rf"(?P<quote>['\"])(?P<label>[^'\"\n]{{1,120}})(?P=quote)\s{{0,4}}:\s{{0,4}}(?:np\.\w{{1,12}}\()?{_NUMBER}(?=[\s,)}}])"
)
_NUMBER_IN_LINE = re.compile(rf"(?<![\w.,+-]){_NUMBER}{_UNIT}(?![\w]|[.,]\d)")
_LISTED = re.compile(
    r"[-l][-rwxsStT]{9}\S?\s+\d+\s+\S+\s+\S+\s+(?P<number>\d{1,12})\s.{5,20}\s(?P<label>\S{1,120})\s*\Z"
)
_PROGRESS = re.compile(r"\bloss: \S{1,20} - | - (?:val_)?loss: |\bETA\b|ms/step|s/step|it/s\]|\bEpoch \d|\bparams\b")
_LEADS = re.compile(r"(?:[:=]|\b(?:is|was|to))[ \t]{0,6}\Z")
_LOSS = re.compile(r"\bloss|\bverlies|\bstrat", re.IGNORECASE)
_VALUE = re.compile(rf"\s*(?:np\.\w{{1,12}}\()?{_NUMBER}{_UNIT}\)?\s*")


@dataclass(frozen=True)
class PrintedMetric:
    """A metric in a cell's output.

    ``label`` is the text beside it; ``stage`` the one that the label names, ``None`` if it names none. ``quantity`` is
    ``"accuracy"`` (0 to 1), ``"bytes"`` or ``"zipped_bytes"``. ``low`` and ``high`` bound what it may stand for, given
    its last digit and what a kilobyte is. ``form`` is ``"dict"``, ``"line"``, ``"listing"`` or ``"value"``.
    """

    cell: int
    label: str
    stage: str | None
    quantity: str
    value: float
    low: float
    high: float
    text: str
    form: str


@dataclass(frozen=True)
class Disagreement:
    """Two printed metrics of one stage and quantity that can't both be of one run.

    ``sure`` if both have the same label; else they may be of two things with similar labels.
    """

    one: PrintedMetric
    other: PrintedMetric
    sure: bool


def printed_metrics(notebook: Notebook, labels: StageLabels) -> tuple[PrintedMetric, ...]:
    """The accuracies and sizes among a notebook's outputs, in order. :param labels: the stages of the lab's work."""
    reader = _Reader(labels)
    found: list[PrintedMetric] = []
    for cell in notebook.code:
        for output in cell.outputs:
            if output.kind != "error":
                found += reader.metrics(cell, output.text, output.kind == "result")
        if len(found) >= MAX_METRICS:
            break
    return tuple(found[:MAX_METRICS])


def disagreements(metrics: Sequence[PrintedMetric], labels: StageLabels) -> tuple[Disagreement, ...]:
    """Pairs of metrics that contradict each other, the first with each later one."""
    first: dict[tuple[str, str, str], PrintedMetric] = {}
    found = []
    for each in metrics:
        if each.stage is None or each.stage == labels.ambiguous:
            continue
        for own in (True, False):
            key = (each.stage, each.quantity, _thing(each.label) if own else "")
            known = first.setdefault(key, each)
            if known.high < each.low or each.high < known.low:
                found.append(Disagreement(known, each, own))
                break
    return tuple(found)


def _thing(label: str) -> str:
    """A label without the words for the quantity: "test accuracy for baseline Keras model" is that of the model."""
    drop = {"test", "accuracy", "acc", "for", "of", "the", "model", "size", "in", "bytes", "gzipped", "is", "file"}
    return " ".join(word for word in spaced(label).split() if word not in drop)


@dataclass(frozen=True)
class _Reader:
    """Finds the metrics in outputs of a lab with these stages."""

    labels: StageLabels

    def metrics(self, cell: Cell, text: str, is_result: bool) -> Iterator[PrintedMetric]:
        """The metrics in one output."""
        at_most = text[:100_000]
        pairs = list(_PAIR.finditer(at_most))
        for pair in pairs:
            yield from self._metric(cell, pair, pair.group("label"), "dict", context=cell.source[-4_000:])
        if pairs:
            return
        if is_result and (value := _VALUE.fullmatch(at_most[:200])):
            label = cell.source.rstrip().rpartition("\n")[2].strip()
            yield from self._metric(cell, value, label, "value", context=label)
            return
        for line in at_most.split("\n"):
            if len(line) > MAX_LINE or _PROGRESS.search(line):
                continue
            if listed := _LISTED.match(line):
                yield from self._metric(cell, listed, listed.group("label"), "listing", context="bytes")
                continue
            yield from self._of_line(cell, line)

    def _of_line(self, cell: Cell, line: str) -> Iterator[PrintedMetric]:
        """The metrics of a line, each with the text before it, back to the number before it.

        If that leaves the stage or the quantity open, the beginning of the line may settle it: "pruned: accuracy
        0.9660, pruned_model.h5: 98,928 bytes", "accuracy: baseline 0.9455, pruned 0.9660".
        """
        stage_of = self.labels.stage_of
        head = ""
        end = 0
        for number in islice(_NUMBER_IN_LINE.finditer(line), MAX_IN_LINE):
            own = line[end : number.start()]
            end = number.end()
            is_label = len(own) <= MAX_WORDS and (stage_of(own) or _quantity(own, "", "", "line"))
            if not (number.group("unit") or _LEADS.search(own) or is_label):
                continue
            label = own if not head or stage_of(own) else f"{head} {own}"
            known = _quantity(own, (number.group("unit") or "").casefold(), "", "line")
            if known or not head or (stage_of(own) and not _LOSS.search(own)):
                head = head or own
                yield from self._metric(
                    cell, number, label.strip(" :=,;"), "line", context=label if known else f"{head} {label}"
                )

    def _metric(
        self, cell: Cell, found: re.Match[str], label: str, form: str, *, context: str
    ) -> Iterator[PrintedMetric]:
        groups = found.groupdict()
        unit = (groups.get("unit") or "").casefold()
        quantity = _quantity(label, unit, context, form) or _quantity(context, unit, context, "line")
        read = _value(groups["number"], groups.get("power") or "", unit, quantity) if quantity else None
        if quantity is None or read is None:
            return
        value, low, high = read
        if (quantity == ACCURACY and not 0 <= value <= 1) or (quantity != ACCURACY and value < 100):
            return
        stage, text = self.labels.stage_of(label), plain_line(found.group(), SHORT)
        yield PrintedMetric(cell.index, plain_line(label, 120), stage, quantity, value, low, high, text, form)


@cache
def _stems() -> Mapping[str, Sequence[str]]:
    """The words of ``quantities.toml``."""
    data = tomllib.loads(Path(__file__).with_name("quantities.toml").read_text(encoding="utf-8"))
    return {name: tuple(stems) for name, stems in data.items()}


def _quantity(label: str, unit: str, context: str, form: str) -> str | None:
    """What a number measures, by its unit, its label, and in a dictionary by the dictionary's name in the code."""
    stems = _stems()
    text = spaced(label)
    zipped = begins_word(text, stems["zipped"])
    if unit and unit not in ("%", "percent", "procent", "prozent"):
        return ZIPPED if zipped else BYTES
    if begins_word(text, stems["accuracy"]):
        return ACCURACY
    if zipped or begins_word(text, stems["size"]) or form == "listing":
        return ZIPPED if zipped else BYTES
    if form != "dict":
        return None
    around = spaced(context)
    names = (begins_word(around, stems["accuracy"]), begins_word(around, stems["size"]))
    if names == (False, True):
        return BYTES
    return ACCURACY if names == (True, False) or (names == (True, True) and not unit) else None


def _value(number: str, power: str, unit: str, quantity: str) -> tuple[float, float, float] | None:
    """The value, and the bounds that its last digit sets."""
    digits, step = _decimal(number.replace(" ", "").replace("'", "").replace("_", ""), quantity)
    if digits is None:
        return None
    value = float(digits + power)
    step *= 10.0 ** int(power[1:]) if power else 1.0
    if quantity == ACCURACY:
        share = 0.01 if unit or value > 1 else 1.0
        step = max(step, LEAST_STEP)
        return value * share, (value - step) * share, (value + step) * share
    letter = unit[:1] if unit[:1] in ("k", "m") else ""
    least, most = {"k": (1_000, 1_024), "m": (1_000_000, 1_048_576)}.get(letter, (1, 1))
    exact = step if letter or step < 1 else 0
    return value * least, (value - exact) * least, (value + exact) * most


def _decimal(number: str, quantity: str) -> tuple[str | None, float]:
    """A number with a point for its decimals, and one of its last digit."""
    points, commas = number.count("."), number.count(",")
    mark = ""
    if points and commas:
        mark = "." if number.rfind(".") > number.rfind(",") else ","
    elif points == 1 or commas == 1:
        mark = "." if points else ","
        whole, _, fraction = number.partition(mark)
        if quantity != ACCURACY and len(fraction) == 3 and len(whole) <= 3 and whole != "0":
            mark = ""
    if mark and number.count(mark) > 1:
        return None, 0.0
    whole, _, fraction = number.rpartition(mark) if mark else (number, "", "")
    plain = whole.replace(".", "").replace(",", "")
    return (f"{plain}.{fraction or 0}", 10.0 ** -len(fraction))
