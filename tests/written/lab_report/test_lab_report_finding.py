"""Which file is taken for the report, and how far one is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.submission import folders
from graders.written.lab_report import discovery
from graders.written.lab_report import files as report_files

from .mnist_lab import find_report

REPORT = (Path(__file__).resolve().parents[2] / "data" / "lab_reports" / "report_en.md").read_text(encoding="utf-8")
PAGE = "\n\n".join(f"The page's own sentence number {number}." for number in range(20)) + "\n"


def files(root: Path, **texts: str) -> Path:
    """Files below a folder; in their names two underscores stand for a stroke, one for a dot."""
    for name, text in texts.items():
        path = root / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def taken(root: Path, *given: str) -> str | None:
    found = find_report(root, given=given).file
    return found.path if found else None


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("- Baseline: 0.9\n- Pruned: 0.9", True),
        ("- Baseline: 0.9\n- Pruned", False),
        ("- Pruned: 0.9\n- Pruned: 0.8", False),
        ("Baseline\n\nPruned\n\nPTQ\n\nQAT", True),
        ("Baseline\n\nPruned\n\nPTQ", False),
    ],
)
def test_a_text_at_the_top_is_a_report_by_what_it_speaks_of(tmp_path, text, fits):
    assert taken(files(tmp_path, notes_md=text)) == ("notes.md" if fits else None)


@pytest.mark.parametrize(("text", "fits"), [("# Cats", False), ("# A pruned cat", True)])
def test_a_reports_name_is_enough_with_a_stage(tmp_path, text, fits):
    assert taken(files(tmp_path, course__report_md=text)) == ("course/report.md" if fits else None)


def test_a_text_beside_a_notebook_far_below_is_found(tmp_path):
    assert taken(files(tmp_path, a__b__notes_md=REPORT)) is None
    assert taken(files(tmp_path, a__b__lab_ipynb="{}")) == "a/b/notes.md"


def test_a_text_in_a_folder_of_reports_is_found(tmp_path):
    assert taken(files(tmp_path, a__reports__b__notes_md=REPORT)) == "a/reports/b/notes.md"


@pytest.mark.parametrize("name", ["lab.1.verslag.md", "Laborbericht.md", "labraport.md"])
def test_names_of_reports_with_the_labs_in_them(tmp_path, name):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / name).write_text(REPORT, encoding="utf-8")
    assert taken(tmp_path) == f"a/{name}"


@pytest.mark.parametrize("name", ["report.py", "CHANGELOG.md", "LICENSE.md"])
def test_what_is_never_a_report(tmp_path, name):
    (tmp_path / name).write_text(REPORT, encoding="utf-8")
    found = find_report(tmp_path)
    assert (found.file, found.others, found.notes) == (None, (), ())


def test_what_stands_before_the_report_does_not_hide_it(tmp_path):
    root = files(tmp_path, a_ipynb="{}", a_pdf="%PDF", a_report_pdf="%PDF", report_md=REPORT)
    assert taken(root) == "report.md"
    assert find_report(root).pending == ("a.report.pdf", "a.pdf")


def test_of_two_reports_the_better_one_is_taken(tmp_path):
    more = files(tmp_path / "more", a__report_md="# A pruned cat", b__report_md="# A pruned cat\n\nA baseline")
    assert taken(more) == "b/report.md"
    longer = files(tmp_path / "longer", a__report_md="# A pruned cat", b__report_md="# A pruned cat\n\nA long story.")
    assert taken(longer) == "b/report.md"


def test_a_report_elsewhere_that_speaks_of_a_stage_is_better_than_one_in_place_that_does_not(tmp_path):
    for path, text in {"mnist_compression/report.md": "# Cats", "other/report.md": "# A pruned cat"}.items():
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert taken(tmp_path) == "other/report.md"


def test_as_many_files_as_are_read(tmp_path, monkeypatch):
    root = files(tmp_path, a_md="# Cats", b_md="# Cats", c_md="# Cats", d_md="# Cats")
    monkeypatch.setattr(discovery, "MAX_READ", 4)
    assert find_report(root).notes == ()
    monkeypatch.setattr(discovery, "MAX_READ", 2)
    found = find_report(root)
    assert found.notes == ("only the first 2 Markdown files were looked at",)
    assert found.others == ("a.md", "b.md")


def test_a_file_too_large_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(report_files, "MAX_FILE", 3)
    found = find_report(files(tmp_path, report_md="# Pruned"))
    assert found.file is None
    assert found.notes[0].startswith("report.md: it has")


@pytest.mark.parametrize(
    ("page", "own", "is_page"),
    [(20, 0, True), (20, 2, True), (20, 3, False), (4, 1, True), (3, 1, False), (1, 1, False), (1, 0, True)],
)
def test_how_much_of_the_page_makes_a_file_the_page(tmp_path, page, own, is_page):
    sentences = PAGE.split("\n\n")[:page] + [f"Pruned: my own sentence number {number}." for number in range(own)]
    found = find_report(files(tmp_path, report_md="\n\n".join(sentences)), given=(PAGE,))
    assert (found.file is None) == is_page
    assert found.notes == (("report.md is still the lab's own page, not a report",) if is_page else ())


@pytest.mark.parametrize(("limit", "enough"), [("MAX_FOLDERS", 4), ("MAX_FILES", 7)])
def test_as_much_as_is_looked_through(tmp_path, monkeypatch, limit, enough):
    root = files(tmp_path, a__x_py="", b__x_py="", c__report_md=REPORT, z_py="")
    monkeypatch.setattr(folders, limit, enough)
    assert find_report(root).notes == ()
    monkeypatch.setattr(folders, limit, enough - 1)
    found = find_report(root)
    assert found.file is None
    assert len(found.notes) == 1
    assert found.notes[0].startswith("only ")


def test_as_deep_as_is_looked(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "MAX_DEPTH", 2)
    assert taken(files(tmp_path, a__b__c__report_md=REPORT)) is None
    assert taken(files(tmp_path, a__b__report_md=REPORT)) == "a/b/report.md"


def test_links_are_not_even_looked_at(tmp_path):
    root = files(tmp_path, outside__report_md=REPORT, root__z_md="# Cats") / "root"
    (root / "report.md").symlink_to(root.parent / "outside" / "report.md")
    (root / "folder").symlink_to(root.parent / "outside")
    found = find_report(root)
    assert (found.file, found.others, found.notes) == (None, ("z.md",), ())


def test_no_folder_has_no_report(tmp_path):
    assert find_report(tmp_path / "nothing").file is None


def test_texts_are_looked_through_up_to_some_characters(tmp_path, monkeypatch):
    """All of them together: many long files take no longer than one."""
    monkeypatch.setattr(discovery, "MAX_CANDIDATE_TEXT", 10)
    found = find_report(files(tmp_path, a_md="Pruned " * 5, b_md="Pruned " * 5, report_md=REPORT))
    assert found.file is None
    assert found.notes == ("only the first 10 characters of Markdown were looked at",)


def test_a_report_is_read_up_to_some_characters(tmp_path, monkeypatch):
    """Images that stand in the text as data do not count."""
    monkeypatch.setattr(report_files, "MAX_TEXT", len(REPORT))
    root = files(tmp_path, report_md=f"![](data:image/png;base64,{'A' * 100_000})\n{REPORT}")
    found = find_report(root).file
    assert found is not None
    assert len(found.text) == len(REPORT) + 1
