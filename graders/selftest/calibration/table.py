"""The table that a calibration prints, and the same as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from graders.selftest.calibration.chances import CONSTANT
from graders.selftest.calibration.proposals import Finding, Mistake
from graders.selftest.calibration.records import CORRECT, REFERENCE, Measured

HEADINGS = (
    "threshold", "today", "measured on right work", "n", "proposed", "chance of a false failure", "nearest mistake",
)  # fmt: skip


def lines(found: Sequence[Finding], results: Sequence[Measured]) -> Iterator[str]:
    """A Markdown table, with what it rests on before it and remarks below it."""
    yield summary(results)
    yield ""
    yield f"| {' | '.join(HEADINGS)} |"
    yield f"|{'---|' * len(HEADINGS)}"
    for each in found:
        yield f"| {' | '.join(_cells(each))} |"
    yield ""
    for each in found:
        if each.lost:
            yield f"{each.name}: broken by {', '.join(each.lost)}"
        if each.note:
            yield f"{each.name}: {each.note}"
    for job, criteria in ((each.job, each.unscored) for each in results if each.unscored):
        yield f"unscored: {job}: {', '.join(criteria)}"


def summary(results: Sequence[Measured]) -> str:
    """How many gradings there were, of what."""
    reference = [each.job for each in results if each.job.kind == REFERENCE]
    right = sum(each.job.kind == CORRECT for each in results)
    busy = sum(bool(job.load) for job in reference)
    mistakes = len(results) - len(reference) - right
    return (
        f"{len(reference) - busy} gradings of the reference, a seed each; {busy} of its latency while cores were busy; "
        f"{right} right but different submissions, {mistakes} mistakes"
    )


def _cells(found: Finding) -> tuple[str, ...]:
    return (
        f"`{found.name}`",
        f"{found.side} {found.today:g}",
        f"{found.low:.3g} to {found.high:.3g}" if found.count else "-",
        str(found.count),
        "as today" if found.proposed == found.today else f"{found.proposed:g}",
        _chance(found),
        _mistakes(found),
    )


def _chance(found: Finding) -> str:
    if not found.count:
        return "none"
    if found.model == CONSTANT:
        return f"never varied (without a model: below {found.unmodelled:.1%})"
    model = f"{found.model} of logarithms" if found.logarithmic else found.model
    return f"{found.chance:.1g} ({model}; without a model: below {found.unmodelled:.1%})"


def _mistakes(found: Finding) -> str:
    parts = [_mistake(found.beyond)] if found.beyond else []
    parts += [f"{_mistake(found.within)} on the other side"] if found.within else []
    return "; ".join(parts) or "-"


def _mistake(mistake: Mistake) -> str:
    return f"{mistake.case}: {mistake.value:.3g}"


def as_json(found: Sequence[Finding], results: Sequence[Measured]) -> dict[str, Any]:
    """What ``--json`` writes."""
    plain = [
        {name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in item.items()}
        for item in (asdict(each) for each in found)
    ]
    return {"gradings": len(results), "summary": summary(results), "thresholds": plain}
