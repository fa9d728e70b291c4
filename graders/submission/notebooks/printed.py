"""Metrics that a notebook printed, accuracies and sizes, with the label beside each.

They are read from dictionaries (``{'baseline h5': 98968}``), from lines (``Pruned test accuracy: 0.9660``), from
listings of files, and from a value that is all of a cell's result, whose label is the cell's last line.

Whether a size is a file's or its archive's is what the entry itself says. A title says nothing of single entries: a
helper that prints ``gzipped model size in bytes for …`` prints every entry of its dictionary so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from graders.core.text import SHORT, plain_line
from graders.submission import limits
from graders.submission.notebooks.labels import StageLabels, begins_word, spaced
from graders.submission.notebooks.model import Cell, Notebook
from graders.submission.notebooks.quantities import names, split_title, stems
from graders.submission.notebooks.runs import Runs

ACCURACY, BYTES, ZIPPED, SIZE = "accuracy", "bytes", "zipped_bytes", "size"
PERCENT = ("%", "percent", "procent", "prozent")
MAX_AROUND = 4_000
MAX_METRICS = 500
MOST_AROUND = 4 * MAX_AROUND
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
_WORD = re.compile(r"[^\W\d_]")
_BARE = re.compile(r"[\s,;:|(\[&=]*")
_BEHIND = re.compile(r"[ \t]*+[(\[]?[^,;|)\]\d]{1,40}(?:[)\]]|(?=[,;|])|\Z)")
_LEADS = re.compile(r"(?:[:=]|\b(?:is|was|to))[ \t]{0,6}\Z")
_LOSS = re.compile(r"\bloss|\bverlies|\bstrat", re.IGNORECASE)
_VALUE = re.compile(rf"\s*(?:np\.\w{{1,12}}\()?{_NUMBER}{_UNIT}\)?\s*")


@dataclass(frozen=True)
class PrintedMetric:
    """A metric in a cell's output.

    ``label`` is the text beside it; ``stage`` the one that the label names, ``None`` if it names none. ``quantity`` is
    ``"accuracy"`` (0 to 1), ``"bytes"``, ``"zipped_bytes"``, or ``"size"`` if it may be either. ``low`` and ``high``
    bound what it may stand for, given its last digit and what a kilobyte is. ``form`` is ``"dict"``, ``"line"``,
    ``"listing"`` or ``"value"``.
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
    found: list[_Entry] = []
    left = limits.MAX_PRINTED
    for cell in notebook.code:
        for place, output in enumerate(cell.outputs):
            if output.kind != "error" and left > 0:
                left -= len(output.text)
                entries = reader.entries(cell, output.text, output.kind == "result")
                more = islice(entries, MAX_METRICS - len(found))
                found += (replace(entry, output=(cell.index, place)) for entry in more)
    return tuple(_settled(found))


@dataclass(frozen=True)
class _Entry:
    """A metric with the title that it has in common with others, and the output it is in."""

    metric: PrintedMetric
    title: str
    output: tuple[int, int] = (0, 0)


def _settled(entries: Sequence[_Entry]) -> Iterator[PrintedMetric]:
    """The metrics. Of sizes that may be an archive's, those beside entries that name archives are files'."""
    naming = [entry for entry in entries if entry.metric.quantity == ZIPPED]
    titles = {entry.title for entry in naming if entry.title}
    outputs = {entry.output for entry in naming}
    for entry in entries:
        beside = entry.title in titles or (not entry.title and entry.output in outputs)
        is_file = entry.metric.quantity == SIZE and beside
        yield replace(entry.metric, quantity=BYTES) if is_file else entry.metric


