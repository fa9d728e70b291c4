"""The HTML report, rendered again from a scorecard, or its summary: nothing is graded."""

from __future__ import annotations

import argparse
from pathlib import Path

from graders.core.errors import UsageError
from graders.core.exit_codes import ExitCode
from graders.reports.formats import summary
from graders.scoring import Scorecard

SUMMARY = "render the HTML report again from a scorecard.json: nothing is graded"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument("scorecard", type=Path, metavar="SCORECARD", help="the scorecard.json of a grading")
    parser.add_argument(
        "--into", type=Path, metavar="FILE", help="the page to write (default: report.html beside the scorecard)"
    )
    parser.add_argument(
        "--summary", action="store_true", help="print a summary in Markdown instead, also of a quick look"
    )


def run(arguments: argparse.Namespace) -> int:
    """Writes the page, or prints the summary. :raises UsageError: the file is no scorecard."""
    from graders.reports.html import render_page

    source: Path = arguments.scorecard
    scorecard = Scorecard.load(source)
    if arguments.summary:
        print(summary.document([scorecard]), end="")
        return ExitCode.OK
    target: Path = arguments.into or source.with_name("report.html")
    page = render_page(scorecard)
    try:
        target.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{target}: can't be written: {error.strerror}") from None
    print(target)
    return ExitCode.OK
