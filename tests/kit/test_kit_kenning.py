"""Kenning's starter code without TensorFlow: scenarios and their errors, the command line, measurements and the report."""

from __future__ import annotations

import ast
import importlib
import json
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest
import yaml

PRUNING = "kenning.optimizers.tensorflow_pruning.TensorFlowPruningOptimizer"
PETS = "kenning.datasets.pet_dataset.PetDataset"
# Parts of a scenario that need no TensorFlow.
PARTS = """
import shutil
from pathlib import Path
from kenning.core.dataset import Dataset
from kenning.core.measurements import Measurements
from kenning.core.model import ModelWrapper
from kenning.core.optimizer import Optimizer

class Letters(Dataset):
    arguments_structure = {"letters": {"type": str, "default": "aaaabbbb"}}
    def __init__(self, root, letters="aaaabbbb", **others):
        self.letters = letters
        super().__init__(root, **others)
    def prepare(self):
        self.dataX, self.dataY = list(range(len(self.letters))), list(self.letters)
    def evaluate(self, predictions, truth):
        return Measurements()

class Text(ModelWrapper):
    def prepare_model(self): pass
    def get_io_specification(self): return {"input": [{"name": "text"}], "output": []}
    def get_output_formats(self): return ["keras"]

class Copier(Optimizer):
    inputtypes, outputtypes = ["keras", "any"], ["keras"]
    arguments_structure = {"suffix": {"type": str, "default": ""}, "lazy": {"type": bool, "default": False}}
    def __init__(self, dataset, compiled_model_path, location="host", suffix="", lazy=False, model_wrapper=None):
        super().__init__(dataset, compiled_model_path, location, model_wrapper)
        self.suffix, self.lazy = suffix, lazy
    def compile(self, input_model_path, io_spec=None, **kwargs):
        if not self.lazy:
            Path(self.compiled_model_path).write_text(Path(input_model_path).read_text() + self.suffix)
            self.save_io_specification(input_model_path, io_spec)

class Foreign(Copier):
    inputtypes = ["onnx"]
"""


def forget() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] in ("kenning", "kenning_compression", "parts")]:
        del sys.modules[name]


