"""The notebook lab's checks of real files, which a notebook without TensorFlow copies in place: a whole run, cheaply."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from graders import profiles
from graders.caching.shared import SharedCache
from graders.core.errors import RunError
from graders.core.paths import LABS
from graders.core.result import Result
from graders.core.verdicts import Verdict
from graders.framework.checks import CheckFailed
from graders.framework.context import LabContext
from graders.framework.lab_toml import load
from graders.framework.runner import RunLog, RunResult
from graders.labs.mnist_compression import (
    charts,
    checks,
    files,
    plan,
    roles,
    static_review,
    test_bonus,
    test_conversion,
    test_post_training,
    test_pruning,
    test_quantisation_aware,
    test_sizes,
)
from graders.labs.mnist_compression.evidence import ExtraFile, KerasModel, LiteFile, NotebookEvidence, Origin
from graders.labs.mnist_compression.lab import LAB as PLUGIN
from graders.labs.mnist_compression.network import Layers
from graders.measure.digits import draw
from graders.measure.scorer.client import Scorer, start_server
from graders.measure.scorer.results import StoredTensor
from graders.sandbox import Server
from graders.sandbox.host.isolation import Bare
from graders.submission.notebooks import Gap, GapKind

LAB = load(LABS / "mnist_compression")
DATA = Path(__file__).resolve().parents[1] / "data" / "mnist"
MODULES = (test_conversion, test_post_training, test_quantisation_aware, test_pruning, test_sizes)
NAMES = ("FILE_WEIGHTS", "FILE_NON_QUANTIZED_TFLITE", "FILE_PT_QUANTIZED", "FILE_QAT_QUANTIZED", "FILE_PRUNED_MODEL",
         "FILE_PRUNED_QUANTIZED_TFLITE")  # fmt: skip
PLACES = ("baseline_weights.h5", "non_quantized.tflite", "post_training_quantized.tflite", "quant_aware_quantized.tflite",
          "models/pruned_model.h5", "pruned_quantized.tflite")  # fmt: skip
EVALUATE = """
from ai_edge_litert.interpreter import Interpreter
def evaluate_tflite_model(filename, x, y):
    interpreter = Interpreter(model_path=str(filename))
    interpreter.allocate_tensors()
    right = 0
    for image, label in zip(x, y):
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image[None].astype("float32"))
        interpreter.invoke()
        right += interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0].argmax() == label
    return right / len(y)
"""
CELLS = (
    "import sys; sys.modules['tensorflow'] = None",
    "\n".join(f"{name} = {place!r}" for name, place in zip(NAMES, PLACES, strict=True)),
    f"from pathlib import Path\nfor file in Path({str(DATA)!r}).glob('*_*.*'):\n    Path(file.name).write_bytes(file.read_bytes())\nPath('models').mkdir()\nPath('pruned_model.h5').rename(FILE_PRUNED_MODEL)",
    "import gzip\ndef get_gzipped_model_size(f):\n    return len(gzip.compress(Path(f).read_bytes()))" + EVALUATE,
    "MODEL_SIZE = {n: get_gzipped_model_size(n) for n in (FILE_WEIGHTS, FILE_PRUNED_MODEL)}",
    "print('archive', get_gzipped_model_size(FILE_PRUNED_QUANTIZED_TFLITE), 'bytes')",
    "convert_tflite(None)",
    (
        "import os\nPath('more').mkdir()\nPath('more/copy.tflite').write_bytes(Path(FILE_NON_QUANTIZED_TFLITE).read_bytes())\n"
        "Path('junk.tflite').write_bytes(b'junk')\nos.symlink('/etc/passwd', 'link.tflite')\nos.mkfifo('pipe.tflite')\n"
        "Path('a/b/c/d').mkdir(parents=True)\nPath('a/b/c/d/deep.tflite').write_bytes(b'x')"
    ),
)


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NotebookEvidence]:
    """The evidence from running such a notebook."""
    folder = tmp_path_factory.mktemp("notebook")
    path = folder / "code" / LAB.student_file
    path.parent.mkdir(parents=True)
    cells = [{"cell_type": "code", "source": [cell], "execution_count": None, "outputs": []} for cell in CELLS]
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    profile = profiles.choose("embedded", None, None)
    with Server(["numpy"], Bare(), {}) as runner, start_server(Bare(), scratch=folder) as scorers:
        scorer = Scorer(scorers, folder / "scorers", [folder])
        grading = LabContext(
            lab=LAB, profile=profile, seed=3, code=folder / "code", work=folder / "work", server=runner, scorer=scorer,
            shared_cache=SharedCache(folder / "kept"),
        )  # fmt: skip
        yield plan.run_notebook(grading, RunLog("notebook"))


def judged(evidence: NotebookEvidence) -> dict[str, str]:
    """The hint or the verdict of every check that fails, by its test's name."""
    found = {}
    for module in MODULES:
        for name, test in vars(module).items():
            if name.startswith("test_"):
                outcome = outcome_of(module, name, test, evidence)
                if outcome:
                    found[name] = outcome
    return found


