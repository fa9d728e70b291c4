"""Which of the files that were submitted are the summary, and which are the page that was given."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.written.claims import read_summary
from graders.written.claims.summaries import MAX_FILE, MAX_FILES

FOLDER = "summaries/l02_quantization"
GIVEN = "# What belongs here\n* the set-up, please\n* the sizes of files\n* a table of figures\n* and your answers\n"


def put(root: Path, **files: str) -> None:
    """Writes Markdown files into the lab's folder."""
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (root / FOLDER / f"{name}.md").write_text(text, encoding="utf-8")


def names(root: Path, folder: str = FOLDER, template: str = GIVEN) -> list[str]:
    """The files that are read, from the lab's folder."""
    return [file.path.removeprefix(f"{folder}/") for file in read_summary(root, folder, template).files]


def test_the_other_files_are_read_where_one_is_too_large(tmp_path: Path) -> None:
    """What could not be read is said."""
    put(tmp_path, a="", b="native: 0.9\n")
    with (tmp_path / FOLDER / "a.md").open("wb") as file:
        file.truncate(MAX_FILE + 1)
    assert names(tmp_path) == ["b.md"]
    (note,) = read_summary(tmp_path, FOLDER).notes
    assert note.startswith(f"{FOLDER}/a.md: ")


@pytest.mark.parametrize(("count", "notes"), [(MAX_FILES, 0), (MAX_FILES + 1, 1)])
def test_as_many_files_as_are_read(tmp_path: Path, count: int, notes: int) -> None:
    """Only where there are more, some are left out, and that is said."""
    put(tmp_path, **{f"part{number}": "native: 0.9\n" for number in range(count)})
    found = read_summary(tmp_path, FOLDER)
    assert (len(found.files), len(found.notes)) == (MAX_FILES, notes)


def test_a_file_beside_a_folder_far_below(tmp_path: Path) -> None:
    """Its name begins as that of the lab's folder, however deep that lies."""
    (tmp_path / "work" / "summaries").mkdir(parents=True)
    (tmp_path / "work" / "summaries" / "l02.md").write_text("native: 0.9\n")
    (tmp_path / "work" / "summaries" / "l03.md").write_text("native: 0.9\n")
    assert names(tmp_path, "work/summaries/l02") == ["work/summaries/l02.md"]


def test_the_folder_of_exactly_that_name_counts(tmp_path: Path) -> None:
    """One whose name differs in case is looked into only where there is no other."""
    for folder in ("L02_quantization", "l02_quantization"):
        (tmp_path / "summaries" / folder).mkdir(parents=True)
        (tmp_path / "summaries" / folder / "summary.md").write_text("native: 0.9\n")
    assert names(tmp_path) == ["summary.md"]


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_no_folder_is_not_looked_into(tmp_path: Path, kind: str) -> None:
    """A file, or a link, of the folder's name does not keep the folder from being found."""
    put(tmp_path, summary="native: 0.9\n")
    (tmp_path / FOLDER).rename(tmp_path / "summaries" / "L02_quantization")
    other = tmp_path / "summaries" / "L02_Quantization"
    if kind == "file":
        other.write_text("native: 0.1\n")
    else:
        (tmp_path / "outside").mkdir()
        other.symlink_to(tmp_path / "outside")
    assert names(tmp_path) == ["summaries/L02_quantization/summary.md"]


def test_folders_within_the_labs_own(tmp_path: Path) -> None:
    """What lies in them is read beside what lies in the lab's folder."""
    put(tmp_path, summary="native: 0.9\n")
    for inner in ("doc", "more"):
        (tmp_path / FOLDER / inner).mkdir()
        (tmp_path / FOLDER / inner / "part.md").write_text("native: 0.9\n")
    assert names(tmp_path) == ["doc/part.md", "more/part.md", "summary.md"]


def test_a_page_with_a_line_changed_is_no_summary_beside_one(tmp_path: Path) -> None:
    """Four of its five lines are still the given ones."""
    put(tmp_path, summary="native: 0.9\n", README=GIVEN.replace("a table of figures", "see summary.md"))
    assert names(tmp_path) == ["summary.md"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (GIVEN.replace("\n* ", "\n\n- "), False),
        ("---\n\n\u2014\n", False),
        (GIVEN + "native: 0.9\n", True),
        ("native: 0.9\n", True),
    ],
    ids=["other signs and empty lines", "no words", "a line added", "another text"],
)
def test_a_page_that_may_be_the_given_one(tmp_path: Path, text: str, kept: bool) -> None:
    """Its words decide; alone, one with a line added is what was submitted."""
    put(tmp_path, README=text)
    assert names(tmp_path) == ["README.md"] * kept


def test_only_a_readme_is_the_given_page(tmp_path: Path) -> None:
    """A summary with its text is what was submitted; and where no page is given, any README is."""
    put(tmp_path, summary=GIVEN)
    assert names(tmp_path) == ["summary.md"]
    put(tmp_path, README="---\n")
    assert names(tmp_path, template="") == ["README.md", "summary.md"]
