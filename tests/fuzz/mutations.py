"""Changes to files: of any bytes, and of text, JSON and ZIP archives with their structure kept."""

from __future__ import annotations

import io
import json
import random
import struct
import warnings
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

from tests.fuzz.target import Mutation

NUMBERS = (0, 1, 2, 4, 127, 128, 255, 2**15, 2**16 - 1, 2**16, 2**24, 2**30, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1)
TEXTS = (
    "", " ", "\0", "\n", "\r", "\u2028", "\ufeff", "\u202e", "\x1b[31m", "\ud800", "é", "e\u0301", "١٢٣", "½", "１２", "∞", "²",
    "-0", "1e309", "NaN", "Infinity", "0x10", "1_000", "9" * 400, "../..", "/etc/passwd", "C:\\x", "<script>", "=1+1", "a" * 5000,
    "%s%n", "{}", "${x}", "::error::", "[" * 300, "(" * 120,
)  # fmt: skip


def combined(*several: Mutation) -> Mutation:
    """One of them, or a few, one after the other."""

    def mutate(draw: random.Random, data: bytes) -> bytes:
        for _ in range(draw.choice((1, 1, 1, 2, 4))):
            data = draw.choice(several)(draw, data)
        return data

    return mutate


def plain(draw: random.Random, data: bytes) -> bytes:
    """Bits, numbers, chunks, or the end."""
    return draw.choice(_PLAIN)(draw, data) if data else draw.randbytes(draw.randint(1, 16))


def _bits(draw: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 8))):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def _number(draw: random.Random, data: bytes) -> bytes:
    """Another number of one to eight bytes in some place: sizes, offsets."""
    form = draw.choice(("<B", "<H", ">H", "<I", ">I", "<Q", ">Q"))
    size = struct.calcsize(form)
    if len(data) < size:
        return data
    at = draw.randrange(len(data) - size + 1)
    number = draw.choice((*NUMBERS, len(data), len(data) - at, draw.randrange(len(data)), draw.randrange(64)))
    return data[:at] + struct.pack(form, number % (1 << 8 * size)) + data[at + size :]


def _cut(draw: random.Random, data: bytes) -> bytes:
    return data[: draw.choice((draw.randrange(len(data)), max(0, len(data) - draw.randint(1, 64)), draw.randint(0, 64)))]


def _chunk(draw: random.Random, data: bytes) -> bytes:
    """A chunk of it, put in or over what is elsewhere, or taken out."""
    size = draw.choice((1, 2, 4, 16, 64, 256, 4096))
    start, end = draw.randrange(len(data)), draw.randrange(len(data))
    piece = draw.choice((data[start : start + size], b"", draw.randbytes(min(size, 16)), data[start : start + size] * 8))
    return data[:end] + piece + data[end + draw.choice((0, len(piece), size)) :]


_PLAIN: Sequence[Mutation] = (_bits, _number, _number, _cut, _chunk, _chunk)


def text(*tokens: str, bases: Callable[[], Sequence[bytes]] = lambda: ()) -> Mutation:
    """Changes lines, words and numbers of a text. :param tokens: what its grammar has. :param bases: others of its kind."""

    def mutate(draw: random.Random, data: bytes) -> bytes:
        lines = data.decode("utf-8", "surrogateescape").split("\n")
        changed = draw.choice((_lines, _lines, _words, _words, _repeat, _other))(draw, lines, tokens, bases)
        return "\n".join(changed).encode("utf-8", "surrogatepass" if draw.random() < 0.1 else "replace")

    return mutate


Lines = list[str]
Bases = Callable[[], Sequence[bytes]]


def _lines(draw: random.Random, lines: Lines, tokens: Sequence[str], bases: Bases) -> Lines:
    at, other, kind = draw.randrange(len(lines)), draw.randrange(len(lines)), draw.randrange(5)
    if kind == 0:
        return lines[:at] + lines[at + 1 :] or [""]
    if kind == 1:
        return lines[:at] + [lines[other]] * draw.choice((1, 1, 2, 30)) + lines[at:]
    if kind == 2:
        lines[at], lines[other] = lines[other], lines[at]
        return lines
    if kind == 3:
        return [*lines[:at], lines[at] + lines[other], *lines[at + 1 :]]
    place = draw.randint(0, len(lines[at]))
    return [*lines[:at], lines[at][:place], lines[at][place:], *lines[at + 1 :]]


