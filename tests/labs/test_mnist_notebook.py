"""The notebook lab: executing cells in a run, explaining missing files, measuring written ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from graders.core.errors import RunError
from graders.core.paths import LABS
from graders.core.verdicts import Verdict
from graders.framework.lab_toml import load
from graders.framework.runner import RunLog
from graders.labs.mnist_compression import files, network, notebook_run, plan, probes, report_claims
from graders.labs.mnist_compression.notebook_run import Execution
from graders.measure import digits
from graders.measure.tflite.reader import read_model
from graders.measure.tflite.weights import weights
from graders.sandbox import Limits, RunSpec, Server, Session
from graders.sandbox.host.isolation import Bare
from graders.submission.notebooks import CellCode, PrintedMetric
from graders.written.claims.model import Basis, Claim, Form, Place, Quantity

LAB = load(LABS / "mnist_compression")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that has imported numpy alone: cells of these tests need no more."""
    with Server(["numpy"], Bare(), {}) as started:
        started.wait_ready()
        yield started


@pytest.fixture
def session(server: Server, tmp_path: Path) -> Iterator[Session]:
    """A run with the lab's driver, ready for cells."""
    (tmp_path / "box").mkdir()
    limits = Limits(wall_s=20, cpu_s=20)
    spec = RunSpec(
        name="notebook",
        driver=LAB.driver,
        paths=(tmp_path,),
        workdir=tmp_path / "box",
        limits=limits,
        seed=1,
        environment={},
    )
    started = server.open(spec)
    notebook_run.prepare_session(SimpleNamespace(lab=LAB), started, str(tmp_path))  # type: ignore[arg-type]
    yield started
    started.end()


def execute(session: Session, *cells: str, skipped: tuple[str, ...] = ()) -> Execution:
    """Executes cells; every other cell of the notebook is text."""
    execution = Execution(tuple(CellCode(2 * place, code, skipped) for place, code in enumerate(cells)))
    execution.run(session, RunLog("notebook"))
    return execution


def test_cells_share_their_names(session: Session) -> None:
    """What a cell defines is there in the next, and a last expression is shown."""
    execution = execute(session, "a = 2", "def f(x):\n    return a * x", "f(21)", "f(3);", "print('end')")
    assert [text.strip() for text in execution.printed] == ["", "", "42", "", "end"]
    assert execution.progress() == "5 of 5 code cells executed"


def test_a_failed_cell_is_named_by_its_number(session: Session) -> None:
    """The cells after a failed one are executed as well."""
    execution = execute(session, "a = 1\nb = a / 0", "import sys; sys.exit(0)", "c = 3", "def (", "print(c)")
    assert execution.printed[-1].strip() == "3"
    assert [failure.number for failure in execution.failures] == [1, 3, 7]
    first = execution.failures[0].error
    assert first.message == "cell 1 raised ZeroDivisionError: division by zero"
    assert [str(place) for place in first.places] == ["cell 1, line 2"]
    assert execution.failures[1].error.exception == "SystemExit"
    assert "failed: cells 1, 3, 7" in execution.progress()


def test_the_statements_after_a_failed_one_are_executed(session: Session) -> None:
    """A failed statement costs its own effect; each is named once, with its lines."""
    cell = "def print_metrics(d):\n    print(d)\n\nprint_metric(1)\nopen('a', 'w').write('x')\nprint_metric(\n    2)\n3"
    execution = execute(session, cell, "raise ValueError('on purpose')\nb = 1", "print('b' in globals())")
    assert [(each.number, each.lines) for each in execution.failures] == [(1, (4, 4)), (1, (6, 7)), (3, (1, 1))]
    assert (session.spec.workdir / "a").read_text() == "x"
    assert [text.strip() for text in execution.printed] == ["3", "", "False"]
    assert execution.progress() == "3 of 3 code cells executed; failed: cells 1, 3"


def test_a_failure_that_is_repaired_stops_the_execution(session: Session) -> None:
    """At the end of its cell: the notebook begins again, and cells below it would be executed in vain."""
    execution = Execution(tuple(CellCode(place, code) for place, code in enumerate(("a", "import nothing_", "b"))))
    heard: list[str] = []
    assert execution.run(
        session, RunLog("notebook"), lambda error: not heard.append(error.exception) and "Mod" in heard[-1]
    )
    assert heard == ["NameError", "ModuleNotFoundError"]
    assert execution.done == 2


