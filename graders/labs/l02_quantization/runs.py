"""The names of lab 2's runs, known before anything is drawn or imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NATIVE, FP32, DRAWN = "native", "fp32", "int8-drawn"
IMBALANCED, RENUMBERED = "imbalanced", "imbalanced-renumbered"


def run_names(settings: Mapping[str, Any]) -> list[str]:
    """Every run of the lab, in the order in which reports show them."""
    shares = [f"int8-{share}" for share in settings["calibration_shares"]]
    return [NATIVE, FP32, *shares, DRAWN, IMBALANCED, RENUMBERED]