def outcome_of(module: ModuleType, name: str, test: Any, evidence: NotebookEvidence) -> str:
    wanted = inspect.signature(test).parameters
    try:
        test(**{key: value for key, value in {"evidence": evidence, "lab": LAB}.items() if key in wanted})
    except CheckFailed as lost:
        return lost.hint
    except RunError as error:
        return error.verdict.value
    return ""


# Without TensorFlow there is no model for these.
UNCALLED = {"test_any_model_is_converted": "failed", "test_any_model_is_quantised": "failed"}


def model(evidence: NotebookEvidence, change: Any) -> KerasModel:
    """The pruned model with its kernels changed."""
    pruned = evidence.pruned.get()
    arrays = {name: change(values) if "kernel" in name else values for name, values in pruned.layers.arrays.items()}
    return replace(pruned, layers=Layers(arrays))


def test_right_files_lose_nothing(evidence: NotebookEvidence) -> None:
    """Correct files pass every check, even if an unrelated cell fails."""
    assert judged(evidence) == UNCALLED
    assert [failure.number for failure in evidence.executed.failures] == [7]
    facts = charts.describe(evidence)
    assert facts["zeros"] == {
        "convolution's kernel": 86, "convolution's bias": 0, "dense layer's kernel": 16223, "dense layer's bias": 0,
    }  # fmt: skip
    assert 0.8 < facts["files"]["pruned_quantized.tflite"]["accuracy"] < 0.95
    assert list(facts["files"]) == list(PLACES)
    assert {name for name, file in facts["files"].items() if len(file.get("sha256", "")) == 64} == {name for name in PLACES if name.endswith(".tflite")}


def test_files_made_of_the_graders_weights_are_shown_on_no_device(evidence: NotebookEvidence, tmp_path: Path) -> None:
    """The costs on a device are those of the stages and of other files; what a probe has the student's code write is neither."""
    stage = evidence.non_quantised.get()
    path = tmp_path / "fresh-0123.tflite"
    path.write_bytes(stage.file.artifact.path.read_bytes())
    probe = replace(stage, name=path.name, file=replace(stage.file, artifact=replace(stage.file.artifact, path=path)))
    plan_ = SimpleNamespace(name="notebook")
    with_probe = replace(evidence, converted=Result(probe))
    results = [{"notebook": RunResult(plan_, each, None, RunLog("notebook"))} for each in (evidence, with_probe)]
    plain, probed = (PLUGIN.model_files(each) for each in results)
    assert probed == plain
    assert {stage.name, "pruned_quantized.tflite"} <= {each.name for each in plain}
    assert all(each.accuracy is not None for each in plain)


