"""Draws the evaluation images of one seed: a script of its own, so that the grader never loads an image library.

``python -I draw_images.py REQUEST`` writes ``frames.npy`` and the shown images below the request's folder and prints
the labels as JSON. File names say nothing about classes.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

# The generator's own seeds are small; a grading's seed is moved away from them.
SEED_OFFSET = 1 << 32


def _generator(root: Path) -> Any:
    spec = importlib.util.spec_from_file_location("generate", root / "generate.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(f"no generate.py in {root}")
    module = importlib.util.module_from_spec(spec)
    sys.modules["generate"] = module
    spec.loader.exec_module(module)
    return module


def drawn(root: Path, seed: int, per_class: int) -> Iterator[tuple[Image.Image, int]]:
    """Fresh pictures from the data set's generator."""
    for sample in _generator(root).samples("test", per_class, SEED_OFFSET + seed):
        yield Image.fromarray(sample.picture), sample.label


def _annotated(root: Path, split: str) -> list[tuple[str, int]]:
    lines = (root / "annotations" / f"{split}.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return [(row[0], int(row[1]) - 1) for row in rows]


def chosen(root: Path, seed: int, count: int) -> Iterator[tuple[Image.Image, int]]:
    """A random share of the data set's test split."""
    rows = _annotated(root, "test")
    order = np.random.Generator(np.random.PCG64(SEED_OFFSET + seed)).permutation(len(rows))
    for position in order[:count]:
        name, label = rows[position]
        with Image.open(root / "images" / f"{name}.jpg") as image:
            yield image.convert("RGB"), label


def main() -> None:
    """The command line: one JSON request."""
    request = json.loads(sys.argv[1])
    root, folder = Path(request["root"]), Path(request["folder"])
    seed, side = int(request["seed"]), int(request["side"])
    source = drawn(root, seed, request["per_class"]) if request["drawn"] else chosen(root, seed, request["count"])
    pairs = list(source)
    order = np.random.Generator(np.random.PCG64([SEED_OFFSET + seed, 1])).permutation(len(pairs))
    pairs = [pairs[position] for position in order]
    frames, shown = [], []
    for number, (image, _) in enumerate(pairs):
        if number < request["shown"]:
            # PNG keeps the pixels that the scorer sees.
            name = f"{number:03d}.png"
            image.save(folder / request["shown_folder"] / name)
            shown.append(name)
        frames.append(np.asarray(image.resize((side, side))))
    np.save(folder / "frames.npy", np.stack(frames))
    labels = [int(label) for _, label in pairs]
    print(json.dumps({"shown": shown, "labels": labels}))


if __name__ == "__main__":
    main()
