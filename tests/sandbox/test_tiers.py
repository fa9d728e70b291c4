"""Every tier that this machine can do is held to one list; what a tier lacks is written down with it."""

from __future__ import annotations

import ctypes
import errno
import importlib
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyseccomp as seccomp
import pytest

from graders.core.errors import RunError, UsageError
from graders.sandbox import CodeCopy, Edit, Limits, MakeFolder, RunSpec, Server, WriteFile, choose
from graders.sandbox.guest import system_calls
from graders.sandbox.host.isolation import (
    OPENED,
    TIERS,
    Bare,
    Confined,
    Isolation,
    Lockdown,
    Mounts,
    Strict,
    closed_places,
)
from graders.sandbox.host.self_check import probe
from graders.sandbox.host.users import UserPool, Users

needs_x86 = pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers of system calls are x86-64's")
DRIVER = """
import importlib


def go():
    return {"answer": importlib.import_module("student").go()}, {}


OPERATIONS = {"go": go}
"""
# What other users' files and processes are safe from, even without isolation: as root, runs are other users.
OWN = {"reads", "writes", "neighbour", "processes", "modes", "source written"}
OF_THE_SAME_USER = set() if os.geteuid() == 0 else OWN
# What a tier is known not to hold, by name of the test below.
GAPS = {
    "bare": {"source read", "network", "kernel", *OF_THE_SAME_USER},
    "confined": set(),
    "strict": set(),
}


def possible(tier: str) -> Isolation | str:
    """The tier as this machine can do it, or why it can't."""
    try:
        return choose(tier)
    except UsageError as error:
        return str(error)


POSSIBLE = {tier: possible(tier) for tier in TIERS}


@pytest.fixture(scope="module", params=TIERS)
def isolation(request: pytest.FixtureRequest) -> Isolation:
    """Each tier; skipped, with the reason, where the machine can't do it."""
    found = POSSIBLE[request.param]
    if isinstance(found, str):
        pytest.skip(found)
    return found


Run = Callable[..., Any]


@pytest.fixture(scope="module")
def walled(isolation: Isolation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """A server in the tier, and its scratch folder."""
    scratch = tmp_path_factory.mktemp("scratch")
    (scratch / "driver.py").write_text(DRIVER)
    # In pytest's own folder, which is closed to the users of runs.
    with Server((), isolation, {}, scratch=scratch) as server:
        yield server, scratch


@pytest.fixture
def run(walled: tuple[Server, Path], request: pytest.FixtureRequest) -> Run:
    """Runs ``go()`` of a student's code in a workdir of its own, and gives its answer."""
    server, scratch = walled

    def go(code: str, edits: tuple[Edit, ...] = (), **limits: Any) -> Any:
        folder = scratch / f"{request.node.name.replace('[', '-').strip(']')}-{len(list(scratch.iterdir()))}"
        (folder / "code").mkdir(parents=True)
        (folder / "workdir").mkdir()
        (folder / "code" / "student.py").write_text(code)
        spec = RunSpec(
            name="run",
            driver=scratch / "driver.py",
            paths=(),
            code=CodeCopy(folder / "code", folder / "copy", edits),
            workdir=folder / "workdir",
            limits=Limits(wall_s=30, cpu_s=30, **limits),
            seed=1,
            environment={},
        )
        session = server.open(spec)
        try:
            return session.call("go").facts["answer"]
        finally:
            session.end()

    return go


def held(isolation: Isolation, what: str, stopped: bool) -> None:
    """A tier holds, or its gap is among those that are known; a known gap that is none any more is told too."""
    assert stopped != (what in GAPS[isolation.tier]), f"{isolation.tier}: {what}: stopped is {stopped}"


TRY = """
def tried(attempt):
    try:
        attempt()
    except OSError:
        return True
    return False
"""


def test_what_a_run_needs(run: Run, isolation: Isolation) -> None:
    """Code, library, workdir, temporary files, subprocesses and pairs of sockets are there in every tier."""
    code = """
import colorsys, os, pathlib, shutil, socket, subprocess, sys, tempfile, threading

def go():
    pathlib.Path("file.txt").write_text("text")
    shutil.copy("file.txt", "copy.txt")
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"text")
    one, other = socket.socketpair()
    one.sendall(b"x")
    assert other.recv(1) == b"x"
    done = subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True, text=True, check=True)
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    return [done.stdout.strip(), sorted(os.listdir("."))]
"""
    assert run(code) == ["42", ["copy.txt", "file.txt", "tmp"]]


def test_reading(run: Run, isolation: Isolation, tmp_path: Path) -> None:
    """A file that is not the run's is not read."""
    (tmp_path / "secret.txt").write_text("secret")
    code = f"{TRY}\ndef go():\n    return tried(lambda: open({str(tmp_path / 'secret.txt')!r}).read())\n"
    held(isolation, "reads", run(code))


def test_writing(run: Run, isolation: Isolation, tmp_path: Path) -> None:
    """Nothing is written outside of the workdir."""
    tmp_path.chmod(0o777)
    code = f"{TRY}\ndef go():\n    return tried(lambda: open({str(tmp_path / 'new.txt')!r}, 'w').write('x'))\n"
    stopped = run(code)
    held(isolation, "writes", stopped and not (tmp_path / "new.txt").exists())


def test_a_neighbours_box(run: Run, isolation: Isolation) -> None:
    """What another run left is not read, though it is the same user's."""
    run("def go():\n    open('left.txt', 'w').write('mine')\n")
    code = f"""{TRY}
import glob
def go():
    return tried(lambda: [open(path).read() for path in glob.glob("../../*/workdir/left.txt")] or 1 / 0)
"""
    try:
        stopped = run(code)
    except Exception:
        stopped = True
    held(isolation, "neighbour", stopped)


def test_the_network(run: Run, isolation: Isolation) -> None:
    """No connection is made, by TCP, UDP or sockets of the file system."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        code = f"""{TRY}
import socket
def udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"x", ("127.0.0.1", 9))
def unix():
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("\\0abstract")
def go():
    return [tried(lambda: socket.create_connection(("127.0.0.1", {port}), 2)), tried(udp), tried(unix)]
