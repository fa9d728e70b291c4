"""Code that raises, exits, crashes, or runs out of what it may use: one clear error, and nothing left running."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from graders.core.verdicts import Verdict

Open = Callable[..., Any]


def test_a_run_that_goes_well(run: Open) -> None:
    """Code that returns ends without an error, and its output and use are told."""
    done = run("def go():\n    print('hello')\n    return 42")
    assert done.error is None
    assert done.record.error is None
    assert done.record.output == "hello\n"
    assert done.record.output_bytes == 6
    assert done.record.left_running == 0
    assert done.record.wall_s > 0
    assert 0 <= done.record.cpu_s < 20
    assert done.record.peak_memory >= 0


def test_exception(run: Open) -> None:
    """An exception is the student's, with its type, message, file and line relative to the student's folder."""
    done = run("def go():\n    return helper()\n\n\ndef helper():\n    raise ValueError('no such scale: 0')\n")
    assert done.error.verdict is Verdict.FAILED
    assert done.error.exception == "ValueError"
    assert str(done.error) == "ValueError: no such scale: 0"
    assert [(place.file, place.line) for place in done.error.places] == [("student.py", 2), ("student.py", 6)]
    assert done.error.places[-1].code == "raise ValueError('no such scale: 0')"
    assert done.record.error is None, "the process itself went on and ended by itself"


def test_exception_in_a_package_of_the_student(make: Open) -> None:
    """Frames in a student's subfolder carry its path, and frames in libraries and in the driver are left out."""
    made = make("from labs.deep import work\n\n\ndef go():\n    work()\n")
    (made.code / "labs").mkdir()
    (made.code / "labs" / "deep.py").write_text("import numpy as np\n\n\ndef work():\n    np.zeros(2) + np.zeros(3)\n")
    error = made.go()
    assert [(place.file, place.line) for place in error.places] == [("student.py", 5), ("labs/deep.py", 5)]
    assert str(made.folder) not in str(error)


def test_many_frames(run: Open) -> None:
    """Of a deep traceback the last frames are kept, where the error is."""
    done = run("def go(n=100):\n    if n:\n        go(n - 1)\n    raise KeyError('x')\n")
    assert 1 < len(done.error.places) <= 12
    assert done.error.places[-1].line == 4


def test_syntax_error(run: Open) -> None:
    """A syntax error names the student's file and the line."""
    done = run("import os\n\n\ndef go():\n    return (1,\n\n\nx = = 2\n")
    assert done.error.verdict is Verdict.FAILED
    assert done.error.exception == "SyntaxError"
    assert done.error.places[-1].file == "student.py"
    assert done.error.places[-1].line in (5, 8)


def test_import_error(run: Open) -> None:
    """A missing package is the student's failed run and is named."""
    done = run("import a_package_that_nobody_has\n")
    assert done.error.verdict is Verdict.FAILED
    assert "a_package_that_nobody_has" in str(done.error)
    assert done.error.places[-1].line == 1


def test_not_implemented(run: Open) -> None:
    """A stub that was never filled in is told by its kind."""
    done = run("def go():\n    raise NotImplementedError\n")
    assert done.error.verdict is Verdict.FAILED
    assert done.error.exception == "NotImplementedError"
    assert str(done.error) == "NotImplementedError"


@pytest.mark.parametrize(
    "statement", ["import sys; sys.exit(0)", "raise SystemExit", "raise KeyboardInterrupt", "exit()"]
)
def test_exit_by_exception(run: Open, statement: str) -> None:
    """SystemExit and KeyboardInterrupt are no success: the code raised instead of finishing."""
    done = run(f"def go():\n    {statement}\n")
    assert done.error.verdict is Verdict.FAILED
    assert done.error.exception in ("SystemExit", "KeyboardInterrupt")
    assert "instead of finishing" in str(done.error)


