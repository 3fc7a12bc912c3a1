"""What a claim and its kin cost must not depend on how much else there is, nor on statistics."""

import json

import psycopg
import pytest

from tests.worker.process import until

QUEUE_TABLES = (
    "task_runs",
    "reproq_scheduled",
    "reproq_blocked",
    "reproq_ready_0",
    "reproq_ready_1",
    "reproq_ready_2",
    "reproq_leases",
    "reproq_edges",
)

FINISHED = """
insert into task_runs (spec_json, spec_hash, status, dedup)
select '{"task_path": "a.b"}', 'h' || n, 'SUCCESSFUL', false
from generate_series(1, %s) n
"""

WAITING_IN_LINE = """
insert into task_runs (spec_json, spec_hash, dedup, queue_name, run_after)
select '{"task_path": "a.b"}', 'h' || n, false, %s, %s
from generate_series(1, %s) n
"""


def line_up(conn: psycopg.Connection, count: int, queue: str = "default", run_after=None) -> None:
    conn.execute(WAITING_IN_LINE, [queue, run_after, count])


MANY = """
select count(*) from reproq_enqueue_many((
    select jsonb_agg(jsonb_build_object(
        'task_path', 'a.b', 'dedup', false, 'queue', '{queue}', 'concurrency_limit', 2,
        'concurrency_key', 'k' || n % 20, 'lock_key', case when n % 10 = 0 then 'l' || n end
    ))
    from generate_series(1, {count}) n
))
"""


def live_a_little(conn: psycopg.Connection) -> None:
    """One of every hot call, so that each has its plan."""
    for _ in range(3):
        # Some pass their gates, some are parked, and the first of them are woken by the ends.
        conn.execute(MANY.format(count=60, queue="gated"))
        finish(conn, claim(conn, 50, "gated"))
        rows = conn.execute(
            "select result_id, lease_no from reproq_claim('w', max_tasks => 4)"
        ).fetchall()
        conn.execute(
            "select * from reproq_heartbeat('w', %s::bigint[], %s::bigint[])",
            [[row[0] for row in rows], [row[1] for row in rows]],
        )
        outcomes = [
            {"result_id": run, "lease_no": lease_no, "outcome": outcome}
            for (run, lease_no), outcome in zip(
                rows, ["complete", "fail", "release", "complete"], strict=True
            )
        ]
        conn.execute("select * from reproq_finish('w', %s)", [json.dumps(outcomes)])
        conn.execute("select * from reproq_tick()")
        conn.execute("select reproq_enqueue('a.c')")
        conn.execute(
            "select reproq_cancel(reproq_enqueue('a.d', run_after => now() + interval '1 day'))"
        )


def claim(conn: psycopg.Connection, count: int, queue: str) -> list[tuple[int, int]]:
    return conn.execute(
        "select result_id, lease_no from reproq_claim('w', array[%s], %s)", [queue, count]
    ).fetchall()


def finish(conn: psycopg.Connection, rows: list[tuple[int, int]]) -> None:
    conn.execute("select * from reproq_finish('w', %s)", [completed(rows)])


def completed(rows: list[tuple[int, int]]) -> str:
    return json.dumps(
        [{"result_id": run, "lease_no": no, "outcome": "complete"} for run, no in rows]
    )


def lose(conn: psycopg.Connection, rows: list[tuple[int, int]]) -> None:
    conn.execute(
        "update reproq_leases set leased_until = now() - interval '1 day', lease_length = '1 s'"
        " where result_id = any(%s)",
        [[run for run, _ in rows]],
    )


def scans(conn: psycopg.Connection) -> dict[str, int]:
    """Sequential scans of each table so far."""
    conn.execute("select pg_stat_clear_snapshot()")
    return dict(
        conn.execute(
            "select relname, seq_scan from pg_stat_user_tables where relname = any(%s)",
            [list(QUEUE_TABLES)],
        ).fetchall()
    )


def leases_made(conn: psycopg.Connection) -> int:
    conn.execute("select pg_stat_clear_snapshot()")
    return conn.execute(
        "select n_tup_ins from pg_stat_user_tables where relname = 'reproq_leases'"
    ).fetchone()[0]


def buffers(conn: psycopg.Connection, sql: str) -> int:
    """Pages that a statement touches, those of the functions it calls included."""
    plan = conn.execute(f"explain (analyze, buffers, format json) {sql}").fetchone()[0][0]["Plan"]
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


