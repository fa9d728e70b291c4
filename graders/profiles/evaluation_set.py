"""The images that accuracy is graded on: drawn for this grading, without labels wherever student code runs."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from graders.core.errors import GraderError
from graders.profiles.profile import Profile

SCRIPT = Path(__file__).resolve().parent / "draw_images.py"
SHOWN = 24
SHOWN_FOLDER = "shown"


@dataclass(frozen=True)
class EvaluationSet:
    """``frames``: a .npy file, uint8 (n, side, side, 3), for the scorer. ``shown``: image files for the runs, which
    are the first ``len(shown)`` frames. ``labels``: the n classes, known to the grader alone.
    """

    frames: Path
    shown: tuple[Path, ...]
    labels: tuple[int, ...]


def draw(profile: Profile, seed: int, folder: Path) -> EvaluationSet:
    """Draws the evaluation set of this seed into ``folder``; the same seed draws the same images.

    :raises GraderError: the images can't be made.
    """
    (folder / SHOWN_FOLDER).mkdir(parents=True, exist_ok=True)
    request = {
        "root": str(profile.dataset_root),
        "drawn": profile.drawn,
        "seed": seed,
        "per_class": profile.per_class,
        "count": profile.per_class * profile.classes,
        "side": profile.side,
        "shown": SHOWN,
        "folder": str(folder),
        "shown_folder": SHOWN_FOLDER,
    }
    argv = [sys.executable, "-I", str(SCRIPT), json.dumps(request)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise GraderError(f"the evaluation images could not be made: {last}")
    answer = json.loads(done.stdout)
    return EvaluationSet(
        frames=folder / "frames.npy",
        shown=tuple(folder / SHOWN_FOLDER / name for name in answer["shown"]),
        labels=tuple(answer["labels"]),
    )
