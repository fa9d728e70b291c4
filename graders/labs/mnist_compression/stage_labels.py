"""Which stage of the lab a label names, by a few words' beginnings in several languages and by file names."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path

from graders.submission.notebooks.labels import DENSE, StageLabels, begins_word, spaced

BASELINE, TFLITE, PTQ, QAT, QAT_TFLITE = "baseline", "tflite", "ptq", "qat", "qat_tflite"
PRUNED, PRUNED_TFLITE, PRUNED_QUANTIZED = "pruned", "pruned_tflite", "pruned_quantized"
STAGES = (BASELINE, TFLITE, PTQ, QAT, QAT_TFLITE, PRUNED, PRUNED_TFLITE, PRUNED_QUANTIZED)
QUANTIZED = "quantized"
"""In place of a stage: quantised, and nothing says whether after training or while training."""
_GROUPS = ("pruned", "quantised", "aware", "post", "tflite", "keras", "baseline")


@cache
def words(section: str) -> Mapping[str, Sequence[str]]:
    """A section of ``words.toml``: lists of words by name."""
    data = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
    return {name: tuple(stems) for name, stems in data[section].items()}


@lru_cache(maxsize=4096)
def stage_of(label: str) -> str | None:
    """The stage that a label names, ``QUANTIZED`` if it may be two, ``None`` if it names none."""
    text = spaced(label)
    stems = words("stages")
    plain = text
    for phrase in stems["negated"]:
        plain = plain.replace(phrase, "\0")
    negated = plain != text
    has = {name: begins_word(plain, stems[name]) for name in _GROUPS}
    if has["pruned"]:
        return _pruned(has, negated)
    if has["aware"]:
        return _aware(plain, has, negated, stems["quantised"])
    if has["post"]:
        return PTQ
    if has["quantised"]:
        return QUANTIZED
    if negated or has["tflite"]:
        return BASELINE if has["keras"] and not has["tflite"] else TFLITE
    return BASELINE if has["baseline"] or has["keras"] else None


def _pruned(has: Mapping[str, bool], negated: bool) -> str:
    if has["quantised"] or has["post"] or has["aware"]:
        return PRUNED_QUANTIZED
    return PRUNED_TFLITE if has["tflite"] or (negated and not has["keras"]) else PRUNED


def _aware(text: str, has: Mapping[str, bool], negated: bool, quantised: Sequence[str]) -> str:
    """The Keras model, or the file made of it: that is ``.tflite``, or "quantization aware" and quantised besides."""
    if has["tflite"]:
        return QAT_TFLITE
    if negated or has["keras"]:
        return QAT
    times = sum(text.count(stem if ord(stem[0]) >= DENSE else f" {stem}") for stem in quantised)
    return QAT_TFLITE if times > 1 or (times and " qat " in text) else QAT


LABELS = StageLabels(STAGES, stage_of, QUANTIZED, titles=frozenset({PRUNED_QUANTIZED}))
