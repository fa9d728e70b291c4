"""What a class costs: ``python benchmarks/cohort.py [COUNT ...]``, or ``loop [COUNT]``, or ``mixed [COUNT]``.

``loop``: so many submissions of lab 2, against a loop over a fresh pytest for each, with a fresh Python for each run.
``mixed``: so many submissions of all labs, whose wall time is compared with the processor time of students' code.
Both need a machine that does nothing else: processor time of sandboxes is not accounted to whoever started them.

Without one of these words, what it costs besides gradings:

Gradings are stand-ins that answer at once with a real scorecard of three labs, through real workers. For each count:
the driver's peak memory, its processor time for each submission, and what the same command again takes, with nothing
changed. Processor time is this process's, so that it says the same on a busy machine.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCORECARD = ROOT / "tests" / "data" / "gradings" / "reference.json"
COUNTS = (20, 200, 2000)
FILES = {
    "l02": "dl_in_iot_course/l02_quantization",
    "l03": "dl_in_iot_course/l03_pruning_clustering",
    "mnist": "mnist_compression",
    "kenning": "kenning_compression",
    "hybrid": "hybrid_decomposition",
}
# Lab 3 imports lab 2's classes, as the lab is taught.
NEEDED = {"l03": "l02"}
WORKERS = 2


def stand_in(task, bench):  # noqa: ANN001, ANN201, ARG001  runs on workers, which need none of these types
    """Grades nothing: a real scorecard under the submission's name, and a report of a usual size."""
    from graders.cohort.engine.task import GradingOutcome

    document = {**json.loads(SCORECARD.read_text(encoding="utf-8")), "submission": task.parcel.name}
    files = {"scorecard.json": json.dumps(document).encode(), "report.html": os.urandom(200_000).hex().encode()}
    return GradingOutcome(files={name: zlib.compress(content, 1) for name, content in files.items()})


def measure(folder: Path) -> None:
    """Grades the class in a folder once; prints the seconds and the peak memory of this process in MiB."""
    from graders.cohort.engine.cluster import ClusterOptions
    from graders.cohort.engine.options import GradingOptions
    from graders.cohort.run import CohortRequest, grade_class

    request = CohortRequest(
        sources=(folder / "class",),
        folder=folder / "out",
        grading=GradingOptions(),
        cluster=ClusterOptions(workers=WORKERS),
        similarity=False,
    )
    started, cpu = time.monotonic(), time.process_time()
    result = grade_class(request, stand_in)
    seconds, cpu = time.monotonic() - started, time.process_time() - cpu
    assert set(result.kinds) == {"graded"}, result
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    page = (folder / "out" / "index.html").stat().st_size / 1e6
    print(json.dumps({"seconds": seconds, "cpu": cpu, "mib": peak, "page": page, "graded": result.graded_now}))


def run(folder: Path) -> dict[str, float]:
    """Measures in a process of its own."""
    command = [sys.executable, __file__, "--in", str(folder)]
    output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT).stdout
    found: dict[str, float] = json.loads(output.splitlines()[-1])
    return found


def seconds_of(commands: list[list[str]]) -> float:
    """What commands take, one after the other."""
    started = time.monotonic()
    for command in commands:
        piped = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        done = subprocess.run(command, cwd=ROOT, text=True, check=False, **piped)
        assert done.returncode in (0, 1), done.stdout[-2000:]
    return time.monotonic() - started


def copies(folder: Path, labs: Sequence[str]) -> list[Path]:
    """The reference once for each of these labs, each with a comment of its own, without labs that it does not need."""
    made = []
    for number, lab in enumerate(labs):
        place = folder / f"student{number:02}"
        shutil.copytree(ROOT / "reference", place, ignore=shutil.ignore_patterns("__pycache__", ".git"))
        for other in {*FILES} - {lab} - {NEEDED.get(lab)}:
            shutil.rmtree(place / FILES[other])
        for path in sorted((place / FILES[lab]).glob("*.py")):
            path.write_text(f"{path.read_text(encoding='utf-8')}\n# Student {number}.\n", encoding="utf-8")
        made.append(place)
    return made


def cohort_command(folder: Path, *more: str) -> list[str]:
    """The command for a class, with nothing from a cache."""
    words = [str(folder / "class"), "--report-dir", str(folder / "out"), "--no-cache", "--no-similarity", *more]
    return [sys.executable, "-m", "graders", "cohort", *words]


def against_a_loop(count: int) -> None:
    """Lab 2 for a class, and in a loop."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        class_ = copies(folder / "class", ["l02"] * count)
        options = ("--lab", "l02", "--wall-limit", "900")
        ours = seconds_of([cohort_command(folder, *options)])
        fresh = [sys.executable, "-m", "pytest", "-p", "benchmarks.fresh_python", "graders", "--no-cache", *options]
        loop = seconds_of([[*fresh, f"--submission={each}", f"--report-dir={folder / each.name}"] for each in class_])
    load = os.getloadavg()[0]
    print(f"{count} x lab 2, {os.cpu_count()} cores, load {load:.1f}")
    print(f"a class: {ours:.0f} s; a loop: {loop:.0f} s; times the throughput: {loop / ours:.2f}")


def mixed(count: int) -> None:
    """All labs in turn: the class's time against that of students' own code."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copies(folder / "class", [list(FILES)[number % len(FILES)] for number in range(count)])
        ours = seconds_of([cohort_command(folder, "--wall-limit", "900")])
        cards = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("out/reports/*/scorecard.json")]
        student = sum(card["timing"]["student_cpu_s"] for card in cards)
    cores, load = os.cpu_count() or 1, os.getloadavg()[0]
    print(f"{count} submissions of {len(FILES)} labs, {cores} cores, load {load:.1f}")
    print(f"students' own code: {student:.0f} CPU s")
    print(f"wall {ours:.0f} s: {ours / (student / cores):.2f} times")


def main(words: list[str]) -> None:
    """Prints a row for each count."""
    if words[:1] == ["--in"]:
        measure(Path(words[1]))
        return
    if words[:1] in (["loop"], ["mixed"]):
        count = int(words[1]) if words[1:] else None
        against_a_loop(count or 8) if words[0] == "loop" else mixed(count or 15)
        return
    print("submissions   driver MiB   CPU ms each   again, s   again, CPU s   again, MiB   page, MB")
    for count in map(int, words) if words else COUNTS:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for number in range(count):
                place = folder / "class" / f"student{number:05}"
                place.mkdir(parents=True)
                (place / "work.py").write_text(f"x = {number}\n", encoding="utf-8")
            first, again = run(folder), run(folder)
            assert again["graded"] == 0
            each = first["cpu"] / count * 1000
            line = f"{count:11} {first['mib']:12.0f} {each:13.0f} {again['seconds']:10.1f} {again['cpu']:14.1f}"
            line += f" {again['mib']:12.0f}"
            print(f"{line} {again['page']:10.2f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
