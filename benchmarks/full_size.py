"""Labs 2 and 3 on a network of full size: ``python benchmarks/full_size.py [--state STATE]… [--lab NAME]… [--quick]``.

Grades the reference on ``--profile oxford_pets`` with a model of ``full_size_model.py`` and pocket_pets as the data
set: every automatic point must be earned. Then mistakes of the corpus: each must cost what it costs on the embedded
model, and nothing else. Prints a line for each grading, with its time and the peak memory of its largest run and of the
grader. ``--quick`` leaves out most of the reference's runs; ``--results FILE`` appends a line of JSON for each grading,
with the CPU seconds of each run.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from graders.selftest.corpus import cases as corpus  # noqa: E402 - the path comes first

HERE = Path(__file__).resolve().parent
DATA = ROOT / "fixtures" / "datasets" / "pocket_pets"
STATES = ("frozen", "unfrozen", "frozen-trained", "unfrozen-trained")


@dataclass(frozen=True)
class Mistake:
    """A case of the corpus, or the same with another value: in place of ``select`` and of ``new`` in its one change."""

    case: str
    name: str = ""
    select: str = ""
    new: str = ""

    def load(self, lab: str) -> corpus.Case:
        """The case of a lab."""
        case = corpus.load(ROOT / "fixtures" / "submissions" / "mistakes" / lab / f"{self.case}.toml")
        if not self.new:
            return case
        (change,) = case.changes
        return replace(case, select=self.select, changes=(replace(change, new=self.new),))


MISTAKES = {
    "l02": (Mistake("imbalanced-class-from-one"), Mistake("calibration-share-hard-coded")),
    "l03": (
        Mistake("clustered-16-hard-coded", "clustered-24-hard-coded", "clustered-16", "number_of_clusters=24"),
        Mistake("pruned-sparsity-hard-coded"),
    ),
}
QUICK = {"l02": "native or test_fp32 or int8-0.01 or imbalanced", "l03": "base or clustered-16 or pruned-0.5"}
SEED = 7
"""The same for all gradings, so that files of the reference are made once for each state."""


@dataclass(frozen=True)
class Job:
    """A submission to grade for a lab, with pytest's ``-k``, and the criteria that it must lose."""

    name: str
    folder: Path
    lab: str
    select: str
    costs: frozenset[str] = frozenset()


def jobs(lab: str, work: Path, *, quick: bool) -> Iterator[Job]:
    """The reference, and the lab's mistakes built below ``work``."""
    yield Job("reference", ROOT / "reference", lab, QUICK[lab] if quick else "")
    for mistake in MISTAKES[lab]:
        case, name = mistake.load(lab), mistake.name or mistake.case
        costs = frozenset(cost.criterion for cost in case.costs)
        yield Job(name, corpus.build(case, work / name), lab, case.select, costs)


def model_of(state: str, folder: Path) -> Path:
    """The model of a state, made unless it is there."""
    path = folder / f"{state}.h5"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, str(HERE / "full_size_model.py"), state, str(path)], check=True)
    return path


def grade(job: Job, model: Path, report: Path, more: Sequence[str]) -> dict[str, Any]:
    """Grades in a process of its own; the scorecard."""
    command = [sys.executable, "-m", "pytest", "graders", f"--submission={job.folder}", f"--lab={job.lab}"]
    command += ["--profile=oxford_pets", f"--dataset-root={DATA}", f"--model-path={model}", f"--seed={SEED}"]
    command += [f"--report-dir={report}", "-p", "no:cacheprovider", *more]
    command += ["-k", job.select] if job.select else []
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    file = report / "scorecard.json"
    if not file.is_file():
        raise SystemExit(done.stdout + done.stderr)
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def differences(job: Job, card: dict[str, Any]) -> list[str]:
    """Where a grading did not come out as it must. Criteria without a check that was selected say nothing.

    A criterion that is left to a person, or could not be graded, is neither earned nor found to be wrong.
    """
    found = []
    for each in card["labs"][0]["criteria"]:
        checks = {check["verdict"] for check in each["checks"]}
        if not checks or each["marked_by"] == "person" or re.search(r"\.(summary|history)\.", each["id"]):
            continue
        undecided = bool(checks & {"pending", "unscored"})
        lost = checks != {"earned"}
        if undecided or lost != (each["id"] in job.costs):
            reason = each["reason"] or {"measured": "nothing lost"}
            found.append(f"{each['id']} is {each['verdict']}: {reason['measured']}")
    return found


def record(file: Path, state: str, job: Job, card: dict[str, Any], seconds: float) -> None:
    """Appends a grading to a file: its points, times, the CPU seconds of each run, and what is not as it must be."""
    lab = card["labs"][0]
    found = {
        "state": state,
        "lab": job.lab,
        "submission": job.name,
        "select": job.select,
        "points": card["points"],
        "wall_s": round(seconds, 1),
        "timing": card["timing"],
        "runs_cpu_s": {run["run"]: run["cpu_s"] for run in lab["runs"]},
        "verdicts": {each["id"]: each["verdict"] for each in lab["criteria"]},
        "wrong": differences(job, card),
    }
    with file.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(found) + "\n")


def main() -> int:
    """The command line; 0 if every grading came out as it must."""
    parser = argparse.ArgumentParser(description="Labs 2 and 3 on a network of full size.")
    parser.add_argument("--state", action="append", choices=STATES, help="of the model (default: frozen)")
    parser.add_argument("--lab", action="append", choices=tuple(MISTAKES), help="(default: both)")
    parser.add_argument("--job", action="append", help="reference, or a mistake's name (default: all)")
    parser.add_argument("--models", type=Path, default=ROOT / "build" / "full_size", help="the folder for models")
    parser.add_argument("--quick", action="store_true", help="few of the reference's runs")
    parser.add_argument("--results", type=Path, help="a file that gets a line of JSON for each grading")
    parser.add_argument("arguments", nargs="*", help="more for pytest, behind --")
    args = parser.parse_args()
    wrong = 0
    print(
        "| model | submission | lab | points | wall | largest run | grader |", "|---|---|---|---|---|---|---|", sep="\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for state in args.state or ["frozen"]:
            model = model_of(state, args.models)
            for lab in args.lab or list(MISTAKES):
                for job in jobs(lab, work / state / lab, quick=args.quick):
                    if args.job and job.name not in args.job:
                        continue
                    began = time.monotonic()
                    card = grade(job, model, work / state / lab / f"report-{job.name}", args.arguments)
                    seconds = time.monotonic() - began
                    peaks = (card["timing"][name] for name in ("runs_peak_mib", "grader_peak_mib"))
                    points = f"{card['points']['earned']:g} of {card['points']['automatic']:g}"
                    shown = [state, job.name, lab, "selected runs" if job.select else points, f"{seconds:.0f} s"]
                    shown += [f"{peak:,.0f} MiB" for peak in peaks]
                    print(f"| {' | '.join(shown)} |", flush=True)
                    if args.results:
                        record(args.results, state, job, card, seconds)
                    for line in differences(job, card):
                        wrong += 1
                        print(f"  WRONG: {line}", flush=True)
    print(f"{wrong} outcomes are not as they must be" if wrong else "every outcome is as it must be")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