def disagreements(
    metrics: Sequence[PrintedMetric], labels: StageLabels, notebook: Notebook | None = None
) -> tuple[Disagreement, ...]:
    """Pairs of metrics that contradict each other.

    :param notebook: where they were printed: what was measured again between two of them may well be another value.
    """
    known: dict[tuple[str, str, str], PrintedMetric] = {}
    runs = Runs(notebook, labels) if notebook is not None else None
    found = []
    for each in metrics:
        if each.stage is None or each.stage == labels.ambiguous or each.quantity == SIZE:
            continue
        for own in (True, False):
            key = (each.stage, each.quantity, _thing(each.label) if own else "")
            last = known.setdefault(key, each)
            if last.high < each.low or each.high < last.low:
                again = runs and runs.may_differ(
                    each.stage, accuracy=each.quantity == ACCURACY, between=(last.cell, each.cell)
                )
                if again:
                    known[key] = each
                    continue
                found.append(Disagreement(last, each, own))
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

    def entries(self, cell: Cell, text: str, is_result: bool) -> Iterator[_Entry]:
        """The metrics in one output."""
        at_most = text[:100_000]
        pairs = list(_PAIR.finditer(at_most))
        around = spaced(cell.source, MAX_AROUND)
        if pairs:
            around += spaced(at_most[: pairs[0].start()])
            for pair in pairs:
                yield from self._entry(
                    cell, pair, pair.group("label"), "dict", around, context=cell.source[-MAX_AROUND:]
                )
            return
        if is_result and (value := _VALUE.fullmatch(at_most[:200])):
            label = cell.source.rstrip().rpartition("\n")[2].strip()
            yield from self._entry(cell, value, label, "value", around, context=label)
            return
        for line in at_most.split("\n"):
            if len(line) > MAX_LINE or _PROGRESS.search(line):
                continue
            if listed := _LISTED.match(line):
                yield from self._entry(cell, listed, listed.group("label"), "listing", "", context="bytes")
            elif any(sign.isdigit() for sign in line):
                yield from self._of_line(cell, line, around)
            elif len(around) < MOST_AROUND:
                around += spaced(line)

    def _of_line(self, cell: Cell, line: str, around: str) -> Iterator[_Entry]:
        """The metrics of a line, each with the text before it, back to the number before it.

        If that leaves the stage or the quantity open, the beginning of the line may settle it: "pruned: accuracy
        0.9660, pruned_model.h5: 98,928 bytes", "accuracy: baseline 0.9455, pruned 0.9660".
        """
        stage_of = self.labels.stage_of
        head = ""
        end = 0
        numbers = list(islice(_NUMBER_IN_LINE.finditer(line), MAX_IN_LINE))
        is_row = _is_row(line, numbers)
        for number in numbers:
            own = line[end : number.start()]
            end = number.end()
            if names(own, "apart") or names(own, "before") or not (_WORD.search(own) or _BARE.fullmatch(own)):
                head = head or own
                continue
            is_label = len(own) <= MAX_WORDS and (stage_of(own) or _quantity(own, "", "", "line"))
            if not (number.group("unit") or _LEADS.search(own) or is_label):
                continue
            label = own if not head or stage_of(own) else f"{head} {own}"
            known = _quantity(own, (number.group("unit") or "").casefold(), "", "line")
            if known or not head or (stage_of(own) and not _LOSS.search(own)):
                above = "" if own in head else spaced(head)
                head = head or own
                context = label if known else f"{head} {label}"
                behind = _behind(line[end:])
                end += len(behind)
                label = " ".join([label.strip(" :=,;"), *behind.split()])
                found = self._entry(cell, number, label, "line", around + above, context=context)
                yield from (_of_row(entry) if is_row else entry for entry in found)

    def _entry(
        self, cell: Cell, found: re.Match[str], label: str, form: str, around: str, *, context: str
    ) -> Iterator[_Entry]:
        """A number as a metric, if it is one. :param around: what stands in the code and above it in the output."""
        groups = found.groupdict()
        unit = (groups.get("unit") or "").casefold()
        if form == "dict" and (names(label, "apart") or names(label, "before")):
            return
        quantity = _quantity(label, unit, context, form) or _quantity(context, unit, context, "line")
        read = _value(groups["number"], groups.get("power") or "", unit, quantity) if quantity else None
        if quantity is None or read is None:
            return
        value, low, high = read
        if (quantity == ACCURACY and not 0 <= value <= 1) or (quantity != ACCURACY and value < 100):
            return
        title, own = split_title(label, self.labels)
        if quantity != ACCURACY and form != "listing":
            quantity = _size(title, own, around)
        stage, text = self.labels.stage_of(label), plain_line(found.group(), SHORT)
        metric = PrintedMetric(cell.index, plain_line(label, 120), stage, quantity, value, low, high, text, form)
        yield _Entry(metric, title)


