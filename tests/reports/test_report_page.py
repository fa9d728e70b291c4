"""The page says what the scorecard says, to everybody: in order, in words, without a network and without a mouse."""

from __future__ import annotations

import copy
import itertools
import re

import pytest

from graders.core.errors import UsageError
from graders.core.verdicts import Verdict
from graders.reports.html import report_title, stylesheet
from graders.reports.verdicts import WORDING
from graders.scoring import Scorecard

from . import hostile, labs, samples
from .labs import Json
from .page import parse, render

MINUS = "\N{MINUS SIGN}"


def text_of(card: Json) -> str:
    return parse(render(card)).text()


@pytest.mark.parametrize("name", samples.GOOD)
def test_headings_are_in_order(name: str) -> None:
    page = parse(render(samples.GOOD[name]()))
    levels = [int(element.tag[1]) for element in page.elements if re.fullmatch(r"h[1-6]", element.tag)]
    assert levels[0] == 2
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_sections_come_in_the_order_of_their_importance() -> None:
    page = parse(render(samples.five_mistakes()))
    assert [" ".join(h.text.split()) for h in page.all("h2")] == [
        "Score",
        "Points by lab",
        "What to do next",
        "Every criterion",
        "Charts",
        "Claims and measurements",
        "Git history",
        "Runs of your code",
        "Notices",
        "How this was graded",
        "Every test",
    ]


def test_the_total_and_what_a_person_marks_are_apart() -> None:
    text = text_of(samples.five_mistakes())
    assert "21.55 of 32 automatic points" in text
    assert "6 more are graded manually." in text


def test_sums_of_fractions_show_no_noise() -> None:
    items = [labs.criterion(f"x.{i}", "A", points) for i, points in enumerate([0.1] * 8 + [0.05, 0.7])]
    card = samples.scorecard("x", [labs.lab("x", "X", items, [], [])])
    assert card["points"]["earned"] != 1.55
    text = text_of(card)
    assert "1.55 of 1.55 automatic points" in text
    assert not re.search(r"\d\.\d{9,}", text)


def test_what_to_do_next_starts_with_the_largest_loss() -> None:
    page = parse(render(samples.five_mistakes()))
    losses = [float(element.text.replace(MINUS, "").split()[0]) for element in page.all(class_="og-loss")]
    assert losses == [4, 3, 1.25, 1.2, 1]
    first = page.all("li", "og-advice")[0].text
    assert [word for word in ("Measured", "Expected", "Likely cause", "Next step") if word in first] == [
        "Measured",
        "Expected",
        "Likely cause",
        "Next step",
    ]


def test_one_cause_for_many_criteria_is_told_once() -> None:
    page = parse(render(samples.broken()))
    assert [element.text for element in page.all(class_="og-loss")] == [f"{MINUS}14 points", f"{MINUS}2 points"]
    assert "One cause for 9 criteria" in page.text()


def test_a_bonus_is_no_loss() -> None:
    """One that was not earned is optional and nothing to repair; one that was earned says how much of it counts."""
    why = labs.reason("no file", "a file", "It is an optional step.", "Write it.")
    items = [
        labs.criterion("x.a", "A", 2, verdict="partial", earned=1.75, reason=labs.reason("a", "b", "c", "d")),
        labs.criterion("x.more", "More", 0, earned=0.25, bonus=0.5),
        labs.criterion("x.most", "Most", 0, verdict="missing", reason=why, bonus=0.5),
    ]
    page = parse(render(samples.scorecard("x", [labs.lab("x", "X", items, [], [])])))
    assert [element.text for element in page.all(class_="og-loss")] == [f"{MINUS}0.25 points"]
    text = " ".join(page.text().split())
    assert "+0.25 of 0.5 no more was lost" in text.replace("0.5no", "0.5 no")
    assert re.search(r"Most\W.*optional \+0 of 0\.5", text)


def test_a_loss_without_a_reason_still_says_what_to_do() -> None:
    card = samples.scorecard("x", [labs.lab("x", "X", [labs.criterion("x.a", "A", 1, verdict="timeout")], [], [])])
    assert WORDING[Verdict.TIMEOUT].hint in text_of(card)


def test_the_reason_of_a_check_stands_in_for_that_of_its_criterion() -> None:
    why = labs.reason("measured so", "expected so", "because", "do this")
    item = labs.criterion("x.a", "A", 1, verdict="lost", checks=labs.checks({"0.08": "lost"}, why))
    card = samples.scorecard("x", [labs.lab("x", "X", [item], [], [])])
    assert "do this" in parse(render(card)).all("li", "og-advice")[0].text


