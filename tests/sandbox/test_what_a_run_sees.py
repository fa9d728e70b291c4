"""What a run finds around itself, how the server is started, and which tiers can be had."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graders.core.errors import OptgradeError, SandboxError
from graders.sandbox import Limits, Server
from graders.sandbox.host.isolation import Bare
from graders.sandbox.host.server import BASE_ENVIRONMENT

Open = Callable[..., Any]

LOOK = """
import json, os, resource, sys, tempfile


def go():
    return {
        'environ': dict(os.environ),
        'initial': open('/proc/self/environ', 'rb').read().decode(),
        'child': os.popen('/usr/bin/env').read(),
        'cwd': os.getcwd(),
        'home': os.path.expanduser('~'),
        'temporary': tempfile.gettempdir(),
        'temporary_file': tempfile.NamedTemporaryFile(delete=False).name,
        'argv': sys.argv,
        'path': sys.path,
        'stdin': sys.stdin.read(),
        'descriptor_0': os.read(0, 10).decode(),
        'session': os.getsid(0) == os.getpid(),
        'core': resource.getrlimit(resource.RLIMIT_CORE)[1],
        'file': resource.getrlimit(resource.RLIMIT_FSIZE)[1],
        'privileges': [line for line in open('/proc/self/status') if line.startswith('NoNewPrivs')],
        'modules': sorted(sys.modules),
        'interrupt': str(__import__('signal').getsignal(2)),
    }, {}
"""
REPOSITORY = Path(__file__).resolve().parents[2]
SECRET = "a-secret-of-the-grader"


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run saw whose grader's environment held a secret; the server was started from that environment."""
    folder = tmp_path_factory.mktemp("seen")
    for name in ("code", "workdir"):
        (folder / name).mkdir()
    (folder / "code" / "student.py").write_text(LOOK)
    (folder / "driver.py").write_text("import student\nOPERATIONS = {'go': student.go}\n")
    patch = pytest.MonkeyPatch()
    for name in (
        "OPTGRADE_SECRET",
        "GITHUB_TOKEN",
        "GITHUB_ENV",
        "PYTHONPATH",
        "PYTEST_CURRENT_TEST",
        "LD_PRELOAD_NOT",
    ):
        patch.setenv(name, SECRET)
    from graders.sandbox import RunSpec

    spec = RunSpec(
        name="look",
        driver=folder / "driver.py",
        paths=(folder / "code",),
        workdir=folder / "workdir",
        limits=Limits(wall_s=20, cpu_s=20, file_size=1 << 20),
        seed=1,
        environment={"OF_THE_RUN": "1"},
    )
    with Server(["numpy"], Bare(), {"OF_THE_SERVER": "2"}) as server:
        patch.undo()
        session = server.open(spec)
        facts = dict(session.call("go").facts)
        session.end()
    return {**facts, "folder": str(folder)}


def test_environment(seen: dict[str, Any]) -> None:
    """The environment is what the grader names and the workdir, and nothing of the grader's own, in children too."""
    workdir = f"{seen['folder']}/workdir"
    given = {"OF_THE_RUN": "1", "OF_THE_SERVER": "2", "HOME": workdir, "TMPDIR": f"{workdir}/tmp"}
    assert seen["environ"] == {**BASE_ENVIRONMENT, **given}
    children = dict(line.split("=", 1) for line in seen["child"].splitlines())
    assert {key: value for key, value in children.items() if key not in ("PWD", "SHLVL", "_")} == seen["environ"]


def test_nothing_of_the_graders_environment(seen: dict[str, Any]) -> None:
    """No variable that was set where the grader runs can be found in the run, in its environment or elsewhere in it."""
    assert SECRET not in json.dumps(seen)
    assert not [key for key in seen["environ"] if key.startswith(("PYTEST", "GITHUB", "CI"))]


def test_the_box_is_all_places(seen: dict[str, Any]) -> None:
    """Working folder, home and temporary folder lie in the workdir."""
    workdir = f"{seen['folder']}/workdir"
    assert seen["cwd"] == workdir
    assert seen["home"] == workdir
    assert seen["temporary"] == f"{workdir}/tmp"
    assert seen["temporary_file"].startswith(f"{workdir}/tmp/")


