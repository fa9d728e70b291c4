"""``cohort.toml``: what is deducted, and one line for every file that can't be used."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.cohort.deadlines.policy import LatePolicy, read_policy
from graders.core.errors import UsageError

DEADLINE = dt.datetime(2026, 11, 30, 23, 59, tzinfo=dt.timezone(dt.timedelta(hours=1)))
GIVEN = """
[late]
deadline = 2026-11-30T23:59:00+01:00
grace_minutes = 15
share_per_day = 0.1
limit = 0.4
last_day = 7
of = "maximum"
"""


def policy(tmp_path: Path, text: str = GIVEN) -> LatePolicy:
    path = tmp_path / "cohort.toml"
    path.write_text(text, encoding="utf-8")
    return read_policy(path)


def share(given: LatePolicy, late: dt.timedelta, extension_days: float = 0.0) -> tuple[int, Decimal]:
    found = given.deduction(DEADLINE + late, "the roster", extension_days)
    return (found.days, found.share) if found else (0, Decimal(0))


def test_what_a_policy_takes(tmp_path: Path) -> None:
    given = policy(tmp_path)
    minutes, hours, days = (lambda n, unit=unit: dt.timedelta(**{unit: n}) for unit in ("minutes", "hours", "days"))
    for late, expected in (
        (minutes(-1), (0, 0)), (minutes(15), (0, 0)), (minutes(16), (1, "0.1")), (hours(24), (1, "0.1")), (hours(25), (2, "0.2")),
        (days(4), (4, "0.4")), (days(6.5), (7, "0.4")), (days(7.01), (8, "1")),
    ):  # fmt: skip
        assert share(given, late) == (expected[0], Decimal(expected[1])), late
    assert share(given, days(1.5), extension_days=1) == (1, Decimal("0.1"))
    assert share(given, days(1.5), extension_days=1.5) == (0, Decimal(0))
    assert given.text == (
        "deadline 2026-11-30 23:59+01:00, 15 minutes of grace; 10 % of the maximum for each started day, at most 40 %; "
        "everything after day 7"
    )


def test_zones_are_only_ways_to_write_a_time(tmp_path: Path) -> None:
    given = policy(tmp_path)
    same = DEADLINE.astimezone(dt.timezone(dt.timedelta(hours=-6)))
    for late in (dt.timedelta(), dt.timedelta(hours=2)):
        one, other = (given.deduction(each + late, "x") for each in (DEADLINE, same))
        assert one == other
    found = given.deduction(dt.datetime(2026, 12, 1, 22, 0, tzinfo=dt.UTC), "the roster")
    assert found is not None
    assert (found.submitted, found.days) == ("2026-12-01 23:00+01:00", 1)


@given(
    st.timedeltas(dt.timedelta(days=-3), dt.timedelta(days=40)),
    st.timedeltas(dt.timedelta(), dt.timedelta(days=40)),
    st.decimals(0, 1, places=2),
    st.decimals(0, 1, places=2),
)
def test_later_never_costs_less(late: dt.timedelta, more: dt.timedelta, per_day: Decimal, limit: Decimal) -> None:
    given = LatePolicy(deadline=DEADLINE, share_per_day=per_day, limit=limit, grace=dt.timedelta(minutes=5))
    assert 0 <= share(given, late)[1] <= share(given, late + more)[1] <= limit


def test_a_time_without_an_offset_is_local(tmp_path: Path) -> None:
    found = policy(tmp_path, "[late]\ndeadline = 2026-11-30T23:59:00\nshare_per_day = 1\n")
    assert found.deadline == dt.datetime(2026, 11, 30, 23, 59).astimezone()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("late = 1", "no table [late]"),
        ("", "no table [late]"),
        ("[late", "not TOML: "),
        ("[lates]\n", "lates is not known at the top: there are late"),
        ("[late]\nshare_per_day = 0.1\n", "deadline is missing in [late]"),
        ("[late]\ndeadline = 2026-11-30\nshare_per_day = 0.1\n", "deadline must be a date and a time like 2026-11-30T23:59:00+01:00"),
        ("[late]\ndeadline = 2026-11-30T23:59:00Z\n", "share_per_day is missing in [late]"),
        ("[late]\ndeadline = 2026-11-30T23:59:00Z\nshare_per_day = 10\n", "share_per_day must be a number from 0 to 1 (a share: 0.1 is 10 %)"),
        ("[late]\ndeadline = 2026-11-30T23:59:00Z\nshare_per_day = true\n", "share_per_day must be a number from 0 to 1"),
        ("[late]\ndeadline = 2026-11-30T23:59:00Z\nshare_per_day = nan\n", "share_per_day must be a number from 0 to 1"),
        ("[late]\ndeadline = 2026-11-30T23:59:00Z\nshare_per_day = 0.1\ngrace = 3\n", "grace is not known in [late]: there are deadline, grace_minutes"),
        ("[late]\ndeadline = 2026-11-30T23:59:00Z\nshare_per_day = 0.1\ngrace_minutes = -1\n", "grace_minutes must be a number from 0 to 10080"),
        ("[late]\ndeadline = 2026-11-30T23:59:00Z\nshare_per_day = 0.1\nlast_day = 1.5\n", "last_day must be a whole number of days"),
        ("[late]\ndeadline = 2026-11-30T23:59:00Z\nshare_per_day = 0.1\nof = 3\n", 'of must be "earned" or "maximum"'),
        ("[late]\ndeadline = 2026-11-30T23:59:00Z\nshare_per_day = 0.1\nof = [1]\n", 'of must be "earned" or "maximum"'),
    ],
)  # fmt: skip
def test_a_file_that_can_not_be_used_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        policy(tmp_path, text)
    assert str(raised.value).startswith(f"--policy {tmp_path / 'cohort.toml'}: {message}")
    assert "\n" not in str(raised.value)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read: No such file"):
        read_policy(tmp_path / "gone.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_policy(tmp_path / "bad.toml")
