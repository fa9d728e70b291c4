"""What grading costs, as ratios within one run: ``make bench``, or ``python benchmarks/bench.py [--rounds N]``.

Machines differ and are noisy, so values that are compared are measured in turn, and medians are shown with their range.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from graders.core.removal import remove  # noqa: E402
from graders.framework.context import RUNNER_ENVIRONMENT  # noqa: E402
from graders.framework.registry import select_labs  # noqa: E402 - the path comes first
from graders.measure.device.client import measure as measure_device  # noqa: E402
from graders.measure.scorer.client import Scorer, start_server  # noqa: E402
from graders.profiles.profile import EMBEDDED  # noqa: E402
from graders.sandbox import CodeCopy, Limits, RunSpec, Server, choose  # noqa: E402
from graders.sandbox.host.code_copy import make_copy  # noqa: E402
from graders.scoring import without_times  # noqa: E402
from graders.submission import Artifact, build_overlay  # noqa: E402

MODELS = ROOT / "fixtures" / "models"


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    measured: str
    target: str
    holds: bool | None


def spread(values: list[float], unit: str = "s", digits: int = 2) -> str:
    """The median and the range."""
    low, high = min(values), max(values)
    return f"{statistics.median(values):.{digits}f} {unit} ({low:.{digits}f} to {high:.{digits}f})"


def timed(command: list[str], folder: Path, environment: Mapping[str, str] | None = None) -> float:
    """Wall seconds of a command; whatever it prints is dropped. :param environment: added to this process's own."""
    quiet = subprocess.DEVNULL
    # Python caches compiled modules unless it is configured not to, as some machines for tests are.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    env = {**inherited, **(environment or {})}
    subprocess.run(command, cwd=folder, check=False, stdout=quiet, stderr=quiet, env=env)
    return time.perf_counter() - started


def start(rounds: int) -> list[Row]:
    """Collecting the graders against collecting an empty folder, in turn."""
    pytest = [sys.executable, "-m", "pytest", "--collect-only", "-q"]
    ours, empty = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds + 1):
            empty.append(timed(pytest, Path(folder)))
            ours.append(timed([*pytest, "graders"], ROOT))
    ours, empty = ours[1:], empty[1:]
    ratio = statistics.median(a / b for a, b in zip(ours, empty, strict=True))
    cost = f"{ratio:.2f} times ({spread(ours)} against {spread(empty)})"
    return [Row("start: collect graders, against an empty folder", cost, "at most 1.3 times", ratio <= 1.3)]


def grade(submission: str, labs: list[str], folder: Path, *more: str, store: Path | None = None) -> dict[str, Any]:
    """Grades in a process of its own; the scorecard. :param store: where results are cached; without it, nowhere."""
    command = [sys.executable, "-m", "pytest", "graders", f"--submission={submission}", f"--report-dir={folder}", *more]
    command += [word for lab in labs for word in ("--lab", lab)]
    command += ["--no-cache"] if store is None else []
    seconds = timed(command, ROOT, {"OPTGRADE_CACHE": str(store or folder / "unused")})
    scorecard: dict[str, Any] = json.loads((folder / "scorecard.json").read_text(encoding="utf-8"))
    scorecard["timing"]["process_wall_s"] = seconds
    return scorecard


def l02(rounds: int) -> list[Row]:
    """Whole grades of lab 2."""
    return whole("l02", ["l02"], 20, rounds)


def l02_l03(rounds: int) -> list[Row]:
    """Whole grades of labs 2 and 3 together."""
    return whole("l02 + l03", ["l02", "l03"], 75, rounds)


def mnist(rounds: int) -> list[Row]:
    """Whole grades of the notebook lab."""
    return whole("mnist", ["mnist"], 75, rounds)


def kenning(rounds: int) -> list[Row]:
    """Whole grades of Kenning's lab."""
    return whole("kenning", ["kenning"], 90, rounds)


def hybrid(rounds: int) -> list[Row]:
    """Whole grades of the decomposition lab."""
    return whole("hybrid", ["hybrid"], 90, rounds)


