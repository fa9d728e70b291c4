"""The decomposition lab's reference without TensorFlow: kernels, budgets, choices, data, and the command line."""

from __future__ import annotations

import ast
import importlib
import io
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = "hybrid_decomposition"
TO_WRITE = {
    "sparse_residual": [None, 0.1, None],
    "decompose_kernel": [None, 4, 0.1, None],
    "replace_layer": [None, None],
    "choose_by_loss": [None, None, 0.9, None],
    "layer_budgets": [[], 0.5],
    "choose_by_budget": [None, 0.5, None],
}
SHAPES = st.tuples(*(st.sampled_from(sizes) for sizes in ([1, 2, 3], [1, 3], [1, 2, 5, 8], [1, 3, 6, 8])))
SHARES = st.one_of(st.sampled_from([0.0, 1.0, 0.5, 1 / 3]), st.floats(0, 1))
SEEDS = st.integers(0, 2**31)
STRUCTURES = [("unstructured", None), ("channel", None), ("filter", None), ("block", (2, 3)), ("block", (1, 1)), ("block", (9, 9))]


@dataclass(frozen=True)
class Lab:
    """The modules that are tested."""

    compress: Any
    settings: Any
    costs: Any
    dataset: Any
    evaluation: Any
    errors: Any

    def structure(self, which: tuple[str, Any]) -> Any:
        return self.settings.Structure(*which)


def forget() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == FOLDER]:
        del sys.modules[name]


def imported(root: Path) -> Iterator[Callable[[str], Any]]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("TF_USE_LEGACY_KERAS", "TF_CPP_MIN_LOG_LEVEL"):
            patch.setenv(name, "1")
        patch.syspath_prepend(root)
        patch.setattr(sys, "dont_write_bytecode", True)
        forget()
        yield importlib.import_module
        forget()


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """The reference."""
    for load in imported(REPOSITORY / "reference"):
        modules = {name: load(f"{FOLDER}.starter.{name}") for name in Lab.__dataclass_fields__ if name != "compress"}
        yield Lab(compress=load(f"{FOLDER}.compress"), **modules)


def kernel_of(shape: tuple[int, ...], seed: int) -> Any:
    """Weights of which few are large."""
    random = np.random.RandomState(seed)
    return (random.standard_normal(shape) * np.exp(random.standard_normal(shape))).astype(np.float32)


def groups(sparse: Any, which: tuple[str, Any]) -> list[Any]:
    """What is kept or zero as one, found out the slow way."""
    name, block = which
    height, width, inputs, filters = sparse.shape
    if name == "channel":
        return [sparse[:, :, channel] for channel in range(inputs)]
    if name == "filter":
        return [sparse[..., number] for number in range(filters)]
    a, b = block or (1, 1)
    return [
        sparse[row, column, first : first + a, second : second + b]
        for row in range(height)
        for column in range(width)
        for first in range(0, inputs, a)
        for second in range(0, filters, b)
    ]


def expanded(core: Any, factors: Any) -> Any:
    return np.einsum("hwab,ia,ob->hwio", core, *factors)


def error_of(kernel: Any, decomposition: Any) -> float:
    return float(np.linalg.norm(kernel.astype(np.float64) - decomposition.reconstruction))


# Sparse residuals


@given(SHAPES, SHARES, SEEDS, st.sampled_from(STRUCTURES))
def test_whole_groups_are_kept_and_the_largest(lab: Lab, shape: Any, share: float, seed: int, which: Any) -> None:
    """Kept weights are as they were, groups are whole, and no group that is left out is larger than one that is kept."""
    residual = kernel_of(shape, seed)
    before = residual.copy()
    sparse = lab.compress.sparse_residual(residual, share, lab.structure(which))

    assert np.array_equal(residual, before)
    assert sparse.shape == residual.shape
    pairs = list(zip(groups(residual, which), groups(sparse, which), strict=True))
    kept = [float((one.astype(float) ** 2).sum()) for one, other in pairs if other.any()]
    left = [float((one.astype(float) ** 2).sum()) for one, other in pairs if not other.any()]
    assert all(np.array_equal(one, other) for one, other in pairs if other.any())
    assert not kept or not left or min(kept) >= max(left) * (1 - 1e-6)


