"""`reproq_cron_next` against croniter. docs/schedules.md says where the two differ."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from croniter import CroniterBadDateError, croniter

from tests.schedules.expressions import ZONES, expression, moment

NEXT = "select reproq_cron_next(%s, %s, %s)"
NEVER = None


@pytest.mark.parametrize("seed", range(2))
def test_the_next_slot_is_croniters(conn, seed):
    assert disagreements(conn, seed, 1000) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 105))
def test_the_next_slot_is_croniters_at_length(conn, seed):
    assert disagreements(conn, seed, 5000) == []


def test_slots_follow_one_another_as_croniters_do_through_a_year(conn):
    zone = "Australia/Lord_Howe"
    start = datetime(2024, 1, 1, tzinfo=UTC)
    theirs = croniter("*/20 */3 * * *", start.astimezone(ZoneInfo(zone)))
    ours = start
    for _ in range(600):
        ours = ours_after(conn, "*/20 */3 * * *", ours, zone)
        assert ours == theirs.get_next(datetime)


@pytest.mark.parametrize(
    "expr", ["0 0 29 2 1", "0 0 29 2 */7", "0 * 29 2 */7", "* 1 * * *", "0 0 1 1 *"]
)
def test_no_expression_is_slow(conn, expr):
    # Years away and right after the clocks went back: well below the 20 ms that a tick can bear.
    with conn.transaction():
        conn.execute("set local statement_timeout = '1s'")
        for after in ("2021-11-07 08:00+00", "2088-03-01 00:00+00"):
            for _ in range(20):
                conn.execute(NEXT, [expr, after, "America/Los_Angeles"])


def disagreements(conn, seed, number):
    rng = random.Random(seed)
    found = []
    for _ in range(number):
        expr, zone = expression(rng), rng.choice(ZONES)
        after = moment(rng, zone)
        ours, theirs = ours_after(conn, expr, after, zone), theirs_after(expr, after, zone)
        if ours != theirs and not is_documented(expr, ZoneInfo(zone), ours, theirs):
            found.append((expr, zone, after, ours, theirs))
    return found


def ours_after(conn, expr, after, zone):
    try:
        return conn.execute(NEXT, [expr, after, zone]).fetchone()[0].astimezone(UTC)
    except psycopg.errors.InvalidParameterValue as error:
        return NEVER if "never matches" in str(error) else str(error)


def theirs_after(expr, after, zone):
    # Without the "bug" */2 in one of the two fields for days would restrict it, unlike in Vixie's.
    schedule = croniter(
        expr,
        after.astimezone(ZoneInfo(zone)),
        implement_cron_bug=True,
        max_years_between_matches=50,
    )
    try:
        return schedule.get_next(datetime).astimezone(UTC)
    except CroniterBadDateError:
        return NEVER


def is_documented(expr, zone, ours, theirs):
    """Where the clocks are changed croniter has one slot more, before ours."""
    if not (isinstance(ours, datetime) and theirs and theirs < ours):
        return False
    if expr.split()[1].startswith("*/"):
        # It makes good an hour of a step that the clocks skip, at the first instant after the gap.
        before = theirs - timedelta(seconds=1)
        return before.astimezone(zone).utcoffset() < theirs.astimezone(zone).utcoffset()
    # For a fixed hour it counts the second pass of a repeated one, too.
    return theirs.astimezone(zone).fold == 1