def whole(called: str, labs: list[str], target_s: float, rounds: int) -> list[Row]:
    """Whole grades of the reference: wall time, how it divides, overhead, memory, and whether scores repeat."""
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        cards = [grade("reference", labs, Path(folder) / str(number)) for number in range(rounds)]
    times = [card["timing"] for card in cards]
    wall = [t["process_wall_s"] for t in times]
    overhead = [t["process_wall_s"] / (t["student_cpu_s"] / cores) for t in times]
    runs_only = [t["runs_s"] / (t["student_cpu_s"] / cores) for t in times]
    memory = [t["grader_peak_mib"] for t in times]
    same = all(without_times(card) == without_times(cards[0]) for card in cards)
    parts = {
        "before the first run (imports)": [t["start_s"] for t in times],
        "the runs, measuring included": [t["runs_s"] for t in times],
        "tests, latency, reports, clean-up": [t["process_wall_s"] - t["start_s"] - t["runs_s"] for t in times],
        "student's own CPU time": [t["student_cpu_s"] for t in times],
        "grader process's CPU time": [t["grader_cpu_s"] for t in times],
    }
    ratio = statistics.median(overhead)
    return [
        Row(
            f"{called}, embedded profile, whole grade",
            spread(wall),
            f"at most {target_s:g} s",
            statistics.median(wall) <= target_s,
        ),
        *[Row(f"  {name}", spread(values), "", None) for name, values in parts.items()],
        Row(
            f"overhead: wall / (student CPU / {cores} cores)",
            spread(overhead, "times"),
            "at most 1.15 times",
            ratio <= 1.15,
        ),
        Row("  of the runs alone, imports aside", spread(runs_only, "times"), "", None),
        Row("grader process, peak memory", spread(memory, "MiB", 0), "at most 250 MiB", max(memory) <= 250),
        Row(f"{rounds} scorecards, times aside", "identical" if same else "DIFFER", "identical", same),
    ]


PACKAGE = "dl_in_iot_course"
SCRIPTS = {
    "l02": f"{PACKAGE}.l02_quantization.quantization_experiments",
    "l03": f"{PACKAGE}.l03_pruning_clustering.pruning_clustering_experiments",
}


def scripts(rounds: int) -> list[Row]:
    """Labs 2 and 3 of the reference graded, and their own main scripts on the same model and pictures, in turn."""
    graded: dict[str, list[float]] = {"l02": [], "l02 + l03": []}
    run: dict[str, list[float]] = {name: [] for name in SCRIPTS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(rounds):
            for lab, module in SCRIPTS.items():
                run[lab].append(main_script(module, folder / f"{lab}-{number}"))
            for labs, seconds in graded.items():
                card = grade("reference", labs.split(" + "), folder / f"{labs}-{number}-graded")
                seconds.append(card["timing"]["process_wall_s"])
    both = [a + b for a, b in zip(run["l02"], run["l03"], strict=True)]
    alone = statistics.median(a / b for a, b in zip(graded["l02"], run["l02"], strict=True))
    ratio = statistics.median(a / b for a, b in zip(graded["l02 + l03"], both, strict=True))
    return [
        Row("l02 graded, against its own main script", f"{alone:.2f} times", "", None),
        Row("  graded; main script", f"{spread(graded['l02'])}; {spread(run['l02'])}", "", None),
        Row("l02 + l03 graded, against their own main scripts", f"{ratio:.2f} times", "at most 0.40", ratio <= 0.4),
        Row("  graded; main scripts", f"{spread(graded['l02 + l03'])}; {spread(both)}", "", None),
    ]


def main_script(module: str, results: Path) -> float:
    """Wall seconds of a lab's main script with all its tasks, on the embedded profile's model and pictures."""
    paths = [f"--model-path={EMBEDDED.model_path}", f"--dataset-root={EMBEDDED.dataset_root}"]
    command = [sys.executable, "-m", module, *paths, f"--results-path={results}"]
    seconds = timed(command, ROOT / "reference", {"TF_USE_LEGACY_KERAS": "1"})
    made = len(list(results.glob("**/*.tflite")))
    if made < 4:
        raise SystemExit(f"{module} made {made} .tflite files")
    return seconds


CHANGED = "dl_in_iot_course/l03_pruning_clustering/pruning_clustering_experiments.py"


def regrade(rounds: int) -> list[Row]:
    """The reference graded in all labs, again with nothing changed, and again with lab 3's file changed."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        store, submission = work / "store", work / "submission"
        shutil.copytree(ROOT / "reference", submission, ignore=shutil.ignore_patterns("__pycache__"))
        first = grade(str(submission), [], work / "first", store=store)
        again = [grade(str(submission), [], work / f"again{number}", store=store) for number in range(rounds + 1)][1:]
        with (submission / CHANGED).open("a", encoding="utf-8") as file:
            file.write("\n# A comment.\n")
        changed = grade(str(submission), [], work / "changed", store=store)
    seconds = [card["timing"]["process_wall_s"] for card in again]
    whole_s, median = first["timing"]["process_wall_s"], statistics.median(seconds)
    same = all(without_times(card) == without_times(first) for card in again)
    own = sum(len(lab["runs"]) for lab in first["labs"] if CHANGED.split("/")[1] == lab["lab"])
    executed = int(changed["timing"]["student_runs"])
    return [
        Row("first grade, all labs", f"{whole_s:.2f} s", "", None),
        Row("regrade, nothing changed", spread(seconds), "at most 2 s", median <= 2),
        Row("  first grade / regrade", f"{whole_s / median:.0f} times", "at least 30 times", whole_s / median >= 30),
        Row("  scorecards, times aside", "identical" if same else "DIFFER", "identical", same),
        Row(
            "regrade, lab 3's file changed: runs executed",
            f"{executed} of {sum(len(lab['runs']) for lab in first['labs'])}",
            f"the {own} of lab 3",
            executed == own,
        ),
    ]


@dataclass(frozen=True)
class Look:
    """A quick look: seconds until its first verdict, the first on a run's results, and its end; its scorecard."""

    first: float
    of_a_run: float | None
    whole: float
    card: dict[str, Any]


VERDICTS, RUN_ENDED = ("✓", "✗", "◐", "!"), "  [1/"


def look(lab: str, folder: Path) -> Look:
    """Looks quickly at the reference; ``""`` for all labs."""
    command = [sys.executable, "-u", "-m", "pytest", "graders", "--submission=reference", "--quick", "--no-cache"]
    command += [f"--report-dir={folder}", *([f"--lab={lab}"] if lab else [])]
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started, first, of_a_run, ended = time.perf_counter(), None, None, False
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=inherited)
    assert process.stdout is not None
    for line in process.stdout:
        ended = ended or line.startswith(RUN_ENDED)
        if line.startswith(VERDICTS):
            first = first or time.perf_counter() - started
            of_a_run = of_a_run or (time.perf_counter() - started if ended else None)
    process.wait()
    card = json.loads((folder / "scorecard.json").read_text(encoding="utf-8"))
    whole_s = time.perf_counter() - started
    return Look(first or whole_s, of_a_run, whole_s, card)


