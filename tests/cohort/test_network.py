"""Workers, a scheduler and the command on machines of their own, which are network namespaces of this one."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from distributed.security import Security

from graders.cohort.engine.fingerprint import difference_of_libraries
from tests.cohort import stand_ins
from tests.cohort.classes import submission, write
from tests.cohort.namespaces import PORT, PREFIX, Network, kill, network, wait_for
from tests.cohort.test_engine import attempts
from tests.programs import requires

pytestmark = [pytest.mark.e2e, requires("ip")]

SCHEDULER = f"{PREFIX}1:{PORT}"
SECRET = "a-secret-that-must-not-be-seen-0123456789"
LISTENER = """
import socket, sys
packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
with open(sys.argv[1], "wb", buffering=0) as file:
    print("listening", flush=True)
    while True:
        file.write(packets.recv(1 << 17))
"""


@pytest.fixture
def hosts() -> Iterator[Network]:
    """A machine for the scheduler, three for workers, one for the command, and one that differs."""
    with network(6) as found:
        yield found


def workers(found: Network, tmp_path: Path, *words: object, scheme: str = "tcp", environment: Mapping[str, str] | None = None) -> list[Path]:
    """Starts a worker on each of three machines; the books in which their stand-ins write what they were given."""
    books = []
    for host in found.hosts[1:4]:
        book = tmp_path / f"book-{host.name}"
        book.touch()
        books.append(book)
        more = {stand_ins.BOOK: str(book), **(environment or {})}
        found.worker(host, f"{scheme}://{SCHEDULER}", tmp_path / "machines", *words, environment=more)
    return books


def begun(books: list[Path]) -> Counter[str]:
    return Counter(line for book in books for line in book.read_text(encoding="utf-8").splitlines())


class Command:
    """The command on the fifth machine, and what it says."""

    def __init__(self, found: Network, tmp_path: Path, *words: str, environment: Mapping[str, str] | None = None) -> None:
        self.log = tmp_path / f"command-{len(list(tmp_path.glob('command-*')))}.log"
        words = (str(tmp_path / "class"), str(tmp_path / "out"), *words)
        self.process = found.python(
            found.hosts[4], "-m", "tests.cohort.remote_driver", *words, log=self.log, environment=environment
        )  # fmt: skip

    def ended(self) -> tuple[int, str]:
        """Its exit code, and what it printed."""
        code = self.process.wait(timeout=180)
        return code, self.log.read_text(encoding="utf-8")


def a_class(tmp_path: Path, count: int, text: str = "sleep 0.5") -> list[str]:
    names = [f"student{number:02}" for number in range(count)]
    for name in names:
        submission(tmp_path / "class" / name, text)
    return names


def assert_all_graded(tmp_path: Path, names: list[str]) -> None:
    """Each has one result, and the scorecard that it would have from one machine."""
    assert {name: faults.count("") for name, faults in attempts(tmp_path).items()} == dict.fromkeys(names, 1)
    for name in names:
        assert (tmp_path / "out" / "reports" / name / "scorecard.json").read_bytes() == stand_ins.scorecard(name)


def another_tensorflow(folder: Path) -> Path:
    """A Python whose libraries are these, but for TensorFlow, which says that it is of another version."""
    real = Path(sysconfig.get_path("purelib"))
    fake = folder / real.relative_to(sys.prefix)
    fake.mkdir(parents=True)
    for entry in real.iterdir():
        name = entry.name
        if name.startswith("tensorflow-") and name.endswith(".dist-info"):
            name = "tensorflow-2.0.7.dist-info"
        (fake / name).symlink_to(entry)
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", folder)
    (folder / "bin").mkdir()
    python = folder / "bin" / Path(sys.executable).name
    python.symlink_to(Path(sys.executable).resolve())
    return python


def test_workers_on_three_machines_and_one_that_differs(tmp_path: Path, hosts: Network) -> None:
    names = a_class(tmp_path, 9)
    listed = tmp_path / "scheduler.json"
    hosts.scheduler(tmp_path / "scheduler.log", "--scheduler-file", listed)
    code, out = Command(hosts, tmp_path, f"scheduler=tcp://{SCHEDULER}").ended()
    assert code == 3
    assert out.count("\n") == 1, out
    assert f"error: tcp://{SCHEDULER}: without TLS, whoever is in this network can" in out
    assert "--open-network if you trust" in out
    code, out = Command(hosts, tmp_path, f"file={listed}", "open=yes", f"secret={SECRET}").ended()
    assert (code, out.count("\n")) == (3, 1), out
    assert "a secret would travel over an open connection" in out

    books = workers(hosts, tmp_path)
    strange = tmp_path / "book-strange"
    strange.touch()
    hosts.worker(
        hosts.hosts[5], f"tcp://{SCHEDULER}", tmp_path / "machines",
        python=another_tensorflow(tmp_path / "python"), environment={stand_ins.BOOK: str(strange)},
    )  # fmt: skip
    logs = [tmp_path / "machines" / host.name / "worker.log" for host in (*hosts.hosts[1:4], hosts.hosts[5])]
    wait_for(lambda: all(b"Registered to" in log.read_bytes() for log in logs))
    code, out = Command(hosts, tmp_path, f"scheduler=tcp://{SCHEDULER}", "open=yes").ended()
    assert code == 0, out
    assert f"worker tcp://{PREFIX}6:" in out
    assert "is not used: it differs from the others in installed libraries (tensorflow 2.0.7, not 2." in out
    assert begun(books) == Counter(names)
    assert all(begun([book]) for book in books), "each of the three machines graded"
    assert not begun([strange])
    assert_all_graded(tmp_path, names)

    submission(tmp_path / "class" / "late", "x")
    code, out = Command(hosts, tmp_path, f"file={listed}", "open=yes").ended()
    assert code == 0, out
    assert "10 submissions: 9 graded already, 1 to grade" in out
    assert_all_graded(tmp_path, [*names, "late"])


def test_with_tls_nobody_who_listens_sees_anything_and_no_disk_has_the_secret(tmp_path: Path, hosts: Network) -> None:
    names = a_class(tmp_path, 6, "sleep 0.2")
    heard = tmp_path / "heard"
    log = tmp_path / "listener.log"
    hosts.python(hosts.hosts[0], "-c", LISTENER, heard, log=log)
    wait_for(lambda: b"listening" in log.read_bytes())

    certificates = Security.temporary()
    keys = {"ca-file": certificates.tls_ca_file, "cert": certificates.tls_client_cert, "key": certificates.tls_client_key}
    files = {name: write(tmp_path / "tls", {name: text}) / name for name, text in keys.items()}
    options = [word for name, path in files.items() for word in (f"--tls-{name}", path)]
    hosts.scheduler(tmp_path / "scheduler.log", "--protocol", "tls", *options)
    books = workers(hosts, tmp_path, *options, scheme="tls")
    environment = {
        "DASK_DISTRIBUTED__COMM__TLS__CA_FILE": str(files["ca-file"]),
        "DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT": str(files["cert"]),
        "DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY": str(files["key"]),
    }
    command = Command(hosts, tmp_path, f"scheduler=tls://{SCHEDULER}", f"secret={SECRET}", environment=environment)
    seen: set[str] = set()
    while command.process.poll() is None:
        seen |= with_secret(tmp_path / "machines")
    code, out = command.ended()
    assert code == 0, out
    assert begun(books) == Counter(names)
    assert_all_graded(tmp_path, names)
    assert not seen | with_secret(tmp_path / "machines") | with_secret(tmp_path / "out")
    assert SECRET not in out
    traffic = heard.read_bytes()
    assert len(traffic) > 100_000
    for word in (SECRET.encode(), b"student0", b"optgrade", b"scorecard"):
        assert word not in traffic
    kill(hosts.started[1])

    # What listens does hear what is not encrypted.
    hosts.scheduler(tmp_path / "open.log")
    workers(hosts, tmp_path)
    submission(tmp_path / "class" / "student-in-the-open", "x")
    before = heard.stat().st_size
    assert Command(hosts, tmp_path, f"scheduler=tcp://{SCHEDULER}", "open=yes").ended()[0] == 0
    assert b"student-in-the-open" in heard.read_bytes()[before:]


def with_secret(folder: Path) -> set[str]:
    """Files below a folder that have the secret in them."""
    found = set()
    for place, _, files in os.walk(folder):
        for name in files:
            try:
                if SECRET.encode() in Path(place, name).read_bytes():
                    found.add(str(Path(place, name)))
            except OSError:
                continue
    return found


@pytest.mark.parametrize("victim", ["worker", "scheduler", "driver"])
def test_whatever_is_killed_nothing_is_lost_and_nothing_graded_twice(tmp_path: Path, hosts: Network, victim: str) -> None:
    names = a_class(tmp_path, 12, "sleep 1")
    scheduler = hosts.scheduler(tmp_path / "scheduler.log")
    books = workers(hosts, tmp_path)
    options = (f"scheduler=tcp://{SCHEDULER}", "open=yes")
    command = Command(hosts, tmp_path, *options)
    wait_for(lambda: sum(begun(books).values()) >= 5)
    # A worker is killed within a submission that it has begun, and not between two.
    done = sum(begun(books[:1]).values())
    wait_for(lambda: sum(begun(books[:1]).values()) > done)
    process = {"worker": hosts.started[1], "scheduler": scheduler, "driver": command.process}[victim]
    kill(process)
    code, out = command.ended()
    stored = {name for name, faults in attempts(tmp_path).items() if faults == [""]}
    if victim == "worker":
        assert code == 0, out
        assert out.count("its worker died; it is graded once more") == 1
        assert_all_graded(tmp_path, names)
        assert sorted(begun(books).values()) == [1] * 11 + [2]
        return
    assert 1 <= len(stored) < 12
    if victim == "scheduler":
        assert code == 3, out
        assert "Traceback" not in out
        assert out.splitlines()[-1].startswith("error: the scheduler does not answer any more")
        hosts.scheduler(tmp_path / "scheduler.log")
        books += workers(hosts, tmp_path)
    code, out = Command(hosts, tmp_path, *options).ended()
    assert code == 0, out
    assert f"12 submissions: {len(stored)} graded already" in out
    assert_all_graded(tmp_path, names)
    twice = {name for name, count in begun([*dict.fromkeys(books)]).items() if count > 1}
    assert not twice & stored


def test_libraries_that_differ_are_named() -> None:
    one, other = ["a-1", "tensorflow-2.20.0", "x-1"], ["a-1", "b-3", "tensorflow-2.21.0"]
    assert difference_of_libraries(one, other) == (
        "installed libraries (b not installed, not 3; tensorflow 2.20.0, not 2.21.0; x 1, not installed)"
    )
    many = difference_of_libraries([f"n{number}-1" for number in range(9)], [])
    assert many.endswith("and 4 more)")


