"""What a class costs besides its gradings: ``python benchmarks/cohort.py [COUNT ...]``.

Gradings are stand-ins that answer at once with a real scorecard of three labs, through real workers. For each count:
the driver's peak memory, its processor time for each submission, and what the same command again takes, with nothing
changed. Processor time is this process's, so that it says the same on a busy machine.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCORECARD = ROOT / "tests" / "data" / "gradings" / "reference.json"
COUNTS = (20, 200, 2000)
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


def main(words: list[str]) -> None:
    """Prints a row for each count."""
    if words[:1] == ["--in"]:
        measure(Path(words[1]))
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
