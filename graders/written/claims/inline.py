"""What stands within a line of Markdown: images, and the text without its marks.

Linear, and nothing is interpreted: HTML is text or dropped, addresses are kept as they are.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

MAX_TARGET = 1000
_DATA_ADDRESS = re.compile(r"data:image/([a-z0-9.+-]{1,20})(?:;[^,;\s]{0,40}){0,4},[A-Za-z0-9+/=%_-]*+", re.IGNORECASE)
_IMAGE = re.compile(
    r"!\[((?:[^\[\]\\]|\\.){0,500}+)\]\(\s*+"
    r"(<[^<>\n]{0,1000}+>|[^()\s<>]{0,1000}+(?:\([^()\s]{0,200}\))?[^()\s]{0,200})[^()\n]{0,300}\)"
)
_IMAGE_BY_NAME = re.compile(r"!\[((?:[^\[\]\\]|\\.){0,500}+)\](?:\[([^\[\]]{0,200})\])?(?!\()")
_WIKI_IMAGE = re.compile(r"!\[\[([^\[\]|\n]{1,500}+)(?:\|[^\[\]\n]{0,200})?\]\]")
_IMAGE_TAG = re.compile(r"<img\b([^<>]{0,2000}+)>", re.IGNORECASE)
_SOURCE = re.compile(r"\bsrc\s*=\s*(?:\"([^\"]{0,1000})\"|'([^']{0,1000})'|([^\s\"'>]{1,1000}))", re.IGNORECASE)
_ALTERNATIVE = re.compile(r"\balt\s*=\s*(?:\"([^\"]{0,500})\"|'([^']{0,500})')", re.IGNORECASE)
_LINK = re.compile(r"\[((?:[^\[\]\\]|\\.){0,500}+)\](?:\([^()\n]{0,1000}+\)|\[[^\[\]]{0,200}\])")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:a|abbr|b|big|blockquote|br|caption|center|cite|code|col|colgroup|dd|del|details|div|dl|dt|em|figcaption"
    r"|figure|font|h[1-6]|hr|i|iframe|img|input|ins|kbd|label|li|main|mark|ol|p|picture|pre|q|s|samp|script|section"
    r"|small|source|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|tfoot|th|thead|tr|tt|u|ul|var|video)"
    r"(?:[\s/][^<>]{0,1000}+)?>|<!--(?:[^-<]|-(?!->)){0,500}+-->",
    re.IGNORECASE,
)
_MATHS = ((r"\pm", "±"), (r"\%", "%"), (r"\times", "x"), (r"\approx", "~"), (r"\sim", "~"), (r"\,", " "), (r"\ ", " "))
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_MARKS = re.compile(r"\*{1,3}|`+|~~|\$|(?<!\w)_{1,3}(?=[^\s_])|(?<=[^\s_])_{1,3}(?!\w)")


@dataclass(frozen=True)
class ImageMark:
    """An image that a line shows: its address as written and decoded, and its alternative text."""

    target: str
    alternative: str


def without_data(text: str) -> str:
    """The text with images that stand in it as data replaced by a mark of a few characters."""
    return _DATA_ADDRESS.sub(lambda found: f"data:image/{found.group(1).lower()}", text)


def images(line: str, named: Mapping[str, str]) -> tuple[ImageMark, ...]:
    """The images that a line shows, in the manner of Markdown, HTML or a wiki.

    :param named: addresses that the document gives names to, by name in upper case.
    """
    found = [(match.start(), _mark(match.group(2), match.group(1))) for match in _IMAGE.finditer(line)]
    found += [(match.start(), _mark(match.group(1), "")) for match in _WIKI_IMAGE.finditer(line)]
    for match in _IMAGE_BY_NAME.finditer(line):
        name = " ".join((match.group(2) or match.group(1)).split()).upper()
        if name in named:
            found.append((match.start(), _mark(named[name], match.group(1))))
    for match in _IMAGE_TAG.finditer(line):
        source, alternative = _SOURCE.search(match.group(1)), _ALTERNATIVE.search(match.group(1))
        if source:
            found.append((match.start(), _mark(_group(source), _group(alternative) if alternative else "")))
    return tuple(mark for _, mark in sorted(found, key=lambda item: item[0]))


def whole_lines(content: str) -> Iterator[tuple[int, str]]:
    """The lines of a block of text, numbered from 0; one image's mark that goes over several lines makes them one."""
    for pattern, sign in ((_IMAGE_TAG, "<img"), (_IMAGE, "![")):
        if "\n" in content and sign in content.lower():
            content = pattern.sub(lambda found: found.group().replace("\n", "\0"), content)
    number = 0
    for line in content.split("\n"):
        yield number, line.replace("\0", " ")
        number += 1 + line.count("\0")


def _mark(target: str, alternative: str) -> ImageMark:
    plain = html.unescape(target.strip().removeprefix("<").removesuffix(">").strip())
    # A "#" or "?" of the file's own name is written as %23 or %3F.
    address = re.split("[?#]", plain[:MAX_TARGET])[0]
    return ImageMark(unquote(address), plain_text(alternative))


def _group(found: re.Match[str]) -> str:
    return next((group for group in found.groups() if group is not None), "")


def plain_text(line: str) -> str:
    """A line as a reader sees it: without images, tags and marks of emphasis, links as their text."""
    text = _IMAGE.sub(" ", line) if "![" in line else line
    text = _IMAGE_BY_NAME.sub(" ", _WIKI_IMAGE.sub(" ", text)) if "![" in text else text
    text = _LINK.sub(r"\1", text)
    text = _TAG.sub("", _BREAK.sub(" ", text)) if "<" in text else text
    for mark, sign in _MATHS:
        text = text.replace(mark, sign)
    text = _MARKS.sub("", _ESCAPED.sub(r"\1", text))
    return " ".join(html.unescape(text).replace("\0", " ").split())