"""
        found = run(code)
    assert len(set(found)) == 1, found
    held(isolation, "network", found[0])


def test_other_processes(run: Run, isolation: Isolation) -> None:
    """The grader can't be signalled, and its environment and memory can't be read."""
    pid = os.getpid()
    code = f"""{TRY}
import os
def go():
    return [
        tried(lambda: os.kill({pid}, 0)),
        tried(lambda: open("/proc/{pid}/environ", "rb").read()),
        tried(lambda: open("/proc/{pid}/mem", "rb").read(1)) or True,
    ]
"""
    found = run(code)
    held(isolation, "processes", all(found))


def test_the_kernel(run: Run, isolation: Isolation) -> None:
    """Namespaces, tracing and other doors of the kernel are shut."""
    code = """
import ctypes, errno
def go():
    libc = ctypes.CDLL(None, use_errno=True)
    calls = {"unshare": (272, 0x10000000), "ptrace": (101, 0, 0), "keyctl": (250, 0), "perf": (298, 0)}
    shut = {}
    for name, arguments in calls.items():
        ctypes.set_errno(0)
        result = libc.syscall(*arguments)
        shut[name] = result == -1 and ctypes.get_errno() == errno.EPERM
    return shut
"""
    if os.uname().machine != "x86_64":
        pytest.skip("the numbers of system calls are those of x86-64")
    found = run(code)
    held(isolation, "kernel", all(found.values()))


CALLS = """
import ctypes, errno, fcntl, os, resource, sys

libc = ctypes.CDLL(None, use_errno=True)

