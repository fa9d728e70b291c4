"""Sizes in what a tool lists of files: ``ls -l``, ``dir``, ``wc -c``, ``du -b``.

A line is one file, its size and its name. Only TensorFlow Lite files and archives are looked at; a picture or a Keras
file of the same name has another size.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from graders.written.claims.document import Document, Line
from graders.written.claims.model import Basis, Claim, Form, Quantity
from graders.written.claims.normalization import normal
from graders.written.claims.numerals import Figure, Kind, Unit
from graders.written.claims.tables import Reading
from graders.written.claims.values import BYTE, Value, size_or_bare_unit, value_of
from graders.written.claims.variants import Variant, mentions

MOST_CHARACTERS = 300
_SIZE = r"(?P<size>\d{1,15})(?:(?P<part>[.,]\d)?(?P<unit>[KMG])i?)?"
# Of dates only the end is looked for, the time or the year: names of months and their order depend on the language.
_DATE = r"(?:\S{1,20} ){1,2}(?:\d\d?:\d\d\S{0,20}(?: [+-]\d{4})?|\d{4})"
_LS = re.compile(rf"[-l](?:[r-][w-][xsStT-]){{3}}[.+@]? \d{{1,9}} \S{{1,64}} \S{{1,64}} {_SIZE} {_DATE} (?P<name>\S.*)")
_DIR = re.compile(
    r"(?:[-a-z]{5,6} )?\d{1,4}[./-]\d\d?[./-]\d{1,4},? \d\d?:\d\d(?: ?[ap]\.?m\.?)? "
    r"(?P<size>\d{1,3}(?:[ .,']\d{3}){1,4}|\d{1,15}) (?P<name>\S.*)",
    re.IGNORECASE,
)
_SIZE_AND_NAME = re.compile(rf"{_SIZE} (?P<name>\S+)")
_LEAST_DIGITS = 2
_FILE = re.compile(r"(?P<stem>.+?)\.(?:tflite|lite)(?P<archive>\.(?:zip|gz|7z))?", re.IGNORECASE)
_ARCHIVE = re.compile(r"(?P<stem>.+?)(?P<archive>\.zip|\.gz|\.7z)", re.IGNORECASE)
_KERAS = re.compile(r"\.(?:h5|keras|hdf5)", re.IGNORECASE)
_UNITS = {
    "K": Unit(Kind.BYTES, 1e3, 2**10),
    "M": Unit(Kind.BYTES, 1e6, 2**20),
    "G": Unit(Kind.BYTES, 1e9, 2**30),
}
_PLAIN = frozenset({"model", "fp", "tflite", "float", "int", "quant", "quantized"})
_WORD = re.compile(r"[^\W\d_]+")
HEADERS = 300
"""An archive has so many bytes at most that are not the packed file's."""


@dataclass(frozen=True)
class FileName:
    """Whose a file is; ``plain``: its name says nothing else about it, such as "old" or "unstripped"."""

    variants: tuple[str, ...]
    quantity: Quantity
    plain: bool


def listed_claims(line: Line, document: Document, reading: Reading) -> list[Claim] | None:
    """What a line of a listing claims, if anything; ``None`` if it is no such line."""
    text = line.text
    if len(text) > MOST_CHARACTERS or not text.isprintable():
        return None
    dated = _LS.fullmatch(text) or _DIR.fullmatch(text)
    found = dated or _SIZE_AND_NAME.fullmatch(text)
    if found is None or (dated is None and (_extension(found["name"]) is None or len(found["size"]) < _LEAST_DIGITS)):
        return None
    name = named_file(found["name"], reading.variants)
    value, basis, is_open = _value(found, reading, exact=dated is not None)
    if name is None or value is None or value.value <= 0:
        return []
    low = value.low - (HEADERS if name.quantity is Quantity.ZIP_BYTES else 0)
    basis = basis if name.plain else Basis.GUESS
    place = document.place(line.line)
    bounds = (value.value, low, value.high)
    return [Claim(name.variants, name.quantity, *bounds, place, text, Form.LINE, basis, bare=is_open)]


def _value(found: re.Match[str], reading: Reading, *, exact: bool) -> tuple[Value | None, Basis, bool]:
    """The size, and whether its unit is open.

    Without a date it may be in blocks, as ``du`` counts, unless only bytes fit the model.
    """
    groups = found.groupdict()
    digits = re.sub(r"\D", "", groups["size"])
    part = (groups.get("part") or "").replace(",", ".")
    unit = _UNITS.get((groups.get("unit") or "").upper())
    figure = Figure(float(digits + part), 0.1 if part else 1.0, unit, 0, 0, groups["size"])
    if unit is not None:
        return value_of(figure, Quantity.BYTES), Basis.WORD if exact else Basis.GUESS, False
    if exact:
        return value_of(figure, Quantity.BYTES, BYTE), Basis.WORD, False
    bare, is_open = size_or_bare_unit([figure], reading.parameters)
    sure = bool(reading.parameters) and bare == BYTE
    return value_of(figure, Quantity.BYTES, bare), Basis.WORD if sure else Basis.GUESS, is_open


def _extension(path: str) -> re.Match[str] | None:
    return _FILE.fullmatch(path) or _ARCHIVE.fullmatch(path)


def named_file(path: str, variants: tuple[Variant, ...]) -> FileName | None:
    """Whose file a path names: one variant, or the INT8 files as such; nothing if it may be of several."""
    found = _extension(path.strip("\"'` "))
    if found is None or (found["archive"] and _KERAS.search(found["stem"])):
        return None
    quantity = Quantity.ZIP_BYTES if found["archive"] else Quantity.BYTES
    whole = normal(found["stem"].replace("\\", "/"))
    own = whole.rpartition("/")[2]
    for text in (whole, own):
        named = mentions(text, variants)
        definite = {mention.names for mention in named if mention.definite}
        if definite or (len(named) == 1 and named[0].kind == "int8" and quantity is Quantity.BYTES):
            names = definite or {named[0].names}
            begins = len(text) - len(own)
            before, behind = text[begins : max(begins, named[0].start)], text[max(begins, named[-1].end) :]
            plain = _is_plain(behind) and (_is_plain(before) or before.endswith("."))
            return FileName(next(iter(names)), quantity, plain) if len(names) == 1 else None
    return None


def _is_plain(text: str) -> bool:
    return set(_WORD.findall(text)) <= _PLAIN
