"""Numbers as ten people print them: what is a file's size, what an archive's, and which of them can disagree."""

from __future__ import annotations

import time

import pytest

from graders.labs.mnist_compression.stage_labels import LABELS
from graders.submission.notebooks import Cell, Output, disagreements, review_notebook
from graders.submission.notebooks import printed as printed_module
from graders.submission.notebooks.runs import Runs

from .making import of_cells, ran

TITLE = "gzipped model size in bytes for"


def printed(text: str, source: str = "x", kind: str = "stream"):
    found = review_notebook(of_cells(Cell(0, "code", source, 1, (Output(kind, text),))), LABELS).metrics
    return [(one.stage, one.quantity, round(one.value, 4)) for one in found]


@pytest.mark.parametrize("mark", ["(gzipped)", "gzip", "(zip)", "zipped", "compressed", "archive", "spakowany", "gecomprimeerd", "(압축) zip", "压缩"])
def test_an_entry_says_itself_whether_it_is_an_archive(mark):
    """The title of the helper is over all entries of the dictionary."""
    lines = f"{TITLE} baseline h5: 271215\n{TITLE} pruned h5: 97135\n{TITLE} baseline h5 {mark}: 233228\n"
    assert printed(lines) == [("baseline", "bytes", 271215), ("pruned", "bytes", 97135), ("baseline", "zipped_bytes", 233228)]


def test_a_title_alone_may_mean_either():
    """Nothing in the output tells whether the helper was called for files or for archives."""
    assert printed(f"{TITLE} baseline h5: 98928\n{TITLE} pruned h5: 98928\n") == [("baseline", "size", 98928), ("pruned", "size", 98928)]
    assert disagreements(review_notebook(of_cells(ran(0, "x", f"{TITLE} baseline: 98928", f"{TITLE} baseline: 78073")), LABELS).metrics, LABELS) == ()


@pytest.mark.parametrize(
    "line, quantity",
    [
        ("Size of gzipped baseline Keras model: 78073.00 bytes", "zipped_bytes"),
        ("gzipped baseline Keras model: 78073.00 bytes", "zipped_bytes"),
        ("baseline (gzipped) size: 78073", "zipped_bytes"),
        ("baseline: 78073 bytes (gzipped)", "zipped_bytes"),
        ("baseline: 78073 bytes zipped", "zipped_bytes"),
        ("Compressed size of baseline: 78073 bytes", "size"),
        ("baseline: 78073 bytes", "bytes"),
        ("Rozmiar spakowanego modelu baseline: 78073 B", "zipped_bytes"),
        ("Rozmiar modelu baseline w bajtach: 78073", "bytes"),
        ("Gecomprimeerde grootte in bytes voor baseline: 78073", "size"),
    ],
)
def test_words_of_one_line(line, quantity):
    assert printed(line) == [("baseline", quantity, 78073)]


@pytest.mark.parametrize(
    "text, source, quantity",
    [
        ("Zipped:\nbaseline: 78073 bytes", "x", "size"),
        ("baseline: 78073 bytes", "print(get_gzipped_model_size(f))", "size"),
        ("{'baseline': 78073}", "MODEL_SIZE", "bytes"),
        ("{'baseline': 78073}", "zipped_sizes", "size"),
        ("sizes zipped {'baseline': 78073}", "print(MODEL_SIZE)", "size"),
    ],
)
def test_what_stands_around_may_speak_of_archives(text, source, quantity):
    assert printed(text, source) == [("baseline", quantity, 78073)]


def test_beside_entries_that_name_archives_the_others_are_files():
    assert printed("baseline size: 98928 bytes\nbaseline zipped size: 78073 bytes", "get_gzipped_model_size(f)") == [
        ("baseline", "bytes", 98928), ("baseline", "zipped_bytes", 78073),
    ]  # fmt: skip
    assert printed("pruned: 25659 bytes (gzipped), 98928 bytes on disk") == [("pruned", "zipped_bytes", 25659), ("pruned", "bytes", 98928)]


@pytest.mark.parametrize("line", ["baseline | 96.6 KiB | 76.2 KiB", "baseline 98928 bytes, 78073 bytes"])
def test_of_a_row_the_heading_says_which_is_which(line):
    assert [(stage, quantity) for stage, quantity, _ in printed(line)] == [("baseline", "size")] * 2


@pytest.mark.parametrize(
    "line",
    [
        "Pruned accuracy drop: 0.0068", "Pruned: size reduction 74544 bytes", "Pruned TFLite saved 74544 bytes", "Baseline 97664 -> 77302 bytes",
        "Pruned accuracy before fine-tuning: 0.4812", "Untrained baseline accuracy: 0.0981", "Pruned compression: 300 %", "Pruned size ratio: 312",
        "Verschil in nauwkeurigheid (gesnoeid): 0.01", "Różnica dokładności, przycięty: 0.01", "baseline    0.9125  97664  77302",
        "pruned TFLite: 1,234 KB", "{'accuracy drop pruned': 0.01}",
    ],
)  # fmt: skip
def test_what_is_no_result_of_a_stage(line):
    assert printed(line, "ACCURACY") == []


