"""Gradescope's ``results.json``.

Contract: https://gradescope-autograders.readthedocs.io/en/latest/specs/. A test that is hidden hides the total from
students too, so that none is: what a criterion tells of drawn values is their kind only. Without a file Gradescope says
that the autograder failed and gives no mark, which is what a scorecard with anything unscored must come to.
"""

from __future__ import annotations

import json
from typing import Any

from graders.reports.formats.card import Card, Item, written
from graders.reports.formats.sanitize import line
from graders.reports.formats.wording import parts, total, verdict

VISIBILITIES = ("visible", "after_due_date", "after_published", "hidden")


def results(card: Card, visibility: str = "visible") -> str:
    """The file. :param visibility: of all of it, for students. :raises Unscored: there is no mark."""
    card.require_scored()
    labs = list(card.labs)
    document = {
        "score": float(card.sums.earned),
        "execution_time": round(card.seconds),
        "output": "\n".join([line(total(card)), *(line(notice) for notice in card.notices)]),
        "output_format": "text",
        "visibility": visibility,
        "stdout_visibility": "hidden",
        "tests": [_test(item, f"{labs.index(item.lab) + 1}.{index}") for index, item in enumerate(card.items, 1)],
        "extra_data": {
            "submission": line(card.submission),
            "points": {name: float(points) for name, points in vars(card.sums).items()},
            "profile": line(card.profile),
            "seed": card.seed,
            "isolation": card.tier,
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _test(item: Item, number: str) -> dict[str, Any]:
    told = [f"{name}: {line(text)}" for name, text in parts(item)]
    test: dict[str, Any] = {
        "name": line(f"{item.title} ({item.id})"),
        "name_format": "text",
        "number": number,
        "output": "\n".join([verdict(item), *told]),
        "output_format": "text",
        "tags": [item.lab, item.verdict],
        "visibility": "visible",
        "extra_data": {"criterion": item.id},
    }
    if item.verdict == "pending":
        # Points of a person's are given in Gradescope's own manual grading: no score here, and none that is lost.
        test["output"] += f"\n{written(item.maximum)} points"
        return test
    passed = "passed" if item.passed else "failed"
    return test | {"score": float(item.earned), "max_score": float(item.maximum), "status": passed}
