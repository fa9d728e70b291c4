"""Lab 2 graded by this suite, by plain pytest and by otter-grader, side by side.

    python benchmarks/peers/run.py [--save FILE] [-k TEXT]
    python benchmarks/peers/run.py --print FILE

One right submission, ten mistakes and five attacks, each graded by the three in turn, with the same checks as far as
they can express them (``checks.py``). otter-grader comes from PyPI into an environment of its own, beside this file.
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
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(1, str(HERE))

import checks  # noqa: E402 - the path comes first

from graders.profiles.profile import EMBEDDED  # noqa: E402
from graders.selftest.attacks import cases as attacks  # noqa: E402
from graders.selftest.corpus import cases as corpus  # noqa: E402

MODULE = Path("dl_in_iot_course/l02_quantization/quantization_experiments.py")
OTTER = HERE / ".venv" / "bin"
LIMIT = 200
MISTAKES = (
    "native-scaled-twice",
    "fp32-weights-changed",
    "only-output-type-set",
    "calibration-default-seed",
    "no-rounding",
    "no-clipping",
    "output-codes-returned",
    "imbalanced-class-from-one",
    "fp32-hangs",
    "syntax-error",
)
ATTACKS = (
    ("01-conftest-hooks", "makereport"),
    ("05-patched-libraries", "comparisons"),
    ("09-always-equal", "numbers"),
    ("12-sys-exit", "at-import"),
    ("43-reported-metrics", "patched-metrics"),
)


@dataclass(frozen=True)
class Subject:
    """A submission to grade, and what it must cost (criteria), or from how many points an attack starts."""

    name: str
    kind: str
    title: str
    costs: tuple[str, ...]
    build: Callable[[Path], Path]


@dataclass(frozen=True)
class Outcome:
    """What one of the three said: points by criterion (empty if it died), and what it took."""

    points: dict[str, float]
    exit_code: int
    wall_s: float
    cpu_s: float
    peak_mib: float
    said: str


def subjects() -> list[Subject]:
    """The right submission, the mistakes, the base of the attacks, the attacks."""
    made = [Subject("reference", "right", "The reference", (), lambda folder: corpus.build_submission((), folder, ""))]
    for name in MISTAKES:
        case = corpus.load(corpus.CORPUS / "mistakes" / "l02" / f"{name}.toml")
        costs = tuple(cost.criterion.removeprefix("l02.") for cost in case.costs)
        made.append(Subject(name, "mistake", case.title, costs, lambda folder, case=case: corpus.build(case, folder)))
    base = Subject(
        "lossy", "base", "What attacks start from", (), lambda folder: attacks.build("lossy", (), folder, "")
    )
    made.append(base)
    for file, name in ATTACKS:
        attack = attacks.load(attacks.ATTACKS / f"{file}.toml")
        variant = next(each for each in attack.variants if each.name == name)
        made.append(
            Subject(
                f"{file}/{name}",
                "attack",
                attack.title,
                (),
                lambda folder, variant=variant: attacks.build(variant.base, variant.changes, folder, ""),
            )
        )
    return made


def measured(command: list[str], folder: Path, more: Mapping[str, str]) -> tuple[int, float, float, float, str]:
    """Exit code, wall seconds, CPU seconds, peak MiB (proportional, all processes) and output of a command."""
    before = time.perf_counter()
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        child = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **more}, stdout=output, stderr=subprocess.STDOUT, text=True
        )
        sampled = Sampler(child.pid)
        try:
            code = child.wait(LIMIT)
        except subprocess.TimeoutExpired:
            sampled.end_tree()
            code = child.wait()
        cpu, peak = sampled.stop()
        output.seek(0)
        return code, time.perf_counter() - before, cpu, peak, output.read()[-20000:]


class Sampler:
    """Watches a process and all below it: CPU time of each as last seen, and the largest sum of memory."""

    def __init__(self, pid: int) -> None:
        """Starts watching."""
        self._root = psutil.Process(pid)
        self._cpu: dict[int, float] = {}
        self._peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> tuple[float, float]:
        """CPU seconds and MiB."""
        self._ended.set()
        self._thread.join()
        return sum(self._cpu.values()), self._peak / 2**20

    def end_tree(self) -> None:
        """Kills all of them."""
        for process in [*self._root.children(recursive=True), self._root]:
            process.kill()

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            total = 0
            try:
                tree = [self._root, *self._root.children(recursive=True)]
            except psutil.Error:
                continue
            for process in tree:
                try:
                    times = process.cpu_times()
                    self._cpu[process.pid] = times.user + times.system
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            self._peak = max(self._peak, total)


def environment() -> dict[str, str]:
    """What the checks of both peers need."""
    return {
        "LAB2_PETS": str(EMBEDDED.dataset_root),
        "LAB2_MODEL": str(EMBEDDED.model_path),
        "TF_USE_LEGACY_KERAS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


def by_this_suite(submission: Path, folder: Path) -> Outcome:
    """Graded as the README says."""
    report = folder / "report"
    command = [sys.executable, "-m", "pytest", "graders", f"--submission={submission}", f"--report-dir={report}"]
    command += ["--lab", "l02_quantization", "--no-cache", "-k", "not test_summary and not history"]
    code, wall, cpu, peak, said = measured(command, ROOT, {})
    points: dict[str, float] = {}
    if (report / "scorecard.json").is_file():
        card = json.loads((report / "scorecard.json").read_text(encoding="utf-8"))
        all_of_them = {each["id"].removeprefix("l02."): each["earned"] for each in card["labs"][0]["criteria"]}
        points = {name: all_of_them[name] for name in checks.CHECKS}
    return Outcome(points, code, wall, cpu, peak, said)


def by_plain_pytest(submission: Path, folder: Path) -> Outcome:
    """The tests are copied into the submission, as autograding workflows do, and pytest is run there."""
    work = folder / "work"
    shutil.copytree(submission, work)
    (work / "grading").mkdir()
    for name in ("checks.py", "plain/test_lab2.py"):
        shutil.copy(HERE / name, work / "grading")
    results = folder / "results.json"
    command = [sys.executable, "-m", "pytest", "grading", "-q", "--rootdir=.", "-c", os.devnull, "--tb=line"]
    more = {**environment(), "PYTHONPATH": ".", "LAB2_RESULTS": str(results), "HOME": str(folder)}
    code, wall, cpu, peak, said = measured(command, work, more)
    points = json.loads(results.read_text(encoding="utf-8")) if results.is_file() else {}
    return Outcome(points, code, wall, cpu, peak, said)


def by_otter(submission: Path, folder: Path) -> Outcome:
    """The student's file in otter-grader's own runner, without a container."""
    out = folder / "out"
    out.mkdir()
    command = [str(OTTER / "otter"), "run", str(submission / MODULE), "-a", str(autograder()), "-o", str(out)]
    path = f"{OTTER}{os.pathsep}{os.environ['PATH']}"
    more = {**environment(), "PATH": path, "HOME": str(folder), "JUPYTER_PLATFORM_DIRS": "1"}
    code, wall, cpu, peak, said = measured([*command, "--no-logo"], folder, more)
    points: dict[str, float] = {}
    if (out / "results.json").is_file():
        tests = json.loads((out / "results.json").read_text(encoding="utf-8"))["tests"]
        names = {name.replace(".", "_"): name for name in checks.CHECKS}
        for test in tests:
            named = names.get(test["name"].split(" ")[0].removesuffix(".py"))
            if named is not None:
                points[named] = float(test.get("score") or 0)
    return Outcome(points, code, wall, cpu, peak, said)


def autograder() -> Path:
    """otter-grader's archive: a test file for each criterion, the starter code and the shared checks."""
    made = HERE / ".venv" / "autograder.zip"
    if made.exists():
        return made
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "tests").mkdir()
        for criterion, (points, _) in checks.CHECKS.items():
            test = work / "tests" / f"{criterion.replace('.', '_')}.py"
            test.write_text(
                "from otter.test_files import test_case\n\nOK_FORMAT = False\n"
                f'name = "{criterion.replace(".", "_")}"\npoints = {points}\n\n\n'
                f"@test_case(points={points}, hidden=False)\ndef check(env):\n"
                f'    from lab2_checks import CHECKS\n\n    CHECKS["{criterion}"][1](env)\n',
                encoding="utf-8",
            )
        (work / "lab2_checks").mkdir()
        shutil.copy(HERE / "checks.py", work / "lab2_checks" / "__init__.py")
        shutil.copytree(ROOT / "student_template/dl_in_iot_course/misc", work / "dl_in_iot_course/misc")
        (work / "dl_in_iot_course/__init__.py").touch()
        files = sorted(
            str(path.relative_to(work))
            for folder in ("lab2_checks", "dl_in_iot_course")
            for path in (work / folder).rglob("*.py")
        )
        config = work / "otter_config.json"
        config.write_text(json.dumps({"show_hidden": True, "score_threshold": None}), encoding="utf-8")
        command = [str(OTTER / "otter"), "generate", "-t", "tests", "-o", str(made), "--no-requirements"]
        subprocess.run([*command, "--no-environment", *files], cwd=work, check=True, stdout=subprocess.DEVNULL)
    return made