def test_output_gives_a_workflow_no_commands() -> None:
    card = samples.full_marks()
    output = "::notice::x\n  ::set-output name=a::b\n##[group]c\nd::e"
    card["labs"][0]["runs"][0]["output_tail"] = output
    page = render(card)
    assert not re.search(r"^\s*::|##\[", page, re.MULTILINE)
    assert " ".join(output.split()) in parse(page).text()


def test_losses_beyond_the_sixth_are_folded_away() -> None:
    items = [labs.criterion(f"x.{i}", f"Criterion {i}", 1, verdict="lost") for i in range(9)]
    page = parse(render(samples.scorecard("x", [labs.lab("x", "X", items, [], [])])))
    assert len(page.all("li", "og-advice")) == 9
    assert "3 smaller things" in page.text()


def test_full_marks_are_celebrated_and_need_nothing() -> None:
    page = parse(render(samples.full_marks()))
    assert page.all("section", "og-full")
    assert "Full marks." in page.text()
    assert "Nothing to fix." in page.text()
    assert not page.all("li", "og-advice")


def test_a_fault_of_the_grader_is_not_the_students() -> None:
    page = parse(render(samples.unscored()))
    text = page.text()
    assert "Not graded: the grader's fault, not yours" in text
    assert "3 points could not be graded because of a fault of the grader. They are not lost." in text
    assert "Full marks" not in text
    assert not page.all("li", "og-advice")
    assert "3 not graded, the grader's fault" in text
    assert " lost" not in page.all("ul", "og-legend")[0].text


def test_every_verdict_has_words_and_a_symbol_of_its_own() -> None:
    assert set(WORDING) == set(Verdict)
    assert len({item.label for item in WORDING.values()}) == len(WORDING)
    html = render(samples.every_verdict())
    page = parse(html)
    badges = page.all(class_="og-badge")
    for item in WORDING.values():
        assert any(badge.text == item.label for badge in badges), item
        assert f'id="og-i-{item.icon}"' in html
    assert any(badge.text == "finished" for badge in badges)


def test_an_unknown_verdict_is_refused_with_its_place() -> None:
    card = samples.full_marks()
    card["labs"][0]["criteria"][0]["verdict"] = "<novel>"
    with pytest.raises(UsageError, match=r"labs\[0\].criteria\[0\].verdict: '<novel>' is no verdict"):
        Scorecard.from_json(card)


@pytest.mark.parametrize(
    ("tier", "said"),
    [("strict", "in a sandbox"), ("confined", "this machine allows"), ("bare", "not a security boundary")],
)
def test_isolation_is_told_with_what_is_missing(tier: str, said: str) -> None:
    card = samples.full_marks()
    card["isolation"] = {"tier": tier, "missing": [{"layer": "seccomp", "reason": "no kernel support"}]}
    page = parse(render(card))
    assert f"Isolation: {tier}." in page.text()
    assert said in page.text()
    assert "seccompno kernel support" in [row.text for row in page.all("tr")]


def test_runs_show_the_end_of_their_output_clean() -> None:
    page = parse(render(samples.five_mistakes()))
    (output,) = (pre.text for pre in page.all("pre") if "Traceback" in pre.text)
    assert output.startswith("calibrating\nTraceback")
    assert "48.2 kB of output in all." in page.text()


def test_nothing_is_fetched_and_no_script_is_run() -> None:
    html = render(samples.five_mistakes())
    page = parse(html)
    assert not page.all("script") + page.all("link") + page.all("iframe") + page.all("img")
    assert not re.search(r"https?:|src=|url\(|@import|javascript:", html)
    for element in page.elements:
        assert "src" not in element.attributes
        assert element.attributes.get("href", "#").startswith("#")
        assert not [name for name in element.attributes if name.startswith("on")]


@pytest.mark.parametrize("name", samples.GOOD)
def test_every_link_and_label_has_its_target(name: str) -> None:
    page = parse(render(samples.GOOD[name]()))
    ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    for element in page.elements:
        wanted = [element.attributes["href"][1:]] if "href" in element.attributes else []
        wanted += element.attributes.get("aria-labelledby", "").split()
        assert set(wanted) <= set(ids), element


