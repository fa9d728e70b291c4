"""The budget and the bounds with which a file is read, to the last entry."""

from __future__ import annotations

from typing import Any

import ai_edge_litert.schema_py_generated as schema
import numpy as np
import pytest

from graders.measure.tflite import MalformedModel
from graders.measure.tflite.model import Span
from graders.measure.tflite.schema import MAX_BYTES, MAX_COST, MAX_TEXT, TABLE_COST, Source, names

DATA = b"\0\0\0\0TFL3" + bytes(92)
"""A hundred bytes that begin as a file of the format does."""


class Claims:
    """A table that claims to have so many entries, as the generated ones answer."""

    def __init__(self, count: int) -> None:
        self.count = count

    def EntriesLength(self) -> int:
        return self.count

    def Entries(self, index: int) -> int:
        return index

    def EntriesAsNumpy(self) -> Any:
        return np.arange(self.count)


def source_with(left: int) -> Source:
    """A file of which only so much may still be read."""
    source = Source(DATA)
    source.spend(MAX_COST - left, "what came before")
    return source


def refused(message: str) -> Any:
    return pytest.raises(MalformedModel, match=message)


def test_the_budget_may_be_used_up() -> None:
    """All of it may be spent, and not one more."""
    source = source_with(1)
    source.spend(1, "the last entry")
    with refused("too many entries: the limit was reached at one more"):
        source.spend(1, "one more")


def test_a_file_of_as_many_bytes_as_are_allowed() -> None:
    """The limit itself is allowed."""
    assert Source(DATA, max_bytes=len(DATA)).data == DATA
    with refused("100 bytes, more than the 99 allowed"):
        Source(DATA, max_bytes=len(DATA) - 1)
    assert MAX_BYTES == 1 << 28


def test_tables_cost_what_they_take() -> None:
    """Tables of four bytes at least fit into the file, and each is paid for."""
    assert list(source_with(25 * TABLE_COST).tables(Claims(25), "Entries")) == list(range(25))
    with refused("Entries claims 26 entries in a file of 100 bytes"):
        Source(DATA).tables(Claims(26), "Entries")
    with refused("the limit was reached at Entries"):
        source_with(25 * TABLE_COST - 1).tables(Claims(25), "Entries")


def test_numbers_cost_what_they_take() -> None:
    """Numbers of a byte at least fit into the file, each is paid for, and there may be a limit to them."""
    assert source_with(100).numbers(Claims(100), "Entries", limit=100) == tuple(range(100))
    with refused("Entries has 100 entries, more than 99"):
        Source(DATA).numbers(Claims(100), "Entries", limit=99)
    with refused("Entries claims 101 entries in a file of 100 bytes"):
        Source(DATA).numbers(Claims(101), "Entries")
    with refused("the limit was reached at Entries"):
        source_with(99).numbers(Claims(100), "Entries")


def test_text_costs_an_eighth_of_its_bytes() -> None:
    """Text may be as long as the limit says; every eight bytes of it are paid for like a number."""
    assert source_with(MAX_TEXT // 8).text(b"x" * MAX_TEXT, "a name") == "x" * MAX_TEXT
    with refused(f"a name is {MAX_TEXT + 1} bytes long"):
        Source(DATA).text(b"x" * (MAX_TEXT + 1), "a name")
    source = source_with(1)
    assert source.text(b"fifteen bytes !", "a name") == "fifteen bytes !"
    with refused("the limit was reached at a name"):
        source.text(b"8 bytes!", "a name")


@pytest.mark.parametrize(("offset", "size"), [(0, 100), (0, 0), (100, 0), (99, 1)])
def test_runs_of_bytes_in_the_file(offset: int, size: int) -> None:
    """A run may begin with the file, end with it, and have no bytes."""
    assert Source(DATA).span(offset, size, "a buffer") == Span(offset, size)


@pytest.mark.parametrize(("offset", "size"), [(-1, 1), (1, -1), (0, 101), (100, 1)])
def test_runs_of_bytes_outside_of_the_file(offset: int, size: int) -> None:
    """A run that begins before the file, or ends behind it, is refused."""
    with refused("a buffer lies outside the file"):
        Source(DATA).span(offset, size, "a buffer")


def test_names_of_an_enumeration() -> None:
    """The numbers of an enumeration have their names, and nothing else of the class is taken for one."""
    found = names(schema.TensorType)
    assert found[schema.TensorType.INT8] == "INT8"
    assert all(isinstance(number, int) and not name.startswith("_") for number, name in found.items())
