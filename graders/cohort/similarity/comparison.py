"""Which submissions of a class share passages that the starter code does not have and that few others have."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from graders.cohort.similarity.fingerprints import Fingerprints, Hashes, Vocabulary, winnowed
from graders.cohort.similarity.sources import Source

# What more than this share of a class has, and more than this number, is common: a hint that went round, a snippet of
# some documentation. In a small class it is what more than half of it has.
COMMON_SHARE, COMMON_LEAST = 0.1, 10
# Of a text of at least so many tokens that is somebody's own: the share that somebody else has too. Two who solved the
# same tasks without each other were seen to share up to 0.77 of one, renamed copies 0.98 and more (docs/cohort.md).
COPIED_SHARE, ALIKE_SHARE, LEAST_TOKENS = 0.85, 0.5, 100
MOST_PAIRS, MOST_PASSAGES, MOST_PLACES = 40, 8, 40


@dataclass(frozen=True)
class Place:
    """Lines of a text of a submission."""

    source: int
    first: int
    last: int


@dataclass(frozen=True)
class Passage:
    """What two submissions share, where it stands in each, and of how many tokens it is."""

    one: Place
    other: Place
    tokens: int


@dataclass(frozen=True)
class Share:
    """How much of somebody's own work somebody else has: of all of it, and of the text of which it is most."""

    whole: float
    text: float


@dataclass(frozen=True)
class Pair:
    """Two submissions: what of the first one the second one has, and the other way round."""

    one: str
    other: str
    of_one: Share
    of_other: Share
    passages: tuple[Passage, ...] = field(repr=False)

    @property
    def share(self) -> float:
        """The largest share of a text."""
        return max(self.of_one.text, self.of_other.text)

    @property
    def copied(self) -> bool:
        """Whether it is more than two people write who don't know of each other."""
        return self.share >= COPIED_SHARE


@dataclass(frozen=True)
class Comparison:
    """The pairs that share most, the most alike first; how many share enough; how many may have what is not common."""

    pairs: tuple[Pair, ...]
    found: int
    most: int


def compare(class_: Mapping[str, Sequence[Source]], given: Sequence[Source]) -> Comparison:
    """Compares each submission with each other.

    :param given: texts that everybody was given; nothing of them counts.
    """
    vocabulary = Vocabulary()
    given_hashes = np.unique(vocabulary.fingerprints(given).hashes)
    own = {}
    for name, sources in class_.items():
        every = vocabulary.fingerprints(sources)
        own[name] = every.only(~np.isin(every.hashes, given_hashes))
    most = most_common(len(own))
    common = _common([each.hashes for each in own.values()], most)
    own = {name: each.only(~np.isin(each.hashes, common)) for name, each in own.items()}
    pairs = [pair for one, other in _candidates(own) if (pair := _pair(one, other, own)) is not None]
    pairs.sort(key=lambda pair: (-pair.share, -max(pair.of_one.whole, pair.of_other.whole), pair.one, pair.other))
    return Comparison(tuple(pairs[:MOST_PAIRS]), len(pairs), most)


def most_common(count: int) -> int:
    """How many of a class may share something before it counts as common."""
    return max(int(count * COMMON_SHARE), min(COMMON_LEAST, count // 2), 2)


def _common(every: Sequence[Hashes], most: int) -> Hashes:
    """The hashes that more than so many submissions have."""
    if not every:
        return np.zeros(0, np.uint64)
    values, counts = np.unique(np.concatenate([np.unique(each) for each in every]), return_counts=True)
    return np.asarray(values[counts > most], np.uint64)


def _candidates(own: Mapping[str, Fingerprints]) -> Iterator[tuple[str, str]]:
    """Pairs that share enough of what represents them to be worth a close look."""
    holders: dict[int, list[str]] = defaultdict(list)
    sizes = {}
    for name, each in own.items():
        kept = winnowed(each.hashes)
        sizes[name] = len(kept)
        for value in kept.tolist():
            holders[value].append(name)
    shared: Counter[tuple[str, str]] = Counter()
    for names in holders.values():
        shared.update(combinations(names, 2))
    for (one, other), count in shared.items():
        if count >= 2 and count >= 0.05 * min(sizes[one], sizes[other]):
            yield one, other


def _pair(one: str, other: str, own: Mapping[str, Fingerprints]) -> Pair | None:
    """Two submissions, if they are alike."""
    first, second = own[one], own[other]
    shares = _share(first, second), _share(second, first)
    if max(share.text for share in shares) < ALIKE_SHARE:
        return None
    return Pair(one, other, *shares, tuple(_passages(first, second)))


def _share(one: Fingerprints, other: Fingerprints) -> Share:
    same = np.isin(one.hashes, other.hashes)
    sizes, shared = np.bincount(one.source), np.bincount(one.source, weights=same)
    of_texts = (shared / np.maximum(sizes, 1))[shared >= LEAST_TOKENS]
    return Share(float(same.mean()) if len(one) else 0.0, float(of_texts.max(initial=0.0)))


def _passages(one: Fingerprints, other: Fingerprints) -> list[Passage]:
    """The longest passages that both have, in the order of the first one's lines."""
    places: dict[int, list[int]] = defaultdict(list)
    for number, value in enumerate(other.hashes.tolist()):
        places[value].append(number)
    found, at = [], 0
    while at < len(one):
        starts = places.get(int(one.hashes[at]), [])[:MOST_PLACES]
        length, start = max(((_run(one, at, other, start), start) for start in starts), default=(0, 0))
        if length:
            tokens = length + int(one.lengths[at]) - 1
            found.append(Passage(_place(one, at, length), _place(other, start, length), tokens))
        at += max(1, length)
    longest = sorted(found, key=lambda passage: -passage.tokens)[:MOST_PASSAGES]
    return sorted(longest, key=lambda passage: (passage.one.source, passage.one.first))


def _run(one: Fingerprints, at: int, other: Fingerprints, start: int) -> int:
    """How many hashes in a row are the same from these on, within one text of each."""
    most = min(len(one) - at, len(other) - start)
    same = one.hashes[at : at + most] == other.hashes[start : start + most]
    same &= one.source[at : at + most] == one.source[at]
    same &= other.source[start : start + most] == other.source[start]
    return most if same.all() else int(same.argmin())


def _place(fingerprints: Fingerprints, at: int, length: int) -> Place:
    first, last = fingerprints.first[at : at + length], fingerprints.last[at : at + length]
    return Place(int(fingerprints.source[at]), int(first.min()), int(last.max()))
