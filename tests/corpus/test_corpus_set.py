"""A hostile and a broken submission in a set of ten leave the scorecards of the others as they are alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from graders import profiles, sandbox
from graders.cohort.engine.in_process import grade
from graders.core.paths import REFERENCE, REPOSITORY
from graders.framework import registry
from graders.pipeline.config import GradingConfig
from graders.pipeline.servers import ServerPool, start_servers
from graders.scoring import without_times
from graders.selftest.corpus.cases import Case, build, load_all
from graders.selftest.corpus.changes import Change
from graders.selftest.corpus.expected import options_for

HONEST = (
    "plain-open", "float16-beside", "talkative", "windows-file", "from-saved-model", "ai-edge-litert",
    "helpers-and-logging", "scores-without-batch-dimension",
)  # fmt: skip
SELECT = "native or test_fp32 and not latency"
HOSTILE = '''
import atexit, builtins, gc, json, os, pathlib, signal, socket, sys, threading, time

for place in ("..", "../..", "../../..", "/tmp", os.path.expanduser("~"), "/", os.path.dirname(__file__)):
    for name in ("scorecard.json", "conftest.py", "numpy.py", "owned.txt"):
        try:
            pathlib.Path(place, name).write_text("owned")
        except OSError:
            pass
for path in pathlib.Path("..").glob("../**/*.tflite"):
    try:
        path.write_bytes(b"owned")
    except OSError:
        pass
for pid in range(2, 4000):
    if pid not in (os.getpid(), os.getppid()):
        try:
            os.kill(pid, signal.SIGKILL if os.getuid() == 64123 else 0)
        except OSError:
            pass
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                time.sleep(0.01)
        os._exit(0)
import tensorflow as tf
tf.lite.TFLiteConverter.convert = lambda self: b"owned"
builtins.open = None
json.dumps = lambda *_: "owned"
print("::error::owned", "\\x1b[2J", flush=True)
os._exit(0)
'''


@pytest.fixture(scope="module")
def options() -> GradingConfig:
    """What all of them are graded with."""
    return GradingConfig(
        submission=REFERENCE,
        labs=tuple(registry.select_labs(["l02"])),
        profile=profiles.choose("embedded", None, None),
        isolation=sandbox.choose("auto"),
    )


def submissions() -> Iterator[Case]:
    """Ten: eight right ones, with a hostile and a broken one between them."""
    known = {case.path.stem: case for case in load_all("l02")}
    honest = [replace(known[name], select=SELECT) for name in HONEST]
    first = honest[0]
    hostile = Change(first.lab.student_file, content=HOSTILE)
    broken = Change(first.lab.student_file, content="def broken(:\n")
    bad = {
        name: replace(first, path=first.path.with_name(f"{name}.toml"), changes=(change,))
        for name, change in {"hostile": hostile, "broken": broken}.items()
    }
    yield from (*honest[:3], bad["hostile"], *honest[3:6], bad["broken"], *honest[6:])


def scorecard(case: Case, servers: ServerPool, folder: Path) -> str:
    folder.mkdir()
    submission, options = build(case, folder / case.path.stem), replace(options_for(case), cache=False)
    card = without_times(grade(submission, options, servers, folder / "report").scorecard.to_json())
    return json.dumps(card, indent=1, sort_keys=True)


def test_a_set_of_ten(options: GradingConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the eight has the same scorecard, byte for byte, in the set and alone in servers of its own."""
    monkeypatch.chdir(REPOSITORY)
    cases = list(submissions())
    assert len({case.path.stem for case in cases}) == 10
    together = start_servers(options)
    try:
        in_set = {case.path.stem: scorecard(case, together, tmp_path / case.path.stem) for case in cases}
    finally:
        together.close()
    for case in cases:
        if case.path.stem in ("hostile", "broken"):
            card = json.loads(in_set[case.path.stem])
            assert card["points"]["earned"] == 0
            continue
        alone = start_servers(options)
        try:
            expected = scorecard(case, alone, tmp_path / f"{case.path.stem}-alone")
        finally:
            alone.close()
        assert in_set[case.path.stem] == expected, case.path.stem
