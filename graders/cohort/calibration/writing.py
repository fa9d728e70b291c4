"""Putting a calibration's results into ``lab.toml``, whose comments and order stay as they are."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from graders.cohort.calibration.chances import CONSTANT
from graders.cohort.calibration.proposals import Finding
from graders.cohort.calibration.records import REFERENCE, Measured
from graders.errors import GraderError

FIRST = "# Written by python -m graders calibrate {short} --write: what [thresholds] rests on, see docs/calibration.md."
LAST = "# End of what was written."
BLOCK = re.compile(
    r"^# Written by python -m graders calibrate .*?^# End of what was written\.\n\n?", re.MULTILINE | re.DOTALL
)
THRESHOLDS = re.compile(r"^\[thresholds\]\n(?:(?!\[).*\n)*", re.MULTILINE)


def rewritten(text: str, short: str, found: Sequence[Finding], results: Sequence[Measured]) -> str:
    """The text of ``lab.toml`` with proposed values and ``[calibration.NAME]`` tables after ``[thresholds]``.

    :raises GraderError: where the text is not as expected, or anything else would change.
    """
    plain = BLOCK.sub("", text)
    section = THRESHOLDS.search(plain)
    if section is None:
        raise GraderError("lab.toml has no [thresholds] to write to")
    head = section[0]
    for each in found:
        if each.proposed != each.today:
            head = _replaced(head, each)
    block = "\n".join(_block(short, found, results))
    new = plain[: section.start()] + head.rstrip("\n") + f"\n\n{block}\n\n" + plain[section.end() :]
    _require_nothing_else(text, new, found)
    return new


def write(path: Path, short: str, found: Sequence[Finding], results: Sequence[Measured]) -> bool:
    """Rewrites the file; whether anything changed. :raises GraderError: as :func:`rewritten` does."""
    text = path.read_text(encoding="utf-8")
    new = rewritten(text, short, found, results)
    if new != text:
        path.write_text(new, encoding="utf-8")
    return new != text


def _replaced(section: str, found: Finding) -> str:
    line = re.compile(rf"^{re.escape(found.name)}( *= *)[-+.\w]+", re.MULTILINE)
    new, count = line.subn(rf"{found.name}\g<1>{found.proposed:g}", section)
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
    yield LAST


def facts(found: Finding) -> dict[str, Any]:
    """What the table of one threshold holds."""
    told: dict[str, Any] = {"n": found.count}
    if found.count:
        told |= {"mean": found.mean, "spread": found.spread, "worst": found.worst, "model": found.model}
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
    before["thresholds"] |= {each.name: each.proposed for each in found}
    if before != after:
        raise GraderError("lab.toml would not be what it is but for its thresholds; nothing was written")
