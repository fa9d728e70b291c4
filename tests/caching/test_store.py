"""The store gives back what it was given, or nothing: whatever happened to its files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graders.caching import Store, default_folder, private_folder
from graders.core.errors import UsageError
from graders.submission import Artifact

KEY = "ab" + "0" * 62
OTHER = "cd" + "1" * 62


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path / "store", 1 << 20)


def entry(store: Store, key: str = KEY) -> Path:
    """The file of an entry."""
    return store.folder / key[:2] / f"{key[2:]}.json"


def test_what_is_kept_comes_back(store: Store, tmp_path: Path) -> None:
    """Also to another process, which is to say another object for the same folder."""
    store.put(KEY, {"a": (1, 2.5)})
    assert store.has(KEY)
    assert store.get(KEY, tmp_path) == {"a": (1, 2.5)}
    assert Store(store.folder).get(KEY, tmp_path) == {"a": (1, 2.5)}
    assert not store.has(OTHER)
    assert store.get(OTHER, tmp_path) is None


def test_only_the_user_can_read_it(store: Store) -> None:
    """The folder and its key are closed to others."""
    store.put(KEY, 1)
    assert store.folder.stat().st_mode & 0o077 == 0
    assert (store.folder / "key").stat().st_mode & 0o077 == 0


def test_an_entry_of_somebody_elses_is_none(store: Store, tmp_path: Path) -> None:
    """What was written without the key is taken for nothing, and removed."""
    store.put(KEY, {"points": 0})
    code, _, _ = entry(store).read_bytes().partition(b" ")
    entry(store).write_bytes(code + b" " + json.dumps({"dict": [["points", 18]]}).encode())
    assert store.get(KEY, tmp_path) is None
    assert not entry(store).exists()


def test_an_entry_under_another_key_is_none(store: Store, tmp_path: Path) -> None:
    """A good result can't be moved to where another's is looked for."""
    store.put(OTHER, "earned")
    entry(store).parent.mkdir(parents=True)
    entry(store, OTHER).replace(entry(store))
    assert store.get(KEY, tmp_path) is None


def test_another_stores_entry_is_none(store: Store, tmp_path: Path) -> None:
    """Each store has a key of its own."""
    other = Store(tmp_path / "other")
    other.put(KEY, "earned")
    store.put(OTHER, "x")
    entry(store).parent.mkdir(parents=True)
    entry(store).write_bytes(entry(other).read_bytes())
    assert store.get(KEY, tmp_path) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_noticed(store: Store, tmp_path: Path, data: st.DataObject) -> None:
    """A file that was cut off or changed in any byte gives nothing, and never an error."""
    store.put(KEY, {"a": [1, 2, 3], "b": "text"})
    whole = entry(store).read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    change = data.draw(st.integers(1, 255))
    damaged = whole[:at] if data.draw(st.booleans()) else whole[:at] + bytes([whole[at] ^ change]) + whole[at + 1 :]
    entry(store).write_bytes(damaged)
    assert store.get(KEY, tmp_path) is None


def artifact(tmp_path: Path, data: bytes) -> Artifact:
    """A file as intake leaves it."""
    path = tmp_path / "artifact.tflite"
    path.write_bytes(data)
    return Artifact(path, len(data), "sha")


def test_files_are_laid_out(store: Store, tmp_path: Path) -> None:
    """A file of evidence is there again, under its name, in a folder of the grading's own."""
    store.put(KEY, artifact(tmp_path, b"TFL3 model"))
    (tmp_path / "artifact.tflite").unlink()
    found = store.get(KEY, tmp_path / "work")
    assert found.path.name == "artifact.tflite"
    assert found.path.read_bytes() == b"TFL3 model"
    assert tmp_path / "work" in found.path.parents


def test_a_file_with_other_bytes_is_none(store: Store, tmp_path: Path) -> None:
    """Neither a changed nor a lost file is passed on."""
    store.put(KEY, artifact(tmp_path, b"TFL3 model"))
    (cached,) = store.folder.glob("*/*.file")
    cached.write_bytes(b"TFL3 other")
    assert store.get(KEY, tmp_path / "work") is None
    store.put(KEY, artifact(tmp_path, b"TFL3 model"))
    (cached,) = store.folder.glob("*/*.file")
    cached.unlink()
    assert store.get(KEY, tmp_path / "work") is None


