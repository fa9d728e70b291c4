"""Kenning's logger."""

from __future__ import annotations

import logging

KLogger = logging.getLogger("kenning")


def get_logger() -> logging.Logger:
    """The same logger, as earlier editions of Kenning call it."""
    return KLogger
