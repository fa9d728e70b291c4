"""Judging what a class of the course gave back: against its file, and whether inference was all that it did."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
import pytest
from numpy.typing import NDArray

from graders.core.errors import GraderError, RunError
from graders.core.paths import LABS
from graders.core.verdicts import Verdict
from graders.framework.checks import CheckFailed
from graders.framework.lab_toml import load
from graders.framework.model_tester import runner
from graders.framework.model_tester.checks import require_inference_only
from graders.framework.model_tester.files import FileEvidence
from graders.labs.l02_quantization.checks import whole_numbers
from graders.measure.quantization import Encoding
from graders.profiles.profile import EMBEDDED, Normalisation
from graders.sandbox import Reply
from graders.scoring.outcomes import reason_of

LAB = load(LABS / "l02_quantization")
SCORES = np.array([[1.0, 2.0, 5.0], [4.0, 0.0, 3.0], [2.0, 2.5, 1.0]], dtype=np.float32)
FLAT = np.ones((3, 3), dtype=np.float32)
INPUTS = np.arange(12, dtype=np.float32).reshape(3, 1, 2, 2)


class FileScorer:
    """Stands for the scorer: a file's outputs without and with XNNPACK."""

    def __init__(self, plain: NDArray[Any], quick: NDArray[Any]) -> None:
        """:param plain: what inference gives. :param quick: what it gives with XNNPACK."""
        self.outputs = {False: plain, True: quick}

    def measure(self, path: Path) -> Self:
        """A measurement of a file."""
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def unusual(self, given: Path) -> str:
        """Why the file itself is why runtimes disagree: it is not."""
        return ""

    def infer_frames(self, frames: Path, count: int, normalisation: Normalisation, delegates: bool) -> NDArray[Any]:
        """The outputs for the first frames."""
        return self.outputs[delegates][:count]


def agreement(
    found: NDArray[Any], plain: NDArray[Any], quick: NDArray[Any] | None = None, stranger: str = ""
) -> runner.Agreement:
    """What comes of predictions where a file gives these outputs."""
    scorer = FileScorer(plain, plain if quick is None else quick)
    grading: Any = SimpleNamespace(lab=LAB, scorer=scorer, evaluation=SimpleNamespace(frames=Path()), profile=EMBEDDED)
    grading.shared = lambda name, make: SimpleNamespace(path=Path())
    output = Encoding("float32", 0.0, 0)
    artifact: Any = SimpleNamespace(path=Path())
    model: Any = None
    file = FileEvidence(artifact, model, output, output, stranger)
    return runner.file_agreement(grading, file, found.astype(np.float64))


def test_predictions_are_the_files_own() -> None:
    """The file's scores agree by nothing; those of another order of classes are far off."""
    assert agreement(SCORES, SCORES).worst == 0
    assert agreement(SCORES[:, ::-1], SCORES).worst > 0.1
    assert agreement(SCORES[[2, 0, 1]], SCORES).late


HARDLY = np.tile(np.arange(3, dtype=np.float32), (3, 1)) + np.array([[0], [1], [2]], dtype=np.float32) * 1e-4


@pytest.mark.parametrize("outputs", [np.zeros_like(SCORES), FLAT, np.tile(SCORES[:1], (3, 1)), HARDLY])
def test_a_file_that_says_the_same_of_everything_says_nothing(outputs: NDArray[Any]) -> None:
    """A file of zeros agrees with every class that returns zeros, whatever the class does: that earns nothing."""
    with pytest.raises(RunError) as raised:
        agreement(outputs, outputs)
    assert raised.value.verdict is Verdict.LOST
    assert "the same scores for all 3 images" in str(raised.value)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_file_whose_scores_are_no_numbers_is_the_students(wrong: float) -> None:
    """NaN compares as different from everything: that is neither right nor the grader's fault."""
    outputs = SCORES.copy()
    outputs[1, 2] = wrong
    for found in (SCORES, outputs):
        with pytest.raises(RunError, match="NaN or infinite") as raised:
            agreement(found, outputs)
        assert raised.value.verdict is Verdict.LOST


