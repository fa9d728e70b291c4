"""What runs beside a student's functions in the decomposition lab: what it calls, replaces and refuses."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from graders.core.paths import REFERENCE
from graders.labs.hybrid_decomposition import driver, stand_ins

STARTER = "hybrid_decomposition"
PLAIN = {"name": "unstructured", "block": None}
KERNEL = np.random.default_rng(0).normal(size=(3, 3, 6, 8)).astype(np.float32)
Write = Callable[..., str]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes a student's package; its module's name. The starter code is beside it."""
    before = set(sys.modules)
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(REFERENCE))
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(text: str, **others: str) -> str:
        for name, content in {"__init__": "", "compress": text, **others}.items():
            (folder / f"{name}.py").write_text(content, encoding="utf-8")
        return "work.compress"

    yield write
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("work", STARTER):
            del sys.modules[name]


def test_a_function_of_a_helper_module_is_replaced(module: Write) -> None:
    """Wherever the student's code has its own, it gets the grader's, and other functions stay."""
    name = module(
        "from work.helper import decompose_kernel, sparse_residual\n",
        helper=(
            "from hybrid_decomposition.starter.settings import Decomposition\n"
            "def sparse_residual(residual, share, structure):\n"
            "    raise ValueError('the own one')\n"
            "def decompose_kernel(kernel, rank, share, structure):\n"
            "    return Decomposition(None, None, None, sparse_residual(kernel, share, structure))\n"
        ),
    )
    with pytest.raises(ValueError, match="the own one"):
        driver.sparse(name, 0.1, PLAIN, KERNEL)
    _, found = driver.decompose(name, 0, 0.1, PLAIN, stand_ins.sparse_alone(), KERNEL)
    assert np.count_nonzero(found["sparse"]) == int(0.1 * KERNEL.size)
    assert "core" not in found
    assert np.array_equal(found["given"], KERNEL)


def test_a_change_of_the_argument_is_seen(module: Write) -> None:
    name = module("def sparse_residual(residual, share, structure):\n    residual[:] = 0\n    return residual\n")
    _, found = driver.sparse(name, 0.1, PLAIN, KERNEL)
    assert not found["given"].any()
    assert KERNEL.any(), "it is a copy"


@pytest.mark.parametrize(
    ("returned", "message"),
    [("None", "NoneType, not an array"), ("'x'", "str, not an array"), ("[[1, 2], 'x']", "not an array|inhomogeneous")],
)
def test_something_else_than_an_array(module: Write, returned: str, message: str) -> None:
    name = module(f"def sparse_residual(residual, share, structure):\n    return {returned}\n")
    with pytest.raises((driver.BadReturn, ValueError), match=message):
        driver.sparse(name, 0.1, PLAIN, KERNEL)


def test_something_else_than_a_decomposition(module: Write) -> None:
    name = module("def decompose_kernel(kernel, rank, share, structure):\n    return (kernel, 1)\n")
    with pytest.raises(driver.BadReturn, match="tuple without core, not a Decomposition"):
        driver.decompose(name, 0, 0.1, PLAIN, stand_ins.sparse_alone(), KERNEL)


def test_a_missing_function_is_named(module: Write) -> None:
    name = module("")
    with pytest.raises(driver.MissingFunction, match=r"no function sparse_residual in work/compress\.py"):
        driver.sparse(name, 0.1, PLAIN, KERNEL)


@pytest.mark.parametrize(
    ("found", "described"),
    [(None, None), ((3, 0.5), [3, 0.5]), (SimpleNamespace(), driver.BadReturn), (("a", 1), driver.BadReturn), (7, driver.BadReturn)],
)
def test_factors_are_plain_numbers(found: Any, described: Any) -> None:
    if described is driver.BadReturn:
        with pytest.raises(driver.BadReturn, match="neither Factors nor None"):
            driver._factors(found, "choose_by_loss")
    else:
        assert driver._factors(found, "choose_by_loss") == {"factors": described}


def test_accuracy_falls_with_the_error(module: Write) -> None:
    """In steps of a percent, from 1 for the kernel itself."""
    name = module(
        "seen = []\n"
        "def choose_by_loss(kernel, accuracy_with, least_accuracy, settings):\n"
        "    seen.extend([accuracy_with(kernel), accuracy_with(kernel * 0.5), accuracy_with(kernel * 0)])\n"
        "    return 2, 0.25\n"
    )
    settings = {"structure": PLAIN, "compression_type": "hybrid", "sparsity_weight": 3.0}
    facts, _ = driver.loss(name, 0.4, 0.9, settings, stand_ins.both(), KERNEL)
    assert facts == {"factors": [2, 0.25]}
    assert sys.modules[name].seen == [1.0, 0.8, 0.6]


def test_the_reference_answers_each_call(module: Write) -> None:
    """Its own file, as a student's."""
    name = module((REFERENCE / STARTER / "compress.py").read_text(encoding="utf-8"))
    settings = {"structure": PLAIN, "compression_type": "tucker", "sparsity_weight": 3.0}
    facts, _ = driver.budget(name, 0.5, settings, stand_ins.both(), KERNEL)
    rank, share = facts["factors"]
    assert 0 < rank <= 8
    assert share == 0
    _, found = driver.budgets(name, 0.5, kernel_0=KERNEL, kernel_1=KERNEL * 3)
    assert found["budgets"] == pytest.approx([0.25, 0.75])
