"""The data set with permuted class ids, in which hard-coded file names or class images are wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from graders.framework.context import LabContext
from graders.labs.l02_quantization.dataset import Samples


@dataclass(frozen=True)
class Renumbered:
    """A data set with the same images: its root, and the new class of each training image."""

    root: Path
    labels: tuple[int, ...]


def renumbered_dataset(context: LabContext, known: Samples) -> Renumbered:
    """Writes annotations with permuted class ids, drawn from the seed, beside a link to the same images."""
    classes = sorted(set(known.labels))
    wanted = context.lab.settings["imbalanced_class"]
    random = context.drawn("class numbers")
    order = classes.copy()
    while order[classes.index(wanted)] == wanted or order.index(wanted) == classes.index(wanted):
        random.shuffle(order)
    number = dict(zip(classes, order, strict=True))
    source, root = context.profile.dataset_root, context.made_data / "renumbered"
    (root / "annotations").mkdir(parents=True)
    (root / "images").symlink_to(source / "images", target_is_directory=True)
    for split in ("trainval", "test"):
        text = (source / "annotations" / f"{split}.txt").read_text(encoding="utf-8-sig")
        lines = [_renumber(line, number) for line in text.splitlines()]
        (root / "annotations" / f"{split}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Renumbered(root, tuple(number[label] for label in known.labels))


def _renumber(line: str, number: dict[int, int]) -> str:
    if not line.strip() or line.startswith("#"):
        return line
    name, label, *rest = line.split()
    return " ".join([name, str(number[int(label) - 1] + 1), *rest])
