"""Writing a calibration's results: values into ``lab.toml``, whose comments and order stay; the rest beside it."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from graders.core.errors import GraderError
from graders.framework.definition import CLAIMED
from graders.selftest.calibration.chances import CONSTANT
from graders.selftest.calibration.proposals import Finding
from graders.selftest.calibration.records import REFERENCE, Measured

FIRST = (
    "# Written by python -m graders calibrate {short} --write: what the thresholds rest on, see docs/calibration.md."
)
FILE = "calibration.toml"
"""Beside ``lab.toml``."""
THRESHOLDS, TOLERANCES, RELATIVE = "thresholds", "summary.tolerances", "summary.relative_tolerances"


def rewritten(text: str, found: Sequence[Finding]) -> str:
    """The text of ``lab.toml`` with proposed values.

    :raises GraderError: if the text is not as expected, or anything else would change.
    """
    new = text
    for each in found:
        if each.proposed != each.today:
            new = _replaced(new, each)
    _require_nothing_else(text, new, found)
    return new


def provenance(short: str, settled: Sequence[Finding], results: Sequence[Measured]) -> str:
    """The text of ``calibration.toml``: a table for each threshold.

    :param settled: what was found, with the proposed values in force.
    """
    return "\n".join(_block(short, settled, results)) + "\n"


def write(
    path: Path, short: str, found: Sequence[Finding], settled: Sequence[Finding], results: Sequence[Measured]
) -> bool:
    """Rewrites ``lab.toml`` and what lies beside it; whether anything changed.

    :raises GraderError: as :func:`rewritten` does.
    """
    texts = {
        path: rewritten(path.read_text(encoding="utf-8"), found),
        path.with_name(FILE): provenance(short, settled, results),
    }
    changed = [file for file, text in texts.items() if not file.is_file() or file.read_text(encoding="utf-8") != text]
    for file in changed:
        file.write_text(texts[file], encoding="utf-8")
    return bool(changed)


def _place(data: Mapping[str, Any], found: Finding) -> tuple[str, str]:
    """The table that holds a threshold, and its key there."""
    key = found.name.removeprefix(CLAIMED)
    if key == found.name:
        return THRESHOLDS, key
    return (TOLERANCES if key in data.get("summary", {}).get("tolerances", {}) else RELATIVE), key


def _replaced(text: str, found: Finding) -> str:
    table, key = _place(tomllib.loads(text), found)
    # The table's own lines: up to the next one that opens a table.
    line = re.compile(rf"(^\[{re.escape(table)}\].*\n(?:(?!\[).*\n)*?{re.escape(key)} *= *)[-+.\w]+", re.MULTILINE)
    new, count = line.subn(rf"\g<1>{found.proposed:g}", text)
    if count != 1:
        raise GraderError(f"lab.toml has {count} lines for the threshold {found.name}, not 1")
    return new


def _block(short: str, found: Sequence[Finding], results: Sequence[Measured]) -> Iterator[str]:
    busy = [each.job.load > 0 for each in results if each.job.kind == REFERENCE]
    yield FIRST.format(short=short)
    yield f"gradings = {busy.count(False)}"
    yield f"latency_while_busy = {busy.count(True)}"
    for each in found:
        yield ""
        yield f"[{each.name}]"
        yield from (f"{name} = {_toml(value)}" for name, value in facts(each).items())


def facts(found: Finding) -> dict[str, Any]:
    """What the table of one threshold holds."""
    values: dict[str, Any] = {"n": found.count}
    if found.count:
        values |= {"mean": found.mean, "spread": found.spread, "worst": found.worst}
        values |= {"model": f"{found.model} of logarithms" if found.logarithmic else found.model}
        if found.model != CONSTANT:
            values["chance"] = found.chance
        values |= {"chance_without_model": found.unmodelled, "nearest_possible": found.least}
    for side, mistake in (("mistake", found.beyond), ("mistake_within", found.within)):
        if mistake is not None:
            values |= {side: mistake.case, f"{side}_value": mistake.value}
    return values


def _toml(value: Any) -> str:
    if isinstance(value, float):
        return f"{float(f'{value:.3g}')!r}" if math.isfinite(value) else str(value)
    return json.dumps(value)


def _require_nothing_else(old: str, new: str, found: Sequence[Finding]) -> None:
    before, after = tomllib.loads(old), tomllib.loads(new)
    for each in found:
        table, key = _place(before, each)
        place: dict[str, Any] = before
        for name in table.split("."):
            place = place.get(name, {})
        if key not in place:
            raise GraderError(f"lab.toml has no threshold {each.name}")
        place[key] = each.proposed
    if before != after:
        raise GraderError("lab.toml would not be what it is but for its thresholds; nothing was written")
