"""Sizes and deflations in what a tool lists of an archive: ``unzip -v``, ``zipinfo``, ``gzip -l``, ``7z l``.

A line is one file in the archive with its size, its compressed size, or what was saved.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from graders.written.claims.document import Document, Line
from graders.written.claims.listings import HEADERS, MOST_CHARACTERS, named_file
from graders.written.claims.model import Basis, Claim, Form, Quantity
from graders.written.claims.tables import Reading

_SIZE, _PACKED, _SHARE = r"(?P<size>\d{1,15})", r"(?P<packed>\d{1,15})", r"(?P<share>-?\d{1,3}(?:[.,]\d)?) ?%"
_DATE, _NAME = r"\S{8,12} \d\d?:\d\d(?::\d\d)?", r"(?P<name>\S.*)"
_FORMS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_SIZE} (?:Defl|Stored|Unk)\S{{0,4}} {_PACKED} {_SHARE} {_DATE} [0-9a-fA-F]{{8}} {_NAME}",
        rf"[-l][-rwx]{{9}} \d\.\d \S{{3}} {_SIZE} \S{{2}}(?: {_PACKED})?(?: {_SHARE})? \S{{4}} {_DATE} {_NAME}",
        rf"{_PACKED} {_SIZE} {_SHARE} {_NAME}",
        rf"{_DATE} [.DRHSA]{{5}} {_SIZE} {_PACKED} {_NAME}",
        rf"{_SIZE} {_DATE} {_NAME}",
    )
)
_HALF_A_PERCENT = 0.005


def archived_claims(line: Line, document: Document, reading: Reading) -> list[Claim] | None:
    """What a line of an archive's listing claims, if anything; ``None`` if it is no such line."""
    text = line.text
    if len(text) > MOST_CHARACTERS or not text.isprintable():
        return None
    found = next((match for form in _FORMS if (match := form.fullmatch(text))), None)
    if found is None:
        return None
    name = named_file(found["name"], reading.variants)
    if name is None or name.quantity is not Quantity.BYTES:
        return []
    basis = Basis.WORD if name.plain else Basis.GUESS
    place = document.place(line.line)
    return [
        Claim(name.variants, quantity, *bounds, place, text, Form.LINE, basis) for quantity, bounds in _values(found)
    ]


def _values(found: re.Match[str]) -> Iterator[tuple[Quantity, tuple[float, float, float]]]:
    """The quantities of a line, each with its value and bounds; an archive has headers beside the packed file."""
    groups = found.groupdict()
    if groups.get("size"):
        size = float(groups["size"])
        yield Quantity.BYTES, (size, size, size)
    if groups.get("packed"):
        packed = float(groups["packed"])
        yield Quantity.ZIP_BYTES, (packed, packed, packed + HEADERS)
    if groups.get("share"):
        written = groups["share"].replace(",", ".")
        share = float(written) / 100
        room = _HALF_A_PERCENT if "." not in written else _HALF_A_PERCENT / 10
        yield Quantity.DEFLATION, (share, share - room, share + room)
