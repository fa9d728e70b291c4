"""Notebooks, and scripts exported from them: finding, reading, reviewing, their code as Python, their texts as a report."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Sequence
from functools import cache

from graders.core.errors import SubmissionError
from graders.core.paths import LABS
from graders.framework.lab_toml import load
from graders.framework.own_work import own_paths
from graders.labs.mnist_compression.source import Source
from graders.labs.mnist_compression.stage_labels import LABELS
from graders.labs.mnist_compression.static_review import FOLDER, NOTEBOOK
from graders.labs.mnist_compression.unstarted import unstarted_notebook
from graders.submission import notebooks
from graders.submission.notebooks import WantedNotebook
from graders.written.claims.files import NotThere
from graders.written.lab_report import report_claims
from graders.written.lab_report.files import document_of, read_file
from tests.fuzz.mutations import combined, plain, structured, text
from tests.fuzz.target import ROOT, Target, require_one_line, scratch

LAB = load(LABS / "mnist_compression")
WANTED = WantedNotebook.from_settings(NOTEBOOK, LAB.settings)
CODE = (
    "!pip install x", "%time f()", "%%time", "%%writefile a.py", "%%bash", "?print", "print?", "x = !ls", ">>> ", "In [1]: ", "# %%", "# In[1]:", "...", "# TODO",
    "get_ipython().run_line_magic('time', 'f()')", "(", ")", "[", "{", "'''", '"""', "\\", "f'{x!r:{y}}'", "lambda: 0", "def f():", "    ", "\t", "\x0c", "; ",
    "MODEL_SIZE", "tf.lite.TFLiteConverter", "accuracy: 0.9455", "100%|####| 1/1", "\r", "\x1b[0m", "await x", "match x:", "type X = int", "-" * 300, "not " * 90,
    "(" * 90, "[" * 199, "x." * 90, "x+" * 400, "\ufeff", "０", "ª = 1", "0777", "1__0", "raise NotImplementedError", "# your code here", "model_builder()",
)  # fmt: skip
KEYS = (
    '"cell_type"', '"outputs"', '"execution_count"', '"worksheets"', '"metadata"', '"source"', '"text"', '"data"', '"text/plain"', '"ename"', '"traceback"',
)  # fmt: skip


def run(data: bytes) -> None:
    script = not data.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").startswith((b"{", b"[", b'"'))
    folder = scratch() / "notebook"
    shutil.rmtree(folder, ignore_errors=True)
    place = folder / ("exported.py" if script else LAB.student_file)
    place.parent.mkdir(parents=True)
    place.write_bytes(data)
    found = notebooks.find(folder, WANTED)
    for note in found.notes:
        require_one_line(note)
    own_paths(folder, LAB)
    unstarted_notebook(folder, LAB)
    try:
        notebook = notebooks.read(place)
    except SubmissionError as error:
        require_one_line(error)
        return
    reviewed = notebooks.review_notebook(notebook, LABELS, template=template().cells)
    for failed in reviewed.errors:
        require_one_line(failed.text)
    cells = notebooks.runnable(notebook)
    assert [each.index for each in cells] == [each.index for each in notebook.code]
    for cell, each in zip(notebook.code, cells, strict=True):
        assert each.code.count("\n") == cell.source.count("\n")
        for note in each.skipped:
            require_one_line(note)
    source = Source(cells)
    source.behind_file("MODEL_SIZE", "baseline.tflite")
    source.behind_function("model_builder")
    for gap in (*source.gaps, *notebooks.find_gaps(notebook, ("fill in",))):
        require_one_line(gap.text)
    if not script:
        as_report(folder)


def as_report(folder) -> None:
    """Its cells of text as the report that they may be."""
    try:
        file, _ = read_file(folder, LAB.student_file)
    except NotThere as error:
        require_one_line(error)
        return
    if len(file.text) < 5_000:
        document = document_of(file)
        for claim in report_claims(document, LABELS).claims:
            assert claim.place.line >= 1


@cache
def template():
    return notebooks.read(FOLDER / NOTEBOOK)


@cache
def seeds() -> Sequence[bytes]:
    files = sorted((ROOT / "tests" / "data" / "notebooks").glob("*.ipynb"))
    made = [json.dumps(json.loads(file.read_text(encoding="utf-8"))).encode() for file in files]
    given = json.loads((FOLDER / NOTEBOOK).read_text(encoding="utf-8"))
    made += [json.dumps({**given, "cells": given["cells"][at : at + 4]}).encode() for at in range(0, len(given["cells"]), 4)]
    cells = [{"input": "print(1)", "cell_type": "code", "prompt_number": 1, "outputs": [{"output_type": "pyout", "text": "1"}]}, {"cell_type": "heading", "source": "x"}]
    made.append(json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}).encode())
    code = [{"cell_type": "code", "source": list(CODE[:14]), "outputs": [{"output_type": "stream", "text": ["a\rb\x1b[31mc"]}]} for _ in range(2)]
    made.append(json.dumps({"nbformat": 4, "cells": code, "metadata": {"kernelspec": {"name": "python3"}}}).encode("utf-16"))
    made.append(b"#!/usr/bin/env python\n# coding: utf-8\n\n# # Title\n\n# In[1]:\n\n\nimport tensorflow as tf\nget_ipython().system('ls')\n\n\n# In[ ]:\n\n\nx = 1\n")
    made.append(b"# %% [markdown]\n# # Title\n\n# %%\nimport os\n!ls\n# %%\nprint(1)\n")
    return made


def rewritten(draw, data: bytes) -> bytes:
    """Another text in a cell or an output."""
    try:
        found = json.loads(data)
        cell = draw.choice(found["cells"])
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        cell["source"] = source_text(draw, source.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")
        return json.dumps(found).encode()
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return source_text(draw, data)


source_text = text(*CODE)
warnings.simplefilter("ignore", SyntaxWarning)
TARGET = Target(
    name="notebook", reads="notebooks and scripts exported from them", run=run, seeds=seeds,
    mutate=combined(structured(text(*CODE)), rewritten, rewritten, rewritten, text(*KEYS, *CODE), plain), suffix=".ipynb", max_bytes=1 << 17, few=80,
)  # fmt: skip
