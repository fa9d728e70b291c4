"""ZIP archives as submissions: what is in them comes out, and nothing gets out of the folder or out of hand."""

from __future__ import annotations

import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.core.errors import SubmissionError
from graders.submission import limits
from graders.submission.archives import is_archive, unpack

FILE = "dl_in_iot_course/l02_quantization/quantization_experiments.py"
Make = Callable[..., Path]


@pytest.fixture
def archive(tmp_path: Path) -> Make:
    """An archive with these members: names, or entries of zipfile, and data."""

    def make(members: dict[str | zipfile.ZipInfo, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
        path = tmp_path / "ada.zip"
        with zipfile.ZipFile(path, "w", compression) as opened:
            for name, data in members.items():
                opened.writestr(name, data)
        return path

    return make


def special(name: str, kind: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (kind | 0o777) << 16
    return entry


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_files_come_out(compression: int, archive: Make, tmp_path: Path) -> None:
    """Files and folders come out as they went in, in every usual compression, with names in any script."""
    members = {f"ada/{FILE}": b"class FP32Model: ...\n", "ada/summaries/小结.md": "准确率".encode(), "ada/empty/": b""}
    path = archive(members, compression)
    assert is_archive(path)
    found = unpack(path, tmp_path / "out")
    assert found.notes == ()
    assert files(found.folder) == {name: data for name, data in members.items() if not name.endswith("/")}
    assert (found.folder / "ada" / "empty").is_dir()


@pytest.mark.parametrize(
    "name",
    ["../out.py", "a/../../out.py", "/etc/out.py", "C:\\out.py", "..\\..\\out.py", "a/b/../../../out.py", "C:out.py"],
)
def test_names_that_lead_out(name: str, archive: Make, tmp_path: Path) -> None:
    """A member whose name leads out of the folder is left out and noted; the rest is taken."""
    found = unpack(archive({name: b"out", "good.py": b"good"}), tmp_path / "deep" / "er" / "out")
    assert files(tmp_path / "deep") == {"er/out/good.py": b"good"}
    assert len(found.notes) == 1
    assert "leads out of the archive" in found.notes[0]
    assert not Path("/etc/out.py").exists()


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_what_is_no_file(kind: int, archive: Make, tmp_path: Path) -> None:
    """Links and devices are left out, and nothing is ever written through one."""
    found = unpack(
        archive({special("link", kind): b"/etc/passwd", "link/x.py": b"x", "good.py": b"good"}), tmp_path / "out"
    )
    assert not (tmp_path / "out" / "link").is_symlink()
    assert "a link or a device" in found.notes[0]
    assert files(found.folder) == {"link/x.py": b"x", "good.py": b"good"}


def test_windows_names(archive: Make, tmp_path: Path) -> None:
    """Backslashes, as some Windows programs write them, part folders."""
    found = unpack(archive({FILE.replace("/", "\\"): b"x"}), tmp_path / "out")
    assert files(found.folder) == {FILE: b"x"}


def test_one_name_twice(archive: Make, tmp_path: Path) -> None:
    """Of two members of one name the first is taken, and that is noted; so is a file where a folder has to be."""
    first, again = zipfile.ZipInfo("a.py"), zipfile.ZipInfo("a.py")
    with pytest.warns(UserWarning, match="Duplicate"):
        path = archive({first: b"first", again: b"second"})
    found = unpack(path, tmp_path / "out")
    assert files(found.folder) == {"a.py": b"first"}
    assert "duplicate" in found.notes[0]


def test_a_file_in_the_place_of_a_folder(archive: Make, tmp_path: Path) -> None:
    """An archive that no file system can hold is refused in one line."""
    with pytest.raises(SubmissionError) as raised:
        unpack(archive({"a": b"file", "a/b.py": b"below it"}), tmp_path / "out")
    assert "can't be unpacked" in str(raised.value)
    assert str(tmp_path) not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_bombs(archive: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes are counted as data come: one large file is left out, too much in all is refused, nothing fills the disk."""
    monkeypatch.setattr(limits, "MAX_FILE", 1 << 20)
    monkeypatch.setattr(limits, "MAX_TOTAL", 3 << 20)
    found = unpack(archive({"bomb.bin": bytes(8 << 20), "good.py": b"good"}), tmp_path / "one")
    assert files(found.folder) == {"good.py": b"good"}
    assert "more than 1 MiB" in found.notes[0]
    many = archive({f"{number}.bin": bytes(900_000) for number in range(8)})
    with pytest.raises(SubmissionError, match="more than 3 MiB"):
        unpack(many, tmp_path / "many")
    assert sum(len(data) for data in files(tmp_path / "many").values()) <= 3 << 20


def test_a_dictionary_of_gigabytes(tmp_path: Path) -> None:
    """A member whose decoder would allocate 4 GiB is left out before anything of it is decoded."""
    path = tmp_path / "greedy.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as made:
        for name in ("greedy.py", "fine.py"):
            made.writestr(name, b"x = 1\n" * 100)
    data = bytearray(path.read_bytes())
    at = 30 + len("greedy.py") + 5
    data[at : at + 4] = b"\xff" * 4
    path.write_bytes(data)
    found = unpack(path, tmp_path / "out")
    assert list(files(found.folder)) == ["fine.py"]
    assert found.notes == ("greedy.py: compressed in a way that takes too much memory; skipped",)


def test_too_many_entries(archive: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive of very many entries is refused before any is taken."""
    monkeypatch.setattr(limits, "MAX_ENTRIES", 10)
    with pytest.raises(SubmissionError, match="11 entries"):
        unpack(archive({f"{number}.py": b"" for number in range(11)}), tmp_path / "out")


def test_too_many_folders(archive: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders that files lie in count as those that are named."""
    monkeypatch.setattr(limits, "MAX_FOLDERS", 6)
    fine = archive({"a/b/c/x": b"", "a/b/y": b"", "a/b/c/": b"", "d/e/f/z": b""})
    assert len(list(unpack(fine, tmp_path / "fine").folder.rglob("*"))) == 9
    many = archive({"a/b/c/x": b"", "d/e/f/g/z": b""})
    with pytest.raises(SubmissionError, match="more than 6 folders"):
        unpack(many, tmp_path / "many")


@pytest.mark.parametrize("comment", [b"", b"x" * 65535])
def test_a_list_of_entries_that_is_too_long(comment: bytes, archive: Make, tmp_path: Path) -> None:
    """It is refused before it is read, whatever stands behind it; zipfile would hold all of it in memory."""
    path = archive({f"file-{number}": b"" for number in range(30)})
    with zipfile.ZipFile(path, "a") as opened:
        opened.comment = comment
    assert len(files(unpack(path, tmp_path / "fine").folder)) == 30
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x05\x06", 0, len(data) - len(comment))
    data[at + 12 : at + 16] = (9 << 20).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(SubmissionError, match="list of entries is too long"):
        unpack(path, tmp_path / "long")


def test_archives_of_64_bits(archive: Make, tmp_path: Path) -> None:
    """They have more than 65,535 entries or 4 GiB, and are refused by the mark that says so."""
    path = archive({"a": b""})
    data = path.read_bytes()
    at = data.rfind(b"PK\x05\x06")
    path.write_bytes(data[:at] + b"PK\x06\x07" + bytes(16) + data[at:])
    with pytest.raises(SubmissionError, match="list of entries is too long"):
        unpack(path, tmp_path / "out")


def test_a_size_that_lies(archive: Make, tmp_path: Path) -> None:
    """A member that says that it is smaller than it is does not come out as something else."""
    path = archive({"a.py": b"x" * 5000}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    for at in (data.index(b"PK\x01\x02") + 24, 22):
        data[at : at + 4] = struct.pack("<I", 10)
    path.write_bytes(bytes(data))
    with pytest.raises(SubmissionError, match="can't be unpacked"):
        unpack(path, tmp_path / "out")


def test_encrypted_members(archive: Make, tmp_path: Path) -> None:
    """An encrypted member is left out and noted."""
    path = archive({"a.py": b"x" * 50, "good.py": b"good"})
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    path.write_bytes(bytes(data))
    found = unpack(path, tmp_path / "out")
    assert files(found.folder) == {"good.py": b"good"}
    assert "encrypted" in found.notes[0]


def test_names_without_end(archive: Make, tmp_path: Path) -> None:
    """Names that no file system takes are left out."""
    found = unpack(archive({"a/" * 60 + "x.py": b"", "b" * 300: b"", "good.py": b"good"}), tmp_path / "out")
    assert files(found.folder) == {"good.py": b"good"}
    assert all("too long" in note for note in found.notes)


@given(st.binary(max_size=300), st.integers(0, 400), st.integers(0, 255))
def test_damaged_archives(tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int, byte: int) -> None:
    """Whatever the bytes, an archive comes out below its folder or is refused in one line."""
    folder = tmp_path_factory.mktemp("damaged")
    path = folder / "ada.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a/b.py", noise)
        opened.writestr("c.py", b"c")
    data = bytearray(path.read_bytes())
    data[at % len(data)] = byte
    path.write_bytes(bytes(data))
    told = ""
    try:
        unpack(path, folder / "out")
    except SubmissionError as error:
        told = str(error)
    assert "\n" not in told
    assert {each.name for each in folder.iterdir()} == {"ada.zip", "out"}


def test_what_is_too_large_is_not_decoded(archive: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of members that claim to be larger than any file may be cost no time: none of them is opened."""
    monkeypatch.setattr(limits, "MAX_FILE", 100)
    path = archive({"a.py": b"x = 1", **{f"{number}.bin": bytes(101) for number in range(50)}})
    opened: list[str] = []
    real = zipfile.ZipFile.open

    def counted(self: zipfile.ZipFile, member: zipfile.ZipInfo, *rest: str) -> object:
        opened.append(member.filename)
        return real(self, member, *rest)  # type: ignore[call-overload]

    monkeypatch.setattr(zipfile.ZipFile, "open", counted)
    found = unpack(path, tmp_path / "out")
    assert opened == ["a.py"]
    assert len(found.notes) == 50


def test_a_decoder_that_gives_out_everything_at_once(tmp_path: Path) -> None:
    """LZMA turns some KiB into 100 MiB in one step, whatever size the archive states: little is read at a time."""
    path, size = tmp_path / "ada.zip", 100 << 20
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as opened, opened.open("a.py", "w") as member:
        for _ in range(100):
            member.write(bytes(1 << 20))
    path.write_bytes(path.read_bytes().replace(struct.pack("<L", size), struct.pack("<L", 10)))
    tracemalloc.start()
    try:
        with pytest.raises(SubmissionError, match="can't be unpacked"):
            unpack(path, tmp_path / "out")
        assert tracemalloc.get_traced_memory()[1] < 90 << 20
    finally:
        tracemalloc.stop()
