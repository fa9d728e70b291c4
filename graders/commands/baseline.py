"""Makes what is kept ready for the embedded model anew, from the reference."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from graders import profiles, sandbox
from graders.framework import registry
from graders.framework.context import LabContext
from graders.framework.model_tester import references
from graders.measure.scorer.client import Scorer
from graders.pipeline.config import GradingConfig
from graders.pipeline.servers import start_servers

SUMMARY = "make what is kept ready for the embedded model anew"
BASELINE_SEED = 0


def make_baseline(folder: Path, labs: Sequence[str] = ()) -> list[Path]:
    """Makes what is kept ready for the embedded model anew, from the reference, in ``folder``; the paths.

    :param labs: which labs' files; all of them for none.

    :raises GraderError: where the reference fails.
    """
    # A lab whose files are all made by its own run keeps none ready.
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
    """Where the files go, and of which lab."""
    embedded = profiles.choose("embedded", None, None).model_path.parent
    parser.add_argument("--into", type=Path, default=embedded, metavar="DIR", help="where they go")
    parser.add_argument("--lab", action="append", default=[], metavar="NAME", help="of this lab only")


def run(arguments: argparse.Namespace) -> int:
    """Makes them and prints what was made."""
    for path in make_baseline(arguments.into, arguments.lab):
        print(f"{path}: {path.stat().st_size:,} bytes")
    return 0
