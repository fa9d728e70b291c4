"""Which variant of a model a text speaks of: by the names that the labs' scripts write, or by looser ones.

``clustered-16-fp32``, "Clustered 16", "16 clusters", "sparsity=0.5", "50 % rzadkości", "INT8 (8 %)", "聚类 16" …
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

from graders.written.claims.numerals import Figure, Kind, figures
from graders.written.claims.trie import END, LETTER, START
from graders.written.claims.vocabulary import finder

MAX_LABEL = 300
MAX_KINDS = 60
_VALUED = ("int8", "clustered", "pruned")
_NUMBER_IN_NAME = re.compile(r"\d+(?:\.\d+)?")
_INT8 = re.compile(rf"{START}(?:u?int[ -]?8|i8|8[ -]?bit)(?![0-9])")
_FP32 = re.compile(rf"{START}(?:fp[ -]?32|float[ -]?32|f32|32[ -]?bit)(?![0-9])")
_TFLITE = re.compile(rf"{START}(?:tf[ -]?lite|tensorflow lite|litert){END}")
# Between a kind and its number in a running text: brackets, signs, and words that name the number.
_GAP = re.compile(
    rf"[\s\-_:=(\[/,]*+(?:(?:num|k|n|s|fp32|cal|share|fraction|target|with|mit|z|from|target_sparsity|sparsit[{LETTER}]*"
    rf"|calib[{LETTER}]*|kalib[{LETTER}]*|калибр[{LETTER}]*|cluster[{LETTER}]*|klast[{LETTER}]*|num_clusters|model[{LETTER}]*|模型|モデル)"
    r"[\s\-_:=(\[/,.]*+){0,3}\Z"
)
_LETTER_AND_NUMBER = re.compile(r"(?P<letter>[kcsp]) ?[=:_-]? ?(?P<number>\d{1,3}(?:[.,]\d{1,3})? ?%?)")
_GLUED = re.compile(rf"[-_]?(?P<number>\d{{1,3}}(?:[.,]\d{{1,4}})? ?%?)(?![{LETTER}0-9])")
_BEHIND = re.compile(r"[\s\-_%(]*+(?:of\s|个|個)?\Z")


@dataclass(frozen=True)
class Variant:
    """A form of the model that a lab asks for.

    ``kind`` is ``"native"``, ``"fp32"``, ``"int8"``, ``"imbint8"``, ``"clustered"``, ``"pruned"`` or any other word;
    ``number`` what distinguishes variants of one kind: calibration share, clusters, sparsity. ``bits`` are those of a
    weight in its file, ``None`` if the file is of no known kind. ``names`` are further names, in any spelling.
    """

    name: str
    kind: str
    number: float | None = None
    bits: int | None = None
    required: bool = True
    names: tuple[str, ...] = ()

    @classmethod
    def named(cls, name: str, *, required: bool = True, names: tuple[str, ...] = ()) -> Variant:
        """The variant that the labs' scripts call so, such as ``tflite-int8-0.08`` or ``pruned-0.5-fp32``."""
        core = name.removeprefix("tflite-")
        if core in ("native", "fp32", "imbint8"):
            bits = {"fp32": 32, "imbint8": 8}.get(core)
            return cls(name, core, None, bits, required, names)
        kind, _, rest = core.partition("-")
        found = _NUMBER_IN_NAME.search(rest)
        number = float(found.group()) if found else None
        bits = 8 if kind == "int8" else 32 if kind in ("clustered", "pruned") else None
        return cls(name, kind, number, bits, required, names)


@dataclass(frozen=True)
class Mention:
    """Where a text names a variant, or a family of them: ``names`` has one name, or several."""

    names: tuple[str, ...]
    kind: str
    start: int
    end: int

    @property
    def definite(self) -> bool:
        """Whether it is one variant."""
        return len(self.names) == 1


@lru_cache(maxsize=2048)
def mentions(text: str, variants: tuple[Variant, ...], *, label: bool = False) -> tuple[Mention, ...]:
    """The variants that a normalised text names, in order.

    :param label: the text is a cell or a heading: all of it names one thing, and any number in it may belong to it.
    """
    text = text[:MAX_LABEL] if label else text
    exact = _exact(text, variants)
    rest = _blanked(text, exact)
    found = sorted([*exact, *_loose(rest, variants, label)], key=lambda mention: mention.start)
    if label and not found:
        found = [*_calibrated(text, variants), *_short(text, variants)]
    return _one(found) if label else _joined(found, text)


