"""TOML of somebody else's: one kind of error, and no text that takes for ever."""

from __future__ import annotations

import tomllib

import pytest

from graders.core.toml import MAX_PARTS, NotToml, parse_toml


def dotted(parts: int, part: str = "a", dot: str = ".") -> str:
    return dot.join([part] * parts)


@pytest.mark.parametrize(
    "text,message",
    [
        ("a = ", "(at line 1, the last)"),
        ("a = 1\na = 2\n", "(at line 2, column 6)"),
        ("a = " + "9" * 5000, "a number too long"),
        ("a = " + "[" * 50_000, "lists in lists"),
        (f"x = 1\n{dotted(20_000)} = 1", "more than 100 parts, or as many numbers with a point (at line 2)"),
        (f'x = """\n\n"""\n{dotted(20_000, dot=" . ")} = 1', "(at line 4)"),
        ("[" + dotted(20_000, '"b"') + "]", "more than 100 parts"),
        (f"a = {{{dotted(20_000)} = 1}}", "more than 100 parts"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    """Whatever tomllib raises, and names of so many parts that it would take minutes over them."""
    with pytest.raises(NotToml) as refused:
        parse_toml(text)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        f"{dotted(MAX_PARTS)} = 1",
        f"a = '{dotted(300)}' # {dotted(300)}",
        f'a = "\\" {dotted(300)}"',
        f'a = """\n{dotted(300)} "" \\" {dotted(300)}""""',
        f"a = '''\n{dotted(300)} '' {dotted(300)}'''''",
        f"# \"\"\"\n# {dotted(300)}\na = 1.5",
        "a = [1.5, 2.5]",
    ],
)
def test_what_is_read(text: str) -> None:
    """Dots in strings and comments are no parts of a name."""
    assert parse_toml(text) == tomllib.loads(text)
