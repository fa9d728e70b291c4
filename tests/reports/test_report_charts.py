"""Charts draw what is there, say it in words too, and survive having nothing to draw."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.core import charts
from graders.core.charts import read_charts
from graders.core.errors import UsageError
from graders.core.json_value import JsonValue
from graders.reports.html import _histograms, _scatter
from graders.reports.html._formatting import MISSING
from graders.reports.html._histograms import HistogramsDrawing, draw_histograms
from graders.reports.html._line import BOTTOM, LEFT, RIGHT, TOP, LineDrawing, draw_line
from graders.reports.html._matrix import MatrixDrawing, draw_matrix
from graders.reports.html._scatter import ScatterDrawing, draw_scatter

from . import drawn, labs, samples
from .labs import Json
from .page import Page, parse, render

MATRIX: Json = {"kind": "confusion_matrix", "title": "Matrix", "caption": "", "labels": [], "matrix": []}
TABLE: Json = {"kind": "table", "title": "Table", "caption": "", "columns": [], "rows": []}
LINE: Json = {
    "kind": "line",
    "title": "Line",
    "caption": "",
    "x_label": "x",
    "y_label": "y",
    "y_unit": "percent",
    "series": [],
}


def page_with(*figures: Json) -> Page:
    return parse(render(samples.scorecard("x", [labs.lab("x", "X", [], [], list(figures))])))


def line_chart(document: Json) -> LineDrawing:
    return draw_line(read(charts.Line, document))


def confusion_matrix(document: Json) -> MatrixDrawing:
    return draw_matrix(read(charts.ConfusionMatrix, document))


def scatter(document: Json) -> ScatterDrawing:
    return draw_scatter(read(charts.Scatter, document))


def histograms(document: Json) -> HistogramsDrawing:
    return draw_histograms(read(charts.Histograms, document))


def read(kind: type[Any], document: Json) -> Any:
    """The chart of a document, which must be of this kind."""
    (chart,) = read_charts(JsonValue([document]))
    assert isinstance(chart, kind)
    return chart


def line(points: list[list[Any]], unit: str = "percent", name: str = "INT8") -> Json:
    return {**LINE, "y_unit": unit, "series": [{"name": name, "points": points}]}


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        (LINE, "No points to draw."),
        (line([]), "No points to draw."),
        (line([[1, math.nan], [2, math.inf]]), "No points to draw."),
        (MATRIX, "No predictions to count."),
        ({**MATRIX, "labels": ["a"], "matrix": [[0]]}, "No predictions to count."),
        ({**MATRIX, "matrix": [[1] * 300] * 300}, "300 classes are too many to draw."),
        (TABLE, "The table is empty."),
        ({**TABLE, "columns": ["a"]}, "The table is empty."),
    ],
)
def test_a_chart_without_data_says_so(figure: Json, said: str) -> None:
    page = page_with(figure)
    assert said in page.text()
    assert figure["title"] in page.text()


def test_an_unknown_kind_of_chart_is_left_out() -> None:
    assert "Charts" not in page_with({"kind": "pie"}).text()


def test_five_points_keep_their_labels_and_even_distances() -> None:
    chart = line_chart(line([[0.8, 93.9], [0.01, 90.5], [0.08, 93.0], [0.3, 93.7], [0.55, 93.7]]))
    assert [tick.label for tick in chart.x_ticks] == ["0.01", "0.08", "0.3", "0.55", "0.8"]
    places = [tick.at for tick in chart.x_ticks]
    assert len({round(b - a, 1) for a, b in itertools.pairwise(places)}) == 1
    assert [mark.label for mark in chart.series[0].marks] == ["90.5", "93", "93.7", "93.7", "93.9"]
    assert all(mark.label_y is not None for mark in chart.series[0].marks)


def test_words_on_the_x_axis_keep_their_order() -> None:
    chart = line_chart(line([["FP32", 94.1], ["INT8", 93.7], ["imbalanced", 71.4]]))
    assert [tick.label for tick in chart.x_ticks] == ["FP32", "INT8", "imbalanced"]


def test_lines_of_different_places_share_one_axis() -> None:
    figure = line([[2, 1.0], [8, 3.0]])
    figure["series"].append({"name": "FP32", "points": [[4, 2.0]]})
    chart = line_chart(figure)
    assert chart.rows == (("2", "1", MISSING), ("4", MISSING, "2"), ("8", "3", MISSING))


def test_values_next_to_each_other_are_not_written_over_each_other() -> None:
    figure = line([[i, 90.0] for i in range(4)])
    figure["series"] += [{"name": str(n), "points": [[i, 90.0 + n / 10] for i in range(4)]} for n in range(1, 6)]
    chart = line_chart(figure)
    spots = [(m.x, m.label_y) for series in chart.series for m in series.marks if m.label_y is not None]
    assert spots
    assert all(abs(ax - bx) >= 38 or abs(ay - by) >= 13 for i, (ax, ay) in enumerate(spots) for bx, by in spots[:i])


@given(
    st.lists(
        st.tuples(st.integers(-1000, 1000) | st.floats(), st.floats() | st.integers(-(10**20), 10**20)), max_size=30
    ),
    st.sampled_from(["percent", "number"]),
)
def test_every_point_lies_within_the_axes(points: list[tuple[float, float]], unit: str) -> None:
    chart = line_chart(line([list(point) for point in points], unit))
    assert len(chart.y_ticks) <= 9
    for series in chart.series:
        for mark in series.marks:
            assert LEFT <= mark.x <= RIGHT
            assert TOP <= mark.y <= BOTTOM


def test_percentages_do_not_leave_their_range_and_do_not_magnify_noise() -> None:
    ticks = line_chart(line([[1, 99.8], [2, 99.9]])).y_ticks
    assert ticks[-1].label == "100"
    assert float(ticks[0].label) <= 95


def test_a_chart_speaks() -> None:
    page = page_with(line([[1, 90.5], [2, 93.0]]))
    assert "INT8: 2 points, from 90.5 to 93 %" in page.all("desc")[0].text
    assert "90.5 %" in [cell.text for cell in page.all("td", "og-number")]


def test_confusions_are_counted_by_row_and_the_worst_come_first() -> None:
    figure = labs.confusion_matrix("INT8", {(5, 4): 4, (4, 5): 3})
    matrix = confusion_matrix(figure)
    assert (matrix.right, matrix.total) == (437, 444)
    assert [(c.truth, c.answer, c.count, c.of) for c in matrix.confusions] == [
        ("dog2", "dog", 4, 12),
        ("dog", "dog2", 3, 12),
    ]
    assert "dog2 is taken for dog (4 of 12)" in matrix.description
    assert matrix.rows[5].tip == "dog2: 8 of 12 right; taken for dog 4"


def test_a_matrix_that_is_ragged_or_has_nonsense_in_it_is_still_drawn() -> None:
    matrix = confusion_matrix({**MATRIX, "labels": ["a"], "matrix": [[3], [1, 2, 9, 9], [-4]]})
    assert matrix.labels == ("a", "class 1", "class 2")
    assert [row.counts for row in matrix.rows] == [(3, 0, 0), (1, 2, 9), (0, 0, 0)]


@pytest.mark.parametrize(
    ("chart", "said"),
    [
        ({**MATRIX, "matrix": [[None]]}, r"matrix\[0\]\[0\]: expected a whole number, not None"),
        ({**MATRIX, "matrix": [["x"]]}, r"matrix\[0\]\[0\]: expected a whole number, not 'x'"),
        (line([[1, 2, 3]]), r"points\[0\]: expected 2 values, not 3"),
        (line([[1, "2"]]), r"points\[0\]\[1\]: expected a number, not '2'"),
        ({"kind": "scatter", "title": "T"}, "'caption' is missing"),
        ({"kind": "histograms", "title": "T", "caption": "", "x_label": "", "panels": [{}]}, "'name' is missing"),
    ],
)
def test_a_chart_of_another_form_is_refused_with_its_place(chart: Json, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        page_with(chart)


KINDS = [LINE, line([[1, 2.5], ["a", 3]]), MATRIX, TABLE, {**TABLE, "columns": ["a"], "rows": [["b", 1]]}]
KINDS += [drawn.scatter(), drawn.histograms(), drawn.claims(), drawn.history()]


@pytest.mark.parametrize("document", KINDS)
def test_a_chart_is_the_same_in_json(document: Json) -> None:
    (chart,) = read_charts(JsonValue([document]))
    assert chart.to_json() == document


def test_a_small_matrix_has_its_counts_written_in() -> None:
    digits = {
        **MATRIX,
        "labels": list("0123456789"),
        "matrix": [[20 if i == j else 0 for j in range(10)] for i in range(10)],
    }
    page = page_with(digits)
    assert "200 of 200 on the diagonal (100.0 %)." in page.text()
    assert "No confusions" in page.text()
    assert [element.text for element in page.all("text")].count("20") == 10


def test_numbers_of_a_table_are_set_to_the_right() -> None:
    page = page_with({**TABLE, "columns": ["model", "bytes"], "rows": [["FP32", 131264], ["INT8"]]})
    assert [cell.text for cell in page.all("td", "og-number")] == ["131264", ""]


def test_a_long_table_says_what_it_leaves_out() -> None:
    page = page_with({**TABLE, "columns": ["i"], "rows": [[i] for i in range(1000)]})
    assert "800 more rows not shown." in page.text()


def test_sizes_stand_beside_the_references() -> None:
    plot = scatter(drawn.scatter())
    own, reference = plot.series
    assert [dot.label for dot in own.dots] == ["fp32", "clustered-2", "clustered-32", "pruned-0.5"]
    assert own.dots[1].x < own.dots[2].x < own.dots[0].x
    assert own.dots[0].y < own.dots[1].y
    assert plot.links.count("M") == 2, "two pairs of one name lie apart, one lies on itself"
    assert plot.rows[0] == ("fp32", "112.7 kB", "91.44 %", MISSING, MISSING)
    assert reference.dots[0].label_x is None, "its name stands at the submission's own point"
    assert "the smallest clustered-2 with 28.7 kB" in plot.description


@given(
    st.lists(
        st.tuples(st.integers(-1000, 10**9) | st.floats(), st.integers(0, 100) | st.floats(), st.text(max_size=40)),
        max_size=30,
    )
)
def test_points_and_their_names_stay_within_the_plot(points: list[tuple[float, float, str]]) -> None:
    figure = drawn.scatter()
    figure["series"] = [{"name": "x", "points": [list(point) for point in points]}]
    plot = scatter(figure)
    assert len(plot.x_ticks) <= 9
    boxes = []
    for dot in (dot for series in plot.series for dot in series.dots):
        assert _scatter.LEFT <= dot.x <= _scatter.RIGHT
        assert _scatter.TOP <= dot.y <= _scatter.BOTTOM
        if dot.label_x is not None:
            boxes.append((dot.label_x, dot.label_y))
    assert len(set(boxes)) == len(boxes)


def test_clusters_and_zeros_are_marked() -> None:
    figure = histograms(drawn.histograms())
    clustered, pruned = figure.panels
    assert clustered.bars.count("M") == clustered.marks.count("M") == clustered.reference_marks.count("M") == 4
    assert clustered.zero_bar == ""
    assert clustered.cells == ("clustered-4", "4,736", "0", "0", "4", "-0.9, -0.3, 0.3, 0.9")
    assert pruned.zero_bar.startswith("M130 ")
    assert pruned.zero_label == "50 % zeros"
    assert pruned.bars.count("M") == sum(count > 0 for count in drawn.histograms()["panels"][1]["counts"])
    assert "2,368 are exactly 0 (50 %)" in pruned.description


NUMBERS = st.lists(st.integers(-5, 10**6) | st.floats(), max_size=70)


@given(st.fixed_dictionaries(dict.fromkeys(("counts", "before", "values", "sizes", "reference_values"), NUMBERS)))
def test_histograms_survive_any_numbers(numbers: Json) -> None:
    figure = drawn.histograms()
    figure["panels"] = [{**drawn.panel("x", []), **numbers, "top": 0}, drawn.panel("", [])]
    for panel in histograms(figure).panels:
        for path in (panel.bars, panel.before, panel.marks, panel.reference_marks):
            assert "nan" not in path
            assert "inf" not in path
            places = [float(x) for x in re.findall(r"M(-?[\d.]+) ", path)]
            assert all(_histograms.LEFT - 2 <= x <= _histograms.RIGHT + 2 for x in places)


@pytest.mark.parametrize(
    ("kind", "said"),
    [("scatter", "No points to draw."), ("histograms", "No weights to draw.")],
)
def test_a_newer_chart_without_data_says_so(kind: str, said: str) -> None:
    document = {"scatter": drawn.scatter, "histograms": drawn.histograms}[kind]()
    document.update({"series": [], "panels": []})
    assert said in page_with(document).text()


def test_claims_that_differ_come_first_and_open() -> None:
    page = page_with(drawn.claims())
    text = page.text()
    assert "3 numbers in the summary, 1 of them differs" in text
    assert text.index("22.7 %") < text.index("2 numbers that agree") < text.index("90.3 %")
    assert [badge.text for badge in page.all(class_="og-badge")] == ["differs", "agrees", "agrees"]


def test_a_history_shows_its_parts_and_the_commits_that_cost() -> None:
    text = page_with(drawn.history()).text()
    assert "4 of 9 subjects say what the commit does" in text
    assert "0badcafe update generic" in text
    assert "in part 50 %" in text
    assert "4 more commits not shown." in text
    assert "1234abcd Clip before the int8 cast 2026-03-02 10:15 UTC, 1 file" in text
    assert "8 more commits not shown." in text


def test_matrices_open_one_at_a_time() -> None:
    page = page_with(*(labs.confusion_matrix(f"run {number}", {(5, 4): number}) for number in (1, 2, 3)))
    unfolding = [each for each in page.all("details") if each.attributes.get("name") == "og-matrices-0"]
    assert ["open" in each.attributes for each in unfolding] == [True, False, False]
    assert "run 2 442 of 444 right (99.5 %)" in page.text()