def test_recursion(run: Open) -> None:
    """Endless recursion is a RecursionError of the student's."""
    done = run("def go():\n    return go()\n")
    assert done.error.verdict is Verdict.FAILED
    assert done.error.exception == "RecursionError"


def test_an_exception_that_can_not_be_shown(run: Open) -> None:
    """An exception whose own text raises is told by its type."""
    done = run(
        "class Odd(Exception):\n    def __str__(self):\n        raise SystemExit\n\n\ndef go():\n    raise Odd\n"
    )
    assert done.error.verdict is Verdict.FAILED
    assert done.error.exception == "Odd"


@pytest.mark.parametrize("text", ["\\ud800", "\\x1b[31mred\\x1b[0m\\x07", "a\\x00b", "x" * 100_000])
def test_hostile_messages(run: Open, text: str) -> None:
    """Whatever an exception's text is, the error's message is short, can be encoded and has no control characters."""
    done = run(f"def go():\n    raise ValueError('{text}')\n")
    message = str(done.error)
    assert message.startswith("ValueError: ")
    message.encode()
    assert not [char for char in message if ord(char) < 32 and char not in "\n\t"]
    assert len(message) < 3000


def test_the_reason_behind_a_long_stack(run: Open) -> None:
    """TensorFlow writes stacks into its messages, and the reason behind them: they go, the reason is kept."""
    stack = "".join(
        f'  File "/lib/python3/keras/layer_{number}.py", line {number}, in call\\n\\n' for number in range(99)
    )
    code = "".join(
        f'      File "/lib/python3/keras/layer_{number}.py", line {number}, in call  *\\n        y = f(x)\\n'
        for number in range(99)
    )
    done = run(f"def go():\n    raise TypeError('''Graph error:\\n\\n{stack}no callback\\n\\n{code}    no call''')\n")
    assert str(done.error) == "TypeError: Graph error:\nno callback\n    no call"


@pytest.mark.parametrize("code", [0, 1])
def test_os_exit(run: Open, code: int) -> None:
    """A process that ends itself did not finish, whatever its exit code."""
    done = run(f"import os\n\n\ndef go():\n    os._exit({code})\n")
    assert done.error.verdict is Verdict.CRASHED
    assert f"exit code {code}" in str(done.error)
    assert done.record.error is done.error


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
        ("import os; os.abort()", "SIGABRT"),
        ("import os; os.kill(os.getpid(), 9)", "SIGKILL"),
        ("import os; os.kill(os.getpid(), 15)", "signal 15"),
    ],
)
def test_crash(run: Open, statement: str, name: str) -> None:
    """A crash of the process is named by its signal."""
    done = run(f"def go():\n    {statement}\n")
    assert done.error.verdict is Verdict.CRASHED
    assert name in str(done.error)


def test_calls_after_the_end(make: Open) -> None:
    """After a crash every further call gives the same error at once."""
    made = make("import os\n\n\ndef go():\n    os._exit(3)\n")
    first = made.go()
    assert made.go() is first
    assert made.seconds < 5


def test_calls_after_an_exception(make: Open) -> None:
    """After an exception the run goes on: the next call is answered."""
    made = make("def go(n):\n    return 1 // n\n")
    assert made.go(n=0).exception == "ZeroDivisionError"
    assert made.go(n=1).facts == {"answer": 1}


def test_hang(run: Open) -> None:
    """Code that sleeps for ever is stopped at the wall limit."""
    done = run("import time\n\n\ndef go():\n    time.sleep(1000)\n", wall_s=1.0)
    assert done.error.verdict is Verdict.TIMEOUT
    assert "1 s" in str(done.error)
    assert done.seconds < 10
    assert done.record.error is done.error


STUBBORN = {
    "swallows everything": """
        import time

        def go():
            while True:
                try:
                    time.sleep(1000)
                except BaseException:
                    pass
        """,
    "ignores every signal": """
        import signal, time

        def go():
            for number in range(1, 65):
                try:
                    signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError):
                    pass
            time.sleep(1000)
        """,
    "a thread that never ends": """
        import threading, time

        def go():
            threading.Thread(target=time.sleep, args=(1000,)).start()
            threading.Event().wait()
        """,
    "hangs on import": "import time\n\ntime.sleep(1000)\n",
}


