"""What the tests of the given kit share: loading a kit without leaving it in the process, and small data sets."""

from __future__ import annotations

import contextlib
import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[2]
TEMPLATE = REPOSITORY / "student_template"
REFERENCE = REPOSITORY / "reference"
PACKAGE = "dl_in_iot_course"
EXPERIMENTS = f"{PACKAGE}.l02_quantization.quantization_experiments"


@contextlib.contextmanager
def _importable(root: Path, stand_ins: Mapping[str, ModuleType]) -> Iterator[None]:
    """Make ``root``'s package importable and put the process's modules and path back afterwards."""
    before, path = sys.modules.copy(), sys.path.copy()
    _forget_package()
    sys.path.insert(0, str(root))
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        sys.path[:] = path
        _forget_package()
        for name in stand_ins:
            del sys.modules[name]
        sys.modules.update({name: module for name, module in before.items() if name in stand_ins or _ours(name)})


def _ours(name: str) -> bool:
    return name.split(".")[0] == PACKAGE


def _forget_package() -> None:
    for name in [name for name in sys.modules if _ours(name)]:
        del sys.modules[name]


def load(root: Path, name: str, **stand_ins: ModuleType) -> Any:
    """The module ``name`` of the kit below ``root``; ``stand_ins`` replace modules that it imports."""
    with _importable(root, stand_ins):
        return importlib.import_module(name)


@dataclass(frozen=True)
class Kit:
    """The modules of the given kit."""

    pet_dataset: Any
    modeltester: Any
    metrics: Any
    draw: Any
    utils: Any


@pytest.fixture(scope="session")
def kit() -> Kit:
    """The given kit, as it stands in student_template."""
    with _importable(TEMPLATE, {}):
        modules = {name: importlib.import_module(f"{PACKAGE}.misc.{name}") for name in Kit.__dataclass_fields__}
    return Kit(**modules)


@pytest.fixture(scope="session")
def reference_lab() -> Any:
    """The reference's lab 2 module, with an empty module in TensorFlow's place."""
    return load(REFERENCE, EXPERIMENTS, tensorflow=ModuleType("tensorflow"))


@pytest.fixture(scope="session")
def template_lab() -> Any:
    """The template's lab 2 module, with an empty module in TensorFlow's place."""
    return load(TEMPLATE, EXPERIMENTS, tensorflow=ModuleType("tensorflow"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The top folder of the repository."""
    return REPOSITORY


@pytest.fixture(params=[TEMPLATE, REFERENCE], ids=["template", "reference"])
def kit_root(request: pytest.FixtureRequest) -> Path:
    """The template's folder, then the reference's."""
    root: Path = request.param
    return root


@pytest.fixture
def annotated(tmp_path: Path) -> Callable[..., Path]:
    """Write a data set's folder with the given annotations and no images."""
    return lambda trainval, test="": write_dataset(tmp_path / "annotated", trainval, test)


def write_dataset(root: Path, trainval: str, test: str = "") -> Path:
    """A data set's folder with these annotations and no images."""
    (root / "annotations").mkdir(parents=True)
    (root / "images").mkdir()
    # As bytes: text mode would turn the line ends of a test into the platform's.
    (root / "annotations" / "trainval.txt").write_bytes(trainval.encode())
    (root / "annotations" / "test.txt").write_bytes(test.encode())
    return root


@pytest.fixture
def small_dataset(tmp_path: Path) -> Path:
    """Three classes with four training and two test images each, 20 x 30 pixels of noise."""
    random = np.random.RandomState(0)
    lines: dict[str, list[str]] = {"trainval": [], "test": []}
    root = write_dataset(tmp_path / "small", "")
    for number, name in enumerate(["cat", "guide_dog", "ox"], start=1):
        for index in range(6):
            lines["trainval" if index < 4 else "test"].append(f"{name}_{index} {number} 1 1\n")
            pixels = random.randint(0, 256, (30, 20, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / "images" / f"{name}_{index}.jpg")
    for split, text in lines.items():
        (root / "annotations" / f"{split}.txt").write_text("".join(text))
    return root


@dataclass(frozen=True)
class Finished:
    """How a subprocess ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def python(tmp_path: Path) -> Callable[..., Finished]:
    """Run a fresh Python in a kit's folder, where ``import tensorflow`` finds an empty module."""
    empty = tmp_path / "empty_modules"
    empty.mkdir()
    (empty / "tensorflow.py").touch()

    def run(root: Path, *arguments: str | Path) -> Finished:
        command = [sys.executable, *map(str, arguments)]
        environment = {"PYTHONPATH": str(empty), "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=60)
        return Finished(done.returncode, done.stdout, done.stderr)

    return run
