"""What files cost on a device, measured in the real sandbox: right files, broken ones, hostile ones, crashes."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from graders import sandbox
from graders.core.paths import REPOSITORY
from graders.measure.device import client, micro
from graders.measure.device.client import measure
from graders.measure.device.results import Agreement, Arena, DeviceCost
from graders.measure.scorer.client import Scorer, start_server
from graders.submission import Artifact
from tests.fuzz.through_scorer import mutant

pytestmark = pytest.mark.process
needs_micro = pytest.mark.skipif(not micro.installed(), reason="tflite-micro is not installed")
DATA = Path(__file__).resolve().parents[2] / "data" / "tflite"
MODELS = REPOSITORY / "fixtures" / "models"
HOSTILE = REPOSITORY / "fixtures" / "submissions" / "attacks" / "50-hostile-files.toml"
# Answers once; then its process is killed as by a crash, or waits for ever.
DRIVER = """
import os, signal, time
from graders.measure.device.worker import OPERATIONS as OWN

def arena(path, max_bytes):
    {fault}

OPERATIONS = {{**OWN, "arena": arena}}
"""


def artifact(path: Path) -> Artifact:
    """A file as it is taken in."""
    data = path.read_bytes()
    return Artifact(path, len(data), sha256(data).hexdigest())


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scorer]:
    """A scorer in the best sandbox that there is."""
    folder = tmp_path_factory.mktemp("device")
    for above in (folder, *folder.parents[:2]):
        above.chmod(0o711)
    with start_server(sandbox.choose("auto"), (MODELS, DATA, folder), folder) as server:
        yield Scorer(server, folder / "scorers")


@pytest.fixture
def folder(scorer: Scorer, request: pytest.FixtureRequest) -> Path:
    """A folder that processes of the scorer's server can read."""
    made = scorer._work.parent / f"files-{abs(hash(request.node.nodeid))}"
    made.mkdir(exist_ok=True)
    return made


@needs_micro
@pytest.mark.parametrize(
    ("file", "arena"),
    [
        ("pocket_pets/int8", Arena(261_680, 250_880, 10_800)),
        ("pocket_pets/fp32", Arena(1_013_936, 1_003_520, 10_416)),
        ("mnist/network", Arena(42_912, 40_560, 2_352)),
    ],
)
def test_arenas_of_the_embedded_models(scorer: Scorer, file: str, arena: Arena) -> None:
    """The arena is what the runtime records, and its three parts add up; the runtimes agree on a right file."""
    found = measure(scorer, artifact(MODELS / f"{file}.tflite"))
    assert found.arena is not None
    # A newer runtime may need some hundred bytes more or less for its own structures.
    assert found.arena.activations == arena.activations
    assert abs(found.arena.total - arena.total) < 4096
    assert found.arena.total == found.arena.activations + found.arena.persistent
    assert found.agreement is not None
    assert found.agreement.agree
    assert (found.reason, found.untried, found.refused, found.conclusive) == ("", "", False, True)


@needs_micro
@pytest.mark.parametrize("name", ["float32", "int8", "uint8_io", "float_io", "int16x8", "branches_int8"])
def test_every_form_that_it_runs_is_compared(scorer: Scorer, name: str) -> None:
    found = measure(scorer, artifact(DATA / f"{name}.tflite"))
    assert found.arena is not None
    assert found.agreement is not None, found.untried
    assert found.agreement.inputs == 4


@pytest.mark.parametrize("name", ["float16", "dynamic_range", "flex", "sparse_block", "sparse_random"])
def test_what_it_has_no_kernel_for_is_named_and_never_run(scorer: Scorer, name: str) -> None:
    found = measure(scorer, artifact(DATA / f"{name}.tflite"))
    assert found.file is not None
    assert found.refused
    assert found.conclusive
    assert found.arena is None
    assert found.file.missing_kernels[0] in found.reason


