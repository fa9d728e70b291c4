"""Makes the embedded profile's baseline files again, with the reference."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from graders import profiles, sandbox
from graders.core.exit_codes import ExitCode
from graders.framework import registry
from graders.framework.context import LabContext
from graders.framework.model_tester import references
from graders.measure.scorer.client import Scorer
from graders.pipeline.config import GradingConfig
from graders.pipeline.servers import start_servers

SUMMARY = "make the embedded profile's baseline files again, with the reference"
BASELINE_SEED = 0


def make_baseline(folder: Path, labs: Sequence[str] = ()) -> list[Path]:
    """Makes the embedded profile's baseline files in ``folder``, with the reference; their paths.

    :param labs: only these labs' files; empty for all labs'.
    :raises GraderError: if the reference fails.
    """
    entries = tuple(each for each in registry.select_labs(labs) if each.makes_reference_files)
    profile = replace(profiles.choose("embedded", None, None), baseline=None)
    options = GradingConfig(submission=folder, labs=entries, profile=profile, isolation=sandbox.choose("auto"))
    servers = start_servers(options)
    work = servers.scratch
    made: list[Path] = []
    try:
        for entry in entries:
            context = LabContext(
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
                shutil.copyfile(references.reference_model(context).path, made[0])
            made += entry.make_reference_files(context, folder)
        return made
    finally:
        servers.close()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the files are written, and of which lab."""
    embedded = profiles.choose("embedded", None, None).model_path.parent
    parser.add_argument(
        "--into",
        type=Path,
        default=embedded,
        metavar="DIR",
        help="the folder to write (default: the embedded profile's)",
    )
    parser.add_argument("--lab", action="append", default=[], metavar="NAME", help="only this lab's files (repeatable)")


def run(arguments: argparse.Namespace) -> int:
    """Makes the files and prints their sizes."""
    for path in make_baseline(arguments.into, arguments.lab):
        print(f"{path}: {path.stat().st_size:,} bytes")
    return ExitCode.OK
