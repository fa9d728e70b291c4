"""Grades the corpus, and folders of real submissions, and says what is not as expected or not as before."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

SUMMARY = "grade the corpus, compare with what is expected or with an earlier run"
AS_EXPECTED, DIFFERENT, UNSCORED = 0, 1, 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is graded, what it is compared with, and where the comparison goes."""
    parser.add_argument("words", nargs="*", metavar="WORD", help="only cases with any of these words in their names")
    parser.add_argument(
        "--submissions", metavar="DIR", type=Path, action="append", default=[], help="grade the folders in here as well"
    )
    parser.add_argument("--no-corpus", action="store_true", help="grade --submissions alone")
    parser.add_argument("--against", metavar="FILE", type=Path, help="an earlier run, as --save or --json wrote it")
    parser.add_argument("--save", metavar="FILE", type=Path, help="write this run, for --against later")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the run and what is different as JSON")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write a page that tells it")
    parser.add_argument("--isolation", default="auto", help="refuse to grade with less than this tier")
    parser.add_argument("--workers", metavar="N", type=int, default=os.cpu_count() or 1, help="processes that grade")
    parser.add_argument("--no-cache", action="store_true", help="grade everything anew, and keep nothing")


def run(arguments: argparse.Namespace) -> int:
    """Grades, compares, tells; 0 as expected and as before, 1 different, 3 where something could not be graded."""
    from graders import sandbox
    from graders.caching import Store, default_folder
    from graders.selftest import regression
    from graders.selftest.regression import rendering

    before = regression.read_regression(arguments.against) if arguments.against else None
    isolation = sandbox.choose(arguments.isolation)
    entries = [] if arguments.no_corpus else regression.case_entries(isolation, arguments.words)
    entries += regression.submission_entries(arguments.submissions, isolation)
    print(f"{len(entries)} to grade, {arguments.workers} at a time, isolation: {isolation.tier}", flush=True)
    done = regression.run_all(
        entries,
        isolation,
        max(1, arguments.workers),
        None if arguments.no_cache else Store(default_folder()),
        lambda record, number, count: print(rendering.progress_line(record, number, count), flush=True),
    )
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
        return UNSCORED
    return DIFFERENT if changes or any(record.wrong for record in done.records.values()) else AS_EXPECTED
