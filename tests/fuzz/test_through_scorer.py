"""Mutated ``.tflite`` files through the real scorer, its interpreter included: measured, or the file's own fault within
seconds. ``python -m tests.fuzz.through_scorer`` measures ten thousand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graders import sandbox
from graders.measure.scorer.client import start_server
from graders.sandbox import Server
from tests.fuzz import through_scorer

COUNT = 300
# Each was of interest once: what LiteRT can't describe, what crashes it, what takes the memory of a whole run.
KEPT = {
    3491: "an input of a type that LiteRT's Python has no array for",
    1865: "a shape for which XNNPACK takes more than a run may have",
    71: "crashes with delegates",
    1049: "crashes",
}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path, Path]]:
    """A scorers' server of the best tier that there is, a folder for it, and two frames."""
    folder = tmp_path_factory.mktemp("mutants")
    # Strangers to this user pass through it, where they have to.
    for above in (folder, *folder.parents[:2]):
        above.chmod(0o711)
    frames = through_scorer.make_frames(folder)
    with start_server(sandbox.choose("auto"), (through_scorer.MODELS, frames), folder) as server:
        yield server, folder, frames


def wrong(outcomes: list[through_scorer.Outcome]) -> list[str]:
    """What must not be, by seed."""
    return [f"{each.seed} ({each.kind}): {text}" for each in outcomes for text in each.wrong]


def test_some(ground: tuple[Server, Path, Path]) -> None:
    """Hundreds of files, of each kind some that are measured whole and some that are not."""
    server, folder, frames = ground
    outcomes = through_scorer.run(range(COUNT), server, folder / "some", frames)
    assert not wrong(outcomes), "\n".join(wrong(outcomes))
    assert {each.kind for each in outcomes} == set(through_scorer.KINDS)
    whole = [each for each in outcomes if set(each.found.values()) == {"measured"}]
    assert 0.1 * COUNT < len(whole) < 0.9 * COUNT


@pytest.mark.parametrize("seed", KEPT, ids=lambda seed: f"{seed}-{KEPT[seed].replace(' ', '-')}")
def test_kept(seed: int, ground: tuple[Server, Path, Path]) -> None:
    """Those that were of interest once."""
    server, folder, frames = ground
    outcomes = through_scorer.run([seed], server, folder / f"kept-{seed}", frames)
    assert not wrong(outcomes), "\n".join(wrong(outcomes))


@pytest.mark.parametrize("seed", range(0, 60, 7))
def test_a_seed_is_a_file(seed: int) -> None:
    """The same seed makes the same file, and it is none of the files that it is made from."""
    made = through_scorer.mutant(seed)
    assert made == through_scorer.mutant(seed)
    assert made.data not in [base.read_bytes() for base in through_scorer.BASES]


def test_what_can_not_be_true_is_noticed(ground: tuple[Server, Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the scorer tells something false of a file, it is found: here, of a weight that was moved."""
    server, folder, frames = ground
    seed = next(number for number in range(10_000) if through_scorer.mutant(number).nudged is not None)
    made: Any = through_scorer.mutant(seed)
    other = through_scorer.Mutant(made.seed, made.kind, made.base, made.data, made.nudged * 1.5)
    monkeypatch.setattr(through_scorer, "mutant", lambda _: other)
    (outcome,) = through_scorer.run([seed], server, folder / "false", frames)
    assert [text.split(":")[0] for text in outcome.wrong] == ["compare_weights"]
