"""Images are looked at by their headers alone, inside of the submission alone."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from graders.written.claims import (
    Check,
    Finding,
    NotAnImage,
    Shown,
    check_images,
    look_at_images,
    picture,
    read_document,
)
from graders.written.claims.pictures import Picture

from .pictures import png, put
from .writing import L02, VARIANTS_L02


def encoded(form: str, size: tuple[int, int] = (70, 50), **more: object) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, (200, 30, 60)).save(stream, form, **more)
    return stream.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WebP"])
def test_images_of_every_format(form: str) -> None:
    """Format and size are those that Pillow wrote."""
    found = picture(encoded(form))
    assert (found.format, found.width, found.height) == (form, 70, 50)


@pytest.mark.parametrize("options", [{"progressive": True}, {"quality": 1}, {"exif": b"Exif\0\0" + b"\0" * 500}])
def test_jpegs_of_every_kind(options: dict[str, object]) -> None:
    """Progressive ones, and with metadata before the frame."""
    assert picture(encoded("JPEG", **options)).width == 70


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 80}, {"exif": b"Exif\0\0" + b"\0" * 50}])
def test_webp_of_every_kind(options: dict[str, object]) -> None:
    """Lossy, lossless, and with metadata before the picture; nothing but the header is needed."""
    data = encoded("WebP", **options)
    assert (picture(data).width, picture(data).height) == (70, 50)
    header = 25 if data[12:16] == b"VP8L" else 30
    assert picture(data[:header]).height == 50
    with pytest.raises(NotAnImage, match="damaged header"):
        picture(data[: header - 1])


def test_markers_of_a_jpeg_may_be_padded() -> None:
    """Any number of bytes 0xFF may stand before a marker."""
    data = encoded("JPEG")
    assert picture(data[:2] + b"\xff" * 3 + data[2:]) == Picture("JPEG", 70, 50)


def test_svg_is_an_image() -> None:
    """As a plotting library writes it."""
    found = picture(b"<?xml version='1.0'?>\n<!DOCTYPE svg>\n<svg xmlns='a' width='3'></svg>")
    assert found == Picture("SVG", 0, 0)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS"),
        (b"%PDF-1.4", "a PDF"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"\0" * 100, "no PNG"),
        (b"just text", "no PNG"),
        (png()[:20], "without a header"),
        (png()[:40], "without pixels"),
        (png()[:-12], "breaks off"),
        (png()[:25] + b"\x07" + png()[26:], "damaged header"),
        (png(0, 48), "0 x 48 pixels"),
        (png(200_000, 48), "200000 x 48 pixels"),
        (png(depth=3), "damaged header"),
        (b"\x89PNG\r\n\x1a\n", "without a header"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 20, "without pixels"),
        (encoded("JPEG")[:200], "JPEG"),
        (b"RIFF\0\0\0\0WEBPVP9 " + b"\0" * 20, "damaged header"),
    ],
)
def test_what_is_no_image(data: bytes, why: str) -> None:
    """The reason says what it is in truth."""
    with pytest.raises(NotAnImage, match=why):
        picture(data)


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"GIF89a", b"RIFF\0\0\0\0WEBPVP8 "]),
)
def test_any_bytes_are_judged(data: bytes, start: bytes) -> None:
    """No bytes break the reading of headers."""
    try:
        found = picture(start + data)
    except NotAnImage:
        return
    assert found.format == "SVG" or (found.width > 0 and found.height > 0)


@given(st.integers(0, len(png()) - 1), st.integers(0, 255))
def test_a_damaged_png_is_judged(at: int, value: int) -> None:
    """One byte changed anywhere."""
    data = bytearray(png())
    data[at] = value
    try:
        assert picture(bytes(data)).format == "PNG"
    except NotAnImage:
        assert bytes(data) != png()


@pytest.mark.parametrize(
    "markdown",
    [
        '<img\n  src="img/native.png"\n  alt="of native"\n/>', 'Text <img\nsrc="img/native.png"\nalt="of native"> and more.',
        '<p align="center">\n  <img\n    src="img/native.png"\n    alt="of native"\n    width="400"\n  />\n</p>',
        '- an item\n  <img src="img/native.png"\n       alt="of native">', '> <img\n> src="img/native.png"\n> alt="of native">',
        '<IMG\n  SRC=img/native.png\n  ALT="of native"\n/>', "![of\nnative](img/native.png)",
        '<img\n  src="img/native.png"\n  alt="of native"\n/>\n---',
    ],
)  # fmt: skip
def test_images_over_several_lines(markdown: str) -> None:
    """As formatters break long tags; what follows keeps its line."""
    document = read_document(f"# Title\n\n{markdown}\n\nfp32: 0.9\n")
    (image,) = document.images
    assert (image.target, image.alternative) == ("img/native.png", "of native")
    assert image.line in (3, 4)
    last = document.blocks[-1]
    assert last.line == 5 + markdown.count("\n")
    assert not [block for block in document.blocks if "src" in getattr(block, "text", "").lower()]


def test_lines_behind_an_image_over_several_lines_keep_their_numbers() -> None:
    """In the same paragraph."""
    document = read_document("first\n<img\nsrc='a.png'\n/>\nFP32: 131 KB\n")
    assert [(image.target, image.line) for image in document.images] == [("a.png", 2)]
    assert document.blocks[-1].line == 5


def looked(root: Path, markdown: str, file: str = "summaries/l02/summary.md") -> tuple[Shown, ...]:
    return look_at_images(read_document(markdown, file), root, VARIANTS_L02)


def problems(root: Path, markdown: str) -> list[str]:
    return [one.problem for one in looked(root, markdown)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A submission with one good image."""
    put(tmp_path / "submission" / "summaries" / "l02" / "img", ["native.png", "my plot (1).png"])
    return tmp_path / "submission"


