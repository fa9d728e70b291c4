"""What files cost on a device, as grading writes it: a right file, a large one, one that no runtime for devices runs."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

BOARDS = {"Nano": (1 << 20, 256 << 10), "Disco": (1 << 20, 320 << 10), "Micro": (128 << 20, 64 << 20)}


def setup(runtime: str = "tflite-micro 0.dev20261023182759") -> Json:
    boards = [
        {"name": name, "flash": flash, "ram": ram, "source": f"Vendor, {name} data sheet"}
        for name, (flash, ram) in BOARDS.items()
    ]
    return {"runtime": runtime, "rest": {"flash": 128 << 10, "ram": 32 << 10}, "boards": boards}


def file(name: str, flash: int, arena: int | None, fits: tuple[str, ...], **more: Any) -> Json:
    """A file; on boards that it does not fit on, there is too little RAM."""
    agreement = {"inputs": 1, "unit": "codes", "reference": 1.0, "xnnpack": 2.0, "agree": True}
    found: Json = {
        "run": name,
        "name": name,
        "sha256": f"{sum(name.encode()):064x}",
        "flash": flash,
        "macs": 13_847_040,
        "parameters": 29_597,
        "uncounted": [],
        "missing_kernels": [],
        "arena": None if arena is None else {"total": arena, "activations": arena - 10_000, "persistent": 10_000},
        "reason": "",
        "agreement": None if arena is None else agreement,
        "untried": "",
        "accuracy": 0.94,
        "boards": {board: "fits" if board in fits else "RAM" for board in BOARDS},
    }
    return {**found, **more}


def refused(name: str) -> Json:
    """A file with an operator that there is no kernel for."""
    operator = "FULLY_CONNECTED with float32 values and int8 weights (dynamic-range quantisation)"
    reason = f"TensorFlow Lite Micro has no kernel for {operator}"
    more = {"missing_kernels": [operator], "reason": reason, "untried": reason, "boards": {}}
    return file(name, 24_384, None, (), **more)


def files() -> list[Json]:
    small = [file(f"int8-{share}", 61_640, 261_680, ("Disco", "Micro")) for share in ("0.01", "0.08")]
    return [*small, file("fp32", 126_504, 1_013_936, ("Micro",)), refused("hybrid")]
