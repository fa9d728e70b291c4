"""Generated scorecards: fractions of points, every verdict, hidden values, a submission of any name."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from graders.core.verdicts import Verdict

from . import hostile, samples
from .labs import Json, criterion, lab, reason, totals

FORMULAS = ("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\n=1", "  =1", "\uff1d1")
COMMANDS = ("::error file=a::b", "\n::add-mask::x", "##[error]x", "::stop-commands::x", "x\r::warning::y", "a::::b")
MARKUP = (
    "[a](http://evil.example)",
    "| a | b |",
    "<img src=x onerror=1>",
    "@everyone #1",
    "```",
    "&lt;b&gt;",
    "$x$",
    "www.evil.example",
)
TEXTS = (
    *FORMULAS,
    *COMMANDS,
    *MARKUP,
    *(text for text in hostile.STRINGS.values() if len(text) < 10_000),
    "",
    "解答",
    "y",
)
texts = st.sampled_from(TEXTS) | st.text(max_size=30)
SCORED = tuple(each.value for each in Verdict if each not in (Verdict.UNSCORED, Verdict.PENDING, Verdict.NOT_LOOKED_AT))


@st.composite
def criteria(draw: Any, lab_id: str, verdicts: tuple[str, ...]) -> list[Json]:
    found = []
    for index in range(draw(st.integers(0, 6))):
        maximum = draw(st.integers(1, 400)) / 100
        verdict = draw(st.sampled_from(verdicts))
        earned = 0.0
        if verdict == "earned":
            earned = maximum
        elif verdict in ("partial", "lost", "failed", "timeout"):
            earned = draw(st.integers(0, round(maximum * 100) - 1)) / 100
        why = None if verdict == "earned" else reason(*(draw(texts) for _ in range(4)))
        places = draw(st.lists(st.fixed_dictionaries({"file": texts, "line": st.integers(1, 9999)}), max_size=2))
        checks = [
            {"name": "int8-drawn", "verdict": verdict, "reason": why, "drawn": draw(st.booleans()), "places": places}
        ]
        title = draw(texts.filter(bool))
        found.append(
            criterion(f"{lab_id}.c{index}", title, maximum, verdict=verdict, earned=earned, reason=why, checks=checks)
        )
    if draw(st.booleans()):
        # As much of a bonus counts as was lost, and its maximum is 0.
        lost = sum(round(each["maximum"] * 100) - round(each["earned"] * 100) for each in found
                   if each["verdict"] not in ("pending", "unscored"))  # fmt: skip
        earned = draw(st.integers(0, min(lost, 50))) / 100
        verdict = "earned" if earned else draw(st.sampled_from(SCORED))
        why = None if verdict == "earned" else reason(*(draw(texts) for _ in range(4)))
        more = {"verdict": verdict, "earned": earned, "reason": why, "bonus": 0.5}
        found.append(criterion(f"{lab_id}.bonus", draw(texts.filter(bool)), 0, **more))
    return found


@st.composite
def documents(draw: Any, verdicts: tuple[str, ...] = (*SCORED, "pending")) -> Json:
    """A scorecard's document; with nothing unscored, unless asked for."""
    labs = [
        lab(name, draw(texts.filter(bool)), draw(criteria(name, verdicts)), [], [])
        for name in ("l02_quantization", "l03_pruning")[: draw(st.integers(1, 2))]
    ]
    card = samples.scorecard(draw(st.sampled_from(("王小明", "ada", *TEXTS))), labs)
    card["points"] = {
        name: round(value, 2) for name, value in totals([c for each in labs for c in each["criteria"]]).items()
    }
    card["root"] = draw(st.sampled_from(("", "lab", "一/二")))
    card["notices"] = draw(st.lists(texts, max_size=2))
    return card
