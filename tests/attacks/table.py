"""Carries out the attacks and prints a Markdown table of them: what holds in each tier, and what is a known gap.

python -m tests.attacks.table [pytest's options, such as -k bare]
"""

from __future__ import annotations

import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from .cases import TIERS, Attack, load_all

CASE = re.compile(r"test_attack\[(\w+)/([^/\]]+)/([^/\]]+)\]$")
HOLDS, GAP, FAILS, REFUSED = "holds", "gap", "fails", "refused"


@dataclass
class Results:
    """A pytest plugin that keeps how each variant came out: by tier and attack, by the variant's name."""

    outcomes: dict[tuple[str, str], dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    gaps: dict[str, dict[str, list[str]]] = field(default_factory=lambda: defaultdict(dict))
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Takes the outcome of a variant."""
        found = CASE.search(report.nodeid)
        if found is None:
            return
        tier, attack, variant = found.groups()
        self.seconds[tier] += report.duration
        gap = dict(report.user_properties).get("gap")
        known = self.outcomes[tier, attack]
        if report.failed:
            known[variant] = FAILS
        elif report.skipped:
            known[variant] = REFUSED
        elif report.when == "call":
            known.setdefault(variant, GAP if gap else HOLDS)
            if gap:
                self.gaps[f"{tier}: {gap}"].setdefault(attack, []).append(variant)


def rows(attacks: Sequence[Attack], results: Results) -> Iterator[str]:
    """The table's lines, and below it each known gap with what it lets through."""
    yield "| | attack | variants | " + " | ".join(TIERS) + " |"
    yield "|---:|---|---:|" + "---|" * len(TIERS)
    for attack in attacks:
        cells = [_cell(results.outcomes.get((tier, attack.path.stem), {})) for tier in TIERS]
        title = attack.title.replace("|", "\\|").replace("`", "'")
        yield f"| {attack.number} | {title} | {len(attack.variants)} | " + " | ".join(cells) + " |"
    numbers = {attack.path.stem: attack.number for attack in attacks}
    if results.gaps:
        yield ""
        yield "Known gaps:"
        yield ""
    for gap, found in sorted(results.gaps.items()):
        names = ", ".join(f"{numbers[attack]} ({', '.join(variants)})" for attack, variants in sorted(found.items()))
        yield f"- {gap}: {names}"


def _cell(outcomes: dict[str, str]) -> str:
    """What became of an attack's variants in a tier: ``4 hold, 1 gap``."""
    count = {word: list(outcomes.values()).count(word) for word in (HOLDS, GAP, FAILS, REFUSED)}
    if count[REFUSED] or not outcomes:
        return "not tried"
    whole = f"{count[HOLDS]} hold" if count[HOLDS] != 1 else "1 holds"
    told = [whole if count[HOLDS] else ""]
    told += [f"{count[GAP]} known {'gap' if count[GAP] == 1 else 'gaps'}" if count[GAP] else ""]
    told += [f"**{count[FAILS]} FAIL**" if count[FAILS] else ""]
    return ", ".join(filter(None, told))


def main(arguments: Sequence[str]) -> int:
    """Runs the tests and prints the table; pytest's exit code."""
    # The tests read it when they are collected.
    os.environ.setdefault("OPTGRADE_EVERY_TIER", "1")
    results = Results()
    code = int(pytest.main(["tests/attacks", "-q", "--no-header", *arguments], plugins=[results]))
    print()
    print("\n".join(rows(load_all(strict=False), results)))
    print()
    print("seconds: " + ", ".join(f"{tier} {seconds:.0f}" for tier, seconds in results.seconds.items()))
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
