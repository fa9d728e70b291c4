"""One execution of a student's code, as reports show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graders.core.json_value import JsonValue
from graders.core.verdicts import RunVerdict, read_run_verdict


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """What reports show of a run. ``note``: how it went, in a line, if its verdict does not say all.

    ``output_tail``: the end of what it printed, of ``output_bytes`` in all. ``evidence``: facts about its artifacts,
    None if it did not finish.
    """

    run: str
    title: str
    verdict: RunVerdict
    note: str | None
    output_tail: str
    output_bytes: int
    cpu_s: float
    wall_s: float
    evidence: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """The run as the scorecard holds it."""
        found: dict[str, Any] = {
            "run": self.run,
            "title": self.title,
            "verdict": self.verdict.value,
            "note": self.note,
            "output_tail": self.output_tail,
            "output_bytes": self.output_bytes,
            "cpu_s": self.cpu_s,
            "wall_s": self.wall_s,
        }
        return found if self.evidence is None else {**found, "evidence": dict(self.evidence)}

    @classmethod
    def from_json(cls, value: JsonValue) -> RunSummary:
        """The run in its JSON form."""
        note, evidence = value.get("note"), value.get("evidence")
        return cls(
            run=value.at("run").text(),
            title=value.at("title").text(),
            verdict=read_run_verdict(value.at("verdict")),
            note=note.text() if note else None,
            output_tail=value.at("output_tail").text(),
            output_bytes=value.at("output_bytes").whole(),
            cpu_s=value.at("cpu_s").number(),
            wall_s=value.at("wall_s").number(),
            evidence=evidence.mapping() if evidence else None,
        )
