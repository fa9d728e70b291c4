"""What the functions are called with: kernels, shares, structures, layers and settings, drawn for each grading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.framework.context import LabContext
from graders.labs.hybrid_decomposition import solution

Array = NDArray[Any]
Random = np.random.Generator
LOW_RANK, NOISE = 4, 0.05
# Of a kernel with a few large weights or blocks: how many, and how large. Fitting both parts in turn halves its error,
# and five rounds are enough, whichever part begins.
FEW_WEIGHTS, FEW_BLOCKS = (20, 4.0), (10, 3.0)
UNREACHABLE = 1.01
TWIN = "twin"
DECAY = 0.75
"""Of a kernel's ranks, one after the other."""
IMAGE = (9, 8, 3)
PLAIN: Mapping[str, Any] = {
    "filters": 6, "kernel_size": [3, 3], "strides": [1, 1], "dilation_rate": [1, 1], "padding": "same",
    "use_bias": False, "activation": "linear",
}  # fmt: skip
"""Of a layer that is replaced."""
SPREAD = 0.5
"""Of the scales of channels, filters and blocks, as a logarithm."""


@dataclass(frozen=True)
class Structure:
    """As the starter code has it."""

    name: str = "unstructured"
    block: tuple[int, int] | None = None

    def __str__(self) -> str:
        return self.name if self.block is None else f"blocks of {self.block[0]} x {self.block[1]}"

    @property
    def described(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"name": self.name, "block": self.block and list(self.block)}

    def groups(self, shape: Sequence[int]) -> NDArray[np.intp]:
        """The number of each weight's group."""
        return solution.group_numbers(shape, self.name, self.block)


@dataclass(frozen=True, eq=False)
class SparseCase:
    """An argument list of ``sparse_residual``."""

    structure: Structure
    share: float
    residual: Array = field(repr=False)


@dataclass(frozen=True, eq=False)
class DecomposeCase:
    """An argument list of ``decompose_kernel``. ``alternating``: fitting both parts in turn is much better."""

    structure: Structure
    rank: int
    share: float
    kernel: Array = field(repr=False)
    alternating: bool = False


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer to be replaced, its weights, and the decomposition that takes the kernel's place.

    ``uses``: how many times the network has it. ``about``: the criterion that it shows, ``TWIN`` for a layer that only
    differs from another in that: its outputs say what that one's would be but for a mistake of another criterion.
    """

    about: str
    options: dict[str, Any]
    image: tuple[int, int, int]
    kernel: Array = field(repr=False)
    parts: solution.Parts = field(repr=False)
    bias: Array | None = field(default=None, repr=False)
    uses: int = 1

    @property
    def name(self) -> str:
        """The layer's name."""
        return str(self.options["name"])

    @property
    def twin(self) -> Layer:
        """The same layer without a bias and an activation, used once."""
        options = {**self.options, "use_bias": False, "activation": "linear", "name": f"{self.name}{TWIN}"}
        return replace(self, about=TWIN, options=options, bias=None, uses=1)


@dataclass(frozen=True, eq=False)
class Chooser:
    """The settings of a choice of factors."""

    kind: str
    structure: Structure
    sparsity_weight: float

    @property
    def described(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "structure": self.structure.described,
            "compression_type": self.kind,
            "sparsity_weight": self.sparsity_weight,
        }


@dataclass(frozen=True, eq=False)
class LossCase:
    """An argument list of ``choose_by_loss``: accuracies fall by ``scale`` times the error, in steps of a percent."""

    chooser: Chooser
    least: float
    scale: float
    kernel: Array = field(repr=False)

    def accuracy(self, other: Array) -> float:
        """The accuracy with another kernel."""
        exact = self.kernel.astype(np.float64)
        error = np.linalg.norm(other.astype(np.float64) - exact) / np.linalg.norm(exact)
        return max(0.1, round((1 - self.scale * float(error)) * 100) / 100)


@dataclass(frozen=True, eq=False)
class BudgetCase:
    """An argument list of ``choose_by_budget``."""

    chooser: Chooser
    budget: float
    kernel: Array = field(repr=False)


def source(context: LabContext, purpose: str) -> Random:
    """Random numbers of a purpose."""
    return np.random.Generator(np.random.PCG64(context.drawn(purpose).randrange(2**63)))


def sparse_cases(random: Random) -> list[SparseCase]:
    """Each structure, with a share that holds some groups and a part of another one; nothing; everything."""
    shapes = [(3, 3, int(random.integers(9, 13)), int(random.integers(14, 18))) for _ in range(6)]
    blocks = (2, int(random.integers(3, 5))), (int(random.integers(3, 5)), 2)
    structures = [Structure("channel"), Structure("filter"), *(Structure("block", block) for block in blocks)]
    found = [SparseCase(Structure(), float(random.uniform(0.04, 0.3)), heavy_tailed(random, shapes[0], Structure()))]
    for part, structure, shape in zip((0.6, 0.4, 0.6, 0.4), structures, shapes[1:], strict=False):
        groups = structure.groups(shape)
        size = int(np.bincount(groups.ravel()).max())
        whole = int(random.integers(2, max(3, int(0.4 * (groups.max() + 1)))))
        share = (whole + part) * size / groups.size
        found.append(SparseCase(structure, float(share), distinct(random, shape, structure, float(share))))
    nothing, everything = Structure(), Structure("filter")
    found.append(SparseCase(nothing, 0.0, heavy_tailed(random, shapes[5], nothing)))
    found.append(SparseCase(everything, 1.0, heavy_tailed(random, shapes[5], everything)))
    return found


