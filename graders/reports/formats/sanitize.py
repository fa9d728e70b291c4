"""Text of any origin, made harmless for where it goes: terminals, workflow logs, XML, HTML, Markdown, spreadsheets.

Everything that a submission can influence reaches a scorecard as text: file names, messages, output. Each format cleans
it first (:func:`line`, :func:`lines`) and then escapes it as its own reader needs.
"""

from __future__ import annotations

import html
import re
import unicodedata

LINE, TEXT = 500, 2000
_TERMINAL = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, cursor movements
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # titles, links
    r"|\x1b[ -/]*[0-~]?"
)
_COMMAND = re.compile(r":(?=:)|\uff1a(?=\uff1a)")
_MARKUP = re.compile(r"([\\`*_{}\[\]()#.!|~<>&:$/@])")
_CODE = re.compile(r"`([^`\n]{1,200})`")
_FORMULA = re.compile(r"[\s\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20|%]|[\t\r\n]")
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")
_KEPT = frozenset("\u200c\u200d\u00ad")  # joiners and soft hyphens belong to words


def lines(text: str, limit: int = TEXT) -> str:
    """Text of at most so many characters, a mark behind what was cut, without control or direction characters.

    No line of it is a command to a workflow's runner.
    """
    some = text[: 4 * limit]
    plain = _TERMINAL.sub("", some).replace("\r\n", "\n")
    kept = "".join(map(_seen, plain))
    cut = len(kept) > limit or len(some) < len(text)
    return _without_commands(kept[:limit] + ("…" if cut else ""))


def line(text: str, limit: int = LINE) -> str:
    """The same as one line."""
    return " ".join(lines(text, limit).split())


def _without_commands(text: str) -> str:
    return _COMMAND.sub(lambda found: f"{found[0]} ", text).replace("##[", "## [")


def _seen(character: str) -> str:
    if character in "\n\t":
        return character
    if unicodedata.category(character)[0] == "C" and character not in _KEPT:
        return "\ufffd" if unicodedata.category(character) in ("Cs", "Cc") else ""
    return "\n" if unicodedata.category(character) in ("Zl", "Zp") else character


def markup(text: str, limit: int = LINE) -> str:
    """One line for Markdown, in which nothing is markup, a link, a mention or an entity.

    Only what stands between backticks is set as code, where all else is plain text; no cell of a table ends in it.
    """
    told = ""
    for index, piece in enumerate(_CODE.split(line(text, limit))):
        if index % 2 and "|" not in piece:
            told += f"{' ' if told.endswith('`') else ''}`{piece}`"
        else:
            told += _escaped(f"`{piece}`" if index % 2 else piece)
    return told


def _escaped(text: str) -> str:
    # Readers link mentions and numbers of issues after the markup is gone; entities in their middle stop that.
    return re.sub(r"\\([@#])(?=[\w-])", r"\\\1&#8203;", _MARKUP.sub(r"\\\1", text))


def page(text: str, limit: int = LINE) -> str:
    """One line for HTML."""
    return html.escape(line(text, limit))


def cell(text: str, limit: int = LINE) -> str:
    """One line for a spreadsheet: it never starts a formula. Numbers are left as they are."""
    told = line(text, limit)
    return f"'{told}" if is_formula(told) else told


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take a cell for a formula."""
    return bool(_FORMULA.match(text)) and not _NUMBER.fullmatch(text.strip()) and text.strip() != "-"


def command(text: str, limit: int = LINE) -> str:
    """The message of a workflow command."""
    return line(text, limit).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def value(text: str, limit: int = LINE) -> str:
    """The value of a workflow command's property, such as its file."""
    return command(text, limit).replace(":", "%3A").replace(",", "%2C")
