"""One round of a worker's or a beat's: as many ticks as what is due takes."""

from reproq_worker.supervisor.ticks import keep_time
from tests.races.sessions import value
from tests.races.test_ring import CURRENT
from tests.worker.test_sessions import in_session

BYTES = "select sum(_reproq_ring_bytes(p::smallint)) from generate_series(0, 2) p where p <> %s"


def test_what_is_due_does_not_wait_for_the_round_after_a_truncation(conn, dsn):
    run = value(conn, "select reproq_enqueue('a.b', run_in => interval '0.3 s')")
    conn.execute("select reproq_enqueue('a.c')")
    conn.execute("select reproq_cancel(r.result_id) from reproq_ready r")
    conn.execute(CURRENT, [1])
    conn.execute("select pg_sleep(0.3)")
    in_session(dsn, keep_time)
    assert value(conn, BYTES, [1]) == 0
    assert conn.execute("select result_id from reproq_ready").fetchall() == [(run,)]


def test_what_has_moved_on_leaves_nothing_behind(conn, dsn):
    run = value(conn, "select reproq_enqueue('a.b')")
    conn.execute(CURRENT, [2])
    in_session(dsn, keep_time)
    assert conn.execute("select ring, result_id from reproq_ready").fetchall() == [(2, run)]
    assert value(conn, BYTES, [2]) == 0
