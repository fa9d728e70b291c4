"""Labels in notebooks and reports: which words begin in one, and which stage of a lab's work it names."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MAX_LABEL = 200
DENSE = 0x2E80
"""From this character on scripts are written without spaces."""
_SEPARATORS = re.compile(r"[_\-./\\:=()\[\]'\"+&,;|*#`\s\u2013\u2014\u2019\u3001\uff08\uff09\uff0c\uff1a]+")


@dataclass(frozen=True)
class StageLabels:
    """The stages of a lab's work, and how a label names one of them.

    ``stages``: in the lab's order. ``stage_of``: the stage that a label names, ``ambiguous`` if it may be one of
    several, ``None`` if it names none. ``titles``: stages that are called like the lab itself, so that a heading names
    the lab and not the stage.
    """

    stages: tuple[str, ...]
    stage_of: Callable[[str], str | None]
    ambiguous: str
    titles: frozenset[str] = frozenset()

    def certain(self, label: str) -> str | None:
        """The one stage that a label names; ``None`` if it names none or may be one of several."""
        stage = self.stage_of(label)
        return None if stage == self.ambiguous else stage


def spaced(label: str, most: int = MAX_LABEL) -> str:
    """A label in lower case with single spaces in place of everything that separates words, and one at each end.

    :param most: so many characters of it, from its end.
    """
    return f" {_SEPARATORS.sub(' ', label[-most:].casefold()).strip()} "


def begins_word(text: str, stems: Sequence[str]) -> bool:
    """Whether a word of a spaced label begins with one of the stems; in dense scripts a stem may be anywhere."""
    return any((stem if ord(stem[0]) >= DENSE else f" {stem.strip()}") in text for stem in stems)
