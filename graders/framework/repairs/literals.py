"""String literals of a student's code, replaced as wholes wherever they are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from graders.framework.repairs.model import NewText

MAX_LITERAL, MAX_PLACES = 400, 40
# What may not stand beside a whole literal: a prefix such as that of an f-string, or another literal.
_BEFORE, _AFTER = r"(?<![\w\"'\\])", r"(?![\"'])"
_LOADS = re.compile(r"\bload|\bread|PetDataset")


def replace_literals(texts: Mapping[str, str], old: str, new: str) -> tuple[NewText, ...]:
    """New text for each line of these files or cells with a plain string literal of this value.

    A literal is replaced only as a whole, on one line and without escapes but those of backslashes: no part of another
    text, and no f-string.
    """
    if not old or len(old) > MAX_LITERAL or re.search(r"[\"'\n{}]", old + new):
        return ()
    plain, raw = re.escape(old.replace("\\", "\\\\")), re.escape(old)
    literal = re.compile(rf"{_BEFORE}(?:[rR](?P<q>[\"']){raw}(?P=q)|(?P<p>[\"']){plain}(?P=p)){_AFTER}")
    return _replaced(texts, literal, lambda _: repr(new))


def without_folder(texts: Mapping[str, str], folder: str) -> tuple[NewText, ...]:
    """New text for each line with a plain string literal that names a file right in this folder: the file's name alone.

    Lines that load something are left as they are.
    """
    if not folder or len(folder) > MAX_LITERAL or re.search(r"[\"'\n{}\\]", folder):
        return ()
    literal = re.compile(rf"{_BEFORE}(?P<p>[\"']){re.escape(folder)}/(?P<name>[\w. +-]{{1,100}})(?P=p){_AFTER}")
    return _replaced(texts, literal, lambda found: repr(found["name"]))


def folders_below(texts: Mapping[str, str], folder: str) -> list[str]:
    """The values of plain string literals that name this folder or one in it, as they come."""
    if not folder or len(folder) > MAX_LITERAL:
        return []
    literal = re.compile(
        rf"{_BEFORE}(?P<p>[\"'])(?P<path>{re.escape(folder)}(?:/[\w +-]{{1,60}}){{0,8}})(?P=p){_AFTER}"
    )
    found = (match["path"] for text in texts.values() for match in literal.finditer(text))
    return list(dict.fromkeys(found))


def moved(texts: Mapping[str, str], folder: str, new: str) -> tuple[NewText, ...]:
    """New text for each line with a plain string literal that names this folder or something in it: it is moved."""
    if not folder or len(folder) > MAX_LITERAL or re.search(r"[\"'\n{}\\]", folder + new):
        return ()
    literal = re.compile(rf"{_BEFORE}(?P<p>[\"']){re.escape(folder)}(?P<name>(?:/[\w. +/-]{{0,200}})?)(?P=p){_AFTER}")
    return _replaced(texts, literal, lambda found: repr(new + found["name"]))


def _replaced(
    texts: Mapping[str, str], literal: re.Pattern[str], new: Callable[[re.Match[str]], str]
) -> tuple[NewText, ...]:
    found = []
    for file, text in texts.items():
        for number, line in enumerate(text.split("\n"), start=1):
            edited = line if _LOADS.search(line) and "name" in literal.groupindex else literal.sub(new, line)
            if edited != line:
                found.append(NewText(file, number, number, edited))
    return tuple(found) if len(found) <= MAX_PLACES else ()
