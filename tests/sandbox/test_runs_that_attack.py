"""Code that forks away, fights its limits, or talks to the grader in the runner's place."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import textwrap
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graders.core.errors import RunError, SandboxError
from graders.core.verdicts import Verdict
from graders.sandbox import Limits, Reply, RunSpec, Server, Session
from graders.sandbox.guest import wire
from graders.sandbox.host.isolation import Bare

Open = Callable[..., Any]

DAEMON = """
import os, signal, time


def note():
    with open(os.path.join(os.environ['HOME'], 'pids'), 'a') as file:
        file.write(f'{os.getpid()}\\n')


def noted(count):
    # Waits until so many processes have told of themselves.
    path = os.path.join(os.environ['HOME'], 'pids')
    for _ in range(1500):
        if os.path.exists(path) and len(open(path).read().split()) >= count:
            return
        time.sleep(0.01)


def daemon(seconds=600, levels=2):
    if os.fork():
        return
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    for _ in range(levels - 1):
        os.setsid()
        if os.fork():
            os._exit(0)
    os.chdir('/')
    note()
    time.sleep(seconds)
    os._exit(0)
"""
WIRE = """
import json, os, socket, struct


def message(body, raw=b''):
    data = json.dumps(body).encode()
    return struct.pack('<I', len(data)) + data + raw


def send(data):
    while data:
        data = data[os.write(3, data):]
"""


def student(*parts: str) -> str:
    """Code put together from parts, each on its own margin."""
    return "\n".join(textwrap.dedent(part) for part in parts)


@pytest.mark.parametrize("levels", [1, 2, 4])
def test_orphans_are_ended(run: Open, levels: int) -> None:
    """A daemon in a session of its own that ignores SIGTERM is ended with its run, and counted."""
    code = student(DAEMON, f"def go():\n    daemon(levels={levels})\n    daemon(levels={levels})\n    noted(2)\n")
    done = run(code)
    assert done.error is None
    assert len(done.pids()) == 2
    assert done.record.left_running == 2


def test_orphans_of_a_run_that_is_killed(run: Open) -> None:
    """What a run started is ended too where the run itself is ended by force."""
    done = run(student(DAEMON, "def go():\n    daemon()\n    noted(1)\n    time.sleep(1000)\n"), wall_s=3.0)
    assert done.error.verdict is Verdict.TIMEOUT
    assert len(done.pids()) == 1


def test_orphans_of_a_run_that_crashed(run: Open) -> None:
    """What a run started is ended too where the run's own process ended itself."""
    done = run(student(DAEMON, "def go():\n    daemon()\n    noted(1)\n    os._exit(0)\n"))
    assert done.error.verdict is Verdict.CRASHED
    assert len(done.pids()) == 1
    assert done.record.left_running == 1


BOMBS = {
    # Each ends by itself at a thousand processes, so that a sandbox that fails leaves a machine that works.
    "tree": "for _ in range(10):\n    os.fork()\ntime.sleep(60)",
    "orphans": """
for _ in range(1000):
    if not os.fork():
        os.fork() and os._exit(0)
        time.sleep(60)
    os.wait()
time.sleep(60)
""",
    "new sessions": """
for _ in range(1000):
    if not os.fork():
        os.setsid()
        time.sleep(60)
time.sleep(60)
""",
}


@pytest.mark.parametrize("bomb", list(BOMBS.values()), ids=list(BOMBS))
def test_fork_bombs_are_bounded(run: Open, bomb: str) -> None:
    """More processes than a run may have end the run, however they were made, and none is left."""
    done = run(student("import os, time", "def go():\n" + textwrap.indent(bomb, "    ")))
    assert done.error.verdict is Verdict.CRASHED
    assert "16 processes" in str(done.error)
    assert done.seconds < 15
    assert done.record.left_running < 1100


