"""Running ``pytest graders`` as people do: in a process of its own, from the repository's top folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
STUDENT_FILE = "dl_in_iot_course/l02_quantization/quantization_experiments.py"

# Plugins that a test may add with -p: servers that must not be used, so that nothing is imported for them …
UNUSED_SERVERS = """
import tempfile
from pathlib import Path

class Unused:
    def __getattr__(self, name):
        raise AssertionError(f"the servers are used: {name}")

def pytest_optgrade_servers():
    from graders.caching.shared import SharedCachePool
    from graders.pipeline.servers import ServerPool
    scratch = Path(tempfile.mkdtemp(prefix="optgrade-"))
    return ServerPool(Unused(), Unused(), scratch, SharedCachePool(scratch / "shared"))
"""
# … a grader that fails when it adds up …
BROKEN_ASSEMBLY = """
def pytest_configure():
    from graders.pipeline import assembly
    def assemble(*arguments):
        raise TypeError("no such part")
    assembly.assemble = assemble
"""
# … a process that from some moment on can write no file …
NO_FILES = """
import resource, pytest
def stop_writing():
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
"""
NO_FILES_WHEN = {
    "no_files_for_runs": "def pytest_collection_finish(session):\n    stop_writing()\n",
    "no_files_for_results": "@pytest.hookimpl(tryfirst=True)\ndef pytest_sessionfinish(session):\n    stop_writing()\n",
    "broken_at_the_end": "def pytest_unconfigure():\n    raise OSError(28, 'No space left on device')\n",
}
# … and a list of everything that was imported.
IMPORTED = """
import os, pathlib, sys
def pytest_unconfigure():
    pathlib.Path(os.environ["IMPORTED"]).write_text("\\n".join(sys.modules))
"""


@dataclass(frozen=True)
class Ended:
    """How a call of pytest ended; ``imported`` has the names of all modules, where the plugin ``imported`` was there."""

    code: int
    out: str
    err: str
    imported: frozenset[str]

    @property
    def lines(self) -> list[str]:
        """Everything that was said, without empty lines."""
        return [line for line in (self.out + self.err).splitlines() if line.strip()]


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Ended]:
    """Runs pytest with these arguments; ``plugins`` may name ``unused_servers``, ``broken_assembly``, ``imported`` and
    those of ``NO_FILES_WHEN``.
    """
    helpers = tmp_path_factory.mktemp("helpers")
    (helpers / "unused_servers.py").write_text(UNUSED_SERVERS)
    (helpers / "broken_assembly.py").write_text(BROKEN_ASSEMBLY)
    (helpers / "imported.py").write_text(IMPORTED)
    for name, text in NO_FILES_WHEN.items():
        (helpers / f"{name}.py").write_text(NO_FILES + text)

    def call(*arguments: str | Path, plugins: tuple[str, ...] = ()) -> Ended:
        modules = helpers / "imported.txt"
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
        environment |= {"PYTHONPATH": str(helpers), "IMPORTED": str(modules)}
        chosen = [word for plugin in plugins for word in ("-p", plugin)]
        argv = [sys.executable, "-m", "pytest", *chosen, "-p", "no:cacheprovider", *map(str, arguments)]
        modules.unlink(missing_ok=True)
        done = subprocess.run(argv, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=120)
        imported = frozenset(modules.read_text().splitlines()) if modules.exists() else frozenset[str]()
        return Ended(done.returncode, done.stdout, done.stderr, imported)

    return call


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    """A submission whose code leaves a file ``READ`` beside it when anybody imports it."""
    folder = tmp_path / "ada"
    path = folder / STUDENT_FILE
    path.parent.mkdir(parents=True)
    path.write_text(f"open({str(folder / 'READ')!r}, 'w').close()\n")
    return folder