def test_a_file_in_a_folder_is_measured_as_any_other(evidence: NotebookEvidence) -> None:
    """A file in a subfolder is measured, so that the report's numbers can be compared with it."""
    log = RunLog("notebook")
    measured = static_review.stages({"notebook": RunResult(SimpleNamespace(name="notebook"), evidence, None, log)})
    size = (DATA / "pruned_model.h5").stat().st_size
    assert measured["pruned"]["size"] == size
    assert measured["pruned"]["zipped"] < size / 2
    assert "size" not in measured["baseline"], "there may be several files of the baseline"


def test_committed_models_are_not_there(tmp_path: Path) -> None:
    """A committed file does not count as one that this execution wrote."""
    for name in ("a.tflite", "deep/b.h5", "helper.py", "picture.png"):
        (tmp_path / "own" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "own" / name).write_bytes(b"x")
    copy = files.without_models(tmp_path / "own", tmp_path / "copy")
    assert {path.name for path in copy.rglob("*.*")} == {"helper.py", "picture.png"}


def test_what_numpy_computes_is_what_the_file_computes(evidence: NotebookEvidence) -> None:
    """A Keras file's accuracy is computed from its arrays, as the file is never run."""
    assert evidence.baseline.get().accuracy == evidence.non_quantised.get().quality.get().accuracy


def test_never_pruned(evidence: NotebookEvidence) -> None:
    """The baseline in place of the pruned model fails, also when quantised."""
    wrong = replace(evidence, pruned=evidence.baseline, pruned_quantised=evidence.post_training)
    assert judged(wrong).items() - UNCALLED.items() == {
        ("test_number_of_zeros", "never_fitted"),
        ("test_the_model_is_stripped", "no_zeros"),
        ("test_quantised_with_its_zeros", "quantised_unpruned"),
    } | ({("test_accuracy", "no_zeros")})


def test_trained_and_never_wrapped(evidence: NotebookEvidence) -> None:
    """Training that was no pruning may end at the very weights of the baseline: what the run noted tells them apart."""
    trained = replace(evidence.baseline.get(), origin=Origin(3, ("stripped",), 450, 0.9, 20_410))
    found = judged(replace(evidence, pruned=Result(trained)))
    assert found["test_number_of_zeros"] == "never_pruned"


@pytest.mark.parametrize(
    ("share", "hint"), [(0.5, "pruned_once"), (0.7, "ended_early"), (0.9, "other_sparsity"), (0.4, "other_sparsity")]
)
def test_other_shares_of_zeros(share: float, hint: str, evidence: NotebookEvidence) -> None:
    """The sparsity shows what was wrong with the schedule."""

    def change(values: Any) -> Any:
        flat = np.where(values == 0, 1e-2, values).ravel()
        flat[np.argsort(np.abs(flat))[: round(share * flat.size)]] = 0
        return flat.reshape(values.shape)

    wrong = replace(evidence, pruned=Result(model(evidence, change)))
    assert judged(wrong)["test_number_of_zeros"] == hint


def test_near_zeros_are_no_zeros(evidence: NotebookEvidence) -> None:
    """Nearly zero weights fail, because they do not compress."""
    wrong = replace(evidence, pruned=Result(model(evidence, lambda values: values + 1e-6)))
    assert judged(wrong)["test_number_of_zeros"] == "near_zeros"


def test_wrappers_left_in(evidence: NotebookEvidence) -> None:
    """A file with pruning masks fails."""
    wrong = replace(evidence.pruned.get(), numbers=40_805, wrapped=("mask", "threshold"))
    found = judged(replace(evidence, pruned=Result(wrong)))
    assert found.items() - UNCALLED.items() == {("test_the_model_is_stripped", "not_stripped")}


