"""The words, the symbol and the tone of each verdict: the only table of them. Colour never stands alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from graders.core.verdicts import Verdict

Tone = Literal["good", "part", "bad", "wait", "fault", "plain"]


@dataclass(frozen=True, kw_only=True)
class VerdictWording:
    """How a verdict is shown.

    ``label``: a word or two. ``sentence``: how it reads in running text. ``meaning``: a sentence for a legend.
    ``hint``: the next step if a criterion has no reason. ``icon``: a symbol of the HTML report's ``icons.html.j2``;
    ``mark`` and ``emoji``: those of terminals and of Markdown.
    """

    label: str
    sentence: str
    meaning: str
    icon: str
    tone: Tone
    hint: str = ""
    mark: str = "✗"
    emoji: str = "❌"


WORDING: Mapping[Verdict, VerdictWording] = {
    Verdict.EARNED: VerdictWording(
        label="earned",
        sentence="earned",
        meaning="Every check of the criterion passed.",
        icon="check",
        tone="good",
        mark="✓",
        emoji="✅",
    ),
    Verdict.PARTIAL: VerdictWording(
        label="in part",
        sentence="partly earned",
        meaning="Some checks passed, others did not.",
        hint="See which checks of the criterion failed, and fix those.",
        icon="half",
        tone="part",
        mark="◐",
        emoji="🟠",
    ),
    Verdict.LOST: VerdictWording(
        label="lost",
        sentence="lost",
        meaning="The work was measured and is not as required.",
        hint="See what the checks of the criterion measured.",
        icon="cross",
        tone="bad",
    ),
    Verdict.MISSING: VerdictWording(
        label="not submitted",
        sentence="nothing was submitted",
        meaning="Nothing was found to measure.",
        hint="Submit the file or the result that the assignment names.",
        icon="empty",
        tone="bad",
    ),
    Verdict.FAILED: VerdictWording(
        label="exception",
        sentence="the code raised an exception",
        meaning="The code raised an exception.",
        hint="Read the end of the run's output under “Runs of your code”: the last line names the exception.",
        icon="bolt",
        tone="bad",
    ),
    Verdict.TIMEOUT: VerdictWording(
        label="out of time",
        sentence="the code exceeded its time limit",
        meaning="The code did not finish within its time limit.",
        hint="Look for endless loops and for work that is far larger than the assignment requires.",
        icon="clock",
        tone="bad",
    ),
    Verdict.OUT_OF_MEMORY: VerdictWording(
        label="out of memory",
        sentence="the code exceeded its memory limit",
        meaning="The code needed more memory than it may use.",
        hint="Process the data in batches instead of loading all of it at once.",
        icon="memory",
        tone="bad",
    ),
    Verdict.CRASHED: VerdictWording(
        label="crashed",
        sentence="the code's process ended before the code was done",
        meaning="The process of the code ended before the code was done.",
        hint="Read the end of the run's output under “Runs of your code”, and run the same code locally.",
        icon="bolt",
        tone="bad",
    ),
    Verdict.TAMPERED: VerdictWording(
        label="tampering",
        sentence="the code wrote to the grader's own files",
        meaning="Something interfered with the grading, so the result does not count.",
        hint="Remove the code that reaches outside the assignment, or ask your instructor.",
        icon="shield",
        tone="bad",
    ),
    Verdict.PENDING: VerdictWording(
        label="graded manually",
        sentence="graded manually",
        meaning="An instructor reads and marks this.",
        icon="person",
        tone="wait",
        mark="…",
        emoji="✏️",
    ),
    Verdict.NOT_LOOKED_AT: VerdictWording(
        label="not looked at",
        sentence="not looked at in quick mode",
        meaning="A quick look leaves this out. No points are lost: a full grading looks at it.",
        icon="dots",
        tone="plain",
        mark="·",
        emoji="⏭️",
    ),
    Verdict.UNSCORED: VerdictWording(
        label="grader's fault",
        sentence="the grader could not decide this; not the submission's fault",
        meaning="The grader itself failed here. No points are lost; it has to be graded again.",
        icon="wrench",
        tone="fault",
        mark="!",
        emoji="⚠️",
    ),
}
FINISHED = VerdictWording(
    label="finished", sentence="finished", meaning="The run finished.", icon="check", tone="plain"
)
OPTIONAL = VerdictWording(
    label="optional",
    sentence="optional",
    meaning="An optional step that was not taken, or that is not as required. It costs nothing.",
    icon="empty",
    tone="plain",
    emoji="🎁",
)
