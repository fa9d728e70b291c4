"""Grades the corpus and folders of real submissions, and reports what differs from expectations or an earlier run."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graders.core.exit_codes import ExitCode

if TYPE_CHECKING:
    from graders.selftest.regression import Entry, Regression

SUMMARY = "grade the corpus and compare with expected outcomes or with an earlier run"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is graded, what it is compared with, and where the result is written."""
    parser.add_argument("words", nargs="*", metavar="WORD", help="only cases whose names contain one of these words")
    parser.add_argument(
        "--submissions",
        metavar="DIR",
        type=Path,
        action="append",
        default=[],
        help="also grade every folder in DIR (repeatable)",
    )
    parser.add_argument("--no-corpus", action="store_true", help="grade only --submissions")
    parser.add_argument(
        "--against",
        metavar="PATH",
        type=Path,
        help="compare with an earlier run: a file from --save or --json, or a folder that cohort wrote",
    )
    parser.add_argument("--save", metavar="FILE", type=Path, help="write this run, for a later --against")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the run and the differences as JSON")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write the run and the differences as HTML")
    parser.add_argument("--isolation", default="auto", help="refuse to grade with less than this tier")
    parser.add_argument(
        "--workers",
        metavar="N",
        type=int,
        default=os.cpu_count() or 1,
        help="gradings at a time (default: the number of cores)",
    )
    parser.add_argument("--no-cache", action="store_true", help="grade everything again; cache nothing")


def run(arguments: argparse.Namespace) -> int:
    """Grades, compares and reports; the exit code says if something differs, or could not be graded."""
    from graders import sandbox
    from graders.caching import Store, default_folder, private_folder
    from graders.selftest import regression
    from graders.selftest.regression import rendering

    isolation = sandbox.choose(arguments.isolation)
    entries = [] if arguments.no_corpus else regression.case_entries(isolation, arguments.words)
    entries += regression.submission_entries(arguments.submissions, isolation)
    before = _earlier(arguments.against, arguments.words, entries) if arguments.against else None
    print(f"{len(entries)} to grade, {arguments.workers} at a time, isolation: {isolation.tier}", flush=True)
    store = None if arguments.no_cache else Store(private_folder(default_folder()))
    try:
        done = regression.run_all(
            entries,
            isolation,
            max(1, arguments.workers),
            store,
            lambda record, number, count: print(rendering.progress_line(record, number, count), flush=True),
        )
    except KeyboardInterrupt:
        print("interrupted" if store is None else "interrupted; type the same command again to grade the rest")
        return ExitCode.INTERRUPTED
    changes = regression.differences(before, done) if before is not None else None
    for line in rendering.closing_lines(done, changes):
        print(line)
    for path, text in (
        (arguments.save, done.dumps),
        (arguments.json, lambda: rendering.as_json(done, changes)),
        (arguments.html, lambda: rendering.as_html(done, changes)),
    ):
        if path is not None:
            path.write_text(text(), encoding="utf-8")
    if any(record.fault or (record.unscored and not record.expected) for record in done.records.values()):
        return ExitCode.UNSCORED
    different = changes or any(record.wrong for record in done.records.values())
    return ExitCode.LOST if different else ExitCode.OK


def _earlier(path: Path, words: Sequence[str], entries: Sequence[Entry]) -> Regression:
    """The earlier run, as far as its entries are graded now."""
    from graders.selftest import regression

    if path.is_dir():
        return regression.read_class(path, entries)
    found = regression.read_regression(path)
    return found.containing(words) if words else found
