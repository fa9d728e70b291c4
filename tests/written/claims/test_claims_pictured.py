"""Which image a text shows, whose it is, and what is said of those that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.written.claims import Check, Finding, Shown, check_images, look_at_images, read_document
from graders.written.claims.image_claims import MAX_OPENED, SMALLEST

from .pictures import png, put
from .writing import VARIANTS_L02

BOTH = VARIANTS_L02[:2]
FOLDER = "summaries/l02"


def looked(root: Path, markdown: str) -> tuple[Shown, ...]:
    return look_at_images(read_document(markdown, f"{FOLDER}/summary.md"), root, VARIANTS_L02)


def findings(root: Path, markdown: str) -> tuple[Finding, ...]:
    """What is wrong where a lab asks for images of native and tflite-fp32."""
    return check_images(looked(root, markdown), BOTH)


@pytest.fixture
def img(tmp_path: Path) -> Path:
    """A folder with images of native and tflite-fp32, and one that tells nothing."""
    folder = tmp_path / FOLDER / "img"
    put(folder, ["native.png", "tflite-fp32.png", "m.png"])
    return folder


@pytest.mark.parametrize(
    ("width", "height", "problem"),
    [
        (SMALLEST, SMALLEST, ""),
        (SMALLEST - 1, 64, "it has 15 x 64 pixels"),
        (64, SMALLEST - 1, "it has 64 x 15 pixels"),
    ],
)
def test_an_image_can_be_seen(tmp_path: Path, img: Path, width: int, height: int, problem: str) -> None:
    """Both sides have to be large enough."""
    (img / "m.png").write_bytes(png(width, height))
    assert [one.problem for one in looked(tmp_path, "![](img/m.png)")] == [problem]


def test_only_so_many_images_are_opened(tmp_path: Path, img: Path) -> None:
    """One that was looked at before costs nothing; a new one beyond the bound is not opened, and that is said."""
    assert img.is_dir()
    text = "\n".join(f"![](https://example.org/{number}.png)" for number in range(MAX_OPENED - 1))
    shown = looked(tmp_path, f"{text}\n![](img/native.png)\n![](img/m.png)\n![](img/native.png)\n")
    assert [one.problem for one in shown[-3:]] == ["", f"only the first {MAX_OPENED} images are checked", ""]


def test_an_image_that_is_shown_twice_is_looked_at_once(tmp_path: Path, img: Path) -> None:
    """Each time with its own place and text."""
    assert img.is_dir()
    first, second = looked(tmp_path, "![native](img/m.png)\n\n![of tflite-fp32](img/m.png)\n")
    assert (first.variant, first.place.line, first.image.alternative) == ("native", 1, "native")
    assert (second.variant, second.place.line, second.image.alternative) == ("tflite-fp32", 3, "of tflite-fp32")
    assert second.place.file == f"{FOLDER}/summary.md"
    assert first.sha256 == second.sha256 != ""


@pytest.mark.parametrize(
    "address", ["img/m.png?raw=true", "img/m.png#top", "img/m.png?a=1?b=2#c#d", "img/m.png#a?b", "img/m.png?"]
)
def test_what_follows_a_path_in_an_address(tmp_path: Path, img: Path, address: str) -> None:
    """Queries and fragments are no part of a file's name."""
    assert img.is_dir()
    (one,) = looked(tmp_path, f"![]({address})")
    assert (one.path, one.problem) == (f"{FOLDER}/img/m.png", "")


def test_signs_of_addresses_in_a_files_name(tmp_path: Path, img: Path) -> None:
    """They are written by their codes."""
    (img / "m.png").rename(img / "a#b?.png")
    (one,) = looked(tmp_path, "![](img/a%23b%3F.png?raw=true)")
    assert (one.path, one.problem) == (f"{FOLDER}/img/a#b?.png", "")