FLOODS = {
    "one file after another": ("for n in range(99): open(str(n), 'wb').write(bytes(8 << 20))", "32 MiB"),
    "deep inside": ("os.makedirs('a/b/c'); os.chdir('a/b/c'); [open(str(n), 'wb').write(bytes(9 << 20)) for n in range(9)]", "32 MiB"),
    "empty files": ("for n in range(9000): open(str(n), 'w').close()", "500 files"),
    "folders": ("for n in range(9000): os.mkdir(str(n))", "500 files"),
}


@pytest.mark.parametrize("flood", list(FLOODS), ids=list(FLOODS))
def test_floods_of_the_disk_are_bounded(run: Open, flood: str) -> None:
    """A run that writes more than it may, or more files, is ended, though no single file is too large."""
    statement, told = FLOODS[flood]
    done = run(f"import os, time\n\n\ndef go():\n    {statement}\n    time.sleep(60)\n", disk=32 << 20, files=500)
    assert done.error.verdict is Verdict.CRASHED
    assert told in str(done.error)
    assert done.record.error is done.error
    assert done.seconds < 15


def test_sparse_files_and_links_fill_no_disk(run: Open, tmp_path: Path) -> None:
    """What counts is what lies on the disk, in the workdir."""
    (tmp_path / "large").write_bytes(bytes(64 << 20))
    code = f"""
    import os, time

    def go():
        os.truncate(os.open('sparse', os.O_CREAT | os.O_RDWR), 60 << 20)
        os.symlink({str(tmp_path)!r}, 'link')
        time.sleep(1.5)
        return 'done'
    """
    assert run(code, disk=32 << 20, files=500).error is None


CHAIN = """
def chain(new_session):
    # Every process lives for a moment and hands on to the next; the chain ends by itself after ten seconds.
    end = time.monotonic() + 10
    if os.fork():
        return
    while time.monotonic() < end:
        if os.fork():
            os._exit(0)
        if new_session:
            os.setsid()
    os._exit(0)
"""


@pytest.mark.parametrize("new_session", [False, True])
def test_a_chain_of_forks_is_caught(run: Open, new_session: bool) -> None:
    """Processes that fork and exit all the time, so that no list of processes is ever true, are ended soon."""
    started = time.monotonic()
    run(student("import os, time", CHAIN, f"def go():\n    chain({new_session})\n    time.sleep(0.3)\n"))
    assert time.monotonic() - started < 8


JUNK = {
    "junk": "send(b'\\xff' * 100)",
    "junk without end": "while True: send(b'\\xff' * 65536)",
    "text": "send(b'PASSED\\n')",
    "a list": "send(message([]))",
    "bad array": "send(message({'arrays': ['a']}, struct.pack('<Q', 4) + b'junk'))",
    "bad names": "send(message({'arrays': [1]}))",
    "giant array": "send(message({'arrays': ['a']}, struct.pack('<Q', 1 << 60)))",
    "giant JSON": "send(struct.pack('<I', 1 << 31))",
    "deep JSON": "data = b'[' * 100000; send(struct.pack('<I', len(data)) + data)",
}


@pytest.mark.parametrize("statement", list(JUNK.values()), ids=list(JUNK))
def test_junk_on_the_channel(run: Open, statement: str) -> None:
    """What is no message ends the run at once, and the verdict says that somebody tampered."""
    done = run(student(WIRE, f"def go():\n    {statement}\n    import time; time.sleep(60)\n"))
    assert done.error.verdict is Verdict.TAMPERED
    assert "channel" in str(done.error)
    assert done.record.error is done.error
    assert done.seconds < 15