@pytest.mark.parametrize(("file", "hint"), [("post_training", "qat_dynamic"), ("non_quantised", "qat_plain_float")])
def test_not_quantised_in_training(file: str, hint: str, evidence: NotebookEvidence) -> None:
    """A file with quantised weights only, or of the baseline, fails."""
    found = judged(replace(evidence, quantisation_aware=getattr(evidence, file)))
    assert found["test_the_file_is_quantised"] == hint
    assert found["test_the_model_was_trained"] == hint


def test_close_to_the_baseline_and_no_rounding_of_it(evidence: NotebookEvidence) -> None:
    """A file that training brought near the baseline was trained; one that only rounds it was not."""
    aware, before = evidence.quantisation_aware.get(), evidence.non_quantised.get().layers
    steps = {name: aware.kernels[name].scale if "kernel" in name else 0.0 for name in before.arrays}

    def near(off: float) -> Result[LiteFile]:
        arrays = {name: values + np.float32(off * steps[name]) for name, values in before.arrays.items()}
        return Result(replace(aware, layers=Layers(arrays)))

    # Of all saved weights these are the closest.
    alone = replace(evidence, saved=())
    assert judged(replace(alone, quantisation_aware=near(0.5)))["test_the_model_was_trained"] == "qat_untrained"
    assert "test_the_model_was_trained" not in judged(replace(alone, quantisation_aware=near(0.6)))


def with_noise(layers: Layers, size: float) -> Layers:
    """Noise on every weight that is not zero, as a share of the array's spread."""
    random = np.random.default_rng(4)
    return Layers(
        {
            name: np.where(values, values + size * values.std() * random.normal(size=values.shape), 0).astype(
                np.float32
            )
            for name, values in layers.arrays.items()
        }
    )


@pytest.mark.parametrize("size", [0.05, 0.5])
def test_noise_is_no_quantisation_aware_training(size: float, evidence: NotebookEvidence) -> None:
    """Noise on the baseline costs the training and what accuracy it left, and with measured ranges the form as well."""
    aware, before = evidence.quantisation_aware.get(), evidence.non_quantised.get().layers
    noisy = replace(aware, layers=with_noise(before, size))
    found = judged(replace(evidence, quantisation_aware=Result(noisy)))
    assert found["test_the_model_was_trained"] == "made_up"
    assert "test_the_file_is_quantised" not in found
    found = judged(replace(evidence, quantisation_aware=Result(measured_ranges(noisy))))
    assert found["test_the_file_is_quantised"] == "qat_calibrated"
    assert found["test_the_model_was_trained"] == "made_up"


def test_ranges_that_were_measured_show_no_training(evidence: NotebookEvidence) -> None:
    """A rounded baseline with measured ranges earns nothing; trained weights with the ranges of long training do."""
    aware = evidence.quantisation_aware.get()
    rounded = replace(measured_ranges(aware), layers=evidence.non_quantised.get().layers)
    found = judged(replace(evidence, quantisation_aware=Result(rounded)))
    assert found["test_the_file_is_quantised"] == "qat_calibrated"
    lowest = checks.lowest_activation(aware)
    assert lowest is not None
    assert -6 < lowest < 0
    assert checks.lowest_activation(rounded) == 0
    assert checks.lowest_activation(evidence.non_quantised.get()) is None
    assert judged(replace(evidence, quantisation_aware=Result(measured_ranges(aware)))) == UNCALLED


def measured_ranges(lite: LiteFile) -> LiteFile:
    """The file with activations whose ranges begin at 0, as ReLU's do in a representative dataset."""
    graph = lite.file.model.main
    (place,) = [operator.outputs[0] for operator in graph.operators if operator.code == "CONV_2D"]
    tensors = list(graph.tensors)
    tensors[place] = replace(tensors[place], quantization=replace(tensors[place].quantization, zero_points=(-128,)))
    (main, *others) = lite.file.model.subgraphs
    changed = replace(lite.file.model, subgraphs=(replace(main, tensors=tuple(tensors)), *others))
    return replace(lite, file=replace(lite.file, model=changed))


