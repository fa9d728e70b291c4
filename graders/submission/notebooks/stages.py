"""Of which stage of the lab a label speaks, by a few words' beginnings in several languages and by file names."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

BASELINE, TFLITE, PTQ, QAT, QAT_TFLITE = "baseline", "tflite", "ptq", "qat", "qat_tflite"
PRUNED, PRUNED_TFLITE, PRUNED_QUANTIZED = "pruned", "pruned_tflite", "pruned_quantized"
STAGES = (BASELINE, TFLITE, PTQ, QAT, QAT_TFLITE, PRUNED, PRUNED_TFLITE, PRUNED_QUANTIZED)
QUANTIZED = "quantized"
"""In place of a stage: quantised, and nothing tells whether after training or while training."""
MAX_LABEL = 200
_DENSE = 0x2E80
_TOLD = ("pruned", "quantised", "aware", "post", "tflite", "keras", "baseline")
_SEPARATORS = re.compile(r"[_\-./\\:=()\[\]'\"+&,;|*#`\s\u2013\u2014\u2019\u3001\uff08\uff09\uff0c\uff1a]+")


@cache
def stage_words() -> dict[str, Any]:
    """The words of ``stages.toml``."""
    return tomllib.loads(Path(__file__).with_name("stages.toml").read_text(encoding="utf-8"))


def spaced(label: str) -> str:
    """A label in lower case with single spaces for everything that separates words, one before and behind."""
    return f" {_SEPARATORS.sub(' ', label[-MAX_LABEL:].casefold()).strip()} "


def has(text: str, words: Sequence[str]) -> bool:
    """Whether one of the words begins in a spaced label; in scripts without spaces it may begin anywhere."""
    return any((word if ord(word[0]) >= _DENSE else f" {word.strip()}") in text for word in words)


@lru_cache(maxsize=4096)
def stage_of(label: str) -> str | None:
    """The stage that a label names, ``QUANTIZED`` where it may be two, ``None`` where it names none."""
    text = spaced(label)
    words = stage_words()
    plain = text
    for phrase in words["negated"]:
        plain = plain.replace(phrase, "\0")
    negated = plain != text
    told = {name: has(plain, words[name]) for name in _TOLD}
    if told["pruned"]:
        return _pruned(told, negated)
    if told["aware"]:
        return _aware(plain, told, negated, words["quantised"])
    if told["post"]:
        return PTQ
    if told["quantised"]:
        return QUANTIZED
    if negated or told["tflite"]:
        return BASELINE if told["keras"] and not told["tflite"] else TFLITE
    return BASELINE if told["baseline"] or told["keras"] else None


def _pruned(told: dict[str, bool], negated: bool) -> str:
    if told["quantised"] or told["post"] or told["aware"]:
        return PRUNED_QUANTIZED
    return PRUNED_TFLITE if told["tflite"] or (negated and not told["keras"]) else PRUNED


def _aware(text: str, told: dict[str, bool], negated: bool, quantised: Sequence[str]) -> str:
    """The Keras model, or the file made of it: that is ``.tflite``, or "quantization aware" and quantised besides."""
    if told["tflite"]:
        return QAT_TFLITE
    if negated or told["keras"]:
        return QAT
    times = sum(text.count(word if ord(word[0]) >= _DENSE else f" {word}") for word in quantised)
    return QAT_TFLITE if times > 1 or (times and " qat " in text) else QAT
