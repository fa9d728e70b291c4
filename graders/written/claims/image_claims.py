"""The images that a summary shows: whether they are there, are images, and show what the lab asks for."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from graders.submission.limits import MAX_IMAGE_BYTES, MEBI
from graders.written.claims.document import Document, Image
from graders.written.claims.files import NotThere, read_inside
from graders.written.claims.model import MODEL, Check, Finding, Place, Quote
from graders.written.claims.normalization import normal
from graders.written.claims.pictures import NotAnImage, Picture, picture
from graders.written.claims.rendering import in_order
from graders.written.claims.variants import Variant, mentions

MAX_IMAGE = 20 << 20
MAX_OPENED = 120
SMALLEST = 16
NOWHERE = Place("", 0)
_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{1,20}:")


@dataclass(frozen=True)
class Shown:
    """An image of the text: the file that it names, from the submission's folder, what it is, and whose it is.

    ``problem`` says what is wrong with it, ``""`` if nothing is. ``elsewhere``: it is on the web, or in the text
    itself, and was not looked at. ``place`` is where the text shows it.
    """

    image: Image
    path: str
    picture: Picture | None = None
    place: Place = NOWHERE
    variant: str = MODEL
    sha256: str = ""
    problem: str = ""
    elsewhere: bool = False


def look_at_images(document: Document, root: Path, variants: Sequence[Variant]) -> tuple[Shown, ...]:
    """Each image of the text. Only files inside of ``root`` are opened, and only their headers are looked at.

    ``document.file`` is the summary's path from ``root``, from which its images' addresses count.
    """
    looked: dict[str, Shown] = {}
    files = _Files(root)
    found = []
    for image in document.images:
        variant = _whose(image, tuple(variants))
        key = image.target
        if key not in looked:
            looked[key] = _look(image, document, files) if len(looked) < MAX_OPENED else _not_opened(image)
        one = looked[key]
        found.append(replace(one, image=image, place=document.place(image.line), variant=variant))
    return tuple(found)


@dataclass(frozen=True)
class _File:
    """What an image's file is, and the hash of its bytes; or what is wrong with it."""

    picture: Picture | None
    sha256: str
    problem: str = ""


class _Files:
    """The files of one document's images: each is read once, however it is addressed, up to so many bytes in all."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._left = MAX_IMAGE_BYTES
        self._read: dict[str, _File] = {}

    def at(self, path: str) -> _File:
        if path not in self._read:
            self._read[path] = self._opened(path)
        return self._read[path]

    def _opened(self, path: str) -> _File:
        if self._left <= 0:
            return _File(None, "", f"only the first {MAX_IMAGE_BYTES / MEBI:.0f} MiB of images are checked")
        try:
            data = read_inside(self._root, path, MAX_IMAGE)
            self._left -= len(data)
            return _File(picture(data), hashlib.sha256(data).hexdigest())
        except (NotThere, NotAnImage) as wrong:
            return _File(None, "", str(wrong))


def _look(image: Image, document: Document, files: _Files) -> Shown:
    target = image.target
    if target.lower().startswith("data:image/"):
        return Shown(image, "", elsewhere=True)
    if _ADDRESS.match(target) and not re.match(r"[a-zA-Z]:[\\/]", target):
        web = target.lower().startswith(("http:", "https:"))
        return Shown(image, "", problem="" if web else "not a file's path", elsewhere=web)
    if target.startswith("//"):
        return Shown(image, "", elsewhere=True)
    path, problem = _path(target, document.file)
    if problem:
        return Shown(image, path, problem=problem)
    file = files.at(path)
    seen = file.picture
    if seen is None:
        return Shown(image, path, problem=file.problem)
    tiny = seen.format != "SVG" and min(seen.width, seen.height) < SMALLEST
    problem = f"it has {seen.width} x {seen.height} pixels" if tiny else ""
    return Shown(image, path, seen, sha256=file.sha256, problem=problem)


def _path(target: str, file: str) -> tuple[str, str]:
    """The path from the submission's folder that an address means, and what is wrong with it."""
    if not target:
        return "", "it has no path"
    if "\\" in target:
        return target, "the path has backslashes; use /"
    joined = target.lstrip("/") if target.startswith("/") else posixpath.join(posixpath.dirname(file), target)
    path = posixpath.normpath(joined)
    if path == ".." or path.startswith("../"):
        return path, "the path leads out of the submission"
    return path, ""


