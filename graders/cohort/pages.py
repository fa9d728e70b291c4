"""A class's pages, beside its store: each is written only if what is on it may have changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path

from graders.caching import files_digest
from graders.caching.fingerprints import digest_of, folder_files
from graders.cohort.against import PAGE as CHANGES
from graders.cohort.against import Comparison, render_changes
from graders.cohort.leaderboard import PAGE as LEADERBOARD
from graders.cohort.leaderboard import ChosenNames
from graders.cohort.reports import write_whole
from graders.cohort.similarity import PAGE as SIMILARITY
from graders.cohort.similarity import Compared, Found, keep_similarity
from graders.cohort.store import CohortStore

PAGE = "index.html"
PARTS = ("page", "against", "leaderboard", "templates", "rendering.py")


class Pages:
    """The pages of one class."""

    def __init__(self, store: CohortStore, folder: Path, results: Sequence[object]) -> None:
        """:param results: all that pages depend on: each submission, and which attempt counts."""
        self._store = store
        self._folder = folder
        self._results = results

    def compare(self, class_: Sequence[Compared], digests: Sequence[str]) -> Found | None:
        """Writes the page of similarity; what is on it, None if there is none.

        :param digests: those of the submissions' contents.
        """
        return keep_similarity(self._store, self._folder, class_, [list(digests), list(self._results)])

    def remove_similarity(self) -> None:
        """Removes the page of similarity, which may be of an older state."""
        (self._folder / SIMILARITY).unlink(missing_ok=True)

    def write_class(self, similarity: Found | None, policy: str = "") -> None:
        """Writes the class's page. :param policy: the late policy, for people."""
        from graders.cohort.page import gather, render_page

        found = similarity and asdict(similarity)
        content = [self._results, found, policy]
        self._write(PAGE, content, lambda: render_page(gather(self._store, similarity, policy)))

    def write_leaderboard(self, names: ChosenNames | None) -> None:
        """Writes the page for students; removes it if no names are given."""
        from graders.cohort.leaderboard import render_page
        from graders.cohort.page import gather

        if names is None:
            (self._folder / LEADERBOARD).unlink(missing_ok=True)
            return
        students = {stored.id: stored for stored in self._store.submissions()}
        shown = dict(names.by_student)
        self._write(LEADERBOARD, [self._results, shown], lambda: render_page(gather(self._store), students, names))

    def write_changes(self, comparison: Comparison | None) -> None:
        """Writes the page of changes against an earlier grading; removes it if there is nothing to compare with."""
        if comparison is None:
            (self._folder / CHANGES).unlink(missing_ok=True)
        else:
            self._write(CHANGES, repr(comparison), lambda: render_changes(comparison))

    def _write(self, name: str, content: object, render: Callable[[], str]) -> None:
        path, digest = self._folder / name, digest_of([content, _code()])
        if path.is_file() and self._store.fact(name) == digest:
            return
        write_whole(path, render().encode())
        self._store.set_fact(name, digest)


@cache
def _code() -> str:
    """The grader's own files that a page depends on."""
    here = Path(__file__).parent
    return files_digest(here, [path for part in PARTS for path in folder_files(here / part)])