@pytest.mark.parametrize("history", ["empty", "with 100,000 finished", "freshly truncated"])
def test_hot_calls_never_scan_a_table(make_conn, history):
    conn = make_conn()
    if history != "empty":
        conn.execute(FINISHED, [100_000 if history.startswith("with") else 1000])
    if history == "freshly truncated":
        conn.execute("analyze task_runs")
        conn.execute("truncate task_runs")
    line_up(conn, 40)
    watcher = make_conn()
    before = scans(watcher)
    worker = make_conn()
    live_a_little(worker)
    worker.close()
    # A closed session's counts arrive a moment later, all of them at once.
    until(lambda: leases_made(watcher) == 3 * (4 + 40))
    assert scans(watcher) == before


def test_a_plan_made_on_empty_tables_stays_right_when_they_have_grown(conn):
    line_up(conn, 20)
    live_a_little(conn)
    conn.execute("select result_id from reproq_claim('w', max_tasks => 1000)")
    few = buffers(conn, "select * from reproq_claim('w', max_tasks => 10)")
    conn.execute(FINISHED, [30_000])
    line_up(conn, 10_000, queue="other")
    assert buffers(conn, "select * from reproq_claim('w', max_tasks => 10)") <= few + 20


@pytest.mark.slow
def test_a_claim_costs_the_same_however_long_the_line_and_whatever_stands_aside(conn):
    line_up(conn, 1_000)
    conn.execute("select * from reproq_claim('w', max_tasks => 50)")
    claim = "select * from reproq_claim('w', max_tasks => 100)"
    short = buffers(conn, claim)
    line_up(conn, 100_000)
    line_up(conn, 100_000, run_after="2099-01-01T00:00:00Z")
    line_up(conn, 20_000, queue="other")
    conn.execute(FINISHED, [100_000])
    conn.execute("vacuum analyze")
    assert buffers(conn, claim) <= 1.5 * short


def test_a_claim_writes_its_record_heap_only(make_conn):
    conn = make_conn()
    line_up(conn, 500)
    conn.close()
    conn = make_conn()
    claimed = 0
    while rows := conn.execute("select 1 from reproq_claim('w', max_tasks => 50)").fetchall():
        claimed += len(rows)
    conn.close()
    assert claimed == 500
    watcher = make_conn()
    # A closed session's counts arrive a moment later.
    until(lambda: updates(watcher)[0] == 500)
    assert updates(watcher) == (500, 500)


def updates(conn: psycopg.Connection) -> tuple[int, int]:
    """Updates of records so far, and how many of them were heap-only."""
    conn.execute("select pg_stat_clear_snapshot()")
    return conn.execute(
        "select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relname = 'task_runs'"
    ).fetchone()


def touched(conn: psycopg.Connection) -> dict[str, int]:
    """Pages that each hot call touches for the same work."""
    pages = {
        "enqueue": buffers(conn, "select reproq_enqueue('a.b', dedup => false)"),
        "enqueue_many": buffers(conn, MANY.format(count=40, queue="gated")),
        "claim": buffers(conn, "select * from reproq_claim('w', '{gated}', 10)"),
    }
    rows = claim(conn, 10, "gated")
    ids = ", ".join(str(run) for run, _ in rows)
    numbers = ", ".join(str(no) for _, no in rows)
    pages["heartbeat"] = buffers(
        conn, f"select * from reproq_heartbeat('w', '{{{ids}}}', '{{{numbers}}}')"
    )
    pages["finish"] = buffers(conn, f"select * from reproq_finish('w', '{completed(rows)}')")
    lose(conn, claim(conn, 5, "gated"))
    pages["reclaim"] = buffers(conn, "select reproq_reclaim()")
    conn.execute("select reproq_tick()")
    pages["tick"] = buffers(conn, "select * from reproq_tick()")
    return pages


def test_no_hot_call_touches_more_in_a_queue_that_has_grown(conn):
    line_up(conn, 20)
    live_a_little(conn)
    touched(conn)
    small = touched(conn)
    conn.execute(FINISHED, [30_000])
    line_up(conn, 10_000, queue="other")
    line_up(conn, 10_000, run_after="2099-01-01T00:00:00Z")
    for _ in range(2):
        claim(conn, 1000, "other")
    grown = touched(conn)
    # An index may have a level more, and a page of the free space map is looked for.
    assert {n: (small[n], p) for n, p in grown.items() if p > 1.6 * small[n] + 20} == {}
