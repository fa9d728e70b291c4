"""The model that runs are given: the profile's, with its channels in an order of this grading's own.

Whatever a run leaves then descends from this very model or does not: a file made beforehand, by the reference or by
anybody else, has its weights in another order.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graders.core.errors import GraderError
from graders.profiles.profile import Profile

SCRIPT = Path(__file__).resolve().parent / "permute_model.py"
UNFREEZING = Path(__file__).resolve().parent / "unfreeze_model.py"
# With fewer channels moved, an order could be guessed.
ENOUGH = 32


@dataclass(frozen=True)
class GivenModel:
    """The model's file. ``own``: whether its channels have an order that no other grading's have. ``parameters``: how
    many it has, as it may be counted (all, or those that training changes); empty if that is not known. ``frozen``: the
    layers with weights that training leaves alone.
    """

    path: Path
    own: bool
    parameters: tuple[int, ...] = ()
    frozen: tuple[str, ...] = ()


def permuted(profile: Profile, seed: int, folder: Path) -> GivenModel:
    """The profile's model in ``folder``, with its channels in an order drawn from ``seed``.

    A model whose channels can't be reordered is given as it is.

    :raises GraderError: the model's file can't be copied.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / profile.model_path.name
    request = {"model": str(profile.model_path), "into": str(target), "seed": seed}
    answer = _answer(SCRIPT, request, "prepared")
    facts: dict[str, Any] = {"parameters": tuple(answer["parameters"]), "frozen": tuple(answer["frozen"])}
    if answer["moved"] < ENOUGH:
        return GivenModel(profile.model_path, own=False, **facts)
    return GivenModel(target, own=True, **facts)


def unfrozen(given: GivenModel, folder: Path) -> Path:
    """A copy of the given model in ``folder`` that has every layer trainable.

    :raises GraderError: it can't be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"unfrozen-{given.path.name}"
    _answer(UNFREEZING, {"model": str(given.path), "into": str(target)}, "unfrozen")
    return target


def _answer(script: Path, request: dict[str, Any], what: str) -> dict[str, Any]:
    argv = [sys.executable, "-I", str(script), json.dumps(request)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise GraderError(f"the given model could not be {what}: {last}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
