"""What a lab report is called, in several languages."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from graders.submission.notebooks.labels import begins_word, spaced


@cache
def _stems() -> tuple[str, ...]:
    data = tomllib.loads(Path(__file__).with_name("report_names.toml").read_text(encoding="utf-8"))
    return tuple(data["names"])


def is_report_name(path: str) -> bool:
    """Whether a file is called a report."""
    name = path.rpartition("/")[2].rpartition(".")[0]
    return begins_word(spaced(name.replace("lab", "lab ", 1)), _stems()) or begins_word(spaced(name), _stems())
