"""A lab's runs see all that they may use, and a change elsewhere changes neither what they see nor its hash."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.submission import Overlay, Part, build_overlay, limits, part_for

OTHERS = {"kit/l02": "l02", "summaries/l02": "summaries", "summaries/l03": "summaries"}
FILES = {
    "kit/__init__.py": "",
    "kit/l02/code.py": "from kit import helper",
    "kit/l03/code.py": "import numpy",
    "kit/helper.py": "",
    "summaries/l02/text.md": "figures",
    "README.md": "read me",
    "data/table.csv": "1,2",
    ".github/workflows/grade.yml": "on: push",
}


class Maker:
    """Lays out submissions made of texts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def __call__(self, **changed: str | None) -> tuple[Overlay, Part]:
        """The view and lab 3's part of the files above, some of them changed (``_`` stands for ``/``)."""
        self._count += 1
        source, work = self._folder / f"source{self._count}", self._folder / f"work{self._count}"
        files = {**FILES, **{name.replace("__", "/"): text for name, text in changed.items()}}
        for name, text in files.items():
            if text is not None:
                (source / name).parent.mkdir(parents=True, exist_ok=True)
                (source / name).write_text(text)
        view = build_overlay(source, {"kit/given.py": self._folder / "given" / "kit/given.py"}, work / "code")
        return view, part_for(view, OTHERS, work / "part")


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    """Makes submissions."""
    (tmp_path / "given" / "kit").mkdir(parents=True)
    (tmp_path / "given" / "kit" / "given.py").write_text("given = 1")
    return Maker(tmp_path)


def seen(part: Part) -> set[str]:
    """The files of a part."""
    return {path.relative_to(part.root).as_posix() for path in part.root.rglob("*") if path.is_file()}


def test_other_labs_and_texts_are_left_out(make: Maker) -> None:
    """Code, data and the given kit stay; other labs, summaries, texts and workflows go."""
    _, part = make()
    assert seen(part) == {"kit/__init__.py", "kit/l03/code.py", "kit/helper.py", "data/table.csv", "kit/given.py"}
    assert part.left_out == 3


def test_what_is_left_out_does_not_count(make: Maker) -> None:
    """The hash is that of what is seen."""
    _, part = make()
    for change in (
        {"kit__l02__code.py": "changed"},
        {"summaries__l02__text.md": "changed"},
        {"README.md": None},
        {"kit__l02__more.py": "new"},
    ):
        assert make(**change)[1].digest == part.digest


def test_what_is_seen_counts(make: Maker) -> None:
    """Any file that runs see changes the hash: its bytes, its name, its absence."""
    _, part = make()
    digests = {part.digest}
    for change in (
        {"kit__l03__code.py": "changed"},
        {"data__table.csv": "3"},
        {"kit__helper.py": None},
        {"kit__new.py": ""},
    ):
        digests.add(make(**change)[1].digest)
    assert len(digests) == 5


def test_a_given_file_of_the_students_does_not_count(make: Maker) -> None:
    """The grader's copy takes its place."""
    assert make(**{"kit__given.py": "mine"})[1].digest == make()[1].digest


@pytest.mark.parametrize("code", ["from kit.l02.code import Model", "from kit import l02", "x = 'kit/l02/weights.npy'"])
def test_a_lab_that_is_named_is_seen(make: Maker, code: str) -> None:
    """And what that lab names in turn: its change is a change to this lab then."""
    _, part = make(**{"kit__l03__code.py": code})
    assert "kit/l02/code.py" in seen(part)
    assert "summaries/l02/text.md" not in seen(part)
    _, changed = make(**{"kit__l03__code.py": code, "kit__l02__code.py": "changed"})
    assert changed.digest != part.digest


def test_names_are_followed(make: Maker) -> None:
    """A helper that names another lab, which names a text."""
    _, part = make(**{"kit__helper.py": "import kit.l02.code", "kit__l02__code.py": "open('README.md')"})
    assert {"kit/l02/code.py", "README.md"} <= seen(part)
    assert ".github/workflows/grade.yml" not in seen(part)


@pytest.mark.parametrize(
    "code",
    [
        "open(__file__)",
        "import importlib",
        "from glob import glob",
        "Path().iterdir()",
        "os.walk('.')",
        "exec(text)",
        "subprocess.run(['ls'])",
    ],
)
def test_roving_code_sees_everything(make: Maker, code: str) -> None:
    """Code that may find files without naming them gets the whole view, and depends on all of it."""
    view, part = make(**{"kit__helper.py": code})
    assert part.root == view.root
    assert part.left_out == 0
    assert make(**{"kit__helper.py": code, "README.md": "changed"})[1].digest != part.digest


def test_libraries_see_everything(make: Maker) -> None:
    """What compiled code names can't be told."""
    view, part = make(**{"kit__fast.so": "ELF"})
    assert part.root == view.root


def test_code_that_is_not_text(make: Maker, tmp_path: Path) -> None:
    """Bytes of any kind are looked through all the same."""
    source = tmp_path / "odd"
    (source / "kit" / "l02").mkdir(parents=True)
    (source / "kit" / "l02" / "code.py").write_text("")
    (source / "kit" / "odd.py").write_bytes(b"\xff\xfe l02 \x00")
    view = build_overlay(source, {}, tmp_path / "odd-work")
    assert part_for(view, OTHERS, tmp_path / "odd-part").left_out == 0


def test_more_code_than_can_be_searched_may_use_everything(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where code times names is too much to search, nothing is left out: it is the same work for everybody."""
    everything = {name for name in FILES if "summaries" not in name} | {"kit/given.py"}
    for limit in ("MAX_SEARCHED", "MAX_COMPARED"):
        with monkeypatch.context() as patched:
            patched.setattr(limits, limit, 10)
            _, part = make()
            assert part.left_out == 0
            assert everything <= seen(part)


def test_each_file_of_code_is_read_once(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of texts beside thousands of files of code are no product of both."""
    texts = {f"notes__{number}.md": "" for number in range(40)}
    code = {f"more__{number}.py": "" for number in range(40)}
    read: list[Path] = []
    real = Path.read_bytes

    def counted(path: Path) -> bytes:
        read.append(path)
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", counted)
    make(**texts, **code)
    assert len(read) == len(set(read)) <= 50
