"""The attack that computes the seed does work where there is no secret: what keeps it from working is the secret."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from graders.framework import registry
from graders.framework.context import LabContext
from graders.framework.model_tester.runner import file_name
from graders.selftest.attacks.cases import Attack, build, load_all
from graders.selftest.attacks.output import SECRET
from graders.submission import Part, build_overlay, part_for
from graders.submission.seeds import seed_of

(BISECTING,) = [attack for attack in load_all() if attack.number == 30]
NAME = "seed-from-own-files"


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Part:
    """What a run of the attacking submission sees."""
    (variant,) = [each for each in BISECTING.variants if each.name == NAME]
    folder = tmp_path_factory.mktemp("bisecting")
    submission = build(variant.base, variant.changes, folder / "submission", NAME)
    view = build_overlay(submission, {path: BISECTING.lab.template / path for path in BISECTING.lab.given}, folder / "view")
    return part_for(view, {}, folder / "part", BISECTING.lab.student_file)


def attacking(attack: Attack) -> dict[str, Any]:
    """The attack's own functions, without what it does to the class."""
    (variant,) = [each for each in attack.variants if each.name == NAME]
    (code,) = [change.append for change in variant.changes]
    assert code is not None
    space: dict[str, Any] = {"os": os, "Path": Path}
    exec(code.split("\n_optimize = ")[0], space)
    return space


def name_for(seed: int) -> str:
    """The name that a run's file has to have with that seed."""
    (entry,) = registry.select_labs(["l02"])
    grading: Any = SimpleNamespace(lab=entry.lab, seed=seed)
    grading.drawn = lambda purpose: LabContext.drawn(grading, purpose)
    return file_name(grading, "fp32")


def test_without_a_secret_the_code_knows(part: Part) -> None:
    """It computes the very seed, and a drawn value from it."""
    space = attacking(BISECTING)
    seed = space["computed_seed"](part.root)
    assert seed == seed_of(part.digest, None)
    assert space["drawn_name"](seed) == name_for(seed)


def test_with_a_secret_it_does_not(part: Part) -> None:
    """What it computes is another seed, and another value."""
    space = attacking(BISECTING)
    seed = space["computed_seed"](part.root)
    assert seed != seed_of(part.digest, SECRET.encode())
    assert space["drawn_name"](seed) != name_for(seed_of(part.digest, SECRET.encode()))