def test_zeroing_once_is_no_training(evidence: NotebookEvidence) -> None:
    """The baseline's largest weights, as they are, with noise, or mixed with others, cost what training is worth."""
    before = evidence.baseline.get().layers
    start = initial(evidence)
    kept = {name: values != 0 for name, values in evidence.pruned.get().layers.arrays.items()}
    halved = Layers({name: (values + start.layers.arrays[name]) / 2 for name, values in before.arrays.items()})
    for layers, hint in ((before, "zeroed_once"), (with_noise(before, 0.05), "made_up"), (halved, "made_up")):
        zeroed = Layers({name: np.where(kept[name], values, 0) for name, values in layers.arrays.items()})
        pruned = replace(evidence.pruned.get(), layers=zeroed, accuracy=0.99)
        found = judged(replace(evidence, saved=(*evidence.saved, start), pruned=Result(pruned)))
        assert found["test_accuracy"] == hint


def test_quantised_files_in_other_places(evidence: NotebookEvidence) -> None:
    """Each wrong file in a stage is recognised."""
    wrong = replace(evidence, non_quantised=evidence.post_training, post_training=evidence.pruned_quantised)
    found = judged(wrong)
    assert found["test_the_file_holds_the_baseline"] == "not_float"
    assert found["test_weights_are_int8"] == "ptq_other_model"
    assert (
        judged(replace(evidence, post_training=evidence.non_quantised))["test_weights_are_int8"]
        == "weights_not_quantised"
    )


def initial(evidence: NotebookEvidence) -> KerasModel:
    """A file of weights that were never trained."""
    trained = evidence.baseline.get()
    arrays = {name: np.roll(values, 7) for name, values in trained.layers.arrays.items()}
    return replace(trained, name="start.h5", layers=Layers(arrays), accuracy=0.1)


NOTHING_SAVED = Result[Any](None, RunError(Verdict.MISSING, "no Keras file of the trained baseline was saved"))


def test_initial_weights_are_no_baseline(evidence: NotebookEvidence) -> None:
    """Weights that were saved before training are compared with nothing."""
    start = initial(evidence)
    assert judged(replace(evidence, saved=(start, *evidence.saved))) == UNCALLED
    unsaved = replace(evidence, saved=(start,), baseline=NOTHING_SAVED)
    assert judged(unsaved) == UNCALLED
    assert judged(replace(unsaved, reached=1.0)) == UNCALLED, "on other digits"
    weak = replace(evidence.non_quantised.get(), quality=Result(SimpleNamespace(accuracy=0.7)))
    found = judged(replace(unsaved, non_quantised=Result(weak), reached=0.95))
    assert found["test_the_file_holds_the_baseline"] == "other_baseline"


def test_what_was_saved_earlier_is_no_baseline(evidence: NotebookEvidence) -> None:
    """A file of the same model with fewer steps does not count against the converted one; another model's does."""
    before = replace(evidence.baseline.get(), layers=initial(evidence).layers)
    file = replace(evidence.non_quantised.get(), origin=Origin(1, (), 900, 0.9, 20_410))
    for origin, hint in (
        (Origin(1, (), 450, 0.8, 20_410), ""), (Origin(2, (), 450, 0.8, 20_410), "other_baseline"),
        (Origin(1, (), 900, 0.9, 20_410), "other_baseline"), (None, "other_baseline"),
    ):  # fmt: skip
        saved = replace(before, origin=origin)
        found = judged(replace(evidence, saved=(saved,), baseline=Result(saved), non_quantised=Result(file)))
        assert found.get("test_the_file_holds_the_baseline", "") == hint


