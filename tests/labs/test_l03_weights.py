"""Lab 3's weight charts: the submission's weights beside the reference's."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema

from graders.core.errors import GraderError
from graders.core.paths import LABS
from graders.core.result import failure
from graders.labs.l03_pruning_clustering.weight_charts import weight_charts
from graders.measure.compression import Histogram

from .test_l03_checks import compression, evidence

SCHEMA = json.loads((LABS.parents[1] / "docs" / "scorecard.schema.json").read_text(encoding="utf-8"))
FIGURES = jsonschema.Draft202012Validator({"$ref": "#/$defs/figure", "$defs": SCHEMA["$defs"]})


def histogram(*, rowwise: bool = False, zeros: int = 0, values: tuple[float, ...] = ()) -> Histogram:
    kind, operator = ("CONV_2D", 7) if rowwise else ("FULLY_CONNECTED", 13)
    return Histogram(operator, kind, rowwise, 1.2, (1, 2, 3), (2, 2, 2), zeros, 6 + zeros, values, (1,) * len(values))


def test_each_file_is_a_panel_with_the_references_values() -> None:
    own = compression(histograms=(histogram(values=(-1.0, 1.0)), histogram(rowwise=True)))
    reference = compression(histograms=(histogram(values=(-0.9, 0.9), zeros=4),))
    plain, rowwise = (chart.to_json() for chart in weight_charts({"clustered-2": evidence(own, expected=reference)}))
    for figure in (plain, rowwise):
        FIGURES.validate(figure)
    assert plain["title"] == "Weights of FULLY_CONNECTED 13, by variant"
    (panel,) = plain["panels"]
    assert (panel["values"], panel["reference_values"], panel["reference_zeros"]) == ([-1.0, 1.0], [-0.9, 0.9], 4)
    assert rowwise["panels"][0]["reference_zeros"] is None


def test_a_layer_with_another_number_is_named_by_its_kind() -> None:
    plain, moved = histogram(), replace(histogram(), operator=32)
    runs = {name: evidence(compression(histograms=(each,))) for name, each in (("a", plain), ("b", moved))}
    (figure,) = weight_charts(runs)
    assert figure.title == "Weights of the largest FULLY_CONNECTED, by variant"


def test_files_without_weights_to_look_at_are_left_out() -> None:
    assert weight_charts({"clustered-2": evidence(compression())}) == []
    unmeasured = replace(evidence(compression()), compressed=failure(GraderError("no file")))
    assert weight_charts({"clustered-2": unmeasured}) == []