def _calibrated(text: str, variants: tuple[Variant, ...]) -> list[Mention]:
    """A label that calls an INT8 model by its calibration alone: "quantized 1 %", "calibration 0.3"."""
    words = list(finder("quantised").all(text))
    of_kind = [variant for variant in variants if variant.kind == "int8"]
    shares = [one for one in figures(text) if one.kind() is Kind.PERCENT or one.step < 1]
    named = [variant for one in shares for variant in of_kind if _is_number_of(one, variant)]
    if not words or len(named) != 1 or len(shares) != 1:
        return []
    start, end = min(words[0].start, shares[0].start), max(words[-1].end, shares[0].end)
    return [Mention((named[0].name,), "int8", start, end)]


def _short(text: str, variants: tuple[Variant, ...]) -> list[Mention]:
    """A label that is a letter and a number: "k=16", "c16", "s=0.5", "p50"."""
    found = _LETTER_AND_NUMBER.fullmatch(text.strip())
    if found is None:
        return []
    kind = "clustered" if found["letter"] in "kc" else "pruned"
    (figure,) = figures(found["number"]) or (None,)
    named = [one for one in variants if one.kind == kind and figure is not None and _is_number_of(figure, one)]
    return [Mention((named[0].name,), kind, 0, len(text))] if len(named) == 1 else []


def _exact(text: str, variants: tuple[Variant, ...]) -> list[Mention]:
    pattern, names = _names(variants)
    if pattern is None:
        return []
    return [
        Mention((names[match.lastindex - 1].name,), names[match.lastindex - 1].kind, match.start(), match.end())
        for match in islice(pattern.finditer(text), MAX_KINDS)
        if match.lastindex
    ]


@lru_cache(maxsize=64)
def _names(variants: tuple[Variant, ...]) -> tuple[re.Pattern[str] | None, tuple[Variant, ...]]:
    """One pattern of all names and of what is left of them without tflite- and -fp32, the longest first."""
    spelled: dict[str, Variant] = {}
    for variant in variants:
        for name in (variant.name, *variant.names):
            short = name.lower().removeprefix("tflite-")
            spelled.setdefault(name.lower(), variant)
            # A kind alone ("fp32") is left to looser reading, which looks at what stands beside it.
            for form in (short, short.removesuffix("-fp32")):
                if "-" in form or variant.kind not in ("native", "fp32"):
                    spelled.setdefault(form, variant)
    ordered = sorted((name for name in spelled if name), key=len, reverse=True)
    if not ordered:
        return None, ()
    groups = "|".join(f"({_spelling(name)})" for name in ordered)
    pattern = re.compile(rf"(?<![{LETTER}0-9])(?:{groups})(?![{LETTER}0-9]|[.,]\d|-\d)")
    return pattern, tuple(spelled[name] for name in ordered)


def _spelling(name: str) -> str:
    """A name with any separator between its parts, and either decimal sign."""
    parts = (re.escape(part).replace(r"\.", "[.,]") for part in re.split("[-_ ]", name))
    return "[-_ ]?".join(parts)


def _blanked(text: str, found: Sequence[Mention]) -> str:
    for mention in found:
        text = text[: mention.start] + "\0" * (mention.end - mention.start) + text[mention.end :]
    return text


def _loose(text: str, variants: tuple[Variant, ...], label: bool) -> list[Mention]:
    kinds = {variant.kind for variant in variants}
    found = []
    for kind, start, end in _kinds(text, kinds, label):
        of_kind = [variant for variant in variants if variant.kind == kind]
        numbered = _number_beside(text, start, end, of_kind, label) if kind in _VALUED else None
        if numbered is not None:
            variant, figure = numbered
            found.append(Mention((variant.name,), kind, min(start, figure.start), max(end, figure.end)))
        else:
            found.append(Mention(tuple(variant.name for variant in of_kind), kind, start, end))
    return found