def heavy_tailed(random: Random, shape: Sequence[int], structure: Structure) -> Array:
    """Weights of which few are large, at another scale in each group."""
    groups = structure.groups(shape)
    scales = np.exp(SPREAD * random.normal(size=int(groups.max()) + 1))
    powers = random.uniform(0.6, 2.4, size=scales.size)
    plain = random.normal(size=tuple(shape))
    weights = np.sign(plain) * np.abs(plain) ** powers[groups]
    return (weights * scales[groups]).astype(np.float32)


def distinct(random: Random, shape: Sequence[int], structure: Structure, share: float) -> Array:
    """Such weights of which the groups with the largest sums of absolute values are others than those of squares."""
    while True:
        residual = heavy_tailed(random, shape, structure)
        right = solution.keep_largest(residual, share, structure.name, structure.block)
        roots = np.sign(residual) * np.sqrt(np.abs(residual))
        other = solution.keep_largest(roots, share, structure.name, structure.block)
        if ((right == 0) != (other == 0)).any():
            return residual


def kernel(
    random: Random, shape: Sequence[int], structure: Structure | None = None, few: int = 0, size: float = 0.0
) -> Array:
    """A kernel whose channels have much in common, with noise and ``few`` large weights or groups."""
    height, width, inputs, filters = shape
    core = random.normal(size=(height, width, LOW_RANK, LOW_RANK))
    common = solution.expand(core, random.normal(size=(inputs, LOW_RANK)), random.normal(size=(filters, LOW_RANK)))
    found = common / common.std() + NOISE * random.normal(size=tuple(shape))
    if few:
        groups = (structure or Structure()).groups(shape)
        chosen = random.permutation(int(groups.max()) + 1)[:few]
        found += size * np.isin(groups, chosen) * random.normal(size=tuple(shape))
    scaled: Array = (found * 0.1).astype(np.float32)
    return scaled


def gradual(random: Random, shape: Sequence[int], few: int = 0, structure: Structure | None = None) -> Array:
    """A kernel of which each rank holds a little less than the one before, with ``few`` large weights or groups."""
    inputs, filters = shape[2:]
    steps = DECAY ** np.add.outer(np.arange(inputs), np.arange(filters))
    core = random.normal(size=tuple(shape)) * steps
    first, last = (np.linalg.qr(random.normal(size=(side, side)))[0] for side in (inputs, filters))
    found = solution.expand(core, first, last)
    found = found / found.std() + NOISE * random.normal(size=tuple(shape))
    if few:
        groups = (structure or Structure()).groups(shape)
        chosen = random.permutation(int(groups.max()) + 1)[:few]
        found += 3.0 * np.isin(groups, chosen) * random.normal(size=tuple(shape))
    scaled: Array = (found * 0.1).astype(np.float32)
    return scaled


def decompose_cases(random: Random) -> list[DecomposeCase]:
    """Without a sparse part, without a Tucker part, with more rank than channels, and with both parts."""
    plain, blocks = Structure(), Structure("block", (2, 4))

    def shape(inputs: int = 12, filters: int = 16) -> tuple[int, ...]:
        return (3, 3, inputs + int(random.integers(0, 3)), filters + int(random.integers(0, 3)))

    found = [
        DecomposeCase(plain, int(random.integers(5, 8)), 0.0, heavy_tailed(random, shape(), plain)),
        DecomposeCase(plain, 3, 0.0, kernel(random, (1, 3, 9, 14))),
        DecomposeCase(Structure("filter"), 9, 0.0, kernel(random, (3, 3, int(random.integers(3, 6)), 16))),
        DecomposeCase(Structure("channel"), 0, 0.31, heavy_tailed(random, shape(), Structure("channel"))),
        DecomposeCase(plain, 0, 0.0, kernel(random, shape())),
        DecomposeCase(Structure("filter"), 6, 0.16, kernel(random, shape(), Structure("filter"), 2, 3.0)),
    ]
    for structure, (few, size) in ((plain, FEW_WEIGHTS), (blocks, FEW_BLOCKS)):
        sides = shape()
        group = int(np.bincount(structure.groups(sides).ravel()).max())
        share = (few + 0.5) * group / int(np.prod(sides))
        found.append(DecomposeCase(structure, LOW_RANK, share, kernel(random, sides, structure, few, size), True))
    return found


