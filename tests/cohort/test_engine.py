"""A class through real workers, with stand-ins for gradings."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import Client, LocalCluster

from graders.cohort.engine.cluster import ClusterOptions
from graders.cohort.engine.options import GradingOptions, Secret
from graders.cohort.engine.scratch import owner_of
from graders.cohort.run import CohortRequest, CohortResult, grade_class
from graders.cohort.store import open_store
from graders.core.errors import UsageError
from graders.reports.formats.matching import read_matches
from graders.reports.formats.sheet import parse
from tests.cohort import stand_ins

from .classes import submission, write, zipped

pytestmark = pytest.mark.process
# No test takes that long, however busy the machine is; nothing depends on it.
TIME = 240


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A book in which stand-ins write down what they were given, in every process that starts from now on."""
    path = tmp_path_factory.mktemp("shelf") / "book"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(stand_ins.BOOK, str(path))
        yield path


@pytest.fixture
def book(shelf: Path) -> Path:
    shelf.write_text("", encoding="utf-8")
    stand_ins.gate_of(shelf).unlink(missing_ok=True)
    return shelf


@pytest.fixture(scope="module")
def scheduler(shelf: Path) -> Iterator[str]:
    """A cluster that runs already."""
    with LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", memory_limit=0, dashboard_address="127.0.0.1:0", silence_logs=50
    ) as cluster:
        yield cluster.scheduler_address


def begun(book: Path) -> Counter[str]:
    return Counter(book.read_text(encoding="utf-8").splitlines())


def request(tmp_path: Path, scheduler: str = "", restart: bool = False, **grading: object) -> CohortRequest:
    return CohortRequest(
        sources=(tmp_path / "class",),
        folder=tmp_path / "out",
        # What stands in for gradings has no sandbox, and to try one out costs a second each time.
        grading=GradingOptions(labs=("l02",), isolation="bare", **grading),  # type: ignore[arg-type]
        cluster=ClusterOptions(workers=2, scheduler=scheduler),
        restart=restart,
        similarity=False,
    )


def run(tmp_path: Path, scheduler: str = "", **more: object) -> CohortResult:
    return grade_class(request(tmp_path, scheduler, **more), stand_ins.graded)  # type: ignore[arg-type]


def attempts(tmp_path: Path) -> dict[str, list[str]]:
    """The fault of each attempt, by submission."""
    with sqlite3.connect(tmp_path / "out" / "cohort.sqlite") as store:
        found: dict[str, list[str]] = {}
        rows = "SELECT name, fault FROM attempts JOIN submissions ON submission = submissions.id ORDER BY number"
        for name, fault in store.execute(rows):
            found.setdefault(name, []).append(fault)
        return found


