"""Inputs that crashed a parser once, and the seeds that others are made from: read, or refused as they should be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.target import CRASHERS, crashers, load, names, scratch
from tests.fuzz.worker import made_by

FOUND = [(name, path) for name in names() for path in crashers(name)]


@pytest.fixture(scope="module", autouse=True)
def _own_scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Targets write below pytest's own folder, so that nothing of theirs is left behind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPTGRADE_FUZZ_SCRATCH", str(tmp_path_factory.mktemp("fuzz")))
        scratch.cache_clear()
        yield
    scratch.cache_clear()


@pytest.mark.parametrize("name,path", FOUND, ids=[f"{name}-{path.stem}" for name, path in FOUND])
def test_a_crasher(name: str, path: Path) -> None:
    """It raises nothing any more."""
    load(name).run(path.read_bytes())


def test_every_folder_is_a_targets() -> None:
    """A target that was renamed takes its crashers along."""
    assert {folder.name for folder in CRASHERS.iterdir()} <= set(names())


@pytest.mark.parametrize("name", names())
def test_inputs_of_a_target(name: str) -> None:
    """Each number is one input, always the same, and most changes change something."""
    target = load(name)
    first, again = made_by(target), made_by(target)
    inputs = [first(number) for number in range(30)]
    assert inputs == [again(number) for number in range(30)]
    assert len(set(inputs)) > 20
    assert all(len(data) <= target.max_bytes for data in inputs)
    for data in target.seeds()[:2]:
        target.run(data)
