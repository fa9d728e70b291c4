"""Whether bytes are an image: its format, width and height, from its headers alone. Nothing is decoded.

Sources: PNG (W3C, third edition, 5 and 11.2.1), JPEG (ITU-T T.81, annex B), GIF89a, WebP (RFC 9649), SVG 1.1.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass

MAX_SIDE = 100_000
MAX_PARTS = 20_000
"""Chunks of a PNG, or markers of a JPEG before its pixels: programs write some thousand at most."""
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
_JPEG_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_JPEG_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_SVG = re.compile(rb"<svg[\s>]", re.IGNORECASE)


class NotAnImage(Exception):
    """These bytes are no image that a browser shows; the message says why."""


@dataclass(frozen=True)
class Picture:
    """An image: its format, width and height in pixels; an SVG has neither (0)."""

    format: str
    width: int
    height: int


def picture(data: bytes) -> Picture:
    """What image the bytes of a whole file are. :raises NotAnImage: none, or a damaged one."""
    if not data:
        raise NotAnImage("the file is empty")
    if data.startswith(_PNG):
        return _sized("PNG", *_png(data))
    if data.startswith(b"\xff\xd8"):
        return _sized("JPEG", *_jpeg(data))
    if data.startswith((b"GIF87a", b"GIF89a")) and len(data) >= 13:
        return _sized("GIF", *struct.unpack_from("<HH", data, 6))
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _sized("WebP", *_webp(data))
    if _SVG.search(data[:4096]):
        return Picture("SVG", 0, 0)
    raise NotAnImage(_what(data))


def _sized(name: str, width: int, height: int) -> Picture:
    if not 0 < width <= MAX_SIDE or not 0 < height <= MAX_SIDE:
        raise NotAnImage(f"a {name} of {width} x {height} pixels")
    return Picture(name, width, height)


def _what(data: bytes) -> str:
    if data.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS, not the file itself"
    if data.startswith(b"%PDF"):
        return "a PDF, which Markdown can't show"
    if data[:512].lstrip()[:1] == b"<":
        return "a web page, not an image"
    return "no PNG, JPEG, GIF, WebP or SVG"


def _png(data: bytes) -> tuple[int, int]:
    if len(data) < 33 or data[12:16] != b"IHDR" or struct.unpack_from(">I", data, 8)[0] != 13:
        raise NotAnImage("a PNG without a header")
    width, height, depth, colour, compression, filtering, interlace = struct.unpack_from(">IIBBBBB", data, 16)
    whole = zlib.crc32(data[12:29]) == struct.unpack_from(">I", data, 29)[0]
    known = depth in _PNG_DEPTHS.get(colour, set()) and compression == 0 and filtering == 0 and interlace < 2
    if not whole or not known:
        raise NotAnImage("a PNG with a damaged header")
    at, pixels = 33, False
    for _ in range(MAX_PARTS):
        if at + 12 > len(data):
            break
        size, kind = struct.unpack_from(">I", data, at)[0], data[at + 4 : at + 8]
        if kind == b"IEND" and pixels:
            return width, height
        pixels = pixels or (kind == b"IDAT" and size > 0)
        at += 12 + size
    raise NotAnImage("a PNG that breaks off" if pixels else "a PNG without pixels")


def _jpeg(data: bytes) -> tuple[int, int]:
    at, found = 2, None
    for _ in range(MAX_PARTS):
        if at + 4 > len(data) or data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xFF or marker in _JPEG_ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        size = struct.unpack_from(">H", data, at + 2)[0]
        if marker in _JPEG_FRAMES and at + 9 <= len(data):
            height, width = struct.unpack_from(">HH", data, at + 5)
            found = (width, height)
        if marker == 0xDA and found is not None:
            return found
        at += 2 + size
    raise NotAnImage("a JPEG that breaks off" if found else "a JPEG without pixels")


def _webp(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X" and len(data) >= 30:
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L" and len(data) >= 25 and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and len(data) >= 30 and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise NotAnImage("a WebP with a damaged header")