def _kinds(text: str, kinds: set[str], label: bool) -> list[tuple[str, int, int]]:
    """Words that name a kind, without those that only go with another one: the INT8 of "imbalanced INT8"."""
    words = [
        (word.meaning, word.start, word.end) for word in finder("native", "imbalanced", "clustered", "pruned").all(text)
    ]
    found = [("imbint8" if name == "imbalanced" else name, start, end) for name, start, end in words]
    found += [("int8", match.start(), match.end()) for match in islice(_INT8.finditer(text), MAX_KINDS)]
    fp32 = [("fp32", match.start(), match.end()) for match in islice(_FP32.finditer(text), MAX_KINDS)]
    if label and not found and not fp32:
        fp32 = [("fp32", match.start(), match.end()) for match in _TFLITE.finditer(text)]
    named = {kind for kind, _, _ in found}
    if "imbint8" in named:
        found = [item for item in found if item[0] != "int8" or not _near(item, found, "imbint8", label)]
    if not (label and named & {"clustered", "pruned", "int8", "imbint8", "native"}):
        found += [item for item in fp32 if not any(_near(item, found, kind, False) for kind in ("clustered", "pruned"))]
    return [item for item in found if item[0] in kinds]


def _near(item: tuple[str, int, int], others: Sequence[tuple[str, int, int]], kind: str, label: bool) -> bool:
    _, start, end = item
    return any(
        label or (0 <= start - other_end <= 12) or (0 <= other_start - end <= 3)
        for name, other_start, other_end in others
        if name == kind
    )


def _number_beside(
    text: str, start: int, end: int, of_kind: Sequence[Variant], label: bool
) -> tuple[Variant, Figure] | None:
    """The variant of a kind whose number stands beside the word from ``start`` to ``end``."""
    low, high = (0, len(text)) if label else (max(0, start - 24), end + 40)
    near = []
    for figure in figures(text[low:high]):
        at, until = figure.start + low, figure.end + low
        behind = figure.digits_end + low
        after = at >= end and (label or _names_number(text[end:at], figure))
        before = behind <= start and (label or _BEHIND.match(text[behind:start]))
        variant = next((variant for variant in of_kind if _is_number_of(figure, variant)), None)
        if variant is not None and (after or before):
            near.append((at - end if after else start - behind + 1, variant, replace(figure, start=at, end=until)))
    near += _glued(text, end, of_kind)
    if not near:
        return None
    _, variant, figure = min(near, key=lambda item: item[0])
    return variant, figure


def _glued(text: str, end: int, of_kind: Sequence[Variant]) -> list[tuple[int, Variant, Figure]]:
    """A number that a hyphen, or nothing, joins to the word: "cluster-16", "prune0.5"."""
    found = _GLUED.match(text, end)
    if found is None:
        return []
    read = figures(found["number"])
    placed = [replace(one, start=found.start("number"), end=found.end("number")) for one in read]
    return [(0, variant, one) for one in placed for variant in of_kind if _is_number_of(one, variant)]


def _names_number(gap: str, figure: Figure) -> bool:
    """Whether a figure behind a kind says which one: "INT8 (8 %)" does, "INT8: 8 %" states something of it."""
    return _GAP.match(gap) is not None and not (figure.kind() is Kind.PERCENT and gap.strip() == ":")


def _is_number_of(figure: Figure, variant: Variant) -> bool:
    """Whether a figure is the variant's number: as it is, in percent, or as a whole number of percent."""
    if variant.number is None or figure.kind() in (Kind.TIME, Kind.BYTES):
        return False
    if figure.kind() is Kind.PERCENT:
        return variant.number <= 1 and abs(figure.value / 100 - variant.number) < 1e-9
    if variant.number >= 1:
        return figure.value == variant.number
    return abs(figure.value - variant.number) < 1e-9 or (
        figure.step == 1 and abs(figure.value / 100 - variant.number) < 1e-9
    )


def _one(found: Sequence[Mention]) -> tuple[Mention, ...]:
    """What a label names: definite mentions where there are any, and each variant once."""
    definite = [mention for mention in found if mention.definite]
    chosen: dict[tuple[str, ...], Mention] = {}
    for mention in definite or found:
        chosen.setdefault(mention.names, mention)
    return tuple(chosen.values())


def _joined(found: Sequence[Mention], text: str) -> tuple[Mention, ...]:
    """Names of the same thing side by side are one mention: "INT8 (tflite-int8-0.08)"."""
    joined: list[Mention] = []
    definite = {mention.kind for mention in found if mention.definite}
    for mention in found:
        if not mention.definite and mention.kind in definite:
            continue
        last = joined[-1] if joined else None
        if last is not None and last.names == mention.names and not text[last.end : mention.start].strip(" -_(:,\0"):
            joined[-1] = replace(last, end=mention.end)
            continue
        joined.append(mention)
    return tuple(joined)
