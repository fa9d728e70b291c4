"""A submission as the hashes of all its runs of ``k`` tokens, and which of them represent it.

Winnowing after S. Schleimer, D. S. Wilkerson, A. Aiken: "Winnowing: local algorithms for document fingerprinting"
(SIGMOD 2003): of each window of ``WINDOW`` hashes in a row the smallest one is kept, so that of any two texts that
share ``k + WINDOW - 1`` tokens in a row at least one common hash is kept, wherever in them they stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graders.cohort.similarity.sources import Source

Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int32]
# Tokens in a row that are compared as one: of code, of prose.
LENGTHS = {"code": 14, "prose": 7}
WINDOW = 8
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Fingerprints:
    """The hashes of one submission's texts in a row. Of each: which text it is from, its first line, its last."""

    hashes: Hashes
    source: Numbers
    first: Numbers
    last: Numbers
    lengths: Numbers

    def __len__(self) -> int:
        return len(self.hashes)

    def only(self, kept: NDArray[np.bool_]) -> Fingerprints:
        """Some of the hashes."""
        return Fingerprints(self.hashes[kept], self.source[kept], self.first[kept], self.last[kept], self.lengths[kept])


class Vocabulary:
    """Numbers of tokens, the same ones for all texts of a comparison."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def fingerprints(self, sources: Sequence[Source]) -> Fingerprints:
        """All hashes of these texts."""
        parts = [self._of_one(number, each) for number, each in enumerate(sources)]
        if not parts:
            empty = np.zeros(0, np.int32)
            return Fingerprints(np.zeros(0, np.uint64), empty, empty, empty, empty)
        columns = zip(*((p.hashes, p.source, p.first, p.last, p.lengths) for p in parts), strict=True)
        hashes, source, first, last, lengths = (np.concatenate(each) for each in columns)
        return Fingerprints(hashes, source, first, last, lengths)

    def _of_one(self, number: int, source: Source) -> Fingerprints:
        tokens, length = source.tokens(), LENGTHS[source.kind]
        ids = np.array([self._known.setdefault(each.text, len(self._known)) for each in tokens], np.uint64)
        lines = np.array([each.line for each in tokens], np.int32)
        count = max(0, len(ids) - length + 1)
        hashes = np.full(count, np.uint64(length))
        for offset in range(length):
            hashes = _mixed(hashes ^ _mixed(ids[offset : offset + count] + np.uint64(1))) if count else hashes
        return Fingerprints(
            hashes,
            np.full(count, number, np.int32),
            lines[:count],
            lines[length - 1 : length - 1 + count],
            np.full(count, length, np.int32),
        )


def _mixed(values: Hashes) -> Hashes:
    """Each value scrambled (the steps of splitmix64), so that close ones are far apart."""
    mixed = values * _MULTIPLIER
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    return mixed


def winnowed(hashes: Hashes) -> Hashes:
    """The hashes that represent a submission: the smallest one of each window."""
    if len(hashes) <= WINDOW:
        return np.unique(hashes)
    windows = np.lib.stride_tricks.sliding_window_view(hashes, WINDOW)
    return np.unique(windows.min(axis=1))
