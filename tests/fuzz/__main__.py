"""Fuzzes the parsers of what students submit, and prints what came of it: ``python -m tests.fuzz --help``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzz.campaign import best_engine, fuzz_all, table
from tests.fuzz.target import ROOT, load, names
from tests.fuzz.worker import ENGINES


def main() -> int:
    """1 if anything crashed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(names())}; all of them if none is named")
    parser.add_argument("--minutes", type=float, default=1.0, help="for each target (default: 1)")
    parser.add_argument("--jobs", type=int, default=2, help="targets at a time (default: 2)")
    parser.add_argument("--engine", choices=list(ENGINES), default=best_engine())
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "fuzz", help="for corpora and crashers; what is there is continued")
    parser.add_argument("--input", type=Path, help="runs one target on this file alone, and shows what it raises")
    arguments = parser.parse_args()
    chosen = arguments.targets or names()
    if unknown := set(chosen) - {*names(), "_faulty"}:
        parser.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    if arguments.input is not None:
        if len(arguments.targets) != 1:
            parser.error("--input needs one TARGET")
        load(chosen[0]).run(arguments.input.read_bytes())
        print(f"{arguments.input}: read, or refused as it should be")
        return 0
    print(f"{len(chosen)} targets, {arguments.minutes:g} minutes each, engine {arguments.engine}", flush=True)
    outcomes = fuzz_all(chosen, 60 * arguments.minutes, arguments.folder, arguments.engine, arguments.jobs)
    print(table(outcomes))
    for each in outcomes:
        for finding in each.findings:
            print(f"\n{each.target}: {finding.text.splitlines()[-1]}\n  {finding.text.strip().splitlines()[-1]}")
            print(f"  again: python -m tests.fuzz {each.target} --input {finding.input}")
    return int(any(each.findings for each in outcomes))


if __name__ == "__main__":
    sys.exit(main())