def test_it_is_bounded(tmp_path: Path) -> None:
    """Where there is too much, what was unused longest goes first."""
    store = Store(tmp_path / "store", 40_000)
    keys = [f"{number:02x}" + "0" * 62 for number in range(20)]
    for number, key in enumerate(keys):
        store.put(key, "x" * 4000)
        os.utime(entry(store, key), (1000 + number, 1000 + number))
    # Used now, so it stays.
    assert store.get(keys[0], tmp_path)
    store.trim()
    left = [key for key in keys if store.has(key)]
    assert keys[0] in left
    assert keys[-1] in left
    assert keys[1] not in left
    assert sum(path.stat().st_size for path in store.folder.glob("*/*")) <= 40_000


def test_a_folder_that_cant_be_written(tmp_path: Path) -> None:
    """Nothing is cached then, and nothing is lost."""
    (tmp_path / "file").write_text("no folder")
    store = Store(tmp_path / "file" / "store")
    store.put(KEY, 1)
    assert store.get(KEY, tmp_path) is None
    store.trim()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_cant_be_read(store: Store, tmp_path: Path) -> None:
    """It is as if nothing were there."""
    store.put(KEY, 1)
    store.folder.chmod(0)
    try:
        assert not store.has(KEY)
        assert store.get(KEY, tmp_path) is None
        Store(store.folder).put(KEY, 2)
    finally:
        store.folder.chmod(0o700)


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment says where; by default it is the user's cache folder."""
    monkeypatch.setenv("OPTGRADE_CACHE", str(tmp_path / "here"))
    assert default_folder() == tmp_path / "here"
    monkeypatch.delenv("OPTGRADE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "optgrade"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_folder() == Path.home() / ".cache" / "optgrade"


def test_a_folder_of_ones_own(store: Store) -> None:
    """It may be absent, new or used, and others may look into it."""
    assert private_folder(store.folder) == store.folder
    store.put(KEY, 1)
    store.folder.chmod(0o755)
    assert private_folder(store.folder) == store.folder


@pytest.mark.parametrize("mode", [0o775, 0o777])
def test_a_folder_that_others_may_write_to(mode: int, store: Store, tmp_path: Path) -> None:
    """It is refused in one line, and gives and takes nothing."""
    store.put(KEY, 1)
    store.folder.chmod(mode)
    with pytest.raises(UsageError, match=r"^[^\n]*other users may write to this cache folder; remove it[^\n]*$"):
        private_folder(store.folder)
    assert Store(store.folder).get(KEY, tmp_path) is None


def test_a_key_that_others_may_read(store: Store, tmp_path: Path) -> None:
    """Whoever knows it could write entries."""
    store.put(KEY, 1)
    (store.folder / "key").chmod(0o640)
    with pytest.raises(UsageError, match="other users may read this cache folder's key"):
        private_folder(store.folder)
    assert Store(store.folder).get(KEY, tmp_path) is None


def test_a_key_that_is_a_link(store: Store, tmp_path: Path) -> None:
    """A key is a file of the folder's own."""
    store.put(KEY, 1)
    (store.folder / "key").rename(tmp_path / "key")
    (store.folder / "key").symlink_to(tmp_path / "key")
    with pytest.raises(UsageError, match="key is not a file"):
        private_folder(store.folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("name", ["", "key"])
def test_a_folder_of_another_users(name: str, store: Store, tmp_path: Path) -> None:
    """Neither the folder nor its key may be another user's, even where root grades."""
    store.put(KEY, 1)
    os.chown(store.folder / name, 12345, 12345)
    with pytest.raises(UsageError, match=r"belongs to another user \(uid 12345\)"):
        private_folder(store.folder)
    assert Store(store.folder).get(KEY, tmp_path) is None