def test_what_a_run_says_of_its_models() -> None:
    """Notes are read as plain data; what is none is left out."""
    note = {"sha256": "a", "model": 1, "wrapped": ["aware", 3], "steps": 2, "accuracy": 7.0, "parameters": 20_448}
    others: list[Any] = [None, 3, {}, {**note, "sha256": 3}, {**note, "model": 10**400}, {**note, "wrapped": "x"}]
    assert plan.origins_of([*others, note]) == {"a": Origin(1, ("aware",), 2, 1.0, 20_448)}
    assert plan.origins_of(None) == {}
    assert len(plan.origins_of([{**note, "sha256": str(place)} for place in range(1000)])) == plan.MOST_ORIGINS


def test_an_open_gap_is_all_that_is_said(evidence: NotebookEvidence) -> None:
    """A check that fails for what is not written yet names the gap; one that holds is earned all the same."""
    gap = Gap(18, 2, "# TODO: wrap it", GapKind.STAND_IN)
    pruned = replace(evidence.pruned.get(), layers=evidence.baseline.get().layers)
    wrong = replace(evidence, pruned=Result(pruned), gaps={files.PRUNED: (gap, gap), files.AWARE: (gap,)})
    unpruned = dict.fromkeys(("test_number_of_zeros", "test_the_model_is_stripped", "test_accuracy"), "missing")
    partly = {"test_archives_were_measured": "archive_wrong_file"}
    assert judged(wrong) == {**UNCALLED, **unpruned, **partly}
    with pytest.raises(RunError, match=r"^cell 19 still has the template's gap \(# TODO: wrap it\)$"):
        test_pruning.test_number_of_zeros(evidence=wrong, lab=LAB)


def test_files_that_no_constant_names(evidence: NotebookEvidence, tmp_path: Path) -> None:
    """Files are recognised by what they hold if no constant says where they are."""
    (tmp_path / "box" / "out").mkdir(parents=True)
    for number, place in enumerate(PLACES):
        (tmp_path / "box" / "out" / f"{number}{Path(place).suffix}").write_bytes((DATA / Path(place).name).read_bytes())
    (tmp_path / "box" / "out" / "6.tflite").write_bytes(b"junk")
    with start_server(Bare(), scratch=tmp_path) as scorers:
        grading: Any = SimpleNamespace(
            workdir=lambda run: tmp_path / "box", work=tmp_path / "work", lab=LAB,
            scorer=Scorer(scorers, tmp_path / "scorers", [tmp_path]),
        )  # fmt: skip
        digits = draw(LAB.data_paths[0].with_name("held_back.npz"), 50, 1)
        workdir = files.Workdir(grading, "notebook", {})
        found = roles.assign_roles(workdir, digits, {}, ["out/9.h5"], lambda missing, *_: missing)
    assert found.names == {
        files.NON_QUANTISED: "out/1.tflite", files.POST_TRAINING: "out/2.tflite", files.AWARE: "out/3.tflite",
        files.PRUNED: "out/4.h5", files.PRUNED_QUANTISED: "out/5.tflite",
    }  # fmt: skip
    assert [model.name for model in found.saved] == ["out/0.h5"]
    assert {archive.name: archive.stage for archive in found.archives}["out/0.h5"] == "baseline"
    assert all(result.error is None for result in found.lite.values())


def test_archives_of_other_files(evidence: NotebookEvidence) -> None:
    """A number that is not the archive size of a required file fails with its hint."""
    known = evidence.figures.get()
    sizes = {name: size for name, size in known.sizes.items() if "pruned" not in name}
    wrong = replace(evidence, figures=Result(replace(known, sizes=sizes)))
    assert judged(wrong)["test_archives_were_measured"] == "archive_wrong_file"
    none = replace(known, sizes={}, printed=())
    assert judged(replace(evidence, figures=Result(none)))["test_archives_were_measured"] == "archives"


def test_a_file_is_evaluated_that_no_model_is_of(evidence: NotebookEvidence) -> None:
    """The student's accuracy is compared with that of the grader's own copy, to the digit."""
    value = evidence.evaluated.get()
    assert value.given == pytest.approx(value.right, abs=1e-9)
    assert 0.3 < value.right < 0.95
    wrong = replace(evidence, evaluated=Result(replace(value, given=value.right + 0.005)))
    assert judged(wrong)["test_any_file_is_evaluated"] == "evaluate"


