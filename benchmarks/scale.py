"""10,000 submissions through a real scheduler: ``python benchmarks/scale.py [COUNT [WORKERS [FACTOR]]]`` (as root).

Scheduler, workers and the command are on machines of their own, which are network namespaces of this one, and talk
TCP. Gradings are stand-ins: they sleep for a time that was measured in real gradings, divided by FACTOR, and answer
with a real scorecard and a report of a usual size. Nothing else is left out: submissions are packed, sent, unpacked and
compared, results are stored on disk, reports are written.

Printed are the processor seconds of the command, the scheduler and the workers for each submission, which say the same
on a busy machine, and what follows from them for a night.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import sys
import tempfile
import time
import zlib
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
SCORECARD = ROOT / "tests" / "data" / "gradings" / "reference.json"
# Seconds of a core that students' code took in ten gradings of lab 2, of whole submissions and of cases of the corpus.
MEASURED = ROOT / "benchmarks" / "results" / "class_seconds.json"
REPORT_BYTES = 200_000
NIGHT_S = 10 * 3600
HOSTS = 3


def stand_in(task, bench):  # noqa: ANN001, ANN201, ARG001  runs on workers, which need none of these types
    """Sleeps as long as its submission says, and answers with a real scorecard."""
    from graders.cohort.engine.parcel import deliver
    from graders.cohort.engine.task import GradingOutcome

    with tempfile.TemporaryDirectory() as folder:
        path = deliver(task.parcel, Path(folder))
        time.sleep(float((path / "seconds").read_text(encoding="utf-8")))
    document = {**json.loads(SCORECARD.read_text(encoding="utf-8")), "submission": task.parcel.name}
    files = {
        "scorecard.json": json.dumps(document).encode(),
        "report.html": os.urandom(REPORT_BYTES // 2).hex().encode(),
    }
    return GradingOutcome(files={name: zlib.compress(content, 1) for name, content in files.items()})


def command(folder: Path, address: str) -> None:
    """The command's part, in a namespace; prints what it took."""
    from benchmarks.scale import stand_in as remote
    from graders.cohort.engine.cluster import ClusterOptions
    from graders.cohort.engine.options import GradingOptions
    from graders.cohort.run import CohortRequest, grade_class

    request = CohortRequest(
        sources=(folder / "class",),
        folder=folder / "out",
        grading=GradingOptions(labs=("l02",)),
        cluster=ClusterOptions(workers=1, scheduler=address, open_network=True),
        similarity=False,
    )
    started = time.monotonic()
    result = grade_class(request, remote)
    own = psutil.Process()
    cpu = own.cpu_times()
    figures = {
        "kinds": dict(result.kinds),
        "wall": time.monotonic() - started,
        "cpu": cpu.user + cpu.system,
        "mib": own.memory_info().rss / (1 << 20),
    }
    print("RESULT", json.dumps(figures), flush=True)


def cpu_of(process: psutil.Process) -> float:
    """Processor seconds of a process and what it started."""
    total = 0.0
    for each in [process, *process.children(recursive=True)]:
        times = each.cpu_times()
        total += times.user + times.system
    return total


def make_class(folder: Path, count: int, factor: float) -> float:
    """Submissions that say how long they take; the mean of that, unscaled."""
    seconds = json.loads(MEASURED.read_text(encoding="utf-8"))["seconds"]
    draw = random.Random(7)
    total = 0.0
    for number in range(count):
        each = draw.choice(seconds)
        total += each
        place = folder / "class" / f"student{number:05}"
        place.mkdir(parents=True)
        (place / "seconds").write_text(str(each / factor), encoding="utf-8")
        (place / "work.py").write_text("".join(f"x{n} = {draw.random()}\n" for n in range(200)), encoding="utf-8")
    return total / count


def main(count: int, workers: int, factor: float) -> int:
    """Runs it, and prints what it took."""
    from tests.cohort.namespaces import PORT, network

    with tempfile.TemporaryDirectory(prefix="optgrade-scale-") as name, network(HOSTS + 2) as hosts:
        folder = Path(name)
        mean = make_class(folder, count, factor)
        address = f"tcp://{hosts.hosts[0].address}:{PORT}"
        scheduler = hosts.scheduler(folder / "scheduler.log")
        started = [
            hosts.worker(hosts.hosts[1 + number % HOSTS], address, folder / f"machine{number}")
            for number in range(workers)
        ]
        load = os.getloadavg()[0]
        log = folder / "command.log"
        driver = hosts.python(hosts.hosts[-1], "-m", "benchmarks.scale", "--in", folder, address, log=log)
        scheduled = psutil.Process(scheduler.pid)
        measured = [psutil.Process(each.pid) for each in started]
        while driver.poll() is None:
            time.sleep(1)
        lines = [line for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("RESULT ")]
        if driver.returncode or not lines:
            print(log.read_text(encoding="utf-8")[-2000:])
            return 1
        figures = json.loads(lines[-1].removeprefix("RESULT "))
        with sqlite3.connect(folder / "out" / "cohort.sqlite") as store:
            attempts, graded = store.execute(
                "SELECT count(*), count(DISTINCT submission) FROM attempts WHERE fault = ''"
            ).fetchone()
        size = sum(path.stat().st_size for path in (folder / "out").rglob("*") if path.is_file())
        memory = sum(each.memory_info().rss for each in [scheduled, *scheduled.children(recursive=True)])
        each = {
            "command": figures["cpu"] / count,
            "scheduler": cpu_of(scheduled) / count,
            "workers": sum(map(cpu_of, measured)) / count,
        }
        print(
            f"{count} submissions, {workers} workers on {HOSTS} hosts, {os.cpu_count()} cores, load {load:.1f} at first"
        )
        print(f"attempts {attempts}, graded {graded}, lost {count - graded}; a grading: {mean:.1f} s / {factor:g}")
        print(f"wall {figures['wall']:.0f} s, of which each worker sleeps {mean / factor * count / workers:.0f} s")
        print("processor ms each: " + ", ".join(f"{name} {1000 * value:.1f}" for name, value in each.items()))
        print(f"memory: command {figures['mib']:.0f} MiB, scheduler {memory / (1 << 20):.0f} MiB")
        print(f"disk: {size / count / 1e3:.0f} kB each")
        print(f"one core for the command hands out {NIGHT_S / each['command']:,.0f} in a night of 10 hours")
        print(f"cores for {count:,} in that night: {count * (mean + each['workers']) / NIGHT_S:.1f}")
        return 0 if (attempts, graded) == (count, count) and figures["kinds"] == {"graded": count} else 1


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[:1] == ["--in"]:
        command(Path(words[1]), words[2])
    else:
        given = [float(word) for word in words] + [10_000, 12, 400][len(words) :]
        sys.exit(main(int(given[0]), int(given[1]), given[2]))
