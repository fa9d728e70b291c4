"""Headers of images."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from graders.written.claims.pictures import NotAnImage, picture
from tests.fuzz.mutations import combined, plain
from tests.fuzz.target import Target, require_one_line


def run(data: bytes) -> None:
    try:
        found = picture(data)
    except NotAnImage as error:
        require_one_line(error)
        return
    assert found.format == "SVG" or (found.width > 0 and found.height > 0)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(header: bytes = struct.pack(">IIBBBBB", 20, 20, 8, 2, 0, 0, 0)) -> bytes:
    pixels = zlib.compress(bytes(20 * 61))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def with_header(draw, data: bytes) -> bytes:
    """A PNG whose header is changed and whose checksum is right."""
    return png(plain(draw, data[16:29] if len(data) > 33 else bytes(13)))


def seeds() -> Sequence[bytes]:
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, 20, 20, 1) + b"\1\x11\0"
    jpeg = b"\xff\xd8" + b"\xff\xe0\0\x10JFIF\0" + bytes(9) + frame + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + b"\0\xff\xd9"
    webp = b"RIFF" + struct.pack("<I", 40) + b"WEBP"
    return (
        png(), jpeg, b"GIF89a" + struct.pack("<HH", 20, 20) + bytes(20), b"<svg xmlns='http://www.w3.org/2000/svg'></svg>",
        webp + b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\x13\0\0\x13\0\0" + bytes(8),
        webp + b"VP8L" + struct.pack("<I", 10) + b"\x2f" + struct.pack("<I", 19 | 19 << 14) + bytes(12),
        webp + b"VP8 " + struct.pack("<I", 20) + b"\0\0\0\x9d\1\x2a" + struct.pack("<HH", 20, 20) + bytes(12),
        b"version https://git-lfs.github.com/spec/v1\n", b"%PDF-1.4", b"<!doctype html>",
    )  # fmt: skip


TARGET = Target(
    name="image", reads="images that a summary shows: PNG, JPEG, GIF, WebP, SVG", run=run, seeds=seeds,
    mutate=combined(plain, plain, with_header), suffix=".png",
)  # fmt: skip
