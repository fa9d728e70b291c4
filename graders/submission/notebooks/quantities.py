"""Words that say what a number measures, and a label's title apart from what is its entry's own."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from graders.submission.notebooks.labels import StageLabels, begins_word, spaced


@cache
def stems() -> Mapping[str, Sequence[str]]:
    """The words of ``quantities.toml``, by group."""
    data = tomllib.loads(Path(__file__).with_name("quantities.toml").read_text(encoding="utf-8"))
    return {name: tuple(words) for name, words in data.items()}


def names(text: str, group: str) -> bool:
    """Whether a text has a word of a group."""
    return begins_word(spaced(text), stems()[group])


def split_title(label: str, labels: StageLabels) -> tuple[str, str]:
    """A label's title and what is the entry's own: "gzipped model size in bytes", "for baseline (gzipped)".

    The title ends with the last word for a size before the first word for a stage.
    """
    words = spaced(label).split()
    stage = next((at for at in range(len(words)) if labels.stage_of(" ".join(words[: at + 1]))), len(words))
    if stage == len(words):
        return "", " ".join(words)
    sizes = [at for at in range(stage) if begins_word(f" {words[at]} ", stems()["size"])]
    end = sizes[-1] + 1 if sizes else 0
    return " ".join(words[:end]), " ".join(words[end:])
