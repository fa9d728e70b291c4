"""A notebook's code as plain Python, cell by cell, line for line."""

from __future__ import annotations

import re

from graders.core.text import SHORT, plain_line
from graders.submission.notebooks.magics import (
    NOTHING,
    RUNS_CELL,
    WRITES,
    CellMagic,
    Replacement,
    before_cell,
    cell_magic,
    of_assigned,
    of_line,
    writing,
)
from graders.submission.notebooks.model import Cell, CellCode, Notebook
from graders.submission.notebooks.statements import Kind, Statement, statements, without_strings

MAX_SKIPPED = 50
MAX_NESTED = 20
NOT_RUN = "# not run here"
_PROMPT = re.compile(r"[ \t]*(?:>>>|In \[\d{1,9}\]:)(?: |$)")
_PROMPTS = re.compile(r"^[ \t]*(?:>>>|\.\.\.|In \[\d{1,9}\]:|\.{3,12}:)(?: |$)", re.MULTILINE)
# In a cell of one line IPython takes a magic's name for the magic ("pip install x") without its sign.
_AUTOMAGIC = re.compile(
    r"[ \t]*+(?:(?:pip3?|conda|mamba|ls|ll|cd|cat|cp|mv|rm|rmdir|man|more|less|matplotlib|load_ext|reload_ext"
    r"|autoreload|tensorflow_version)[ \t]++(?!(?:in|is|and|or|if|not|for|else)\b)(?:-{0,2}\w|[./~\"'])"
    r"|(?:ls|ll|pwd|who|whos|clear)\s*+\Z)"
)
_BY_CALL = re.compile(r"(?:[\w., \t]{1,200}(?<!=)=[ \t]*+)?get_ipython\(\)\.(\w++)\(")
_LITERAL = r"""(?:'(?:[^'\\\n]|\\.)*+'|"(?:[^"\\\n]|\\.)*+")"""
_TIMED = re.compile(
    rf"get_ipython\(\)\.(?:run_line_magic\(\s*+['\"]time['\"]|run_cell_magic\(\s*+['\"](?:time|capture|timeit|prun)['\"]"
    rf"\s*+,\s*+{_LITERAL})\s*+,\s*+({_LITERAL})\s*+\)\s*+\Z"
)


def runnable(notebook: Notebook) -> tuple[CellCode, ...]:
    """The code cells as Python that needs no IPython; empty ones too.

    Shell lines, magics and questions for help are replaced, each by as many lines, and named in ``skipped``. Where it
    costs nothing they are done another way: ``%time statement`` runs its statement, ``%%time`` and ``%%capture`` their
    cell, ``!mkdir`` makes the folder, ``%env`` sets the variable, ``%%writefile`` writes the file. What IPython puts
    into a cell's names besides (``display``, ``get_ipython``) is for whoever runs the code.
    """
    return tuple(_runnable(cell) for cell in notebook.code)


def code_only(cell: Cell) -> str:
    """A cell's code without comments and the contents of strings."""
    return without_strings(plain_python(cell.source, []))[0]


def _runnable(cell: Cell) -> CellCode:
    skipped: list[str] = []
    code = plain_python(cell.source, skipped)
    if len(skipped) > MAX_SKIPPED:
        skipped[MAX_SKIPPED:] = [f"and {len(skipped) - MAX_SKIPPED:,} lines more"]
    return CellCode(cell.index, code, tuple(skipped))


