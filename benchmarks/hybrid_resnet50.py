"""ResNet50 at full size through the decomposition lab: ``python benchmarks/hybrid_resnet50.py [--structure NAME]…``.

Compresses ``tf.keras.applications.ResNet50`` with random weights, for 224 x 224 images, with the reference: its sixteen
3x3 convolutions and the 7x7 one at its beginning, by budget, once for each structure in a process of its own. Prints
sizes, the time of each phase and the peak memory. The weights are noise, which has no low rank: what is measured is
time, memory and sizes, not errors. Fails if a file does not compute what its Keras model does, or if it takes more than
4 GiB.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the lab's package does, if it is imported before numpy
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "reference"), str(Path(__file__).resolve().parent)]

STRUCTURES: dict[str, tuple[int, int] | None] = {"unstructured": None, "channel": None, "filter": None, "block": (4, 4)}
PHASES = ("build", "choose and decompose", "replace", "convert", "measure")
MOST_MEMORY = 4 << 30
MOST_DIFFERENCE = 1e-3


@dataclass
class Clock:
    """Seconds of wall and of processor time by phase."""

    phases: dict[str, tuple[float, float]] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measures what is done in the block."""
        wall, processor = time.monotonic(), time.process_time()
        yield
        self.phases[name] = (time.monotonic() - wall, time.process_time() - processor)
        print(f"{name}: {self.phases[name][0]:.0f} s", file=sys.stderr, flush=True)


def resnet50() -> Any:
    """ResNet50, with a seed's random weights."""
    import tensorflow as tf

    tf.keras.utils.set_random_seed(50)
    return tf.keras.applications.ResNet50(weights=None)


def compress_with(name: str, factor: float) -> dict[str, Any]:
    """The measurements of one structure."""
    import numpy as np
    from hybrid_decomposition import compress
    from hybrid_decomposition.starter import compression, conversion, evaluation, surgery
    from hybrid_decomposition.starter.settings import Settings, Structure
    from hybrid_measures import measure

    settings = Settings(Structure(name, STRUCTURES[name]), compression_factor=factor)
    clock, layers = Clock(), []

    def tell(each: Any) -> None:
        layers.append(compression.layer_report(each, settings))
        print(compression.progress_line(layers[-1], len(layers), len(places)), file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        path, original_path = Path(folder) / "compressed.tflite", Path(folder) / "original.tflite"
        with clock.phase("build"):
            model = resnet50()
            places = surgery.compressible_places(model)
        with clock.phase("choose and decompose"):
            chosen = compression.by_budget(compress, model, settings, tell)
        with clock.phase("replace"):
            compressed = compression.replaced(compress, model, chosen)
        with clock.phase("convert"):
            conversion.write_tflite(compressed, path)
        with clock.phase("measure"):
            found = measure(path)
            image = np.random.default_rng(1).uniform(-1, 1, (1, 224, 224, 3)).astype("float32")
            expected = compressed.predict_on_batch(image)
            difference = np.abs(evaluation.file_predictor(path)(image) - expected).max() / np.abs(expected).max()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
        conversion.write_tflite(model, original_path)
        original = measure(original_path)
    removed = sum(each.parameters_before - each.parameters for each in layers)
    return {
        "layers": len(places),
        "parameters": [model.count_params(), model.count_params() - removed],
        "bytes": [original.size, found.size],
        "deflated": [original.deflated, found.deflated],
        "macs": [original.macs, found.macs],
        "useful_macs": [original.useful_macs, found.useful_macs],
        "difference": float(difference),
        "phases": clock.phases,
        "peak": peak,
    }


def print_table(found: dict[str, dict[str, Any]]) -> None:
    """Sizes before and after, then times and memory."""
    first = next(iter(found.values()))
    names = ("parameters", "bytes", "deflated", "macs", "useful_macs")
    print("| structure | parameters | file (bytes) | deflated | MACs | without zeros |\n|---|---:|---:|---:|---:|---:|")
    print(f"| original | {' | '.join(f'{first[name][0]:,}' for name in names)} |")
    for structure, each in found.items():
        print(f"| {structure} | {' | '.join(f'{each[name][1]:,}' for name in names)} |")
    print(f"\n| structure | {' | '.join(PHASES)} | processor time | peak memory |\n|---|{'---:|' * (len(PHASES) + 2)}")
    for structure, each in found.items():
        times = [f"{each['phases'][phase][0]:.0f} s" for phase in PHASES]
        processor = sum(seconds for _, seconds in each["phases"].values())
        print(f"| {structure} | {' | '.join(times)} | {processor:.0f} s | {each['peak'] / 2**20:.0f} MiB |")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="ResNet50 at full size through the decomposition lab.")
    parser.add_argument("--structure", action="append", choices=STRUCTURES, help="one of them (default: all four)")
    parser.add_argument("--compression-factor", type=float, default=0.2, metavar="SHARE", help="default: 0.2")
    parser.add_argument("--one", choices=STRUCTURES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(compress_with(args.one, args.compression_factor)))
        return 0
    found: dict[str, dict[str, Any]] = {}
    for structure in args.structure or STRUCTURES:
        print(f"{structure}:", file=sys.stderr, flush=True)
        command = [sys.executable, __file__, "--one", structure, "--compression-factor", str(args.compression_factor)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found[structure] = json.loads(done.stdout.splitlines()[-1])
    print_table(found)
    wrong = [name for name, each in found.items() if each["difference"] > MOST_DIFFERENCE or each["peak"] > MOST_MEMORY]
    if wrong:
        print(f"error: not the Keras model's function, or more than 4 GiB: {', '.join(wrong)}", file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
