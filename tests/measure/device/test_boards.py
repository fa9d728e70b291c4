"""The table of boards, and the rule of what fits."""

from __future__ import annotations

import pytest

from graders.measure.device.boards import KIB, Board, BoardTable, Rest, board_table

BOARD = Board("board", flash=1000, ram=500, source="")
TABLE = BoardTable(Rest(flash=200, ram=100), (BOARD,))


@pytest.mark.parametrize(
    ("flash", "arena", "fit"),
    [
        (800, 400, "fits"),
        (801, 400, "flash"),
        (800, 401, "RAM"),
        (801, 401, "flash and RAM"),
        (800, None, "unknown"),
        (801, None, "flash"),
    ],
)
def test_what_a_program_needs_is_left_free(flash: int, arena: int | None, fit: str) -> None:
    assert TABLE.fit(BOARD, flash, arena) == fit


def test_each_board_has_a_document_and_room_for_a_program() -> None:
    table = board_table()
    assert len(table.boards) >= 8
    assert len({each.name for each in table.boards}) == len(table.boards)
    for each in table.boards:
        assert "://" not in each.source
        assert "www." not in each.source
        assert len(each.source) > 20
        assert table.fit(each, flash=16 * KIB, arena=8 * KIB) == "fits"
        assert table.fit(each, flash=each.flash, arena=each.ram) == "flash and RAM"