def test_without_the_runtime_all_but_the_arena_is_known(scorer: Scorer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(micro, "installed", lambda: "")
    found = measure(scorer, artifact(MODELS / "pocket_pets" / "int8.tflite"))
    assert found.file is not None
    assert (found.flash, found.file.cost.macs, found.file.cost.parameters) == (61_640, 13_847_040, 29_597)
    assert (found.arena, found.reason, found.refused) == (None, client.NOT_INSTALLED, False)


def test_it_counts_as_absent_if_its_extension_module_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(micro, "EXTENSION", Path("elsewhere.so"))
    assert micro.installed() == ""


@needs_micro
@pytest.mark.parametrize(
    ("fault", "patience"), [("os.kill(os.getpid(), signal.SIGSEGV)", 10.0), ("time.sleep(60)", 0.5), ("os.abort()", 10.0)]
)
def test_a_crash_or_a_hang_costs_the_arena_alone(
    scorer: Scorer, folder: Path, monkeypatch: pytest.MonkeyPatch, fault: str, patience: float
) -> None:
    """What was read before is known, and what is not known is not cached: it may be the machine's fault."""
    driver, file = folder / "driver.py", folder / "model.tflite"
    driver.write_text(DRIVER.format(fault=fault), encoding="utf-8")
    file.write_bytes((DATA / "int8.tflite").read_bytes())
    monkeypatch.setattr(client, "DRIVER", driver)
    monkeypatch.setattr(client, "PATIENCE_S", patience)
    found = measure(scorer, artifact(file))
    assert found.file is not None
    assert found.file.cost.macs == 12_712
    assert (found.arena, found.refused, found.conclusive) == (None, False, False)
    assert found.reason.startswith("TensorFlow Lite Micro failed on this file")
    monkeypatch.undo()
    assert measure(scorer, artifact(DATA / "int8.tflite")).file is not None


def hostile_files() -> dict[str, str]:
    """The code of the attacks with hostile files, by name."""
    variants = tomllib.loads(HOSTILE.read_text(encoding="utf-8"))["variants"]
    return {each["name"]: each["changes"][0]["append"] for each in variants}


def written(code: str, path: Path) -> None:
    """Lets an attack write its file, in place of the reference's FP32 file."""

    class FP32Model:
        modelpath = path

        def optimize_model(self, _: Any) -> None:
            Path(self.modelpath).write_bytes((MODELS / "pocket_pets" / "fp32.tflite").read_bytes())

    code = code.replace("from tensorflow.lite.python import", "from ai_edge_litert import")
    exec(code, {"FP32Model": FP32Model, "Path": Path, "tf": SimpleNamespace()})
    FP32Model().optimize_model(None)


def sound(found: DeviceCost) -> None:
    """Whatever the file: an answer with a reason for all that it lacks, in lines of bounded length."""
    assert found.arena is not None or found.reason
    assert found.agreement is not None or found.untried
    assert all("\n" not in text and len(text) < 2000 for text in (found.reason, found.untried))


@pytest.mark.parametrize("name", hostile_files())
def test_a_hostile_file_is_an_answer(scorer: Scorer, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(client, "PATIENCE_S", 3.0)
    path = folder / "model.tflite"
    written(hostile_files()[name], path)
    assert path.read_bytes() != (MODELS / "pocket_pets" / "fp32.tflite").read_bytes()
    sound(measure(scorer, artifact(path)))


@pytest.mark.parametrize("seed", range(24))
def test_a_file_with_changes_at_random_is_an_answer(
    scorer: Scorer, folder: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(client, "PATIENCE_S", 3.0)
    path = folder / "model.tflite"
    path.write_bytes(mutant(seed).data)
    sound(measure(scorer, artifact(path)))


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\x00\x00\x00\x00TFL3" + bytes(100), b"text " * 50])
def test_what_is_no_model_is_an_answer(scorer: Scorer, folder: Path, data: bytes) -> None:
    path = folder / "model.tflite"
    path.write_bytes(data)
    found = measure(scorer, artifact(path))
    assert (found.flash, found.file, found.arena) == (len(data), None, None)
    assert "no valid .tflite file" in found.reason


@pytest.mark.parametrize(
    ("agreement", "agree"),
    [
        (Agreement(4, "codes", 4.0, 0.0), True),
        (Agreement(4, "codes", 0.0, 5.0), False),
        (Agreement(4, "share", 1e-3, 1e-7), True),
        (Agreement(4, "share", 1e-7, 2e-3), False),
    ],
)
def test_rounding_is_no_disagreement(agreement: Agreement, agree: bool) -> None:
    assert agreement.agree == agree
