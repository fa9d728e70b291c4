"""The output of a grading, and everything in it that an attack must not have caused."""

from __future__ import annotations

import json
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema

from graders.core.paths import REPOSITORY
from graders.pipeline.output import MARKS_FILE
from graders.selftest.corpus.expected import schema

EXIT_CODES = (0, 1, 3)
TRACEBACK = "Traceback (most recent call last)"
LOOT = "LOOT"
# What the corpus's attacks on readers of reports do, if they succeed.
EVIL = re.compile(r"alert\(38\)|evil\.example")
# What terminals obey and what turns the direction of text; a page may have line ends and tabs.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# Where runners of workflows take commands from a line.
COMMAND = re.compile(r"^\s*::|##\[|^\s*\x1b\]", re.MULTILINE)
SECRET = "the-secret-of-an-instructor-83b1"  # noqa: S105 - attacks try to find it


@dataclass(frozen=True)
class Graded:
    """The output of a grading: exit code, scorecard, report, terminal and the file for manual marks."""

    exit_code: int
    scorecard: Mapping[str, Any]
    report: str
    terminal: str
    marks: str

    @property
    def criteria(self) -> dict[str, Mapping[str, Any]]:
        """All criteria by id."""
        return {criterion["id"]: criterion for lab in self.scorecard["labs"] for criterion in lab["criteria"]}

    @property
    def whole(self) -> str:
        """The whole output, as one text."""
        return "\n".join([json.dumps(self.scorecard, ensure_ascii=False), self.report, self.terminal, self.marks])


def looted(graded: Graded) -> list[str]:
    """What the submission's code says that it could reach."""
    everywhere = [*texts(graded.scorecard), graded.terminal]
    lines = [line for text in everywhere for line in text.splitlines()]
    return list(dict.fromkeys(line[:200] for line in lines if line.startswith(LOOT)))


def texts(value: Any, *, output: bool = True) -> Iterator[str]:
    """Every text in a scorecard. :param output: also what runs printed, and lines of the student's files."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            if output or key not in ("output_tail", "excerpt"):
                yield from texts(each, output=output)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each, output=output)


def about_output(base: Graded, graded: Graded, folder: Path) -> Iterator[str]:
    """Faults of the grader, paths of this machine and commands to terminals or workflows in the output."""
    try:
        jsonschema.validate(graded.scorecard, schema(), cls=jsonschema.Draft202012Validator)
    except jsonschema.ValidationError as error:
        yield f"the scorecard is not valid: {error.message[:300]}"
    if graded.exit_code not in EXIT_CODES or (graded.exit_code == 0 and base.exit_code != 0):
        yield f"exit code {graded.exit_code}; {base.exit_code} without the attack"
    # A traceback that the student's code printed is its output; one anywhere else is the grader's.
    of_grader = "\n".join(texts(graded.scorecard, output=False))
    printed = TRACEBACK in "\n".join(texts(graded.scorecard)) and TRACEBACK not in of_grader
    for place, text in (("terminal", graded.terminal), ("scorecard", of_grader), ("report", graded.report)):
        if "INTERNALERROR" in text:
            yield f"INTERNALERROR in the {place}"
        if TRACEBACK in text and not (printed and place == "report"):
            yield f"a traceback in the {place}"
        for path in (str(folder / "submission"), f"{tempfile.gettempdir()}/optgrade-", str(REPOSITORY)):
            if place == "scorecard" and path in text:
                yield f"{path} in the {place}"
    for place, text in (("terminal", graded.terminal), ("report", graded.report)):
        for found in COMMAND.finditer(text):
            yield f"a command to a workflow's runner in the {place}: {text[found.start() :][:80]!r}"
    if "\x1b" in graded.whole:
        yield "an escape sequence in the output"


class _Injected(HTMLParser):
    """Elements of a page that do something which an attack of the corpus put there."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._within = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Finds handlers of events, and addresses that lead out or run code."""
        self._within = tag
        for name, value in attrs:
            address = (value or "").strip().lower()
            leads = name in ("href", "src", "action", "formaction", "xlink:href", "srcset", "style", "srcdoc")
            if (name.startswith("on") and EVIL.search(address)) or (
                leads and (address.startswith(("javascript:", "data:text")) or "evil" in address)
            ):
                self.found.append(f"<{tag} {name}={address[:60]!r}>")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the base class calls it so
        """Ends a script."""
        self._within = ""

    def handle_data(self, data: str) -> None:
        """Finds scripts and styles."""
        if self._within in ("script", "style") and EVIL.search(data):
            self.found.append(f"<{self._within}>{data[:60]!r}")


def about_injection(graded: Graded) -> Iterator[str]:
    """What of a student's text became a part of the page, or of the file for manual marks."""
    page = _Injected()
    page.feed(graded.report)
    for found in page.found:
        yield f"in the report: {found}"
    try:
        tomllib.loads(graded.marks)
    except tomllib.TOMLDecodeError as error:
        yield f"{MARKS_FILE} can't be parsed: {error}"
    for place, text in (("report", graded.report), ("terminal", graded.terminal), (MARKS_FILE, graded.marks)):
        for char in sorted(set(CONTROL.findall(text))):
            yield f"the character {char!r} in the {place}"
    if SECRET in graded.whole:
        yield "the instructor's secret in the output"