@given(SHAPES, SHARES, SEEDS, st.sampled_from(STRUCTURES))
def test_the_share_is_met_and_not_wasted(lab: Lab, shape: Any, share: float, seed: int, which: Any) -> None:
    """As many weights are kept as fit into the share: one more group of the largest size would not."""
    residual = kernel_of(shape, seed)
    sparse = lab.compress.sparse_residual(residual, share, lab.structure(which))
    largest = max(group.size for group in groups(residual, which))

    assert np.count_nonzero(sparse) <= share * residual.size + 1e-6
    assert share >= 1 or np.count_nonzero(sparse) + largest > share * residual.size - 1e-6
    assert share < 1 or np.array_equal(sparse, residual)


# Decompositions


@given(SHAPES, st.integers(1, 9), SEEDS)
def test_without_a_sparse_part_it_is_tensorlys(lab: Lab, shape: Any, rank: int, seed: int) -> None:
    """The same subspaces and the same reconstruction as partial_tucker's, whatever the factors' order and signs."""
    from tensorly.decomposition import partial_tucker

    kernel = kernel_of(shape, seed)
    ranks = [min(rank, shape[2]), min(rank, shape[3])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (core, factors), _ = partial_tucker(kernel.astype(np.float64), rank=ranks, modes=[2, 3])
    found = lab.compress.decompose_kernel(kernel, rank, 0.0, lab.settings.Structure())

    assert found.core.shape == (*shape[:2], *ranks)
    assert not found.sparse.any()
    for mode, own, other in zip((2, 3), (found.first, found.last), factors, strict=True):
        # Beyond the rank of the unfolded kernel, any direction is as good as another.
        if own.shape[1] <= kernel.size // shape[mode]:
            assert np.allclose(own @ own.T, other @ other.T, atol=1e-4)
    assert np.allclose(found.reconstruction, expanded(core, factors), atol=1e-4 * np.abs(kernel).max())


@given(SHAPES, st.integers(0, 9), SHARES, SEEDS, st.sampled_from(STRUCTURES))
def test_parts_add_up(lab: Lab, shape: Any, rank: int, share: float, seed: int, which: Any) -> None:
    """The reconstruction is Tucker plus residual, in float32, and the residual's zeros lie in its structure."""
    kernel = kernel_of(shape, seed)
    found = lab.compress.decompose_kernel(kernel, rank, share, lab.structure(which))
    dense = np.zeros(shape) if rank == 0 else expanded(found.core, (found.first, found.last))

    assert (found.core is None) == (rank == 0)
    assert {part.dtype for part in (found.core, found.first, found.last, found.sparse) if part is not None} == {np.dtype("float32")}
    assert np.allclose(found.reconstruction, dense + found.sparse, atol=1e-4 * np.abs(kernel).max())
    assert np.count_nonzero(found.sparse) <= share * kernel.size + 1e-6
    # A group that is kept equals the kernel's: the residual there is whatever Tucker leaves.
    for own, group in zip(groups(found.reconstruction, which), zip(groups(found.sparse, which), groups(kernel, which), strict=True), strict=True):
        if group[0].any():
            assert np.allclose(own, group[1], atol=1e-4 * np.abs(kernel).max())


@pytest.mark.parametrize("which", STRUCTURES)
@given(st.integers(1, 7), SEEDS)
def test_more_weights_leave_less_error(lab: Lab, which: Any, rank: int, seed: int) -> None:
    """Errors fall from nothing kept to everything kept, where nothing is left of them."""
    kernel = kernel_of((3, 3, 8, 8), seed)
    errors = [error_of(kernel, lab.compress.decompose_kernel(kernel, rank, share, lab.structure(which))) for share in (0, 0.3, 0.8, 1)]

    assert errors[-1] <= 1e-4 * np.linalg.norm(kernel)
    assert all(other <= 1.02 * one + 1e-5 for one, other in pairwise(errors))


@given(st.integers(1, 4), st.integers(1, 20), SEEDS)
def test_alternation_finds_what_was_put_together(lab: Lab, rank: int, outliers: int, seed: int) -> None:
    """A kernel of low rank plus a few large weights is taken apart again, which a single pass does not manage."""
    random = np.random.RandomState(seed)
    core = random.standard_normal((3, 3, rank, rank))
    factors = [random.standard_normal((size, rank)) for size in (12, 16)]
    assume(min(np.linalg.svd(factor, compute_uv=False)[-1] for factor in factors) > 0.5)
    kernel = expanded(core, factors)
    places = random.permutation(kernel.size)[:outliers]
    kernel.flat[places] += 20 * np.abs(kernel).max() * random.choice([-1, 1], outliers)
    kernel = kernel.astype(np.float32)
    structure = lab.settings.Structure()
    found = lab.compress.decompose_kernel(kernel, rank, outliers / kernel.size, structure)

    assert error_of(kernel, found) <= 1e-3 * np.linalg.norm(kernel)
    assert set(np.flatnonzero(found.sparse)) == set(places)


def plain_error(lab: Lab, kernel: Any, rank: int, share: float, structure: Any) -> float:
    """The error of a plain alternation of three rounds, whichever part begins."""
    from tensorly.decomposition import partial_tucker

    errors = []
    for sparse in (np.zeros_like(kernel), lab.compress.sparse_residual(kernel, share, structure)):
        for _ in range(3):
            (core, factors), _errors = partial_tucker(kernel - sparse, rank=[rank, rank], modes=[2, 3])
            residual = kernel - expanded(core, factors)
            sparse = lab.compress.sparse_residual(residual, share, structure)
        errors.append(float(np.linalg.norm(residual - sparse)))
    return min(errors)


@pytest.mark.parametrize("which", STRUCTURES)
def test_a_plain_alternation_is_no_better(lab: Lab, which: Any) -> None:
    """Hardly on average, and for no kernel by much: each may end in a minimum that the other one does not find."""
    structure, differences = lab.structure(which), []
    for seed in range(15):
        kernel, rank, share = kernel_of((3, 3, 8, 8), seed), 2 + seed % 5, (0.05, 0.2, 0.5)[seed % 3]
        error = error_of(kernel, lab.compress.decompose_kernel(kernel, rank, share, structure))
        differences.append((error - plain_error(lab, kernel, rank, share, structure)) / np.linalg.norm(kernel))

    assert np.mean(differences) <= 5e-3
    assert max(differences) <= 0.05


def test_a_kernel_of_zeros_is_decomposed(lab: Lab) -> None:
    """Nothing is divided by its norm."""
    found = lab.compress.decompose_kernel(np.zeros((3, 3, 4, 6), np.float32), 3, 0.2, lab.settings.Structure("filter"))

    assert not found.reconstruction.any()


# Costs and candidates


def test_costs_are_those_of_the_assignment(lab: Lab) -> None:
    """(9 r^2 + r Cin + r Cout) / (9 Cin Cout), and four times the kept share."""
    shape, factors = (3, 3, 32, 64), lab.settings.Factors(16, 0.05)

    assert lab.costs.tucker_cost(shape, 16) == pytest.approx((9 * 256 + 16 * 32 + 16 * 64) / (9 * 32 * 64))
    assert lab.costs.total_cost(shape, factors, 4.0) == pytest.approx(lab.costs.tucker_cost(shape, 16) + 0.2)
    assert lab.costs.candidate_ranks(shape) == [16, 20, 24, 28, 32, 36, 40, 44, 48]  # 52 and 56 cost more than the layer
    assert lab.costs.candidate_shares()[:3] == pytest.approx([0, 0.001, 0.0013])


@given(SHAPES, st.floats(0, 1), st.sampled_from(["hybrid", "tucker", "spars"]))
def test_candidates_fit(lab: Lab, shape: Any, budget: float, kind: str) -> None:
    """Ranks ascend, differ, and cost no more than the budget; rank 0 is for sparse layers, and hybrid's last resort."""
    ranks = lab.costs.candidate_ranks(shape, kind, budget)

    assert ranks == sorted(set(ranks))
    assert all(lab.costs.tucker_cost(shape, rank) <= budget + 1e-6 for rank in ranks)
    assert (kind == "spars") == (ranks == [0]) or kind == "hybrid"
    assert kind != "tucker" or 0 not in ranks
    assert kind != "hybrid" or ranks


# Budgets


@given(st.lists(st.floats(0, 10), min_size=1, max_size=9), st.floats(0.01, 0.99))
def test_budgets_follow_the_deviations(lab: Lab, deviations: list[float], factor: float) -> None:
    """The factor times deviation over mean, and never more than the layer itself."""
    kernels = [np.array([-each, each] * 8, np.float32).reshape(1, 1, 4, 4) for each in deviations]
    budgets = lab.compress.layer_budgets(kernels, factor)
    mean = np.mean([kernel.std() for kernel in kernels])
    expected = [factor if mean == 0 else min(1.0, factor * kernel.std() / mean) for kernel in kernels]

    assert budgets == pytest.approx(expected, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("which", STRUCTURES[:4])
@pytest.mark.parametrize("kind", ["hybrid", "tucker", "spars"])
@settings(max_examples=8)
@given(st.floats(0.03, 0.99), SEEDS, st.sampled_from([(3, 3, 16, 16), (3, 3, 8, 32), (5, 5, 1, 16), (1, 3, 16, 12)]))
def test_budgets_are_met_and_not_wasted(lab: Lab, which: Any, kind: str, budget: float, seed: int, shape: Any) -> None:
    """The choice costs at most the budget, and its error is within 2 % of the best over the ranks that are allowed."""
    kernel = kernel_of(shape, seed)
    options = lab.settings.Settings(lab.structure(which), kind)
    factors = lab.compress.choose_by_budget(kernel, budget, options)
    allowed = lab.costs.candidate_ranks(shape, kind, budget)
    if not allowed:
        assert factors is None
        return
    errors = []
    for rank in allowed:
        share = 0.0 if kind == "tucker" else (budget - lab.costs.tucker_cost(shape, rank)) / 4
        errors.append(error_of(kernel, lab.compress.decompose_kernel(kernel, rank, max(0, share), options.structure)))
    chosen = lab.compress.decompose_kernel(kernel, *factors, options.structure)

    assert factors.rank in allowed
    assert lab.costs.tucker_cost(shape, factors.rank) + 4 * chosen.kept_share <= budget + 1e-6
    assert error_of(kernel, chosen) <= 1.02 * min(errors)


def test_a_whole_budget_changes_nothing(lab: Lab) -> None:
    """A layer that may cost all of its own cost stays as it is."""
    assert lab.compress.choose_by_budget(kernel_of((3, 3, 8, 8), 0), 1.0, lab.settings.Settings()) is None


# Choices by accuracy


@pytest.mark.parametrize("kind", ["hybrid", "tucker", "spars"])
@settings(max_examples=5)
@given(st.floats(0.0, 1.0), SEEDS)
def test_the_cheapest_pair_that_is_accurate_enough_wins(lab: Lab, kind: str, least: float, seed: int) -> None:
    """Where accuracy is 1 - relative error, no other candidate is both cheaper and accurate enough."""
    kernel = kernel_of((1, 3, 8, 8), seed)
    options = lab.settings.Settings(compression_type=kind)
    norm = np.linalg.norm(kernel)

    def accuracy_with(other: Any) -> float:
        assert other.shape == kernel.shape
        return 1 - float(np.linalg.norm(kernel - other) / norm)

    def cost(pair: Any) -> float:
        return lab.costs.total_cost(kernel.shape, lab.settings.Factors(*pair), 4.0)

    found = lab.compress.choose_by_loss(kernel, accuracy_with, least, options)
    shares = [0.0] if kind == "tucker" else lab.costs.candidate_shares()
    ranks = lab.costs.candidate_ranks(kernel.shape, kind)
    # A bisection may miss by one step where accuracy is not quite monotonous in the share.
    good = [
        pair for pair in ((rank, share) for rank in ranks for share in shares)
        if cost(pair) < 1 and accuracy_with(lab.compress.decompose_kernel(kernel, *pair, options.structure).reconstruction) >= least
    ]  # fmt: skip
    if found is None:
        assert not good
        return
    assert cost(found) < 1
    assert found in good
    assert cost(found) <= min(map(cost, good)) * 1.3 + 1e-9


def test_nothing_accurate_enough_leaves_the_layer(lab: Lab) -> None:
    """An accuracy that no kernel reaches is no reason to compress."""
    assert lab.compress.choose_by_loss(kernel_of((3, 3, 8, 8), 0), lambda kernel: 0.5, 0.6, lab.settings.Settings()) is None


# Data


def samples(lab: Lab, images: Any, labels: Any) -> Any:
    return lab.dataset.Samples(np.asarray(images, np.float32), np.asarray(labels, np.int64))


@given(st.integers(40, 120), st.integers(1, 5), st.integers(1, 60), SEEDS)
def test_no_image_is_in_two_splits(lab: Lab, total: int, classes: int, different: int, seed: int) -> None:
    """Equal images go the same way, every image goes somewhere, and each class is split alike."""
    assume(different >= 3 * classes + 3)
    random = np.random.RandomState(seed)
    numbers = np.concatenate([np.arange(different), random.randint(0, different, total)])
    data = samples(lab, numbers.reshape(-1, 1, 1, 1), numbers % classes)
    splits = lab.dataset.split_in_three(data)
    parts = [splits.choosing, splits.stopping, splits.judging]
    found = [set(part.images.ravel().astype(int)) for part in parts]

    assert sum(map(len, parts)) == len(numbers)
    assert sum(map(len, found)) == len(set(numbers)) == len(set().union(*found))
    assert abs(len(found[0]) - different / 2) <= 2


def test_after_judging_nothing_can_be_chosen(lab: Lab) -> None:
    """The order is enforced: once the result is judged, the other two splits are closed."""
    data = samples(lab, np.arange(60).reshape(-1, 1, 1, 1), np.zeros(60))

    class Zero:
        def predict_on_batch(self, images: Any) -> Any:
            return np.eye(3)[np.zeros(len(images), int)]

    evaluation = lab.evaluation.Evaluation(lab.dataset.split_in_three(data))
    assert evaluation.choosing(Zero()) == evaluation.stopping(Zero()) == evaluation.judge(Zero().predict_on_batch) == 1
    with pytest.raises(RuntimeError, match="judged already"):
        evaluation.choosing(Zero())
    with pytest.raises(RuntimeError, match="judged already"):
        evaluation.stopping(Zero())


def test_arrays_are_read_and_scaled(lab: Lab, tmp_path: Path) -> None:
    """Grey images get an axis of channels, bytes become shares, and a size draws so many."""
    np.savez(tmp_path / "data.npz", x=np.full((50, 4, 5), 255, np.uint8), y=np.arange(50).reshape(50, 1) % 3)
    found = lab.dataset.load(tmp_path / "data.npz", 40)

    assert found.images.shape == (40, 4, 5, 1)
    assert found.images.max() == 1
    assert set(found.labels) == {0, 1, 2}


def test_cifar_is_read(lab: Lab, tmp_path: Path) -> None:
    """The fine class, and channels last."""
    record = np.concatenate([[7, 42], np.full(1024, 255), np.full(1024, 51), np.zeros(1024)]).astype(np.uint8)
    (tmp_path / "test.bin").write_bytes(record.tobytes() * 3)
    found = lab.dataset.load(tmp_path)

    assert found.images.shape == (3, 32, 32, 3)
    assert found.images[0, 9, 9] == pytest.approx([1, 0.2, 0])
    assert list(found.labels) == [42] * 3


def npy(values: Any) -> bytes:
    """A file of one array without a name."""
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04", npy(np.zeros(3))])
def test_unreadable_data_is_one_line(lab: Lab, tmp_path: Path, content: bytes) -> None:
    """Whatever is wrong with a file, the message names it."""
    (tmp_path / "data.npz").write_bytes(content)
    with pytest.raises(lab.errors.CompressionError, match=r"data\.npz can't be read") as raised:
        lab.dataset.load(tmp_path / "data.npz")
    assert "\n" not in str(raised.value)


# Command line


@pytest.fixture(params=["student_template", "reference"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command with these options; model.h5, data.npz and folder/ exist, and TensorFlow must not be imported."""
    (tmp_path / "model.h5").touch()
    (tmp_path / "data.npz").touch()
    (tmp_path / "folder.tflite").mkdir()
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "tensorflow.py").write_text("raise SystemExit('TensorFlow was imported')")
    root = REPOSITORY / request.param

    def start(**options: Any) -> subprocess.CompletedProcess[str]:
        given_ = {"input_path": "model.h5", "output_path": "out.tflite", "dataset_path": "data.npz", **options}
        words = [word for name, value in given_.items() if value is not None for word in (f"--{name}", str(value))]
        command = [sys.executable, "-m", f"{FOLDER}.compress", *words]
        environment = {"PYTHONPATH": f"{tmp_path / 'none'}:{root}", "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False)

    return start


WRONG = [
    ({"input_path": "nothing.h5"}, "--input_path nothing.h5 does not exist"),
    ({"input_path": None}, "the following arguments are required: --input_path"),
    ({"output_path": "out.h5"}, "--output_path out.h5 does not end in .tflite"),
    ({"output_path": "folder.tflite"}, "--output_path folder.tflite is a folder"),
    ({"output_path": "nowhere/out.tflite"}, "--output_path nowhere/out.tflite is in a folder that does not exist"),
    ({"pruning_structure": "block"}, "--block_size is required with --pruning_structure block"),
    ({"block_size": "2,2"}, "--block_size goes with --pruning_structure block only"),
    *[
        ({"pruning_structure": "block", "block_size": wrong}, "argument --block_size: must be two positive whole numbers")
        for wrong in ("2", "0,2", "2,2,2", "a,b", "2.5,1", "-1,2", ",", "²,2")
    ],
    ({"pruning_structure": "rows"}, "argument --pruning_structure: invalid choice: 'rows'"),
    ({"method": "fixed_params"}, "--compression_factor is required with --method fixed_params"),
    ({"compression_factor": "0.5"}, "--compression_factor goes with --method fixed_params only"),
    *[
        ({"method": "fixed_params", "compression_factor": wrong}, "argument --compression_factor: must be between 0 and 1")
        for wrong in ("0", "1", "-0.1", "nan", "half")
    ],
    *[({"max_acc_loss": wrong}, "argument --max_acc_loss: must be from 0 to 1") for wrong in ("1.1", "nan", "2%")],
    *[({"sparsity_weight": wrong}, "argument --sparsity_weight: must be above 0") for wrong in ("0", "inf", "nan")],
    *[({"dataset_size": wrong}, "argument --dataset_size: must be a whole number of at least 40") for wrong in ("3", "1e3", "-5")],
    ({"dataset_path": None}, "--dataset_path is required with --method fixed_loss"),
    ({"dataset_path": "nothing.npz"}, "--dataset_path nothing.npz does not exist"),
    ({"compression_type": "svd"}, "argument --compression_type: invalid choice: 'svd'"),
]  # fmt: skip


@pytest.mark.process
def test_wrong_options_are_one_line_each(run: Callable[..., Any]) -> None:
    """Each names the option and what is expected, and exits with 2 before TensorFlow is imported."""
    for options, message in WRONG[:9:4] + WRONG[15::5]:
        done = run(**options)

        assert done.returncode == 2, (options, done.stderr)
        assert done.stderr.startswith(f"error: {message}"), options
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_wrong_options(lab: Lab, options: dict[str, Any], message: str, tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    """The same in this process, for all of them."""
    monkeypatch.chdir(tmp_path)
    for name in ("model.h5", "data.npz"):
        Path(name).touch()
    Path("folder.tflite").mkdir()
    given_ = {"input_path": "model.h5", "output_path": "out.tflite", "dataset_path": "data.npz", **options}
    words = [f"--{name}={value}" for name, value in given_.items() if value is not None]
    with pytest.raises(SystemExit) as ended:
        lab.compress.main(words)
    said = capsys.readouterr().err

    assert ended.value.code == 2
    assert said.startswith(f"error: {message}")
    assert said.count("\n") == 1


# Template


def functions(path: Path) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}


def test_the_starter_code_is_equal() -> None:
    """Template and reference have the same files, but for compress.py and what only the template's readers need."""
    trees = []
    for root in ("student_template", "reference"):
        folder = REPOSITORY / root / FOLDER
        trees.append({path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.py") if path.name != "compress.py"})

    assert trees[0] == trees[1]


def test_template_and_reference_have_the_same_functions() -> None:
    """The same names with the same parameters, and all but main are to be written."""
    template, reference = (functions(REPOSITORY / root / FOLDER / "compress.py") for root in ("student_template", "reference"))

    assert list(template) == [*TO_WRITE, "main"]
    for name, function in template.items():
        assert ast.unparse(function.args) == ast.unparse(reference[name].args), name


@pytest.mark.parametrize("name", TO_WRITE)
def test_stubs_say_what_is_to_be_written(name: str) -> None:
    """Each raises NotImplementedError and begins with its own name."""
    for load in imported(REPOSITORY / "student_template"):
        with pytest.raises(NotImplementedError, match=f"^{name}: .{{40}}"):
            getattr(load(f"{FOLDER}.compress"), name)(*TO_WRITE[name])


def test_the_readme_names_every_option_and_function(lab: Lab) -> None:
    """What the page says of the command line and of the functions is complete."""
    page = (REPOSITORY / "student_template" / FOLDER / "README.md").read_text()
    parser = importlib.import_module(f"{FOLDER}.starter.arguments").make_parser()

    assert [name for name in TO_WRITE if f"`{name}(" not in page] == []
    options = [option for action in parser._actions for option in action.option_strings if option not in ("-h", "--help")]
    assert [option for option in options if option not in page] == []
