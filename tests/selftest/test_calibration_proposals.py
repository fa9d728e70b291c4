"""What a calibration says of thresholds, how it is told, and how it gets into lab.toml."""

from __future__ import annotations

import json
import math
import random
import tomllib
from collections.abc import Mapping
from dataclasses import replace

import pytest

from graders.core.errors import GraderError
from graders.core.paths import LABS, REPOSITORY
from graders.framework.definition import Lab
from graders.framework.lab_toml import load
from graders.framework.registry import definitions
from graders.selftest.calibration import collection, table, writer
from graders.selftest.calibration.proposals import ALLOWED, Finding, findings, rounded, settled
from graders.selftest.calibration.records import AT_LEAST, CORRECT, MISTAKES, REFERENCE, Job, Measured, Results, Sample
from graders.selftest.calibration.writer import provenance, rewritten

AT_MOST = "at most"
LAB = replace(load(LABS / "l02_quantization"), thresholds={"size": 0.6}, summary=None)
COSTS = {"fat": frozenset({"c"}), "other": frozenset({"d"}), "slim": frozenset({"c"})}
TOML = """# A lab.
id = "l02"

[thresholds]
size = 0.6   # of the FP32 file
other = 2

[summary]
folder = "size = 0.6"

[summary.tolerances]
size = 0.2
"""


def measured(
    value: float, *, kind: str = REFERENCE, case: str = REFERENCE, seed: int = 1, side: str = AT_MOST
) -> Measured:
    lost = value > 0.6 if side == AT_MOST else value < 0.6
    sample = Sample("size", value, side, "c", "int8", lost)
    return Measured(job=Job(kind=kind, case=case, seed=seed), inputs_digest="x", lost=(), unscored=(), samples=(sample,))


def reference(mean: float, spread: float, count: int = 30, side: str = AT_MOST) -> list[Measured]:
    source = random.Random(5)
    return [measured(source.gauss(mean, spread), seed=seed, side=side) for seed in range(count)]


def found_in(results: list[Measured], lab: Lab = LAB) -> Finding:
    (finding,) = findings(lab.all_thresholds, results, COSTS)
    return finding


def mistake(value: float, case: str = "fat", side: str = AT_MOST) -> Measured:
    return measured(value, kind=MISTAKES, case=case, side=side)


def test_a_threshold_far_from_right_work_stays() -> None:
    """Right work at 0.5 ± 0.005 breaks 0.6 practically never, so 0.6 stays, and the nearest mistake is named."""
    found = found_in([*reference(0.5, 0.005), mistake(0.9), mistake(0.7), mistake(2, "other")])
    assert found.holds
    assert (found.proposed, found.note, found.count) == (0.6, "", 30)
    assert found.chance <= ALLOWED
    assert found.beyond is not None
    assert (found.beyond.case, found.beyond.value) == ("fat", 0.7), (
        "a mistake that costs another criterion is not counted"
    )
    assert found.worst == found.high < 0.52


@pytest.mark.parametrize(("mean", "side", "moves"), [(0.5, AT_MOST, 1), (0.7, AT_LEAST, -1)])
def test_a_threshold_too_near_is_moved(mean: float, side: str, moves: int) -> None:
    """Right work at ± 0.03 of a mean 0.1 away breaks 0.6 too often: it is moved until it does not, by two digits."""
    found = found_in([*reference(mean, 0.03, side=side)])
    assert not found.holds
    assert found.chance > ALLOWED
    assert moves * (found.proposed - 0.6) > 0
    assert found.proposed == rounded(found.least, up=moves > 0)
    again = found_in(reference(mean, 0.03, side=side), replace(LAB, thresholds={"size": found.proposed}))
    assert again.holds
    assert again.proposed == found.proposed


def test_a_lower_limit_of_what_is_above_zero_stays_above_zero() -> None:
    """Values that must not be too small are looked at in logarithms, so that a limit below 0 is never proposed."""
    source = random.Random(6)
    results = [measured(0.7 * math.exp(source.gauss(0, 0.4)), seed=seed, side=AT_LEAST) for seed in range(30)]
    found = found_in(results)
    assert found.logarithmic
    assert 0 < found.proposed == rounded(found.least, up=False) < 0.3
    assert found.spread == pytest.approx(0.4, rel=0.3)


def test_no_value_does_both() -> None:
    """Where the mistake lies within what right work may give, today's value stays and the table says why."""
    found = found_in([*reference(0.5, 0.03), mistake(0.61)])
    assert not found.holds
    assert found.proposed == 0.6
    assert "would let right work pass, and fat as well" in found.note


def test_right_work_that_fails_is_named() -> None:
    """A right submission beyond the threshold is told by name, whatever the model says."""
    found = found_in([*reference(0.5, 0.001), measured(0.62, kind=CORRECT, case="unusual", seed=7)])
    assert not found.holds
    assert found.lost == ("correct/unusual, seed 7",)


def test_a_threshold_that_right_work_never_meets() -> None:
    """What only tells mistakes apart has no chance of a false failure, and the nearest mistakes of both sides."""
    found = found_in([mistake(0.7), mistake(0.2, "slim")])
    assert found.holds
    assert found.count == 0
    assert found.beyond is not None
    assert found.within is not None
    assert (found.beyond.case, found.within.case) == ("fat", "slim")


