"""The embedded profile's figures beside published ones: of the reference's compressed files, and of its notebook.

``python benchmarks/figures.py`` prints the tables of ``docs/figures.md``; with ``--write`` it puts them there.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from graders import sandbox  # noqa: E402 - the path comes first
from graders.measure.scorer.client import Scorer, start_server  # noqa: E402
from graders.measure.sizes import deflation  # noqa: E402
from graders.profiles import choose  # noqa: E402

PAGE = ROOT / "docs" / "figures.md"
MARK = "<!-- figures -->\n"
NOTEBOOK_MARK = "<!-- notebook -->\n"
NOTEBOOK = ROOT / "reference" / "mnist_compression" / "quantization_and_pruning.ipynb"
# From a published report on the notebook lab, with one or two epochs on all of MNIST: accuracy, bytes, bytes zipped.
PUBLISHED_STAGES: dict[str, tuple[str, str, str]] = {
    "baseline": ("0.9455", "98,928", "78,073"),
    "tflite": ("-", "85,096", "-"),
    "ptq": ("0.9457", "24,336", "-"),
    "qat": ("0.9477", "-", "-"),
    "qat_tflite": ("0.9476", "-", "-"),
    "pruned": ("0.9660", "-", "25,659"),
    "pruned_quantized": ("-", "-", "8,370"),
}
# From a student's published report on the original course's labs 2 and 3: accuracy and deflation, in percent.
PUBLISHED: dict[str, tuple[str, str]] = {
    "fp32": ("83.6 %", "-"),
    "clustered-4": ("2.8 %", "86 %"),
    "clustered-16": ("79.9 %", "76 %"),
    "clustered-32": ("83.4 %", "70 %"),
    "pruned-0.2": ("88.5 %", "20 %"),
    "pruned-0.5": ("71.6 %", "43 %"),
}
SHOWN = ("fp32", *(f"clustered-{k}" for k in (2, 4, 8, 16, 32)), *(f"pruned-{s}" for s in (0.2, 0.4, 0.5)))


def table() -> str:
    """The table, in Markdown."""
    profile = choose("embedded", None, None)
    assert profile.baseline is not None
    frames, labels = test_pictures(profile.dataset_root)
    lines = ["| file | accuracy, embedded | published | deflation, embedded | published |", "|---|---|---|---|---|"]
    with (
        tempfile.TemporaryDirectory() as folder,
        start_server(sandbox.choose("auto"), scratch=Path(folder)) as server,
    ):
        pictures = Path(folder) / "frames.npy"
        np.save(pictures, frames)
        for name in SHOWN:
            path = profile.baseline / ("fp32.tflite" if name == "fp32" else f"compressed/{name}.tflite")
            with Scorer(server, Path(folder) / name, [pictures]).measure(path) as measurement:
                outputs = measurement.infer_frames(pictures, len(labels), profile.normalisation)
            accuracy = float((outputs.argmax(axis=1) == labels).mean())
            theirs = PUBLISHED.get(name, ("-", "-"))
            saved = f"{deflation(path.read_bytes()):.1%}".replace("%", " %")
            lines.append(f"| `{name}` | {100 * accuracy:.1f} % | {theirs[0]} | {saved} | {theirs[1]} |")
    return "\n".join(lines) + "\n"


def notebook_table() -> str:
    """The metrics that the reference's notebook printed when it was executed, in Markdown."""
    from graders.labs.mnist_compression.stage_labels import LABELS
    from graders.submission import notebooks

    found: dict[tuple[str | None, str], float] = {}
    for each in notebooks.review_notebook(notebooks.read(NOTEBOOK), LABELS).metrics:
        found.setdefault((each.stage, each.quantity), each.value)
    lines = ["| stage | accuracy | published | bytes | published | zipped | published |", "|---" * 7 + "|"]
    for stage, published in PUBLISHED_STAGES.items():
        accuracy = found.get((stage, "accuracy"))
        own = ["-" if accuracy is None else f"{accuracy:.4f}"]
        for quantity in ("bytes", "zipped_bytes"):
            size = found.get((stage, quantity))
            own.append("-" if size is None else f"{size:,.0f}")
        cells = [cell for pair in zip(own, published, strict=True) for cell in pair]
        lines.append(f"| `{stage}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def test_pictures(root: Path) -> tuple[np.ndarray, np.ndarray]:
    """The test split: pictures, uint8 (n, 224, 224, 3), and class ids from 0."""
    from PIL import Image

    lines = (root / "annotations" / "test.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    pictures = [
        np.asarray(Image.open(root / "images" / f"{row[0]}.jpg").convert("RGB").resize((224, 224))) for row in rows
    ]
    return np.stack(pictures), np.array([int(row[1]) - 1 for row in rows])


def main() -> int:
    """Prints the table, or writes it."""
    made, stages = table(), notebook_table()
    if "--write" in sys.argv[1:]:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(MARK)
        between = rest[rest.index("\n\n") :].partition(NOTEBOOK_MARK)[0]
        PAGE.write_text(before + MARK + made[:-1] + between + NOTEBOOK_MARK + stages, encoding="utf-8")
    print(made, stages, sep="\n", end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
