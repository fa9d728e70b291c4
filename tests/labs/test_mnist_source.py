"""Which gaps of the original notebook are open, and what a file or a function of a notebook depends on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graders.core.paths import REFERENCE, TEMPLATE
from graders.labs.mnist_compression.source import Source
from graders.submission.notebooks import CellCode, code_gaps, read, runnable

NOTEBOOK = "mnist_compression/quantization_and_pruning.ipynb"


def gaps(code: str) -> list[int]:
    """The lines of a cell's gaps."""
    return [gap.line for gap in code_gaps(CellCode(0, code))]


@pytest.mark.parametrize(
    "code, lines",
    [
        ("# TODO: create a converter\nconverter = model", [1]),
        ("# TODO: create a converter\nconverter = Converter(model)", []),
        ("if quantize:\n    # TODO: optimise\n    converter.optimizations = []", [2]),
        ("if quantize:\n    # TODO: optimise\n    converter.optimizations = [Optimize.DEFAULT]", []),
        ("# TODO: replace None\nparams = {\n    'schedule': None,\n}", [1]),
        ("# TODO: replace None\nparams = {\n    'schedule': Schedule(0.5),\n}", []),
        ("# TODO: add a callback\ncallbacks = [\n]\nfit(callbacks)", [1]),
        ("model = None  # TODO", [1]),
        ("model = None", []),
        ("# TODO: fit it", [1]),
        ("fit()\n# TODO: evaluate it", [2]),
        ("def f(x):\n    raise NotImplementedError('f')", [2]),
        ("def f(x):\n    '''What it does.'''", [1]),
        ("def f(x):\n    # TODO: write it\n    pass", [1, 2]),
        ("x = ...", [1]),
        ("f(____, 1)", [1]),
        ("def f(): ...", [1]),
        ("# TODO: create it\nx = None\nx = f()", []),
        ("def f():\n    a = 1\n    # TODO: return it\n\nb = f()", [3]),
        ("# TODO: one\n# TODO: two\nmodel = other", [1]),
        ("converter = other  # TODO", [1]),
        ("# TODO: install it\n# not run here", []),
        ("y = x[..., 0]", []),
        ("# A remark\nmodel = other", []),
        ("def (", []),
        ("if a:\n pass\n" + "elif a:\n pass\n" * 3000, []),
    ],
)
def test_a_gap_is_missing_code(code: str, lines: list[int]) -> None:
    """A comment that asks for code is a gap if there is none, or only what the template has in its place."""
    assert sorted(set(gaps(code))) == lines


def test_the_template_has_gaps_and_the_reference_none() -> None:
    """Each part that students write is a gap of the template's, and the files and functions depend on it."""
    template, reference = (Source(runnable(read(folder / NOTEBOOK))) for folder in (TEMPLATE, REFERENCE))
    assert {gap.cell for gap in template.gaps} == {9, 10, 11, 20, 21, 23, 24, 26, 28, 30}
    assert not reference.gaps
    cells = {
        file: [gap.cell for each in template.behind_file(file, f"{file}.tflite") for gap in each.gaps]
        for file in ("FILE_NON_QUANTIZED_TFLITE", "FILE_QAT_QUANTIZED", "FILE_PRUNED_MODEL")
    }
    assert cells == {"FILE_NON_QUANTIZED_TFLITE": [9], "FILE_QAT_QUANTIZED": [20, 21], "FILE_PRUNED_MODEL": [26]}
    assert [each.cell for each in template.behind_function("get_gzipped_model_size") if each.gaps] == [12]


def source(*cells: str) -> Source:
    """The statements of these cells."""
    return Source([CellCode(place, code) for place, code in enumerate(cells)])


def behind(found: Source, constant: str, file: str = "x.tflite") -> list[tuple[int, int]]:
    """Cells and last lines of the statements that a file depends on."""
    return [(each.cell, each.lines[1]) for each in found.behind_file(constant, file)]


def test_a_file_depends_on_what_made_its_model() -> None:
    """What is assigned, trained and loaded counts; what is printed, and what a name held before, does not."""
    found = source(
        "FILE_A = 'a.h5'\nFILE_B = 'x.tflite'\ndef convert(m, f):\n    save(m, f)",
        "base = build()\nbase.fit()\nbase.save(FILE_A)",
        "base = build()\nbase.load(FILE_A)\nprint(base)\nother = 3\nconvert(base, FILE_B)",
    )
    assert behind(found, "FILE_B") == [(1, 1), (1, 2), (1, 4), (2, 1), (2, 2), (2, 3), (3, 1), (3, 2), (3, 5)]
    assert behind(found, "FILE_A", "a.h5") == [(1, 1), (2, 1), (2, 2), (2, 3)]


def test_a_file_is_found_by_its_name() -> None:
    """A notebook without constants mentions the file itself; another file's name that ends alike is another file."""
    found = source("p = 'pruned_x.tflite'\nconvert(model, 'out/x.tflite')")
    assert behind(found, "FILE_B") == [(1, 2)]
    assert source("a = 1").behind_file("FILE_B", "x.tflite") == ()
    assert source("a = 1").behind_function("f") == ()


def test_a_hostile_notebook_takes_no_time() -> None:
    """The search through a notebook of thousands of statements that all depend on each other is bounded."""
    found = source(*["\n".join(f"a = f(a, b{place}); b{place + 1} = a" for place in range(1_000))] * 5, "g(a, FILE_B)")
    assert len(found.behind_file("FILE_B", "x")) <= 5_000


def test_a_notebook_with_no_cells(tmp_path: Path) -> None:
    """Nothing depends on anything in it."""
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}))
    assert Source(runnable(read(path))).statements == ()
