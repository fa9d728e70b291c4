"""What is wrong with arguments, files, data or models."""

from __future__ import annotations

from typing import Any


class CompressionError(Exception):
    """A model can't be compressed as requested; the command line prints the message as one line."""


def in_one_line(message: Any, limit: int = 300) -> str:
    """A library's message without its line breaks, cut to a length."""
    text = " ".join(str(message).split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
