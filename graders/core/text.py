"""Text of any origin, made harmless for where it goes: the only module that does so.

Whatever a submission can influence reaches people as text: file names, commits, messages, output. Each function here is
for one destination:

================================  =====================================================================================
``plain_line``                    a line of a message or a list
``unix_text``                     a text that is stored and read, such as a cell's source
``captured_output``               what a run printed, as it is stored
``displayed_output``              what a run printed, as a terminal would have shown it in the end
``terminal_line``                 a line on a terminal or in a workflow's log
``report_line``, ``report_lines`` plain text in other programs' formats: JSON, XML (escaping is their writer's), mails
``code_line``                     a line of code in an excerpt
``escaped_html_line``             a line of HTML, escaped
``html_text``, ``html_label``     text for templates of HTML, which escape it
``markdown_line``                 a line of Markdown in which nothing is markup
``spreadsheet_cell``              a cell of CSV that starts no formula
``workflow_message``              the message of a workflow command, and ``workflow_property`` for its properties
================================  =====================================================================================
"""

from __future__ import annotations

import html
import re
import unicodedata

SHORT, LINE, TEXT = 160, 500, 2000
LONGEST_TEXT = 4000
_JOINERS = frozenset("\u200c\u200d")  # needed to write some scripts, and some emoji, properly; they move nothing
_IN_WORDS = _JOINERS | {"\u00ad"}  # the soft hyphen belongs to ordinary words, too
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_TERMINAL_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movements
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS and other strings
    r"|\x1b[ -/]*[0-~]?"
)
_OUTPUT_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_DISPLAY_ESCAPE = re.compile(r"\x1b(?:\[[0-?]{0,32}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)|[@-Z\\^_])")
_DISPLAY_CONTROL = re.compile(r"[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
_GAP = "\n…\n"
_COMMAND = re.compile(r":(?=:)|\uff1a(?=\uff1a)")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#.!|~<>&:$/@])")
_CODE = re.compile(r"`([^`\n]{1,200})`")
_FORMULA = re.compile(r"[\s\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20|%]|[\t\r\n]")
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_STACKED_MARKS = re.compile(f"([{_MARKS}]{{3}})[{_MARKS}]+")


def plain_line(text: str, most: int = 200) -> str:
    """One line of at most ``most`` characters: what can't be seen is dropped, white space becomes one blank."""
    read = text[: 8 * most]
    line = " ".join("".join(each if _is_seen(each) else " " for each in read).split())
    return line if len(line) <= most and len(read) == len(text) else line[: most - 1] + "…"


def _is_seen(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in _UNSEEN


def unix_text(text: str) -> str:
    """The text with line feeds as its only line ends, and nothing that UTF-8 can't hold."""
    return _encodable(text).replace("\r\n", "\n").replace("\r", "\n")


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def captured_output(text: str) -> str:
    """Output without escape sequences and control characters; a carriage return starts a new line."""
    return _OUTPUT_CONTROL.sub("", unix_text(text))


def displayed_output(text: str, most: int) -> str:
    """Output as a terminal shows it in the end: without escape codes, a progress bar as it was left.

    Of more than ``most`` characters, the middle is left out.
    """
    text = _encodable(text).replace("\r\n", "\n")
    text = _DISPLAY_CONTROL.sub("", _DISPLAY_ESCAPE.sub("", text))
    if "\r" in text or "\b" in text:
        text = "\n".join(map(_last_written, text.split("\n")))
    return text if len(text) <= most else text[: most // 2] + _GAP + text[-(most // 2) :]


def _last_written(line: str) -> str:
    """What is left of a line that was written over: the last thing written, backspaces taken as one jump back."""
    parts = [part.strip("\b") for part in re.split(r"[\r\x08]{2,}|\r", line)]
    last = next((part for part in reversed(parts) if part.strip()), "")
    return last.replace("\b", "")


def terminal_line(text: str) -> str:
    """One line for a terminal: printable characters alone, blanks for all others, no command to a workflow's runner."""
    return without_commands("".join(each if each.isprintable() else " " for each in text))


def without_commands(text: str) -> str:
    """The text without commands to a workflow's runner, which takes them from any line that has these characters."""
    return _COMMAND.sub(lambda found: f"{found[0]} ", text).replace("##[", "## [")


def report_lines(text: str, limit: int = TEXT) -> str:
    """Lines of at most ``limit`` characters in all, without control and direction characters or workflow commands.

    A mark follows what was cut.
    """
    read = text[: 4 * limit]
    plain = "".join(map(_reported, _TERMINAL_SEQUENCE.sub("", read).replace("\r\n", "\n")))
    cut = len(plain) > limit or len(read) < len(text)
    return without_commands(plain[:limit] + ("…" if cut else ""))


def _reported(character: str) -> str:
    if character in "\n\t":
        return character
    category = unicodedata.category(character)
    if category[0] == "C" and character not in _IN_WORDS:
        return "\ufffd" if category in ("Cs", "Cc") else ""
    return "\n" if category in ("Zl", "Zp") else character


def code_line(text: str, limit: int) -> str:
    """A line of code as it is, its indentation too, of at most ``limit`` characters and without what can't be seen."""
    plain = "".join(map(_reported, _TERMINAL_SEQUENCE.sub("", text[: 4 * limit]))).replace("\n", " ")
    line = plain.expandtabs(4).rstrip()
    return line if len(line) <= limit and len(text) <= 4 * limit else f"{line[: limit - 1]}…"


def report_line(text: str, limit: int = LINE) -> str:
    """The same as one line."""
    return " ".join(report_lines(text, limit).split())


def escaped_html_line(text: str, limit: int = LINE) -> str:
    """One line of HTML, escaped."""
    return html.escape(report_line(text, limit))


def markdown_line(text: str, limit: int = LINE) -> str:
    """One line of Markdown, in which nothing is markup, a link, a mention or an entity.

    Only what is between backticks is set as code; no cell of a table ends in it.
    """
    shown = ""
    for index, piece in enumerate(_CODE.split(report_line(text, limit))):
        if index % 2 and "|" not in piece:
            shown += f"{' ' if shown.endswith('`') else ''}`{piece}`"
        else:
            shown += _markdown_escaped(f"`{piece}`" if index % 2 else piece)
    return shown


def _markdown_escaped(text: str) -> str:
    # Readers link mentions and numbers of issues after the markup is gone; entities in their middle stop that.
    return re.sub(r"\\([@#])(?=[\w-])", r"\\\1&#8203;", _MARKDOWN.sub(r"\\\1", text))


def spreadsheet_cell(text: str, limit: int = LINE) -> str:
    """One line for a spreadsheet: it never starts a formula. Numbers are left as they are."""
    line = report_line(text, limit)
    return f"'{line}" if is_formula(line) else line


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take a cell for a formula."""
    return bool(_FORMULA.match(text)) and not _NUMBER.fullmatch(text.strip()) and text.strip() != "-"


def workflow_message(text: str, limit: int = LINE) -> str:
    """The message of a workflow command."""
    return report_line(text, limit).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def workflow_property(text: str, limit: int = LINE) -> str:
    """The value of a workflow command's property, such as its file."""
    return workflow_message(text, limit).replace(":", "%3A").replace(",", "%2C")


class _Replacements(dict[int, str | int]):
    """For ``str.translate``: what a page shows for each code point, worked out when it first comes up."""

    def __missing__(self, code: int) -> str | int:
        self[code] = replacement = _replacement(code)
        return replacement


def _replacement(code: int) -> str | int:
    character = chr(code)
    category = unicodedata.category(character)
    if character in "\n\t" or character in _IN_WORDS:
        return code
    if character in "\b\ufeff":
        return ""
    if category in ("Zl", "Zp"):
        return "\n"
    if category in ("Cc", "Cs"):
        return "\ufffd"
    return f"⟨U+{code:04X}⟩" if category == "Cf" else code


_REPLACEMENTS = _Replacements()


def visible_text(text: str) -> str:
    """The text without terminal sequences and what carriage returns overwrote; hidden characters are made visible.

    It can be encoded as UTF-8 and reads in the order it is stored in: direction overrides and isolates become their
    code point's name.
    """
    plain = _TERMINAL_SEQUENCE.sub("", text)
    if "\r" in plain:
        plain = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in plain.split("\n"))
    return _STACKED_MARKS.sub(r"\1", plain.translate(_REPLACEMENTS))


def html_text(text: str, limit: int = LONGEST_TEXT) -> str:
    """Visible text of at most ``limit`` characters, with a note of how many were cut; a template escapes it."""
    visible = visible_text(text[: 4 * limit])
    hidden = max(len(visible) - limit, 0) + max(len(text) - 4 * limit, 0)
    return f"{visible[:limit]}… ({hidden:,} more characters)" if hidden else visible


def html_label(text: str, limit: int) -> str:
    """One visible line of at most ``limit`` characters, for where there is no room for a note, as inside a chart."""
    line = " ".join(visible_text(text[: 8 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