def quick(rounds: int) -> list[Row]:
    """Quick looks at the reference, in each lab and in all of them; targets are for all."""
    rows = []
    for lab in ["", *(each.lab.id for each in select_labs([]))]:
        with tempfile.TemporaryDirectory() as folder:
            looks = [look(lab, Path(folder) / str(number)) for number in range(rounds)]
        called, first, whole_s = f"quick, {lab or 'all labs'}", [x.first for x in looks], [x.whole for x in looks]
        of_a_run = [x.of_a_run for x in looks if x.of_a_run is not None]
        rows += [
            _quick_row(f"{called}: first verdict", first, 6, lab),
            _quick_row("  first verdict on a run's results", of_a_run, 6, lab),
            _quick_row(f"{called}: whole", whole_s, 30, lab),
            Row("  student's own CPU time", spread([x.card["timing"]["student_cpu_s"] for x in looks]), "", None),
        ]
    return rows


def _quick_row(what: str, seconds: list[float], most: float, lab: str) -> Row:
    if not seconds:
        return Row(what, "no run is made", "", None)
    if lab:
        return Row(what, spread(seconds), "", None)
    return Row(what, spread(seconds), f"at most {most:g} s", statistics.median(seconds) <= most)


def copying(code: Path, folder: Path, user: int | None) -> float:
    """Seconds that a run's own copy of the code takes to make and to remove."""
    started = time.perf_counter()
    make_copy(CodeCopy(code, folder), user)
    remove(folder)
    return time.perf_counter() - started