def test_features_of_python_last_as_in_a_notebook(session: Session) -> None:
    """What ``from __future__`` imports holds in later cells, and nothing that the driver's own file imports."""
    first = "def f(x: int): ...\nprint(f.__annotations__)"
    execution = execute(session, first, "from __future__ import annotations", first)
    assert [text.strip() for text in execution.printed] == ["{'x': <class 'int'>}", "", "{'x': 'int'}"]


def test_the_cell_that_ended_the_process_is_named(session: Session) -> None:
    """The files written before are still measured."""
    execution = execute(session, "open('early.tflite', 'w').write('x')", "import os; os._exit(0)", "a = 1")
    assert execution.done == 1
    assert execution.ended is not None
    assert execution.ended_in == 3
    missing = RunError(Verdict.MISSING, "no file late.tflite was written")
    why = execution.why_missing(missing, "FILE_LATE", "late.tflite")
    assert why.verdict is Verdict.CRASHED
    assert "cell 3: the code ended its own process" in why.message
    assert (session.spec.workdir / "early.tflite").is_file()


def test_what_only_a_kernel_has_is_there_and_harmless(session: Session) -> None:
    """IPython's names do nothing; functions show their source, which TensorFlow's autograph asks for."""
    cells = (
        "get_ipython().system('touch owned'); get_ipython().run_line_magic('pip', 'install x')",
        "from IPython.display import display, Image, HTML; display(3); display(HTML('<script>'))",
        "from google.colab import drive, files; drive.mount('/content')",
        "get_ipython().kernel is None",
        "def f():\n    return 'own source'",
        "import inspect; print(inspect.getsource(f))",
        "__name__",
    )
    execution = execute(session, *cells)
    assert not execution.failures
    assert not (session.spec.workdir / "owned").exists()
    assert "not run in grading: get_ipython().system touch owned" in execution.printed[0]
    assert execution.printed[3].strip() == "True"
    assert "own source" in execution.printed[5]
    assert execution.printed[6].strip() == "'__main__'"


def test_names_are_reported_after_execution(session: Session) -> None:
    """The state has files by their constants, and the numeric metrics."""
    execute(
        session,
        "import os\nfrom pathlib import Path\nos.makedirs('out'); os.chdir('out')",
        "FILE_PT_QUANTIZED = 'small.tflite'; FILE_QAT_QUANTIZED = Path('..') / 'aware.tflite'; FILE_X = 3",
        "import numpy as np\nMODEL_SIZE = {'a': 12, 'b': np.int64(7), 'c': 'text', 4: [1, 2]}",
    )
    facts = session.call("state").facts
    assert facts["files"] == {"FILE_PT_QUANTIZED": "out/small.tflite", "FILE_QAT_QUANTIZED": "aware.tflite"}
    assert facts["figures"]["MODEL_SIZE"] == {"a": 12.0, "b": 7.0}


def test_a_function_that_is_not_there_is_missing(session: Session) -> None:
    """A function that is not written is missing, not wrong."""
    execute(session, "def get_gzipped_model_size(file):\n    return len(open(file, 'rb').read())")
    content = np.arange(100, dtype=np.uint8)
    assert session.call("gzipped", {"name": "a.bin"}, {"content": content}).facts == {"value": 100.0}
    shown = {"images": np.zeros((1, 28, 28), np.uint8), "labels": np.zeros(1, np.int64), "content": content}
    with pytest.raises(RunError, match="defines no function evaluate_tflite_model"):
        session.call("evaluate", {"name": "a.tflite"}, shown)


def test_constants_and_figures_are_read_from_code_and_output() -> None:
    """File names are read from the code if the process has ended."""
    execution = Execution((CellCode(0, 'FILE_PRUNED_MODEL = "p.keras"\nFILE_X = Path("x/y.h5")'),))
    execution.printed = [
        "archive 8,704 bytes, 25834 B, 24.5 kB, sha 9f8e12",
        "b'77 302' np.int64(7)",
        "(8000, 28, 28) (60000,)",
    ]
    assert execution.constants() == {"FILE_PRUNED_MODEL": "p.keras", "FILE_X": "x/y.h5"}
    assert set(execution.numbers()) == {8704.0, 25834.0, 24500.0, 25088.0, 77302.0, 7.0}


