"""JUnit XML as pytest writes it: a test case a criterion, its points as properties.

Readers count cases, not points: a criterion that is not earned in full is a failure, a pending one is skipped, and one
that the grader could not decide is an error, without points.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from graders.reports.formats.card import Card, Item, written
from graders.reports.formats.sanitize import line
from graders.reports.formats.wording import parts, total, verdict

FAILURE, ERROR, SKIPPED = "failure", "error", "skipped"


def document(cards: Sequence[Card]) -> str:
    """The file: a suite for each lab of each submission."""
    suites = [_suite(card, lab) for card in cards for lab in card.labs]
    top = ET.Element("testsuites", name="optgrade")
    top.extend(suites)
    ET.indent(top)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(top, encoding="unicode")}\n'


def _suite(card: Card, lab: str) -> ET.Element:
    part = card.only([lab])
    kinds = [_kind(item) for item in part.items]
    suite = ET.Element(
        "testsuite",
        name=line(f"{card.submission}/{lab}"),
        errors=str(kinds.count(ERROR)),
        failures=str(kinds.count(FAILURE)),
        skipped=str(kinds.count(SKIPPED)),
        tests=str(len(kinds)),
        time=f"{card.seconds:.3f}",
    )
    sums = {name: written(points) for name, points in vars(part.sums).items()}
    _properties(suite, {"submission": card.submission, "lab": card.labs[lab], "score": total(part), **sums})
    suite.extend(_case(card, item) for item in part.items)
    return suite


def _case(card: Card, item: Item) -> ET.Element:
    case = ET.Element("testcase", classname=line(f"{card.submission}.{item.lab}"), name=item.id, time="0.000")
    values = {"title": item.title, "verdict": item.verdict, "maximum": written(item.maximum)}
    if item.verdict not in ("pending", "unscored"):
        values["points"] = written(item.earned)
    _properties(case, values)
    kind = _kind(item)
    if kind:
        outcome = ET.SubElement(case, kind, message=line(f"{item.title}: {verdict(item)}"))
        if kind == SKIPPED:
            outcome.set("type", "pending")
        outcome.text = "\n".join(f"{name}: {line(text)}" for name, text in parts(item)) or None
    return case


def _kind(item: Item) -> str:
    if item.verdict in ("pending", "unscored"):
        return SKIPPED if item.verdict == "pending" else ERROR
    return "" if item.passed else FAILURE


def _properties(parent: ET.Element, values: dict[str, str]) -> None:
    properties = ET.SubElement(parent, "properties")
    for name, value in values.items():
        ET.SubElement(properties, "property", name=name, value=line(value))