def sandbox(rounds: int) -> list[Row]:
    """A run that does nothing, in a server with TensorFlow loaded, against starting Python with TensorFlow."""
    entry = select_labs(["l02"])[0]
    costs, copies = [], []
    driver = Path(__file__).resolve().parent / "null_driver.py"
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(
            entry.lab.preload, choose("auto"), RUNNER_ENVIRONMENT, readable=[driver], scratch=Path(folder)
        ) as server,
    ):
        server.wait_ready()
        users = server.isolation.users
        given = {path: entry.lab.template / path for path in entry.lab.given}
        code = build_overlay(ROOT / "reference", given, Path(folder) / "view").root
        for number in range(rounds * 4):
            box = Path(folder) / str(number)
            box.mkdir()
            spec = RunSpec(
                name="null",
                driver=driver,
                paths=(),
                code=CodeCopy(code, box / "code"),
                workdir=box,
                limits=Limits(),
                seed=1,
                environment=RUNNER_ENVIRONMENT,
            )
            started = time.perf_counter()
            session = server.open(spec)
            session.call("nothing")
            session.end()
            costs.append((time.perf_counter() - started) * 1000)
            copies.append(copying(code, box / "code", users.first if users else None) * 1000)
    fresh = [timed([sys.executable, "-c", "import tensorflow, tf_keras"], ROOT) * 1000 for _ in range(2)]
    ratio = statistics.median(fresh) / statistics.median(costs)
    return [
        Row("sandbox, cost of a run", spread(costs, "ms", 0), "at most 60 ms", statistics.median(costs) <= 60),
        Row(
            "  of it, the run's own copy of the reference's files, and its removal",
            spread(copies, "ms", 1),
            "at most 10 ms",
            statistics.median(copies) <= 10,
        ),
        Row("  a fresh Python that imports TensorFlow instead", f"{ratio:.0f} times as long", "", None),
    ]


def device(rounds: int) -> list[Row]:
    """What files cost on a device, each measured in a process of its own, as in a grading; and how long that takes."""
    found, rows = {}, []
    models = {name: MODELS / f"{name}.tflite" for name in ("pocket_pets/fp32", "pocket_pets/int8", "mnist/network")}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with start_server(choose("auto"), list(models.values()), folder) as server:
            server.wait_ready()
            scorer = Scorer(server, folder / "scorers")
            for model, path in models.items():
                artifact = Artifact(path, path.stat().st_size, model)
                seconds, reading = [], []
                for _ in range(rounds * 4):
                    started = time.perf_counter()
                    found[model] = measure_device(scorer, artifact)
                    seconds.append(time.perf_counter() - started)
                    started = time.perf_counter()
                    with scorer.measure(path) as measurement:
                        measurement.read(artifact.size)
                    reading.append(time.perf_counter() - started)
                ratio = statistics.median(a / b for a, b in zip(seconds, reading, strict=True))
                cost = f"{spread(seconds)}, {ratio:.1f} times a process that only reads it"
                rows.append(Row(f"device: {model}", cost, "at most 0.2 s", statistics.median(seconds) <= 0.2))
    for model, cost in found.items():
        known = f"{cost.file.cost.macs:,} MACs, {cost.file.cost.parameters:,} parameters" if cost.file else "?"
        arena = f"{cost.arena.total:,} bytes" if cost.arena else cost.reason
        rows.append(Row(f"  {model}: arena", f"{arena}; flash {cost.flash:,} bytes, {known}", "", None))
    return rows


def cohort(rounds: int) -> list[Row]:  # noqa: ARG001  once is long enough
    """A class: `benchmarks/cohort.py` and its parts, each in a process of its own."""
    rows = []
    for words in (["loop"], ["mixed"], ["20", "200", "2000"]):
        command = [sys.executable, "benchmarks/cohort.py", *words]
        output = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
        rows += [Row("cohort", line, "", None) for line in output.splitlines()]
    return rows


def main() -> int:
    """Prints the table; with ``--strict``, 1 where a target is missed."""
    parts: dict[str, Callable[[int], list[Row]]] = {
        "start": start,
        "sandbox": sandbox,
        "device": device,
        "l02": l02,
        "l02+l03": l02_l03,
        "scripts": scripts,
        "mnist": mnist,
        "kenning": kenning,
        "hybrid": hybrid,
        "quick": quick,
        "regrade": regrade,
        "cohort": cohort,
    }
    parser = argparse.ArgumentParser(description="What grading costs, as ratios within one run.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=sorted(parts), action="append")
    parser.add_argument("--strict", action="store_true", help="exit with 1 where a target is missed")
    args = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f}, {args.rounds} rounds; median (smallest to largest)\n")
    print("| what | measured | target | |\n|---|---|---|---|", flush=True)
    missed = 0
    for name, measure in parts.items():
        if args.only and name not in args.only:
            continue
        for row in measure(args.rounds):
            mark = {True: "holds", False: "MISSED", None: ""}[row.holds]
            missed += row.holds is False
            print(f"| {row.what} | {row.measured} | {row.target} | {mark} |", flush=True)
    return 1 if missed and args.strict else 0


if __name__ == "__main__":
    sys.exit(main())
