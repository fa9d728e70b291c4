"""String literals of a student's code, replaced as wholes wherever they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping

from graders.framework.repairs.model import NewText

MAX_LITERAL, MAX_PLACES = 400, 40


def replace_literals(texts: Mapping[str, str], old: str, new: str) -> tuple[NewText, ...]:
    """New text for each line of these files or cells with a plain string literal of this value.

    A literal is replaced only as a whole, on one line and without escapes but those of backslashes: no part of another
    text, and no f-string.
    """
    if not old or len(old) > MAX_LITERAL or re.search(r"[\"'\n{}]", old + new):
        return ()
    plain, raw = re.escape(old.replace("\\", "\\\\")), re.escape(old)
    literal = re.compile(rf"(?<![\w\"'\\])(?:(?P<r>[rR])(?P<q>[\"']){raw}(?P=q)|(?P<p>[\"']){plain}(?P=p))(?![\"'])")
    written = repr(new)
    found = []
    for file, text in texts.items():
        for number, line in enumerate(text.split("\n"), start=1):
            edited = literal.sub(lambda _: written, line)
            if edited != line:
                found.append(NewText(file, number, number, edited))
    return tuple(found) if len(found) <= MAX_PLACES else ()
