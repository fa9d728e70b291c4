"""The page for students: the names that they chose, and nothing that tells who the others are."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.cohort.leaderboard import ChosenNames, read_names, render_page
from graders.cohort.page import gather
from graders.cohort.store import open_store
from graders.core.errors import UsageError
from tests.cohort.test_page import documents, fill
from tests.reports import hostile
from tests.reports.page import parse


def board(folder: Path, names: ChosenNames, count: int = 6) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    with open_store(folder) as store:
        fill(store, [*documents(count)])
        students = {stored.id: stored for stored in store.submissions()}
        return render_page(gather(store), students, names)


def names(folder: Path, text: str) -> ChosenNames:
    path = folder / "names.csv"
    path.write_text(text, encoding="utf-8")
    return read_names(path)


def test_it_shows_chosen_names_and_no_others(tmp_path: Path) -> None:
    chosen = names(tmp_path, "student,name\nSTUDENT0001,Ada & Co\nstudent0002,\nsomebody,Nobody\n")
    page = board(tmp_path / "out", chosen)
    text = parse(page).text()
    assert "Ada & Co" in text
    assert "no name" in text
    assert "Ada & Co, " in text, "a dot says whose it is"
    cells = [each.text.strip() for each in parse(page).all("td")]
    assert "Ada & Co" in cells
    assert not any(cell.startswith("Ada & Co, ") for cell in cells)
    assert "student0" not in page, "neither as a text nor in a link"
    assert "Nobody" not in page
    assert not parse(page).all("a")
    assert not parse(page).all("script")
    plain = parse(board(tmp_path / "plain", ChosenNames()))
    assert "Ada" not in plain.text()
    assert "the reference" in plain.text()
    assert len(plain.all("circle")) == len(parse(page).all("circle")) > 20


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("student,alias\na,b\n", "expected the columns student and name"),
        ("student,name\na,b\n A,c\n", "A is there twice"),
        ("student,name\na,Fox\nb,fox \n", "two students chose fox"),
    ],
)
def test_names_that_can_not_be_used(tmp_path: Path, text: str, wrong: str) -> None:
    with pytest.raises(UsageError, match=wrong):
        names(tmp_path, text)
    with pytest.raises(UsageError, match="can't be read"):
        read_names(tmp_path / "none.csv")


def test_names_of_a_group() -> None:
    chosen = ChosenNames({"a": "Fox", "b": "", "c": "Owl"})
    assert [chosen.of(who) for who in (("A", "b"), ("a", "c"), ("b",), ("d",))] == ["Fox", "Fox, Owl", "", ""]


def test_a_chosen_name_is_no_markup(tmp_path: Path) -> None:
    chosen = ChosenNames({f"student{number:04}": hostile.STRINGS["all"][:40] for number in range(6)})
    page = board(tmp_path / "hostile", chosen)
    plain = board(tmp_path / "plain", ChosenNames({f"student{number:04}": "x" for number in range(6)}))
    assert len(parse(page).elements) == len(parse(plain).elements)