@pytest.mark.parametrize("code", list(STUBBORN.values()), ids=list(STUBBORN))
def test_stubborn_code_ends(run: Open, code: str) -> None:
    """Code that swallows exceptions and signals ends at the wall limit as any other."""
    done = run(code, wall_s=1.5)
    assert done.error.verdict is Verdict.TIMEOUT
    assert done.seconds < 10


def test_the_wall_limit_is_for_the_whole_run(make: Open) -> None:
    """Several calls share one wall limit, and the message tells the limit, not what was left of it."""
    made = make("import time\n\n\ndef go(s):\n    time.sleep(s)\n", wall_s=2.0)
    assert made.go(s=1.6).facts == {"answer": None}
    error = made.go(s=1000)
    assert error.verdict is Verdict.TIMEOUT
    assert made.seconds < 5
    assert "2 s" in str(error)


def test_a_call_may_have_less(make: Open) -> None:
    """A call with a limit of its own is stopped at that."""
    made = make("import time\n\n\ndef go():\n    time.sleep(1000)\n")
    error = made.go(timeout_s=1.0)
    assert error.verdict is Verdict.TIMEOUT
    assert "1 s" in str(error)
    assert made.seconds < 10


@pytest.mark.parametrize("stubborn", [False, True])
def test_cpu_limit(run: Open, stubborn: bool) -> None:
    """A busy loop is stopped at the CPU limit, well before the wall limit, and is told as a time-out."""
    ignore = "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\n" if stubborn else ""
    done = run(f"{ignore}\n\ndef go():\n    while True:\n        pass\n", cpu_s=1.0, wall_s=30.0)
    assert done.error.verdict is Verdict.TIMEOUT
    assert "CPU" in str(done.error)
    assert done.seconds < 25
    assert 0.5 < done.record.cpu_s < 10


def test_cpu_limit_holds_for_the_whole_tree(run: Open) -> None:
    """CPU time spent in child processes counts too."""
    code = """
    import os, time

    def go():
        for _ in range(2):
            if not os.fork():
                end = time.monotonic() + 25
                while time.monotonic() < end:
                    pass
                os._exit(0)
        time.sleep(1000)
    """
    done = run(code, cpu_s=1.0, wall_s=20.0)
    assert done.error.verdict is Verdict.TIMEOUT
    assert "CPU" in str(done.error)
    assert done.seconds < 15


def test_memory_at_once(run: Open) -> None:
    """An allocation far over the limit is refused where it is asked for, before any of it is used."""
    done = run("import numpy as np\n\n\ndef go():\n    return int(np.empty(20 << 30, dtype='u1')[-1])\n")
    assert done.error.verdict is Verdict.OUT_OF_MEMORY
    assert "MemoryError" in done.error.exception
    assert done.error.places[-1].line == 5
    assert done.record.peak_memory < 1 << 30


GROWING = {
    "bytes": "kept.append(bytearray(b'x' * (8 << 20)))",
    "arrays": "kept.append(np.ones(1 << 20))",
    "shared mappings": "m = mmap.mmap(-1, 8 << 20); m.write(b'x' * (8 << 20)); kept.append(m)",
    "children": "os.fork() or (kept.append(bytearray(b'x' * (16 << 20))), time.sleep(1000))",
    "orphans": "os.fork() or os.fork() or (kept.append(bytearray(b'x' * (16 << 20))), time.sleep(1000)); "
    "os.getpid() == me or os._exit(0)",
}