def call(number, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    return ctypes.get_errno() if result == -1 else 0

def stopped(attempt):
    try:
        attempt()
    except OSError:
        return True
    return False
"""


@needs_x86
def test_calls_that_are_not_listed(run: Run, isolation: Isolation) -> None:
    """A system call that nobody has reviewed, whether this kernel knows it or not, is answered as an unknown one."""
    listed = {*system_calls.ALLOWED, *system_calls.FORBIDDEN, *system_calls.IGNORED, *system_calls.ATTRIBUTES}
    listed |= {"clone", "ioctl", "setpriority", "ioprio_set", "ioprio_get", "sched_setscheduler"}
    listed |= {"fcntl", "prctl", "sendto", "socketpair", "setsockopt"}
    numbers = {seccomp.resolve_syscall(seccomp.system_arch(), name) for name in listed}
    # uretprobe and uprobe, which no filter sees, end whoever calls them otherwise than through the kernel's own code.
    others = [number for number in range(600) if number not in {*numbers, 335, 336}]
    assert system_calls.NEWEST_REVIEWED in others
    # With arguments that are wrong for every call that is there.
    code = f"{CALLS}\ndef go():\n    return [n for n in {others} if call(n, -1, -1, -1, -1, -1, -1) != errno.ENOSYS]\n"
    if isolation.tier == "bare":
        pytest.skip("it has no filter, and some of these calls stop the machine")
    assert run(code) == []


def newer_calls(reviewed: int) -> list[int]:
    """The system calls of this kernel above a number, found by making them with arguments that are wrong for each."""
    libc = ctypes.CDLL(None, use_errno=True)
    found = []
    for number in range(reviewed + 1, system_calls.NEWEST_REVIEWED + 40):
        ctypes.set_errno(0)
        result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(-1)] * 6)
        if (result, ctypes.get_errno()) != (-1, errno.ENOSYS):
            found.append(number)
    return found


@needs_x86
def test_the_kernels_newest_call_was_reviewed() -> None:
    """Fails on a kernel that is newer than the lists: whoever sees it looks at what came, and raises the number."""
    assert newer_calls(system_calls.NEWEST_REVIEWED) == [], "look at these calls, list them, and raise NEWEST_REVIEWED"
    # cachestat, of Linux 6.5, as if it were one of them.
    release = tuple(int(part) for part in os.uname().release.split(".")[:2])
    assert (451 in newer_calls(450)) == (release >= (6, 5))


def test_no_capability(run: Run, isolation: Isolation) -> None:
    """A run has none, can get none, in no tier."""
    found = run(
        "def go():\n    return [line.split() for line in open('/proc/self/status') if line.startswith(('Cap', 'NoNew'))]\n"
    )
    values = {name.rstrip(":"): int(value, 16) for name, value in found}
    assert {name: values[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == dict.fromkeys(
        ("CapInh", "CapPrm", "CapEff", "CapAmb"), 0
    )
    assert values["NoNewPrivs"] == 1


@needs_x86
def test_other_processes_limits(run: Run, isolation: Isolation) -> None:
    """The grader's limits, priority, processors and policy can't be changed."""
    if isolation.tier == "bare":
        pytest.skip("it would change the limits of these tests")
    pid = os.getpid()
    before = resource.getrlimit(resource.RLIMIT_FSIZE), os.getpriority(os.PRIO_PROCESS, 0)
    code = f"""{CALLS}
def go():
    return [
        stopped(lambda: resource.prlimit({pid}, resource.RLIMIT_FSIZE, (1 << 40, 1 << 40))),
        stopped(lambda: os.setpriority(os.PRIO_PROCESS, {pid}, 5)),
        stopped(lambda: os.sched_setaffinity({pid}, [0])),
        stopped(lambda: os.sched_setscheduler({pid}, os.SCHED_BATCH, os.sched_param(0))),
        call(251, 1, {pid}, (2 << 13) | 7) != 0,
        stopped(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))),
    ]
"""
    assert run(code) == [True] * 6
    assert (resource.getrlimit(resource.RLIMIT_FSIZE), os.getpriority(os.PRIO_PROCESS, 0)) == before


# Puts numbers into eax, ebx, ecx and edx, and makes a system call by the door for 32-bit programs.
OTHER_ABIS = f"""{CALLS}
import mmap, struct
def by_the_old_door(number):
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    values = [b"\\xb8" + struct.pack("<I", number)] + [each + struct.pack("<I", 0) for each in (b"\\xbb", b"\\xb9", b"\\xba")]
    page.write(b"\\x53" + b"".join(values) + b"\\xcd\\x80\\x48\\x98\\x5b\\xc3")
    return ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
def ending(attempt):
    child = os.fork()
    if not child:
        attempt()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
def go():
    # getpid of each
    return [ending(lambda: by_the_old_door(20)), ending(lambda: call(0x40000000 | 39)), ending(lambda: call(39))]