def test_figures_of_every_size_are_no_measurement(evidence: NotebookEvidence) -> None:
    """Listing very many numbers fails, as some would match by chance; one or two runs do not print that many."""
    known = evidence.figures.get()
    twice = (*known.printed, *(1.04 * figure for figure in known.sizes.values()))
    assert judged(replace(evidence, figures=Result(replace(known, printed=twice)))) == UNCALLED
    every = tuple(5_000 * 1.06**step for step in range(59))
    for wrong in (
        replace(known, printed=every),
        replace(known, sizes={str(figure): figure / 1024 for figure in every}),
    ):
        assert judged(replace(evidence, figures=Result(wrong)))["test_archives_were_measured"] == "archives"


def test_a_second_kernel_in_a_file(evidence: NotebookEvidence) -> None:
    """A file with the same kernel twice is refused, as one of the two may be unconnected."""
    file = evidence.non_quantised.get()
    kernel = StoredTensor("kernel", "float32", 0.0, file.layers.arrays["dense layer's kernel"])
    others = [StoredTensor("", "float32", 0.0, values) for values in file.layers.arrays.values()]
    quantised = replace(kernel, dtype="int8", scale=0.1)
    for stored in ([*others, quantised], [quantised, *others]):
        measured = SimpleNamespace(
            read=lambda _: file.file.model,
            tensors=lambda found=stored: found,
            infer_tensors=lambda tensors: np.zeros((len(tensors), 10)),
        )
        scorer = SimpleNamespace(measure=lambda _, one=measured: nullcontext(one))
        grading: Any = SimpleNamespace(scorer=scorer, lab=LAB)
        with pytest.raises(RunError, match="more than one dense layer's kernel"):
            files.lite_file(grading, file.file.artifact, draw(LAB.data_paths[0].with_name("held_back.npz"), 3, 1))


def test_a_notebook_that_leaves_nothing(evidence: NotebookEvidence) -> None:
    """Files that were not written are missing, each for its own criteria."""
    nothing = Result[Any](None, RunError(Verdict.MISSING, "no file was written"))
    wrong = replace(
        evidence, baseline=nothing, non_quantised=nothing, post_training=nothing, quantisation_aware=nothing,
        pruned=nothing, pruned_quantised=nothing, archives=(),
    )  # fmt: skip
    found = {name: hint for name, hint in judged(wrong).items() if name not in UNCALLED}
    assert set(found.values()) == {"missing"}


# Bonuses


def bonuses(evidence: NotebookEvidence, *extras: ExtraFile) -> list[str]:
    """The hints of both bonuses, nothing for one that is earned, with these further files."""
    changed = replace(evidence, extras=extras)
    return [outcome_of(test_bonus, name, getattr(test_bonus, name), changed)
            for name in ("test_weights_in_16_bits", "test_a_network_of_ones_own")]  # fmt: skip


def extra(lite: LiteFile, *, own: bool = False, dtype: str = "", **more: Any) -> ExtraFile:
    """A further file like this one: the lab's network, or for all that is known another."""
    kernel = dtype or lite.kernels["dense layer's kernel"].dtype
    quality = lite.quality.get().accuracy
    known = {
        "network": (108, 20_280),
        "kernels": frozenset({kernel}),
        "largest": kernel,
        "zeros": 0.0,
        "accuracy": quality,
    }
    return ExtraFile(name=f"more-{lite.name}", file=lite.file, layers=None if own else lite.layers, **(known | more))