def test_a_name_that_is_missing_is_an_earlier_cells_fault() -> None:
    """A NameError is traced back to the earlier cell that failed to define the name."""
    execution = Execution((CellCode(0, "model = broken"), CellCode(1, "convert(model, FILE_QAT_QUANTIZED)")))
    for number, kind in ((1, "ValueError"), (2, "NameError")):
        raised = {"type": kind, "message": "it", "line": 1, "code": ""}
        execution.failures.append(notebook_run.CellFailure(number, notebook_run.cell_error(number, raised)))
    missing = RunError(Verdict.MISSING, "no file q.tflite was written")
    assert execution.why_missing(missing, "FILE_QAT_QUANTIZED", "q.tflite").message.endswith(
        "cell 1 raised ValueError: it"
    )
    assert execution.why_missing(missing, "FILE_PT", "b.tflite") is missing


@pytest.mark.parametrize("name", ["../secret.tflite", "/etc/passwd", "link/secret.tflite", "a\0b", ""])
def test_nothing_is_taken_from_outside_of_the_box(name: str, tmp_path: Path) -> None:
    """No file is taken from outside the folder, neither by a path nor through a linked folder."""
    (tmp_path / "box").mkdir()
    (tmp_path / "secret.tflite").write_bytes(b"secret")
    (tmp_path / "box" / "link").symlink_to(tmp_path)
    grading: Any = SimpleNamespace(workdir=lambda run: tmp_path / "box", work=tmp_path / "work", lab=LAB)
    with pytest.raises(RunError, match="outside"):
        files.Workdir(grading, "notebook", {}).take_path(name, "a file")


def test_a_file_in_a_folder_of_the_box_is_taken(tmp_path: Path) -> None:
    """A file in a subfolder is taken."""
    (tmp_path / "box" / "models").mkdir(parents=True)
    (tmp_path / "box" / "models" / "a.tflite").write_bytes(b"bytes")
    grading: Any = SimpleNamespace(workdir=lambda run: tmp_path / "box", work=tmp_path / "work", lab=LAB)
    box = files.Workdir(grading, "notebook", {"FILE_PT_QUANTIZED": "models/a.tflite"})
    assert box.take(files.POST_TRAINING, files.LITE).path.read_bytes() == b"bytes"
    assert box.name(files.AWARE) == "quant_aware_quantized.tflite"


@pytest.mark.parametrize("name", ["a/" * 300 + "b.h5", "n" * 256, "\ud800.tflite", "ą" * 128])
def test_a_name_that_no_file_can_have(name: str, tmp_path: Path) -> None:
    """An impossible file name is the submission's error, and affects no other file."""
    grading: Any = SimpleNamespace(workdir=lambda run: tmp_path / "box", work=tmp_path / "work", lab=LAB)
    with pytest.raises(RunError, match="not a valid file name"):
        files.Workdir(grading, "notebook", {}).take_path(name, "a file")


def test_files_with_long_or_equal_names_are_kept_apart(tmp_path: Path) -> None:
    """Each file is copied separately, also if it is taken twice."""
    deep = "/".join(["ą" * 100] * 3)
    for name in ("a/b", "a-b", f"{deep}/c"):
        (tmp_path / "box" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "box" / name).write_text(name)
    grading: Any = SimpleNamespace(workdir=lambda run: tmp_path / "box", work=tmp_path / "work", lab=LAB)
    box = files.Workdir(grading, "notebook", {})
    taken = [box.take_path(name, "a file") for name in ("a/b", "a-b", f"{deep}/c", "a/b")]
    assert [each.path.read_text() for each in taken] == ["a/b", "a-b", f"{deep}/c", "a/b"]


@pytest.mark.parametrize(
    "value, number",
    [(3, 3.0), (0.5, 0.5), (10**400, None), (float("nan"), None), (float("inf"), None), ("3", None), ([3], None)],
)
def test_what_is_no_number_counts_as_none(value: Any, number: float | None) -> None:
    """Reported numbers that no float can hold are ignored."""
    assert plan._finite(value) == number
    assert plan._numbers({"a": value, "\ud800\x1b[31m": 1}) == ({"a": number} if number is not None else {}) | {
        "?": 1.0
    }
    assert plan._numbers([value]) == {}


