"""Well-known boards, and whether a model fits on them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

KIB = 1024
Fit = Literal["fits", "flash", "RAM", "flash and RAM", "unknown"]
"""What a board has too little of; unknown if the arena is and the flash suffices."""


@dataclass(frozen=True)
class Board:
    """A board's flash and RAM in bytes, and the vendor's document that says so."""

    name: str
    flash: int
    ram: int
    source: str


@dataclass(frozen=True)
class Rest:
    """What a program needs beside the model, in bytes."""

    flash: int
    ram: int


@dataclass(frozen=True)
class BoardTable:
    """The boards, and what is needed on each beside the model."""

    rest: Rest
    boards: tuple[Board, ...]

    def fit(self, board: Board, flash: int, arena: int | None) -> Fit:
        """Whether a board takes a file of ``flash`` bytes that needs an arena of so many; None if that is unknown."""
        enough_flash = flash + self.rest.flash <= board.flash
        enough_ram = arena is None or arena + self.rest.ram <= board.ram
        if enough_flash and enough_ram:
            return "unknown" if arena is None else "fits"
        if not enough_flash and not enough_ram:
            return "flash and RAM"
        return "RAM" if enough_flash else "flash"


@cache
def board_table() -> BoardTable:
    """What ``boards.toml`` says."""
    found = tomllib.loads(Path(__file__).with_name("boards.toml").read_text(encoding="utf-8"))
    boards = (Board(each["name"], each["flash"] * KIB, each["ram"] * KIB, each["source"]) for each in found["board"])
    rest = Rest(found["rest"]["flash"] * KIB, found["rest"]["ram"] * KIB)
    return BoardTable(rest, tuple(boards))