def test_only_what_changed_is_graded_again(tmp_path: Path, book: Path, scheduler: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("alice", "bob"):
        submission(tmp_path / "class" / name)
    assert run(tmp_path, scheduler).graded_now == 2
    assert run(tmp_path, scheduler).graded_now == 0
    submission(tmp_path / "class" / "bob", "x = 2\n")
    assert run(tmp_path, scheduler).graded_now == 1
    assert "1 are graded again, since another submission was used before" in capsys.readouterr().out
    assert run(tmp_path, scheduler, seed=7).graded_now == 2
    assert run(tmp_path, scheduler, restart=True, seed=7).graded_now == 2
    assert begun(book) == {"alice": 3, "bob": 4}


def test_a_report_that_is_gone_is_made_again(tmp_path: Path, book: Path, scheduler: str) -> None:
    submission(tmp_path / "class" / "alice")
    run(tmp_path, scheduler)
    report = tmp_path / "out" / "reports" / "alice" / "report.html"
    report.unlink()
    assert run(tmp_path, scheduler).graded_now == 0
    assert "alice" in report.read_text(encoding="utf-8")


def test_no_older_result_stays_where_it_would_be_exported(tmp_path: Path, book: Path, scheduler: str) -> None:
    for name in ("alice", "bob", "carol"):
        submission(tmp_path / "class" / name)
    run(tmp_path, scheduler)
    reports = tmp_path / "out" / "reports"
    first = (reports / "alice" / "scorecard.json").read_bytes()
    (reports / "carol" / "scorecard.json").write_bytes(first)
    submission(tmp_path / "class" / "alice", "fail")
    (tmp_path / "class" / "bob").rename(tmp_path / "class" / "bobby")
    assert run(tmp_path, scheduler).kinds == {"graded": 2, "not graded": 1}
    found = {path.parent.name: path.read_bytes() for path in reports.rglob("scorecard.json")}
    assert found == {name: stand_ins.scorecard(name) for name in ("bobby", "carol")}
    submission(tmp_path / "class" / "alice")
    assert run(tmp_path, scheduler).graded_now == 0, "it was graded as it is now before"
    assert (reports / "alice" / "scorecard.json").read_bytes() == first
    assert (reports / "alice" / "report.html").is_file()


def test_the_second_of_two_at_once_is_refused(tmp_path: Path, book: Path, scheduler: str) -> None:
    submission(tmp_path / "class" / "alice")
    from graders.cohort.lock import only_one

    (tmp_path / "out").mkdir()
    with only_one(tmp_path / "out"), pytest.raises(UsageError, match=f"another run of cohort uses .* {os.getpid()} on"):
        run(tmp_path, scheduler)
    assert run(tmp_path, scheduler).graded_now == 1


def test_reports_among_the_submissions_are_refused(tmp_path: Path) -> None:
    submission(tmp_path / "class" / "alice")
    with pytest.raises(UsageError, match="among the submissions"):
        grade_class(
            CohortRequest(
                sources=(tmp_path / "class",),
                folder=tmp_path / "class" / "out",
                grading=GradingOptions(),
                cluster=ClusterOptions(workers=1),
            )
        )


DRIVER = """
import sys
from pathlib import Path
from tests.cohort import stand_ins, test_engine

if __name__ == "__main__":
    test_engine.run(Path(sys.argv[1]))
"""


def driver(tmp_path: Path) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    script = tmp_path / "driver.py"
    script.write_text(DRIVER, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        # Where tests are run in the background, Ctrl-C is ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def finished(tmp_path: Path) -> set[str]:
    """The submissions that are stored with a scorecard."""
    if not (tmp_path / "out" / "cohort.sqlite").is_file():
        return set()
    try:
        return {name for name, faults in attempts(tmp_path).items() if faults == [""]}
    except sqlite3.OperationalError:
        # Its tables are not made yet.
        return set()


def folders_in_temp() -> set[Path]:
    """Folders for temporary files of classes that are being graded, or were."""
    return set(Path(tempfile.gettempdir()).glob("optgrade-cohort-*"))


def wait_for(what: object, seconds: float = TIME) -> None:
    """Waits until something is so."""
    until = time.monotonic() + seconds
    while not what():  # type: ignore[operator]
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.05)


def in_session(leader: int) -> list[int]:
    """The processes of a session that still run."""
    import psutil

    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except (OSError, psutil.Error):
            continue
    return found


@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.e2e)])
def test_a_driver_that_is_stopped_loses_nothing(
    tmp_path: Path, book: Path, scheduler: str, how: signal.Signals
) -> None:
    """Five are stored and the others hold when it is stopped; then the others are graded, and only these."""
    stored = {f"a{number}" for number in range(5)}
    for name in stored:
        submission(tmp_path / "class" / name)
    for number in range(5):
        submission(tmp_path / "class" / f"b{number}", "hold")
    process = driver(tmp_path)
    wait_for(lambda: finished(tmp_path) == stored and len(begun(book)) == 7)
    scratch = {path for path in folders_in_temp() if owner_of(path) == process.pid}
    assert len(scratch) == 1
    if how is signal.SIGINT:
        os.killpg(process.pid, how)
    else:
        process.send_signal(how)
    out, _ = process.communicate(timeout=TIME)
    assert "Traceback" not in out
    wait_for(lambda: in_session(process.pid) == [])
    wait_for(lambda: not scratch & folders_in_temp())
    assert finished(tmp_path) == stored
    stand_ins.gate_of(book).touch()
    again = run(tmp_path, scheduler)
    assert (again.kinds, again.graded_now) == ({"graded": 10}, 5)
    assert {name for name, count in begun(book).items() if count > 1} == {"b0", "b1"}, "what was stored is not graded again"


