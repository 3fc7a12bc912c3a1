from itertools import product

import pytest

from tests.isolation.queue import ORDERS
from tests.isolation.schedules import play
from tests.races.sessions import deadlocks, value


@pytest.fixture
def both(conn, make_conn):
    """Plays two transactions in an order; whatever comes of it, nobody deadlocks."""
    before = deadlocks(conn)
    sessions = [make_conn(autocommit=False) for _ in range(2)]

    def both(order, *transactions):
        outcomes = play(sessions, order, transactions)
        # What pytest shows of a test that fails.
        print(order, *transactions, *outcomes, sep="\n    ")
        assert all(outcome.error != "40P01" for outcome in outcomes)
        assert conn.execute("select * from reproq_violations()").fetchall() == []
        return outcomes

    yield both
    assert value(conn, "select count(*) from pg_locks where locktype = 'advisory'") == 0
    assert deadlocks(conn) == before


@pytest.fixture
def every_order(conn):
    """Each order of the steps with each end of the first transaction, on an empty queue."""

    def every_order(ends, orders=ORDERS):
        for order, end in product(orders, ends):
            for table in ("task_runs", "rate_limits", "periodic_tasks", "reproq_queue_controls"):
                conn.execute(f"delete from {table}")
            yield order, end

    return every_order
