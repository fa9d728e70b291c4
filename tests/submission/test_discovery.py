"""Finding the folder that a student's work lies in."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graders.core.errors import SubmissionError
from graders.submission import discover

FILES = ["labs/l02/work.py", "labs/l03/work.py"]
SOON_S = 20.0
"""Far above what any of these takes, far below a hang."""


def put(root: Path, *files: str) -> Path:
    """Writes empty files below ``root``."""
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    return root


def root_of(path: Path) -> str:
    """The root that is found, relative to the path that was given."""
    return discover(path, FILES).root.relative_to(path.resolve()).as_posix()


@pytest.mark.parametrize("name", ["absent", "absent/below", "x" * 300, "loop", "\0"])
def test_no_such_path(tmp_path: Path, name: str) -> None:
    """A path that leads nowhere, whatever the reason, is told in one line."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(SubmissionError) as caught:
        discover(tmp_path / name, FILES)
    assert "\n" not in str(caught.value)


def test_a_file(tmp_path: Path) -> None:
    """A file is no submission."""
    with pytest.raises(SubmissionError, match="not a folder"):
        discover(put(tmp_path, "work.py") / "work.py", FILES)


def test_an_empty_folder(tmp_path: Path) -> None:
    """An empty folder is told as such."""
    with pytest.raises(SubmissionError, match="empty"):
        discover(tmp_path, FILES)


def test_the_folder_itself(tmp_path: Path) -> None:
    """Where the labs' files lie at the top, the top is the root, and the folder's name is the submission's."""
    found = discover(put(tmp_path / "Jméno 猫", *FILES), FILES)
    assert found.root == found.given_path == (tmp_path / "Jméno 猫").resolve()
    assert found.name == "Jméno 猫"


def test_a_folder_with_none_of_the_files(tmp_path: Path) -> None:
    """Where no lab's file is found, the folder itself is the root."""
    assert root_of(put(tmp_path, "README.md", "src/other.py")) == "."


def test_a_nested_root(tmp_path: Path) -> None:
    """The labs may lie in a subfolder."""
    assert root_of(put(tmp_path, "README.md", f"course/repo/{FILES[0]}")) == "course/repo"


def test_the_shallowest_wins(tmp_path: Path) -> None:
    """Of two folders with as many of the files, the shallower one is the root, and the first by name of two alike."""
    assert root_of(put(tmp_path, f"a/deep/{FILES[0]}", f"z/{FILES[0]}", f"y/{FILES[0]}")) == "y"


def test_more_files_beat_a_shallower_place(tmp_path: Path) -> None:
    """The folder with the most of the labs' files is the root."""
    assert root_of(put(tmp_path, FILES[0], *(f"old/copy/{file}" for file in FILES))) == "old/copy"


@pytest.mark.parametrize("name", [".git", "__pycache__", ".venv", "venv", "node_modules"])
def test_folders_that_are_not_looked_into(tmp_path: Path, name: str) -> None:
    """Copies in a virtual environment, in git's own folder or in a cache are not the student's work."""
    assert root_of(put(tmp_path, *(f"{name}/x/{file}" for file in FILES), f"work/{FILES[0]}")) == "work"


def test_a_folder_in_the_place_of_a_file(tmp_path: Path) -> None:
    """A folder of a lab's file's name does not count as the file."""
    (tmp_path / FILES[0]).mkdir(parents=True)
    assert root_of(put(tmp_path, f"real/{FILES[0]}")) == "real"


def test_links_are_not_followed(tmp_path: Path) -> None:
    """Links to folders, those that lead up or in circles included, are not followed, and the search ends."""
    outside = put(tmp_path / "outside", *FILES)
    inside = put(tmp_path / "inside", f"sub/{FILES[0]}")
    (inside / "up").symlink_to(inside.parent)
    (inside / "sub" / "round").symlink_to(inside)
    (inside / "self").symlink_to("self")
    (inside / "a_link").symlink_to(outside)
    started = time.monotonic()
    assert root_of(inside) == "sub"
    assert time.monotonic() - started < SOON_S


def test_a_link_to_the_submission(tmp_path: Path) -> None:
    """The path that is given may itself be a link."""
    put(tmp_path / "real", *FILES)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert discover(tmp_path / "link", FILES).root == (tmp_path / "real").resolve()


def test_deep_and_wide_folders_take_no_time(tmp_path: Path) -> None:
    """A very deep or very wide tree is searched in bounded time, and the shallow part of it fully."""
    deep = tmp_path
    for _ in range(60):
        deep = deep / "d"
    put(deep, FILES[0])
    for number in range(6000):
        (tmp_path / f"wide{number}").mkdir()
    put(tmp_path, f"a/{FILES[0]}")
    started = time.monotonic()
    assert root_of(tmp_path) == "a"
    assert time.monotonic() - started < SOON_S


def test_names_that_are_no_text(tmp_path: Path) -> None:
    """File names in another encoding do not stop the search."""
    (tmp_path / os.fsdecode(b"caf\xe9")).mkdir()
    assert root_of(put(tmp_path, f"work/{FILES[0]}")) == "work"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach, as pytest's own can't be."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def without_privileges(work: Callable[[], str]) -> str:
    """What ``work`` returns, or the type of what it raised, where the process is not root."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            told = work()
        except BaseException as error:
            told = f"{type(error).__name__}: {error}"
        os.write(writing, told.encode())
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as file:
        told = file.read().decode()
    os.waitpid(child, 0)
    return told


def test_an_unreadable_subfolder(open_folder: Path) -> None:
    """A subfolder that may not be read is passed over."""
    put(open_folder, f"closed/{FILES[0]}", f"open/{FILES[0]}", f"listable/{FILES[0]}")
    (open_folder / "closed").chmod(0)
    (open_folder / "listable").chmod(0o444)
    try:
        assert without_privileges(lambda: root_of(open_folder)) == "open"
    finally:
        (open_folder / "closed").chmod(0o755)
        (open_folder / "listable").chmod(0o755)


@pytest.mark.parametrize("below", [".", "sub"])
def test_an_unreadable_submission(open_folder: Path, below: str) -> None:
    """A submission that may not be read at all is told in one line."""
    closed = open_folder / "closed"
    put(closed, *FILES, f"sub/{FILES[0]}")
    closed.chmod(0)
    try:
        told = without_privileges(lambda: str(discover(closed / below, FILES)))
    finally:
        closed.chmod(0o755)
    assert told.startswith("SubmissionError: ")
    assert "\n" not in told


def test_a_broken_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system fails to list the folder, the submission can't be read, and the error says why."""

    def failing(*_: Any, **__: Any) -> Any:
        raise OSError(errno.EIO, "Input/output error")

    put(tmp_path, *FILES)
    monkeypatch.setattr(os, "scandir", failing)
    monkeypatch.setattr(os, "listdir", failing)
    with pytest.raises(SubmissionError, match="Input/output error"):
        discover(tmp_path, FILES)
