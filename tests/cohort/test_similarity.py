"""Who shares what with whom: copies are found whatever their names, and two right solutions are not called copies."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.cohort.engine.parcel import Content
from graders.cohort.similarity import PAGE, keep_similarity
from graders.cohort.similarity.comparison import compare, most_common
from graders.cohort.similarity.files import equal_files, handed_in
from graders.cohort.similarity.lexing import code_tokens, prose_tokens
from graders.cohort.similarity.page import render_page
from graders.cohort.similarity.request import Compared, Found, compare_class
from graders.cohort.similarity.sources import Source, _source, read_folder, read_given
from graders.cohort.store import open_store
from graders.core.paths import FIXTURES, TEMPLATE
from tests.cohort.classes import submission, write
from tests.cohort.copies import rename_in, renamed
from tests.reports import hostile
from tests.reports.page import parse

TAUGHT = FIXTURES / "submissions" / "taught"

ORIGINAL = '''
import numpy as np

class Model:
    """Mine."""

    def optimize(self, model_path, originalmodel):
        # read it
        with open(model_path, "rb") as file:
            content = file.read()
        converter = tf.lite.TFLiteConverter.from_keras_model(originalmodel)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        for number, batch in enumerate(self.batches(content)):
            converter.add(batch[:, 0], scale=0.5, names=["a", 'b'])
        return converter.convert()
'''
COPY = """import numpy
class Compressed:
    def optimize(self, path, net):
        with open(
            path, 'rb'
        ) as handle:
            data = handle.read()
        tool = tf.lite.TFLiteConverter.from_keras_model(net)
        tool.optimizations = [tf.lite.Optimize.DEFAULT]

        for i, b in enumerate(self.batches(data)):
            tool.add(b[:, 1], scale=2, names=['x', f"{y}",])   # add it
        return tool.convert()
