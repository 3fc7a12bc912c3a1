"""`reproq_cron_next` against croniter. docs/schedules.md says where the two differ."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from croniter import CroniterBadDateError, croniter

from tests.harness.machine import NEWEST, OLDER
from tests.schedules.expressions import ZONES, expression, moment

NEXT = "select reproq_cron_next(%s, %s, %s)"
NEVER = None
# Many questions in a round trip: one that is refused is answered, too.
ANSWERING = """
create function pg_temp.answer(
    expr text, after timestamptz, zone text, out slot timestamptz, out refusal text
)
language plpgsql as $$
begin
    slot := reproq_cron_next(expr, after, zone);
exception when invalid_parameter_value then
    refusal := sqlerrm;
end
$$
"""
ANSWERS = """
select n.slot, n.refusal
from unnest(%s::text[], %s::timestamptz[], %s::text[]) with ordinality
    as q (expr, after, zone, place)
cross join pg_temp.answer(q.expr, q.after, q.zone) as n
order by q.place
"""


@pytest.mark.parametrize("seed", range(2))
def test_the_next_slot_is_croniters(conn, seed):
    assert disagreements(conn, seed, 1000) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("server", "seed"),
    [(NEWEST, seed) for seed in range(100, 110)] + [(OLDER, 110), (OLDER, 111)],
    indirect=["server"],
)
def test_the_next_slot_is_croniters_at_length(conn, server, seed):
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
    zones = [rng.choice(ZONES) for _ in range(number)]
    asked = [(expression(rng), moment(rng, zone), zone) for zone in zones]
    conn.execute(ANSWERING)
    answers = conn.execute(ANSWERS, [list(column) for column in zip(*asked, strict=True)])
    found = []
    for (expr, after, zone), (slot, refusal) in zip(asked, answers, strict=True):
        ours = said(slot, refusal)
        theirs = theirs_after(expr, after, zone)
        if ours != theirs and not is_documented(expr, ZoneInfo(zone), ours, theirs):
            found.append((expr, zone, after, ours, theirs))
    return found


def said(slot, refusal):
    if refusal is None:
        return slot.astimezone(UTC)
    return NEVER if "never matches" in refusal else refusal


def ours_after(conn, expr, after, zone):
    return conn.execute(NEXT, [expr, after, zone]).fetchone()[0].astimezone(UTC)


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