def test_a_threshold_that_no_check_tells_of() -> None:
    """A threshold without any value is not taken for one that holds well."""
    assert "met in no grading" in found_in([measured(0.5)], replace(LAB, thresholds={"other": 1.0})).note


def test_too_few_values_propose_nothing() -> None:
    """One grading is no reason to move anything, and no reason to trust it."""
    found = found_in([measured(0.5)])
    assert not found.holds
    assert (found.proposed, found.note) == (0.6, "too few gradings, 1, to propose another value")


@pytest.mark.parametrize(
    ("value", "up", "expected"), [(0.0731, True, 0.074), (0.0731, False, 0.073), (0.07, True, 0.07), (1234, True, 1300), (0, True, 0)]
)  # fmt: skip
def test_rounding_lets_more_pass(value: float, up: bool, expected: float) -> None:
    """A proposed limit has two digits and is not stricter than what was found."""
    assert rounded(value, up=up) == expected


def test_the_table_says_it_all() -> None:
    """Name, today's value, range, proposed value, chance and mistake stand in one line; remarks below."""
    results = [*reference(0.5, 0.03), mistake(0.9)]
    finding = found_in(results)
    text = "\n".join(table.lines([finding], results))
    line = next(line for line in text.splitlines() if line.startswith("| `size`"))
    for part in (
        "at most 0.6",
        f"{finding.low:.3g} to {finding.high:.3g}",
        "30",
        f"{finding.proposed:g}",
        "normal",
        "fat: 0.9",
    ):
        assert part in line
    assert "size: changed" in text
    assert "30 gradings of the reference" in text
    written = json.loads(json.dumps(table.as_json([finding], results)))
    assert written["thresholds"][0]["proposed"] == finding.proposed


def test_writing_changes_values_and_nothing_else() -> None:
    """The value and its table are written, comments stay, a second time changes nothing."""
    results = [*reference(0.5, 0.03), mistake(0.9)]
    finding = found_in(results)
    then = settled([finding], results, COSTS)
    assert then[0].chance <= ALLOWED < finding.chance
    text = rewritten(TOML, [finding])
    assert f"size = {finding.proposed:g}   # of the FP32 file" in text
    data = tomllib.loads(text)
    assert data["thresholds"] == {"size": finding.proposed, "other": 2}
    assert data["summary"] == {"folder": "size = 0.6", "tolerances": {"size": 0.2}}
    basis = tomllib.loads(provenance("l02", then, results))
    assert basis["gradings"] == 30
    told = basis["size"]
    assert (told["n"], told["model"], told["mistake"], told["mistake_value"]) == (30, "normal", "fat", 0.9)
    claimed = replace(finding, name="summary_size", today=0.2, proposed=0.3)
    assert tomllib.loads(rewritten(TOML, [claimed]))["summary"]["tolerances"] == {"size": 0.3}
    assert rewritten(text, then) == text


@pytest.mark.parametrize("text", ["id = 1\n", TOML.replace("size = 0.6   #", "extent = 0.6   #")])
def test_nothing_is_written_where_the_file_is_another(text: str) -> None:
    """A file without the threshold, or without any, is refused."""
    results = reference(0.5, 0.03)
    with pytest.raises(GraderError):
        rewritten(text, [found_in(results)])


@pytest.fixture(params=[lab.id for lab in definitions() if collection.results_file(lab).is_file()])
def calibrated(request: pytest.FixtureRequest) -> Lab:
    """A lab whose gradings' results are kept."""
    return load(LABS / request.param)


def test_thresholds_rest_on_the_kept_results(calibrated: Lab) -> None:
    """What calibration.toml says of thresholds is what the stored results give: nothing is written by hand."""
    data = tomllib.loads((calibrated.folder / writer.FILE).read_text(encoding="utf-8"))
    results = list(Results(collection.results_file(calibrated)))
    assert len({each.inputs_digest for each in results}) == 1
    found = findings(calibrated.all_thresholds, results, collection.costs_of(calibrated))
    for each in found:
        expected = tomllib.loads(
            "\n".join(f"{key} = {writer._toml(value)}" for key, value in writer.facts(each).items())
        )
        assert data[each.name] == expected, each.name
        assert not each.lost, each.name


def test_every_threshold_is_calibrated(calibrated: Lab) -> None:
    """Every threshold has a table, which says in how many gradings it was met, and every table is of a threshold."""
    results = list(Results(collection.results_file(calibrated)))
    met = {sample.threshold for each in results for sample in each.samples}
    assert met <= set(calibrated.all_thresholds)
    assert len(met) > len(calibrated.all_thresholds) / 2
    told: Mapping[str, object] = tomllib.loads((calibrated.folder / writer.FILE).read_text(encoding="utf-8"))
    assert {name for name, value in told.items() if isinstance(value, dict)} == set(calibrated.all_thresholds)


def test_the_documentation_shows_the_table(calibrated: Lab) -> None:
    """docs/calibration.md has the table that the kept results give."""
    results = list(Results(collection.results_file(calibrated)))
    found = findings(calibrated.all_thresholds, results, collection.costs_of(calibrated))
    page = (REPOSITORY / "docs" / "calibration.md").read_text(encoding="utf-8")
    assert "\n".join(table.lines(found, results)) in page