def test_further_files_are_found(evidence: NotebookEvidence) -> None:
    """Additional files are found in folders too; links, pipes, other formats and deep folders are skipped."""
    assert [each.name for each in evidence.extras] == ["more/copy.tflite"]
    found = evidence.extras[0]
    assert found.layers is not None
    assert (found.network, found.largest, found.kernels, found.zeros) == ((108, 20_280), "float32", {"float32"}, 0)
    assert found.accuracy == evidence.non_quantised.get().quality.get().accuracy


def test_no_optional_step(evidence: NotebookEvidence) -> None:
    """A float32 file of the lab's network earns neither bonus."""
    assert bonuses(evidence) == ["no_float16", "no_own_network"]
    assert bonuses(evidence, *evidence.extras) == ["no_float16", "no_own_network"]


def test_sixteen_bits_are_the_baselines(evidence: NotebookEvidence) -> None:
    """The baseline's weights rounded to float16 earn the bonus; those of a retrained or pruned model do not."""
    lite = evidence.non_quantised.get()
    rounded = Layers(
        {name: values.astype(np.float16).astype(np.float32) for name, values in lite.layers.arrays.items()}
    )
    right = extra(replace(lite, layers=rounded), dtype="float16")
    assert bonuses(evidence, right)[0] == ""
    pruned = extra(replace(lite, layers=evidence.pruned.get().layers), dtype="float16")
    assert bonuses(evidence, pruned)[0] == "float16_other_model"
    assert bonuses(evidence, pruned, right)[0] == ""
    assert bonuses(evidence, replace(right, accuracy=0.5))[0] == "float16_other_model"


def test_the_students_own_network_is_recognised(evidence: NotebookEvidence) -> None:
    """Each step of one own network earns a third; the lab's network, or an untrained one, earns nothing."""
    after, aware = evidence.post_training.get(), evidence.quantisation_aware.get()
    pruned = extra(evidence.non_quantised.get(), own=True, zeros=0.8)
    steps = [extra(after, own=True), extra(aware, own=True), pruned]
    assert bonuses(evidence, *steps)[1] == ""
    for wrong in ([extra(after), extra(aware), pruned], [replace(each, accuracy=0.3) for each in steps],
                  [replace(steps[0], network=(1,)), replace(steps[1], network=(2,)), pruned]):  # fmt: skip
        assert bonuses(evidence, *wrong)[1] == "no_own_network"


@pytest.mark.parametrize(("count", "share"), [(0, 0.0), (1, 1 / 3), (2, 2 / 3)])
def test_each_step_is_worth_a_third(count: int, share: float, evidence: NotebookEvidence) -> None:
    """The network with the most steps counts."""
    steps = [extra(evidence.post_training.get(), own=True), extra(evidence.quantisation_aware.get(), own=True)][:count]
    lone = extra(evidence.post_training.get(), own=True, network=(7,))
    with pytest.raises(CheckFailed) as lost:
        test_bonus.test_a_network_of_ones_own(replace(evidence, extras=(*steps, *([lone] if count else []))), LAB)
    assert lost.value.holds == pytest.approx(share)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("which", [0, slice(None)])
def test_weights_that_are_no_numbers_are_nobodys(evidence: NotebookEvidence, wrong: float, which: Any) -> None:
    """NaN is neither above nor below a limit: a file of it, or of one of it, has not the weights that are asked for."""
    file = evidence.non_quantised.get()
    arrays = {name: values.copy() for name, values in file.layers.arrays.items()}
    arrays[checks.DENSE].ravel()[which] = wrong
    with pytest.raises(CheckFailed) as raised:
        checks.require_same_weights(replace(file, layers=Layers(arrays)), file.layers, LAB, "other_baseline", "these")
    assert checks.DENSE in raised.value.measured
    assert checks.beyond_rounding(replace(file, layers=Layers(arrays)), evidence) < 0.5
    with pytest.raises(RunError, match="NaN or infinite in the dense layer's kernel"):
        files._layers(file.file.artifact, arrays.values())
    assert files._layers(file.file.artifact, file.layers.arrays.values()).is_same(file.layers, 0)