@pytest.mark.parametrize(
    ("text", "variant"),
    [
        pytest.param("![Confusion matrix (TFLite)](img/m.png)", "tflite-fp32", id="a label: TFLite is the FP32 one"),
        pytest.param("![8 % of the images, INT8](img/m.png)", "tflite-int8-0.08", id="a label: its number anywhere"),
        pytest.param("## native\n\n![tflite-fp32](img/m.png)", "tflite-fp32", id="the nearest counts"),
        pytest.param("## native\n\n![native and tflite-fp32](img/m.png)", "", id="two: of neither"),
        pytest.param("## native\n\n![INT8](img/m.png)", "", id="a family: of none of them"),
        pytest.param("![matrix](img/m.png)", "", id="none"),
    ],
)
def test_whose_an_image_is(tmp_path: Path, img: Path, text: str, variant: str) -> None:
    """What names several, or a family, is not overruled by what stands further off."""
    assert img.is_dir()
    assert [one.variant for one in looked(tmp_path, text)] == [variant]


@pytest.mark.parametrize(
    ("address", "measured"),
    [
        ("img/no-native.png", "img/no-native.png: there is no such file"),
        ("", "an image without a path: it has no path"),
    ],
)
def test_a_broken_image_is_quoted(tmp_path: Path, img: Path, address: str, measured: str) -> None:
    """Its address and what is wrong with it, where it stands."""
    assert img.is_dir()
    text = f"![tflite-fp32](img/tflite-fp32.png)\n\n![native]({address})\n"
    broken, missing = sorted(findings(tmp_path, text), key=lambda one: one.measured.startswith("no confusion"))
    assert broken.measured.startswith(measured)
    assert broken.variant == missing.variant == "native"
    assert [(quote.place.line, quote.text) for quote in broken.quotes] == [(3, f"![native]({address})")]
    assert missing.quotes == broken.quotes


def test_a_missing_image_names_the_broken_one_of_its_variant(tmp_path: Path, img: Path) -> None:
    """The first of them; neither a good image nor one of another variant."""
    assert img.is_dir()
    text = "![tflite-fp32](img/tflite-fp32.png)\n\n![native](img/a.png)\n\n![native](img/b.png)\n"
    (missing,) = [one for one in findings(tmp_path, text) if one.measured.startswith("no confusion")]
    assert missing.measured == "no confusion matrix of native is shown: img/a.png is broken"
    assert [quote.text for quote in missing.quotes] == ["![native](img/a.png)"]
    broken, missing = findings(tmp_path, "![native](img/native.png)\n\n![INT8 8 %](img/a.png)\n")[::-1]
    assert (broken.variant, missing.variant) == ("tflite-int8-0.08", "tflite-fp32")
    assert missing.measured == "no confusion matrix of tflite-fp32 is shown"
    assert missing.quotes == ()


def test_the_same_bytes_for_two_variants(tmp_path: Path, img: Path) -> None:
    """Both places are quoted; the finding is about the later one."""
    (img / "tflite-fp32.png").write_bytes((img / "native.png").read_bytes())
    (found,) = findings(tmp_path, "![](img/native.png)\n\n![](img/tflite-fp32.png)\n")
    assert found.check is Check.IMAGE
    assert found.variant == "tflite-fp32"
    assert [quote.place.line for quote in found.quotes] == [1, 3]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "![native](https://example.org/a.png)\n\n![tflite-fp32](https://example.org/b.png)", id="on the web"
        ),
        pytest.param(
            "![native](img/native.png)\n\n![tflite-fp32](img/tflite-fp32.png)\n\n![matrix](img/m.png)", id="of nobody"
        ),
        pytest.param(
            "![native](img/native.png)\n\n![tflite-fp32](img/tflite-fp32.png)\n\n![native](img/native.png)", id="shown twice"
        ),
    ],
)  # fmt: skip
def test_what_is_no_copy(tmp_path: Path, img: Path, text: str) -> None:
    """Images that were not looked at, and an image that nothing names beside the same one with a name."""
    (img / "m.png").write_bytes((img / "native.png").read_bytes())
    assert findings(tmp_path, text) == ()
