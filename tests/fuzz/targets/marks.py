"""``marks.toml``: an instructor fills it in, but it quotes the student."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from graders.core.errors import UsageError
from graders.scoring.marks import MarkRequest, Passage, has_marks, read_marks, valid_mark, write_marks
from tests.fuzz.mutations import combined, plain, text
from tests.fuzz.target import Target, file_of, require_one_line, scratch

TOKENS = (
    "[marks]", '[marks."l02.q1"]', "[[marks]]", "points", "passage", "comment", "submission", " = ", '""', "'''", '"""', "# > ", "\\", "\\u0000",
    "1.50", "0,5", "1e9", "inf", "nan", "1979-05-27T07:32:00", "{", "}", "[", "]", "{a={", "a.b.c", ".", "true", "0x1", "+1", "1_0", "-1",
)  # fmt: skip


def run(data: bytes) -> None:
    with file_of(data, "marks.toml") as path:
        try:
            found = read_marks(path)
        except UsageError as error:
            require_one_line(error)
            assert has_marks(path)
            return
    assert has_marks(path) == bool(found.marks or found.comments)
    # What was read is written into the next file, beside a student's text, which here is the file itself.
    student = data.decode("utf-8", "surrogateescape")
    requests = [MarkRequest(name, student[:300], Decimal(3), Passage(student[:200], student)) for name in ("l02.q1", *list(found.marks)[:1])]
    again = scratch() / "again.toml"
    try:
        write_marks(again, found.submission, list({each.criterion: each for each in requests}.values()), found)
    except UsageError as error:
        require_one_line(error)
        return
    second = read_marks(again)
    assert second.submission == found.submission
    assert second.marks == found.marks
    assert second.comments == found.comments
    for each in requests:
        try:
            valid_mark(each, second)
        except UsageError as error:
            require_one_line(error)


def seeds() -> Sequence[bytes]:
    path = scratch() / "seed.toml"
    texts = ("I used <b>28</b> %\n\n# not a comment = 1\n\"\"\"\n[x]", "", "l\u00f3d\u017a \u202e x")
    requests = [MarkRequest(f"l02.q{at}", f"Question {at}", Decimal(2), Passage("summary.md, line 4", each)) for at, each in enumerate(texts, 1)]
    write_marks(path, "team \"a\" \\ b", requests, None)
    empty = path.read_bytes()
    filled = empty.replace(b'points = ""', b'points = "1.5"', 1).replace(b'comment = ""', b'comment = "well \\" done"', 2)
    numbers = b'submission = "x"\n[marks."l02.q1"]\npoints = 1.50\n[marks.l02.q2]\npoints = 2\n[marks.a]\ncomment = """\nlong\n"""\n'
    return empty, filled, numbers, b"\xef\xbb\xbf" + numbers, b""


TARGET = Target(
    name="marks", reads="`marks.toml` with manual marks", run=run, seeds=seeds,
    mutate=combined(text(*TOKENS, bases=seeds), text(*TOKENS), plain), suffix=".toml", libraries=("tomllib",), max_bytes=1 << 16,
)  # fmt: skip
