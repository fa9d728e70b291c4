"""What was left in place of a text is found, and finished texts are left alone."""

from __future__ import annotations

import pytest

from graders.written.claims import Check, check_placeholders, read_document

TEMPLATE = """# What belongs in the summary

1. **The set-up**: model, data set, processor, and the share of the test images that you evaluated on.
2. **The model's size**: its number of parameters; the sizes in bytes of the FP32 file and of the INT8 files.
3. **The measurements**: one table, one row a variant, with the variants' names as the script writes them.
4. **The confusion matrix of each variant**, as an image in `img/` that is embedded in the text.
5. Say what you see, even where it is not what you expected.

| variant | accuracy |
|---|---|
| native | |
"""


def left(text: str, template: str = "") -> list[str]:
    return [finding.quotes[0].text for finding in check_placeholders(read_document(text), template)]


@pytest.mark.parametrize(
    "text",
    ["TODO", "TODO: describe", "* XXX", "FIXME later", "...", "…", "???", "Answer: ...", "Odpowiedź: …", "Answer: ____",
     "To be filled in.", "(fill in)", "[your answer here]", "<your answer>", "lorem ipsum dolor", "Do uzupełnienia",
     "**do uzupełnienia**", "Noch auszufüllen!", "wird noch ergänzt", "À compléter", "[à compléter]", "por completar",
     "Por hacer", "da completare", "doplnit", "Заполнить", "[ваш ответ]", "буде додано", "待补充", "【待填】"[1:-1],
     "要記入", "TBD", "### TODO", "| TODO | b |\n|-|-|\n| 1 | 2 |", "nog invullen", "a preencher",
     "[fill in the table]", "1) TODO describe what the calibration does to the accuracy",
     "Describe what the calibration does to the accuracy - TODO : later",
     "Q1 TODO describe what the calibration does to the accuracy"],
)  # fmt: skip
def test_left_overs_are_found(text: str) -> None:
    """In lines, items, headings and cells, in several languages."""
    findings = check_placeholders(read_document(f"# Summary\n\nA finished sentence.\n\n{text}\n"))
    assert [finding.check for finding in findings] == [Check.PLACEHOLDER]
    assert findings[0].quotes[0].place.line == 5
    assert findings[0].sure


@pytest.mark.parametrize(
    "text",
    ["All work is done.", "Todo el modelo se cuantizó.", "En todo caso, 93 %.", "We tried 2, 4, ..., 32 clusters.",
     "Hmm... it works.", "---", "----------", "| a | b |\n|---|---|\n| 1 | 2 |", "Is it faster? Yes.",
     "The placeholder tensor was removed.", "Work in progress was slow, but it is finished now.", "[link](a.md)",
     "`x = [...]`", "Das Ausfüllen der Tabelle dauerte.", "<b>bold</b>", "<!-- TODO invisible -->", "a_b_c", "XX cm",
     "```\nEpoch 1\n...\nEpoch 20\n```", "```\ndef run(self): ...\n```", "    layers: ...",
     "| variant | accuracy |\n|-|-|\n| native | 0.9 |\n| ... | ... |\n| tflite-int8 | 0.9 |"],
)  # fmt: skip
def test_finished_texts_are_left_alone(text: str) -> None:
    """Words of other languages, enumerations, rules, code and comments are no placeholders."""
    assert left(f"# Summary\n\n{text}\n") == []


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (["| native | ... |"], ["..."]),
        (["| native | - accuracy: ... |"], ["- accuracy: ..."]),
        (["| native | 0.9 |", "| ... | 0.9 |"], ["..."]),
        (["| ... | ... |", "| ... | ... |"], ["..."] * 4),
    ],
    ids=["beside a name", "with a label", "beside a figure", "in every row"],
)
def test_dots_in_tables(rows: list[str], found: list[str]) -> None:
    """A cell, or a table that was left to fill in; a row of dots among others says that there are more of these."""
    assert left("\n".join(["| variant | result |", "|---|---|", *rows])) == found


def test_dots_below_each_other_are_answers_to_come() -> None:
    """Of one column, each row is a text of its own."""
    assert left("| answers |\n|---|\n| It is faster. |\n| ... |") == ["..."]