def _not_opened(image: Image) -> Shown:
    return Shown(image, "", problem=f"only the first {MAX_OPENED} images are checked")


def _whose(image: Image, variants: tuple[Variant, ...]) -> str:
    """The variant that an image shows: by the file's name, the words in its place, what stands near it."""
    stem = posixpath.splitext(posixpath.basename(image.target))[0][:200]
    for text in (stem, image.alternative, *image.near[:4]):
        found = mentions(normal(text[:400]), variants, label=True)
        if len(found) == 1 and found[0].definite:
            return found[0].names[0]
        if found:
            return MODEL
    return MODEL


def check_images(shown: Sequence[Shown], variants: Sequence[Variant]) -> tuple[Finding, ...]:
    """Images that are not there or no images, and required variants without one."""
    findings = [_broken(one) for one in shown if one.problem]
    good = [one for one in shown if not one.problem]
    named = {one.variant for one in good}
    # An image that nothing names may show the matrix of any variant, or of several.
    open_ones = [one for one in good if not one.variant or one.elsewhere]
    missing = [variant for variant in variants if variant.required and variant.name not in named]
    findings += [_not_shown(variant, shown, sure=not open_ones) for variant in missing]
    findings += _twice(good)
    return in_order(findings)


def _quote(one: Shown) -> Quote:
    return Quote(one.place, f"![{one.image.alternative[:100]}]({one.image.target[:200]})")


def _broken(one: Shown) -> Finding:
    return Finding(
        Check.IMAGE,
        measured=f"{one.image.target[:200] or 'an image without a path'}: {one.problem}",
        expected="an image in the submission, such as img/native-confusion-matrix.png",
        cause="The file was not committed, has another name, or is not what its name says.",
        next="View the summary on your repository's page: an image that does not appear there is missing.",
        quotes=(_quote(one),),
        variant=one.variant,
    )


def _not_shown(variant: Variant, shown: Sequence[Shown], *, sure: bool) -> Finding:
    broken = [one for one in shown if one.variant == variant.name and one.problem]
    return Finding(
        Check.IMAGE,
        measured=f"no confusion matrix of {variant.name} is shown"
        + (f": {broken[0].image.target[:200]} is broken" if broken else ""),
        expected=f"an image of it, such as img/{variant.name}-confusion-matrix.png",
        cause="The image is missing, or nothing near it says what it shows.",
        next=f"Put {variant.name}-confusion-matrix.png into img/ and show it with ![{variant.name}](img/…).",
        quotes=tuple(_quote(one) for one in broken[:1]),
        variant=variant.name,
        sure=sure,
    )


def _twice(good: Sequence[Shown]) -> list[Finding]:
    """The same bytes under the names of two variants: a copy, or plots without a title of equal matrices."""
    first: dict[str, Shown] = {}
    findings = []
    for one in good:
        other = first.setdefault(one.sha256, one) if one.sha256 and one.variant else one
        if other.variant != one.variant:
            findings.append(
                Finding(
                    Check.IMAGE,
                    measured=f"{one.path} is the same image as {other.path}",
                    expected=f"different images for {other.variant} and {one.variant}",
                    cause="A file was copied under another name.",
                    next="Use the image of each variant's own results.",
                    quotes=(_quote(other), _quote(one)),
                    variant=one.variant,
                    sure=False,
                )
            )
    return findings