"""


@needs_x86
def test_other_abis(run: Run, isolation: Isolation) -> None:
    """A process that makes system calls as a 32-bit program does, or as one of x32, is ended."""
    if isolation.tier == "bare":
        pytest.skip("it has no filter")
    assert run(OTHER_ABIS) == [signal.SIGSYS, signal.SIGSYS, 0]


@needs_x86
def test_prctl_is_a_list(run: Run, isolation: Isolation) -> None:
    """A process can be named; it can't hide its descriptors, keep others off its core, or stack filters."""
    if isolation.tier == "bare":
        pytest.skip("it has no filter")
    code = f"{CALLS}\ndef go():\n    return [call(157, *each, 0, 0, 0) for each in ((15, 0), (4, 0), (62, 1), (22, 2), (67, 1))]\n"
    assert run(code) == [errno.EFAULT, *[errno.ENOSYS] * 4]


LOCKS = """
import fcntl, struct
def locked_twice(path):
    # Two descriptors of a file exclude each other, as two runs would.
    one, other = open(path), open(path)
    whole = struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 0, 0)
    fcntl.flock(one, fcntl.LOCK_EX)
    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.fcntl(one, 37, whole)
    fcntl.lockf(one, fcntl.LOCK_SH)
def go(path="/etc/ld.so.cache"):
    locked_twice(path)
    return True
"""


def test_locks_keep_nobody_out(run: Run, isolation: Isolation) -> None:
    """Whoever locks a file that all runs read, such as the given model, locks it for nobody: HDF5 would not open it."""
    if isolation.tier == "bare":
        pytest.skip("it has no filter")
    assert run(LOCKS)


def test_sockets_by_address(run: Run, isolation: Isolation, tmp_path: Path) -> None:
    """A pair of datagram sockets reaches its other end, and no socket of the file system."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        Path(folder).chmod(0o777)
        listener.bind(f"{folder}/socket")
        Path(folder, "socket").chmod(0o777)
        code = f"""{TRY}
import socket
def go():
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.send(b"x")
    return [other.recv(1) == b"x", tried(lambda: one.sendto(b"x", {folder + "/socket"!r}))]
"""
        works, stopped = run(code)
    assert works
    held(isolation, "network", stopped)


@needs_x86
def test_leases_notices_and_freezing(run: Run, isolation: Isolation, tmp_path: Path) -> None:
    """No lease, no notice of another's files, no frozen file system, no descriptors in messages, no hiding."""
    code = f"""{CALLS}
import array, socket
def pass_on():
    one, other = socket.socketpair()
    one.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [1]))])
def lease():
    with open("own.txt", "w") as file:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
def freeze():
    folder = os.open(".", os.O_RDONLY)
    fcntl.ioctl(folder, 0xC0045877, 0)
def go():
    return [
        stopped(lease), stopped(freeze), stopped(pass_on),
        call(253) != 0, call(294, 0) != 0, call(300, 0, 0) != 0, call(157, 4, 0, 0, 0, 0) != 0,
    ]
"""
    if isolation.tier == "bare":
        pytest.skip("it has no filter")
    assert all(run(code)), run(code)


MAPPED = """
        f.write(bytes(2**18))
        f.flush()
        kept.append(libc.mmap(None, 4096, 1, 2, f.fileno(), 0))
        os.unlink(f.name)
        f.close()"""
TABLES = """
        start = libc.mmap(None, 2**36, 1, 0x4022, -1, 0)
        for place in range(start, start + 2**36, 2**21):
            ctypes.c_char.from_address(place).value"""
HIDING = """
        with open("/bin/sleep", "rb") as file, open(os.open("mine", os.O_CREAT | os.O_WRONLY, 0o111), "wb") as copy:
            copy.write(file.read())
        subprocess.run(["./mine", "20"])"""
HIDDEN = {
    "files that were mapped and closed": (MAPPED, "wrote more than the 2 MiB"),
    "tables of pages": (TABLES, "used more than the 64 MiB"),
    "files of a program that can't be read": (HIDING, "a program that can't be read"),
    "files without a name": ("os.unlink(f.name)", "wrote more than the 2 MiB"),
    "pairs of sockets": ("kept.extend(socket.socketpair())", "more than the 100 open files"),
    "threads": ("threading.Thread(target=time.sleep, args=(20,), daemon=True).start()", "more than the 60 threads"),
}


