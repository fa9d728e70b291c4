"""Lay out what was handed in beside the code: claims beside measurements, and the git history part by part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import _text
from ._verdicts import Look, look

_MOST_CLAIMS = 300
_MOST_COMMITS = 60


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One figure of the summary beside the grader's."""

    variant: str
    quantity: str
    stated: str
    place: str
    measured: str
    agrees: bool


@dataclass(frozen=True, kw_only=True)
class Claims:
    """All of them; those that differ come first."""

    title: str
    caption: str
    differing: tuple[Claim, ...]
    agreeing: tuple[Claim, ...]
    note: str


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit of the lab's, or one that cost points and `why`."""

    id: str
    subject: str
    time: str = ""
    files: int = 0
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One of the sub-scores of a history; `held` is in percent, None where only a person can tell."""

    name: str
    share: str
    held: int | None
    look: Look
    measured: str
    expected: str
    commits: tuple[Commit, ...]
    note: str


@dataclass(frozen=True, kw_only=True)
class History:
    """The parts of a history, and the lab's commits in their order."""

    title: str
    caption: str
    parts: tuple[Part, ...]
    commits: tuple[Commit, ...]
    note: str


def claims(figure: Mapping[str, Any]) -> Claims:
    """Lay out a figure of kind `claims`."""
    raw = figure.get("rows") or []
    rows = [_claim(row) for row in raw[:_MOST_CLAIMS]]
    return Claims(
        title=_text.label(figure.get("title", ""), 120),
        caption=_text.shorten(figure.get("caption", ""), 600),
        differing=tuple(row for row in rows if not row.agrees),
        agreeing=tuple(row for row in rows if row.agrees),
        note=_more(len(raw) - len(rows), "figure"),
    )


def _claim(row: Mapping[str, Any]) -> Claim:
    told = {name: _text.label(row.get(name, ""), 80) for name in ("variant", "quantity", "stated", "place", "measured")}
    return Claim(**told, agrees=row.get("agrees") is True)


def history(figure: Mapping[str, Any]) -> History:
    """Lay out a figure of kind `history`."""
    raw = figure.get("commits") or []
    commits = tuple(_commit(each) for each in raw[:_MOST_COMMITS])
    return History(
        title=_text.label(figure.get("title", ""), 120),
        caption=_text.shorten(figure.get("caption", ""), 600),
        parts=tuple(_part(each) for each in (figure.get("parts") or [])[:20]),
        commits=commits,
        note=_more(_whole(figure.get("more")) + len(raw) - len(commits), "commit"),
    )


def _part(raw: Mapping[str, Any]) -> Part:
    holds, share = _text.finite(raw.get("holds")), _text.finite(raw.get("share"))
    listed = raw.get("commits") or []
    commits = tuple(_commit(each) for each in listed[:_MOST_COMMITS])
    verdict = "pending" if holds is None else "earned" if holds >= 1 else "partial" if holds > 0 else "lost"
    return Part(
        name=_text.label(raw.get("name", ""), 40),
        share=_text.MISSING if share is None else f"{100 * share:.0f} %",
        held=None if holds is None else round(100 * min(max(holds, 0.0), 1.0)),
        look=look(verdict),
        measured=_text.shorten(raw.get("measured", ""), 400),
        expected=_text.shorten(raw.get("expected", ""), 400),
        commits=commits,
        note=_more(_whole(raw.get("more")) + len(listed) - len(commits), "commit"),
    )


def _commit(raw: Mapping[str, Any]) -> Commit:
    return Commit(
        id=_text.label(raw.get("commit", ""), 40),
        subject=_text.label(raw.get("subject", ""), 160),
        time=_text.label(raw.get("time", ""), 40),
        files=_whole(raw.get("files")),
        why=_text.shorten(raw.get("why", ""), 300),
    )


def _whole(value: Any) -> int:
    return max(int(_text.finite(value) or 0), 0)


def _more(count: int, noun: str) -> str:
    return f"{_text.counted(count, f'more {noun}')} not shown." if count > 0 else ""