def _words(draw: random.Random, lines: Lines, tokens: Sequence[str], bases: Bases) -> Lines:
    """A token, an odd text or a number put in or over what is there."""
    at = draw.randrange(len(lines))
    line = lines[at]
    start = draw.randint(0, len(line))
    word = draw.choice((draw.choice(tokens or TEXTS), draw.choice(TEXTS), str(draw.choice(NUMBERS)), chr(draw.randrange(0x3000))))
    lines[at] = line[:start] + word + line[start + draw.choice((0, 0, 1, len(word), 10)) :]
    return lines


def _repeat(draw: random.Random, lines: Lines, tokens: Sequence[str], bases: Bases) -> Lines:
    """A token or a piece of a line, many times: nesting, long lines, many cells."""
    at = draw.randrange(len(lines))
    line = lines[at]
    start = draw.randint(0, len(line))
    piece = draw.choice((draw.choice(tokens or TEXTS), line[start : start + draw.randint(1, 12)] or "x"))
    lines[at] = line[:start] + piece[:40] * draw.choice((2, 10, 100, 1000)) + line[start:]
    return lines


def _other(draw: random.Random, lines: Lines, tokens: Sequence[str], bases: Bases) -> Lines:
    """Some lines of another file."""
    others = list(bases())
    if not others:
        return _words(draw, lines, tokens, bases)
    theirs = draw.choice(others).decode("utf-8", "replace").split("\n")
    at, start = draw.randrange(len(lines)), draw.randrange(len(theirs))
    return lines[:at] + theirs[start : start + draw.randint(1, 12)] + lines[at:]


DEEP = "@deep@"
"""Stands for lists in lists, which json can't write as deep as a file may have them."""


def structured(strings: Mutation) -> Mutation:
    """Changes values, names and nesting of a JSON document. :param strings: changes the longer texts in it."""

    def mutate(draw: random.Random, data: bytes) -> bytes:
        try:
            document = json.loads(data)
        except (ValueError, RecursionError):
            return plain(draw, data)
        for _ in range(draw.choice((1, 1, 2, 5))):
            document = _changed(draw, document, strings)
        try:
            text = json.dumps(document, ensure_ascii=draw.random() < 0.5)
        except (ValueError, RecursionError):
            return data
        if DEEP in text:
            depth, (start, end) = draw.choice((100, 500, 900, 5000)), draw.choice(("[]", ('{"x": ', "}")))
            text = text.replace(f'"{DEEP}"', start * depth + "1" + end * depth)
        return text.encode("utf-8", "surrogatepass")

    return mutate


def _places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [place]
    if len(place) < 40:
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, inner in items:
            found += _places(inner, (*place, key))
    return found


def _changed(draw: random.Random, document: Any, strings: Mutation) -> Any:
    place = draw.choice(_places(document))
    if not place:
        return _value(draw, document, document, strings) if draw.random() < 0.2 else document
    holder = document
    for key in place[:-1]:
        holder = holder[key]
    key, kind = place[-1], draw.randrange(8)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, list):
        holder[key:key] = [holder[key]] * draw.choice((1, 2, 50))
    elif kind == 1:
        holder[draw.choice((*holder, *TEXTS[:12]))] = holder[key]
    else:
        holder[key] = _value(draw, holder[key], document, strings)
    return document