def test_stdin_is_empty(seen: dict[str, Any]) -> None:
    """Reading stdin gives the end of the file at once."""
    assert seen["stdin"] == ""
    assert seen["descriptor_0"] == ""


def test_command_line_and_import_path(seen: dict[str, Any]) -> None:
    """The command line says nothing; modules come from the student's folder first and from none of the grader's."""
    assert seen["argv"] == ["run"]
    assert seen["path"][0] == f"{seen['folder']}/code"
    assert not [path for path in seen["path"] if "graders" in path or path in ("", str(Path.cwd()))]


def test_the_process_is_locked_down(seen: dict[str, Any]) -> None:
    """A session of its own, no core files, bounded files, no new privileges."""
    assert seen["session"] is True
    assert seen["core"] == 0
    assert seen["file"] == 1 << 20
    assert seen["privileges"] == ["NoNewPrivs:\t1\n"]


def test_only_what_was_asked_for_is_loaded(seen: dict[str, Any]) -> None:
    """The preloaded library is there, and nothing of pytest or of the grader but the sandbox's own inside."""
    assert "numpy" in seen["modules"]
    foreign = [name for name in seen["modules"] if name.split(".")[0] in ("graders", "pytest", "_pytest", "tensorflow")]
    others = [name for name in foreign if name not in ("graders", "graders.sandbox")]
    assert not [name for name in others if not name.startswith("graders.sandbox.guest")]


def test_limits_are_asked_for_whole() -> None:
    """Every limit but the one for output, which the grader keeps itself, reaches the server."""
    requested = {
        "wall_s": 1, "cpu_s": 2, "memory": 3, "file_size": 4, "processes": 5, "tasks": 6, "descriptors": 7,
        "open_files": 8, "disk": 9,
    }  # fmt: skip
    assert Limits(**requested, output=10, files=11).as_request() == requested


def test_the_same_seed_gives_the_same_numbers(make: Open) -> None:
    """Two runs of the same seed draw the same numbers from Python's generator and hash strings alike."""
    code = "import random\n\n\ndef go():\n    return [random.random(), hash('x')]\n"
    answers = [make(code).go().facts for _ in range(2)]
    assert answers[0] == answers[1]


def test_runs_share_nothing(make: Open) -> None:
    """What a run does to a library is not there in the next one."""
    assert make("import numpy, sys\n\n\ndef go():\n    numpy.pi = 3\n    sys.modules['json'] = None\n").go().facts == {
        "answer": None
    }
    again = make("import numpy, json\n\n\ndef go():\n    return numpy.pi\n").go()
    assert again.facts["answer"] == pytest.approx(3.14159, abs=1e-5)


def test_a_students_module_does_not_replace_the_graders(make: Open) -> None:
    """Files named like libraries that are loaded already, or like the sandbox's own, change nothing in the run."""
    made = make("def go():\n    return 5\n")
    for name in ("numpy", "json", "sitecustomize", "usercustomize", "wire", "run", "processes", "supervisor"):
        (made.code / f"{name}.py").write_text("raise SystemExit('replaced')\n")
    (made.code / "x.pth").write_text("import os; os._exit(1)\n")
    assert made.go().facts == {"answer": 5}


def test_versions_and_times_are_told() -> None:
    """A server that is ready tells the versions of what it imported and how long that took."""
    with Server(["numpy", "json"], Bare(), {}) as server:
        ready = server.wait_ready()
        assert ready is server.wait_ready()
    assert ready.versions["numpy"].count(".") >= 2
    assert ready.versions["json"] == "unknown"
    assert 0 <= ready.cpu_s < 60
    assert 0 < ready.seconds < 60


def test_a_server_outlives_the_thread_that_made_it(make: Open) -> None:
    """A server may be started in one thread and used in another, whichever ends first."""
    made: list[Server] = []

    def start() -> None:
        made.append(Server(["json"], Bare(), {}))
        made[0].wait_ready()

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    with made[0] as server:
        assert make("def go():\n    return 3\n", on=server).go().facts == {"answer": 3}


