"""Bounded access to a flatbuffer through the accessors that ship with LiteRT.

Those accessors check no bounds of their own beyond Python's, and a vector may name the same table a million times.
A ``Source`` therefore counts everything that is taken out of a file, and stops at a fixed amount.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import ai_edge_litert.schema_py_generated as schema

from graders.measure.tflite.model import IDENTIFIER, MalformedModel, Span

VERSION = 3
MAX_BYTES = 256 * 2**20
MAX_TEXT = 2**16
MAX_RANK = 32
# A table takes about 80 times as long to read as a number. The limit is a few seconds and 200 MB; ResNet50 with a scale
# per channel comes to a twentieth.
MAX_COST = 4_000_000
TABLE_COST = 80

Table = Any
"""An object of the generated schema, which is not annotated."""


class Source:
    """The bytes of a file and the budget for reading them."""

    def __init__(self, data: bytes, max_bytes: int = MAX_BYTES) -> None:
        if len(data) > max_bytes:
            raise MalformedModel(f"the file has {len(data)} bytes, more than the {max_bytes} allowed")
        if data[4:8] != IDENTIFIER:
            raise MalformedModel(f"bytes 4 to 7 are not the identifier {IDENTIFIER.decode()}: not a .tflite file")
        self.data = data
        self._left = MAX_COST

    def root(self) -> Table:
        """The model table."""
        return schema.Model.GetRootAs(self.data, 0)

    def spend(self, cost: int, what: str) -> None:
        """Take ``cost`` from the budget.

        :raises MalformedModel: the budget is used up
        """
        self._left -= cost
        if self._left < 0:
            raise MalformedModel(f"too many entries: the limit was reached at {what}")

    def tables(self, table: Table, field: str) -> Iterator[Table]:
        """The tables of a vector of tables."""
        count = int(getattr(table, f"{field}Length")())
        self._bound(count, 4, field)
        self.spend(count * TABLE_COST, field)
        item: Callable[[int], Table] = getattr(table, field)
        return (item(index) for index in range(count))

    def numbers(self, table: Table, field: str, limit: int | None = None) -> tuple[Any, ...]:
        """The numbers of a vector of scalars, as Python's own; empty if the vector is absent."""
        count = int(getattr(table, f"{field}Length")())
        if limit is not None and count > limit:
            raise MalformedModel(f"{field} has {count} entries, more than {limit}")
        self._bound(count, 1, field)
        self.spend(count, field)
        return tuple(getattr(table, f"{field}AsNumpy")().tolist()) if count else ()

    def text(self, raw: bytes | None, what: str) -> str:
        """A string of the file; what is not UTF-8 in it is replaced."""
        if raw is None:
            return ""
        if len(raw) > MAX_TEXT:
            raise MalformedModel(f"{what} is {len(raw)} bytes long")
        self.spend(len(raw) // 8, what)
        return raw.decode("utf-8", errors="replace")

    def span(self, offset: int, size: int, what: str) -> Span:
        """A run of bytes that lies in the file."""
        if offset < 0 or size < 0 or offset + size > len(self.data):
            raise MalformedModel(f"{what} lies outside the file: {size} bytes at {offset} of {len(self.data)}")
        return Span(offset, size)

    def first_vector(self, table: Table, itemsize: int, what: str) -> Span | None:
        """Where the vector lies that is a table's first field, None if it is absent."""
        inner = table._tab  # noqa: SLF001 - the accessors offer no other way to a first field
        field = inner.Offset(4)
        if not field:
            return None
        return self.span(inner.Vector(field), inner.VectorLen(field) * itemsize, what)

    def _bound(self, count: int, itemsize: int, what: str) -> None:
        if count * itemsize > len(self.data):
            raise MalformedModel(f"{what} claims {count} entries in a file of {len(self.data)} bytes")


def names(enumeration: type) -> dict[int, str]:
    """Number to name of a generated enumeration."""
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}


def cast(union: Table | None, kind: str) -> Table | None:
    """A union's table as the generated class of that name; None if the schema has none."""
    if union is None or not hasattr(schema, kind):
        return None
    table = getattr(schema, kind)()
    table.Init(union.Bytes, union.Pos)
    return table


DTYPES = {number: name.lower() for number, name in names(schema.TensorType).items()}
OPERATORS = names(schema.BuiltinOperator)
OPTIONS = names(schema.BuiltinOptions)
ACTIVATIONS = names(schema.ActivationFunctionType)
PADDINGS = names(schema.Padding)
QUANTIZATION_DETAILS = names(schema.QuantizationDetails)
DIMENSION_FORMATS = names(schema.DimensionType)
INDEX_VECTORS = names(schema.SparseIndexVector)