def test_junk_while_the_run_is_being_ended(tmp_path: Path) -> None:
    """Junk that goes on coming while the supervisor takes its time to end the run does not disturb the grader."""
    channel, runner = socket.socketpair()
    status, supervisor = socket.socketpair()
    pipes = [os.pipe(), os.pipe()]
    spec = RunSpec(name="x", driver=tmp_path, paths=(), workdir=tmp_path, limits=Limits(wall_s=30), seed=0, environment={})
    session = Session(spec, channel, status, (pipes[0][0], pipes[1][0]))

    def flood() -> None:
        with contextlib.suppress(OSError):
            runner.sendall(wire.encode(wire.Message({"facts": {}})))
            while True:
                runner.sendall(b"\xff" * (1 << 16))

    def end_slowly() -> None:
        supervisor.recv(1)
        time.sleep(1.0)
        supervisor.sendall(b'{"limit": "ended"}\n')

    with ThreadPoolExecutor(2) as pool:
        pool.submit(flood)
        pool.submit(end_slowly)
        try:
            with pytest.raises(RunError) as caught:
                session.call("go")
            record = session.end()
        finally:
            for end in (channel, runner, status, supervisor):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
            for _, writing in pipes:
                os.close(writing)
    assert caught.value.verdict is Verdict.TAMPERED
    assert record.error is caught.value


HALF = {
    "half a length": "send(b'\\x05')",
    "half a JSON": "send(message({'facts': {}})[:-3])",
    "no array": "send(message({'facts': {}, 'arrays': ['a']}))",
    "a longer JSON than comes": "send(struct.pack('<I', 4 << 20) + b'{')",
    "an array that never ends": "send(message({'arrays': ['a']}, struct.pack('<Q', 200 << 20) + b'x'))",
}


@pytest.mark.parametrize("statement", list(HALF.values()), ids=list(HALF))
@pytest.mark.parametrize(
    "then", ["return 1", "os._exit(0)", "import time; time.sleep(60)"], ids=["go on", "exit", "hang"]
)
def test_half_messages(run: Open, statement: str, then: str) -> None:
    """A message that is never finished ends in an error within the wall limit, whatever comes after it."""
    done = run(student(WIRE, f"def go():\n    {statement}\n    {then}\n"), wall_s=1.0)
    assert isinstance(done.error, RunError)
    assert done.error.verdict in (Verdict.TAMPERED, Verdict.TIMEOUT, Verdict.CRASHED)
    assert done.seconds < 15


def test_fake_answers_are_only_answers(make: Open) -> None:
    """A well-formed message of the student's is what the run said, no more: calls go on, and the run ends cleanly."""
    made = make(student(WIRE, "def go(n):\n    send(message({'facts': {'answer': 'fake'}}))\n    return n\n"))
    started = time.monotonic()
    answers = [made.go(n=n) for n in range(3)]
    assert all(isinstance(answer, Reply | RunError) for answer in answers)
    assert answers[0].facts == {"answer": "fake"}
    made.end()
    assert not made.left()
    assert time.monotonic() - started < 8, "the run was told to stop and did not hear it"


def test_a_flood_of_fake_answers(make: Open) -> None:
    """Messages without end neither hang the grader nor fill its memory: the run is ended."""
    made = make(student(WIRE, "def go():\n    while True:\n        send(message({'facts': {}}) * 100)\n"), wall_s=10.0)
    started = time.monotonic()
    made.go()
    record = made.end()
    assert time.monotonic() - started < 30
    assert not made.left()
    assert record.wall_s < 30


FAKE_ERRORS: list[Any] = [
    1,
    "text",
    [],
    None,
    {},
    {"type": 1, "message": {"a": 1}, "frames": 5},
    {"type": "\x1b[31mX", "message": "\x07\ud800", "frames": [1, {"line": "x"}, {"line": 1, "file": None, "code": 7}]},
    {"type": "MemoryError", "message": "x" * 10_000, "frames": [{"line": -1, "file": "\x1b[2J" * 500}] * 100},
]


