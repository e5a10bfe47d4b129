"""Dates and times compared by calendar and clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptkit.constraints import at_least, at_most, between, not_after, not_before
from promptkit.constraints.moments import moment_of

YEAR = between("x", "2026-01-01", "2026-12-31")
NOON = not_before("x", "2026-05-01T12:00:00Z")
LOCAL = not_before("x", "2026-05-01T12:00:00")
OPEN = between("x", "08:00", "18:00")


@pytest.mark.parametrize(
    ("constraint", "sentence", "hint"),
    [
        (YEAR, "`x` is a date from 2026-01-01 to 2026-12-31.", "Give a date from 2026-01-01 to 2026-12-31."),
        (OPEN, "`x` is a time from 08:00 to 18:00.", "Give a time from 08:00 to 18:00."),
        (
            between("x", "2026-01-01T00:00Z", "2026-01-02T00:00Z"),
            "`x` is a date and time from 2026-01-01T00:00Z to 2026-01-02T00:00Z.",
            "Give a date and time from 2026-01-01T00:00Z to 2026-01-02T00:00Z.",
        ),
        (
            not_before("x", "2026-01-01"),
            "`x` is not before 2026-01-01.",
            "Give a date that is not before 2026-01-01.",
        ),
        (
            at_least("x", "2026-01-01"),
            "`x` is not before 2026-01-01.",
            "Give a date that is not before 2026-01-01.",
        ),
        (not_after("x", "10:00"), "`x` is not after 10:00.", "Give a time that is not after 10:00."),
        (at_most("x", "10:00"), "`x` is not after 10:00.", "Give a time that is not after 10:00."),
    ],
)
def test_limits_of_dates_are_said_as_dates(constraint, sentence, hint):
    assert constraint.sentence() == sentence
    assert constraint.check({"x": "soon"}, {}).hint == hint


@pytest.mark.parametrize(
    ("constraint", "value"),
    [
        (YEAR, "2026-01-01"),
        (YEAR, "2026-12-31T23:59:59-11:00"),
        (NOON, "2026-05-01T12:00:00Z"),
        (NOON, "2026-05-01T14:00:00+02:00"),
        (NOON, "2026-05-01t14:00:00.000+0200"),
        (NOON, "2026-04-30T23:30:00-12:30"),
        (LOCAL, "2026-05-01 12:00"),
        (OPEN, "08:00"),
        (OPEN, "18:00:00.0"),
        (between("x", "23:59:59Z", "23:59:59Z"), "23:59:59Z"),
        (not_before("x", "2026-12-31T23:59:60Z"), "2027-01-01T00:00:00Z"),
        (not_after("x", "0001-01-01"), "0001-01-01"),
    ],
)
def test_a_date_within_the_limits_holds(constraint, value):
    assert constraint.check({"x": value}, {}).outcome == "held"


@pytest.mark.parametrize(
    ("constraint", "value", "got"),
    [
        (YEAR, "2025-12-31", '"2025-12-31"'),
        (YEAR, "2027-01-01T00:30:00+14:00", '"2027-01-01T00:30:00+14:00"'),
        (YEAR, "2026-02-30", '"2026-02-30"'),
        (YEAR, "20260203", '"20260203"'),
        (YEAR, "2026-2-3", '"2026-2-3"'),
        (YEAR, "\u0662026-02-03", '"\u0662026-02-03"'),
        (YEAR, "2026-02-03\n", '"2026-02-03\\n"'),
        (YEAR, "", '""'),
        (YEAR, 2026, "an integer"),
        (YEAR, "10:00", '"10:00" is a time, not a date'),
        (NOON, "2026-05-01T13:59:59+02:00", '"2026-05-01T13:59:59+02:00"'),
        (NOON, "2026-05-01T11:59:59.999999999999Z", '"2026-05-01T11:59:59.999999999999Z"'),
        (NOON, "2026-05-02", '"2026-05-02" is a date, not a date and time'),
        (NOON, "2026-05-02T12:00:00", '"2026-05-02T12:00:00" has no time zone'),
        (OPEN, "18:00:00.001", '"18:00:00.001"'),
        (OPEN, "24:00", '"24:00"'),
        (not_after("x", "2026-12-31T23:59:59Z"), "2026-12-31T23:59:60Z", '"2026-12-31T23:59:60Z"'),
    ],
)
def test_a_date_beyond_the_limits_or_no_such_date_is_a_violation(constraint, value, got):
    verdict = constraint.check({"x": value}, {})

    assert (verdict.outcome, verdict.got) == ("violated", got)


def test_a_zone_that_the_limit_does_not_have_leaves_the_rule_unchecked():
    verdict = LOCAL.check({"x": "2026-05-01T12:00:00Z"}, {})

    assert verdict.outcome == "unchecked"
    assert verdict.got == '"2026-05-01T12:00:00Z" has a time zone and 2026-05-01T12:00:00 has none'


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_moments_compare_as_the_standard_library_does(left: datetime, right: datetime):
    one, other = moment_of(left.isoformat()), moment_of(right.isoformat())

    assert one is not None
    assert other is not None
    assert (one.seconds < other.seconds) == (left < right)
    assert (one.seconds == other.seconds) == (left == right)


@given(st.text(max_size=30) | st.from_regex(r"[0-9T:Z.+-]{1,20}"))
def test_any_text_is_a_moment_or_none(text):
    found = moment_of(text)

    assert found is None or found.text == text
