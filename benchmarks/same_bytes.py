"""Whether the faster training and conversion of runs change what comes out, over the corpus' right submissions.

    python benchmarks/same_bytes.py [--save FILE] [--whole] [CASE...]

Each case is graded twice, nothing kept: as it is, and by a copy of the grader whose fast ways think that they meet
versions of TensorFlow that they do not know, so that they stay out. What is compared is every file's digest, and how
many runs had one. ``CASE`` is a part of names (``correct/l03/``); without any, all right cases of the labs are graded.
``--whole`` grades their whole lab, and not only the part that the case is about: a case of the notebook lab that is
about its report measures no file otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from graders.selftest.corpus import cases as corpus  # noqa: E402 - the path comes first

NOT_COPIED = shutil.ignore_patterns(".venv", ".git", "report", ".*_cache", "__pycache__", ".hypothesis")
KNOWN = re.compile(r"^COMPARED_VERSIONS = .*$", re.MULTILINE)
VERSION = re.compile(r'"[0-9.]+"')
NOT_LABS = ("summaries", "history")


def chosen(words: Sequence[str]) -> list[corpus.Case]:
    """The right cases whose names contain one of the words."""
    found = [case for folder in corpus.folders() if folder not in NOT_LABS for case in corpus.load_all(folder)]
    right = [case for case in found if not case.costs]
    return [case for case in right if not words or any(word in name_of(case) for word in words)]


def name_of(case: corpus.Case) -> str:
    """``correct/l03/tensorboard``."""
    return f"{case.path.parent.parent.name}/{case.path.parent.name}/{case.path.stem}"


def without_fast_ways(folder: Path) -> Path:
    """A copy of this repository in which training and conversion are as the libraries have them."""
    copy = folder / "plain"
    shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
    changed = 0
    for path in sorted((copy / "graders").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        plain, count = KNOWN.subn(lambda line: VERSION.sub('"unknown"', line[0]), text)
        if count:
            path.write_text(plain, encoding="utf-8")
            changed += count
    if changed < 2:
        raise SystemExit("the fast ways are not where they were: no versions to change")
    return copy


def digests(repository: Path, case: corpus.Case, submission: Path, folder: Path, whole: bool) -> dict[str, str]:
    """The digest of every file of a run, by the run's name and the evidence that names it."""
    command = [sys.executable, "-m", "pytest", "graders", f"--submission={submission}", f"--lab={case.lab.id}"]
    command += [f"--report-dir={folder}", "--no-cache", "--seed=7", "-q", "-p", "no:cacheprovider"]
    command += [] if whole else ["-k", case.select]
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)
    card = folder / "scorecard.json"
    if not card.is_file():
        raise SystemExit(f"{name_of(case)}: not graded (exit code {done.returncode})\n{done.stdout[-2000:]}")
    (lab,) = json.loads(card.read_text(encoding="utf-8"))["labs"]
    return {f"{run['run']} {place}": digest for run in lab["runs"] for place, digest in _digests_in(run["evidence"])}


def _digests_in(evidence: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(evidence, Mapping):
        for key, value in evidence.items():
            if key == "sha256" and isinstance(value, str):
                yield place, value
            else:
                yield from _digests_in(value, f"{place}/{key}")
    elif isinstance(evidence, list):
        for index, value in enumerate(evidence):
            yield from _digests_in(value, f"{place}/{index}")


def main(words: Sequence[str], save: Path | None, whole: bool) -> int:
    """Compares; the number of cases that differ."""
    differ = files = 0
    with tempfile.TemporaryDirectory(prefix="same-bytes-") as temporary:
        folder = Path(temporary)
        plain = without_fast_ways(folder)
        for number, case in enumerate(chosen(words)):
            submission = corpus.build(case, folder / f"submission-{number}")
            fast = digests(ROOT, case, submission, folder / f"fast-{number}", whole)
            slow = digests(plain, case, submission, folder / f"plain-{number}", whole)
            other = sorted(key for key in fast.keys() | slow.keys() if fast.get(key) != slow.get(key))
            differ, files = differ + bool(other), files + len(slow)
            print(f"{name_of(case)}: {len(slow)} files, {'equal' if not other else ', '.join(other)}", flush=True)
            if save is not None:
                with save.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps({"case": name_of(case), "files": len(slow), "other": other}) + "\n")
    print(f"{files} files, {differ} cases differ")
    return differ


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE")
    parser.add_argument("--save", type=Path, metavar="FILE", help="a line for each case, as soon as it is known")
    parser.add_argument("--whole", action="store_true", help="grade whole labs")
    arguments = parser.parse_args()
    raise SystemExit(main(arguments.cases, arguments.save, arguments.whole) and 1)
