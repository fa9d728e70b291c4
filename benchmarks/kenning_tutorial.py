"""Kenning's pruning tutorial: ``python benchmarks/kenning_tutorial.py [--model MODEL] [--schedule SCHEDULE]``.

Runs the tutorial's scenarios as ``reference/`` has them, unmodified but for paths, with the command line of the starter
code, and prints the tutorial's table with the published values beside those measured. The data set is pocket_pets.

Models: ``embedded``, or ``full-size``, a MobileNetV2 as Kenning's own model wrapper builds it (4,164,965 parameters,
frozen base), with random weights: only its sizes mean something, and they depend on the shares of zeros and clusters,
not on training. So it sees two images of each class, in one epoch of 10 steps, and is pruned in every fifth.

Schedules: ``tutorial``, or ``scaled``: steps between prunings and the last one as the same share of an epoch as with
the Oxford-IIIT Pet data set, which has 46 steps an epoch. ``--work FOLDER`` keeps models and logs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "fixtures" / "datasets" / "pocket_pets"
EMBEDDED = ROOT / "fixtures" / "models" / "pocket_pets" / "pocket_mobilenet.h5"
SCENARIOS = ROOT / "reference" / "kenning_compression" / "scenarios"
STEPS_THERE, STEPS_HERE = 46, 8
PUBLISHED = {
    "mobilenetv2": ("0.9605", "15,508,373", "0.00 %"),
    "pruning-0_15": ("0.9190", "14,062,345", "9.32 %"),
    "pruning-0_3": ("0.8367", "12,349,076", "20.37 %"),
    "pruning-clustering": ("0.9007", "4,451,142", "71.30 %"),
}


def full_size(path: Path) -> Path:
    """Writes MobileNetV2 with the layers on top that Kenning's model wrapper gives it, and a seed's random weights."""
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    import tensorflow as tf

    tf.keras.utils.set_random_seed(7)
    layers = tf.keras.layers
    base = tf.keras.applications.MobileNetV2(input_shape=(224, 224, 3), include_top=False, weights=None)
    base.trainable = False
    output = layers.GlobalAveragePooling2D()(base.output)
    for units in (1024, 512, 128):
        output = layers.Dropout(0.5)(layers.Dense(units, activation="relu")(output))
    model = tf.keras.Model(base.input, layers.Dense(37, name="out_layer")(output))
    print(f"{path.name}: {model.count_params():,} parameters", flush=True)
    model.save(str(path), include_optimizer=False, save_format="h5")
    return path


def two_of_each(folder: Path) -> None:
    """Makes a data set of the first two images of each class."""
    (folder / "annotations").mkdir(parents=True)
    (folder / "images").symlink_to(DATA / "images")
    classes: dict[str, list[str]] = {}
    for line in (DATA / "annotations" / "list.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            classes.setdefault(line.split()[1], []).append(line)
    lines = [line for found in classes.values() for line in found[:2]]
    (folder / "annotations" / "list.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def shortened(scenario: dict[str, Any]) -> dict[str, Any]:
    """A scenario that prunes as much with one short epoch of training on half of the images."""
    scenario["dataset"]["parameters"]["split_fraction_test"] = 0.5
    for step in scenario.get("optimizers", []):
        if "target_sparsity" in step["parameters"]:
            step["parameters"] |= {"epochs": 1, "batch_size": 4, "pruning_frequency": 5, "pruning_end": -1}
    return scenario


def scaled(scenario: dict[str, Any]) -> dict[str, Any]:
    """A scenario whose schedules span the same share of an epoch here as in the tutorial."""
    for step in scenario.get("optimizers", []):
        for name in ("pruning_frequency", "pruning_end"):
            steps = step["parameters"].get(name, -1)
            if steps > 0:
                step["parameters"][name] = max(1, round(steps * STEPS_HERE / STEPS_THERE))
    return scenario


CHANGES = {"tutorial": lambda scenario: scenario, "scaled": scaled, "short": shortened}


def measure(name: str, schedule: str, work: Path, model: Path) -> dict[str, Any]:
    """Runs a scenario's optimizers and the test in one process, in ``work``; the measurements."""
    content = json.loads((SCENARIOS / f"{name}.json").read_text(encoding="utf-8"))
    file = work / f"{name}.json"
    file.write_text(json.dumps(CHANGES[schedule](content)), encoding="utf-8")
    measured = work / "build" / f"{name}-measured.json"
    environment = {
        **os.environ,
        "KENNING_MODEL": str(model),
        "PYTHONPATH": str(ROOT / "reference"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "kenning_compression", "optimize", "test", "--json-cfg", str(file)]
    with (work / f"{name}.log").open("w", encoding="utf-8") as log:
        subprocess.run(
            [*command, "--measurements", str(measured)], cwd=work, env=environment, check=True, stdout=log, stderr=log
        )
    found: dict[str, Any] = json.loads(measured.read_text(encoding="utf-8"))
    return found


def line(name: str, found: dict[str, Any], original: int) -> str:
    """A row of the table."""
    matrix = found["eval_confusion_matrix"]
    accuracy = sum(row[place] for place, row in enumerate(matrix)) / sum(map(sum, matrix))
    size = found["compressed_model_size"]
    here = [f"{accuracy:.4f}", f"{found['sparsity']:.1%}", f"{size:,}", f"{100 * (1 - size / original):.2f} %"]
    return f"| {' | '.join([f'`{name}`', *here, *PUBLISHED[name]])} |"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Kenning's pruning tutorial, with the published values beside it.")
    parser.add_argument("--model", choices=("embedded", "full-size"), default="embedded")
    parser.add_argument("--schedule", choices=("tutorial", "scaled"), default="tutorial")
    parser.add_argument("--work", type=Path, help="a folder for models and logs, kept (default: a temporary one)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = (args.work or Path(temporary)).resolve()
        (work / "build").mkdir(parents=True, exist_ok=True)
        data = work / "build" / "PetDataset"
        if args.model == "embedded":
            model = EMBEDDED
            if not data.exists():
                data.symlink_to(DATA)
        else:
            model = full_size(work / "full-size.h5")
            two_of_each(data)
        print("| scenario | accuracy | zeros | archive (bytes) | reduction | published | archive | reduction |")
        print("|---|---|---|---|---|---|---|---|", flush=True)
        original = 0
        for name in PUBLISHED:
            began = time.monotonic()
            found = measure(name, "short" if args.model == "full-size" else args.schedule, work, model)
            original = original or found["compressed_model_size"]
            print(line(name, found, original), flush=True)
            print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