"""


def texts(code: str) -> list[str]:
    return [token.text for token in code_tokens(code)][5:]


def test_renaming_and_reformatting_change_no_token() -> None:
    assert len(texts(ORIGINAL)) > 60
    assert texts(ORIGINAL.replace("import numpy as np", "import numpy")) == texts(COPY)
    assert texts(ORIGINAL.replace(".convert()", ".experimental()")) != texts(ORIGINAL)
    assert texts(ORIGINAL.replace("scale=", "zero_point=")) != texts(ORIGINAL)


def test_tokens_know_their_lines() -> None:
    for code, tokens in ((ORIGINAL, code_tokens), ("One two.\n\n| a | 7 |\n\nThree 4 five.\n", prose_tokens)):
        lines = code.split("\n")
        for token in tokens(code):
            word = token.text.removeprefix("word ").strip(".=")
            if word not in ("name", "string", "number"):
                assert word in lines[token.line - 1].casefold() or word in lines[token.line - 1]


@given(st.text(alphabet='ab_0.#"\'\\\n \t([{)]}f:=,é', max_size=60))
def test_any_text_has_tokens(text: str) -> None:
    for token in [*code_tokens(text), *prose_tokens(text)]:
        assert 1 <= token.line <= text.count("\n") + 1


@pytest.mark.parametrize("piece", ['"""\\', '"', "'\\\n", "(", "f'''{", "\\", ".", '\\"""'])
def test_long_and_odd_texts_are_read_at_once(piece: str) -> None:
    code_tokens(piece * 100_000)
    prose_tokens(piece * 100_000)


def classed(folders: list[Path]) -> dict[str, list[Source]]:
    return {folder.name: read_folder(folder) for folder in folders}


def test_planted_copies_are_found_and_strangers_with_right_work_are_not(tmp_path: Path) -> None:
    shutil.copytree(TAUGHT / "prose_pl", tmp_path / "verbatim")
    shutil.copytree(TAUGHT / "helpers", tmp_path / "renamed")
    shutil.copytree(TAUGHT / "keras_gzip_dutch", tmp_path / "notebook")
    assert rename_in(tmp_path / "renamed") > 2
    assert rename_in(tmp_path / "notebook") > 0
    for path in [*tmp_path.rglob("*.md")]:
        path.unlink()
    strangers = [path for path in sorted(TAUGHT.iterdir()) if path.is_dir()]
    found = compare(classed([*strangers, *sorted(tmp_path.iterdir())]), read_folder(TEMPLATE))
    copied = {frozenset((pair.one, pair.other)) for pair in found.pairs if pair.copied}
    assert copied == {
        frozenset(("prose_pl", "verbatim")), frozenset(("helpers", "renamed")), frozenset(("keras_gzip_dutch", "notebook")),
    }  # fmt: skip
    alike = [pair for pair in found.pairs if not pair.copied]
    assert alike, "who followed the same tutorial is alike"
    assert max(pair.share for pair in alike) < 0.8 < 0.95 < min(pair.share for pair in found.pairs if pair.copied)


def code(text: str) -> list[Source]:
    return [_source("work.py", "code", text)]


def function(seed: int, lines: int = 40) -> str:
    """Code that is nobody else's."""
    return "def f(x):\n" + "".join(f"    y{n} = x.m{seed}_{n}(x.k{(seed * 7 + n) % 13}, {n}) + sum(x.z{n})\n" for n in range(lines))


def test_what_everybody_was_given_or_has_does_not_count() -> None:
    given_code, shared = function(1), function(2)
    class_ = {f"s{number}": code(given_code + function(10 + number)) for number in range(30)}
    assert compare(class_, []).pairs == ()
    class_ |= {name: code(f"{given_code}{function(50 + number)}{shared}") for number, name in enumerate(("a", "b"))}
    assert [(pair.one, pair.other) for pair in compare(class_, code(given_code)).pairs] == []
    copied = {**class_, "a": code(given_code + shared), "b": code(shared + given_code)}
    (pair,) = compare(copied, code(given_code)).pairs
    assert (pair.one, pair.other, pair.copied) == ("a", "b", True)
    everybody = {name: code(shared + given_code) for name in class_}
    assert compare(everybody, code(given_code)).pairs == (), "it was a hint to all of them"


def test_code_in_the_pages_of_the_starter_code_is_given_too(tmp_path: Path) -> None:
    write(tmp_path / "given", {"lab/README.md": f"# Lab\n\n```python\n{function(1)}```\n\nNow you.\n"})
    class_ = {name: code(function(1)) for name in "ab"}
    assert len(compare(class_, []).pairs) == 1
    assert compare(class_, read_given(tmp_path / "given")).pairs == ()


def test_how_many_may_have_what_is_not_common() -> None:
    assert [most_common(count) for count in (2, 3, 6, 20, 40, 200, 2000)] == [2, 2, 3, 10, 10, 20, 200]


def test_equal_files_from_unequal_code(tmp_path: Path) -> None:
    weights = bytes(range(256)) * 8
    for name, content in {"a": weights, "b": weights, "c": weights + b"x"}.items():
        write(tmp_path / name, {f"out/{name}.h5": content, "tiny.h5": b"x", "notes.py": b"x" * 2000})
    owned = {name: handed_in(Content(name=name, path=tmp_path / name)) for name in "abc"}
    assert [len(files) for files in owned.values()] == [1, 1, 1]
    found = equal_files("submitted", owned, 5, [])
    assert [(each.submissions, each.files) for each in found] == [(("a", "b"), ("out/a.h5 = out/b.h5",))]
    assert equal_files("submitted", owned, 5, [frozenset("ab")]) == [], "their code is alike, which is told already"
    assert equal_files("made while grading", owned, 5, []) == [], "one equal result is not much"


def test_nothing_of_a_student_is_markup(tmp_path: Path) -> None:
    text = hostile.STRINGS["all"]
    work = function(3) + f"\nz = {text!r}\n# {text}\n"
    class_ = {name: [_source(f"{text[:100]}.py", "code", work)] for name in "ab"}
    plain = {name: [_source("x.py", "code", work)] for name in "ab"}
    pages = [
        render_page(compare(one, []), [], one, dict.fromkeys("ab", shown))
        for one, shown in ((class_, text), (plain, "x"))
    ]
    assert len(parse(pages[0]).elements) == len(parse(pages[1]).elements) > 30
    assert "<script" not in pages[0]


@pytest.mark.process
def test_a_class_is_compared_in_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    place, out = Path("class"), Path("out")
    out.mkdir()
    with open_store(out):
        pass
    write(place / "ada", {"a.py": function(1)})
    write(place / "eve", {"b/other.py": function(2)})
    with zipfile.ZipFile(place / "bob.zip", "w") as archive:
        archive.writestr("bob.py", renamed(function(1)))
    (place / "broken.zip").write_bytes(b"PK")
    contents = [Content(name=path.stem, path=path) for path in sorted(place.iterdir())]
    class_ = [Compared(content, content.name.title()) for content in contents]
    assert compare_class(out, class_, out / "page.html") == Found(copied=1, alike=0, files=0)
    assert "Ada" in parse((out / "page.html").read_text(encoding="utf-8")).text()


@pytest.mark.process
def test_the_page_is_made_again_only_if_something_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("ada", "bob"):
        submission(tmp_path / name, function(1))
    submission(tmp_path / "carol", function(2))
    class_ = [Compared(Content(name=name, path=tmp_path / name), name) for name in ("ada", "bob", "carol")]
    page = tmp_path / PAGE
    with open_store(tmp_path) as store:
        assert keep_similarity(store, tmp_path, class_, 1) == Found(copied=1, alike=0, files=0)
        first = page.stat().st_mtime_ns
        assert keep_similarity(store, tmp_path, class_, 1) == Found(copied=1, alike=0, files=0)
        assert page.stat().st_mtime_ns == first
        submission(tmp_path / "bob", function(3))
        assert keep_similarity(store, tmp_path, class_, 2) == Found(copied=0, alike=0, files=0)
        assert page.stat().st_mtime_ns != first
        assert keep_similarity(store, tmp_path, class_[:1], 2) is None
        assert not page.exists(), "there is nothing to compare"
        page.mkdir()
        assert keep_similarity(store, tmp_path, class_, 3) is None
        assert "similarity: the class could not be compared: IsADirectoryError" in capsys.readouterr().out
