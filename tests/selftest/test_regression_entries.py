"""What a regression grades, and what the outcome of each depends on."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from graders.core.errors import UsageError
from graders.sandbox.host.isolation import Bare
from graders.selftest.corpus import cases as corpus
from graders.selftest.regression import case_entries, submission_entries
from graders.selftest.regression.entries import entry_of, name_of

TIER = Bare()


def different(one: Mapping[str, str], other: Mapping[str, str]) -> set[str]:
    """The parts in which two entries differ."""
    return {name for name in one if one[name] != other[name]}


def test_every_case_is_an_entry() -> None:
    """Without words, all of the corpus; with words, the cases of such names."""
    files = {path for kind in ("mistakes", "correct") for path in (corpus.CORPUS / kind).glob("*/*.toml")}
    entries = case_entries(TIER)
    assert {entry.case for entry in entries if entry.case} == files
    assert {entry.taught for entry in entries if entry.taught} == set((corpus.CORPUS / "taught").glob("*.toml"))
    names = [entry.name for entry in case_entries(TIER, ["l02/no-"])]
    assert "mistakes/l02/no-rounding" in names
    assert all("l02/no-" in name for name in names)


def test_a_word_that_is_in_no_name() -> None:
    """One line says so."""
    with pytest.raises(UsageError, match="no case has nothing-of-the-kind in its name"):
        case_entries(TIER, ["nothing-of-the-kind"])


def test_parts_of_a_case() -> None:
    """Another tier, another threshold and another change are changes to just these parts."""
    case = next(case for case in corpus.load_all("l02") if name_of(case) == "mistakes/l02/no-rounding")
    parts = entry_of(case, TIER).parts
    assert entry_of(case, TIER).parts == parts
    assert different(parts, entry_of(case, replace(TIER, tier="strict")).parts) == {"isolation"}
    other = replace(case, changes=(replace(case.changes[0], new="y"),))
    assert different(parts, entry_of(other, TIER).parts) == {"submission"}
    assert entry_of(other, TIER).key != entry_of(case, TIER).key
    of_l03 = corpus.load_all("l03")[0]
    assert different(parts, entry_of(of_l03, TIER).parts) == {"labs", "thresholds", "submission"}


def test_real_submissions(tmp_path: Path) -> None:
    """Folders and archives are entries; their files and where their branches stand count, hidden caches do not."""
    class_ = tmp_path / "autumn"
    (class_ / "ada").mkdir(parents=True)
    (class_ / "ada" / "code.py").write_text("a = 1")
    with zipfile.ZipFile(class_ / "bob.zip", "w") as archive:
        archive.writestr("code.py", "b = 1")
    (class_ / "list.txt").write_text("no submission")
    first = {entry.name: entry for entry in submission_entries([class_], TIER)}
    assert set(first) == {"autumn/ada", "autumn/bob.zip"}
    again = {entry.name: entry for entry in submission_entries([class_], TIER)}
    assert again == first
    (class_ / "ada" / "__pycache__").mkdir()
    (class_ / "ada" / "__pycache__" / "x.pyc").write_bytes(b"")
    assert {entry.name: entry for entry in submission_entries([class_], TIER)} == first
    (class_ / "ada" / "code.py").write_text("a = 2")
    (changed,) = [entry for entry in submission_entries([class_], TIER) if entry.name == "autumn/ada"]
    assert different(first["autumn/ada"].parts, changed.parts) == {"submission"}


def test_a_commit_counts(tmp_path: Path) -> None:
    """The same files with another history are graded again."""
    folder = tmp_path / "autumn" / "ada"
    folder.mkdir(parents=True)
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-C", str(folder)]
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    keys = []
    for _ in range(2):
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "Step"], check=True)
        keys.append(submission_entries([folder.parent], TIER)[0].key)
    assert len(set(keys)) == 2
    assert submission_entries([folder.parent], TIER)[0].key == keys[1]


@pytest.mark.parametrize("folder", ["none", "empty", "file"])
def test_no_submissions(folder: str, tmp_path: Path) -> None:
    """One line says what was expected."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=f"--submissions .*{folder}: n"):
        submission_entries([tmp_path / folder], TIER)