@pytest.mark.parametrize("error", FAKE_ERRORS, ids=range(len(FAKE_ERRORS)))
def test_fake_errors(run: Open, error: Any) -> None:
    """A faked exception, whatever it holds, is an error of the student's in plain, short text."""
    body = json.dumps({"error": error})
    done = run(student(WIRE, f"def go():\n    send(message(json.loads({body!r})))\n    os._exit(0)\n"))
    assert done.error.verdict in (Verdict.TAMPERED, Verdict.FAILED, Verdict.OUT_OF_MEMORY)
    shown = " ".join([str(done.error), done.error.exception, *(f"{place} {place.code}" for place in done.error.places)])
    shown.encode()
    assert not [char for char in shown if ord(char) < 32 and char not in "\n\t"]
    assert len(shown) < 20_000
    assert len(done.error.places) <= 12


CHANNEL = {
    "closes it": "os.close(3)",
    "closes everything": "os.closerange(0, 4096)",
    "shuts it down": "socket.socket(fileno=3).shutdown(socket.SHUT_RDWR)",
    "stops writing": "socket.socket(fileno=3).shutdown(socket.SHUT_WR)",
    "puts a file there": "os.dup2(os.open('x', os.O_CREAT | os.O_RDWR), 3)",
    "puts a pipe there": "os.dup2(os.pipe()[0], 3)",
    "reads the request": "socket.socket(fileno=3).setblocking(False)",
}


@pytest.mark.parametrize("statement", list(CHANNEL.values()), ids=list(CHANNEL))
def test_a_broken_channel(make: Open, statement: str) -> None:
    """A run that breaks its own channel ends in a clear error within the wall limit, at this call or at the next."""
    made = make(student("import os, socket", f"def go():\n    {statement}\n    return 1\n"), wall_s=3.0)
    made.go()
    made.go()
    assert made.error is not None
    assert made.error.verdict in (Verdict.CRASHED, Verdict.TIMEOUT, Verdict.FAILED)
    assert made.seconds < 15
    made.end()
    assert not made.left()


def test_a_run_has_four_descriptors(run: Open) -> None:
    """Nothing but an empty stdin, two pipes and the channel is open in a run."""
    done = run("import os\n\n\ndef go():\n    print(sorted(map(int, os.listdir('/proc/self/fd'))))\n")
    descriptors = json.loads(done.record.output)
    assert [number for number in descriptors if number < 4] == [0, 1, 2, 3]
    assert len(descriptors) <= 5, "the fifth is the listing's own"


def test_writing_to_every_descriptor(run: Open) -> None:
    """Writing to whatever number may be open reaches the two pipes and the channel, and ends in a clear error."""
    code = """
    import os

    def go():
        for number in range(101):
            try:
                os.write(number, b'x' * 9)
            except OSError:
                pass
    """
    done = run(code)
    assert done.error.verdict is Verdict.TAMPERED
    assert 0 < done.record.output_bytes <= 18


def test_killing_the_supervisor(make: Open) -> None:
    """A run that kills its own parent is a crashed one, all of it ends, and the server serves on."""
    made = make(
        student(
            DAEMON,
            "def go():\n    daemon()\n    note()\n    noted(2)\n    os.kill(os.getppid(), 9)\n    time.sleep(1000)\n",
        )
    )
    made.go()
    assert made.error.verdict is Verdict.CRASHED
    assert made.seconds < 15
    made.end()
    assert len(made.pids()) == 2
    assert made.gone()
    assert make("def go():\n    return 7\n").go().facts == {"answer": 7}


def test_stopping_the_supervisor(make: Open) -> None:
    """A run that stops its own parent gains no time by it: it ends within the wall limit."""
    made = make(
        student(DAEMON, "def go():\n    note()\n    os.kill(os.getppid(), signal.SIGSTOP)\n    time.sleep(1000)\n"),
        wall_s=3.0,
    )
    made.go()
    assert made.error.verdict in (Verdict.CRASHED, Verdict.TIMEOUT)
    assert made.seconds < 15
    made.end()
    assert made.gone()


