"""Whether the same submission gets the same scorecard every time: ``python benchmarks/repeat.py [--times N]``.

Six submissions are graded again and again: the reference, three with a mistake and two that are right but different; in
one process whose servers keep running, every other time while all cores are busy, and once in a process of its own.
Scorecards are compared whole, durations aside. Results are stored in a file, and each call continues from there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from graders.scoring import without_times  # noqa: E402
from graders.selftest.calibration import grading  # noqa: E402 - the path comes first
from graders.selftest.corpus import cases as corpus  # noqa: E402

TIMES = 20
SHOWN = 5
REFERENCE = "native or test_fp32 or int8-0.01 or imbalanced or base or clustered-4 or summary or history"
CASES = ("mistakes/l02/no-rounding", "mistakes/l03/clustered-kmeans", "mistakes/l03/pruned-one-epoch",
         "correct/l02/round-half-up", "correct/l03/helper-module")  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """A submission that is graded repeatedly: where it lies, which labs of it, and pytest's ``-k``."""

    name: str
    folder: Path
    labs: tuple[str, ...]
    select: str


@dataclass(frozen=True)
class Round:
    """One grading of a subject: its number, with how many cores kept busy, and whether in a process of its own."""

    subject: str
    number: int
    load: int
    fresh: bool


def subjects(work: Path) -> Iterator[Subject]:
    """The six, those of the corpus built below ``work``."""
    yield Subject("reference", ROOT / "reference", ("l02", "l03"), REFERENCE)
    for name in CASES:
        kind, lab, stem = name.split("/")
        path = ROOT / "fixtures" / "submissions" / kind / lab / f"{stem}.toml"
        case = corpus.load(path)
        yield Subject(name, corpus.build(case, work / stem), (lab,), case.select)


def rounds(name: str, times: int) -> Iterator[Round]:
    """The gradings of a subject: the last one in a process of its own, of the others every second one busy."""
    cores = os.cpu_count() or 1
    for number in range(1, times):
        yield Round(name, number, cores if number % 2 == 0 else 0, fresh=False)
    yield Round(name, times, 0, fresh=True)


def card_of(subject: Subject, wanted: Round, grader: grading.Grader, out: Path) -> Mapping[str, Any]:
    """The scorecard of one grading, durations aside."""
    if not wanted.fresh:
        with grading.busy(wanted.load):
            found = grader.graded(subject.folder, subject.labs, select=subject.select).to_json()
    else:
        argv = [sys.executable, "-m", "pytest", "graders", f"--submission={subject.folder}", f"--report-dir={out}"]
        argv += [*(f"--lab={lab}" for lab in subject.labs), "-k", subject.select, "--no-cache", "-q"]
        subprocess.run(argv, cwd=ROOT, check=False, capture_output=True)
        found = json.loads((out / "scorecard.json").read_text(encoding="utf-8"))
    cleaned: Mapping[str, Any] = without_times(found)
    return cleaned


class Stored:
    """Results so far, a line each; each different scorecard is stored in full once."""

    def __init__(self, path: Path) -> None:
        """Reads what an earlier call has left."""
        self._path = path
        self.digests: dict[Round, str] = {}
        self.cards: dict[str, Mapping[str, Any]] = {}
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
            item = json.loads(line)
            self.digests[Round(**item["round"])] = item["digest"]
            self.cards |= {item["digest"]: item["card"]} if "card" in item else {}

    def add(self, wanted: Round, card: Mapping[str, Any]) -> None:
        """Appends a result, at once."""
        digest = hashlib.sha256(json.dumps(card, sort_keys=True).encode()).hexdigest()
        item: dict[str, Any] = {"round": vars(wanted), "digest": digest}
        if digest not in self.cards:
            self.cards[digest] = item["card"] = card
        self.digests[wanted] = digest
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(item) + "\n")


def differences(one: Any, other: Any, where: str = "") -> Iterator[str]:
    """Where two scorecards differ, a line each."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            yield from differences(one.get(key), other.get(key), f"{where}/{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f"{where}/{number}")
    elif one != other:
        yield f"{where}: {str(one)[:80]} and {str(other)[:80]}"


def table(names: list[str], stored: Stored) -> Iterator[str]:
    """The results as a Markdown table, and what differs."""
    yield "| submission | gradings | cores kept busy | in a process of its own | points | scorecards |"
    yield "|---|---|---|---|---|---|"
    wrong: list[str] = []
    for name in names:
        mine = {wanted: digest for wanted, digest in stored.digests.items() if wanted.subject == name}
        found = list(dict.fromkeys(mine.values()))
        points = ", ".join(sorted({f"{stored.cards[digest]['points']['earned']:g}" for digest in found}))
        busy, fresh = sum(wanted.load > 0 for wanted in mine), sum(wanted.fresh for wanted in mine)
        verdict = "identical" if len(found) == 1 else f"{len(found)} DIFFER" if found else "-"
        yield f"| `{name}` | {len(mine)} | {busy} | {fresh} | {points} | {verdict} |"
        for digest in found[1:]:
            wrong += [f"{name}: {line}" for line in differences(stored.cards[found[0]], stored.cards[digest])][:SHOWN]
    yield from wrong


def main() -> int:
    """Grades what is missing and prints the table; 1 if scorecards differ."""
    parser = argparse.ArgumentParser(description="Whether the same submission gets the same scorecard every time.")
    parser.add_argument("--times", type=int, default=TIMES, metavar="N", help=f"gradings of each submission; {TIMES}")
    parser.add_argument("--at-most", type=int, metavar="N", help="so many gradings now; the rest another time")
    parser.add_argument("--keep", type=Path, default=ROOT / "report" / "repeat.jsonl", metavar="FILE")
    given = parser.parse_args()
    given.keep.parent.mkdir(parents=True, exist_ok=True)
    stored = Stored(given.keep)
    with tempfile.TemporaryDirectory(prefix="optgrade-") as folder:
        work = Path(folder)
        known = {subject.name: subject for subject in subjects(work)}
        # Round by round, so that servers have graded other submissions in between.
        wanted = sorted((each for name in known for each in rounds(name, given.times)), key=lambda each: each.number)
        left = [each for each in wanted if each not in stored.digests]
        now = left if given.at_most is None else left[: given.at_most]
        if now:
            with grading.running_grader(["l02", "l03"]) as grader:
                for number, each in enumerate(now):
                    stored.add(each, card_of(known[each.subject], each, grader, work / f"report-{number}"))
                    print(f"[{number + 1}/{len(now)}] {each.subject}, {each.number}", flush=True)
    for line in table(list(known), stored):
        print(line)
    if len(now) < len(left):
        print(f"{len(left) - len(now)} gradings are left to do; the next call goes on")
    return int(any(len({d for w, d in stored.digests.items() if w.subject == name}) > 1 for name in known))


if __name__ == "__main__":
    sys.exit(main())