@pytest.mark.parametrize(
    "text",
    [
        "![a](img/native.png)",
        "![a](./img/native.png)",
        "![a](img/../img/native.png)",
        "![a](/summaries/l02/img/native.png)",
        '![a](img/native.png "a title")',
        "![a](<img/native.png>)",
        "![a](img/native.png?raw=true)",
        "![a][x]\n\n[x]: img/native.png",
        "![native.png][]\n\n[native.png]: img/native.png",
        "<img src='img/native.png' width=300>",
        '<p><img alt="a" src="img/native.png"/></p>',
        "![[img/native.png]]",
        "| a |\n|-|\n| ![a](img/native.png) |",
        "* ![a](img/native.png)",
        "[![a](img/native.png)](img/native.png)",
        "![my](<img/my plot (1).png>)",
        "![my](img/my%20plot%20%281%29.png)",
    ],
)
def test_every_way_to_show_an_image(root: Path, text: str) -> None:
    """Markdown, references, HTML, wiki links, tables, lists."""
    (one,) = looked(root, text)
    assert one.problem == ""
    assert one.picture is not None
    assert one.path.startswith("summaries/l02/img/")


def test_nothing_outside_is_opened(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths that lead out, absolute ones, links to elsewhere: named, and never opened."""
    secret = tmp_path / "secret.png"
    secret.write_bytes(png())
    img = root / "summaries" / "l02" / "img"
    (img / "link.png").symlink_to(secret)
    (root / "summaries" / "l02" / "out").symlink_to(tmp_path)
    opened: list[str] = []
    real = os.open

    def watched(path: str | Path, *args: object, **more: object) -> int:
        descriptor = real(path, *args, **more)
        link = Path(f"/proc/self/fd/{descriptor}")
        opened.append(str(link.readlink() if link.is_symlink() else path))
        return descriptor

    monkeypatch.setattr("os.open", watched)
    texts = {
        "![a](../../../secret.png)": "out of the submission",
        f"![a]({secret})": "no such file",
        "![a](/etc/passwd)": "no such file",
        "![a](../../../../../../../../etc/passwd)": "out of the submission",
        "![a](img/link.png)": "is a link",
        "![a](out/secret.png)": "is a link",
        "![a](file:///etc/passwd)": "not a file's path",
        "![a](C:\\images\\a.png)": "backslashes",
        "![a](img\\native.png)": "backslashes",
        "![a](%2e%2e/%2e%2e/%2e%2e/secret.png)": "out of the submission",
        "![a](img/%00.png)": "no such file",
        "![a]()": "has no path",
    }
    for text, why in texts.items():
        (one,) = looked(root, text)
        assert why in one.problem, text
    assert not [path for path in opened if path.endswith(("secret.png", "passwd"))]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("![a](img/none.png)", "there is no such file"),
        ("![a](IMG/native.png)", "there is img, and case counts"),
        ("![a](img/Native.PNG)", "there is native.png, and case counts"),
        ("![a](img)", "a folder"),
        ("![a](img/text.png)", "no PNG"),
        ("![a](img/tiny.png)", "1 x 1 pixels"),
        ("![a](img/pipe.png)", "not a regular file"),
        ("![a](img/huge.png)", "MiB are read"),
    ],
)
def test_images_that_are_not_there(root: Path, text: str, why: str) -> None:
    """The problem says what is wrong with it."""
    img = root / "summaries" / "l02" / "img"
    (img / "text.png").write_text("not an image")
    (img / "tiny.png").write_bytes(png(1, 1))
    os.mkfifo(img / "pipe.png")
    with (img / "huge.png").open("wb") as file:
        file.truncate(30 << 20)
    assert why in problems(root, text)[0]


@pytest.mark.parametrize(
    "address", ["https://example.org/a.png", "//example.org/a.png", "data:image/png;base64,iVBORw0KGgo="]
)
def test_images_elsewhere_are_not_looked_at(root: Path, address: str) -> None:
    """On the web or in the text itself: neither a problem nor proof."""
    (one,) = looked(root, f"![native]({address})")
    assert one.elsewhere
    assert one.problem == ""


def test_a_picture_in_the_text_does_not_hide_the_rest(root: Path) -> None:
    """Megabytes of data in one line are skipped, and the lines behind them are read."""
    text = f"![x](data:image/png;base64,{'A' * 3_000_000})\n\n![a](img/native.png)\n"
    assert [one.elsewhere for one in looked(root, text)] == [True, False]


def full(names: list[str]) -> str:
    return "\n\n".join(f"![{name}](img/{name}-confusion-matrix.png)" for name in names)


def findings(root: Path, text: str) -> tuple[Finding, ...]:
    return check_images(looked(root, text), VARIANTS_L02)


@pytest.fixture
def filled(root: Path) -> Path:
    """A submission with all matrices."""
    put(root / "summaries" / "l02" / "img", [f"{name}-confusion-matrix.png" for name in L02])
    return root


def test_every_required_variant_has_its_image(filled: Path) -> None:
    """All of them shown: no findings. One left out, or broken: that one is named."""
    assert findings(filled, full(list(L02))) == ()
    (missing,) = findings(filled, full([name for name in L02 if name != "tflite-imbint8"]))
    assert (missing.check, missing.variant, missing.sure) == (Check.IMAGE, "tflite-imbint8", True)
    (filled / "summaries" / "l02" / "img" / "native-confusion-matrix.png").write_text("oops")
    broken, also = findings(filled, full(list(L02)))
    assert {broken.variant, also.variant} == {"native"}


@pytest.mark.parametrize(
    "text",
    [
        "### INT8 (8 %)\n\n![matrix](img/m.png)",
        "![INT8 8 %](img/m.png)",
        "INT8 0.08:\n\n![](img/m.png)",
        "| INT8 0.08 |\n|---|\n| ![](img/m.png) |",
        "| INT8 8 % | ![](img/m.png) |\n|---|---|\n| a | b |",
    ],
)
def test_what_stands_near_tells_whose_image_it_is(root: Path, text: str) -> None:
    """A heading, the alternative text, the line above, the cell beside or above."""
    put(root / "summaries" / "l02" / "img", ["m.png"])
    assert [one.variant for one in looked(root, text)] == ["tflite-int8-0.08"]


def test_an_image_of_nobody_leaves_doubt(filled: Path) -> None:
    """One picture of all matrices: what is missing is not beyond doubt."""
    put(filled / "summaries" / "l02" / "img", ["all.png"])
    found = findings(filled, "![all matrices](img/all.png)")
    assert len(found) == len(L02)
    assert not any(one.sure for one in found)


def test_the_same_image_twice_leaves_doubt(filled: Path) -> None:
    """A copied file under another name is told, for a person to look at."""
    img = filled / "summaries" / "l02" / "img"
    (img / "native-confusion-matrix.png").write_bytes((img / "tflite-fp32-confusion-matrix.png").read_bytes())
    (finding,) = findings(filled, full(list(L02)))
    assert "same image" in finding.measured
    assert not finding.sure
