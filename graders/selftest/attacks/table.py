"""Runs ``tests/attacks`` and prints a Markdown table of the attacks: what holds in each tier, and the known gaps.

python -m graders.selftest.attacks.table [--save FILE] [--new] [--print] [pytest's options, such as -k bare/]

With ``--save FILE`` every outcome is written to FILE, a line each, as soon as it is known, and variants that already
hold according to FILE are not carried out again: so an interrupted run goes on, tiers can be run one after the other,
and variants that failed on a busy machine can be repeated. A variant that was changed since then counts as missing.
``--new`` carries out what FILE has no outcome of, and does not repeat what failed. ``--print`` carries nothing out and
prints FILE's table, which ends with what is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path

import pytest

from graders.core.paths import REPOSITORY
from graders.sandbox import TIERS
from graders.selftest.attacks.cases import Attack, digest, load_all

TESTS = REPOSITORY / "tests" / "attacks"
CASE = re.compile(r"test_attack\[(\w+)/([^/\]]+)/([^/\]]+)\]$")
HOLDS, GAP, FAILS, REFUSED = "holds", "gap", "fails", "refused"
DONE = (HOLDS, GAP)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The outcome of a variant in a tier. ``gap``: what is known not to hold there. ``seconds``: setup included.

    ``digest``: of the variant as it was then.
    """

    tier: str
    attack: str
    variant: str
    outcome: str
    gap: str
    seconds: float
    digest: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """Tier, attack's file and variant."""
        return self.tier, self.attack, self.variant


@dataclass
class Results:
    """A pytest plugin that collects the last outcome of each variant.

    :param file: where they are written as well. :param new: whether what failed is left alone.
    """

    file: Path | None = None
    new: bool = False
    outcomes: dict[tuple[str, str, str], Outcome] = field(default_factory=dict)
    under_way: dict[tuple[str, str, str], Outcome] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Reads the outcomes that the file has already."""
        if self.file is not None and self.file.is_file():
            for line in self.file.read_text(encoding="utf-8").splitlines():
                outcome = Outcome(**json.loads(line))
                if outcome.digest == digests().get(outcome.key[1:], ""):
                    self.outcomes[outcome.key] = outcome

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Deselects what is done."""
        done = [item for item in items if self._is_done(item.nodeid)]
        config.hook.pytest_deselected(items=done)
        items[:] = [item for item in items if item not in done]

    def _is_done(self, node: str) -> bool:
        found = CASE.search(node)
        known = self.outcomes.get((found[1], found[2], found[3])) if found else None
        return known is not None and (known.outcome in DONE or self.new)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Records the outcome of a variant: the worst of setup, call and teardown."""
        found = CASE.search(report.nodeid)
        if found is None:
            return
        gap = dict(report.user_properties).get("gap") or ""
        outcome = FAILS if report.failed else REFUSED if report.skipped else GAP if gap else HOLDS
        key = found[1], found[2], found[3]
        before = self.under_way.pop(key, None)
        seconds = report.duration + (before.seconds if before else 0)
        if before is not None and before.outcome in (FAILS, REFUSED):
            outcome = before.outcome
        now = Outcome(tier=key[0], attack=key[1], variant=key[2], outcome=outcome, gap=str(gap), seconds=seconds)
        now = replace(now, digest=digests().get(now.key[1:], ""))
        if report.when != "teardown":
            self.under_way[key] = now
            return
        self.outcomes[key] = now
        if self.file is not None:
            with self.file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(asdict(now)) + "\n")


@cache
def digests() -> Mapping[tuple[str, str], str]:
    """The digest of every variant of today, by the attack's file and the variant's name."""
    return {(attack.path.stem, one.name): digest(one) for attack in load_all(strict=False) for one in attack.variants}


def rows(attacks: Sequence[Attack], results: Results) -> Iterator[str]:
    """The table's lines, and below it each known gap with what it lets through."""
    yield "| | attack | variants | " + " | ".join(TIERS) + " |"
    yield "|---:|---|---:|" + "---|" * len(TIERS)
    gaps: dict[str, list[str]] = defaultdict(list)
    for attack in attacks:
        found = {tier: _of(attack, tier, results) for tier in TIERS}
        title = attack.title.replace("|", "\\|").replace("`", "'")
        cells = " | ".join(_cell(found[tier], len(attack.variants)) for tier in TIERS)
        yield f"| {attack.number} | {title} | {len(attack.variants)} | {cells} |"
        for tier in TIERS:
            for gap in sorted({outcome.gap for outcome in found[tier] if outcome.outcome == GAP}):
                names = ", ".join(one.variant for one in found[tier] if one.outcome == GAP and one.gap == gap)
                gaps[f"{tier}: {gap}"].append(f"{attack.number} ({names})")
    if gaps:
        yield from ("", "Known gaps:", "")
    for gap, found_in in sorted(gaps.items()):
        yield f"- {gap}: {', '.join(found_in)}"


def sums(attacks: Sequence[Attack], results: Results) -> Iterator[str]:
    """A line for each tier: how many variants have which outcome, and the time they took."""
    for tier in TIERS:
        found = [outcome for attack in attacks for outcome in _of(attack, tier, results)]
        count = {word: sum(one.outcome == word for one in found) for word in (HOLDS, GAP, FAILS, REFUSED)}
        missing = sum(len(attack.variants) for attack in attacks) - len(found)
        counts = ", ".join(f"{word} {number}" for word, number in (*count.items(), ("missing", missing)))
        yield f"{tier}: {counts}; {sum(one.seconds for one in found):.0f} s"


def _of(attack: Attack, tier: str, results: Results) -> list[Outcome]:
    """The outcomes of an attack's variants in a tier, in the order of its file."""
    keys = [(tier, attack.path.stem, variant.name) for variant in attack.variants]
    return [results.outcomes[key] for key in keys if key in results.outcomes]


def _cell(outcomes: Sequence[Outcome], variants: int) -> str:
    """The outcomes of an attack's variants in a tier: ``4 hold, 1 known gap``."""
    count = {word: sum(one.outcome == word for one in outcomes) for word in (HOLDS, GAP, FAILS, REFUSED)}
    if count[REFUSED] or not outcomes:
        return "not tried"
    whole = f"{count[HOLDS]} hold" if count[HOLDS] != 1 else "1 holds"
    parts = [whole if count[HOLDS] else ""]
    parts += [f"{count[GAP]} known {'gap' if count[GAP] == 1 else 'gaps'}" if count[GAP] else ""]
    parts += [f"**{count[FAILS]} FAIL**" if count[FAILS] else ""]
    parts += [f"{variants - len(outcomes)} not tried" if len(outcomes) < variants else ""]
    return ", ".join(filter(None, parts))


def main(arguments: Sequence[str]) -> int:
    """Runs the tests and prints the table; pytest's exit code."""
    program = "python -m graders.selftest.attacks.table"
    parser = argparse.ArgumentParser(prog=program, add_help=False, allow_abbrev=False)
    parser.add_argument("--save", type=Path)
    parser.add_argument("--new", action="store_true")
    parser.add_argument("--print", action="store_true")
    options, others = parser.parse_known_args(arguments)
    # The tests read it when they are collected.
    os.environ.setdefault("OPTGRADE_EVERY_TIER", "1")
    results = Results(options.save, options.new)
    code = 0 if options.print else int(pytest.main([str(TESTS), "-q", "--no-header", *others], plugins=[results]))
    attacks = load_all(strict=False)
    print("\n".join(["", *rows(attacks, results), "", *sums(attacks, results)]))
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
