"""A regression as lines for a terminal, as JSON, and as one page of HTML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from graders.core.text import terminal_line
from graders.selftest.regression.difference import Change
from graders.selftest.regression.records import Record, Regression

if TYPE_CHECKING:
    from jinja2 import Template

PAGE = Path(__file__).resolve().parent / "page.html"
MOST_LINES = 12


def progress_line(record: Record, done: int, count: int) -> str:
    """A line for an entry that has ended."""
    return f"  [{done}/{count}] {terminal_line(record.name):<60} {record.seconds:6.1f} s  {outcome(record)}"


def outcome(record: Record) -> str:
    """An entry's outcome, in a few words."""
    if record.fault:
        return f"NOT GRADED: {terminal_line(record.fault)}"
    if record.wrong:
        return "NOT AS EXPECTED"
    return "cached" if record.cached else "done"


def closing_lines(run: Regression, changes: Sequence[Change] | None) -> Iterator[str]:
    """What is not as expected, what is different from before, and the sums."""
    records = list(run.records.values())
    for record in records:
        if record.fault or record.wrong:
            yield ""
            yield f"{terminal_line(record.name)}: {terminal_line(record.title)}"
            text = "\n".join([record.fault, *record.wrong])
            lines = [terminal_line(line) for line in text.splitlines() if line.strip()]
            yield from (f"    {line}" for line in lines[:MOST_LINES])
    if changes is not None:
        yield ""
        yield from _change_lines(changes)
    yield ""
    expected = [record for record in records if not (record.fault or record.wrong)]
    cached = sum(record.cached for record in records)
    yield f"{len(expected)} of {len(records)} as expected; {cached} unchanged and not graded again"


def _change_lines(changes: Sequence[Change]) -> Iterator[str]:
    if not changes:
        yield "nothing is different from before"
    for change in changes:
        yield f"{terminal_line(change.submission)}  {change.criterion}".rstrip()
        yield f"    {terminal_line(change.before)}  ->  {terminal_line(change.after)}  ({change.points:+g} points)"
        if change.measured:
            yield f"    measured  {terminal_line(change.measured)}"
        yield f"    changed   {change.why}"


def as_json(run: Regression, changes: Sequence[Change] | None) -> str:
    """The whole run, and beside it what is different from before, as JSON text."""
    data = json.loads(run.dumps())
    if changes is not None:
        data["changes"] = [asdict(change) for change in changes]
    return json.dumps(data, indent=1)


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(PAGE.read_text(encoding="utf-8"))


def as_html(run: Regression, changes: Sequence[Change] | None) -> str:
    """One page: what is not as expected, what changed, and every entry."""
    records = list(run.records.values())
    wrong = [record for record in records if record.fault or record.wrong]
    return _template().render(run=run, records=records, wrong=wrong, changes=changes, outcome=outcome)