@pytest.mark.parametrize("name", samples.GOOD)
def test_tables_have_captions_and_scopes(name: str) -> None:
    page = parse(render(samples.GOOD[name]()))
    assert len(page.all("table")) == len(page.all("caption"))
    assert all("scope" in element.attributes for element in page.all("th"))


def test_what_scrolls_can_be_reached_by_keyboard() -> None:
    page = parse(render(samples.five_mistakes()))
    scrolling = page.all(class_="og-scroll") + page.all("pre")
    assert scrolling
    assert all(element.attributes.get("tabindex") == "0" for element in scrolling)
    assert all(element.attributes.get("aria-label") for element in scrolling)


@pytest.mark.parametrize("kind", hostile.STRINGS)
def test_hostile_text_stays_text(kind: str) -> None:
    harmless = parse(render(hostile.scorecard("harmless")))
    html = render(hostile.scorecard(hostile.STRINGS[kind]))
    page = parse(html)
    html.encode("utf-8")
    # Where a line may break, and what looks like a call in an advice, follow from the text.
    tags, expected = ([e.tag for e in each.elements if e.tag not in ("wbr", "code")] for each in (page, harmless))
    assert tags == expected
    allowed = {name for element in harmless.elements for name in element.attributes}
    assert {name for element in page.elements for name in element.attributes} <= allowed
    assert not set(html) & {
        chr(code) for code in (*range(9), 11, *range(13, 32), 127, *range(0x80, 0xA0), 0x202E, 0x2066)
    }
    assert "1337" not in html
    assert len(html) < 900_000


def test_the_title_is_plain_text_of_one_line() -> None:
    assert report_title("ada") == "ada: grading report"
    assert report_title("a\nb\x1b[31m\u202e") == "a b⟨U+202E⟩: grading report"


def test_the_page_is_small_without_the_students_output() -> None:
    card = samples.five_mistakes()
    matrix = next(figure for figure in card["labs"][0]["figures"] if figure["kind"] == "confusion_matrix")
    matrix["matrix"] = [[(i * 7 + j * 3) % 5 + 1 for j in range(37)] for i in range(37)]
    card["labs"][0]["figures"] += [copy.deepcopy(matrix) for _ in range(3)]
    assert len(render(card).encode()) < 250_000


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_of_text_stand_out_from_what_is_behind_them(theme: int) -> None:
    block = re.findall(r":root \{(.*?)\}", stylesheet(), re.DOTALL)[theme]
    colours: dict[str, str] = dict(re.findall(r"--og-(\w+): (#\w{6})", block))
    for front in ("ink", "muted", "link", "good", "part", "bad", "wait", "fault", "s0", "s1", "s2", "s3"):
        for back in ("paper", "card", "soft"):
            bright, dim = sorted((_luminance(colours[front]), _luminance(colours[back])), reverse=True)
            assert (bright + 0.05) / (dim + 0.05) >= 4.5, (front, back)


def test_the_students_own_lines_are_shown_where_points_were_lost() -> None:
    page = parse(render(samples.five_mistakes()))
    captions = {each.text for each in page.all("figcaption") if each.text.startswith("quantization_experiments.py")}
    assert captions == {
        "quantization_experiments.py, line 148: INT8Model.preprocess_input",
        "quantization_experiments.py, line 214",
    }
    marked = {line.text.strip() for line in page.all("span", "og-marked")}
    assert marked == {"▶ 148    def preprocess_input(self, X):", "▶ 214        yield [image]"}
    assert any("147    # quantises" in box.text for box in page.all("figure", "og-excerpt"))


def test_one_cause_shows_a_few_places_once() -> None:
    def place(line: int) -> Json:
        return {"name": f"A.m{line}", "line": line, "excerpt": {"first": line, "lines": [f"x{line}"]}}

    why = labs.reason("a", "b", "c", "d")
    items = [
        labs.criterion(f"x.{i}", "A", 1, verdict="lost", reason=why, where={"file": "a.py", "places": [place(1), place(i)]})
        for i in range(2, 9)
    ]
    page = parse(render(samples.scorecard("x", [labs.lab("x", "X", items, [], [])])))
    (advice,) = page.all("li", "og-advice")
    assert [f"line {line}" in advice.text for line in range(1, 9)] == [True] * 8
    assert [f"x{line}\n" in advice.text for line in range(1, 9)] == [True] * 3 + [False] * 5
