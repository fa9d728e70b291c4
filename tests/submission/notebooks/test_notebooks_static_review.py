"""What a notebook shows of its own run: order, errors, gaps, printed metrics."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.labs.mnist_compression.stage_labels import LABELS, QUANTIZED
from graders.submission.notebooks import (
    Cell,
    Notebook,
    NotebookReview,
    Order,
    Output,
    disagreements,
    read,
    review_notebook,
)

from .make_samples import SAMPLES, made
from .making import notebook, of_cells, ran


def reviewed(notebook: Notebook, **more) -> NotebookReview:
    return review_notebook(notebook, LABELS, **more)


def sample(name: str):
    return reviewed(read(SAMPLES / f"{name}.ipynb"))


def test_a_sound_notebook_has_nothing_against_it():
    found = sample("sound")
    assert (found.executed, found.order, found.order_cells) == (1, Order.RUN_ALL, ())
    assert (found.unexecuted, found.errors, found.gaps, found.silent) == ((), (), (), ())
    assert disagreements(found.metrics, LABELS) == ()


def test_the_samples_are_what_their_script_makes():
    assert {path.stem for path in SAMPLES.iterdir()} == set(made())
    for name, cells in made().items():
        assert json.loads((SAMPLES / f"{name}.ipynb").read_text(encoding="utf-8")) == notebook(*cells)


def test_cells_that_were_run_in_another_order_are_named():
    found = sample("out_of_order")
    assert (found.order, found.order_cells) == (Order.BROKEN, (4,))


def test_a_notebook_that_was_never_run_has_no_cell_executed():
    found = sample("never_executed")
    assert (found.order, found.executed, found.unexecuted) == (Order.NONE, 0, found.code_cells)
    assert found.metrics == ()


def test_an_error_among_the_outputs_is_named_with_its_cell():
    (error,) = sample("errors").errors
    assert (error.cell, error.text) == (4, "NameError: name 'pruning' is not defined")


def test_outputs_of_two_runs_disagree():
    found = disagreements(sample("of_another_run").metrics, LABELS)
    assert [(one.one.stage, one.one.value, one.other.value, one.sure) for one in found] == [("pruned", 0.812, 0.966, False)]


def test_what_was_left_to_be_done_is_told_by_kind_and_place():
    assert [(gap.cell, gap.line, gap.kind) for gap in sample("placeholders").gaps] == [(4, 1, "hole"), (7, 3, "hole")]


IMPORTS = "import os\nimport tensorflow as tf"


@pytest.mark.parametrize(
    "counts, order, cells",
    [
        ([1, 2, 3], Order.RUN_ALL, ()),
        ([1, 2, None, 3], Order.RUN_ALL, ()),
        ([2, 3, 4], Order.RISING, ()),
        ([1, 3, 4], Order.RISING, ()),
        ([3, 2, 4], Order.BROKEN, (1,)),
        ([1, 2, 9, 4, 5], Order.BROKEN, (3,)),
        ([3, 1, 2], Order.RESTARTED, ()),
        ([1, 2, 2], Order.RISING, ()),
        ([1, 2, 3, 1, 2], Order.RESTARTED, ()),
        ([4, 5, 6, 2, 5], Order.RESTARTED, ()),
        ([None, None], Order.NONE, ()),
        ([], Order.NONE, ()),
    ],
)
def test_the_order_of_counts(counts, order, cells):
    found = reviewed(of_cells(*(ran(at, "x = 1", count=count) for at, count in enumerate(counts))))
    assert (found.order, found.order_cells) == (order, cells)


@pytest.mark.parametrize(
    "setup",
    [
        IMPORTS, "!pip install tensorflow", "%pip install -q x\nimport x", "import os\nos.environ['A'] = '1'\nprint(os.name)",
        "try:\n    import x\nexcept ImportError:\n    !pip install x\n    import x", "import numpy as np\nnp.random.seed(1)",
        "import subprocess, sys\nsubprocess.check_call([sys.executable, '-m', 'pip', 'install', 'x'])",
    ],
)  # fmt: skip
@pytest.mark.parametrize("counts", [(40, 2, 3, 4), (1, 2, 3, 4), (5, 2, 3, 4)])
def test_imports_and_installs_may_be_executed_at_any_time(setup, counts):
    cells = [setup, "x = f()", "y = g(x)", "z = 3"]
    found = reviewed(of_cells(*(ran(at, cell, count=count) for at, (cell, count) in enumerate(zip(cells, counts, strict=True)))))
    assert found.order in (Order.RISING, Order.RUN_ALL)


@pytest.mark.parametrize("source", ["import x\nmodel.fit(1)", "def f():\n    import x", "x = 1", "import x\nfor a in b:\n    c.train(a)", "import x; x(", "%time model.fit(1)"])
def test_what_does_more_than_set_up_has_its_place_in_the_order(source):
    assert reviewed(of_cells(ran(0, source, count=9), ran(1, "x = f()", count=3))).order is Order.BROKEN


@pytest.mark.parametrize("source, counts", [("", False), ("  \n", False), ("# only this", False), ("x", True), ("!ls", True), ("'text'", True), ("# a\nx", True)])
def test_cells_without_code_need_no_execution(source, counts):
    assert bool(reviewed(of_cells(ran(0, source))).unexecuted) == counts


def test_the_count_of_a_comment_is_part_of_the_order():
    assert reviewed(of_cells(ran(0, "x", count=1), ran(1, "# a", count=2), ran(2, "y", count=3))).order is Order.RUN_ALL


def test_outputs_show_execution_too():
    found = reviewed(of_cells(ran(0, "x", count=1), ran(1, "print(1)", "1\n"), ran(2, "y"), ran(3, "z", count=4)))
    assert (found.unexecuted, found.incomplete, found.order) == ((2,), (2,), Order.RISING)


def test_an_export_without_counts_is_judged_by_its_outputs():
    cells = (ran(0, "x = 1"), ran(1, "print(1)", "1\n"), ran(2, "print(2)"), ran(3, "def f():\n    print(3)"))
    found = reviewed(replace(of_cells(*cells), counted=False))
    assert (found.unexecuted, found.silent, found.incomplete, found.order) == ((), (2,), (2,), Order.UNKNOWN)
    cleared = reviewed(replace(of_cells(ran(0, "x = 1"), ran(1, "print(1)")), counted=False))
    assert (cleared.unexecuted, cleared.order) == ((0, 1), Order.NONE)


@pytest.mark.parametrize("source, silent", [("print(1)", True), ("x = 1\nprint(x)", True), ("def f():\n    print(1)", False), ("x = 'print(1)'", False), ("baseline_model.summary()", True), ("%%capture\nprint(1)", False), ("print(1, file=f)", False), ("print()", False), ("print(1)\nclear_output()", False)])
def test_a_cell_that_prints_and_has_no_output_is_silent(source, silent):
    assert bool(reviewed(of_cells(ran(0, source, count=1))).silent) == silent


def test_of_a_script_nothing_is_known_of_its_run():
    found = reviewed(of_cells(ran(0, "print(1)"), form="py"))
    assert (found.executed_known, found.order, found.executed, found.unexecuted, found.silent) == (False, Order.UNKNOWN, 0, (), ())


@pytest.mark.parametrize(
    "line, kind",
    [
        ("...", "hole"), ("x = ...", "hole"), ("x = ... # your code", "hole"), ("return ...", "hole"), ("x = ___", "hole"),
        ("f(____, 1)", "hole"), ("raise NotImplementedError", "hole"), ("raise NotImplementedError('do it')", "hole"),
        ("pass  # your code", "hole"), ("x = None  # YOUR CODE HERE", "hole"), ("# FIXME", "hole"),
        ("# Vul hier aan: vul aan", "hole"), ("# uzupełnij", "hole"), ("# 待完成", "hole"), ("# ...", "hole"),
        ("# TODO: create it\nx = None", "hole"), ("# TODO: create it\n# with care\n\npass", "hole"), ("f()\n# TODO: fit it", "hole"),
        ("def f():\n    # TODO\n\nx = 1", "hole"), ("def f():\n    'Text.'\n    # TODO\n    raise NotImplementedError", "hole"),
        ("# TODO: one\n# TODO: two", "hole"), ("# TODO: create it\nx = None\nx = None", "hole"),
        ("# TODO: create a TFLite converter\nconverter = from_model(m)", None), ("x = 1  # TODO check", None),
        ("# TODO: create it\nx = None\nx = f()", None), ("# TODO: one\n# TODO: two\nf()", None), ("f(\n    a,\n    # TODO more\n)", None),
        ("def f():\n    # TODO: convert\n    # the model\n    return g()", None), ("# your code here\n\n!pip install x", None),
        ("x[..., 0]", None), ("def f(): ...", None), ("pass", None), ("x = None", None), ("'TODO'", None), ("__name__", None),
        ("_ = 1", None), ("# TODO: create a converter\nconverter = model", None), ("# TODO: add some\nfound = []", None), ("def f():\n    'Text.'", None),
        ("x = '''\nTODO\n...\n'''", None), ("print('your code')", None), ("# the method", None), ("Tuple[int, ...]", None),
    ],
)  # fmt: skip
def test_gaps_in_code(line, kind):
    assert [gap.kind for gap in reviewed(of_cells(ran(0, line, count=1))).gaps] == ([kind] if kind else [])


@pytest.mark.parametrize(
    "text, gap",
    [
        ("*Your answer here*", True), ("> TODO", True), ("<your answer>", True), ("[jouw antwoord]", True), ("...", True),
        ("- lorem ipsum", True), ("twoja odpowiedź", True), ("你的答案", True),
        ("## Answer", False), ("Answer:", False), ("My answer is that zeros pack well.", False), ("[your answer](https://a.b)", False),
        ("All of it is done, nothing is to do", False), ("1 < 2 and 3 > 2", False),
    ],
)  # fmt: skip
def test_gaps_in_text(text, gap):
    assert bool(reviewed(of_cells(Cell(0, "markdown", text))).gaps) == gap


def test_the_labs_own_marks_and_an_untouched_cell_of_its_template():
    template = (ran(0, "model = build()  # <<SOLUTION>>"), ran(1, "x = 1"))
    found = reviewed(of_cells(ran(0, "model  = build() # <<SOLUTION>>"), ran(1, "x = 1"), ran(2, "y # <<solution>>")), markers=("<<SOLUTION>>",), template=template)
    assert [(gap.cell, gap.kind) for gap in found.gaps] == [(0, "untouched"), (2, "hole")]


def metrics(text: str, source: str = "x", kind: str = "stream"):
    return reviewed(of_cells(Cell(0, "code", source, 1, (Output(kind, text),)))).metrics


@pytest.mark.parametrize(
    "text, stage, quantity, value",
    [
        ("Baseline test accuracy: 0.9455", "baseline", "accuracy", 0.9455),
        ("Pruned test accuracy: 96.60 %", "pruned", "accuracy", 0.966),
        ("Pruned test accuracy: 96,60%", "pruned", "accuracy", 0.966),
        ("test accuracy for non quantized tflite: 0.9455000162124634", "tflite", "accuracy", 0.9455000162124634),
        ("Size of gzipped baseline Keras model: 78073.00 bytes", "baseline", "zipped_bytes", 78073),
        ("Size of gzipped pruned and quantized TFlite model: 8370.00 bytes", "pruned_quantized", "zipped_bytes", 8370),
        ("model size in bytes for post training quantized tflite: 24336", "ptq", "bytes", 24336),
        ("post_training_quantized.tflite: 24,336 bytes", "ptq", "bytes", 24336),
        ("non_quantized.tflite = 85.096 bytes", "tflite", "bytes", 85096),
        ("quant_aware_quantized.tflite 24.0 KB", "qat_tflite", "bytes", 24000),
        ("Nauwkeurigheid van het gesnoeide model: 0,966", "pruned", "accuracy", 0.966),
        ("Dokładność modelu po treningu świadomym kwantyzacji: 94,77%", "qat", "accuracy", 0.9477),
        ("Genauigkeit des Basismodells: 0.9455", "baseline", "accuracy", 0.9455),
        ("剪枝模型 准确率: 96.60%", "pruned", "accuracy", 0.966),
        ("Quantized model accuracy: 0.94", QUANTIZED, "accuracy", 0.94),
        ("accuracy: 0.94", None, "accuracy", 0.94),
        ("-rw-r--r-- 1 root root 98928 Jan  1 10:00 pruned_model.h5", "pruned", "bytes", 98928),
    ],
)
def test_metrics_in_lines(text, stage, quantity, value):
    (found,) = metrics(f"something\n{text}\nelse")
    assert (found.stage, found.quantity, found.form in ("line", "listing")) == (stage, quantity, True)
    assert found.value == pytest.approx(value)
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize(
    "line, found",
    [
        (
            "pruned: accuracy 0.9057, pruned_model.h5: 98,928 bytes",
            [("pruned", "accuracy", 0.9057), ("pruned", "bytes", 98_928)],
        ),
        ("accuracy: baseline 0.9455, pruned 0.9660", [("baseline", "accuracy", 0.9455), ("pruned", "accuracy", 0.966)]),
        ("Pruned accuracy: 0.9660, loss: 0.12", [("pruned", "accuracy", 0.966)]),
        ("Pruned test loss: 0.12, accuracy: 0.9660", [("pruned", "accuracy", 0.966)]),
        ("Pruned accuracy: 0.9660 after 12 epochs", [("pruned", "accuracy", 0.966)]),
        ("baseline 98928 bytes, zipped 78073 bytes", [("baseline", "bytes", 98_928), ("baseline", "zipped_bytes", 78_073)]),
        ("float16: accuracy 0.9125, 44896 bytes", [(None, "accuracy", 0.9125), (None, "bytes", 44_896)]),
    ],
)
def test_a_line_may_have_several_metrics(line, found):
    assert [(one.stage, one.quantity, pytest.approx(one.value)) for one in metrics(line)] == found


@pytest.mark.parametrize(
    "text",
    [
        "Epoch 1/2", "1500/1500 [====] - 5s 3ms/step - loss: 0.2 - accuracy: 0.95", "saved to model_123.h5", "accuracy: nan",
        "accuracy: -0.5", "Total params: 20410", "{'a': 3}", "v2.19.0", "2024-01-01 10:00", "accuracy: 250",
        "loss of pruned: 0.12", "",
    ],
)  # fmt: skip
def test_what_is_no_accuracy_and_no_size(text):
    assert metrics(text) == ()


@pytest.mark.parametrize(
    "text, source, quantity",
    [
        ("{'pruned model h5': 0.9660}", "ACCURACY", "accuracy"),
        ("{'pruned model h5': 98928,\n 'baseline h5': 98928}", "MODEL_SIZE", "bytes"),
        ("{'pruned model h5': np.float64(0.966)}", "print(ACCURACY)", "accuracy"),
        ('{"pruned h5": 98928}', "MODEL_SIZE", "bytes"),
    ],
)
def test_metrics_in_dictionaries(text, source, quantity):
    for kind in ("stream", "result"):
        found = metrics(text, source, kind)
        assert found
        assert {(one.quantity, one.form) for one in found} == {(quantity, "dict")}
        assert found[0].stage == "pruned"


def test_a_value_alone_is_that_of_the_cells_last_line():
    (found,) = metrics("0.966", "_, pruned_acc = 1, 2\npruned_accuracy", "result")
    assert (found.stage, found.quantity, found.form) == ("pruned", "accuracy", "value")


@pytest.mark.parametrize(
    "one, other, differ",
    [
        ("Pruned accuracy: 0.9660", "Pruned accuracy: 0.9120", True),
        ("Pruned accuracy: 0.9660", "Pruned accuracy: 0.966", False),
        ("Pruned accuracy: 0.9660", "Pruned accuracy: 96.6 %", False),
        ("Pruned accuracy: 0.9660", "Pruned accuracy: 0.96604", False),
        ("Size of pruned: 25659 bytes", "Size of pruned: 25.7 KB", False),
        ("Size of pruned: 25659 bytes", "Size of pruned: 25.06 KiB", False),
        ("Size of pruned: 25659 bytes", "Size of pruned: 78073 bytes", True),
        ("Size of gzipped pruned: 25659 bytes", "Size of pruned: 98928 bytes", False),
        ("Quantized accuracy: 0.9", "Quantized accuracy: 0.5", False),
    ],
)
def test_only_what_rounding_cant_explain_disagrees(one, other, differ):
    found = disagreements(metrics(f"{one}\n{other}"), LABELS)
    assert bool(found) == differ
    assert all(each.sure for each in found)


@settings(deadline=1_000)
@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_looked_through(source, output):
    found = reviewed(of_cells(Cell(0, "code", source, 1, (Output("stream", output), Output("result", output))), Cell(1, "markdown", source)))
    assert all(one.low <= one.value <= one.high for one in found.metrics)


@pytest.mark.parametrize("text", ["1," * 20_000, "'a':" * 10_000, "accuracy " * 5_000 + ": 0.5", "x: 1 " * 5_000, "." * 50_000, "_" * 50_000, "<" * 50_000, "[" * 50_000])
def test_no_text_takes_long(text):
    import time

    before = time.process_time()
    reviewed(of_cells(ran(0, text, text, count=1), Cell(1, "markdown", text)))
    assert time.process_time() - before < 2