def test_scores_that_follow_the_classes_alone_agree_with_nothing() -> None:
    """Scores are compared by how they vary over the images: large differences of classes hide no wrong ones."""
    outputs = SCORES + np.array([0, 1000, 2000], dtype=np.float32)
    found = np.tile(outputs.mean(axis=0), (3, 1))
    assert agreement(outputs, outputs).worst == 0
    assert agreement(found, outputs).worst > 0.1


def test_constant_predictions_of_a_file_that_tells_images_apart() -> None:
    """Constant predictions are recognised, and do not match the file's."""
    found = agreement(FLAT, SCORES)
    assert found.constant
    assert found.worst > LAB.thresholds["predictions"]


def test_runtimes_that_disagree_are_nobodys_fault() -> None:
    """Scores of neither are the grader's problem; those of the one with XNNPACK are right."""
    assert agreement(SCORES + 1, SCORES, SCORES + 1).worst == 0
    with pytest.raises(GraderError):
        agreement(SCORES - 1, SCORES, SCORES + 1)
    with pytest.raises(RunError, match="not of the given model"):
        agreement(SCORES - 1, SCORES, SCORES + 1, "others")


def reply(facts: dict[str, Any] | None = None, **arrays: Any) -> Reply:
    """What a class gives back that sets the input in time, but for what is named."""
    usual = {"before": INPUTS, "after": INPUTS, "predictions": SCORES, "usual": SCORES[0], "written_over": SCORES[0]}
    given = {name: value for name, value in (usual | arrays).items() if value is not None}
    return Reply({"others_filled": False} if facts is None else facts, given)


def test_inference_only() -> None:
    """Where the input is set in time, and what was handed over may be written over, nothing is lost."""
    assert runner.input_ready(reply()).ready
    require_inference_only(runner.input_ready(reply()))


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (reply(before=None, after=None), "no interpreter"),
        (reply(usual=None), "no interpreter"),
        (reply(written_over=None), "no interpreter"),
        (reply(written_over=SCORES), "no interpreter"),
        (reply(before=np.zeros((0, 3))), "no interpreter"),
        (reply(before=np.array(1.0)), "no interpreter"),
        (reply(before=INPUTS > 0), "no interpreter"),
        (reply(after=INPUTS + 1), "changes during run_inference"),
        (reply({"others_filled": True}), "changes during run_inference"),
        (reply({"others_filled": 0}), "changes during run_inference"),
        (reply({}), "changes during run_inference"),
        (reply(before=np.zeros_like(INPUTS), after=np.zeros_like(INPUTS)), "has the same content for every image"),
        (reply(written_over=SCORES[1]), "reads the array that was passed to preprocess_input"),
        (reply(written_over=SCORES[0] * np.nan), "reads the array that was passed to preprocess_input"),
        (
            reply(written_over=SCORES[0] + np.inf, usual=SCORES[0] - np.inf),
            "reads the array that was passed to preprocess_input",
        ),
    ],
)
def test_more_than_inference(answer: Reply, seen: str) -> None:
    """What is not there, late, nothing or borrowed loses, with the advice what to do."""
    found = runner.input_ready(answer)
    assert not found.ready
    assert seen in found.seen
    with pytest.raises(CheckFailed) as raised:
        require_inference_only(found)
    verdict, reason = reason_of(raised.value, LAB)
    assert verdict is Verdict.LOST
    assert reason is not None
    assert seen in reason.measured
    assert ("Move set_tensor" if found.interpreter else "Create the interpreter once") in reason.next
    assert found.interpreter == ("no interpreter" not in seen)


@pytest.mark.parametrize(
    "text",
    [
        "Total params: 32021 (125.08 KB)",
        "Total params: 32,021",
        "Parametry: 32 021",
        "32.021 Parameter",
        "32\N{NARROW NO-BREAK SPACE}021 paramètres",
        "32'021",
        "params=32_021,",
        "(32021)",
        "3: 1,000 | 4: 32,021 | 5: 2,000,000",
    ],
)
def test_a_count_however_it_is_written(text: str) -> None:
    """Separators of thousands are those of the student's language or tool."""
    assert 32021 in whole_numbers(text)


@pytest.mark.parametrize("text", ["", "params: 99999999", "132021", "32,0215", "320,21", "3,2021", "9" * 10_000])
def test_other_numbers(text: str) -> None:
    """Parts of other numbers are not it, and no text is too long."""
    assert 32021 not in whole_numbers(text)
