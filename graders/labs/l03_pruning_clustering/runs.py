"""The names of lab 3's runs, separate from their plan, because collecting tests needs only the names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BASE, CLUSTERED, PRUNED, DRAWN = "base", "clustered", "pruned", "drawn"


def run_names(settings: Mapping[str, Any]) -> list[str]:
    """Every run of the lab, in the order in which reports show them."""
    clustered = [f"{CLUSTERED}-{clusters}" for clusters in (*settings["clusters"], DRAWN)]
    pruned = [f"{PRUNED}-{sparsity}" for sparsity in (*settings["sparsities"], DRAWN)]
    return [BASE, *clustered, *pruned]
