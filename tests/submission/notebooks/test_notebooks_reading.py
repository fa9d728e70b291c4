"""Reading a notebook: whatever bytes it has, a notebook or one line that says what to do."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graders.core.errors import SubmissionError
from graders.submission.notebooks import Notebook, read

from .making import code, error, markdown, notebook, result, stream, written

GOOD = notebook(code("x = 1", 1, stream("hello\n")), markdown("# Title"))


def told(path: Path) -> str:
    with pytest.raises(SubmissionError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 400
    return message


def test_cells_keep_their_place_kind_source_count_and_outputs(tmp_path):
    found = read(written(tmp_path / "a.ipynb", GOOD))
    assert [(cell.index, cell.kind, cell.source, cell.execution_count) for cell in found.cells] == [
        (0, "code", "x = 1", 1),
        (1, "markdown", "# Title", None),
    ]
    assert [(one.kind, one.text) for one in found.cells[0].outputs] == [("stream", "hello\n")]
    assert (found.form, found.language, found.notes) == ("ipynb", "python", ())


@pytest.mark.parametrize("source", ["a\nb", ["a\n", "b"], ["a\n", 3, "b"], "a\r\nb", "a\rb"])
def test_a_source_may_be_a_text_or_lines_with_any_line_end(tmp_path, source):
    assert read(written(tmp_path / "a.ipynb", notebook(code(source)))).cells[0].source == "a\nb"


@pytest.mark.parametrize("minor", [0, 1, 2, 3, 4, 5, 6, None, "x"])
def test_every_minor_of_format_4_is_read(tmp_path, minor):
    found = read(written(tmp_path / "a.ipynb", {**GOOD, "nbformat_minor": minor}))
    assert len(found.cells) == 2


OLD = {
    "nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""},
    "worksheets": [{"metadata": {}, "cells": [
        {"cell_type": "heading", "level": 2, "metadata": {}, "source": ["Title"]},
        {"cell_type": "markdown", "metadata": {}, "source": "text"},
        {"cell_type": "code", "collapsed": False, "language": "python", "metadata": {}, "prompt_number": 4, "input": ["x\n", "y"],
         "outputs": [{"output_type": "pyout", "prompt_number": 4, "metadata": {}, "text": ["0.5"]}]},
    ]}, {"cells": [{"cell_type": "code", "input": "z", "outputs": [{"output_type": "pyout", "prompt_number": 7, "text": "1"}]}]}, 3],
}  # fmt: skip


def test_a_notebook_of_format_3_is_read(tmp_path):
    found = read(written(tmp_path / "a.ipynb", OLD))
    assert [(cell.kind, cell.source, cell.execution_count) for cell in found.cells] == [
        ("markdown", "## Title", None), ("markdown", "text", None), ("code", "x\ny", 4), ("code", "z", 7),
    ]  # fmt: skip
    assert [one.text for one in found.cells[2].outputs] == ["0.5"]
    assert found.notes == ()


def widgets(**more):
    return {"metadata": {"widgets": {"application/vnd.jupyter.widget-state+json": {"version_major": 2, **more}}}}


@pytest.mark.parametrize(
    "more",
    [
        widgets(), widgets(state={}), {"metadata": {"widgets": {}}}, {"metadata": None}, {"metadata": {}}, {"nbformat_minor": 4},
        {"nbformat": "4"}, {"nbformat": None}, {"metadata": {"kernelspec": {"display_name": "x"}}}, {"orig_nbformat": 2},
        {"metadata": {"language_info": {"codemirror_mode": "ipython"}, "signature": "sha256:0"}}, {"worksheets": []},
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["a", "a b", "", 3, None])
def test_what_others_reject_in_metadata_is_read(tmp_path, more, name):
    """Identifiers that are missing, doubled or of an earlier format, attachments, widgets without a state."""
    own = {} if name is None else {"id": name}
    attached = {**markdown("![](attachment:a.png)"), "attachments": {"a.png": {"image/png": "AA=="}}, **own}
    found = read(written(tmp_path / "a.ipynb", {**notebook({**code("x", 1), **own}, {**code("y"), **own}, attached), **more}))
    assert [(cell.source, cell.execution_count) for cell in found.code] == [("x", 1), ("y", None)]
    assert (found.language, found.notes) == ("python", ())


@pytest.mark.parametrize(
    "cell, count, shows",
    [
        (code("x", None, result("0.9")), 1, True),
        (code("x", None, stream("0.9")), None, True),
        (code("x", 3, result("0.9")), 3, True),
        (code("x"), None, False),
        ({**code("x"), "metadata": {"execution": {"iopub.status.busy": "2024-01-01"}}}, None, True),
        ({**code("x"), "metadata": {"executionInfo": {"status": "ok", "elapsed": 3}}}, None, True),
        ({**code("x"), "metadata": {"executionInfo": {"status": "error"}}}, None, False),
        ({**code("x"), "metadata": {"execution_start": 1700000000000}}, None, True),
        ({**code("x"), "metadata": {"execution": {}, "executionInfo": None}}, None, False),
        ({**code("x"), "metadata": []}, None, False),
    ],
)
def test_what_shows_that_a_cell_was_executed(tmp_path, cell, count, shows):
    found = read(written(tmp_path / "a.ipynb", notebook(cell)))
    assert (found.cells[0].execution_count, found.cells[0].shows_execution) == (count, shows)
    assert found.counted == (cell["execution_count"] is not None)


@pytest.mark.parametrize("mark, encoding", [(b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")])
def test_a_byte_order_mark_does_no_harm(tmp_path, mark, encoding):
    path = written(tmp_path / "a.ipynb", mark + json.dumps(GOOD).replace(", ", ",\r\n").encode(encoding))
    assert len(read(path).cells) == 2


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "empty"),
        (b" \r\n\0\0", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"{", "not JSON (line 1"),
        (b"print('hello')", "not JSON"),
        (b"\xff\x00\x80abc", "not UTF-8"),
        (b"PK\x03\x04\xff\xff", "ZIP"),
        (b"%PDF-1.7 \xff", "PDF"),
        (b"<html>", "HTML"),
        (b"[]", "a list"),
        (b"null", "null"),
        (b"3", "a number"),
        (b'"text"', "a text"),
        (b"{}", "list of cells"),
        (b'{"cells": 3}', "a number"),
        (b'{"cells": {"a": 1}}', "list of cells"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", "Git LFS"),
        (b'{\n<<<<<<< HEAD\n"a": 1\n=======\n"a": 2\n>>>>>>> other\n}', "merge-conflict marks (line 2)"),
        (b'{"nbformat": 5, "cells": []}', "format 5"),
        (b"[" * 150_000, "nested too deeply"),
        (b'{"cells":' * 50_000, "nested too deeply"),
        (b"[" + b"[]," * 250_000 + b"[]]", "JSON objects"),
        (b'{"a": ' + b"1" * 10_000 + b"}", "not JSON"),
    ],
)
def test_what_cant_be_read_is_said_in_one_line_with_what_to_do(tmp_path, content, words):
    message = told(written(tmp_path / "a.ipynb", content))
    assert words in message
    assert message.startswith("a.ipynb")
    assert ";" in message


def test_signs_of_json_within_texts_are_no_objects(tmp_path):
    path = written(tmp_path / "a.ipynb", notebook(code("x", 1, stream("\x1b[0m[{,\"" * 300_000))))
    assert read(path).cells[0].outputs


def test_more_code_than_anyone_writes_is_not_read(tmp_path):
    assert "characters of code" in told(written(tmp_path / "a.ipynb", notebook(*[code("x = 1\n" * 30_000)] * 15)))


def test_a_missing_file_a_folder_and_a_link_are_told_apart(tmp_path):
    assert "no such notebook" in told(tmp_path / "none.ipynb")
    (tmp_path / "folder.ipynb").mkdir()
    assert "a folder" in told(tmp_path / "folder.ipynb")
    (tmp_path / "link.ipynb").symlink_to(written(tmp_path / "a.ipynb", GOOD))
    assert "a link" in told(tmp_path / "link.ipynb")
    os.mkfifo(tmp_path / "pipe.ipynb")
    assert "not a regular file" in told(tmp_path / "pipe.ipynb")


def test_a_huge_file_is_not_read(tmp_path):
    with (tmp_path / "a.ipynb").open("wb") as file:
        file.truncate(40 << 20)
    assert "more than 32 MiB" in told(tmp_path / "a.ipynb")


def test_a_name_of_control_characters_stays_one_line(tmp_path):
    assert told(written(tmp_path / "a\n::set-output\x1b[31m.ipynb", b"{")).count("::") == 1


@pytest.mark.parametrize(
    "metadata, language",
    [
        ({}, "python"),
        ({"kernelspec": {"name": "python3", "language": "python"}}, "python"),
        ({"kernelspec": {"name": "ir", "language": "R"}}, "r"),
        ({"language_info": {"name": "julia"}}, "julia"),
        ({"kernelspec": {"name": "my-venv"}}, "python"),
        ({"colab": {"provenance": []}, "accelerator": "GPU"}, "python"),
        ({"vscode": {"interpreter": {"hash": "00"}}, "language_info": {"name": "python"}}, "python"),
        (3, "python"),
        ({"language_info": [], "kernelspec": 1}, "python"),
    ],
)
def test_the_kernels_language_is_told(tmp_path, metadata, language):
    found = read(written(tmp_path / "a.ipynb", notebook(metadata=metadata)))
    assert found.language == language
    assert bool(found.notes) == (language != "python")


@pytest.mark.parametrize(
    "output, kind, text",
    [
        (stream(["a\n", "b"]), "stream", "a\nb"),
        (stream("\x1b[1;31mred\x1b[0m \x1b]0;title\x07x"), "stream", "red x"),
        (stream("1/3\r2/3\r3/3\n"), "stream", "3/3\n"),
        (stream("10%\b\b\b20%\b\b\b30%"), "stream", "30%"),
        (result("0.9"), "result", "0.9"),
        ({"output_type": "pyout", "text": "old"}, "result", "old"),
        ({"output_type": "display_data", "data": {"text/plain": ["<Fig", "ure>"], "image/png": "AA"}}, "display", "<Figure>"),
        ({"output_type": "display_data", "data": 3}, "display", ""),
        ({"output_type": "stream"}, "stream", ""),
    ],
)
def test_outputs_are_plain_text(tmp_path, output, kind, text):
    (found,) = read(written(tmp_path / "a.ipynb", notebook(code("x", 1, output)))).cells[0].outputs
    assert (found.kind, found.text) == (kind, text)


def test_a_long_output_keeps_its_beginning_and_its_end(tmp_path):
    found = read(written(tmp_path / "a.ipynb", notebook(code("x", 1, stream("a" + "x" * 90_000 + "z"))))).cells[0].outputs[0]
    assert len(found.text) < 41_000
    assert (found.text[0], found.text[-1]) == ("a", "z")


def test_an_error_is_one_line_and_its_traceback_plain(tmp_path):
    (found,) = read(written(tmp_path / "a.ipynb", notebook(code("x", 1, error("NameError", "no x\n::error::"))))).cells[0].outputs
    assert found.error == "NameError: no x ::error::"
    assert "\x1b" not in found.text


@pytest.mark.parametrize("bad", [3, None, [], "x", {"output_type": 3}, {"output_type": "unknown"}])
def test_what_is_no_output_is_left_out(tmp_path, bad):
    assert read(written(tmp_path / "a.ipynb", notebook(code("x", 1, bad)))).cells[0].outputs == ()


@pytest.mark.parametrize("count, read_as", [(1, 1), (0, None), (-1, None), (True, None), ("1", None), (1e3, None), (10**30, None), (None, None)])
def test_only_a_positive_whole_number_is_a_count(tmp_path, count, read_as):
    assert read(written(tmp_path / "a.ipynb", notebook(code("x", count)))).cells[0].execution_count == read_as


def test_what_utf8_cant_hold_never_reaches_a_caller(tmp_path):
    path = written(tmp_path / "a.ipynb", b'{"cells": [{"cell_type": "code", "source": "a\\ud800b"}]}')
    assert read(path).cells[0].source.encode() == b"a?b"


def test_cells_that_are_none_keep_their_place(tmp_path):
    found = read(written(tmp_path / "a.ipynb", notebook(3, None, code("x"))))  # type: ignore[arg-type]
    assert [cell.kind for cell in found.cells] == ["raw", "raw", "code"]
    assert len(found.notes) == 2


JUPYTEXT = "# %% [markdown]\n# # Title\n# text\n\n# %%\nx = 1\n\n# %% a title\n# %matplotlib inline\ny = 2\n"
NBCONVERT = "#!/usr/bin/env python\n# coding: utf-8\n\n# # Title\n\n# In[1]:\n\n\nx = 1\n\n\n# In[ ]:\n\n\nget_ipython().system('ls')\n"
COLAB = (
    '# -*- coding: utf-8 -*-\n"""lab.ipynb\n\nAutomatically generated by Colab.\n"""\n\n!pip install x\nx = 1\n\n"""# Title"""\n\n'
    "# Commented out IPython magic to ensure Python compatibility.\n# %%time\n# x = 2\n\ny = 3\n"
)


