"""The report for people, made anew from a scorecard: nothing is graded."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from graders.core.errors import UsageError
from graders.scoring import SCHEMA

SUMMARY = "the HTML report, made anew from a scorecard.json: nothing is graded"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument("scorecard", type=Path, metavar="SCORECARD", help="a scorecard.json of a grading")
    parser.add_argument(
        "--into", type=Path, metavar="FILE", help="the page (default: report.html beside the scorecard)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Writes the page. :raises UsageError: where the file is no scorecard."""
    from graders.reports.html import render_page

    source: Path = arguments.scorecard
    target: Path = arguments.into or source.with_name("report.html")
    try:
        scorecard = json.loads(source.read_text(encoding="utf-8"))
        if not isinstance(scorecard, dict) or scorecard.get("schema") != SCHEMA:
            raise UsageError(f"{source}: expected a scorecard ({SCHEMA}), as a grading writes beside its report")
        target.write_text(render_page(scorecard), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{source}: no JSON: {error}") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{source}: not as docs/scorecard.schema.json says: {error!r}") from None
    print(target)
    return 0
