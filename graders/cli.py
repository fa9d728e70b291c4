"""The command line of ``python -m graders``."""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from graders import doctor, profiles, sandbox
from graders.errors import OptgradeError
from graders.evidence.scorer import Scorer
from graders.grade import Options, Servers, start_servers
from graders.labs import catalogue, references
from graders.labs.grading import Grading

BASELINE_SEED = 0


def make_baseline(folder: Path, labs: Sequence[str] = ()) -> list[Path]:
    """Makes what is kept ready for the embedded model anew, from the reference, in ``folder``; the paths.

    :param labs: which labs' files; all of them for none.

    :raises GraderError: where the reference fails.
    """
    entries = tuple(catalogue.chosen(labs))
    profile = replace(profiles.choose("embedded", None, None), baseline=None)
    options = Options(submission=folder, labs=entries, profile=profile, isolation=sandbox.choose("auto"))
    servers: Servers = start_servers(options)
    work = servers.scratch
    made: list[Path] = []
    try:
        for entry in entries:
            grading = Grading(
                lab=entry.lab,
                profile=profile,
                seed=BASELINE_SEED,
                code=work,
                work=work / entry.lab.id,
                server=servers.runner,
                scorer=Scorer(
                    servers.scorers,
                    work / entry.lab.id / "scorers",
                    (profile.dataset_root, profile.model_path, folder, work),
                ),
                own_model=False,
            )
            if not made:
                folder.mkdir(parents=True, exist_ok=True)
                made.append(folder / references.FP32)
                shutil.copyfile(references.original(grading).path, made[0])
            made += importlib.import_module(f"graders.labs.{entry.lab.id}.baseline").make_kept(grading, folder)
        return made
    finally:
        servers.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m graders", description="optgrade, beside the grading itself.")
    commands = parser.add_subparsers(dest="command", required=True)
    baseline = commands.add_parser("baseline", help="make what is kept ready for the embedded model anew")
    embedded = profiles.choose("embedded", None, None).model_path.parent
    baseline.add_argument("--into", type=Path, default=embedded, metavar="DIR", help="where they go")
    baseline.add_argument("--lab", action="append", default=[], metavar="NAME", help="of this lab only")
    commands.add_parser(
        "doctor", help="what this machine can do: isolation tiers, versions, what is missing and the fix"
    )
    chosen = parser.parse_args(arguments)
    if chosen.command == "doctor":
        for line in doctor.examine():
            print(line)
        return 0
    try:
        for path in make_baseline(chosen.into, chosen.lab):
            print(f"{path}: {path.stat().st_size:,} bytes")
    except OptgradeError as error:
        print(f"graders: {error}", file=sys.stderr)
        return 3
    return 0
