"""Reading a notebook: JSON of nbformat 2 to 4, whatever program wrote it, or a script exported from one.

The format is read by hand and not by nbformat: only four keys a cell are needed, a file with other
faults is read all the same, and nothing of the student's reaches a schema validator.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from graders.core.errors import SubmissionError
from graders.core.text import SHORT, displayed_output, plain_line, unix_text
from graders.submission.notebooks.exports import read_export
from graders.submission.notebooks.files import read_bytes
from graders.submission.notebooks.model import Cell, Notebook, Output

MAX_CELLS = 2_000
MAX_SOURCE = 200_000
MAX_CODE = 2_000_000
MAX_OUTPUTS = 200
MAX_OUTPUT = 40_000
MAX_TYPES = 10
# What bounds the memory that JSON takes: objects and arrays, and values in all.
MAX_OBJECTS, MAX_VALUES = 200_000, 2_000_000
_CONFLICT = re.compile(rb"^(?:<{7} |>{7} )", re.MULTILINE)
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_LFS = b"version https://git-lfs.github.com/spec/"
_SAVE = "open it in Jupyter, run all cells, save it and submit that file"
_KINDS = {"stream": "stream", "execute_result": "result", "pyout": "result", "display_data": "display",
          "update_display_data": "display", "error": "error", "pyerr": "error"}  # fmt: skip
_MAGIC = ((b"PK\x03\x04", "a ZIP archive"), (b"%PDF", "a PDF"), (b"\x89PNG", "an image"), (b"\x89HDF", "an HDF5 file"),
          (b"\x1f\x8b", "a gzip archive"), (b"<", "HTML or XML"))  # fmt: skip


def read(path: Path) -> Notebook:
    """The notebook in a file: ``.ipynb``, or a ``.py`` exported from one.

    :raises SubmissionError: it can't be read; one line says what was expected, what came, and what to do.
    """
    data = read_bytes(path)
    name = plain_line(path.name, SHORT)
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise SubmissionError(f"{name}: expected a notebook, but the file is empty; {_SAVE}")
    if data.startswith(_LFS):
        raise SubmissionError(
            f"{name}: expected a notebook, but this is a Git LFS pointer to it; commit the notebook itself"
        )
    text = _text(data, name)
    if path.suffix.lower() == ".py":
        cells = read_export(text, MAX_CELLS, MAX_SOURCE)
        _bounded(cells, name)
        return Notebook(path, "py", cells)
    return _notebook(path, _parsed(data, text, name), name)


def _text(data: bytes, name: str) -> str:
    encoding, mark = next(((name, mark) for mark, name in _MARKS if data.startswith(mark)), ("utf-8", b""))
    try:
        return data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        what = next((what for magic, what in _MAGIC if data.startswith(magic)), f"not UTF-8 (byte {error.start + 1:,})")
        raise SubmissionError(f"{name}: expected a notebook, but the file is {what}; {_SAVE}") from None


def _parsed(data: bytes, text: str, name: str) -> dict[str, Any]:
    """The JSON object of a notebook."""
    if _is_too_much(text) and _is_too_much(_STRING.sub("", text)):
        raise SubmissionError(
            f"{name}: expected a notebook of at most {MAX_OBJECTS:,} JSON objects, but it has more; clear the "
            "outputs that print or draw whole data sets, and save it again"
        )
    try:
        found = json.loads(text)
    except RecursionError:
        raise SubmissionError(f"{name}: expected a notebook, but its JSON is nested too deeply; {_SAVE}") from None
    except ValueError as error:
        raise SubmissionError(f"{name}: {_not_json(data, error)}") from None
    if not isinstance(found, dict):
        raise SubmissionError(f"{name}: expected a notebook, but its JSON is {_kind(found)}; {_SAVE}")
    return found


def _is_too_much(text: str) -> bool:
    objects = text.count("{") + text.count("[")
    return objects > MAX_OBJECTS or objects + text.count(",") > MAX_VALUES


def _not_json(data: bytes, error: ValueError) -> str:
    if conflict := _CONFLICT.search(data):
        line = data.count(b"\n", 0, conflict.start()) + 1
        return f"expected a notebook, but it has merge-conflict marks (line {line:,}); resolve them, and {_SAVE}"
    what = next((what for magic, what in _MAGIC if data.lstrip().startswith(magic)), "")
    where = f" (line {error.lineno:,}: {error.msg})" if isinstance(error, json.JSONDecodeError) else ""
    return f"expected a notebook, but the file is {what or f'not JSON{where}'}; {_SAVE}"


def _kind(value: object) -> str:
    if value is None:
        return "null"
    names = {list: "a list", str: "a text", bool: "true or false"}
    return names.get(type(value), "a number")


def _notebook(path: Path, found: dict[str, Any], name: str) -> Notebook:
    version = found.get("nbformat")
    if isinstance(version, int) and version > 4:
        known = version if version < 1000 else "of no known number"
        raise SubmissionError(f"{name}: expected a notebook of format 4, but it has format {known}; {_SAVE}")
    raw = _raw_cells(found)
    if not isinstance(raw, list):
        came = "has none" if raw is None else f"has {_kind(raw)} in their place"
        raise SubmissionError(f"{name}: expected a notebook with a list of cells, but it {came}; {_SAVE}")
    cells, notes = _cells(raw)
    _bounded(cells, name)
    language = _language(found)
    if language != "python":
        notes = (*notes, f"the notebook's language is {language}; expected python")
    return Notebook(path, "ipynb", cells, language, notes, any(_own_count(each) is not None for each in raw))


def _raw_cells(found: dict[str, Any]) -> object:
    """The list of cells; up to format 3 they are in worksheets."""
    sheets = found.get("worksheets")
    if isinstance(found.get("cells"), list) or not isinstance(sheets, list):
        return found.get("cells")
    lists = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
    return [cell for cells in lists if isinstance(cells, list) for cell in cells]


def _bounded(cells: Sequence[Cell], name: str) -> None:
    if sum(len(cell.source) for cell in cells if cell.kind == "code") > MAX_CODE:
        raise SubmissionError(
            f"{name}: expected a notebook with at most {MAX_CODE:,} characters of code, but it has more; "
            "put data into files of their own"
        )


def _cells(raw: list[Any]) -> tuple[tuple[Cell, ...], tuple[str, ...]]:
    notes = []
    if len(raw) > MAX_CELLS:
        notes.append(f"only the first {MAX_CELLS:,} of {len(raw):,} cells were read")
    cells = []
    for index, each in enumerate(raw[:MAX_CELLS]):
        if not isinstance(each, dict):
            notes.append(f"cell {index + 1} is {_kind(each)}, not a cell; skipped") if len(notes) < MAX_TYPES else None
            cells.append(Cell(index, "raw", ""))
            continue
        cells.append(_cell(index, each))
        if len(cells[-1].source) >= MAX_SOURCE and len(notes) < MAX_TYPES:
            notes.append(f"cell {index + 1}: only the first {MAX_SOURCE:,} characters were read")
    return tuple(cells), tuple(notes)


def _cell(index: int, raw: dict[str, Any]) -> Cell:
    named = raw.get("cell_type")
    kind = named if named in ("code", "markdown") else "raw"
    source = unix_text(_joined(raw.get("source", raw.get("input")), MAX_SOURCE))
    if named == "heading":
        level = _count(raw.get("level")) or 1
        return Cell(index, "markdown", f"{'#' * min(level, 6)} {source}")
    if kind != "code":
        return Cell(index, kind, source)
    found = raw.get("outputs")
    outputs: list[Any] = found if isinstance(found, list) else []
    counts = (_own_count(each) for each in (raw, *outputs[:MAX_OUTPUTS]))
    count = next((each for each in counts if each is not None), None)
    return Cell(index, kind, source, count, tuple(_outputs(outputs)), _is_stamped(raw.get("metadata")))


def _own_count(raw: object) -> int | None:
    """The execution count of a cell or of an output, under its name in any format."""
    if not isinstance(raw, dict):
        return None
    return _count(raw.get("execution_count", raw.get("prompt_number")))


def _is_stamped(metadata: object) -> bool:
    """Whether a service noted when it executed the cell: Colab, Kaggle and papermill, Deepnote."""
    if not isinstance(metadata, dict):
        return False
    colab, times = metadata.get("executionInfo"), metadata.get("execution")
    done = isinstance(colab, dict) and colab.get("status") == "ok"
    return done or (isinstance(times, dict) and bool(times)) or isinstance(metadata.get("execution_start"), int)


def _joined(value: object, most: int) -> str:
    """A text that is stored as one, or as a list of its lines."""
    if isinstance(value, str):
        return value[:most]
    if not isinstance(value, list):
        return ""
    parts, size = [], 0
    for part in value:
        if isinstance(part, str):
            parts.append(part)
            size += len(part)
        if size > most:
            break
    return "".join(parts)[:most]


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1_000_000 else None


def _outputs(raw: list[Any]) -> Iterator[Output]:
    for each in raw[:MAX_OUTPUTS]:
        named = each.get("output_type") if isinstance(each, dict) else None
        kind = _KINDS.get(named) if isinstance(named, str) else None
        if kind == "error":
            yield _error(each)
        elif kind == "stream":
            yield Output(kind, _plain(each.get("text")))
        elif kind:
            data = each.get("data", each)
            data = data if isinstance(data, dict) else {}
            types = tuple(plain_line(key, 60) for key in data if "/" in key and key != "text/plain")[:MAX_TYPES]
            yield Output(kind, _plain(data.get("text/plain", data.get("text"))), None, types)


def _plain(value: object) -> str:
    return displayed_output(_joined(value, 50 * MAX_OUTPUT), MAX_OUTPUT)


def _error(raw: dict[str, Any]) -> Output:
    name, value = (plain_line(_joined(raw.get(key), 2_000), SHORT) for key in ("ename", "evalue"))
    traceback = raw.get("traceback")
    lines = [line for line in traceback if isinstance(line, str)] if isinstance(traceback, list) else []
    return Output("error", _plain("\n".join(lines[:MAX_OUTPUTS])), f"{name}: {value}" if value else name or "an error")


def _language(found: dict[str, Any]) -> str:
    metadata = found.get("metadata")
    for part, key in (("language_info", "name"), ("kernelspec", "language"), ("kernelspec", "name")):
        inner = metadata.get(part) if isinstance(metadata, dict) else None
        value = inner.get(key) if isinstance(inner, dict) else None
        if isinstance(value, str) and value.strip():
            name = plain_line(value, 40).lower()
            return "python" if name.startswith(("python", "ipython")) or (part, key) == ("kernelspec", "name") else name
    return "python"
