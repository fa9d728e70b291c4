"""``cohort.toml``: what a late submission loses, as data."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from graders.cohort.deadlines.choice import stated
from graders.core.errors import UsageError
from graders.core.text import plain_line
from graders.core.toml import NotToml, parse_toml
from graders.scoring.late import SHARES, LateDeduction, ShareOf
from graders.scoring.marks import file_text, written_number

TABLE = "late"
KEYS = ("deadline", "grace_minutes", "share_per_day", "limit", "last_day", "of")
DAY = dt.timedelta(days=1)
MAX_FILE = 1 << 16
MOST_MINUTES, MOST_DAYS = 7 * 24 * 60, 366


@dataclass(frozen=True, kw_only=True)
class LatePolicy:
    """A late policy.

    ``share_per_day``: of each started day after the deadline. ``limit``: the most that is deducted. ``last_day``: of
    submissions that are later by more days than that, everything is deducted. ``of``: what the shares are of.
    """

    deadline: dt.datetime
    grace: dt.timedelta = dt.timedelta()
    share_per_day: Decimal
    limit: Decimal = Decimal(1)
    last_day: int | None = None
    of: ShareOf = "earned"

    def deduction(self, submitted: dt.datetime, source: str, extension_days: float = 0.0) -> LateDeduction | None:
        """What is deducted of a submission; None for nothing. Times are compared whatever zones they are in."""
        deadline = self.deadline + dt.timedelta(days=extension_days)
        if submitted <= deadline + self.grace:
            return None
        days = math.ceil((submitted - deadline) / DAY)
        share = min(self.limit, self.share_per_day * days)
        if self.last_day is not None and days > self.last_day:
            share = Decimal(1)
        return LateDeduction(
            deadline=stated(deadline, self.deadline.tzinfo),
            submitted=stated(submitted, self.deadline.tzinfo),
            source=source,
            days=days,
            share=share,
            of=self.of,
        )

    @property
    def text(self) -> str:
        """The policy in one sentence."""
        what = "the points earned" if self.of == "earned" else "the maximum"
        grace = f", {self.grace / dt.timedelta(minutes=1):g} minutes of grace" if self.grace else ""
        limit = f", at most {_percent(self.limit)}" if self.limit < 1 else ""
        last = f"; everything after day {self.last_day}" if self.last_day is not None else ""
        return (
            f"deadline {stated(self.deadline, self.deadline.tzinfo)}{grace}; {_percent(self.share_per_day)} of {what} "
            f"for each started day{limit}{last}"
        )


def read_policy(path: Path) -> LatePolicy:
    """The policy in a file. :raises UsageError: it can't be used; one line that names the file and the entry."""
    shown = f"--policy {path}"
    text = file_text(path, shown, MAX_FILE)
    try:
        return _policy(parse_toml(text, written_number))
    except NotToml as error:
        raise UsageError(f"{shown}: not TOML: {plain_line(str(error))}") from None
    except UsageError as error:
        raise UsageError(f"{shown}: {error}") from None


def _policy(document: Mapping[str, Any]) -> LatePolicy:
    _require_known(document, (TABLE,), "at the top")
    table = document.get(TABLE)
    if not isinstance(table, dict):
        raise UsageError(f"no table [{TABLE}]")
    _require_known(table, KEYS, f"in [{TABLE}]")
    for name in ("deadline", "share_per_day"):
        if name not in table:
            raise UsageError(f"{name} is missing in [{TABLE}]")
    minutes = _number(table, "grace_minutes", Decimal(0), MOST_MINUTES)
    last_day = _number(table, "last_day", Decimal(MOST_DAYS), MOST_DAYS)
    if last_day != last_day.to_integral_value():
        raise UsageError("last_day must be a whole number of days")
    if table.get("of", "earned") not in SHARES:
        raise UsageError(f"of must be {' or '.join(f'{each!r}' for each in SHARES)}".replace("'", '"'))
    return LatePolicy(
        deadline=_time(table["deadline"]),
        grace=dt.timedelta(minutes=float(minutes)),
        share_per_day=_number(table, "share_per_day", Decimal(0), 1),
        limit=_number(table, "limit", Decimal(1), 1),
        last_day=int(last_day) if "last_day" in table else None,
        of=table.get("of", "earned"),
    )


def _require_known(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    unknown = next((name for name in table if name not in known), None)
    if unknown is not None:
        raise UsageError(f"{plain_line(unknown, 60)} is not known {where}: there are {', '.join(known)}")


def _number(table: Mapping[str, Any], name: str, default: Decimal, most: int) -> Decimal:
    value = table.get(name, default)
    if not isinstance(value, bool) and isinstance(value, int | Decimal):
        number = Decimal(value)
        if number.is_finite() and 0 <= number <= most:
            return number
    hint = " (a share: 0.1 is 10 %)" if most == 1 else ""
    raise UsageError(f"{name} must be a number from 0 to {most}{hint}")


def _time(value: Any) -> dt.datetime:
    """A time; without an offset, it is this machine's local time."""
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, dt.datetime):
        raise UsageError("deadline must be a date and a time like 2026-11-30T23:59:00+01:00")
    return value if value.tzinfo else value.astimezone()


def _percent(share: Decimal) -> str:
    return f"{(100 * share).normalize():f} %"
