"""The process that compares a class: a request on its standard input, the page as a file, the counts on its output."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from graders.cohort.engine.parcel import Content
from graders.cohort.reports import write_whole
from graders.cohort.similarity.comparison import compare
from graders.cohort.similarity.files import equal_files, handed_in, made
from graders.cohort.similarity.page import render_page
from graders.cohort.similarity.request import Found
from graders.cohort.similarity.sources import Source, read_given, read_sources
from graders.cohort.store import open_store
from graders.core.errors import SubmissionError
from graders.core.paths import TEMPLATE
from graders.submission.archives import unpack


def main() -> None:
    """Answers one request."""
    request = json.load(sys.stdin)
    print(json.dumps(asdict(answer(request))))


def answer(request: Mapping[str, Any]) -> Found:
    """Compares, and writes the page."""
    given_files = handed_in(Content(name=TEMPLATE.name, path=TEMPLATE))
    class_: dict[str, list[Source]] = {}
    files: dict[str, dict[str, str]] = {}
    for each in request["submissions"]:
        with _opened(_content(each)) as content:
            class_[content.name] = read_sources(content)
            own = handed_in(content)
        files[content.name] = {digest: name for digest, name in own.items() if digest not in given_files}
    comparison = compare(class_, read_given(TEMPLATE))
    alike = [frozenset((pair.one, pair.other)) for pair in comparison.pairs]
    graded = _made(Path(request["store"]), class_)
    equal = equal_files("submitted", files, comparison.most, alike)
    equal += equal_files("made while grading", graded, comparison.most, alike)
    shown = {each["name"]: each["shown"] for each in request["submissions"]}
    write_whole(Path(request["page"]), render_page(comparison, equal, class_, shown).encode())
    copied = sum(pair.copied for pair in comparison.pairs)
    return Found(copied=copied, alike=comparison.found - copied, files=len(equal))


def _content(given: Mapping[str, Any]) -> Content:
    files = {name: Path(path) for name, path in given["files"].items()}
    return Content(name=given["name"], path=Path(given["path"]), files=files)


@contextmanager
def _opened(content: Content) -> Iterator[Content]:
    """A submission as a folder; an archive is unpacked for as long as it is looked at."""
    if content.is_folder:
        yield content
        return
    with tempfile.TemporaryDirectory(prefix="optgrade-similarity-") as name:
        folder = Path(name) / "submission"
        try:
            unpack(content.path, folder)
        except SubmissionError:
            folder.mkdir(exist_ok=True)
        yield Content(name=content.name, path=folder)


def _made(store: Path, class_: Mapping[str, object]) -> dict[str, dict[str, str]]:
    """The files that gradings made, by submission."""
    found = {}
    with open_store(store) as opened:
        for stored in opened.submissions():
            attempt = opened.latest(stored.id) if stored.name in class_ else None
            scorecard = attempt.read(frozenset()) if attempt is not None else None
            if scorecard is not None:
                found[stored.name] = made(scorecard)
    return found


if __name__ == "__main__":
    main()
