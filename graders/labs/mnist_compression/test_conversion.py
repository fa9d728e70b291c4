"""The converted file, and the functions that convert and evaluate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.framework.checks import check, check_threshold, criterion
from graders.labs.mnist_compression import checks

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.labs.mnist_compression.evidence import KerasModel, LiteFile, NotebookEvidence


@criterion("mnist.conversion.file", runs="notebook")
@checks.depends_on("FILE_NON_QUANTIZED_TFLITE")
def test_the_file_holds_the_baseline(evidence: NotebookEvidence, lab: Lab) -> None:
    """The file is float32 and has the weights that were saved after training, or is as accurate as training was."""
    file = evidence.non_quantised.get()
    checks.require_float(file)
    accuracy = file.quality.get().accuracy
    check(
        check_threshold(lab, "learned", accuracy, at_least=True),
        measured=f"{file.name} classifies {accuracy:.1%} of the hidden digits correctly",
        expected=f"at least {lab.thresholds['learned']:.0%}, as a trained network reaches",
        hint="not_trained",
    )
    saved = [model for model in checks.trained_files(evidence, lab) if not _is_earlier(model, file)]
    if saved:
        best = next(model for model in saved if model.layers is checks.closest(file, [each.layers for each in saved]))
        checks.require_same_weights(file, best.layers, lab, "other_baseline", f"the weights of {best.name}")
        return
    reached = max(evidence.reached - lab.thresholds["claimed_accuracy"], lab.thresholds["learned"])
    check(
        accuracy >= reached,
        measured=f"{file.name} classifies {accuracy:.1%} of the hidden digits correctly",
        expected=f"at least {reached:.0%}, since training reached {evidence.reached:.1%}",
        hint="other_baseline",
    )


def _is_earlier(saved: KerasModel, file: LiteFile) -> bool:
    """Whether a file was saved before the model's training was over, and the model was converted after it."""
    before, after = saved.origin, file.origin
    return before is not None and after is not None and before.model == after.model and before.steps < after.steps


@criterion("mnist.conversion.convert", runs="notebook")
@checks.depends_on("convert_tflite")
def test_any_model_is_converted(evidence: NotebookEvidence, lab: Lab) -> None:
    """convert_tflite converts a model with new weights to a file with a new name."""
    file = evidence.converted.get()
    checks.require_same_weights(
        file, evidence.fresh.get(), lab, "convert_other_model", "the weights of the model passed to it"
    )
    checks.require_float(file)


@criterion("mnist.conversion.evaluate", runs="notebook")
@checks.depends_on("evaluate_tflite_model")
def test_any_file_is_evaluated(evidence: NotebookEvidence, lab: Lab) -> None:
    """evaluate_tflite_model is right about the grader's own file and digits, some of them mislabelled."""
    found = evidence.evaluated.get()
    checks.require_own_file(evidence)
    returned = "no number" if found.given is None else f"{found.given:g}"
    given = found.given if found.given is not None else -1.0
    share = given / 100 if given > 1 and found.right <= 1 else given
    check(
        check_threshold(lab, "value", abs(share - found.right)),
        measured=f"it returned {returned} for a new file and 200 new digits",
        expected=f"{found.right:g}, the file's accuracy on them",
        hint="no_number" if found.given is None else "evaluate",
        function="evaluate_tflite_model",
    )