def test_runs_in_parallel(make: Open, tmp_path: Path) -> None:
    """Runs from several threads go on side by side, and each gets its own answers and output."""
    (tmp_path / "meeting").mkdir()
    code = """
    import os, time

    def go(n, meeting):
        open(os.path.join(meeting, str(n)), 'w').close()
        while len(os.listdir(meeting)) < 6:
            time.sleep(0.01)
        print(n)
        return n * n
    """
    runs = [make(code) for _ in range(6)]

    def whole(n: int) -> Any:
        answer = runs[n].go(n=n, meeting=str(tmp_path / "meeting"))
        return answer.facts["answer"], runs[n].end().output

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(whole, range(6)))
    assert answers == [(n * n, f"{n}\n") for n in range(6)]


def test_one_run_that_fails_leaves_the_others_alone(make: Open) -> None:
    """A crash, a flood and a fork bomb beside it do not disturb a run."""
    quiet = make("import time\n\n\ndef go():\n    time.sleep(2)\n    return 'done'\n")
    loud = [
        make("import os\n\n\ndef go():\n    os.abort()\n"),
        make("import os\n\n\ndef go():\n    while True:\n        os.write(3, b'x' * 1000)\n"),
        make(student("import os, time", "def go():\n" + textwrap.indent(BOMBS["tree"], "    "))),
    ]
    with ThreadPoolExecutor(4) as pool:
        answer = pool.submit(quiet.go)
        errors = list(pool.map(lambda each: each.go(), loud))
    assert answer.result().facts == {"answer": "done"}
    assert [error.verdict for error in errors] == [Verdict.CRASHED, Verdict.TAMPERED, Verdict.CRASHED]


def test_arrays_come_and_go(make: Open) -> None:
    """Arrays reach the code and come back as they are."""
    made = make("def go(values, factor):\n    return {'n': len(values)}, {'out': values * factor}\n")
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    reply = made.go({"values": values}, factor=2)
    assert reply.facts == {"n": 3}
    assert reply.arrays["out"].dtype == np.float32
    assert np.array_equal(reply.arrays["out"], values * 2)


@pytest.mark.parametrize("value", ["object()", "{1, 2}", "b'x'", "float"])
def test_answers_that_can_not_be_sent(run: Open, value: str) -> None:
    """An answer that is no plain data is an error of the run's, not of the grader's."""
    done = run(f"def go():\n    return {value}\n")
    assert isinstance(done.error, RunError)
    assert done.error.verdict in (Verdict.FAILED, Verdict.CRASHED)


def test_a_killed_server(make: Open) -> None:
    """Where the server is killed, its runs end in an error, nothing is left, and a new run is a SandboxError."""
    server = Server(["numpy"], Bare(), {})
    try:
        made = make("import time\n\n\ndef go():\n    time.sleep(1000)\n", on=server)
        made.open()
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(made.go)
            while not made.left() and not answer.done():
                time.sleep(0.02)
            server._process.kill()
            assert isinstance(answer.result(timeout=20), RunError)
        made.end()
        assert made.gone()
        with pytest.raises(SandboxError, match="gone"):
            make("def go():\n    pass\n", on=server).open()
    finally:
        server.close()


def test_closing_the_server_ends_its_runs(make: Open) -> None:
    """Closing a server ends every run that it still has, with what those started."""
    with Server(["numpy"], Bare(), {}) as server:
        made = make(student(DAEMON, "def go():\n    daemon()\n    note()\n    noted(2)\n    return 1\n"), on=server)
        assert made.go().facts == {"answer": 1}
        assert len(made.left()) == 2
    assert made.gone()
    server.close()


def test_a_killed_grader_leaves_nothing(make: Open) -> None:
    """Where the grader itself is killed, the server and its runs end too."""
    made = make(student(DAEMON, "def go():\n    note()\n    time.sleep(1000)\n"))
    grader = os.fork()
    if grader == 0:
        try:
            made.server = Server(["numpy"], Bare(), {})
            made.go()
        finally:
            os._exit(0)
    deadline = time.monotonic() + 20
    while not made.pids() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert made.left()
    os.kill(grader, 9)
    os.waitpid(grader, 0)
    assert made.gone()