def test_our_own_file_is_of_no_model() -> None:
    """The grader's own file is complete, has new weights, and maps digits to other classes."""
    drawn = digits.draw(LAB.data_paths[0], 200, 3, ("x_test", "y_test"))
    content, labelled = probes.own_file(np.random.Generator(np.random.PCG64(3)), drawn)
    model = read_model(content)
    layers = network.layers_of(each for one in weights(content, model) for each in (one.kernel, one.bias))
    assert isinstance(layers, network.Layers)
    right = layers.scores(labelled.pixels).argmax(axis=1) == labelled.labels
    assert 0.4 < right.mean() < 0.9
    others = probes.fresh_weights(np.random.Generator(np.random.PCG64(3)))
    assert (others.scores(labelled.pixels).argmax(axis=1) == labelled.labels).mean() < 0.3
    kept = read_model(probes.CONVERTED.read_bytes())
    assert [(one.code, one.inputs) for one in kept.main.operators] == [
        (one.code, one.inputs) for one in model.main.operators
    ]


def figure(stage: str | None, quantity: str, value: float) -> PrintedMetric:
    """An exact printed number."""
    return PrintedMetric(0, "label", stage, quantity, value, value, value, str(value), "line")


@pytest.mark.parametrize(
    "found, confirmed",
    [
        (figure("tflite", "accuracy", 0.9), True),
        (figure("tflite", "accuracy", 0.5), False),
        (figure("qat", "accuracy", 0.9), True),
        (figure(None, "bytes", 85_000), True),
        (figure("ptq", "bytes", 85_000), False),
        (figure("ptq", "bytes", 24_500), True),
        (figure(None, "zipped_bytes", 120_000), False),
    ],
)
def test_a_number_is_confirmed_by_a_measurement(found: PrintedMetric, confirmed: bool) -> None:
    """A number is compared with its own stage if that is known, else with every stage."""
    measured = {"tflite": {"accuracy": 0.85, "size": 85_040.0, "zipped": 77_000.0}, "ptq": {"size": 24_384.0}}
    assert report_claims.any_confirmed([found], measured, LAB) is confirmed
    assert report_claims.any_confirmed([found], {}, LAB) is False
    quantity = {"bytes": Quantity.BYTES, "zipped_bytes": Quantity.ZIP_BYTES}.get(found.quantity, Quantity.ACCURACY)
    variants = (found.stage,) if found.stage else ("ptq", "tflite")
    claim = Claim(variants, quantity, found.value, found.low, found.high, Place("r.md", 1), "", Form.TABLE, Basis.WORD)
    assert report_claims.any_confirmed([claim], measured, LAB) is confirmed


def test_layers_are_recognised_by_their_shapes() -> None:
    """Layers are recognised in Keras's and TensorFlow Lite's layout; masks and steps are ignored."""
    weights = probes.fresh_weights(np.random.Generator(np.random.PCG64(1)))
    keras = [probes._as_keras(values) for values in weights.arrays.values()]
    found = network.layers_of([*keras, keras[0] * 0, np.int64(3), np.float32(0.1)])
    assert isinstance(found, network.Layers)
    assert all((found.arrays[name] == weights.arrays[name]).all() for name in network.SHAPES)
    assert network.layers_of([np.zeros((5, 5, 1, 8))]) == "an array of shape 5 x 5 x 1 x 8"
    assert network.layers_of(keras[:2]) == "no dense layer's kernel of the lab's network"
    without = network.layers_of(keras[:3])
    assert isinstance(without, network.Layers)
    assert not without.arrays["dense layer's bias"].any()


def test_digits_are_drawn_from_the_seed() -> None:
    """The digits depend only on the seed, differ from the stored ones, and are still recognised by the stored network."""
    path = LAB.data_paths[0].with_name("held_back.npz")
    one, again, other = (digits.draw(path, 300, seed) for seed in (1, 1, 2))
    assert (one.pixels == again.pixels).all()
    assert not (one.pixels == other.pixels).all()
    with np.load(path) as stored:
        kept = {image.tobytes() for image in stored["x"]}
    assert not any(image.tobytes() in kept for image in one.pixels)
    with np.load(probes.MODEL) as stored:
        layers = network.layers_of(stored[name] for name in stored.files)
    assert isinstance(layers, network.Layers)
    assert (layers.scores(one.pixels).argmax(axis=1) == one.labels).mean() > 0.8


def test_no_digit_is_in_two_parts() -> None:
    """No run can read the held-back digits."""
    with np.load(LAB.data_paths[0]) as public, np.load(LAB.data_paths[0].with_name("held_back.npz")) as held:
        shown = {image.tobytes() for name in ("x_train", "x_test") for image in public[name]}
        assert not any(image.tobytes() in shown for image in held["x"])
        assert len(shown) == 8500
        for labels in (public["y_train"], public["y_test"], held["y"]):
            shares = np.bincount(labels) / len(labels)
            assert shares.min() > 0.085
