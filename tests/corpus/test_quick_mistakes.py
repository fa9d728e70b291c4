"""The mistakes that are seen most often are found by a quick look, in the runs that it makes, and named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from graders import profiles, sandbox
from graders.cohort.engine.in_process import Graded, grade_quietly
from graders.cohort.engine.options import GradingOptions
from graders.core.paths import REFERENCE
from graders.core.verdicts import Verdict
from graders.framework.registry import select_labs
from graders.pipeline.config import GradingConfig
from graders.pipeline.servers import ServerPool, start_servers
from graders.selftest.corpus.cases import CORPUS, MISTAKES, build, load

UNDECIDED = (Verdict.PENDING, Verdict.NOT_LOOKED_AT, Verdict.UNSCORED)
# With the run, of those that a quick look makes, that has to find it: the corpus finds it in another one.
OFTEN = {
    "l02/no-rounding": "int8-drawn and not latency",
    "l02/no-clipping": "int8-drawn and not latency",
    "l02/output-codes-returned": "int8-drawn and not latency",
    "l02/io-types-unset": "int8-drawn and not latency",
    "l02/dynamic-range": "int8-drawn and not latency",
    "l02/calibration-test-split": "int8-drawn and not latency",
    "l03/pruned-never-wrapped": "pruned-drawn and not latency",
    "l03/pruned-never-fitted": "pruned-drawn and not latency",
    "l03/clustered-then-quantised": "clustered-drawn and not latency",
    "mnist/never-executed": "test_report",
    "summaries/todo-left": "test_summary",
    "history/within-a-minute": "test_history",
}


@pytest.fixture(scope="module")
def servers() -> Iterator[ServerPool]:
    """The servers of all gradings."""
    config = GradingConfig(
        submission=REFERENCE,
        labs=tuple(select_labs(["l02", "l03", "mnist"])),
        profile=profiles.choose("embedded", None, None),
        isolation=sandbox.choose("auto"),
        quick=True,
    )
    pool = start_servers(config)
    yield pool
    pool.close()


def look(name: str, servers: ServerPool, folder: Path) -> Graded:
    """A quick look at a case of the corpus, at one of its runs."""
    case = load(CORPUS / MISTAKES / f"{name}.toml")
    submission = build(case, folder / case.path.stem)
    options = GradingOptions(labs=(case.lab.id,), select=OFTEN[name], quick=True, parallel_runs=None)
    return grade_quietly(submission, options, servers, folder / "report")


@pytest.mark.parametrize("name", OFTEN)
def test_it_is_found(name: str, servers: ServerPool, tmp_path: Path) -> None:
    """It costs criteria that it costs in a full grading, no others, and the feedback names it."""
    case = load(CORPUS / MISTAKES / f"{name}.toml")
    card = look(name, servers, tmp_path).scorecard
    assert card.quick
    lost = {score.id: score for score in card.scores if score.verdict not in (*UNDECIDED, Verdict.EARNED)}
    assert lost
    assert set(lost) <= {cost.criterion for cost in case.costs}
    reasons = [score.reason for score in lost.values() if score.reason]
    said = without_numbers("\n".join(f"{each.measured}\n{each.cause}\n{each.next}" for each in reasons))
    assert any(without_numbers(words) in said for words in case.names), said


def without_numbers(text: str) -> str:
    """A text without its numbers: hidden values are others than those that the corpus names."""
    return re.sub(r"\d+(\.\d+)?", "", text)