def plain_python(source: str, skipped: list[str]) -> str:
    """A cell's source as Python of as many lines; what was left out is added to ``skipped``."""
    text = _without_prompts(_dedented(source))
    if _AUTOMAGIC.match(text) and "\n" not in text.strip():
        skipped.append(_note(text[: len(text) - len(text.lstrip())].count("\n") + 1, text.strip(), NOTHING))
        return _blank(text)
    done, rest = "", text
    for _ in range(MAX_NESTED):
        empty = len(rest) - len(rest.lstrip())
        begin = rest.rfind("\n", 0, empty) + 1
        first, newline, body = rest[begin:].partition("\n")
        magic = cell_magic(first)
        if magic is None:
            break
        above = done + rest[:begin]
        line = above.count("\n") + 1
        if magic.name not in RUNS_CELL:
            return above + _unrun_cell(magic, body, newline, line, skipped)
        skipped.append(_note(line, first, Replacement(note="its cell runs")))
        done, rest = above + (before_cell(magic) or NOT_RUN) + newline, _without_prompts(_dedented(body))
        if not newline:
            return done
    return done + _lines(rest, done.count("\n") + 1, skipped)


def _unrun_cell(magic: CellMagic, body: str, newline: str, line: int, skipped: list[str]) -> str:
    """A cell whose body is no Python of this process: written to a file, or left out."""
    instead = writing(magic, body) if magic.name in WRITES else NOTHING
    note = instead if instead.code else Replacement(note="neither it nor the rest of its cell is run")
    skipped.append(_note(line, f"%%{magic.name} {magic.argument}", note))
    return (instead.code or NOT_RUN) + newline + _blank(body)


def _lines(text: str, first: int, skipped: list[str]) -> str:
    parts = []
    line = first
    for statement in statements(text):
        raw = text[statement.start : statement.end]
        parts.append(_replaced(text, statement, line, skipped))
        line += raw.count("\n") + 1
    return "\n".join(parts)


def _replaced(text: str, statement: Statement, line: int, skipped: list[str]) -> str:
    """A logical line with what is IPython's replaced; as many lines as before."""
    raw = text[statement.start : statement.end]
    code = text[statement.code : statement.end]
    if statement.kind is Kind.PYTHON:
        return _without_call(raw, line, skipped) if "get_ipython" in raw else raw
    instead = NOTHING
    if statement.kind is Kind.ESCAPED:
        instead = of_line(code)
    elif statement.kind is Kind.ASSIGNED:
        instead = of_assigned(code)
    skipped.append(_note(line, raw, instead))
    before = text[statement.start : statement.code]
    inner = instead.code or ("pass" if before and statement.kind is not Kind.ASSIGNED else NOT_RUN)
    return before + inner + "\n" * (raw.count("\n") - before.count("\n") - inner.count("\n"))


def _without_call(raw: str, line: int, skipped: list[str]) -> str:
    """A statement that calls IPython by name, as nbconvert writes magics into a script."""
    indent = raw[: len(raw) - len(raw.lstrip())]
    statement = raw[len(indent) :]
    if not _BY_CALL.match(statement) or "\n" in statement.strip():
        return raw
    timed = _TIMED.match(statement)
    name, assigned, _ = statement.partition("get_ipython")[0].partition("=")
    if timed:
        instead = Replacement(f"exec({timed.group(1)})", "its statement runs")
    elif assigned:
        instead = Replacement(f"{name.rstrip()} = []", "not run; an empty list in its place")
    else:
        instead = Replacement("pass", "not run")
    skipped.append(_note(line, raw, instead))
    return indent + instead.code + "\n" * raw.count("\n")


def _note(line: int, text: str, instead: Replacement) -> str:
    return f"line {line}: {plain_line(text, SHORT)} ({instead.note})"


def _blank(text: str) -> str:
    return "\n" * text.count("\n")


def _dedented(source: str) -> str:
    """Without the indentation of the first line that is not empty, as IPython takes it off every line."""
    first = next((line for line in source.split("\n", 200) if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip(" \t"))]
    if not indent:
        return source
    return "\n".join(line.removeprefix(indent) for line in source.split("\n"))


def _without_prompts(source: str) -> str:
    """Without the prompts of a session that was pasted in; the first or the second line shows whether there are any."""
    lines = source.strip("\n").split("\n", 2)[:2]
    pasted = _PROMPT.match(lines[0]) or any(_PROMPT.match(line) for line in lines[1:])
    return _PROMPTS.sub("", source) if pasted else source
