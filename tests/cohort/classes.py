"""Classes as they come from gradebooks and clones: submissions of a line or two each."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

LAB_FILE = "labs/work.py"
LAB_FILES = [LAB_FILE]


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    """An archive of these files."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 30, 12, 0, 0)), content)
    return data.getvalue()


def work(text: str = "x = 1\n") -> dict[str, str]:
    """The files of a submission."""
    return {LAB_FILE: text, "README.md": "mine\n"}


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Writes files below a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def submission(folder: Path, text: str = "x = 1\n") -> Path:
    """A student's folder."""
    return write(folder, work(text))
