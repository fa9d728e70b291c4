"""Every variant of every attack, in every tier: it gains nothing, reaches nothing, leaves nothing, breaks nothing."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from graders.sandbox import TIERS, choose
from graders.selftest.attacks import grading
from graders.selftest.attacks.cases import ATTACKS, Attack, Variant, build, load, load_all
from graders.selftest.corpus.tables import CaseError

from .conftest import Arenas

ALL = load_all(strict=False)


# With this set, every variant is run in every tier; else one of each attack, in the best tier.
EVERYTHING = bool(os.environ.get("OPTGRADE_EVERY_TIER"))


def cases() -> Iterator[Any]:
    """Tier by tier, since each has its own servers."""
    for tier in TIERS if EVERYTHING else [choose("auto").tier]:
        for attack in ALL:
            for variant in attack.variants if EVERYTHING else attack.variants[:1]:
                yield pytest.param(tier, attack, variant, id=f"{tier}/{attack.path.stem}/{variant.name}")


@pytest.mark.parametrize(("tier", "attack", "variant"), list(cases()))
def test_attack(
    arenas: Arenas,
    tier: str,
    attack: Attack,
    variant: Variant,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    record_property: Any,
) -> None:
    """The score is no better than without the attack, and nothing else came of it except a known gap."""
    record_property("gap", variant.gaps.get(tier, ""))
    arena = arenas.of(tier)
    if isinstance(arena, str):
        pytest.skip(arena)

    def read() -> str:
        out, err = capfd.readouterr()
        return out + err

    wrong = arena.mismatches(attack, variant, tmp_path, read, monkeypatch)
    assert not wrong, "\n".join([f"{attack.number} {attack.title}, {variant.name}:", *wrong])


@pytest.mark.parametrize("path", sorted(ATTACKS.glob("*.toml")), ids=lambda path: path.stem)
def test_the_file_is_good(path: Path) -> None:
    """Nothing in it is missing, unknown or of another type."""
    load(path)


def test_titles_and_numbers() -> None:
    """No two files are of one attack, and no two have one title."""
    for key in ("number", "title"):
        assert not [value for value, count in Counter(getattr(one, key) for one in ALL).items() if count > 1]


@pytest.mark.parametrize("attack", ALL, ids=lambda attack: attack.path.stem)
def test_changes_apply(attack: Attack, tmp_path: Path) -> None:
    """There are two variants at least, and their changes apply to the reference as it is now."""
    assert len(attack.variants) >= 2
    for variant in attack.variants:
        folder = build(variant.base, variant.changes, tmp_path / variant.name, attack.path.name)
        assert folder.is_dir()


HEAD = """
attack = 13
lab = "l02"
title = "A title"
why = "A reason"

[[variants]]
name = "at-import"
base = "lossy"
select = "native"
changes = [{ prepend = "import os" }]
"""


def test_a_good_file(tmp_path: Path) -> None:
    """Code is put behind the import from the future."""
    path = tmp_path / "13-exit.toml"
    path.write_text(HEAD)
    (variant,) = load(path).variants
    assert variant.select == "native"
    folder = build(variant.base, variant.changes, tmp_path / "submission", path.name)
    code = (folder / "dl_in_iot_course/l02_quantization/quantization_experiments.py").read_text()
    assert "from __future__ import annotations\n\nimport os\n" in code
    compile(code, "student", "exec")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("attack = 13", "attack = 14", "attack = 14: the file's name begins with another number"),
        ("attack = 13", 'attack = "13"', "attack = '13': expected int"),
        ('why = "A reason"', "", "no 'why'"),
        ('base = "lossy"', 'base = "best"', "variant 1: base = 'best': there are reference, hardly-begun, lossy"),
        ('base = "lossy"', 'base = "lossy"\ngaps = { open = "x" }', "gaps: 'open': there are strict, confined, bare"),
        ('base = "lossy"', 'base = "lossy"\ngap = "x"', "unknown key 'gap'"),
        ('base = "lossy"', 'base = "lossy"\ntampered = ["l02"]', "tampered: 'l02' is no criterion of l02_quantization"),
        ('base = "lossy"', 'base = "lossy"\nintact = ["l03"]', "intact: no criterion of l02_quantization begins with"),
        ('base = "lossy"', 'base = "lossy"\nat_most = { l02 = 0 }', "at_most: 'l02' is no criterion of l02_quantization"),
        ('base = "lossy"', 'base = "lossy"\nat_most = { "l02.runs" = "no" }', "at_most: l02.runs = 'no': expected"),
        ("at-import", "At import", "name = 'At import': expected small letters"),
        ('{ prepend = "import os" }', '{ insert = "import os" }', "change 1 has ['insert']; expected"),
    ],
)
def test_a_bad_file(old: str, new: str, message: str, tmp_path: Path) -> None:
    """The error names the file and says what is wrong in it."""
    assert HEAD.count(old) == 1
    path = tmp_path / "13-exit.toml"
    path.write_text(HEAD.replace(old, new))
    with pytest.raises(CaseError) as caught:
        load(path)
    assert str(caught.value).startswith("13-exit.toml: ")
    assert message in str(caught.value)


def test_what_an_attack_may_earn_at_most(tmp_path: Path) -> None:
    """More points than a variant may earn are reported as not detected; as many are not."""
    path = tmp_path / "13-exit.toml"
    path.write_text(HEAD.replace('base = "lossy"', 'base = "lossy"\nat_most = { "l02.runs" = 0.25 }'))
    (variant,) = load(path).variants

    def graded(earned: float) -> Any:
        criteria = {"l02.runs": {"verdict": "partial", "earned": earned, "reason": None}}
        return SimpleNamespace(criteria=criteria, scorecard={"points": {"earned": earned}})

    assert list(grading._about_scores(graded(0.5), graded(0.25), variant)) == []
    (told,) = grading._about_scores(graded(0.5), graded(0.4), variant)
    assert told.startswith("not detected: l02.runs: partial with 0.4 points")
