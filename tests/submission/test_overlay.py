"""The copy of a submission that its runs see, with the given kit laid over it."""

from __future__ import annotations

import os
import socket
import stat
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from graders.core.errors import SubmissionError
from graders.core.removal import remove
from graders.submission import build_overlay, limits

HANG_S = 20.0
"""Most that laying out may take before it counts as hanging."""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """An empty folder for the student's files."""
    path = tmp_path / "student"
    path.mkdir()
    return path


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    """A folder with a given file and a given folder."""
    path = tmp_path / "given"
    (path / "course" / "misc" / "deep").mkdir(parents=True)
    (path / "course" / "tools.py").write_text("given tools\n")
    (path / "course" / "misc" / "data.py").write_text("given data\n")
    (path / "course" / "misc" / "deep" / "more.py").write_text("given more\n")
    return path


GIVEN = ["course/tools.py", "course/misc"]


def write(root: Path, files: dict[str, bytes | str]) -> None:
    """Writes files below ``root``."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def contents(root: Path) -> dict[str, bytes]:
    """Every file below ``root``."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def laid(source: Path, kit: Path | None = None) -> Any:
    """The view of ``source``; it must not take for ever, whatever lies there."""
    place = source.parent / f"view{len(list(source.parent.iterdir()))}"
    future: Future[Any] = Future()

    def work() -> None:
        try:
            future.set_result(build_overlay(source, {path: kit / path for path in GIVEN} if kit else {}, place))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return future.result(timeout=HANG_S)


def noted(notes: tuple[str, ...]) -> dict[str, str]:
    """The notes by the name that they are about."""
    return dict(note.rsplit(": ", 1) for note in notes)


def test_files_are_copied_byte_for_byte(source: Path) -> None:
    """Line ends, byte order marks, encodings and empty files come out as they are."""
    files: dict[str, bytes | str] = {
        "windows.py": b"\xef\xbb\xbfx = 1\r\ny = 2\r\n",
        "latin.py": b"# caf\xe9\n",
        "empty.py": b"",
        "data/weights.bin": bytes(range(256)) * 100,
        "猫/实验 один.py": "打印 = 1\n",
        "no_end": b"x",
        ".hidden/file": b"h",
    }
    write(source, files)
    found = laid(source)
    assert contents(found.root) == {
        name: text if isinstance(text, bytes) else text.encode() for name, text in files.items()
    }
    assert found.notes == ()


def test_the_students_files_stay_as_they_are(source: Path, kit: Path) -> None:
    """Laying out changes nothing in the submission, and the copies are no links to it."""
    write(source, {"a.py": "a", "course/tools.py": "mine"})
    before = contents(source)
    found = laid(source, kit)
    (found.root / "a.py").write_text("changed")
    assert contents(source) == before


def test_folders_that_no_run_needs(source: Path) -> None:
    """Git's own folder, caches and environments are left out without a word."""
    write(
        source, {f"{name}/x.py": "x" for name in (".git", "__pycache__", ".venv", "sub/__pycache__")} | {"kept.py": "x"}
    )
    (source / "venv").symlink_to("/usr")
    found = laid(source)
    assert list(contents(found.root)) == ["kept.py"]
    assert found.notes == ()


def test_environments_whatever_they_are_called(source: Path) -> None:
    """A folder that Python recognises as a virtual environment is left out; a submission's own root is not."""
    write(source, {"pyvenv.cfg": "x", "kept.py": "x", "my env/pyvenv.cfg": "home = /usr", "my env/lib/x.py": "x"})
    assert list(contents(laid(source).root)) == ["kept.py", "pyvenv.cfg"]


def test_empty_folders_are_there(source: Path) -> None:
    """Code may want to write to a folder that has nothing in it yet."""
    write(source, {"lab/work.py": "x"})
    (source / "lab" / "logs" / "old").mkdir(parents=True)
    found = laid(source)
    assert (found.root / "lab" / "logs" / "old").is_dir()
    assert found.empty_folders == ("lab/logs/old",)