def _size(title: str, own: str, around: str) -> str:
    """Whether a size is an archive's: by its own words; if only its title, the code or the text above speaks of
    archives, it may be either.
    """
    if names(own, "zipped"):
        return ZIPPED
    zipped = stems()["zipped"]
    return SIZE if names(title, "zipped") or begins_word(around, zipped) else BYTES


def _behind(text: str) -> str:
    """What a line says of a number behind it and its unit, if that is about archives: "(gzipped)"."""
    found = _BEHIND.match(text[:MAX_WORDS])
    return found.group() if found and names(found.group(), "zipped") else ""


def _is_row(line: str, numbers: Sequence[re.Match[str]]) -> bool:
    """Whether a line has several sizes and no word before one of them, as the row of a table: its heading says which
    is which.
    """
    ends = [0, *(number.end() for number in numbers)]
    sizes = [(end, number) for end, number in zip(ends, numbers, strict=False) if _is_size(number)]
    return len(sizes) > 1 and any(not _WORD.search(line[end : number.start()]) for end, number in sizes)


def _is_size(number: re.Match[str]) -> bool:
    unit = number.group("unit")
    return unit is not None and unit.casefold() not in PERCENT


def _of_row(entry: _Entry) -> _Entry:
    """An entry of a row: which of the sizes in it are archives' is not known."""
    metric = entry.metric
    return _Entry(replace(metric, quantity=SIZE), "in a row") if metric.quantity == BYTES else entry


def _quantity(label: str, unit: str, context: str, form: str) -> str | None:
    """What a number measures, an accuracy or a size, by its unit, its label, and in a dictionary by the dictionary's
    name in the code.
    """
    known = stems()
    text = spaced(label)
    is_size = begins_word(text, (*known["zipped"], *known["size"]))
    if unit and unit not in PERCENT:
        return BYTES
    if begins_word(text, known["accuracy"]):
        return ACCURACY
    if (is_size or form == "listing") and not unit:
        return BYTES
    if form != "dict":
        return None
    around = spaced(context)
    named = (begins_word(around, known["accuracy"]), begins_word(around, known["size"]))
    if named == (False, True):
        return BYTES
    return ACCURACY if named == (True, False) or (named == (True, True) and not unit) else None


def _value(number: str, power: str, unit: str, quantity: str) -> tuple[float, float, float] | None:
    """The value, and the bounds that its last digit sets."""
    letter = unit[:1] if unit[:1] in ("k", "m") else ""
    digits, step = _decimal(number.replace(" ", "").replace("'", "").replace("_", ""), quantity, letter or power)
    if digits is None:
        return None
    value = float(digits + power)
    step *= 10.0 ** int(power[1:]) if power else 1.0
    if quantity == ACCURACY:
        share = 0.01 if unit or value > 1 else 1.0
        step = max(step, LEAST_STEP)
        return value * share, (value - step) * share, (value + step) * share
    least, most = {"k": (1_000, 1_024), "m": (1_000_000, 1_048_576)}.get(letter, (1, 1))
    exact = step if letter or step < 1 else 0
    return value * least, (value - exact) * least, (value + exact) * most


def _decimal(number: str, quantity: str, letter: str = "") -> tuple[str | None, float]:
    """A number with a point for its decimals, and one of its last digit; ``None`` if its mark may mean either.

    :param letter: that of a kilobyte or a megabyte, or a power: these have decimals, as bytes have thousands.
    """
    points, commas = number.count("."), number.count(",")
    mark = ""
    if points and commas:
        mark = "." if number.rfind(".") > number.rfind(",") else ","
    elif points == 1 or commas == 1:
        mark = "." if points else ","
        whole, _, fraction = number.partition(mark)
        if quantity != ACCURACY and len(fraction) == 3 and len(whole) <= 3 and whole != "0":
            if letter and mark == ",":
                return None, 0.0
            mark = mark if letter else ""
    if mark and number.count(mark) > 1:
        return None, 0.0
    whole, _, fraction = number.rpartition(mark) if mark else (number, "", "")
    plain = whole.replace(".", "").replace(",", "")
    return (f"{plain}.{fraction or 0}", 10.0 ** -len(fraction))