GRADERS: dict[str, Callable[[Path, Path], Outcome]] = {
    "optgrade": by_this_suite,
    "plain pytest": by_plain_pytest,
    "otter-grader": by_otter,
}


def install() -> None:
    """otter-grader and this suite's libraries, in an environment beside this file."""
    if (OTTER / "otter").exists():
        return
    python = OTTER / "python"
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(OTTER.parent)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "uv"], check=True)
    uv = [str(python), "-m", "uv", "pip", "install", "--quiet", "--python", str(python)]
    subprocess.run([*uv, "-r", str(ROOT / "requirements.lock")], check=True)
    subprocess.run([*uv, "otter-grader==7.0.0", "ipykernel"], check=True)


def graded(chosen: list[Subject]) -> dict[str, dict[str, Outcome]]:
    """Every submission by every grader, in turn."""
    outcomes: dict[str, dict[str, Outcome]] = {}
    for subject in chosen:
        outcomes[subject.name] = {}
        for grader, grade in GRADERS.items():
            with tempfile.TemporaryDirectory() as name:
                submission = subject.build(Path(name) / "submission")
                outcome = grade(submission, Path(name))
            outcomes[subject.name][grader] = outcome
            total = f"{sum(outcome.points.values()):.2f} points" if outcome.points else "no result"
            print(f"{subject.name:32} {grader:13} {total:14} {outcome.wall_s:6.1f} s", flush=True)
    return outcomes


