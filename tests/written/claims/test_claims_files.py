"""A summary is found where students put it, in any encoding; what is not Markdown is left to a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.written.claims import Summary, read_summary
from graders.written.claims.files import NotThere, read_inside

GIVEN = "# What belongs here\n\nWrite `summary.md` in this folder.\n\n* the set-up, please\n* the sizes of files\n* a table\n"
FOLDER = "summaries/l02_quantization"


def put(root: Path, path: str, content: str | bytes = "# My summary\n\nnative: 0.9\n") -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())


def read(root: Path) -> Summary:
    return read_summary(root, FOLDER, GIVEN)


@pytest.mark.parametrize(
    "path",
    [f"{FOLDER}/summary.md", f"{FOLDER}/report.MD", f"{FOLDER}/Zusammenfassung.markdown", f"{FOLDER}/doc/summary.md",
     "summaries/l02_quantization.md", "Summaries/L02_Quantization/summary.md", f"{FOLDER}/README.md",
     f"{FOLDER}/podsumowanie ćwiczenia.md", "summaries/l02_quantization_summary.md"],
)  # fmt: skip
def test_a_summary_is_found(tmp_path: Path, path: str) -> None:
    """Under any name in the lab's folder, or beside it."""
    put(tmp_path, path)
    assert [file.path for file in read(tmp_path).files] == [path]
    assert not read(tmp_path).missing


@pytest.mark.parametrize(
    "path", ["summary.md", "summaries/l03_pruning/summary.md", "summaries/summary.md", "README.md"]
)
def test_what_is_of_another_lab_is_not_taken(tmp_path: Path, path: str) -> None:
    """A summary belongs to the lab whose folder it is in."""
    put(tmp_path, path)
    assert read(tmp_path).missing


def test_the_given_page_is_skipped(tmp_path: Path) -> None:
    """Unchanged, with other line ends, and beside a summary also with a word added; written over, it is a summary."""
    put(tmp_path, f"{FOLDER}/README.md", GIVEN.replace("\n", "\r\n") + "\n\n")
    assert read(tmp_path).missing
    put(tmp_path, f"{FOLDER}/summary.md")
    put(tmp_path, f"{FOLDER}/README.md", GIVEN + "\nread it\n")
    assert [file.path for file in read(tmp_path).files] == [f"{FOLDER}/summary.md"]
    put(tmp_path, f"{FOLDER}/README.md", "# Mine\n\n" + "native: 0.9\n\nA sentence of my own.\n\n" * 9)
    assert len(read(tmp_path).files) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1250"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    """Whatever an editor saves; a guess is said."""
    put(tmp_path, f"{FOLDER}/summary.md", "Dokładność modelu: 93,7 %\r\n".encode(encoding))
    found = read(tmp_path)
    assert found.files[0].text.startswith("Dokładność")
    assert bool(found.notes) == (encoding == "cp1250")


def test_a_pdf_is_for_a_person(tmp_path: Path) -> None:
    """Pending, unless there is Markdown as well."""
    put(tmp_path, f"{FOLDER}/summary.pdf", b"%PDF-1.4")
    assert read(tmp_path).pending == "a PDF"
    assert not read(tmp_path).missing
    put(tmp_path, f"{FOLDER}/summary.md")
    assert read(tmp_path).pending == ""
    assert read(tmp_path).pdfs == (f"{FOLDER}/summary.pdf",)


def test_other_documents_are_for_a_person_too(tmp_path: Path) -> None:
    """A word processor's file is named."""
    put(tmp_path, f"{FOLDER}/summary.docx", b"PK")
    assert "summary.docx" in read(tmp_path).pending


def test_nothing_and_empty_files(tmp_path: Path) -> None:
    """No folder, an empty one, an empty file: nothing was submitted."""
    assert read(tmp_path).missing
    put(tmp_path, f"{FOLDER}/summary.md", "\n  \n")
    assert read(tmp_path).missing


def test_links_and_huge_files(tmp_path: Path) -> None:
    """A link is not followed, a file beyond the bounds is not read; that is said."""
    put(tmp_path, "elsewhere/secret.md", "secret")
    put(tmp_path, f"{FOLDER}/big.md", b"x" * (9 << 20))
    (tmp_path / FOLDER / "summary.md").symlink_to(tmp_path / "elsewhere" / "secret.md")
    (tmp_path / FOLDER / "more").symlink_to(tmp_path / "elsewhere")
    found = read(tmp_path)
    assert found.missing
    assert "9 MiB" in found.notes[0]


def test_a_linked_folder_is_not_followed(tmp_path: Path) -> None:
    """The lab's folder itself may be a link to somebody else's."""
    put(tmp_path, "other/summary.md")
    (tmp_path / "summaries").mkdir()
    (tmp_path / "summaries" / "l02_quantization").symlink_to(tmp_path / "other")
    assert read(tmp_path).missing


@pytest.mark.parametrize("path", ["", "..", "../a", "a/../../b", "/etc/passwd", "a//b", "./a", "a\0b"])
def test_paths_are_plain_names(tmp_path: Path, path: str) -> None:
    """Anything else is refused before anything is opened."""
    with pytest.raises(NotThere):
        read_inside(tmp_path, path, 100)


def test_many_files_are_cut(tmp_path: Path) -> None:
    """A folder of a hundred summaries is read in part, and that is said."""
    for number in range(100):
        put(tmp_path, f"{FOLDER}/{number}.md")
    found = read(tmp_path)
    assert len(found.files) < 20
    assert "only the first" in found.notes[0]


def test_a_given_page_with_much_added_is_a_summary(tmp_path: Path) -> None:
    """Beside another one as well: where most of it is not the page's."""
    put(tmp_path, f"{FOLDER}/summary.md")
    put(tmp_path, f"{FOLDER}/README.md", GIVEN + "\n".join(f"\nSentence {number} is mine." for number in range(9)))
    assert len(read(tmp_path).files) == 2


def test_every_file_may_have_a_note(tmp_path: Path) -> None:
    """What had to be guessed is said of each."""
    for name in ("a", "b"):
        put(tmp_path, f"{FOLDER}/{name}.md", "Dokładność: 0,9".encode("cp1250"))
    assert [note.partition(":")[0] for note in read(tmp_path).notes] == [f"{FOLDER}/a.md", f"{FOLDER}/b.md"]


def test_links_are_not_even_looked_at(tmp_path: Path) -> None:
    """A link to a file, or to a folder, is no part of a summary."""
    put(tmp_path, "outside/summary.md")
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "summary.md").symlink_to(tmp_path / "outside" / "summary.md")
    (tmp_path / FOLDER / "folder").symlink_to(tmp_path / "outside")
    found = read(tmp_path)
    assert found.missing
    assert found.notes == ()


def test_a_folder_far_below_is_found(tmp_path: Path) -> None:
    """The lab's folder may lie in several others."""
    put(tmp_path, "a/b/l02/summary.md")
    assert [file.path for file in read_summary(tmp_path, "a/b/l02").files] == ["a/b/l02/summary.md"]


def test_a_file_behind_a_linked_folder_is_not_opened(tmp_path: Path) -> None:
    """No part of a path may be a link; what is in the way is said."""
    put(tmp_path, "outside/a.md")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(NotThere, match=r"^link is a link$"):
        read_inside(tmp_path / "root", "link/a.md", 99)
    with pytest.raises(NotThere, match=r"^there is no such file; there is a\.md, and case counts$"):
        read_inside(tmp_path / "outside", "A.md", 99)
