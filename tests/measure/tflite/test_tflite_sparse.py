"""Sparse constants, encoded here by another way than they are decoded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import ai_edge_litert.schema_py_generated as schema
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from graders.measure.tflite import MalformedModel
from graders.measure.tflite.constants import constant_values
from graders.measure.tflite.reader import read_model

Handmade = Callable[..., bytes]

VECTORS = {"Int32Vector": schema.Int32VectorT, "Uint16Vector": schema.Uint16VectorT, "Uint8Vector": schema.Uint8VectorT}


@dataclass
class Layout:
    """How to store an array: outer dimensions in ``order``, blocks per dimension (1: none), CSR where ``csr`` says."""

    order: Sequence[int]
    blocks: Sequence[int]
    block_order: Sequence[int]
    csr: Sequence[bool]


@dataclass
class Encoded:
    """A sparse array: the stored values, and the schema's object for the rest."""

    values: list[Any]
    sparsity: Any


def encode(dense: np.ndarray, layout: Layout, kind: str) -> Encoded:
    """Walk the levels by coordinate prefixes, keeping under a CSR level those with a non-zero below them."""
    rank = dense.ndim
    block_map = [axis for axis in range(rank) if layout.blocks[axis] > 1]
    order = [*layout.order, *(rank + position for position in layout.block_order)]
    sizes = [
        dense.shape[entry] // layout.blocks[entry] if entry < rank else layout.blocks[block_map[entry - rank]]
        for entry in order
    ]

    def below(prefix: tuple[int, ...]) -> np.ndarray:
        window = [slice(None)] * rank
        for entry, at in zip(order, prefix, strict=False):
            axis = entry if entry < rank else block_map[entry - rank]
            block, start = layout.blocks[axis], window[axis].start or 0
            window[axis] = slice(at * block, (at + 1) * block) if entry < rank else slice(start + at, start + at + 1)
        return dense[tuple(window)]

    sparsity = schema.SparsityParametersT()
    sparsity.traversalOrder, sparsity.blockMap, sparsity.dimMetadata = order, block_map, []
    prefixes: list[tuple[int, ...]] = [()]
    for level, size in enumerate(sizes):
        metadata = schema.DimensionMetadataT()
        if level < rank and layout.csr[level]:
            kept = [[at for at in range(size) if below((*prefix, at)).any()] for prefix in prefixes]
            segments = np.cumsum([0, *(len(each) for each in kept)]).tolist()
            indices = [at for each in kept for at in each]
            metadata.format = schema.DimensionType.SPARSE_CSR
            metadata.arraySegmentsType = metadata.arrayIndicesType = getattr(schema.SparseIndexVector, kind)
            metadata.arraySegments, metadata.arrayIndices = VECTORS[kind](), VECTORS[kind]()
            metadata.arraySegments.values, metadata.arrayIndices.values = segments, indices
            prefixes = [(*prefix, at) for prefix, each in zip(prefixes, kept, strict=True) for at in each]
        else:
            metadata.format, metadata.denseSize = schema.DimensionType.DENSE, size
            prefixes = [(*prefix, at) for prefix, at in product(prefixes, range(size))]
        sparsity.dimMetadata.append(metadata)
    return Encoded([below(prefix).item() for prefix in prefixes], sparsity)


@st.composite
def arrays_and_layouts(draw: st.DrawFn) -> tuple[np.ndarray, Layout]:
    """An array of 1 to 4 dimensions, mostly zeros, and a layout that fits it."""
    rank = draw(st.integers(1, 4))
    blocks = draw(st.lists(st.sampled_from([1, 1, 2, 4]), min_size=rank, max_size=rank))
    shape = tuple(block * draw(st.integers(1, 3)) for block in blocks)
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    kept = draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    dense = (generator.integers(1, 100, shape) * (generator.random(shape) < kept)).astype(np.int8)
    blocked = range(sum(block > 1 for block in blocks))
    layout = Layout(
        order=draw(st.permutations(range(rank))),
        blocks=blocks,
        block_order=draw(st.permutations(blocked)),
        csr=draw(st.lists(st.booleans(), min_size=rank, max_size=rank)),
    )
    return dense, layout


@given(arrays_and_layouts(), st.sampled_from(sorted(VECTORS)), st.sampled_from(["INT8", "FLOAT32", "FLOAT16"]))
def test_what_was_encoded_is_decoded(
    handmade: Handmade, case: tuple[np.ndarray, Layout], kind: str, dtype: str
) -> None:
    """Any array in any layout, with indices of any width, decodes to itself."""
    dense, layout = case
    dense = dense.astype(dtype.lower())
    assume(kind != "Uint8Vector" or dense.size < 256)
    encoded = encode(dense, layout, kind)
    stored = np.array(encoded.values, dense.dtype)
    data = handmade(
        [
            {
                "shape": dense.shape,
                "type": getattr(schema.TensorType, dtype),
                "data": stored.tobytes(),
                "sparsity": encoded.sparsity,
            }
        ]
    )
    (tensor,) = read_model(data).main.tensors
    assert tensor.stored_bytes == stored.nbytes
    np.testing.assert_array_equal(constant_values(data, tensor), dense, strict=True)


MATRIX = np.array([[0, 0, 3, 0], [0, 0, 0, 0], [5, 0, 0, 6]], np.int8)
CSR = Layout(order=[0, 1], blocks=[1, 1], block_order=[], csr=[False, True])


def test_a_csr_matrix_by_hand(handmade: Handmade) -> None:
    """A matrix in plain CSR has the segments and indices of a textbook."""
    encoded = encode(MATRIX, CSR, "Uint8Vector")
    assert encoded.values == [3, 5, 6]
    assert encoded.sparsity.dimMetadata[1].arraySegments.values == [0, 1, 1, 3]
    assert encoded.sparsity.dimMetadata[1].arrayIndices.values == [2, 0, 3]