def _value(draw: random.Random, value: Any, document: Any, strings: Mutation) -> Any:
    if isinstance(value, str) and draw.random() < 0.6:
        return strings(draw, value.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass" if draw.random() < 0.1 else "replace")
    if isinstance(value, int | float) and not isinstance(value, bool) and draw.random() < 0.5:
        return draw.choice((-value, value + 1, value * 1000, value // 3, float(value) if abs(value) < 1e300 else 0.0))
    return draw.choice((
        None, True, -1, 10**30, 10**400, 1e308, float("nan"), float("-inf"), [], {}, [[]], draw.choice(NUMBERS),
        draw.choice(TEXTS), DEEP, [value], [value] * 3, {"data": value}, str(value)[:100],
    ))  # fmt: skip


METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_RECORDS = (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07")
_PATHS = (
    "../x", "/x", "a/../../x", "a\\b", "C:/x", "a//b", ".", "..", "", "a/", "a\0b", "é/ü", "x" * 300, "/".join("d" * 40), "a/b/c", "A/B",
    "con", "a/.", "./a", "-", "a:b", "\u202e", ".git/HEAD", "history.bundle",
)  # fmt: skip
Member = tuple[str, bytes, int, int]


def archived(contents: Mutation) -> Mutation:
    """Changes names, contents, kinds, methods and headers of a ZIP archive's members."""

    def mutate(draw: random.Random, data: bytes) -> bytes:
        return draw.choice((plain, _header, _comment, inside, inside, inside))(draw, data)

    inside = members(contents)
    return mutate


def members(contents: Mutation) -> Mutation:
    """Changes members of a ZIP archive and leaves the archive whole."""

    def mutate(draw: random.Random, data: bytes) -> bytes:
        found = members_of(data)
        if not found:
            return plain(draw, data)
        for _ in range(draw.choice((1, 1, 3))):
            _member(draw, found, contents)
        return archive_of(found)

    return mutate


def _comment(draw: random.Random, data: bytes) -> bytes:
    """A second end of the archive, in its comment."""
    return archive_of(members_of(data), b"PK\x05\x06" + bytes(draw.choice((0, 18, 40))))


def members_of(data: bytes) -> list[Member]:
    """Name, content, attributes and method of each member that can be read."""
    found: list[Member] = []
    try:
        with warnings.catch_warnings(), zipfile.ZipFile(io.BytesIO(data)) as archive:
            warnings.simplefilter("ignore")
            for entry in archive.infolist()[:200]:
                with archive.open(entry) as file:
                    found.append((entry.filename, file.read(1 << 18), entry.external_attr, entry.compress_type))
    except Exception:
        return found
    return found


def archive_of(members: Sequence[Member], comment: bytes = b"") -> bytes:
    """A ZIP archive of members."""
    made = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(made, "w") as archive:
        warnings.simplefilter("ignore")
        for name, content, attributes, method in members:
            entry = zipfile.ZipInfo("x")
            entry.filename, entry.external_attr, entry.compress_type = name, attributes, method
            try:
                archive.writestr(entry, content)
            except (ValueError, UnicodeError, struct.error):
                continue
        archive.comment = comment
    return made.getvalue()


def _member(draw: random.Random, members: list[Member], contents: Mutation) -> None:
    at, kind = draw.randrange(len(members)), draw.randrange(7)
    name, content, attributes, method = members[at]
    if kind == 0:
        members[at] = draw.choice((*_PATHS, f"{name}/x", name.upper(), members[draw.randrange(len(members))][0])), content, attributes, method
    elif kind == 1:
        members[at] = name, content, draw.choice((0o120777, 0o040755, 0o010644, 0o020644, 0o140644, 0o100000)) << 16, method
    elif kind == 2:
        members[at] = name, content, attributes, draw.choice(METHODS)
    elif kind == 3:
        members.insert(draw.randint(0, len(members)), (draw.choice((*_PATHS, name)), content, attributes, method))
    elif kind == 4 and len(members) > 1:
        del members[at]
    else:
        members[at] = name, contents(draw, content), attributes, method


def _header(draw: random.Random, data: bytes) -> bytes:
    """Another number in one of the archive's own records."""
    places = []
    for record in _RECORDS:
        at = data.find(record)
        while at >= 0 and len(places) < 400:
            places.append(at)
            at = data.find(record, at + 1)
    if not places:
        return plain(draw, data)
    at = draw.choice(places) + draw.randint(4, 44)
    form = draw.choice(("<H", "<I"))
    size = struct.calcsize(form)
    return data[:at] + struct.pack(form, draw.choice((*NUMBERS, len(data))) % (1 << 8 * size)) + data[at + size :]
