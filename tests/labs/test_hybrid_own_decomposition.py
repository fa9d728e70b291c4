"""How the decomposition lab judges factors that were chosen for a decomposition of the student's own."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from graders.core.paths import LABS, REFERENCE
from graders.labs.hybrid_decomposition import measuring, problems, stand_ins
from graders.labs.hybrid_decomposition.evidence import Factors

PACKAGE = "hybrid_decomposition"
MODULE = f"{PACKAGE}.compress"
OWN_WAY = """

class Compressor:
    decompose = staticmethod(decompose_kernel)

def coarse(kernel, rank, share, structure):
    found = Compressor.decompose(kernel, rank, share, structure)
    return Decomposition(found.core, found.first, found.last, found.sparse * np.float32(0.97))

def decompose_kernel(kernel, rank, share, structure):
    return coarse(kernel, rank, share, structure)
"""
"""A student's way to a decomposition of its own, which is not the function of that name."""
Student = Callable[[str], ModuleType]


@pytest.fixture
def driver_with(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Student]:
    """The driver, as a run imports it, beside the reference and lines that follow it."""

    def load(more: str) -> ModuleType:
        shutil.copytree(REFERENCE / PACKAGE, tmp_path / PACKAGE)
        with (tmp_path / PACKAGE / "compress.py").open("a") as file:
            file.write(more)
        monkeypatch.syspath_prepend(str(tmp_path))
        spec = importlib.util.spec_from_file_location("hybrid_driver", LABS / PACKAGE / "driver.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    forget()
    yield load
    forget()


def forget() -> None:
    """Has the student's package imported again."""
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def by_loss(driver: ModuleType, case: problems.LossCase) -> tuple[Any, dict[str, Any]]:
    settings, tried = case.chooser.described, measuring.tried_by_loss(case)
    facts, arrays = driver.loss(MODULE, case.scale, case.least, settings, stand_ins.both(), case.kernel, tried)
    return facts["factors"], arrays


def by_budget(driver: ModuleType, case: problems.BudgetCase) -> tuple[Any, dict[str, Any]]:
    settings, tried = case.chooser.described, measuring.tried_by_budget(case)
    facts, arrays = driver.budget(MODULE, case.budget, settings, stand_ins.both(), case.kernel, tried)
    return facts["factors"], arrays


def test_the_graders_decomposition_stands_in(driver_with: Student) -> None:
    """A decomposition that is wrong changes nothing of what is chosen, and is not sent back."""
    driver = driver_with("\n\ndef decompose_kernel(kernel, rank, share, structure):\n    raise ValueError\n")
    loss, budget = problems.loss_cases(np.random.default_rng(3))[0], problems.budget_cases(np.random.default_rng(3))[0]
    factors, arrays = by_loss(driver, loss)
    assert Factors(*factors) == measuring.cheapest(loss)["either"]
    assert not arrays
    factors, arrays = by_budget(driver, budget)
    assert Factors(*factors) == measuring.most_exact(budget)["either"]
    assert not arrays


def test_a_decomposition_of_the_students_own(driver_with: Student) -> None:
    """Code that gets to its own in another way is judged by what that one makes of the factors."""
    after = (REFERENCE / PACKAGE / "compress.py").read_text().split("def choose_by_loss")[1]
    functions = ("def choose_by_loss" + after).split("def main")[0].replace("decompose_kernel(", "coarse(")
    driver = driver_with(OWN_WAY + "\n\n" + functions)
    random = np.random.default_rng(5)
    for case in problems.loss_cases(random)[:1]:
        factors, arrays = by_loss(driver, case)
        chosen = Factors(*factors)
        found = measuring.by_own_kernels(case, measuring.judge(case, measuring.cheapest(case), chosen), arrays["own"])
        assert found.accuracy >= case.least
        assert found.best_cost == found.cost
    for budget in problems.budget_cases(random)[:1]:
        factors, arrays = by_budget(driver, budget)
        chosen = Factors(*factors)
        plain = measuring.judge(budget, measuring.most_exact(budget), chosen)
        found = measuring.by_own_kernels(budget, plain, arrays["own"])
        assert found.error / found.best_error <= plain.error / plain.best_error
        assert found.error == pytest.approx(found.best_error)


def own_of(case: Any, factors: list[Factors], worse: float = 1.0) -> Any:
    """What a decomposition makes of factors whose errors are so many times the grader's."""
    made = [measuring.approximation(case.chooser, case.kernel, each, "either") for each in factors]
    return np.stack([case.kernel + worse * (each - case.kernel) for each in made]).astype(np.float32)


def test_own_kernels_excuse_no_other_choice() -> None:
    """Factors that are not the best of the student's own decomposition either are judged as before."""
    random = np.random.default_rng(1)
    loss, budget = problems.loss_cases(random)[0], problems.budget_cases(random)[0]
    poor = measuring.judge(loss, measuring.cheapest(loss), Factors(14, 0.1))
    tried = [Factors(14, 0.1), *measuring._others(loss, poor)]
    assert measuring.by_own_kernels(loss, poor, own_of(loss, tried)) == poor, "a cheaper one is as accurate"
    other = measuring.judge(budget, measuring.most_exact(budget), Factors(4, 0.01))
    tried = [Factors(4, 0.01), *measuring._others(budget, other)]
    assert measuring.by_own_kernels(budget, other, own_of(budget, tried, 1.1)) == other
    own = own_of(budget, tried)
    for hostile in (own[:0], own[:, :1], own * np.float32("nan"), np.repeat(own, 40, axis=0), own[:-1]):
        assert measuring.by_own_kernels(budget, other, hostile) == other


def test_own_kernels_can_not_be_made_up() -> None:
    """Neither a chosen kernel that is better than it can be, nor others that are worse than a decomposition's."""
    random = np.random.default_rng(1)
    loss, budget = problems.loss_cases(random)[0], problems.budget_cases(random)[0]
    for case, best, chosen in (
        (loss, measuring.cheapest(loss), Factors(9, 0.02)),
        (budget, measuring.most_exact(budget), Factors(4, 0.05)),
    ):
        found = measuring.judge(case, best, chosen)
        own = own_of(case, [chosen, *measuring._others(case, found)])
        better, worse = own.copy(), own.copy()
        better[0] = case.kernel
        worse[1:] *= np.float32(0.2)
        assert measuring.by_own_kernels(case, found, better) == found
        assert measuring.by_own_kernels(case, found, worse) == found