PRELOADS = {
    "missing": (None, "no_such_module_anywhere"),
    "broken": ("import json\nraise RuntimeError('the wheel is broken')\n", "the wheel is broken"),
    "syntax": ("x = = 1\n", "SyntaxError"),
    "needs another": ("import a_library_that_is_missing\n", "a_library_that_is_missing"),
}


@pytest.mark.parametrize(("text", "told"), list(PRELOADS.values()), ids=list(PRELOADS))
def test_preload_that_fails(tmp_path: Path, text: str | None, told: str) -> None:
    """A library that can't be imported is the sandbox's fault, named in one line, however often one asks."""
    name = "no_such_module_anywhere"
    if text is not None:
        name = "broken_library"
        (tmp_path / f"{name}.py").write_text(text)
    with Server(["json", name], Bare(), {}, paths=[tmp_path, REPOSITORY]) as server:
        for _ in range(2):
            with pytest.raises(SandboxError) as caught:
                server.wait_ready()
            assert told in str(caught.value)
            assert "\n" not in str(caught.value)


def test_a_server_that_exits(tmp_path: Path) -> None:
    """A library that ends the process on import is the sandbox's fault too."""
    (tmp_path / "quits.py").write_text("import os\nos._exit(5)\n")
    with (
        Server(["quits"], Bare(), {}, paths=[tmp_path, REPOSITORY]) as server,
        pytest.raises(SandboxError, match=r"exit code 5"),
    ):
        server.wait_ready()


def test_a_server_that_can_not_be_started() -> None:
    """Nothing is opened on a server whose imports failed: the same error comes."""
    with Server(["no_such_module_anywhere"], Bare(), {}) as server, pytest.raises(SandboxError):
        server.open(_any_spec())


def _any_spec() -> Any:
    from graders.sandbox import RunSpec

    here = Path(__file__).parent
    return RunSpec(name="x", driver=here, paths=(), workdir=here, limits=Limits(), seed=0, environment={})


BROKEN_STARTS = {
    "no driver": {"driver": "nowhere.py"},
    "no working directory": {"workdir": "nowhere"},
    "a driver that raises": {"driver": "bad.py"},
    "a driver that exits": {"driver": "exits.py"},
}


@pytest.mark.parametrize("change", list(BROKEN_STARTS.values()), ids=list(BROKEN_STARTS))
def test_a_run_that_can_not_be_started(make: Open, change: dict[str, str]) -> None:
    """Whatever fails before any code of the student's has run is the sandbox's fault and says what it was."""
    made = make("def go():\n    pass\n")
    (made.folder / "bad.py").write_text("raise RuntimeError('a bad driver')\n")
    (made.folder / "exits.py").write_text("import os\nos._exit(9)\n")
    made.open().end()
    spec = replace(made.session.spec, **{key: made.folder / value for key, value in change.items()})
    session = made.server.open(spec)
    try:
        with pytest.raises(SandboxError, match="could not be started"):
            session.call("go")
    finally:
        session.end()


def test_paths_of_data_are_not_shown(make: Open, tmp_path: Path) -> None:
    """A message that names a file the run was given says only what its folder is called."""
    data = tmp_path / "deep" / "data"
    made = make(f"def go():\n    raise OSError('no access to {data}/model.h5')\n")
    made.open().end()
    session = made.server.open(replace(made.session.spec, readable=(data.parent, data)))
    try:
        with pytest.raises(OptgradeError) as raised:
            session.call("go")
    finally:
        session.end()
    assert "no access to (data)/model.h5" in str(raised.value)


def test_an_operation_that_the_driver_does_not_have(make: Open) -> None:
    """Asking a driver for what it does not do is an error and ends nothing."""
    made = make("def go():\n    return 1\n")
    session = made.open()
    with pytest.raises(OptgradeError, match="KeyError"):
        session.call("fly")
    assert made.go().facts == {"answer": 1}


def test_a_run_that_is_never_called(make: Open) -> None:
    """A run that is ended before it did anything leaves nothing and no error."""
    made = make("raise RuntimeError\n")
    made.open()
    record = made.end()
    assert record.error is None
    assert not made.left()