@pytest.mark.parametrize(("statement", "told"), list(HIDDEN.values()), ids=list(HIDDEN))
def test_what_a_listing_does_not_show(run: Run, isolation: Isolation, statement: str, told: str) -> None:
    """What is open or mapped without a name, sockets, threads and tables of memory count in every tier."""
    code = f"""
import ctypes, os, socket, subprocess, tempfile, threading, time
kept = []
libc = ctypes.CDLL(None)
libc.mmap.restype, libc.mmap.argtypes = ctypes.c_size_t, [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
def go():
    for number in range(80):
        f = tempfile.NamedTemporaryFile(delete=False)
        if number < 8:
            f.write(bytes(2**19))
            f.flush()
            kept.append(f)
        {statement}
    time.sleep(20)
"""
    small = {"disk": 2 * 2**20} if "wrote" in told else {"memory": 64 * 2**20} if "used" in told else {}
    with pytest.raises(RunError, match=told):
        run(code, open_files=100, tasks=60, **small)


def test_modes_of_others(run: Run, isolation: Isolation, tmp_path: Path) -> None:
    """The mode of a file outside of the workdir is not changed, whoever owns it."""
    path = tmp_path / "mine.txt"
    path.write_text("mine")
    path.chmod(0o644)
    code = f"""
import os
def go():
    try:
        os.chmod({str(path)!r}, 0o000)
    except OSError:
        pass
"""
    run(code)
    held(isolation, "modes", path.stat().st_mode & 0o777 == 0o644)


BESIDE_ITSELF = """
import logging, os, pathlib

HERE = pathlib.Path(__file__).parent
log = logging.getLogger("student")
log.addHandler(logging.FileHandler(HERE / "logs" / "log.txt"))

def go():
    log.error("written beside the module")
    (HERE / "student.py").write_text("raise SystemExit")
    (HERE / "new.py").write_text("found = True")
    import new
    return [new.found, (HERE / "logs" / "log.txt").read_text(), sorted(os.listdir(HERE)), __file__]
"""


def test_writing_beside_its_own_module(run: Run, isolation: Isolation, walled: tuple[Server, Path]) -> None:
    """A run writes to its copy of the code, imports from there, and nothing of it is left: neither where the copy was
    nor in what it was made of.
    """
    _, scratch = walled
    found = run(BESIDE_ITSELF, (MakeFolder("logs"), WriteFile("data/given.txt", b"edited")))
    file = Path(found.pop())
    assert found == [True, "written beside the module\n", ["data", "logs", "new.py", "student.py"]]
    assert file.is_relative_to(scratch)
    assert not file.parent.exists()
    source = file.parents[1] / "code"
    assert [path.name for path in source.iterdir()] == ["student.py"]
    assert (source / "student.py").read_text() == BESIDE_ITSELF


def test_the_code_that_was_copied(run: Run, isolation: Isolation, tmp_path: Path) -> None:
    """What other runs' copies are made of can be neither read nor written."""
    code = f"""{TRY}
import pathlib
def go():
    source = pathlib.Path(__file__).parents[1] / "code"
    return [tried(lambda: (source / "student.py").read_text()), tried(lambda: (source / "new.py").write_text("x"))]
"""
    read, written = run(code)
    held(isolation, "source read", read)
    held(isolation, "source written", written)


def test_the_self_check_agrees(isolation: Isolation) -> None:
    """The self-check finds nothing wrong with a tier that was chosen, and much with none at all."""
    assert probe(isolation) == ""
    nothing = probe(Confined(users=isolation.users, lockdown=Lockdown()))
    assert "could be read" in nothing
    assert "a connection could be made" in nothing


def test_a_missing_lockdown_is_noticed(isolation: Isolation) -> None:
    """The self-check notices a tier that leaves out a part of its lockdown."""
    if isolation.tier == "bare":
        pytest.skip("it locks nothing down")
    for left_out in ("landlock", "seccomp"):
        lockdown: Any = replace(isolation.lockdown, **{left_out: False})
        crippled: Any = type(isolation)(**{**vars(isolation), "lockdown": lockdown})
        assert probe(crippled), left_out