def layers(random: Random, name: str) -> list[Layer]:
    """Layers that differ in one thing each, so that one mistake shows in those of one criterion alone."""
    rate = int(random.integers(2, 4))
    filters, blocks, channels = Structure("filter"), Structure("block", (1, 2)), Structure("channel")
    described: list[tuple[str, int, float, Structure, dict[str, Any]]] = [
        ("function", 2, 0.2, Structure(), {"strides": [2, 2]}),
        ("function", 3, 0.4, filters, {"padding": "valid", "strides": [2, 1], "kernel_size": [2, 3]}),
        ("function", 2, 0.2, blocks, {"dilation_rate": [rate, rate], "kernel_size": [3, 2]}),
        ("function", 3, 0.0, Structure(), {"padding": "valid"}),
        ("function", 0, 0.4, channels, {"filters": 5}),
        ("bias", 2, 0.2, Structure(), {"use_bias": True}),
        ("bias", 2, 0.0, Structure(), {"use_bias": True}),
        ("bias", 0, 0.0, Structure(), {"use_bias": True}),
        ("activation", 2, 0.2, Structure(), {"activation": "relu"}),
        ("activation", 3, 0.0, Structure(), {"activation": "tanh"}),
        ("shared", 2, 0.2, Structure(), {}),
    ]
    found = [
        _layer(random, about, rank, share, structure, {**PLAIN, **options, "name": f"{name}{number}"})
        for number, (about, rank, share, structure, options) in enumerate(described)
    ]
    return [*found, *(each.twin for each in found if each.about != "function")]


def _layer(random: Random, about: str, rank: int, share: float, structure: Structure, options: dict[str, Any]) -> Layer:
    """A layer with the sum of two kernels that have nothing to do with its own: what is computed must be theirs."""
    shape = (*options["kernel_size"], IMAGE[2], options["filters"])
    weights, one, other = (random.normal(size=shape).astype(np.float32) for _ in range(3))
    core, first, last, _ = solution.decompose(one, rank, 0.0, "unstructured", None)
    return Layer(
        about=about,
        options=options,
        image=IMAGE,
        kernel=weights,
        parts=(core, first, last, solution.keep_largest(other, share, structure.name, structure.block)),
        bias=random.normal(size=options["filters"]).astype(np.float32) if options["use_bias"] else None,
        uses=2 if about == "shared" else 1,
    )


def loss_cases(random: Random) -> list[LossCase]:
    """Each type of compression, two structures, and an accuracy that nothing reaches."""

    def weight(low: float, high: float) -> float:
        return round(float(random.uniform(low, high)), 2)

    def least(low: int, high: int) -> float:
        return int(random.integers(low, high)) / 100

    shape, filters = (3, 3, 12, 16), Structure("filter")
    return [
        LossCase(Chooser("hybrid", Structure(), weight(2.0, 3.0)), least(91, 94), 0.4, gradual(random, shape, 40)),
        LossCase(Chooser("hybrid", filters, weight(1.1, 1.4)), least(88, 91), 0.5, gradual(random, shape, 2, filters)),
        LossCase(Chooser("tucker", Structure(), weight(2.0, 4.0)), least(86, 92), 0.4, gradual(random, shape)),
        LossCase(
            Chooser("spars", Structure(), weight(1.2, 1.8)), least(80, 84), 0.5, heavy_tailed(random, shape, filters)
        ),
        LossCase(Chooser("hybrid", Structure(), weight(2.0, 4.0)), UNREACHABLE, 0.4, gradual(random, shape, 40)),
    ]


def budget_cases(random: Random) -> list[BudgetCase]:
    """Each type of compression, two structures, and a budget of 1."""

    def between(low: float, high: float) -> float:
        return round(float(random.uniform(low, high)), 3)

    shape, filters = (3, 3, 12, 16), Structure("filter")
    return [
        BudgetCase(Chooser("hybrid", Structure(), between(2, 3)), between(0.4, 0.55), gradual(random, shape, 40)),
        BudgetCase(
            Chooser("hybrid", filters, between(1.2, 1.6)), between(0.55, 0.7), gradual(random, shape, 2, filters)
        ),
        BudgetCase(Chooser("hybrid", Structure(), between(3, 5)), between(0.6, 0.8), gradual(random, shape, 60)),
        BudgetCase(Chooser("tucker", Structure(), between(2, 4)), between(0.4, 0.7), gradual(random, shape)),
        BudgetCase(
            Chooser("spars", Structure(), between(2, 4)), between(0.4, 0.7), heavy_tailed(random, shape, filters)
        ),
        BudgetCase(Chooser("hybrid", Structure(), between(2, 4)), 1.0, gradual(random, shape, 40)),
    ]


def layer_kernels(random: Random) -> list[Array]:
    """Kernels of different sizes and spreads, of which one is so large that its budget is cut off at 1."""
    spreads = (0.05, 0.09, 0.14, 0.5)
    sides = [(3, 3, int(random.integers(3, 9)), int(random.integers(8, 17))) for _ in spreads]
    offset = float(random.uniform(0.1, 0.2))
    return [
        (offset + spread * random.normal(size=shape)).astype(np.float32)
        for spread, shape in zip(spreads, sides, strict=True)
    ]