def judged(subject: Subject, outcome: Outcome, right: Outcome, base: Outcome | None) -> str:
    """What a teacher sees of it: found exactly, too much, not at all; an attack gained or did not."""
    if subject.kind == "attack":
        assert base is not None
        gained = sum(outcome.points.values()) - sum(base.points.values())
        if gained > 0.005:
            return f"gains {gained:g}"
        if not outcome.points and outcome.exit_code == 0:
            return "passes as success (exit 0)"
        return "no gain" if outcome.points else "no gain, but no result"
    if not outcome.points:
        return "no result" if outcome.exit_code else "no result (exit 0)"
    lost = {name for name, points in right.points.items() if outcome.points.get(name, 0) < points - 0.005}
    if lost == set(subject.costs) & set(right.points):
        return "exact"
    missed = set(subject.costs) & set(right.points) - lost
    more = sum(right.points[name] - outcome.points.get(name, 0) for name in lost - set(subject.costs))
    found = "not found" if not lost & set(subject.costs) else "found in part" if missed else "found"
    return f"{found}, and {more:g} points too many" if more else found


def table(outcomes: Mapping[str, Mapping[str, Outcome]]) -> str:
    """The comparison in Markdown."""
    lines = ["| submission | " + " | ".join(GRADERS) + " |", "|---|" + "---|" * len(GRADERS)]
    right, base = outcomes["reference"], outcomes.get("lossy", {})
    for subject in subjects():
        if subject.kind in ("mistake", "attack") and subject.name in outcomes:
            cells = [judged(subject, outcomes[subject.name][each], right[each], base.get(each)) for each in GRADERS]
            lines.append(f"| {subject.title} | {' | '.join(cells)} |")
    alive = [name for name in outcomes if name != "fp32-hangs"]
    for title, value in (
        ("right submission: points", lambda each: f"{sum(right[each].points.values()):g} of 13.5"),
        ("right submission: wall time", lambda each: f"{right[each].wall_s:.1f} s"),
        ("right submission: CPU time", lambda each: f"{right[each].cpu_s:.1f} s"),
        ("right submission: peak memory, all processes", lambda each: f"{right[each].peak_mib:.0f} MiB"),
        (
            "all but the endless loop: median wall time",
            lambda each: f"{statistics.median(outcomes[name][each].wall_s for name in alive):.1f} s",
        ),
    ):
        lines.append(f"| {title} | {' | '.join(value(each) for each in GRADERS)} |")
    return "\n".join(lines)


def main() -> int:
    """Grades, saves, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--save", type=Path, metavar="FILE", help="where outcomes are written; continued if it exists")
    parser.add_argument("--print", type=Path, metavar="FILE", dest="shown", help="print the table of stored outcomes")
    parser.add_argument("-k", default="", metavar="TEXT", help="only submissions whose name contains it")
    arguments = parser.parse_args()
    if arguments.shown:
        print(table(stored(arguments.shown)))
        return 0
    install()
    outcomes = stored(arguments.save) if arguments.save and arguments.save.exists() else {}
    for subject in subjects():
        if subject.name not in outcomes and arguments.k in subject.name:
            outcomes |= graded([subject])
            if arguments.save:
                arguments.save.write_text(dumped(outcomes), encoding="utf-8")
    if "reference" in outcomes:
        print(table(outcomes))
    return 0


def stored(path: Path) -> dict[str, dict[str, Outcome]]:
    """Outcomes from a file."""
    data: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return {name: {each: Outcome(**value) for each, value in row.items()} for name, row in data.items()}


def dumped(outcomes: Mapping[str, Mapping[str, Outcome]]) -> str:
    """Outcomes as text."""
    return json.dumps({name: {each: asdict(value) for each, value in row.items()} for name, row in outcomes.items()})


if __name__ == "__main__":
    raise SystemExit(main())
