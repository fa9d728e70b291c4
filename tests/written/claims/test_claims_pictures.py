"""Headers of images: what is read of them, where they break off, and what only looks like one."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from graders.written.claims import NotAnImage, picture
from graders.written.claims.pictures import MAX_SIDE, Picture

from .pictures import png

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PIXELS = zlib.compress(b"\0\x80" * 1)
"""One grey pixel."""


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(compression: int = 0, filtering: int = 0, interlace: int = 0) -> bytes:
    """What a grey PNG of one pixel begins with."""
    return SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, compression, filtering, interlace))


def encoded(form: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (70, 50), (200, 30, 60)).save(stream, form)
    return stream.getvalue()


def reason(data: bytes) -> str:
    """Why bytes are no image; nothing where they are one."""
    try:
        picture(data)
    except NotAnImage as wrong:
        return str(wrong)
    return ""


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(header() + chunk(b"IDAT", PIXELS) + chunk(b"IEND"), "", id="whole"),
        pytest.param(
            header() + b"".join(chunk(b"IDAT", bytes([one])) for one in PIXELS) + chunk(b"IEND"), "", id="bytewise"
        ),
        pytest.param(header()[:32], "without a header", id="header cut off"),
        pytest.param(header(), "without pixels", id="header alone"),
        pytest.param(header() + chunk(b"IEND"), "without pixels", id="no pixels"),
        pytest.param(header() + chunk(b"IDAT") + chunk(b"IEND"), "without pixels", id="empty pixels"),
        pytest.param(header() + chunk(b"tEXt", b"a plot") + chunk(b"IEND"), "without pixels", id="text alone"),
        pytest.param(header() + chunk(b"IDAT", PIXELS), "breaks off", id="no end"),
        pytest.param(header() + chunk(b"IDAT", PIXELS) * 2, "breaks off", id="pixels twice, no end"),
        pytest.param(header(interlace=1) + chunk(b"IDAT", PIXELS) + chunk(b"IEND"), "", id="interlaced"),
        pytest.param(
            header(interlace=2) + chunk(b"IDAT", PIXELS) + chunk(b"IEND"), "damaged header", id="interlaced 2"
        ),
        pytest.param(
            header(compression=1) + chunk(b"IDAT", PIXELS) + chunk(b"IEND"), "damaged header", id="compression"
        ),
        pytest.param(header(filtering=1) + chunk(b"IDAT", PIXELS) + chunk(b"IEND"), "damaged header", id="filter"),
    ],
)
def test_what_a_png_consists_of(data: bytes, why: str) -> None:
    """A header that the standard allows, pixels in chunks of any length, and an end."""
    assert why in reason(data)
    assert bool(reason(data)) == bool(why)


def test_pixels_byte_by_byte_are_shown_elsewhere_too() -> None:
    """Pillow decodes what is taken for a PNG here."""
    data = header() + b"".join(chunk(b"IDAT", bytes([one])) for one in PIXELS) + chunk(b"IEND")
    assert Image.open(io.BytesIO(data)).getpixel((0, 0)) == 0x80


@pytest.mark.parametrize(
    ("width", "height", "fits"),
    [(1, 1, True), (MAX_SIDE, 1, True), (1, MAX_SIDE, True), (MAX_SIDE + 1, 1, False), (1, MAX_SIDE + 1, False),
     (0, 1, False), (1, 0, False)],
)  # fmt: skip
def test_an_image_has_sides(width: int, height: int, fits: bool) -> None:
    """From one pixel up to the bound."""
    assert reason(png(width, height)) == ("" if fits else f"a PNG of {width} x {height} pixels")


@pytest.mark.parametrize(
    ("marker", "kept", "why"),
    [
        pytest.param(b"\xff\xc0", 2, "without pixels", id="the frame's marker"),
        pytest.param(b"\xff\xc0", 8, "without pixels", id="half of its size"),
        pytest.param(b"\xff\xc0", 9, "breaks off", id="its whole size"),
        pytest.param(b"\xff\xda", 3, "breaks off", id="no scan"),
        pytest.param(b"\xff\xda", 4, "", id="the scan begins"),
    ],
)
def test_a_jpeg_that_is_cut_off(marker: bytes, kept: int, why: str) -> None:
    """It needs its frame's size and the beginning of a scan; what is missing is said."""
    data = encoded("JPEG")
    found = reason(data[: data.index(marker) + kept])
    assert why in found
    assert bool(found) == bool(why)


def test_a_jpeg_may_have_markers_without_data() -> None:
    """TEM and restart markers have no length behind them."""
    data = encoded("JPEG")
    assert picture(data[:2] + b"\xff\x01\xff\xd0" + data[2:]) == Picture("JPEG", 70, 50)


def test_a_gif_has_a_whole_header() -> None:
    """Signature and screen, thirteen bytes."""
    data = encoded("GIF")
    assert picture(data[:13]) == Picture("GIF", 70, 50)
    assert "no PNG" in reason(data[:12])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 20, "no PNG, JPEG", id="sound"),
        pytest.param(b"\0\0\0\0\0\0\0\0WEBPVP8X" + b"\0" * 20, "no PNG, JPEG", id="WEBP without RIFF"),
        pytest.param(b"\n  <!DOCTYPE html><html>", "a web page", id="a page behind white space"),
        pytest.param(b"a < b", "no PNG, JPEG", id="text with a bracket"),
    ],
)
def test_what_only_looks_like_an_image(data: bytes, why: str) -> None:
    """It is called what it is."""
    assert why in reason(data)
