"""Changes to git's objects that leave their ids right, as a hostile student would make them: packs, bundles, loose objects."""

from __future__ import annotations

import hashlib
import random
import re
import struct
import zlib
from collections.abc import Mapping, Sequence

from tests.fuzz.mutations import Mutation, combined, plain, text

KINDS = {1: b"commit", 2: b"tree", 3: b"blob", 4: b"tag"}
OFS_DELTA, REF_DELTA = 6, 7
HEX = re.compile(rb"[0-9a-f]{40}")
HEADERS = (
    "tree ", "parent ", "author ", "committer ", "gpgsig -----BEGIN", "encoding UTF-16", "encoding latin1", "mergetag object", " <a@b> ", "<", ">",
    "1760000000 +0000", "9999999999999999 +0000", "-1 -9999", "Ada", "Merge branch 'x'", "Merge a into b", "\x00", "wip",
)  # fmt: skip
NAMES = (
    b".git", b"..", b".", b"", b"a/b", b"\xff", b"\n", b"-x", b"summary.md", b"model.tflite", b"x" * 300, b"a\tb", b'"', b"quantization_experiments.py",
    b"dl_in_iot_course", b".gitattributes", b".gitmodules", b"\xe2\x80\xae",
)  # fmt: skip
MODES = (b"100644", b"40000", b"120000", b"160000", b"100755", b"0", b"777777777777", b"040000", b"")
Objects = list[tuple[int, bytes]]

commit_text: Mutation = combined(text(*HEADERS), text(*HEADERS), plain)


def id_of(kind: int, content: bytes) -> bytes:
    """An object's id, in binary."""
    return hashlib.sha1(KINDS[kind] + b" %d\0" % len(content) + content).digest()


def pack_of(objects: Sequence[tuple[int, bytes]], extra: Sequence[bytes] = ()) -> bytes:
    """A pack of whole objects, and of further entries as they are."""
    entries = [entry(kind, len(content), zlib.compress(content, 1)) for kind, content in objects]
    data = b"PACK" + struct.pack(">II", 2, len(entries) + len(extra)) + b"".join((*entries, *extra))
    return data + hashlib.sha1(data).digest()


def entry(kind: int, size: int, body: bytes) -> bytes:
    """One entry of a pack: kind and size in groups of bits, and what follows."""
    first, size, head = kind << 4 | size & 15, size >> 4, bytearray()
    while size:
        head.append(first | 0x80)
        first, size = size & 0x7F, size >> 7
    head.append(first)
    return bytes(head) + body


def objects_of(pack: bytes) -> Objects:
    """The whole objects of a pack, as far as it can be read; deltas are passed over."""
    found: Objects = []
    at = 12
    while at < len(pack) - 20:
        byte = pack[at]
        kind, at = byte >> 4 & 7, at + 1
        while byte & 0x80:
            byte, at = pack[at], at + 1
        if kind == OFS_DELTA:
            while pack[at] & 0x80:
                at += 1
            at += 1
        elif kind == REF_DELTA:
            at += 20
        stream = zlib.decompressobj()
        content = stream.decompress(pack[at:], 1 << 18)
        if not stream.eof:
            break
        at = len(pack) - len(stream.unused_data)
        if kind in KINDS:
            found.append((kind, content))
    return found


def split(bundle: bytes) -> tuple[bytes, bytes]:
    """A bundle's head, with its empty line, and its pack."""
    at = bundle.find(b"\n\nPACK")
    return (bundle[: at + 2], bundle[at + 2 :]) if at >= 0 else (bundle, b"")


def change_bundle(draw: random.Random, data: bytes) -> bytes:
    """Another head; other objects, under their right ids; or other entries of the pack."""
    head, pack = split(data)
    kind = draw.randrange(8)
    if kind == 0 or not pack:
        return plain(draw, data)
    if kind == 1:
        return text("# v3 git bundle", "@filter=blob:none", "@object-format=sha256", "-", " HEAD", " refs/heads/x", " refs/heads/main")(draw, head) + pack
    try:
        objects = objects_of(pack)
    except (zlib.error, IndexError):
        objects = []
    if len(objects) != int.from_bytes(pack[8:12], "big"):
        return plain(draw, data)
    before = dict.fromkeys(id_of(*each) for each in objects)
    extra: list[bytes] = []
    for _ in range(draw.choice((1, 1, 2, 4))):
        if draw.random() < 0.15:
            extra.append(_delta(draw, objects))
        else:
            at = draw.randrange(len(objects))
            objects[at] = objects[at][0], changed_object(draw, *objects[at], list(before))
    renamed = _renamed(objects, list(before))
    made = pack_of(objects, extra)
    if draw.random() < 0.1:
        made = plain(draw, made[:-20])
        made += hashlib.sha1(made).digest()
    return HEX.sub(lambda one: renamed.get(one[0], one[0]), head) + made


