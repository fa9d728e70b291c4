"""How each verdict looks: its words, its symbol and its tone. Colour never stands alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tone = Literal["good", "part", "bad", "wait", "fault", "plain"]


@dataclass(frozen=True, kw_only=True)
class Look:
    """A verdict in the page; `icon` is a symbol of `icons.html.j2`, `hint` stands in for a missing reason."""

    label: str
    icon: str
    tone: Tone
    meaning: str
    hint: str = ""


_LOOKS = {
    "earned": Look(label="earned", icon="check", tone="good", meaning="Every check of the criterion holds."),
    "partial": Look(
        label="in part",
        icon="half",
        tone="part",
        meaning="Some checks hold, others do not.",
        hint="See which checks of the criterion did not hold, and repair those.",
    ),
    "lost": Look(
        label="lost",
        icon="cross",
        tone="bad",
        meaning="The work was measured and does not hold.",
        hint="See what the checks of the criterion measured.",
    ),
    "missing": Look(
        label="not handed in",
        icon="empty",
        tone="bad",
        meaning="Nothing was found to measure.",
        hint="Hand in the file or the result that the assignment names.",
    ),
    "failed": Look(
        label="code raised",
        icon="bolt",
        tone="bad",
        meaning="The code raised an exception.",
        hint="Read the end of the run's output under “Runs of your code”: the last line names the exception.",
    ),
    "timeout": Look(
        label="out of time",
        icon="clock",
        tone="bad",
        meaning="The code did not end within its time limit.",
        hint="Look for endless loops and for work that is far larger than the assignment asks for.",
    ),
    "out_of_memory": Look(
        label="out of memory",
        icon="memory",
        tone="bad",
        meaning="The code needed more memory than it may use.",
        hint="Process the data in batches in place of loading all of it at once.",
    ),
    "crashed": Look(
        label="crashed",
        icon="bolt",
        tone="bad",
        meaning="The process of the code ended without finishing.",
        hint="Read the end of the run's output under “Runs of your code”, and run the same code locally.",
    ),
    "tampered": Look(
        label="tampering",
        icon="shield",
        tone="bad",
        meaning="Something interfered with the grading, so the result does not count.",
        hint="Remove the code that reaches outside the assignment, or ask the person who grades.",
    ),
    "pending": Look(label="by a person", icon="person", tone="wait", meaning="A person reads and marks this."),
    "unscored": Look(
        label="grader's fault",
        icon="wrench",
        tone="fault",
        meaning="The grader itself failed here. Nothing is lost; it has to be graded again.",
    ),
    "finished": Look(label="finished", icon="check", tone="plain", meaning="The run came to its end."),
    "optional": Look(
        label="optional",
        icon="empty",
        tone="plain",
        meaning="An optional step that was not taken, or that does not hold. It costs nothing.",
    ),
}

VERDICTS = tuple(verdict for verdict in _LOOKS if verdict not in ("finished", "optional"))


def look(verdict: str) -> Look:
    """Return how `verdict` looks; a word that is not known is shown as it is, in a neutral tone."""
    return _LOOKS.get(verdict) or Look(label=str(verdict)[:40], icon="empty", tone="plain", meaning="", hint="")
