"""The decomposition lab's command line on the lab's own model: files, reports, progress, and what goes wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Finished = dict[str, Any]
IMAGES = 400
LAYERS = ["stem", *(f"block{number}_conv{place}" for number in (1, 2, 3) for place in (1, 2))]


def run(repository: Path, folder: str, work: Path, *jobs: dict[str, Any]) -> list[Finished]:
    """Each job's options as a call of the command line."""
    words = [[f"--{name}={value}" for name, value in job.items()] for job in jobs]
    (work / "jobs.json").write_text(json.dumps(words))
    command = [sys.executable, str(Path(__file__).with_name("hybrid_commands.py")), "jobs.json"]
    more = {"PYTHONPATH": str(repository / folder), "PYTHONDONTWRITEBYTECODE": "1", "TF_USE_LEGACY_KERAS": "1"}
    done = subprocess.run(command, cwd=work, env={**os.environ, **more}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: list[Finished] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def given(repository: Path) -> dict[str, Any]:
    """The lab's model and its images."""
    model = repository / "fixtures" / "models" / "digits_resnet" / "digits_resnet.h5"
    return {"input_path": model, "dataset_path": repository / "fixtures" / "datasets" / "mnist" / "public.npz"}


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where files are written."""
    return tmp_path_factory.mktemp("hybrid")


@pytest.fixture(scope="module")
def made(repository: Path, given: dict[str, Any], work: Path) -> list[Finished]:
    """A compression by budget, without data and with it, and one by loss."""
    budget = {"method": "fixed_params", "compression_factor": 0.7, "pruning_structure": "block", "block_size": "2,4"}
    jobs = (
        {"input_path": given["input_path"], "output_path": "blind.tflite", **budget},
        {**given, "output_path": "params.tflite", "dataset_size": IMAGES, **budget},
        {**given, "output_path": "loss.tflite", "dataset_size": IMAGES, "compression_type": "tucker", "max_acc_loss": 0.05},
    )
    return run(repository, "reference", work, *jobs)


def report(work: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((work / f"{name}.json").read_text())
    return found


@pytest.mark.parametrize(("number", "name"), list(enumerate(["blind", "params", "loss"])))
def test_files_are_written(made: list[Finished], work: Path, number: int, name: str) -> None:
    """A .tflite file and no folder, a report and a plot of the factors."""
    assert (made[number]["code"], made[number]["err"]) == (0, [])
    assert made[number]["out"][-1] == f"written: {name}.tflite"
    assert report(work, name)["bytes"] == (work / f"{name}.tflite").stat().st_size
    with Image.open(work / f"{name}.png") as plot:
        assert min(plot.size) >= 400


@pytest.mark.parametrize(("number", "name"), list(enumerate(["blind", "params", "loss"])))
def test_progress_names_each_layer(made: list[Finished], work: Path, number: int, name: str) -> None:
    """One line for each, in the model's order, with the rank and the kept share that the report has."""
    lines = [line for line in made[number]["out"] if line.startswith("layer ")]
    layers = report(work, name)["layers"]

    assert [layer["name"] for layer in layers] == LAYERS
    for place, (line, layer) in enumerate(zip(lines, layers, strict=True), start=1):
        assert line.startswith(f"layer {place} of 7, {layer['name']} ")
        if layer["rank"] is None:
            assert "left as it is" in line
        else:
            assert f"rank {layer['rank']}, {layer['kept_share']:.2%} of the weights kept" in line


def test_budgets_hold_for_the_model(made: list[Finished], work: Path) -> None:
    """Layers cost at most their budgets, which the progress shows; what costs nothing to know without data is equal."""
    assert made[0]["code"] == 0
    blind, seen = report(work, "blind"), report(work, "params")
    budgets = [float(found[1]) / 100 for line in made[0]["out"] if (found := re.search(r"budget ([\d.]+)%", line))]

    assert len(budgets) == len(LAYERS)
    assert all(layer["cost"] <= budget + 0.001 for layer, budget in zip(blind["layers"], budgets, strict=True))
    assert blind["layers"] == seen["layers"]
    assert (work / "blind.tflite").read_bytes() == (work / "params.tflite").read_bytes()
    assert blind["accuracy"] is blind["choosing"] is None


def test_the_loss_is_kept(made: list[Finished], work: Path) -> None:
    """The accuracy on the data that chose is within the bound, and the model is smaller."""
    assert made[2]["code"] == 0
    found = report(work, "loss")

    assert found["choosing"] >= found["choosing_before"] - 0.05 - 1e-9
    assert found["parameters"] < found["parameters_before"]
    assert all(layer["kept_share"] in (None, 0.0) for layer in found["layers"])


def test_the_report_states_the_files_accuracy(made: list[Finished], work: Path, given: dict[str, Any]) -> None:
    """The file, run on all test images by another runtime, is about as accurate as on a tenth of them in the report."""
    from ai_edge_litert.interpreter import Interpreter

    assert made[2]["code"] == 0
    with np.load(given["dataset_path"]) as data:
        images, labels = data["x_test"][..., np.newaxis].astype("float32") / 255, data["y_test"]
    interpreter = Interpreter(str(work / "loss.tflite"))
    source, target = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    interpreter.resize_tensor_input(source, images.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(source, images)
    interpreter.invoke()
    accuracy = float((interpreter.get_tensor(target).argmax(axis=1) == labels).mean())

    assert accuracy == pytest.approx(report(work, "loss")["accuracy"], abs=0.06)


def test_what_goes_wrong_is_one_line(repository: Path, given: dict[str, Any], work: Path) -> None:
    """A model that is none, images of another shape, and a budget that nothing fits; each with exit code 2."""
    (work / "none.h5").write_bytes(b"no model")
    colour = np.random.RandomState(0).randint(0, 256, (60, 28, 28, 3), np.uint8)
    np.savez(work / "colour.npz", x=colour, y=np.arange(60) % 10)
    budget = {"output_path": "wrong.tflite", "method": "fixed_params", "compression_factor": 0.001}
    jobs = (
        {**given, "output_path": "wrong.tflite", "input_path": "none.h5"},
        {**given, "output_path": "wrong.tflite", "dataset_path": "colour.npz"},
        {"input_path": given["input_path"], "compression_type": "tucker", **budget},
    )
    expected = ("none.h5 can't be loaded as a Keras model", "the model takes images of shape", "the layer stem may cost")
    found = run(repository, "reference", work, *jobs)

    assert [each["code"] for each in found] == [2, 2, 2]
    for each, said in zip(found, expected, strict=True):
        assert len(each["err"]) == 1
        assert each["err"][0].startswith(f"error: {said}")
    assert not (work / "wrong.tflite").exists()


def test_the_template_says_what_is_missing(repository: Path, given: dict[str, Any], work: Path) -> None:
    """Each method names the first function that is still to be written, in one line, with exit code 1."""
    budget = {"method": "fixed_params", "compression_factor": 0.7}
    jobs = (
        {**given, "output_path": "empty.tflite", "dataset_size": IMAGES},
        {"input_path": given["input_path"], "output_path": "empty.tflite", **budget},
    )
    found = run(repository, "student_template", work, *jobs)

    assert [each["code"] for each in found] == [1, 1]
    names = [re.match(r"not implemented yet: (\w+):", *each["err"]) for each in found]
    assert [name and name[1] for name in names] == ["choose_by_loss", "layer_budgets"]
    assert not (work / "empty.tflite").exists()