def test_a_python_by_way_of_another_folder(isolation: Isolation) -> None:
    """Python is found where its path leads out of a folder that the tier does not have."""
    path = f"{sys.prefix}/lib/../bin/{Path(sys.executable).name}"
    code = f"from graders.sandbox import choose\nprint(choose({isolation.tier!r}).tier)"
    done = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == isolation.tier, done.stderr


# The choice


def good(isolation: Isolation) -> str:
    return ""


def test_the_best_that_holds_is_taken() -> None:
    """Automatically the first tier that holds is taken, and says why a better one was not."""
    if isinstance(POSSIBLE["strict"], str):
        pytest.skip(POSSIBLE["strict"])
    assert choose("auto", good).tier == "strict"
    confined = choose("auto", lambda each: "no namespaces today" if each.tier == "strict" else "")
    assert confined.tier == "confined"
    assert confined.missing[0].reason == "no namespaces today"
    bare = choose("auto", lambda each: "" if each.tier == "bare" else "nothing holds")
    assert bare.tier == "bare"
    assert [layer.reason for layer in bare.missing][:2] == ["nothing holds", "nothing holds"]
    assert len(bare.missing) == 2 + len(Bare().missing)


@pytest.mark.parametrize("tier", ["strict", "confined"])
def test_less_is_refused(tier: str) -> None:
    """A tier that was asked for and does not hold is refused in one line; grading does not go on with less."""
    if isinstance(POSSIBLE[tier], str):
        pytest.skip(str(POSSIBLE[tier]))
    with pytest.raises(UsageError) as raised:
        choose(tier, lambda _: "an attempt got through")
    message = str(raised.value)
    assert f"--isolation={tier} is refused: an attempt got through" in message
    assert "doctor" in message
    assert "\n" not in message


def test_a_tier_that_is_none() -> None:
    """A word that is no tier's is refused with those that are."""
    with pytest.raises(UsageError, match="no such tier; there are strict, confined, bare"):
        choose("nonsense")


def test_without_bubblewrap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where bubblewrap is not installed, strict is refused with the package's name, and auto takes the next one."""
    module = importlib.import_module("graders.sandbox.host.selection")
    monkeypatch.setattr(module.shutil, "which", lambda _: None)
    with pytest.raises(UsageError, match="apt-get install bubblewrap"):
        choose("strict")
    found = choose("auto", good)
    assert found.tier in ("confined", "bare")
    assert "bubblewrap is not installed" in found.missing[0].reason