SPECIAL: dict[str, Callable[[Path], Any]] = {
    "link to a file": lambda path: path.symlink_to("/etc/hostname"),
    "link to a folder": lambda path: path.symlink_to("/etc"),
    "link to its parent": lambda path: path.symlink_to(".."),
    "link to itself": lambda path: path.symlink_to(path.name),
    "link to nothing": lambda path: path.symlink_to("nowhere"),
    "link to a file beside it": lambda path: path.symlink_to("real.py"),
    "FIFO": os.mkfifo,
}


@pytest.mark.parametrize("make", list(SPECIAL.values()), ids=list(SPECIAL))
def test_what_is_no_regular_file_is_left_out(source: Path, make: Callable[[Path], Any]) -> None:
    """Links of every kind and FIFOs are left out with a note, nothing is read through them, and the rest is copied."""
    write(source, {"real.py": "x = 1\n", "sub/other.py": "y = 2\n"})
    make(source / "sub" / "odd.py")
    found = laid(source)
    assert noted(found.notes) == {"sub/odd.py": "not a regular file; skipped"}
    assert sorted(contents(found.root)) == ["real.py", "sub/other.py"]


def test_sockets_and_devices_are_left_out(source: Path) -> None:
    """Sockets are left out with a note; so are devices, where one may be made."""
    expected = {"sock"}
    with socket.socket(socket.AF_UNIX) as server:
        # A socket's path has little room; from its own folder it is short.
        before = Path.cwd()
        os.chdir(source)
        try:
            server.bind("sock")
        finally:
            os.chdir(before)
        try:
            os.mknod(source / "zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
            expected.add("zero")
        except PermissionError:
            pass
        found = laid(source)
    assert set(noted(found.notes)) == expected
    assert contents(found.root) == {}


def test_notes_are_one_line_of_text_each(source: Path) -> None:
    """Names with line ends, escape sequences or bytes that are no text make notes that can be shown."""
    for name in (b"two\nlines", b"\x1b[31mred", b"caf\xe9", "猫".encode()):
        (source / os.fsdecode(name)).symlink_to("nowhere")
    found = laid(source)
    assert len(found.notes) == 4
    for note in found.notes:
        note.encode()
        assert note.isprintable()
    assert "猫: not a regular file; skipped" in found.notes


def test_code_with_odd_names_is_part_of_the_digest(source: Path) -> None:
    """A file whose name is no text is copied and counts."""
    write(source, {"a.py": "a"})
    before = laid(source)
    name = os.fsdecode(b"caf\xe9.py")
    (source / name).write_bytes(b"x")
    after = laid(source)
    assert after.digest != before.digest
    assert (after.root / name).read_bytes() == b"x"


def test_the_kit_lies_over_tampered_files(source: Path, kit: Path) -> None:
    """Given files are the grader's, whatever the student put in their place; other files stay."""
    write(
        source,
        {
            "course/tools.py": "tampered",
            "course/misc/data.py": "tampered",
            "course/misc/helper.py": "the student's own",
            "course/misc/deep/own.py": "the student's own",
            "course/work.py": "the student's own",
        },
    )
    found = contents(laid(source, kit).root)
    assert found == {
        "course/tools.py": b"given tools\n",
        "course/misc/data.py": b"given data\n",
        "course/misc/deep/more.py": b"given more\n",
        "course/misc/helper.py": b"the student's own",
        "course/misc/deep/own.py": b"the student's own",
        "course/work.py": b"the student's own",
    }


def test_the_kit_comes_where_the_student_has_nothing(source: Path, kit: Path) -> None:
    """Given files are there even where the submission lacks them."""
    write(source, {"README.md": "x"})
    assert {"course/tools.py", "course/misc/data.py", "course/misc/deep/more.py"} < set(
        contents(laid(source, kit).root)
    )


IN_THE_WAY: dict[str, dict[str, bytes | str]] = {
    "a folder where a given file goes": {"course/tools.py/x.py": "x"},
    "a file where a given folder goes": {"course/misc": "x"},
    "a file where a folder of a given folder goes": {"course/misc/deep": "x"},
    "a folder where a file of a given folder goes": {"course/misc/data.py/deep/x": "x"},
    "a file where all of it goes": {"course": "x"},
}


@pytest.mark.parametrize("files", list(IN_THE_WAY.values()), ids=list(IN_THE_WAY))
def test_what_is_in_the_kits_way_gives_way(source: Path, kit: Path, files: dict[str, bytes | str]) -> None:
    """A folder where a given file must go, and a file where a given folder must go, are replaced."""
    write(source, files | {"own.py": "own"})
    found = contents(laid(source, kit).root)
    assert found["course/tools.py"] == b"given tools\n"
    assert found["course/misc/data.py"] == b"given data\n"
    assert found["course/misc/deep/more.py"] == b"given more\n"
    assert found["own.py"] == b"own"


@pytest.mark.parametrize(
    "name", ["data/__init__.py", "data.cpython-311-x86_64-linux-gnu.so", "data.abi3.so", "data.so", "data.pyc"]
)
def test_nothing_is_imported_in_the_kits_place(source: Path, kit: Path, name: str) -> None:
    """A package or a library of a given module's name, which Python would find first, is left out."""
    write(source, {f"course/misc/{name}": "x", "course/misc/database.so": "own", "course/misc/data.csv": "own"})
    found = contents(laid(source, kit).root)
    assert f"course/misc/{name}" not in found
    assert {"course/misc/data.py", "course/misc/database.so", "course/misc/data.csv"} < set(found)


def test_a_link_where_the_kit_goes(source: Path, kit: Path, tmp_path: Path) -> None:
    """A link in the place of a given file or folder is not followed: nothing outside the view is written."""
    outside = tmp_path / "outside"
    write(outside, {"tools.py": "outside", "misc/data.py": "outside"})
    (source / "course").mkdir()
    (source / "course" / "tools.py").symlink_to(outside / "tools.py")
    (source / "course" / "misc").symlink_to(outside / "misc")
    found = laid(source, kit)
    assert contents(outside) == {"tools.py": b"outside", "misc/data.py": b"outside"}
    assert (found.root / "course" / "misc" / "data.py").read_text() == "given data\n"


def test_folders_in_folders_without_end(source: Path) -> None:
    """Three thousand folders in each other, which a recursive walk does not survive, are left out with one note."""
    write(source, {"kept.py": "x", "z/kept.py": "x", "40/" * 39 + "deep.py": "x", "41/" * 41 + "deep.py": "x"})
    descriptor = os.open(source, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("endless", dir_fd=descriptor)
        inner = os.open("endless", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)
    try:
        found = laid(source)
    finally:
        remove(source / "endless")
    assert set(contents(found.root)) == {"kept.py", "z/kept.py", "40/" * 39 + "deep.py"}
    assert [note.rsplit(": ", 1)[1] for note in found.notes] == ["too deep; skipped"] * 2


def test_names_that_leave_no_room(source: Path) -> None:
    """A path that would be too long where it is copied to is left out; so are folders without end."""
    long = "n" * 220
    write(source, {f"{long}/{long}/a.py": "x", f"{long}/{long}/{long}/{long}/{long}/b.py": "x"})
    found = laid(source)
    assert set(contents(found.root)) == {f"{long}/{long}/a.py"}
    assert len(found.notes) == 1


def test_too_many_folders(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders are counted as files are."""
    monkeypatch.setattr(limits, "MAX_FOLDERS", 10)
    write(source, {f"{number:02}/a.py": "x" for number in range(20)})
    found = laid(source)
    assert len(contents(found.root)) == 9
    assert found.notes == ("more than 10 folders; the rest is skipped",)


def test_the_digest_depends_on_code_alone(source: Path) -> None:
    """Changed code changes the digest; other files, times and modes do not."""
    write(source, {"a.py": "a = 1\n", "b/work.ipynb": "{}", "README.md": "x"})
    first = laid(source).digest
    assert len(first) == 64
    write(source, {"README.md": "y", "data.bin": b"\0" * 100, "b/notes.txt": "z"})
    (source / "a.py").chmod(0o755)
    os.utime(source / "a.py", (1, 1))
    assert laid(source).digest == first
    digests = {first}
    for change in ({"a.py": "a = 2\n"}, {"b/work.ipynb": "{ }"}, {"c.py": ""}):
        write(source, change)
        digests.add(laid(source).digest)
    (source / "c.py").rename(source / "d.py")
    digests.add(laid(source).digest)
    assert len(digests) == 5


def test_every_file_that_runs_can_read_has_a_hash(source: Path) -> None:
    """Of code and of data; a summary has none, and runs can't read it."""
    write(source, {"a.py": "a = 1\n", "data.json": "[1]", "summaries/l02/summary.md": "x", "pkg/summaries/x.json": "1"})
    first = laid(source)
    assert set(contents(first.root)) == set(first.files) == {"a.py", "data.json", "pkg/summaries/x.json"}
    write(source, {"data.json": "[2]"})
    changed = laid(source).files
    assert {name for name in changed if changed[name] != first.files[name]} == {"data.json"}


def test_the_digest_does_not_depend_on_the_place(source: Path, tmp_path: Path) -> None:
    """The same code in another folder, written in another order, has the same digest."""
    files: dict[str, bytes | str] = {"z.py": "z", "a/b.py": "b", "a.py": "a", "a-b.py": "ab"}
    write(source, files)
    other = tmp_path / "elsewhere"
    write(other, dict(reversed(files.items())))
    assert laid(source).digest == laid(other).digest


def test_names_and_contents_are_not_confused(source: Path, tmp_path: Path) -> None:
    """Moving text from one file to the next, or from a file into a name, changes the digest."""
    write(source, {"a.py": "xy", "b.py": ""})
    other = tmp_path / "other"
    write(other, {"a.py": "x", "b.py": "y"})
    assert laid(source).digest != laid(other).digest


def test_a_huge_file_is_left_out(source: Path) -> None:
    """A file over the bound is left out with a note, before any of it is read; one at the bound is copied."""
    write(source, {"kept.py": "x"})
    for name, size in (("huge.bin", limits.MAX_FILE + 1), ("sparse.bin", 1 << 40), ("just.bin", limits.MAX_FILE)):
        with (source / name).open("wb") as file:
            file.truncate(size)
    found = laid(source)
    assert set(noted(found.notes)) == {"huge.bin", "sparse.bin"}
    assert "too large" in noted(found.notes)["huge.bin"]
    assert {path.name: path.stat().st_size for path in found.root.iterdir()} == {
        "kept.py": 1,
        "just.bin": limits.MAX_FILE,
    }


def test_too_much_in_all(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More bytes than the limit are refused in one line, which names a place; as many as the limit are accepted."""
    monkeypatch.setattr(limits, "MAX_TOTAL", 2 << 20)
    write(source, {"a.bin": bytes(1 << 20), "b.bin": bytes(1 << 20)})
    assert sorted(contents(laid(source).root)) == ["a.bin", "b.bin"]
    write(source, {"c.py": "x"})
    with pytest.raises(SubmissionError, match=r"more than 2 MiB, which is the limit \(see c.py\)") as raised:
        laid(source)
    assert "\n" not in str(raised.value)


def test_too_many_files(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More files than the limit are refused in one line, which names the fullest folder; as many are accepted."""
    monkeypatch.setattr(limits, "MAX_FILES", 10)
    write(source, {f"pets/images/{number}.jpg": "x" for number in range(8)} | {"a.py": "x", "b.py": "x"})
    assert len(contents(laid(source).root)) == 10
    write(source, {"c.py": "x"})
    with pytest.raises(SubmissionError, match=r"more than 10 files, which is the limit \(see pets/images\)") as raised:
        laid(source)
    assert "\n" not in str(raised.value)


def test_a_file_that_can_not_be_read(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the system does not let the grader read is left out with a note."""
    write(source, {"closed.py": "x", "open.py": "y"})
    real = os.open

    def refusing(path: Any, *args: Any, **options: Any) -> int:
        if str(path).endswith("closed.py"):
            raise PermissionError(13, "Permission denied")
        return real(path, *args, **options)

    monkeypatch.setattr(os, "open", refusing)
    found = laid(source)
    assert noted(found.notes) == {"closed.py": "can't be read; skipped"}
    assert "open.py" in contents(found.root)


def test_an_lfs_pointer_and_a_submodule(source: Path) -> None:
    """Pointers instead of files are text like any other, and an empty submodule is an empty folder: nothing breaks."""
    write(
        source,
        {"model.tflite": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", ".git": "gitdir: x\n"},
    )
    (source / "module").mkdir()
    found = laid(source)
    assert found.notes == ()
    assert "model.tflite" in contents(found.root)
