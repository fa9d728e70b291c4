"""A lab's thresholds from repeated gradings of the reference and of the corpus."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from graders.core.exit_codes import ExitCode

SUMMARY = "derive a lab's thresholds from repeated gradings of the reference and of known mistakes"
SEEDS = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which lab, how many gradings, and where the result is written."""
    parser.add_argument("lab", metavar="LAB", help="the lab, by its id or by the id's first part")
    parser.add_argument(
        "--seeds", type=int, default=SEEDS, metavar="N", help=f"gradings of the reference (default: {SEEDS})"
    )
    parser.add_argument("--load", action="store_true", help="also measure latency with all cores busy")
    parser.add_argument("--no-corpus", dest="corpus", action="store_false", help="skip the corpus's submissions")
    parser.add_argument("--at-most", type=int, metavar="N", help="grade at most N times now; the next call continues")
    parser.add_argument("--results", type=Path, metavar="FILE", help="the file of the gradings' results")
    parser.add_argument(
        "--write", action="store_true", help="write the thresholds to lab.toml and their tables to calibration.toml"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the table as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Grades what is missing, then prints the table; the exit code says if a threshold fails too much correct work."""
    from graders.core.errors import UsageError
    from graders.framework import registry
    from graders.selftest.calibration import collection, proposals, table, writer
    from graders.selftest.calibration.records import Results

    entries = registry.select_labs([arguments.lab])
    if len(entries) != 1:
        raise UsageError(f"{arguments.lab}: name one lab; there are {', '.join(entry.lab.id for entry in entries)}")
    lab = entries[0].lab
    results = Results(arguments.results or collection.results_file(lab))
    budget = collection.Budget(arguments.at_most)
    collection.collect(entries[0], list(collection.of_reference(arguments.seeds, arguments.load)), results, budget)
    usable = results.of(collection.inputs_digest(lab))
    if arguments.corpus:
        collection.collect(entries[0], list(collection.of_corpus(lab, usable)), results, budget)
        usable = results.of(collection.inputs_digest(lab))
    costs = collection.costs_of(lab)
    found = proposals.findings(lab.all_thresholds, usable, costs)
    for line in table.lines(found, usable):
        print(line)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(table.as_json(found, usable), indent=2) + "\n", encoding="utf-8")
    if budget.left_to_do:
        print(f"{budget.left_to_do} gradings are left; the next call continues")
    elif arguments.write:
        settled = proposals.settled(found, usable, costs)
        changed = writer.write(lab.folder / "lab.toml", lab.short, found, settled, usable)
        print("lab.toml: written" if changed else "lab.toml: unchanged")
    return ExitCode.OK if all(each.holds for each in found) else ExitCode.LOST