@pytest.mark.parametrize("tier", ["auto", "confined", "bare"])
def test_nothing_runs_as_root(tier: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """If runs as other users do not work, root grades nothing, in no tier, and is told what to do."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    if isinstance(POSSIBLE["confined"], str):
        pytest.skip(POSSIBLE["confined"])
    with pytest.raises(UsageError) as raised:
        choose(tier, lambda each: "it can't read Python" if each.users is not None else "")
    assert "it can't read Python" in str(raised.value)
    assert "\n" not in str(raised.value)
    if tier != "confined":
        assert "would have to run as root" in str(raised.value)
    assert choose("confined", good).users is not None


def test_each_run_is_a_user_of_its_own(walled: tuple[Server, Path], isolation: Isolation) -> None:
    """As root, two runs at a time have different users, neither of them root; else both keep the grader's, not root."""
    server, scratch = walled
    users = []
    sessions = []
    for number in range(2):
        folder = scratch / f"user{number}-{isolation.tier}"
        (folder / "code").mkdir(parents=True)
        (folder / "workdir").mkdir()
        (folder / "code" / "student.py").write_text("import os\ndef go():\n    return [os.getuid(), os.getgid()]\n")
        spec = RunSpec(
            name="run",
            driver=scratch / "driver.py",
            paths=(),
            code=CodeCopy(folder / "code", folder / "copy"),
            workdir=folder / "workdir",
            limits=Limits(wall_s=30, cpu_s=30),
            seed=1,
            environment={},
        )
        sessions.append(server.open(spec))
    try:
        users = [session.call("go").facts["answer"] for session in sessions]
    finally:
        for session in sessions:
            session.end()
    assert all(uid == gid or os.geteuid() != 0 for uid, gid in users)
    assert not any(uid == 0 for uid, _ in users)
    assert (users[0] != users[1]) == (os.geteuid() == 0)


BUSY = """
import os, time
def go():
    for _ in range(20):
        if not os.fork():
            while True:
                pass
    end = time.monotonic() + 15
    while os.getpriority(os.PRIO_PROCESS, 0) < 5 and time.monotonic() < end:
        pass
    return os.getpriority(os.PRIO_PROCESS, 0)
"""


def test_many_busy_processes_get_a_lower_priority(run: Run, isolation: Isolation) -> None:
    """So that a run beside them goes on; one busy process keeps the usual one."""
    assert 5 <= run(BUSY) <= 19
    alone = run("import os, time\ndef go():\n    time.sleep(0.6)\n    return os.getpriority(os.PRIO_PROCESS, 0)\n")
    assert alone == os.getpriority(os.PRIO_PROCESS, 0)


def test_users_are_lent_in_turn() -> None:
    """No user is lent twice at a time, and one that was given back is the last to be lent again."""
    pool, users = UserPool(), Users(100, 3)
    first = pool.acquire(users)
    assert (first, pool.acquire(users)) == (100, 101)
    pool.release(first)
    assert (pool.acquire(users), pool.acquire(users)) == (102, 100)
    with pytest.raises(RuntimeError):
        pool.acquire(users)
    assert pool.acquire(None) is None
    pool.release(None)


def test_what_only_root_can_reach(tmp_path: Path) -> None:
    """The outermost closed folder is named, with what is needed below it, and nothing that lies in another such thing."""
    closed = tmp_path / "home"
    (closed / "data" / "pets").mkdir(parents=True)
    (closed / "model.h5").write_text("x")
    tmp_path.chmod(0o711)
    closed.chmod(0o700)
    (closed / "data").chmod(0o700)
    readable = (closed / "data" / "pets", closed / "data", closed / "model.h5", tmp_path, closed / "none")
    found = closed_places(Mounts(readable))
    top = next(folder for folder in found if closed.is_relative_to(folder))
    assert [path for path in found[top] if path.is_relative_to(tmp_path)] in (
        [tmp_path],  # pytest's own folder is closed too
        [closed / "data", closed / "model.h5"],
    )
    argv = Confined(users=Users(100, 3)).command(["python"], Mounts(readable))
    assert argv[-1] == "python"
    assert argv[1:3] == ["-I", str(OPENED)]
    assert Confined().command(["python"], Mounts(readable)) == ["python"]


def test_bubblewraps_words() -> None:
    """Only what is named is bound, read-only but for the scratch folder; as root without a user namespace."""
    places = Mounts((Path("/data/pets"),), Path("/tmp/scratch"))
    words = Strict("/usr/bin/bwrap").command(["python"], places)
    assert words[-2:] == ["--", "python"]
    at = words.index("/data/pets")
    assert words[at - 1 : at + 2] == ["--ro-bind", "/data/pets", "/data/pets"]
    assert words[words.index("--bind") + 1] == "/tmp/scratch"
    assert words.count("--bind") == 1
    assert {"--unshare-user", "--disable-userns", "--die-with-parent", "--remount-ro"} <= set(words)
    as_root = Strict("/usr/bin/bwrap", users=Users(64123, 5)).command(["python"], places)
    assert "--unshare-user" not in as_root
    assert {"CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_KILL", "CAP_SYS_NICE"} == {
        as_root[i + 1] for i, word in enumerate(as_root) if word == "--cap-add"
    }
    assert Confined().command(["python"], places) == ["python"]


def test_the_doctor_knows_every_tier() -> None:
    """``python -m graders doctor`` names every tier with what it lacks, and ends with the one that grading takes."""
    done = subprocess.run([sys.executable, "-m", "graders", "doctor"], capture_output=True, text=True, check=True)
    for tier, found in POSSIBLE.items():
        assert f"\n{tier}: {'refused' if isinstance(found, str) else ''}" in done.stdout
    assert done.stdout.strip().splitlines()[-1].startswith("grading takes ")
