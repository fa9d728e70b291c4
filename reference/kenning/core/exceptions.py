"""Errors that scenarios and optimizers raise."""

from __future__ import annotations

from typing import Any


class KenningError(Exception):
    """Base of all errors here; the runner prints its message as one line."""


class ScenarioError(KenningError):
    """A scenario that can't be run: a missing file, an unknown type or key, a bad value."""


class IOSpecificationNotFoundError(KenningError):
    """Nothing says what a model's inputs and outputs are."""


class ConversionError(KenningError):
    """A model that can't be loaded."""


def in_one_line(message: Any, limit: int = 300) -> str:
    """A library's message without its line breaks, cut to a length."""
    text = " ".join(str(message).split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