@pytest.mark.parametrize(
    "text, kinds, sources",
    [
        (JUPYTEXT, "mcc", ["# Title\ntext", "x = 1", "# %matplotlib inline\ny = 2"]),
        (NBCONVERT, "ccc", [None, "x = 1", "get_ipython().system('ls')"]),
        (COLAB, "cmcmcc", [None, None, "!pip install x\nx = 1", "# Title", "%%time\nx = 2", "y = 3"]),
        ("x = 1\n", "c", ["x = 1"]),
        ('"""never closed\nx = 1', "c", ['"""never closed\nx = 1']),
    ],
)
def test_a_script_is_cut_into_the_cells_it_was_exported_from(tmp_path, text, kinds, sources):
    found = read(written(tmp_path / "a.py", text.encode()))
    assert found.form == "py"
    assert "".join(cell.kind[0] for cell in found.cells) == kinds
    for cell, source in zip(found.cells, sources, strict=True):
        assert source is None or cell.source == source


@settings(deadline=2_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300), ending=st.sampled_from([".ipynb", ".py"]))
def test_any_bytes_are_a_notebook_or_one_clear_error(tmp_path, data, ending):
    path = written(tmp_path / f"a{ending}", data)
    try:
        found = read(path)
    except SubmissionError as problem:
        message = str(problem)
    else:
        message = ""
        assert isinstance(found, Notebook)
    assert "\n" not in message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["cells", "source", "outputs", "cell_type", "metadata", "nbformat", "text", "data", "output_type",
                         "text/plain", "execution_count", "kernelspec", "language_info", "name", "ename", "traceback"]),
        inner | st.sampled_from(["code", "stream", "error", "display_data"]), max_size=6),
    max_leaves=15,
)  # fmt: skip


@settings(deadline=2_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(JSON, max_size=6), top=JSON)
def test_any_json_is_a_notebook_or_one_clear_error(tmp_path, cells, top):
    content = {**top, "cells": cells} if isinstance(top, dict) else {"cells": cells, "metadata": top}
    path = written(tmp_path / "a.ipynb", json.dumps(content).encode("utf-8", "surrogatepass"))
    try:
        found = read(path)
    except SubmissionError:
        return
    assert [cell.index for cell in found.cells] == list(range(len(found.cells)))
    "".join(cell.source + "".join(one.text for one in cell.outputs) for cell in found.cells).encode()


@pytest.mark.parametrize("text", ["\x1b]" * 100_000, "\x1b[" + "0" * 200_000, "\b" * 200_000, "\r" * 200_000, "a\b" * 100_000])
def test_no_output_takes_long_to_make_plain(tmp_path, text):
    path = written(tmp_path / "a.ipynb", notebook(code("x", 1, stream(text))))
    before = time.process_time()
    read(path)
    assert time.process_time() - before < 2
