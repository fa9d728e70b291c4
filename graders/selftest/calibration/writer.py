"""Putting a calibration's results into ``lab.toml``, whose comments and order stay as they are."""

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
BLOCK = re.compile(r"\n*^# Written by python -m graders calibrate .*\Z", re.MULTILINE | re.DOTALL)
THRESHOLDS, TOLERANCES, RELATIVE = "thresholds", "summary.tolerances", "summary.relative_tolerances"


def rewritten(
    text: str, short: str, found: Sequence[Finding], settled: Sequence[Finding], results: Sequence[Measured]
) -> str:
    """The text of ``lab.toml`` with proposed values, and with ``[calibration.NAME]`` tables at its end.

    :param settled: what was found, with the proposed values in force.
    :raises GraderError: where the text is not as expected, or anything else would change.
    """
    new = BLOCK.sub("\n", text).rstrip("\n") + "\n"
    for each in found:
        if each.proposed != each.today:
            new = _replaced(new, each)
    new += "\n" + "\n".join(_block(short, settled, results)) + "\n"
    _require_nothing_else(text, new, found)
    return new


def write(
    path: Path, short: str, found: Sequence[Finding], settled: Sequence[Finding], results: Sequence[Measured]
) -> bool:
    """Rewrites the file; whether anything changed. :raises GraderError: as :func:`rewritten` does."""
    text = path.read_text(encoding="utf-8")
    new = rewritten(text, short, found, settled, results)
    if new != text:
        path.write_text(new, encoding="utf-8")
    return new != text


def _place(data: Mapping[str, Any], found: Finding) -> tuple[str, str]:
    """The table in which a threshold stands, and its key there."""
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
    yield "[calibration]"
    yield f"gradings = {busy.count(False)}"
    yield f"latency_while_busy = {busy.count(True)}"
    for each in found:
        yield ""
        yield f"[calibration.{each.name}]"
        yield from (f"{name} = {_toml(value)}" for name, value in facts(each).items())


def facts(found: Finding) -> dict[str, Any]:
    """What the table of one threshold holds."""
    told: dict[str, Any] = {"n": found.count}
    if found.count:
        told |= {"mean": found.mean, "spread": found.spread, "worst": found.worst}
        told |= {"model": f"{found.model} of logarithms" if found.logarithmic else found.model}
        if found.model != CONSTANT:
            told["chance"] = found.chance
        told |= {"chance_without_model": found.unmodelled, "nearest_possible": found.least}
    for side, mistake in (("mistake", found.beyond), ("mistake_within", found.within)):
        if mistake is not None:
            told |= {side: mistake.case, f"{side}_value": mistake.value}
    return told


def _toml(value: Any) -> str:
    if isinstance(value, float):
        return f"{float(f'{value:.3g}')!r}" if math.isfinite(value) else str(value)
    return json.dumps(value)


def _require_nothing_else(old: str, new: str, found: Sequence[Finding]) -> None:
    before, after = tomllib.loads(old), tomllib.loads(new)
    before.pop("calibration", None)
    after.pop("calibration", None)
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
