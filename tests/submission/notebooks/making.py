"""Notebooks as Jupyter, Colab and others write them, for the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from graders.submission.notebooks import Cell, Notebook, Output


def code(source: str | list[str], count: int | None = None, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "execution_count": count, "metadata": {}, "outputs": list(outputs)}


def markdown(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": source, "metadata": {}}


def stream(text: str | list[str]) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def result(text: str, **more: str) -> dict[str, Any]:
    return {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {"text/plain": text, **more}}


def error(name: str, value: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": value, "traceback": [f"\x1b[0;31m{name}\x1b[0m: {value}"]}


def notebook(*cells: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **more}


def written(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
    path.write_bytes(data)
    return path


def of_cells(*cells: Cell, form: str = "ipynb") -> Notebook:
    return Notebook(Path("a.ipynb"), form, cells)


def ran(index: int, source: str, *texts: str, count: int | None = None) -> Cell:
    return Cell(index, "code", source, count, tuple(Output("stream", text) for text in texts))
