"""The fuzzer finds what it is there for: of each kind of fault one input is saved, and fuzzing goes on after it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.campaign import Outcome, fuzz, table
from tests.fuzz.findings import Findings, kind_of
from tests.fuzz.target import MIB, ROOT
from tests.fuzz.targets._faulty import seeds

FAULTS = {
    b"raises": "KeyError: 'no such entry'",
    b"segfault": "ended by 11",
    b"hangs": "of processor time",
    b"much memory": "more than 10",
    b"even more": "MemoryError",
}

AT_MOST_S = 600.0


@pytest.mark.parametrize("engine", ["mutations", "coverage"])
def test_each_fault_is_found(engine: str, tmp_path: Path) -> None:
    """Whether the process survives or not; what comes after is run all the same."""
    if engine == "coverage":
        pytest.importorskip("atheris", reason="atheris is not installed (make fuzz installs it)")
    count = len(seeds()) if engine == "mutations" else 4 * len(seeds())
    outcome = fuzz("_faulty", AT_MOST_S, tmp_path, engine, count)
    found = {finding.input.read_bytes(): finding.text for finding in outcome.findings}
    for data, text in FAULTS.items():
        assert any(text in said for kept, said in found.items() if kept[:1] == data[:1]), (data, found)
    assert not [kept for kept in found if kept[:1] not in b"rshme"]
    assert outcome.executions >= count
    assert outcome.slowest_s > 0
    assert outcome.peak >= 10 * MIB
    if engine == "mutations":
        assert outcome.executions == count
        assert set(found) == set(FAULTS)


def test_the_smallest_input_of_a_kind_is_kept(tmp_path: Path) -> None:
    """Two inputs with the same exception from the same place are one finding."""
    findings = Findings(tmp_path, ".bin")
    traceback = f'  File "{ROOT}/graders/core/text.py", line 3, in f\nValueError: {{}}'
    for data in (b"long", b"a", b"longer"):
        findings.add(data, traceback.format(data))
    (only,) = findings.all()
    assert only.input.read_bytes() == b"a"
    findings.add(b"other", traceback.replace("line 3", "line 4"))
    assert len(findings.all()) == 2


def test_kinds_of_crashes() -> None:
    """Numbers in a message make no other kind, another line of optgrade's does."""
    assert kind_of("took 12 MiB, more than 10") == kind_of("took 90 MiB, more than 10")
    assert kind_of("KeyError: 1") != kind_of("ValueError: 1")


def test_the_table() -> None:
    """A row for each target."""
    lines = table([Outcome("image", 90, 12345, 0.5, 3 * MIB, ())]).splitlines()
    assert lines[2] == "| image | 1.5 | 12,345 | 0 | 0.50 | 3 |"


def test_an_input_is_run_again(tmp_path: Path) -> None:
    """The command that is printed for a crasher shows its exception."""
    path = tmp_path / "crasher.bin"
    path.write_bytes(b"raises")
    words = [sys.executable, "-m", "tests.fuzz", "_faulty", "--input", str(path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "KeyError: 'no such entry'" in done.stderr
    path.write_bytes(b"fine")
    assert subprocess.run(words, cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_a_fuzzer_that_ends_is_noticed(tmp_path: Path) -> None:
    """A mistake in a target's own code is reported as a crash, not as minutes without one."""
    (tmp_path / "skipped").mkdir()
    (finding,) = fuzz("_faulty", AT_MOST_S, tmp_path, "mutations").findings
    assert "the fuzzer itself ended with code 1" in finding.text
