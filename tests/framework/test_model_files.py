"""Files are found among any lab's evidence, each with its own accuracy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from graders.core.errors import RunError
from graders.core.result import Result, failure
from graders.core.verdicts import Verdict
from graders.framework.model_files import ModelFile, find_model_files
from graders.measure.evaluation import Evaluation
from graders.submission import Artifact


@dataclass(frozen=True)
class File:
    artifact: Artifact
    note: str = ""


@dataclass(frozen=True)
class Variant:
    file: Result[File]
    evaluation: Result[Evaluation]
    given: Result[Evaluation]


@dataclass(frozen=True)
class Extra:
    file: File
    accuracy: float


@dataclass(frozen=True)
class Notebook:
    first: Result[Variant]
    more: tuple[Extra, ...]
    named: dict[str, File]


def quality(accuracy: float) -> Result[Evaluation]:
    return Result(Evaluation(10, accuracy, 0, 0, 0, 0, ()))


@pytest.fixture
def made(tmp_path: Path):
    def make(name: str, data: bytes = b"\x1c\0\0\0TFL3rest") -> Artifact:
        path = tmp_path / name
        path.write_bytes(data)
        return Artifact(path, len(data), name)

    return make


def test_a_lone_file_has_the_name_of_its_run_and_its_own_accuracy(made) -> None:
    file = made("model.tflite")
    evidence = Variant(Result(File(file)), quality(0.9), quality(0.5))
    assert find_model_files("int8", evidence) == (ModelFile("int8", "int8", file, 0.9),)


def test_several_files_have_names_of_their_own(made) -> None:
    one, two, three = made("a.tflite"), made("b"), made("c.tflite")
    first = Result(Variant(Result(File(one)), quality(0.8), quality(0.1)))
    found = find_model_files("notebook", Notebook(first, (Extra(File(two), 0.7),), {"c": File(three)}))
    assert [(each.name, each.accuracy) for each in found] == [("a.tflite", 0.8), ("b", 0.7), ("c.tflite", None)]
    assert {each.run for each in found} == {"notebook"}


def test_what_was_not_measured_or_is_no_such_file_is_left_out(made) -> None:
    lost: Result[Evaluation] = failure(RunError(Verdict.FAILED, "no"))
    keras, gone = made("model.h5", b"\x89HDF\r\n\x1a\n"), made("gone.tflite")
    gone.path.unlink()
    evidence = Notebook(failure(RunError(Verdict.FAILED, "no")), (), {"h5": File(keras), "gone": File(gone)})
    assert find_model_files("run", evidence) == ()
    assert find_model_files("run", None) == ()
    kept = made("kept.tflite")
    assert find_model_files("run", Variant(Result(File(kept)), lost, quality(0.5)))[0].accuracy is None