@pytest.mark.parametrize(("length", "sure"), [(39, True), (40, False)])
def test_a_todo_in_a_short_line_is_one(length: int, sure: bool) -> None:
    """Anywhere in it; below forty characters there is no room for a sentence about TODOs."""
    (finding,) = check_placeholders(read_document("We still have a TODO here".ljust(length, "x")))
    assert finding.sure is sure


@pytest.mark.parametrize(
    "text",
    [
        "In the end we removed every comment with the word TODO from the notebook.",
        "In the end we removed every comment with the word TODO from what follows:",
        "Our TODO list was long, and at the end of the lab it was empty.",
    ],
)
def test_a_todo_within_a_long_sentence_leaves_doubt(text: str) -> None:
    """Talking of a TODO is not leaving one."""
    (finding,) = check_placeholders(read_document(text))
    assert not finding.sure


def test_the_template_handed_in_as_the_summary() -> None:
    """Its own text, with a title changed, is no summary; that is one finding."""
    (finding,) = check_placeholders(read_document(TEMPLATE.replace("# What belongs in", "# My")), TEMPLATE)
    assert "copied from the template" in finding.measured
    assert finding.expected == "your own words"
    assert "submitted as the summary" in finding.cause
    assert finding.sure
    assert len(finding.quotes) == 3


def test_instructions_left_among_answers_leave_doubt() -> None:
    """Some of the template's sentences beside one's own: a person looks."""
    own = "\n\n".join(f"My own sentence number {number}, long enough to be one." for number in range(20))
    (finding,) = check_placeholders(read_document(TEMPLATE + "\n" + own), TEMPLATE)
    assert not finding.sure
    assert "left in" in finding.cause


@pytest.mark.parametrize(("copied", "own", "sure"), [(8, 2, True), (8, 3, False), (5, 0, True), (3, 9, False)])
def test_how_much_of_the_template_is_the_template(copied: int, own: int, sure: bool) -> None:
    """Four fifths of at least five lines are it; fewer, from three long ones on, are for a person to see."""
    lines = [f"Instruction number {number}, long enough to be noticed as one." for number in range(9)]
    text = [*lines[:copied], *(f"My own sentence number {number}." for number in range(own))]
    (finding,) = check_placeholders(read_document("\n\n".join(text)), "\n\n".join(lines))
    assert finding.sure is sure


def test_two_sentences_of_the_template_may_stay() -> None:
    """Two lines that are the template's own are no finding."""
    lines = [f"Instruction number {number}, long enough to be noticed as one." for number in range(2)]
    own = [f"My own sentence number {number}." for number in range(9)]
    assert left("\n\n".join([*lines, *own]), "\n\n".join(lines)) == []


@pytest.mark.parametrize(("length", "count"), [(39, 0), (40, 1), (41, 1)])
def test_short_lines_of_the_template_may_stay(length: int, count: int) -> None:
    """A name or a label is the same in many texts; three of the template's sentences are not."""
    given = [f"Instruction number {number} of many such ones".ljust(length, "x")[:length] for number in range(3)]
    own = [f"My own sentence number {number}." for number in range(9)]
    assert len(left("\n\n".join([*given, *own]), "\n\n".join(given))) == count


def test_the_sentences_of_the_template_are_quoted_before_its_labels() -> None:
    """They show best what was left; where there are only labels, those do."""
    labels = [f"- label {number}" for number in range(6)]
    sentences = [f"- Instruction number {number}, long enough to be noticed as one." for number in range(3)]
    for lines, shown in ((labels + sentences, sentences), (labels, labels[:3])):
        (finding,) = check_placeholders(read_document("\n".join(lines)), "\n".join(lines))
        assert [quote.text for quote in finding.quotes] == [text.removeprefix("- ") for text in shown]


def test_other_marks_do_not_make_it_ones_own_text() -> None:
    """Signs, spaces and capitals count for nothing."""
    changed = TEMPLATE.replace(",", " -").replace(":", "").replace(".\n", "!\n").replace("The", "THE")
    (finding,) = check_placeholders(read_document(changed), TEMPLATE)
    assert finding.sure


def test_headings_of_the_template_may_stay() -> None:
    """A structure that is given is there to be used."""
    text = "# What belongs in the summary\n\nI used a Ryzen and all of the test images, as the script does.\n"
    assert left(text, TEMPLATE) == []


def test_findings_are_bounded() -> None:
    """Ten thousand left-overs are told as a few."""
    assert len(left("TODO\n\n" * 5000)) <= 20
