"""What the keys of cached results follow: the code that makes them, and nothing that only looks at them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from graders.caching import sources
from graders.core.paths import GRADERS, REPOSITORY
from graders.framework.registry import available_labs
from graders.framework.result_cache import code_digest, code_files
from graders.pipeline import device
from graders.pipeline.labs import RESULT_MODULES

LABS = {each.lab.id: each.lab for each in available_labs()}
PIPELINE = RESULT_MODULES
# A call that has a result cached, not one that shares it within a process.
CACHES = re.compile(r"\bcache\.(?:once|put)\(")


@pytest.fixture(autouse=True)
def _read_again() -> Iterator[None]:
    yield
    sources.forget()


@cache
def unchanged() -> dict[str, str]:
    """Each lab's digest."""
    return {name: code_digest(lab, PIPELINE) for name, lab in LABS.items()}


def digests(monkeypatch: pytest.MonkeyPatch, changed: str) -> dict[str, str]:
    """Each lab's digest, with one file of the repository as if it had been changed."""
    sources.forget()
    read = sources._read
    with monkeypatch.context() as patch:
        patch.setattr(sources, "_read", lambda path: read(path) + b"\n#" * (path == str(REPOSITORY / changed)))
        return {name: code_digest(lab, PIPELINE) for name, lab in LABS.items()}


L02, L03, MNIST, KENNING = "l02_quantization", "l03_pruning_clustering", "mnist_compression", "kenning_compression"
HYBRID = "hybrid_decomposition"
ALL = {L02, L03, MNIST, KENNING, HYBRID}


@pytest.mark.parametrize(
    ("changed", "of"),
    [
        ("graders/measure/scorer/worker.py", ALL),
        ("graders/measure/latency.py", ALL),
        ("graders/measure/tflite/reader.py", ALL),
        ("graders/sandbox/guest/run.py", ALL),
        ("graders/sandbox/guest/lockdown.py", ALL),
        ("graders/sandbox/__init__.py", ALL),
        ("graders/framework/context.py", ALL),
        ("graders/framework/timing.py", ALL),
        ("graders/profiles/permute_model.py", ALL),
        ("graders/submission/notebooks/gaps.toml", ALL),
        ("graders/written/claims/words.toml", ALL),
        ("graders/framework/model_tester/driver.py", {L02, L03}),
        ("graders/labs/l02_quantization/probes.py", {L02}),
        ("graders/labs/l03_pruning_clustering/plan.py", {L03}),
        ("graders/labs/mnist_compression/driver.py", {MNIST}),
        ("graders/labs/mnist_compression/words.toml", {MNIST}),
        ("fixtures/models/mnist/baseline.npz", {MNIST}),
        ("graders/labs/kenning_compression/driver.py", {KENNING}),
        ("graders/measure/compression/keras.py", ALL),
        ("graders/labs/hybrid_decomposition/sparse_part.py", {HYBRID}),
        ("graders/labs/hybrid_decomposition/problems.py", {HYBRID}),
        ("graders/measure/digits.py", {MNIST, HYBRID}),
        ("graders/labs/l02_quantization/test_int8.py", set()),
        ("graders/labs/l02_quantization/lab.toml", set()),
        ("graders/scoring/outcomes.py", set()),
        ("graders/reports/html/__init__.py", set()),
        ("graders/commands/doctor.py", set()),
        ("graders/selftest/corpus/cases.py", set()),
        ("README.md", set()),
    ],
)
def test_a_change_to_a_file(monkeypatch: pytest.MonkeyPatch, changed: str, of: set[str]) -> None:
    """What a lab's run imports, or reads beside it, changes the lab's key; what looks at results changes none."""
    assert (REPOSITORY / changed).is_file()
    before, after = unchanged(), digests(monkeypatch, changed)
    assert {name for name in LABS if before[name] != after[name]} == of


def test_whoever_caches_a_result_is_among_the_code() -> None:
    """Every module that has something cached is followed, so that a change to it is seen."""
    followed = {path for lab in LABS.values() for path in code_files(lab, PIPELINE)}
    # It caches what a client returned, unchanged, by the code of that client.
    followed.add(Path(device.__file__))
    assert Path(device.client.__file__) in device.MODULES
    for path in GRADERS.rglob("*.py"):
        if CACHES.search(path.read_text(encoding="utf-8")):
            assert path in followed, path


def test_a_lab_outside_of_the_repository(tmp_path: Path) -> None:
    """Its own files are followed, however they import each other; where its folder is does not matter."""
    keys = []
    for place in ("here", "there"):
        folder = tmp_path / place / "my_lab"
        folder.mkdir(parents=True)
        (folder / "lab.py").write_text("from .plan import go\nfrom . import extra\nWORDS = 'words.toml'\n")
        (folder / "plan.py").write_text("from optgrade_labs.my_lab import near\nfrom graders.measure import latency\n")
        for name in ("extra.py", "near.py", "words.toml", "test_lab.py", "driver.py"):
            (folder / name).write_text("")
        lab = replace(LABS[L02], folder=folder)
        names = {path.name for path in code_files(lab) if path.is_relative_to(folder)}
        assert names == {"lab.py", "plan.py", "extra.py", "near.py", "words.toml", "driver.py"}
        assert GRADERS / "measure" / "latency.py" in code_files(lab)
        keys.append(code_digest(lab))
    assert keys[0] == keys[1]
    (folder / "near.py").write_text("VALUE = 1\n")
    sources.forget()
    assert code_digest(lab) != keys[0]


def test_a_lab_in_another_module(tmp_path: Path) -> None:
    """Of an installed package whose lab is not in lab.py, every module beside lab.toml counts."""
    package = tmp_path / "my_package"
    package.mkdir()
    (package / "__init__.py").write_text("from my_package import labs\n")
    (package / "labs.py").write_text("from my_package.deep import helper\n")
    (package / "deep").mkdir()
    (package / "deep" / "helper.py").write_text("")
    files = code_files(replace(LABS[L02], folder=package))
    assert {path for path in files if path.is_relative_to(package)} == {
        package / "__init__.py", package / "labs.py", package / "deep" / "helper.py",
    }  # fmt: skip


def test_a_lab_without_its_module_is_an_error(tmp_path: Path) -> None:
    """A folder without any module is not taken for a lab that imports nothing."""
    with pytest.raises(FileNotFoundError):
        code_digest(replace(LABS[L02], folder=tmp_path))
