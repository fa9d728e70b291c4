"""Opening a grading: what is there while it is open, and that nothing is left of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graders import profiles, sandbox
from graders.core.errors import GraderError, RunError
from graders.framework import static_review
from graders.framework.registry import select_labs
from graders.framework.static_review import SummaryEvidence
from graders.pipeline.assembly import assemble
from graders.pipeline.config import GradingConfig
from graders.pipeline.execution import execute
from graders.pipeline.labs import open_grading
from graders.pipeline.review import read_summaries, review


@pytest.fixture
def config(tmp_path: Path) -> GradingConfig:
    """The grading of a submission that has nothing of lab 2."""
    folder = tmp_path / "ada"
    folder.mkdir()
    (folder / "README.md").write_text("My work\n")
    return GradingConfig(
        submission=folder,
        labs=tuple(select_labs(["l02"])),
        profile=profiles.choose("embedded", None, None),
        isolation=sandbox.choose("bare"),
    )


def test_nothing_is_left(config: GradingConfig) -> None:
    """While it is open, a grading has a work folder and a context for each lab; then its folders are gone."""
    with open_grading(config) as grading:
        assert grading.staged.work.is_dir()
        assert grading.lab("l02_quantization").context.lab is grading.staged.labs[0].lab
    assert not grading.servers.scratch.exists()


def test_nothing_is_left_of_an_interrupted_one(config: GradingConfig) -> None:
    """An error on the way closes it as well."""
    with pytest.raises(KeyboardInterrupt), open_grading(config) as grading:
        raise KeyboardInterrupt
    assert not grading.servers.scratch.exists()


def test_lent_servers_stay_their_owner_s(config: GradingConfig) -> None:
    """Lent servers are neither started nor closed for a submission without runs; its work folder is removed."""
    with open_grading(config) as owner:
        with open_grading(config, owner.servers) as grading:
            assert grading.staged.work.parent == owner.servers.scratch
        assert not grading.staged.work.exists()
        assert owner.servers.scratch.is_dir()


def test_a_grading_without_pytest(config: GradingConfig) -> None:
    """The steps need no pytest: every run of what is absent is missing, and so is the scorecard's verdict of it."""
    with open_grading(config) as grading:
        names = grading.lab("l02_quantization").plugin.run_names
        results = execute(grading, {"l02_quantization": names})
        scorecard = assemble(grading, results, review(grading, results), {}, ["A notice."])
    assert {run.verdict.value for run in scorecard.labs[0].runs} == {"missing"}
    assert [run.run for run in scorecard.labs[0].runs] == sorted(names)
    assert scorecard.submission == "ada"
    assert scorecard.notices[-1] == "A notice."
    with pytest.raises(RunError, match="no dl_in_iot_course"):
        results.get("l02_quantization", names[0]).get()
    with pytest.raises(GraderError, match="was not executed"):
        results.get("l02_quantization", "no such run")


def test_reviews_are_made_when_they_are_requested(config: GradingConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A summary that no test requests is not reviewed, not even for the scorecard; a requested one is, once."""
    calls: list[Any] = []
    nothing: Any = None
    empty = SummaryEvidence(nothing, nothing, False, ())
    monkeypatch.setattr("graders.framework.static_review.review", lambda *given: calls.append(given) or empty)
    with open_grading(config) as grading:
        results = execute(grading, {})
        reviews = review(grading, results)
        assemble(grading, results, reviews, {})
        assert not calls
        assert reviews.summary("l02_quantization") is reviews.summary("l02_quantization")
        assert len(calls) == 1


@pytest.mark.tensorflow
def test_summaries_are_read_ahead_once(config: GradingConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read in the background is what the review is made of; labs that nobody asked for are not read."""
    folder = config.submission / "summaries" / "l02_quantization"
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("# Summary\n\nAccuracy of the FP32 model: 0.91\n", encoding="utf-8")
    texts: list[Any] = []
    read = static_review.read_summary
    monkeypatch.setattr(static_review, "read_summary", lambda *given: texts.append(given) or read(*given))
    with open_grading(config) as grading:
        assert not read_summaries(grading, [])
        ahead = read_summaries(grading, ["l02_quantization"])
        reviews = review(grading, execute(grading, {}), summaries=ahead)
        claims = reviews.summary("l02_quantization").review.claims.claims
        assert [claim.value for claim in claims] == [0.91]
        assert claims == ahead["l02_quantization"].get().claims.claims
    assert len(texts) == 1
