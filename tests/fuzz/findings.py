"""Crashes as files: each kind once, with the input and what was raised."""

from __future__ import annotations

import hashlib
import re
import traceback
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.target import ROOT

FRAMES = 3
_FRAME = re.compile(r'File "([^"]+)", line (\d+)')


@dataclass(frozen=True)
class Finding:
    """A crash: the input's file, and in a few lines what happened."""

    input: Path
    text: str


class Findings:
    """The crashes of one target, in a folder."""

    def __init__(self, folder: Path, suffix: str) -> None:
        self.folder, self._suffix = folder, suffix
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, data: bytes, text: str) -> None:
        """Saves an input, unless one of the same kind is there; of two the smaller one is kept."""
        key = hashlib.sha256(kind_of(text).encode()).hexdigest()[:12]
        path = self.folder / f"{key}{self._suffix}"
        if path.exists() and path.stat().st_size <= len(data):
            return
        path.write_bytes(data)
        (self.folder / f"{key}.txt").write_text(text, encoding="utf-8", errors="backslashreplace")

    def all(self) -> list[Finding]:
        """Each kind of crash."""
        return [
            Finding(text.with_suffix(self._suffix), text.read_text(encoding="utf-8"))
            for text in sorted(self.folder.glob("*.txt"))
        ]


def text_of(error: BaseException) -> str:
    """An exception with its traceback, however long that is."""
    lines = "".join(traceback.format_exception(error, limit=-30)).splitlines()
    if len(lines) > 120:
        lines = [*lines[:20], "...", *lines[-100:]]
    return "\n".join(line[:500] for line in lines)


def kind_of(text: str) -> str:
    """What crashes have in common: the exception's class, and where in optgrade's own code it came from."""
    lines = [line for line in text.splitlines() if line.strip()]
    own = [f"{name}:{line}" for name, line in _FRAME.findall(text) if name.startswith(str(ROOT / "graders"))]
    last = lines[-1] if lines else ""
    words = last.partition(":")[0] if own else re.sub(r"\d+", "0", last)[:80]
    return f"{words} {' '.join(own[-FRAMES:])}"