@pytest.fixture
def kenning(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Import a module of the starter code; ``parts`` is importable too, and the working folder is empty."""
    for name in ("TF_USE_LEGACY_KERAS", "TF_CPP_MIN_LOG_LEVEL"):
        monkeypatch.setenv(name, "1")
    monkeypatch.delenv("KENNING_MODEL", raising=False)
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "parts.py").write_text(PARTS)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.syspath_prepend(repository / "student_template")
    monkeypatch.syspath_prepend(tmp_path / "path")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    forget()
    yield importlib.import_module
    forget()


def scenario(*optimizers: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A scenario of ``parts``, with other or more keys at the top."""
    steps = [{"type": "parts.Copier", "parameters": {"compiled_model_path": f"{number}.txt", **each}} for number, each in enumerate(optimizers)]
    return {
        "model_wrapper": {"type": "parts.Text", "parameters": {"model_path": "model.txt"}},
        "dataset": {"type": "parts.Letters", "parameters": {"dataset_root": "."}},
        "optimizers": steps,
    } | changes


def write(content: Any, name: str = "scenario.json") -> Path:
    path = Path(name)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    Path("model.txt").write_text("model")
    return path


def test_starter_code_is_equal(repository: Path) -> None:
    """Template and reference have the same files, but for what students write."""
    template, reference = repository / "student_template", repository / "reference"
    given = list((template / "kenning").rglob("*.py"))
    given += [template / "kenning_compression" / name for name in ("__init__.py", "__main__.py")]

    assert len(given) > 20
    for path in given:
        assert path.read_bytes() == (reference / path.relative_to(template)).read_bytes(), path
    assert {path.relative_to(reference) for path in (reference / "kenning").rglob("*.py")} == {
        path.relative_to(template) for path in (template / "kenning").rglob("*.py")
    }


def test_interfaces_are_equal(repository: Path) -> None:
    """The template's classes have the reference's parameters, with the same defaults, and declare the same arguments."""

    def interface(root: str) -> dict[str, tuple[str, str]]:
        tree = ast.parse((repository / root / "kenning_compression" / "optimizers.py").read_text())
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
        return {
            node.name: (
                next(ast.unparse(each.args) for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"),
                next(ast.unparse(each) for each in node.body if isinstance(each, ast.AnnAssign) and "arguments" in ast.unparse(each.target)),
            )
            for node in classes
        }

    template = interface("student_template")
    assert list(template) == ["TensorFlowPruningOptimizer", "TensorFlowClusteringOptimizer"]
    assert template == interface("reference")


@pytest.mark.parametrize("suffix", ["json", "yaml", "yml"])
def test_optimizers_are_chained(kenning: Callable[[str], Any], suffix: str) -> None:
    """Each reads the file and the specification that the one before wrote, from JSON and YAML alike."""
    content = scenario({"suffix": "+1"}, {"suffix": "+2"})
    path = write(yaml.safe_dump(content) if suffix != "json" else content, f"scenario.{suffix}")

    last = kenning("kenning.scenarios.scenario").load(path).optimize()

    assert (str(last), last.read_text()) == ("1.txt", "model+1+2")
    assert json.loads(Path("1.txt.json").read_text()) == {"input": [{"name": "text"}], "output": []}


def test_a_specification_beside_the_model_comes_first(kenning: Callable[[str], Any]) -> None:
    """It is passed on in place of the wrapper's."""
    path = write(scenario({}))
    spec = {"input": [{"name": "stated"}], "output": [{"name": "too"}]}
    Path("model.txt.json").write_text(json.dumps(spec))

    kenning("kenning.scenarios.scenario").load(path).optimize()

    assert json.loads(Path("0.txt.json").read_text()) == spec


WRONG = {
    "no JSON": ('{"dataset": ', "scenario.json can't be read: Expecting value"),
    "no object": ("[]", "expected an object with dataset, model_wrapper, optimizers"),
    "unknown key": (scenario(optimisers=[]), "unknown key 'optimisers'"),
    "missing key": ({"dataset": {}}, "the key 'model_wrapper' is missing"),
    "optimizers": (scenario(optimizers={}) | {"optimizers": {"type": "x"}}, "'optimizers' must be a list"),
    "no type": (scenario(dataset={"parameters": {}}), "a Dataset needs a 'type'"),
    "block key": (scenario(dataset={"type": "parts.Letters", "params": {}}), "parts.Letters: unknown key 'params'"),
    "parameters": (scenario(dataset={"type": "parts.Letters", "parameters": []} | {"parameters": [1]}), "'parameters' must be an object"),
    "unknown module": (scenario(dataset={"type": "kenning.nothing.Here"}), "there is no type 'kenning.nothing.Here'"),
    "unknown class": (scenario(dataset={"type": "parts.Nothing"}), "there is no type 'parts.Nothing'"),
    "other kind": (scenario(dataset={"type": "parts.Copier"}), "'parts.Copier' is no Dataset"),
    "no module": (scenario(dataset={"type": "Letters"}), "there is no type 'Letters'"),
    "misspelt": (scenario({"sufix": "x"}), "Copier has no parameter 'sufix'; did you mean 'suffix'?"),
    "other type": (scenario({"suffix": 3}), "Copier: 'suffix' must be a text, not 3"),
    "no boolean": (scenario({"lazy": 1}), "Copier: 'lazy' must be true or false, not 1"),
    "enum": (scenario({"location": "moon"}), "Copier: 'location' must be one of host, target, not 'moon'"),
    "no path": (scenario({"compiled_model_path": 3}), "Copier: 'compiled_model_path' must be a path, not 3"),
    "required": (scenario(dataset={"type": "parts.Letters"}), "Letters: the parameter 'dataset_root' is missing"),
    "null": (scenario({"suffix": None}), "Copier: 'suffix' must be a text, not None"),
    "download": (scenario({"compiled_model_path": "https://example.org/a.h5"}), "https://example.org/a.h5 can't be downloaded"),
    "batch size": (
        scenario(dataset={"type": "parts.Letters", "parameters": {"dataset_root": ".", "inference_batch_size": 0}}),
        "the batch size must be at least 1, not 0",
    ),
    "share": (
        scenario(dataset={"type": "parts.Letters", "parameters": {"dataset_root": ".", "split_fraction_test": 1.0}}),
        "'split_fraction_test' must be between 0 and 1, not 1.0",
    ),
    "no data": (scenario(dataset={"type": PETS, "parameters": {"dataset_root": "pets"}}), "there is no data set in pets"),
    "not written": (scenario({"lazy": True}), "Copier did not write 0.txt"),
    "the given model": (scenario({"compiled_model_path": "./model.txt"}), "'compiled_model_path' is the given model"),
    "other format": (scenario(optimizers=[{"type": "parts.Foreign", "parameters": {"compiled_model_path": "a"}}]), "No matching formats"),
    "no model": (scenario({}, model_wrapper={"type": "parts.Text", "parameters": {"model_path": "kenning:///models/a.h5"}}), "there is no model build/a.h5"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_one_line(kenning: Callable[[str], Any], name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The runner says what is wrong, and where, and exits with 2."""
    content, expected = WRONG[name]
    write(content)

    code = kenning("kenning_compression.__main__").main(["optimize", "--json-cfg", "scenario.json"])

    error = capsys.readouterr().err
    assert code == 2
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert expected in error


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "the following arguments are required: commands"),
        (["compress"], "invalid choice: 'compress'"),
        (["optimize"], "optimize and test need a scenario: --json-cfg FILE"),
        (["test", "--json-cfg", "a"], "test and report need --measurements FILE"),
        (["test", "report", "--json-cfg", "a", "--measurements", "a", "b", "--report-path", "r"], "test writes one file"),
        (["report", "--measurements", "a"], "report needs --report-path FILE"),
    ],
)
def test_command_lines_are_checked(
    kenning: Callable[[str], Any], arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong command line is one line and exit code 2."""
    with pytest.raises(SystemExit) as ended:
        kenning("kenning_compression.__main__").main(arguments)

    error = capsys.readouterr().err
    assert (ended.value.code, error.count("\n")) == (2, 1)
    assert expected in error


def test_values_without_sense_are_refused(kenning: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a class checks itself, a scenario's values are checked against the rules before it is made."""
    monkeypatch.setitem(sys.modules, "tensorflow", ModuleType("tensorflow"))
    optimizers = importlib.import_module("kenning.optimizers.tensorflow_optimizers")
    error = importlib.import_module("kenning.core.exceptions").ScenarioError

    class Unchecked(optimizers.TensorFlowOptimizer):  # type: ignore[name-defined,misc]
        arguments_structure: ClassVar[dict[str, Any]] = {
            "target_sparsity": {"type": float, "default": 0.1},
            "clusters_number": {"type": int, "default": 10},
        }

        def __init__(self, **values: Any) -> None:
            self.values = values

        def compile(self, *_: Any) -> None:
            pass

    made = Unchecked.from_json({"compiled_model_path": "a.h5", "target_sparsity": 0.5})
    assert (made.values["target_sparsity"], made.values["epochs"], made.values["optimizer"]) == (0.5, 10, "adam")
    for name, value in {
        "target_sparsity": 1.5, "clusters_number": 1, "epochs": 0, "batch_size": -1, "optimizer": "lion",
    }.items():  # fmt: skip
        with pytest.raises(error, match=f"'{name}' must be .*, not {value!r}"):
            Unchecked.from_json({"compiled_model_path": "a.h5", name: value})


def test_the_split_is_stratified_and_repeatable(kenning: Callable[[str], Any]) -> None:
    """Each class has the same share in the test part; no sample is in both; a seed gives one split."""
    parts = kenning("parts")
    data = parts.Letters(Path(), letters="a" * 20 + "b" * 10)

    train, test, _, labels = data.train_test_split_representations()

    assert (labels.count("a"), labels.count("b")) == (4, 2)
    assert sorted([*train, *test]) == list(range(30))
    assert parts.Letters(Path(), letters="a" * 20 + "b" * 10).train_test_split_representations()[1] == test
    assert data.train_test_split_representations(seed=1)[1] != test


def test_the_given_model_is_where_the_variable_says(kenning: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """``kenning:///`` is the file that KENNING_MODEL names, also after it went through a Path."""
    locate = kenning("kenning.utils.resource_manager").ResourceURI

    assert locate("kenning:///models/classification/a.h5") == Path("build/a.h5")
    monkeypatch.setenv("KENNING_MODEL", "given.h5")
    assert locate(Path("kenning:///models/a.h5")) == Path("given.h5")
    assert locate("file:///tmp/a.h5") == Path("/tmp/a.h5")
    assert locate("build/a.h5") == Path("build/a.h5")


def measured(name: str, right: int, size: int) -> Path:
    """A file of measurements: ten samples of each of two classes, of which some are classified rightly."""
    content = {
        "eval_confusion_matrix": [[right, 10 - right], [0, 10]],
        "target_inference_step": [9.0, 0.002, 0.004],
        "top_5_count": 20,
        "total": 20,
        "compiled_model_size": 4000,
        "compressed_model_size": size,
        "sparsity": 0.25,
    }
    path = Path(name)
    path.write_text(json.dumps(content))
    return path


def test_the_report_compares_models(kenning: Callable[[str], Any], capsys: pytest.CaptureFixture[str]) -> None:
    """A row for each model, reductions relative to the first one, charts, and a page."""
    arguments = ["--measurements", str(measured("tf.json", 10, 1000)), str(measured("tf-all.json", 5, 287))]

    code = kenning("kenning_compression.__main__").main(["report", *arguments, "--report-path", "out/r.md", "--to-html"])

    text = Path("out/r.md").read_text()
    assert code == 0
    assert "| tf | 1.0000000000 | 1.0000 | 1.0000 | 1.0000 | 1.0000 | 3.00 ms | 4,000 | 1,000 | 0.00% | 25.0% |" in text
    assert "| tf-all | 0.7500000000 | 0.8333 | 0.7500 | 0.7071 | 1.0000 | 3.00 ms | 4,000 | 287 | 71.30% | 25.0% |" in text
    for chart in ("r-comparison.png", "r-metrics.png"):
        assert f"](img/{chart})" in text
        assert Path("out/img", chart).read_bytes().startswith(b"\x89PNG")
    page = Path("out/r.html").read_text()
    assert "<td>71.30%</td>" in page
    assert '<img src="img/r-comparison.png"' in page
    assert capsys.readouterr().out.count("written: ") == 4


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"eval_confusion_matrix": 3}'])
def test_measurements_that_are_none_are_named(kenning: Callable[[str], Any], content: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line with the file's name."""
    Path("m.json").write_text(content)

    code = kenning("kenning_compression.__main__").main(["report", "--measurements", "m.json", "--report-path", "r.md"])

    error = capsys.readouterr().err
    assert (code, error.count("\n")) == (2, 1)
    assert "m.json holds no measurements of 'test'" in error


def test_the_archive_counts(kenning: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The size of an archive is its own if it holds the model, else that of one that would."""
    monkeypatch.setitem(sys.modules, "tensorflow", ModuleType("tensorflow"))
    size = kenning("kenning.scenarios.testing").archive_size
    model, content = Path("a.h5"), bytes(5000)
    archive = Path("a.h5.zip")

    computed = size(model, content)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as stored:
        stored.writestr("a.h5", content)

    assert computed < 200
    assert size(model, content) == archive.stat().st_size > 5000
    assert size(model, bytes(4999)) < 200
    archive.write_bytes(b"no archive")
    assert size(model, content) == computed


def test_pets_are_counted_from_zero(kenning: Callable[[str], Any], repository: Path) -> None:
    """Class ids begin with 0; images are standardised; a prediction counts where its truth is."""
    pets = kenning("kenning.datasets.pet_dataset").PetDataset(repository / "fixtures/datasets/pocket_pets")
    image = pets.prepare_input_samples(pets.dataX[:1])[0]
    truth = pets.prepare_output_samples([0, 36])
    scores = np.zeros((2, 37))
    scores[:, 36] = 1

    found = pets.evaluate(scores, truth).data

    assert (image.shape, image.dtype) == ((224, 224, 3), np.float32)
    assert (len(pets.dataX), min(pets.dataY), max(pets.dataY), len(pets.get_class_names())) == (1184, 0, 36, 37)
    assert (found["eval_confusion_matrix"][0, 36], found["eval_confusion_matrix"][36, 36], found["total"]) == (1, 1, 2)
    with pytest.raises(kenning("kenning.core.exceptions").ScenarioError, match="5 outputs, the data set has 37 classes"):
        pets.evaluate(np.zeros((2, 5)), truth)


def test_missing_images_are_named(kenning: Callable[[str], Any]) -> None:
    """The first of them, before training begins."""
    Path("annotations").mkdir()
    Path("annotations/list.txt").write_text("# Image class species breed\ncat_1 1 1 1\n")

    with pytest.raises(kenning("kenning.core.exceptions").ScenarioError, match=r"1 images that do not exist; the first is images/cat_1\.jpg"):
        kenning("kenning.datasets.pet_dataset").PetDataset(Path())