def changed_object(draw: random.Random, kind: int, content: bytes, ids: Sequence[bytes]) -> bytes:
    """A commit, a tree or a blob with something else in it."""
    if kind == 1 or kind == 4:
        changed = commit_text(draw, content)
        if draw.random() < 0.3 and ids:
            changed = changed.replace(b"author ", b"parent " + draw.choice(ids).hex().encode() + b"\nauthor ", 1)
        return changed
    if kind == 2:
        return _tree(draw, content, ids)
    return draw.choice((plain(draw, content), content * 300, b"", draw.choice((b"PK\3\4", b"\x89HDF\r\n\x1a\n", b"\0\0\0\0TFL3")) + content))


def _tree(draw: random.Random, content: bytes, ids: Sequence[bytes]) -> bytes:
    entries = []
    at = 0
    while (end := content.find(b"\0", at)) >= 0:
        mode, _, name = content[at:end].partition(b" ")
        entries.append([mode, name, content[end + 1 : end + 21]])
        at = end + 21
    entries = entries or [[b"100644", b"a", bytes(20)]]
    which, what = draw.choice(entries), draw.randrange(6)
    if what == 0:
        which[0] = draw.choice(MODES)
    elif what == 1:
        which[1] = draw.choice(NAMES)
    elif what == 2:
        which[2] = draw.choice((*ids, bytes(20), draw.randbytes(20), which[2][:10]))
    elif what == 3:
        entries += [[which[0], which[1] + str(number).encode(), which[2]] for number in range(draw.choice((1, 40, 600)))]
    elif what == 4:
        entries.remove(which)
    else:
        return plain(draw, content)
    return b"".join(b"%b %b\0%b" % (mode, name, identifier) for mode, name, identifier in entries)


def _renamed(objects: Objects, ids: Sequence[bytes]) -> dict[bytes, bytes]:
    """Puts new ids in place of old ones wherever objects name others; by old id, in hex, the new one.

    ``ids`` are in the order of the objects. A circle of names can't be made: no object's id is known before its content.
    """
    renamed: dict[bytes, bytes] = {}
    for _ in range(12):
        stable = True
        for at, (kind, content) in enumerate(objects):
            named = _with_names(kind, content, renamed)
            objects[at] = kind, named
            old, new = (ids[at] if at < len(ids) else b"").hex().encode(), id_of(kind, named).hex().encode()
            if old and renamed.get(old, old) != new:
                renamed[old], stable = new, False
        if stable:
            break
    return renamed


def _with_names(kind: int, content: bytes, renamed: Mapping[bytes, bytes]) -> bytes:
    for old, new in renamed.items():
        if kind == 2:
            content = content.replace(bytes.fromhex(old.decode()), bytes.fromhex(new.decode()))
        elif kind != 3:
            content = content.replace(old, new)
    return content


def _delta(draw: random.Random, objects: Objects) -> bytes:
    """A delta against some object: of an odd size, with odd steps, or against itself."""
    kind, content = draw.choice(objects)
    sizes = [draw.choice((len(content), 0, 1, 2**20, 2**31, 2**40)) for _ in range(2)]
    steps = draw.choice((b"\x05hello", b"\x90\xff", b"\xff" * 8, bytes(3), draw.randbytes(20), b"\x90\x0a" * 2000))
    body = b"".join(_varint(size) for size in sizes) + steps
    packed = zlib.compress(body)
    if draw.random() < 0.7:
        return entry(REF_DELTA, len(body), draw.choice((id_of(kind, content), draw.randbytes(20))) + packed)
    return entry(OFS_DELTA, len(body), draw.choice((b"\x00", b"\x20", b"\x80\x20", b"\xff\xff\xff\x7f")) + packed)


def _varint(number: int) -> bytes:
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*made, number))


def change_loose(draw: random.Random, data: bytes) -> bytes:
    """A loose object with another content, which then has another id than its file's name says."""
    try:
        whole = zlib.decompress(data)
    except zlib.error:
        return plain(draw, data)
    head, _, content = whole.partition(b"\0")
    kind = draw.randrange(4)
    if kind == 0:
        head = draw.choice((b"blob %d", b"commit %d", b"tree %d", b"tag %d", b"x %d")) % draw.choice((len(content), 0, 2**31, 2**62))
    elif kind == 1:
        content = plain(draw, content)
    else:
        content = commit_text(draw, content)
        head = head.partition(b" ")[0] + b" %d" % len(content)
    return zlib.compress(head + b"\0" + content)