@pytest.mark.parametrize(
    "text",
    [
        "Pruned accuracy: 0.9512", "Pruned accuracy: 95.12%", "Pruned accuracy: 95.12 %", "Pruned accuracy = 0.95120000", "Pruned acc 95.12",
        "Pruned | accuracy: 0,9512", "{'pruned': 0.9512}", "{'pruned': np.float64(0.9512)}", '{\n  "pruned": 0.9512\n}',
        "Accuracy of the pruned model is 95.12 percent", "The accuracy (pruned) was 0.9512.",
    ],
)  # fmt: skip
def test_one_accuracy_in_many_forms(text):
    assert printed(text, "pprint(ACCURACY)") == [("pruned", "accuracy", 0.9512)]


@pytest.mark.parametrize("text", ["85040 bytes", "85,040 bytes", "85 040 B", "85.040 bytes", "85_040 bytes", "85.04 KB", "85,04 kB", "83.05 KiB", "0.0811 MiB", "85.0 kB", "8.504e+04 bytes", "85040.0 bytes", "85.040 KB"])
def test_one_size_in_many_forms(text):
    (found,) = review_notebook(of_cells(ran(0, "x", f"TFLite model: {text}", count=1)), LABELS).metrics
    assert found.low <= 85_040 <= found.high
    assert found.high < 90_000


TRAIN = "pruned_model.fit(x)\nprint('pruned accuracy:', a)"
SHOW = "print('pruned accuracy:', a)"


@pytest.mark.parametrize(
    "cells, differ",
    [
        ([(TRAIN, "0.91", 1), (SHOW, "0.95", 2)], True),
        ([(TRAIN, "0.91", 1), (TRAIN, "0.95", 2)], False),
        ([(TRAIN, "0.91", 1), ("model.fit(x)", "", 2), (SHOW, "0.95", 3)], False),
        ([(TRAIN, "0.91", 1), ("baseline_model.fit(x)", "", 2), (SHOW, "0.95", 3)], True),
        ([(TRAIN, "0.91", 1), ("RESULTS['pruned'] = f(x)", "", 2), (SHOW, "0.95", 3)], False),
        ([(TRAIN, "0.91", 1), ("MODEL_SIZE['pruned'] = f(x)", "", 2), (SHOW, "0.95", 3)], True),
        ([(TRAIN, "0.91", 1), (SHOW, "0.95", 9), ("pruned_model.fit(x)", "", 8)], False),
        ([(TRAIN, "0.91", 9), (SHOW, "0.95", 3), ("pruned_model.fit(x)", "", 8)], False),
        ([(TRAIN, "0.91", None), ("pruned_model.fit(x)", "", None), (SHOW, "0.95", None)], False),
        ([(TRAIN, "0.91", None), (SHOW, "0.95", None)], True),
        ([(TRAIN, "0.910", 1), (SHOW, "0.91", 2)], False),
    ],
)
def test_what_was_measured_again_is_no_contradiction(cells, differ):
    """A cell that was copied and changed, and the old one left, is right work."""
    outputs = [f"pruned accuracy: {text}\n" if text else "" for _, text, _ in cells]
    made = [ran(at, source, outputs[at], count=count) for at, (source, _, count) in enumerate(cells)]
    found = review_notebook(of_cells(*made), LABELS).disagreements
    assert [each.sure for each in found] == [True] * differ


def test_one_cell_may_print_in_a_loop():
    found = review_notebook(of_cells(ran(0, "for epoch in e: show()", "pruned accuracy: 0.91\npruned accuracy: 0.95\n", count=1)), LABELS)
    assert found.disagreements == ()


@pytest.mark.parametrize("word", ["acc", "size_", "a[", "'pruned' ", "x.update", "fit "])
def test_no_code_between_two_numbers_takes_long(word):
    """Twice as much code takes about twice as long, not four times."""

    def seconds(length: int) -> float:
        notebook = of_cells(*(ran(at, word * (length // len(word)) + "(", count=at + 1) for at in range(8)))
        before = time.process_time()
        Runs(notebook, LABELS).may_differ("pruned", accuracy=True, between=(0, 7))
        return time.process_time() - before

    assert seconds(20_000) < 3 * seconds(10_000) + 0.1


def test_a_flood_of_printed_metrics_is_bounded(monkeypatch):
    """Whatever cells print, so many metrics are read, from so many characters, and the text above them stays short."""
    flood = Output("stream", "accuracy of the baseline: 0.9455\n" * 1_000)
    cells = [Cell(number, "code", "x", 1, (flood,) * 3) for number in range(20)]
    assert len(review_notebook(of_cells(*cells), LABELS).metrics) == printed_module.MAX_METRICS
    monkeypatch.setattr(printed_module.limits, "MAX_PRINTED", 10)
    late = Cell(1, "code", "x", 1, (Output("stream", "pruned accuracy: 0.9\n"),))
    found = review_notebook(of_cells(Cell(0, "code", "x", 1, (Output("stream", "a" * 20),)), late), LABELS)
    assert found.metrics == ()