@pytest.mark.parametrize("step", list(GROWING.values()), ids=list(GROWING))
def test_memory_grown_gradually(run: Open, step: str) -> None:
    """Memory that grows bit by bit, in whatever way and process, ends the run at the limit."""
    code = f"""
    import mmap, os, time
    import numpy as np

    kept = []
    me = os.getpid()

    def go():
        for _ in range(60):
            {step}
            time.sleep(0.005)
        time.sleep(1000)
    """
    done = run(code, memory=256 << 20, processes=400, wall_s=15.0)
    assert done.error.verdict is Verdict.OUT_OF_MEMORY, str(done.error)
    assert "memory" in str(done.error)
    assert 256 << 20 < done.record.peak_memory < 3 << 30


def test_memory_that_children_share_counts_once(run: Open) -> None:
    """What forked children have in common with their parent is not held against a run once for each."""
    code = """
    import os, time

    def go():
        kept = bytearray(b'x' * (100 << 20))
        for _ in range(8):
            if not os.fork():
                time.sleep(1000)
        time.sleep(0.5)
        return len(kept) >> 20
    """
    done = run(code, memory=400 << 20)
    assert done.error is None
    assert done.record.left_running == 8
    assert 100 << 20 < done.record.peak_memory < 400 << 20


def test_memory_limits_below_a_gibibyte_are_told(run: Open) -> None:
    """The message tells the limit as it is, however small."""
    done = run("def go():\n    kept = [bytearray(b'x' * (1 << 20)) for _ in range(1500)]\n", memory=128 << 20)
    assert done.error.verdict is Verdict.OUT_OF_MEMORY
    assert " 0 GiB" not in str(done.error)


def test_file_size(run: Open) -> None:
    """A file over the limit can't be written."""
    done = run(
        "def go():\n    with open('big', 'wb', buffering=0) as file:\n        for _ in range(100):\n"
        "            file.write(bytes(1 << 20))\n",
        file_size=5 << 20,
    )
    assert done.error is not None
    assert done.error.verdict in (Verdict.FAILED, Verdict.CRASHED)
    assert (done.workdir / "big").stat().st_size <= 5 << 20


def test_a_large_output_is_fast_and_capped(run: Open) -> None:
    """A hundred megabytes of output are read, counted and cut."""
    done = run(
        "def go():\n    line = 'x' * 99 + '\\n'\n    for _ in range(100):\n        print(line * 10_000, end='')\n"
    )
    assert done.error is None
    assert done.record.output_bytes == 100_000_000
    assert len(done.record.output) < 4096 + 100
    assert "bytes dropped" in done.record.output
    assert done.seconds < 20


def test_output_without_end_or_line(run: Open) -> None:
    """Printing for ever without a line end is stopped at the wall limit and held in little."""
    done = run("import os\n\n\ndef go():\n    while True:\n        os.write(1, b'y' * 50_000)\n", wall_s=1.5)
    assert done.error.verdict is Verdict.TIMEOUT
    assert done.record.output_bytes > 100_000
    assert len(done.record.output) < 4096 + 100
    assert done.seconds < 10


def test_both_streams_are_kept(run: Open) -> None:
    """stdout and stderr, from Python and below it, both land in the output, the last words before a crash too."""
    code = """
    import os, sys

    def go():
        print('one', file=sys.stderr)
        os.write(1, b'two ')
        print('three')
        os.abort()
    """
    done = run(code)
    assert sorted(done.record.output.split()) == ["one", "three", "two"]


def test_output_says_nothing_to_the_grader(run: Open, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing that a run prints reaches the grader's own output."""
    run("import os, sys\n\n\ndef go():\n    print('::notice::hello')\n    os.write(2, b'::set-output name=x::y')\n")
    assert capfd.readouterr() == ("", "")


def test_no_library_of_the_run_is_loaded_here() -> None:
    """Importing the sandbox loads neither TensorFlow nor LiteRT into the grader."""
    code = (
        "import sys; from graders.sandbox import Server, Session; print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(done.stdout.split())
    assert "numpy" in loaded
    assert not loaded & {"tensorflow", "tf_keras", "keras", "ai_edge_litert", "sklearn"}
