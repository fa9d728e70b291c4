"""Figures of the newer kinds, as labs make them: sizes, weights, claims, a git history."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def scatter() -> Json:
    own = [[112654, 91.44, "fp32"], [28736, 2.3, "clustered-2"], [65996, 90.5, "clustered-32"], [75436, 73.9, "pruned-0.5"]]
    reference = [[28736, 2.3, "clustered-2"], [66135, 90.3, "clustered-32"], [74800, 75.0, "pruned-0.5"]]
    return {
        "kind": "scatter",
        "title": "Size against accuracy",
        "caption": "Up and to the left is better.",
        "x_label": "size in a ZIP archive",
        "y_label": "accuracy",
        "x_unit": "bytes",
        "y_unit": "percent",
        "series": [{"name": "this submission", "points": own}, {"name": "reference", "points": reference}],
    }


def histograms() -> Json:
    before = [min(i, 40 - i) ** 2 for i in range(41)]
    clustered = panel("clustered-4", before, values=[-0.9, -0.3, 0.3, 0.9], sizes=[300, 2000, 2000, 436])
    pruned = panel("pruned-0.5", before, counts=[0 if 16 < i < 24 else n for i, n in enumerate(before)], zeros=2368)
    return {
        "kind": "histograms",
        "title": "Weights of FULLY_CONNECTED 13, by variant",
        "caption": "Before compression and after.",
        "x_label": "weight",
        "panels": [clustered, pruned],
    }


def panel(name: str, before: list[int], **more: Any) -> Json:
    base: Json = {
        "name": name,
        "asked": "as asked",
        "top": 1.2,
        "counts": list(before),
        "before": list(before),
        "zeros": 0,
        "weights": 4736,
        "values": [],
        "sizes": [],
        "reference_values": more.get("values", []),
        "reference_zeros": more.get("zeros", 0),
    }
    return {**base, **more}


def claims() -> Json:
    names = ("variant", "quantity", "stated", "place", "measured", "agrees")
    rows = [
        ("clustered-2-fp32", "deflation", "22.7 %", "summary.md, line 42", "77.2 %", False),
        ("clustered-2-fp32", "size", "126,504 B", "summary.md, line 42", "126,504 B", True),
        ("tflite-fp32", "accuracy", "90.3 %", "summary.md, line 20", "91.4 %", True),
    ]
    return {
        "kind": "claims",
        "title": "The summary's numbers beside the grader's",
        "caption": "Numbers that differ by more come first.",
        "rows": [dict(zip(names, row, strict=True)) for row in rows],
    }


def history() -> Json:
    costing = {"commit": "0badcafe", "subject": "update", "why": "generic"}
    parts = [
        part("commits", 0.25, 1.0, "9 commits for this lab, 6 of them with code"),
        part("subjects", 0.25, 0.5, "4 of 9 subjects say what the commit does", commits=[costing], more=4),
        part("files", 0.2, 0.0, "1 time a model, data or an archive"),
        part("spread", 0.3, None, "2 commits, in a shallow clone, which has only part of the history"),
    ]
    commit = {"commit": "1234abcd", "time": "2026-03-02 10:15 UTC", "subject": "Clip before the int8 cast", "files": 1}
    return {
        "kind": "history",
        "title": "The git history, part by part",
        "caption": "The student's own commits that touch this lab, without merges.",
        "parts": parts,
        "commits": [commit],
        "more": 8,
    }


def part(name: str, share: float, holds: float | None, measured: str, **more: Any) -> Json:
    base: Json = {"name": name, "share": share, "holds": holds, "measured": measured, "expected": "at least 3"}
    return {**base, "commits": [], "more": 0, **more}
