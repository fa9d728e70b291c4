"""From the report alone: each of five real mistakes is told with its place and with what to change.

The scorecard is of a real grading (``gradings.py``). Somebody mended the submission from its texts and got full marks; what
that took is what is held here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from graders.reports.html import render_page
from graders.scoring import Scorecard
from graders.selftest.corpus.cases import CORPUS, Case, load

from .gradings import MISTAKES, build_five_mistakes, kept
from .page import parse

# What has to be written in the place of each mistake, as the report says it.
REMEDIES = {
    "l02/no-rounding": "np.rint(x / scale + zero_point)",
    "l02/calibration-default-seed": "calibration_dataset_generator(self.calibrationdatasetpercent, 1234)",
    "l03/clustered-not-stripped": "Convert what strip_clustering returns",
    "l03/pruned-default-frequency": "ConstantSparsity(self.target_sparsity, begin_step=0, end_step=1, frequency=1)",
    "summaries/deflation-inverted": "1 - zipped size / file size",
}
CASES = {name: load(CORPUS / "mistakes" / f"{name}.toml") for name in MISTAKES}


@pytest.fixture(scope="module")
def submission(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_five_mistakes(tmp_path_factory.mktemp("five") / "submission")


def lost() -> dict[str, Any]:
    """The criteria that lost points, by id."""
    criteria = [criterion for lab in kept("five-mistakes")["labs"] for criterion in lab["criteria"]]
    return {each["id"]: each for each in criteria if each["verdict"] not in ("earned", "pending")}


def cost(case: Case) -> list[Any]:
    """The criteria that a mistake cost."""
    return [lost()[each.criterion] for each in case.costs]


def test_these_mistakes_cost_their_criteria_and_no_others() -> None:
    """A bonus that was not tried for is no mistake."""
    worth_points = {identifier for identifier, each in lost().items() if each["maximum"]}
    assert worth_points == {each.criterion for case in CASES.values() for each in case.costs}


@pytest.mark.parametrize("name", MISTAKES)
def test_the_report_says_what_to_write(name: str) -> None:
    told = [f"{each['reason']['cause']} {each['reason']['next']}" for each in cost(CASES[name])]
    assert any(REMEDIES[name] in each for each in told)
    boxes = [box.text for box in parse(render_page(Scorecard.from_json(kept("five-mistakes")))).all("li", "og-advice")]
    (box,) = [each for each in boxes if REMEDIES[name] in each]
    assert "Next step" in box


@pytest.mark.parametrize("name", [name for name in MISTAKES if not name.startswith("summaries")])
def test_the_report_names_the_line(name: str, submission: Path) -> None:
    """The line is that of the method that the mistake is in."""
    case = CASES[name]
    for criterion in cost(case):
        where = criterion["where"]
        lines = (submission / where["file"]).read_text(encoding="utf-8").splitlines()
        for place in where["places"]:
            assert f"def {place['name'].partition('.')[2]}(" in lines[place["line"] - 1]
        changed = (case.changes[0].new or "").strip().splitlines()[0].strip()
        at = next(number for number, line in enumerate(lines, start=1) if changed in line)
        after = [number for number, line in enumerate(lines, start=1) if number > place["line"] and "    def " in line[:8]]
        assert place["line"] < at < min([*after, len(lines)])


def test_the_report_names_the_line_of_the_summary(submission: Path) -> None:
    (criterion,) = cost(CASES["summaries/deflation-inverted"])
    places = re.findall(r"(\d+\.\d+) % \((\S+), line (\d+)\)", criterion["reason"]["measured"])
    assert len(places) >= 8
    for figure, file, line in places[:8]:
        assert figure in (submission / file).read_text(encoding="utf-8").splitlines()[int(line) - 1]


def test_one_repair_is_one_box() -> None:
    """Wrappers left in cost two criteria, and so does what was never pruned; each is told once."""
    page = parse(render_page(Scorecard.from_json(kept("five-mistakes"))))
    headings = [" ".join(each.text.split()) for each in page.all("h3")]
    assert sum(each.startswith("One cause for 2 criteria: ") for each in headings) == 2