def break_segments(sparsity: Any) -> None:
    sparsity.dimMetadata[1].arraySegments.values = [0, 3, 1, 3]


def break_first_segment(sparsity: Any) -> None:
    sparsity.dimMetadata[1].arraySegments.values = [1, 1, 1, 3]


def break_segment_count(sparsity: Any) -> None:
    sparsity.dimMetadata[1].arraySegments.values = [0, 1, 3]


def break_index(sparsity: Any) -> None:
    sparsity.dimMetadata[1].arrayIndices.values = [2, 0, 4]


def break_indices_type(sparsity: Any) -> None:
    sparsity.dimMetadata[1].arrayIndicesType = 0


def break_dense_size(sparsity: Any) -> None:
    sparsity.dimMetadata[0].denseSize = 4


def break_huge_dense_size(sparsity: Any) -> None:
    sparsity.dimMetadata[0].denseSize = 2**31 - 1


def break_order(sparsity: Any) -> None:
    sparsity.traversalOrder = [0, 0]


def break_levels(sparsity: Any) -> None:
    sparsity.dimMetadata.pop()


def break_block_map(sparsity: Any) -> None:
    sparsity.blockMap = [7]
    sparsity.traversalOrder = [0, 1, 2]
    sparsity.dimMetadata.append(sparsity.dimMetadata[0])


def break_block_order(sparsity: Any) -> None:
    break_block_map(sparsity)
    sparsity.blockMap = [0]
    sparsity.traversalOrder = [0, 2, 1]


def break_empty_block(sparsity: Any) -> None:
    break_block_map(sparsity)
    sparsity.blockMap = [1]
    sparsity.dimMetadata[2] = schema.DimensionMetadataT()


def break_negative_index(sparsity: Any) -> None:
    sparsity.dimMetadata[1].arrayIndices.values = [2, -1, 3]


def break_block_size(sparsity: Any) -> None:
    break_block_map(sparsity)
    sparsity.blockMap = [1]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (break_segments, "segments"),
        (break_first_segment, "segments"),
        (break_segment_count, "segments"),
        (break_index, "outside its dimension of 4"),
        (break_indices_type, "no segments or no indices"),
        (break_dense_size, "a dense level of a sparse tensor has size 4, its dimension 3"),
        (break_huge_dense_size, "a dense level"),
        (break_order, "traversal order"),
        (break_levels, "traversal order"),
        (break_block_map, "block map"),
        (break_block_order, "block dimensions do not come last"),
        (break_empty_block, "a block of 0 does not divide"),
        (break_negative_index, "outside its dimension of 4"),
        (break_block_size, "a block of 3 does not divide a sparse dimension of 4"),
    ],
)
def test_contradictions_are_malformed(handmade: Handmade, spoil: Callable[[Any], None], message: str) -> None:
    """Sparse parameters that contradict the shape, the values or each other are malformed, and it says which."""
    encoded = encode(MATRIX, CSR, "Int32Vector")
    spoil(encoded.sparsity)
    stored = bytes(encoded.values)
    tensor = {"shape": MATRIX.shape, "type": schema.TensorType.INT8, "data": stored, "sparsity": encoded.sparsity}
    with pytest.raises(MalformedModel, match=message):
        read_model(handmade([tensor]))


def test_a_block_of_one(handmade: Handmade) -> None:
    """A dimension in blocks of one element is like one without blocks."""
    encoded = encode(MATRIX, CSR, "Int32Vector")
    block = schema.DimensionMetadataT()
    block.format, block.denseSize = schema.DimensionType.DENSE, 1
    encoded.sparsity.blockMap, encoded.sparsity.traversalOrder = [1], [0, 1, 2]
    encoded.sparsity.dimMetadata.append(block)
    stored = bytes(encoded.values)
    data = handmade(
        [{"shape": MATRIX.shape, "type": schema.TensorType.INT8, "data": stored, "sparsity": encoded.sparsity}]
    )
    np.testing.assert_array_equal(constant_values(data, read_model(data).main.tensors[0]), MATRIX)


def test_places_that_are_too_many_are_malformed(handmade: Handmade) -> None:
    """Dense levels with more places than values are told before the places are made."""
    encoded = encode(np.ones((3, 4), np.int8), Layout([0, 1], [1, 1], [], [False, False]), "Int32Vector")
    tensor = {"shape": [3, 4], "type": schema.TensorType.INT8, "data": b"abc", "sparsity": encoded.sparsity}
    with pytest.raises(MalformedModel, match="more places than anything stored"):
        read_model(handmade([tensor]))


def test_values_that_are_too_many_are_malformed(handmade: Handmade) -> None:
    """More stored values than places for them are malformed."""
    encoded = encode(MATRIX, CSR, "Int32Vector")
    tensor = {"shape": MATRIX.shape, "type": schema.TensorType.INT8, "data": b"abcd", "sparsity": encoded.sparsity}
    with pytest.raises(MalformedModel, match="4 stored values for 3 places"):
        read_model(handmade([tensor]))


@pytest.mark.parametrize("shape", [[2**14, 2**14], [2**31 - 1, 2**31 - 1], [2**16, 2**16]])
def test_a_dense_shape_without_bounds_is_refused(handmade: Handmade, shape: list[int]) -> None:
    """A few bytes that claim gigabytes when dense are refused before anything is set aside for them."""
    encoded = encode(MATRIX, CSR, "Int32Vector")
    tensor = {"shape": shape, "data": np.ones(3, np.float32).tobytes(), "sparsity": encoded.sparsity}
    with pytest.raises(MalformedModel):
        read_model(handmade([tensor]))
