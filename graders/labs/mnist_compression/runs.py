"""The names of the lab's runs; kept apart from their plan, because collecting tests needs no more than this."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOTEBOOK = "notebook"


def run_names(settings: Mapping[str, Any]) -> list[str]:  # noqa: ARG001 - every lab is asked alike
    """One notebook, one run."""
    return [NOTEBOOK]
