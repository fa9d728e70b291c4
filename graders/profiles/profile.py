"""The profiles and how one is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from graders.core.errors import UsageError
from graders.core.paths import FIXTURES

POCKET_PETS = FIXTURES / "datasets" / "pocket_pets"
POCKET_MODELS = FIXTURES / "models" / "pocket_pets"
PROFILES = ("embedded", "oxford_pets")


@dataclass(frozen=True)
class Normalisation:
    """How a model expects its images: each colour in 0..1, less ``mean`` and divided by ``std``."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


IMAGENET = Normalisation(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A data set in the Oxford-IIIT Pet layout, and the trained model that the labs start from.

    ``drawn``: evaluation images can be drawn without end by the data set's own generator; otherwise they are a share of
    its test split. ``baseline``: the folder of the reference's own files for this model, if there are any. ``side``:
    the width and height of the model's input; ``normalisation``: what is done to the colours. ``per_class``: how many
    evaluation images there are of each of the ``classes``.
    """

    name: str
    title: str
    dataset_root: Path
    model_path: Path
    drawn: bool
    baseline: Path | None
    side: int = 224
    normalisation: Normalisation = IMAGENET
    classes: int = 37
    per_class: int = 12

    @property
    def identity(self) -> str:
        """A name for this profile's data and model that no other profile in the process has."""
        return f"{self.name}:{self.dataset_root}:{self.model_path}".replace("/", "|")

    @property
    def real(self) -> bool:
        """Whether data and model are somebody's own: the labs' thresholds and limits were not measured with them."""
        return self.baseline is None

    @property
    def data(self) -> tuple[Path, ...]:
        """What students' code may read of the data set, and nothing that lies beside it."""
        return (self.dataset_root / "images", self.dataset_root / "annotations")

    @property
    def class_names(self) -> tuple[str, ...]:
        """Class names in the order of their ids, from the training split's annotations."""
        lines = (self.dataset_root / "annotations" / "trainval.txt").read_text(encoding="utf-8-sig").splitlines()
        rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
        names: dict[int, str] = {}
        for row in rows:
            names.setdefault(int(row[1]), row[0].rsplit("_", 1)[0])
        return tuple(names[number] for number in sorted(names))

    @property
    def images(self) -> str:
        """What the evaluation images are, for the caption of a chart."""
        return "stand-in images drawn for this grading" if self.drawn else "test images chosen for this grading"


EMBEDDED = Profile(
    name="embedded",
    title="pocket_pets, a drawn stand-in for the Oxford-IIIT Pet data set, and its small model",
    dataset_root=POCKET_PETS,
    model_path=POCKET_MODELS / "pocket_mobilenet.h5",
    drawn=True,
    baseline=POCKET_MODELS,
)


def choose(name: str, dataset_root: Path | None, model_path: Path | None) -> Profile:
    """The profile of that name, with the paths given on the command line.

    :raises UsageError: for an unknown name, or or if a real profile lacks its data set or its model.
    """
    if name == "embedded":
        if dataset_root or model_path:
            raise UsageError("--dataset-root and --model-path go with a real profile: add --profile oxford_pets")
        return EMBEDDED
    if name != "oxford_pets":
        raise UsageError(f"no profile '{name}': choose one of {', '.join(PROFILES)}")
    if dataset_root is None or model_path is None:
        raise UsageError(
            "--profile oxford_pets needs --dataset-root DIR (with images/, annotations/) and --model-path FILE"
        )
    for part in ("images", "annotations/trainval.txt", "annotations/test.txt"):
        if not (dataset_root / part).exists():
            raise UsageError(f"--dataset-root {dataset_root}: no {part} in it")
    if not model_path.is_file():
        raise UsageError(f"--model-path {model_path}: no such file")
    return Profile(
        name=name,
        title="the Oxford-IIIT Pet data set, from a local copy",
        dataset_root=dataset_root.resolve(),
        model_path=model_path.resolve(),
        drawn=False,
        baseline=None,
    )
