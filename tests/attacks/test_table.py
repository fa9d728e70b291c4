"""The table of attacks by tier: what came out is what it says, and the one in docs/security.md is of today's corpus."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from graders.core.paths import REPOSITORY
from graders.sandbox import TIERS
from graders.selftest.attacks.cases import digest, load_all
from graders.selftest.attacks.table import FAILS, GAP, HOLDS, REFUSED, Results, main, rows, sums

PAGE = REPOSITORY / "docs" / "security.md"
ATTACKS = load_all(strict=False)
COUNT = re.compile(r"(\d+) (?:holds?|known gaps?|not tried)")
ROW = re.compile(r"^\| (\d+) \|", re.MULTILINE)


def report(node: str, when: str, outcome: str = "passed", gap: str = "") -> Any:
    """What pytest tells of a phase of a test."""
    failed, skipped = outcome == "failed", outcome == "skipped"
    properties = [("gap", gap)] if when != "setup" else []
    return SimpleNamespace(
        nodeid=node, when=when, failed=failed, skipped=skipped, duration=1.0, user_properties=properties
    )


def ran(results: Results, tier: str, variant: str, *outcomes: str, gap: str = "") -> None:
    """Tells the results of a variant of the first attack: of its setup, call and teardown."""
    node = f"tests/attacks/test_attacks.py::test_attack[{tier}/{ATTACKS[0].path.stem}/{variant}]"
    for when, outcome in zip(("setup", "call", "teardown"), outcomes, strict=True):
        results.pytest_runtest_logreport(report(node, when, outcome, gap))


def test_the_worst_phase_counts() -> None:
    """A failure in setup or in teardown is one; a gap is no more than that; a refused tier was not tried."""
    results = Results()
    ran(results, "strict", "a", "passed", "passed", "passed")
    ran(results, "strict", "b", "passed", "failed", "passed")
    ran(results, "strict", "c", "passed", "passed", "failed")
    ran(results, "bare", "d", "passed", "passed", "passed", gap="why")
    ran(results, "bare", "e", "passed", "failed", "passed", gap="why")
    ran(results, "confined", "f", "passed", "skipped", "passed")
    assert [one.outcome for one in results.outcomes.values()] == [HOLDS, FAILS, FAILS, GAP, FAILS, REFUSED]
    assert all(one.seconds == 3 for one in results.outcomes.values())


def test_what_is_done_is_kept(tmp_path: Path) -> None:
    """A later run leaves out what held, and tries again what failed; its outcome is the one that counts."""
    file = tmp_path / "outcomes"
    first = Results(file)
    ran(first, "strict", "a", "passed", "passed", "passed")
    ran(first, "strict", "b", "passed", "failed", "passed")
    second = Results(file)
    items: Any = [
        SimpleNamespace(nodeid=f"test_attack[strict/{ATTACKS[0].path.stem}/{name}]") for name in ("a", "b", "c")
    ]
    dropped: list[Any] = []
    config: Any = SimpleNamespace(hook=SimpleNamespace(pytest_deselected=lambda items: dropped.extend(items)))
    second.pytest_collection_modifyitems(config, items)
    assert [item.nodeid[-2] for item in items] == ["b", "c"]
    assert [item.nodeid[-2] for item in dropped] == ["a"]
    ran(second, "strict", "b", "passed", "passed", "passed")
    assert [one.outcome for one in Results(file).outcomes.values()] == [HOLDS, HOLDS]


def test_what_was_changed_is_not_done(tmp_path: Path) -> None:
    """An outcome of another definition of a variant is none; what failed is repeated, except where only new is wanted."""
    file, attack = tmp_path / "outcomes", ATTACKS[0]
    names = [variant.name for variant in attack.variants][:3]
    first = Results(file)
    ran(first, "strict", names[0], "passed", "passed", "passed")
    ran(first, "strict", names[1], "passed", "failed", "passed")
    ran(first, "strict", names[2], "passed", "passed", "passed")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[2]["digest"] = "another"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def left(new: bool) -> list[str]:
        items: Any = [SimpleNamespace(nodeid=f"test_attack[strict/{attack.path.stem}/{name}]") for name in names]
        config: Any = SimpleNamespace(hook=SimpleNamespace(pytest_deselected=lambda items: None))
        Results(file, new).pytest_collection_modifyitems(config, items)
        return [item.nodeid.split("/")[2].rstrip("]") for item in items]

    assert (left(new=False), left(new=True)) == (names[1:], names[2:])


def test_the_digest_follows_the_definition() -> None:
    """The same for the same, another for another change or setting."""
    (variant, other) = ATTACKS[0].variants[:2]
    assert digest(variant) == digest(replace(variant))
    assert len({digest(variant), digest(other), digest(replace(variant, loot=not variant.loot))}) == 3


def test_the_rows() -> None:
    """A failure stands out, what is missing is said, and gaps are told with the variants that they are of."""
    attack, results = ATTACKS[0], Results()
    names = [variant.name for variant in attack.variants]
    ran(results, "strict", names[0], "passed", "failed", "passed")
    for name in names:
        ran(results, "bare", name, "passed", "passed", "passed", gap="why" if name == names[1] else "")
    lines = list(rows([attack], results))
    assert lines[2].startswith(f"| {attack.number} | ")
    cells = [cell.strip() for cell in lines[2].split("|")[3:7]]
    held = len(names) - 1
    assert cells == [
        str(len(names)),
        f"**1 FAIL**, {held} not tried",
        "not tried",
        f"{held} hold{'s' * (held == 1)}, 1 known gap",
    ]
    assert f"- bare: why: {attack.number} ({names[1]})" in lines
    assert (
        list(sums([attack], results))[2]
        == f"bare: holds {held}, gap 1, fails 0, refused 0, missing 0; {3 * len(names)} s"
    )


def test_printing_carries_nothing_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``--print`` shows every attack, with what the file has of it."""
    assert main(["--save", str(tmp_path / "none"), "--print"]) == 0
    printed = capsys.readouterr().out
    assert [int(number) for number in ROW.findall(printed)] == [attack.number for attack in ATTACKS]


def shown() -> Iterator[list[str]]:
    """The cells of the table's rows in docs/security.md."""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if ROW.match(line):
            yield [cell.strip() for cell in line.split(" | ")]


def test_the_page_has_the_corpus_of_today() -> None:
    """Numbers, titles and counts of variants; of none is it said that it failed, and what was not tried is said."""
    found = list(shown())
    told = [(cells[0].lstrip("| "), cells[1].replace("\\|", "|"), cells[2]) for cells in found]
    assert told == [(str(one.number), one.title.replace("`", "'"), str(len(one.variants))) for one in ATTACKS]
    for cells in found:
        told = [sum(map(int, COUNT.findall(cell))) or cell.rstrip(" |") for cell in cells[3:]]
        assert all(each in (int(cells[2]), "not tried") for each in told), cells
        assert len(told) == len(TIERS)
