"""What a history is graded by: data of a lab, with defaults that suit a lab of a few evenings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

SHARES: Mapping[str, float] = MappingProxyType(
    {"commits": 0.25, "subjects": 0.25, "files": 0.2, "merges": 0.1, "spread": 0.2}
)
"""Which part of the history's points each sub-score is worth."""


@dataclass(frozen=True, kw_only=True)
class HistoryRules:
    """A lab's view of a history.

    ``paths``: files and folders of the lab, from the submission's folder; a commit counts for the lab where it
    touches one. ``other_paths``: those of other labs: what lies there costs nothing here. ``pictures``: folders where
    images of any size and number are right.

    ``min_commits`` for full marks; ``min_code_commits`` of them change code, or it was one dump. ``min_letters`` of a
    subject, ``max_letters`` at most; ``good_subjects``: the share of subjects that must say something for full marks.
    ``min_sittings``: how many times work was recorded, commits within ``sitting_s`` seconds being one time.
    ``least_bytes``, ``small_data_bytes``, ``large_bytes``, ``large_image_bytes``: see ``heavy_kind``; more images than
    ``data_set_images`` outside of ``pictures`` are a data set.
    """

    paths: tuple[str, ...]
    other_paths: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ("summaries",)
    shares: Mapping[str, float] = field(default_factory=lambda: SHARES)
    min_commits: int = 3
    min_code_commits: int = 2
    min_letters: int = 6
    max_letters: int = 120
    good_subjects: float = 0.8
    min_sittings: int = 3
    sitting_s: float = 60.0
    least_bytes: int = 1024
    small_data_bytes: int = 100 * 1024
    large_bytes: int = 5 * 2**20
    large_image_bytes: int = 2**20
    data_set_images: int = 500

    def __post_init__(self) -> None:
        if set(self.shares) != set(SHARES) or abs(sum(self.shares.values()) - 1) > 1e-9:
            raise ValueError(f"shares must name {', '.join(SHARES)} and sum up to 1, got {dict(self.shares)}")

    @classmethod
    def from_settings(
        cls, paths: tuple[str, ...], settings: Mapping[str, Any], *, other_paths: tuple[str, ...] = ()
    ) -> HistoryRules:
        """The rules with a lab's own settings. :raises ValueError: a setting of no such name."""
        known = {item.name for item in fields(cls)} - {"paths"}
        unknown = set(settings) - known
        if unknown:
            raise ValueError(f"no such setting of a history: {', '.join(sorted(unknown))}")
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()
        }
        return cls(**{**given, "paths": paths, "other_paths": other_paths})