def test_a_secret_reaches_no_file_and_no_text(tmp_path: Path, book: Path, scheduler: str, capfd: pytest.CaptureFixture[str]) -> None:
    value = b"0123456789abcdef-very-secret"
    submission(tmp_path / "class" / "alice")
    submission(tmp_path / "class" / "fails", "fail")
    result = run(tmp_path, scheduler, secret=Secret(value))
    assert result.kinds == {"graded": 1, "not graded": 1}
    assert "secret" not in repr(request(tmp_path, secret=Secret(value)).grading).replace("secret=Secret()", "")
    texts = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert value not in texts
    out, err = capfd.readouterr()
    assert value.decode() not in out + err
    assert run(tmp_path, scheduler, secret=Secret(value)).graded_now == 1, "the one that failed, and not what the same secret drew"
    assert run(tmp_path, scheduler, secret=Secret(value + b"!")).graded_now == 2


def test_a_worker_that_differs_is_not_used(
    tmp_path: Path, book: Path, scheduler: str, capsys: pytest.CaptureFixture[str]
) -> None:
    submission(tmp_path / "class" / "alice")
    run(tmp_path, scheduler)
    for name in ("bob", "carol", "dave"):
        submission(tmp_path / "class" / name)
    with Client(scheduler, set_as_default=False) as client:
        changed = min(client.nthreads())
        client.run(stand_ins.change_processor, "avx9000", workers=[changed])
        try:
            assert run(tmp_path, scheduler).graded_now == 3
        finally:
            client.run(stand_ins.change_processor, None, workers=[changed])
    out = capsys.readouterr().out
    assert f"worker {changed} is not used: it differs from the others in processor (has avx9000" in out


def test_the_grader_itself_imports_none_of_it() -> None:
    code = "import sys, graders.plugin, graders.cli; graders.cli.load(); print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"dask", "distributed", "tornado", "rich", "yaml", "cryptography", "sqlite3"} & set(found)


def test_names_that_are_no_folders(tmp_path: Path, book: Path, scheduler: str) -> None:
    submission(tmp_path / "class" / "Alice")
    (tmp_path / "roster.csv").write_text(
        "student,submission\nalice,class/Alice\n../../up,class/bob\n", encoding="utf-8"
    )
    submission(tmp_path / "class" / "bob")
    given = CohortRequest(
        sources=(), roster=tmp_path / "roster.csv", folder=tmp_path / "out",
        grading=GradingOptions(labs=("l02",), isolation="bare"), cluster=ClusterOptions(workers=1, scheduler=scheduler),
    )  # fmt: skip
    assert grade_class(given, stand_ins.graded).kinds == {"graded": 2}
    assert {path.name for path in (tmp_path / "out" / "reports").iterdir()} == {"Alice", "bob"}
    with open_store(tmp_path / "out") as store:
        assert {each.students for each in store.submissions()} == {("alice",), ("../../up",)}
    matches = read_matches(parse((tmp_path / "out" / "match.csv").read_bytes(), "match.csv"), "match.csv")
    assert matches == {"alice": ("alice",), "bob": ("../../up",)}


def test_everything_that_can_happen_to_a_submission(tmp_path: Path, book: Path, scheduler: str, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "class"
    for name, text in {"alice": "x", "dies": "end", "once": "die once", "fails": "fail", "王小明": "x"}.items():
        submission(place / name, text)
    (place / "empty").mkdir()
    write(place, {"zipped.zip": zipped({"labs/work.py": ""}), "broken.zip": b"PK"})
    result = run(tmp_path, scheduler)
    assert result.kinds == {"graded": 5, "not graded": 3}
    assert begun(book) == Counter({"alice": 1, "dies": 2, "once": 2, "fails": 1, "王小明": 1, "empty": 1, "zipped": 1})
    assert attempts(tmp_path) == {
        "alice": [""], "once": [""], "王小明": [""], "empty": [""], "zipped": [""],
        "dies": ["the worker that graded it died, 2 times"],
        "fails": ["OptgradeError: no scorecard was written: the disk is full"],
    }  # fmt: skip
    assert (tmp_path / "out" / "reports" / "王小明" / "scorecard.json").read_bytes() == stand_ins.scorecard("王小明")
    out = capsys.readouterr().out
    assert "8 submissions: 0 graded already, 7 to grade, 1 can't be graded" in out
    assert "once: its worker died; it is graded once more" in out

    for name in ("dies", "fails"):
        submission(place / name, "x")
    assert run(tmp_path, scheduler).graded_now == 2, "what has no scorecard is tried again, and nothing else"
    assert begun(book)["alice"] == 1
