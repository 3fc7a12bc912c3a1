"""Each slot of a schedule is enqueued once, whoever ticks and whatever the clock does."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tests.harness.machine import NEWEST, OLDER
from tests.races import naive
from tests.races.sessions import in_background, together, value

# Without joining, a slot that is fired twice gives two runs, at whatever moment that happens.
NO_JOINING = """
create function no_joining() returns trigger language plpgsql as
    'begin new.dedup := false; return new; end';
create trigger a_no_joining before insert on task_runs
for each row execute function no_joining();
"""
START = datetime(2100, 1, 1, 11, 30, tzinfo=UTC)
SCHEDULES = {"a": timedelta(minutes=1), "b": timedelta(minutes=5), "c": timedelta(hours=1)}
CRON = {"a": "* * * * *", "b": "*/5 * * * *", "c": "0 * * * *"}


@pytest.fixture
def schedules(conn, clock):
    """Three schedules, and nothing but their rows to keep a slot from being fired twice."""
    clock.set(START)
    conn.execute(NO_JOINING)
    for name, expr in CRON.items():
        conn.execute(
            "insert into periodic_tasks (name, cron_expr, task_path) values (%s, %s, 'a.b')",
            [name, expr],
        )


def slots_until(end):
    """Every slot after the start, as many times as it must be fired."""
    return Counter(
        (name, START.replace(minute=0) + number * step)
        for name, step in SCHEDULES.items()
        for number in range(24 * 60 * 20)
        if START < START.replace(minute=0) + number * step <= end
    )


def fired_slots(conn):
    rows = conn.execute(
        "select spec_json ->> 'periodic_name', (spec_json ->> 'scheduled_at')::timestamptz"
        " from task_runs"
    ).fetchall()
    return Counter((name, slot.astimezone(UTC)) for name, slot in rows)


def tick(conn):
    return value(conn, "select fired from reproq_tick()")


@pytest.mark.parametrize(
    ("server", "minutes"),
    [
        (NEWEST, 40),
        pytest.param(NEWEST, 1000, marks=pytest.mark.slow),
        pytest.param(OLDER, 40, marks=pytest.mark.slow),
    ],
    indirect=["server"],
)
def test_a_slot_is_fired_once_by_eight_tickers_over_a_clock_that_is_put_back(
    conn, make_conn, clock, server, schedules, minutes
):
    tickers = [make_conn() for _ in range(8)]
    latest = clock.now
    fired = 0
    for minute in range(minutes):
        clock.advance(minutes=-60 if minute == minutes // 2 else 1)
        latest = max(latest, clock.now)
        fired += sum(together(8, lambda number: tick(tickers[number])))
    assert fired_slots(conn) == slots_until(latest)
    assert fired == slots_until(latest).total()


@pytest.mark.parametrize("server", [NEWEST], indirect=True)
def test_tickers_that_take_no_schedule_fire_a_slot_twice(conn, make_conn, clock, schedules, server):
    conn.execute(naive.FIRE)
    tickers = [make_conn() for _ in range(8)]
    for _ in range(100):
        clock.advance(minutes=1)
        together(8, lambda number: tick(tickers[number]))
        if max(fired_slots(conn).values()) > 1:
            return
    pytest.fail("the storm of tickers proves nothing")


def test_a_slot_is_fired_once_by_ticks_and_calls_for_it(conn, make_conn, clock, schedules):
    sessions = [make_conn() for _ in range(6)]

    def either(number):
        if number % 2:
            return tick(sessions[number])
        names = "select reproq_enqueue_periodic_task(name) from periodic_tasks order by name desc"
        return sessions[number].execute(names).fetchall()

    # The first slot of each: a call for one that never ran would make a run of its own.
    conn.execute("update periodic_tasks set last_run_at = %s", [START])
    for _ in range(61):
        clock.advance(minutes=1)
        together(6, either)
    assert fired_slots(conn) == slots_until(clock.now)


def test_missed_slots_coalesce_into_one_run(conn, clock, schedules):
    clock.advance(hours=5)
    assert tick(conn) == 3
    assert fired_slots(conn) == Counter(
        [
            ("a", START + timedelta(minutes=1)),
            ("b", START + timedelta(minutes=5)),
            ("c", START + timedelta(minutes=30)),
        ]
    )
    assert tick(conn) == 0


def test_a_tick_passes_over_a_schedule_that_is_being_edited(conn, make_conn, clock, schedules):
    clock.advance(minutes=1)
    editor = make_conn(autocommit=False)
    editor.execute("update periodic_tasks set priority = 5, cron_expr = '*/2 * * * *'")
    assert tick(conn) == 0
    editor.commit()
    assert tick(conn) == 1
    assert value(conn, "select priority from task_runs") == 5


def test_an_edit_waits_for_the_tick_that_fires_and_does_not_bring_the_slot_back(
    conn, make_conn, clock, schedules
):
    before = conn.execute("select next_run_at, last_run_at from periodic_tasks where name = 'a'")
    read_before = before.fetchone()
    clock.advance(minutes=1)
    ticker = make_conn(autocommit=False)
    assert tick(ticker) == 1
    # As Django's save() does: every column as it was read, one of them edited.
    saving = in_background(
        make_conn(),
        "update periodic_tasks set next_run_at = %s, last_run_at = %s, priority = 5"
        " where name = 'a' returning next_run_at > _reproq_now()",
        read_before,
    )
    ticker.commit()
    assert saving.result() == [(True,)]
    assert tick(conn) == 0
    assert fired_slots(conn) == slots_until(clock.now)


def test_a_tick_that_is_rolled_back_has_fired_nothing(conn, make_conn, clock, schedules):
    clock.advance(minutes=1)
    ticker = make_conn(autocommit=False)
    assert tick(ticker) == 1
    ticker.rollback()
    assert fired_slots(conn) == Counter()
    assert tick(conn) == 1


def test_a_thousand_broken_schedules_do_not_hide_one_that_works(conn, clock, schedules):
    conn.execute("set client_min_messages = error")
    conn.execute("alter table periodic_tasks disable trigger reproq_check_schedule")
    conn.execute(
        "insert into periodic_tasks (name, cron_expr, task_path, next_run_at)"
        " select 'broken ' || n, 'often', 'a.b', %s from generate_series(1, 1000) n",
        [START - timedelta(days=1)],
    )
    conn.execute("alter table periodic_tasks enable trigger reproq_check_schedule")
    clock.advance(minutes=1)
    # Those that have waited longest come first, and then step back.
    assert tick(conn) + tick(conn) == 1
    broken = "select count(*) from periodic_tasks where last_error like 'cron_expr: has 1 fields%'"
    assert value(conn, broken) == 1000
    assert fired_slots(conn) == slots_until(clock.now)
